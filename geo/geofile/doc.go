// Package geofile reads and writes files of geographic features: GeoJSON (also newline-delimited and gzipped), CSV,
// Shapefile (also zipped) and foreign GeoPackages.
//
// [Open] finds out what a file is and returns a [Source]; its Features are an iter.Seq2 of [Feature] and error. An error
// that is a *[RecordError] concerns one record, and the sequence goes on; any other (a *[FileError], or the context's) is
// the last thing it yields. [Create] makes a [Writer], whose file appears under its name only when Close has succeeded.
//
// Coordinates come out as longitude and latitude in degrees. A projected file (Gauss-Krüger of CGCS2000, Web Mercator) is
// converted while reading; the datum of degrees is left as it is, and stated in Source.Declared where the file states it.
// Text comes out as UTF-8. Numbers keep the text they had, since a code of 18 digits is not a number.
//
// Readers treat every byte as hostile: lengths are held against what is there before anything is allocated.
package geofile
