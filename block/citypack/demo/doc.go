// Package demo makes up 样城 Demo City, the city that the product ships: an island of about 10 × 8 km in open sea, where
// no land is, with a port, an old town, a centre, estates, old villages, hills, some nine thousand buildings, regions of
// four levels (grids are cut from them elsewhere), a base map and public facilities. Nobody lives there.
//
// New returns the whole city; it takes about a second, is a pure function of the seed, and gives the same bytes on every
// machine: all geometry is on the storage grid of package geo, products are rounded before they are added, no map is
// walked in its own order.
//
// How it is made: a plan of coast, river, railway and main roads is drawn by hand (plan.go) and becomes a planar
// subdivision (graph.go). Each of its faces, a quarter with a character (zone.go), is cut into blocks by streets
// (subdivide.go); each block gets a lot and is built on (site.go, build.go). Regions are unions of blocks (region.go), so
// that their borders run along the middle of streets and neighbours share every vertex. Houses are numbered along the
// roads (address.go).
package demo
