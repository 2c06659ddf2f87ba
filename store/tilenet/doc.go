// Package tilenet brings map tiles from servers: XYZ addresses, WMTS (KVP and REST), 天地图 and TileJSON, pictures and vector tiles.
//
// A [Config] declares a source, [Open] opens it: a [Raster] is a mapview.TileSource, a [Vector] a mapview.VectorSource. Tiles are kept in a
// tileset.Cache and revalidated when they are old. [NewPlan], [Download] and [Check] take an area offline, into an MBTiles file.
//
// A server never holds up drawing. After [Source.OnArrive] a tile that is not at hand is answered with mapview.ErrNotYet at once, fetched by
// goroutines of the source, and announced with the bounds it covers; without it (static pictures) Tile waits. Each source has its
// own few connections, retries with growing pauses, and stops asking a server that does not answer: it is then offline ([Source.State]),
// serves what the cache has at any age, and one request at a time probes until an answer comes. All goroutines end with Close.
//
// The key of a source never stands in an error, a log line or the cache.
package tilenet
