// Package style reads map styles: documents of the MapLibre style specification, version 8, in the subset that
// docs/style.md states. Start with [Parse], which answers a [Style]; each of its [Layer]s answers an [Expr] for every [Property]
// of its type, the specification's default where the document is silent. An Expr is evaluated with a [Context]: the zoom, a
// [Feature] and, for the colours of a heat map, a density.
//
// Everything a document says is either understood, or named as a warning because it changes nothing in a flat picture, or
// refused by name with its place in the document. [ParseLenient] leaves out what it would have to refuse and says so.
//
// Zooms are the specification's, which counts tiles of 512 pixels. Sizes are design pixels, angles degrees.
//
// A Style never changes after Parse and may be used from any number of goroutines; a Context belongs to one of them.
// Evaluation never fails: where an expression does, as on a text where a number is due, its property's default stands in, as the
// specification has it. Documents are taken as hostile: size, depth and work per evaluation are bounded. Nothing is drawn or
// fetched here.
package style
