// Package tileset reads sets of map tiles from files on this machine, writes MBTiles files, and keeps tiles from the network in a cache
// on disk.
//
// Start with [Open]: it recognises MBTiles, PMTiles, GeoPackage tile tables and folders by what is in them and answers a
// [Raster], which is a mapview.TileSource, or a [Vector], which is a mapview.VectorSource. A set is opened read-only, may be read
// from any number of goroutines, never writes to its file and never dials. Tiles that cannot be decoded are left out and counted
// (Broken), as files from many hands hold a few.
//
// [Cache] is one SQLite file for the tiles of all network sources (package tilenet fills it); [Writer] makes MBTiles files, which
// is what an area taken offline becomes.
package tileset
