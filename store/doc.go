// Package store keeps the data of one console in one file: a valid OGC GeoPackage 1.3 that QGIS and GDAL open as it is,
// with tables of our own (prefix kt_) beside the layers. It reads, loads, searches and edits records of every declared
// kind, keeps the outbox of edits made here, and is the replica that sync writes to.
//
// Start from [Open] and [Create]; then [Reader], which only reads and is handed to the map and the screens, and
// [Writer], which is handed to what brings data in (import, sync) and to edits. [Store.Subscribe] tells what changed.
//
// Tables hold what is shown: the server's state with the ops made here laid over it. For each row with live ops kt_base
// holds the server's state; tallies and leaves are always over the server's state.
//
// One connection writes and a few read; every method may be called from any goroutine. A file is open in one process at
// a time. SQL stays inside this package, and integer row ids never leave it.
package store
