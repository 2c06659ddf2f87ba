// Package benchcity makes cities that do not exist, of any size, to measure the map with: a city of 660,000 buildings,
// 20,000 grids and 50,000 events is the one that our figures are for.
//
// Start from [New]; [City.Buildings], [City.Regions] and [City.Events] give its records one by one, so that memory does not
// grow with its size, and [City.WriteStore] and [City.WritePackage] put them into a store of ours and into a plain
// GeoPackage as other programs write it. The same options give the same city on every machine. A City is a value that is
// never written after New; its iterators may run beside each other.
package benchcity
