// Package mapview is the map engine: it turns packed feature layers, raster tile sources and a style into pictures.
//
// A frame is a function of values. [Camera] holds every conversion between longitude and latitude, the Web Mercator
// world and device pixels. A [Snapshot] is one layer's features, packed and indexed; it is never written after [Builder.Build]
// or [Snapshot.With] made it. A [Scene] lists tile sources, layers and the selection; a [Style] says how they look.
// [Render] draws a whole view from scratch; [Pyramid] keeps the same drawing cut into 512-pixel tiles for a window.
//
// Layers of a fixed kind (buildings, regions, events) look as the Style says. [StyledLayers] makes layers of a style document instead, which
// draw the properties of a Snapshot's features, or the tiles of a [VectorSource], as the document says. What differs between features
// is worked out once for each layer and array of features: a frame costs what its pixels and distinct looks cost.
//
// Coordinates: longitude and latitude are degrees in the storage datum (CGCS2000, which equals WGS 84 here); the world is
// the Web Mercator square with y growing southwards, held as uint32 (one unit is 9 mm at the equator); zoom counts
// 256-pixel tiles, so the world is 256·2^zoom pixels wide, and may be fractional; sizes on screen are device pixels.
//
// Everything but a Pyramid may be used from any goroutine at once. The package knows no person, no SQL and no Fyne, opens no
// file and dials nothing: those who implement [TileSource] and [VectorSource] do.
package mapview
