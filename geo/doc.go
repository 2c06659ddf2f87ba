// Package geo holds what orb lacks for Chinese city data: datums and their shifts (CGCS2000, WGS 84, GCJ-02, BD-09),
// Gauss-Krüger planes, reading of coordinates that people type, the storage grid, WKB and GeoPackage blobs, point
// location in region trees, inner points, repair of broken rings, and a check whether data is silently shifted.
//
// Geometry is orb's everywhere: X is longitude (east), Y is latitude (north), in degrees of CGCS2000 unless a name says
// otherwise. Start with [Convert], [Quantise], [Repair] and [Locator].
//
// Everything here is a pure function of its arguments, or a value that is not changed after it was built; all of it may
// be used by several goroutines at once. Nothing here does I/O.
package geo
