// Package ingest turns departments' files into records of the city (条→块): it reads features, maps columns to fields,
// cleans and checks values, brings geometry to the storage datum and grid, repairs rings by a stated rule, finds the
// region of each record and hands the records on in order, counting all it read, accepted, repaired and rejected.
//
// Start from [Run], one file to one kind, and [BuildCity], a whole city pack. Both work on streams and keep two cores
// busy; neither writes anything itself: the caller's sink commits all records of a file or none.
package ingest
