package mapview

import (
	"context"
	"errors"
	"image"
)

// ErrNoTile says that a source has no tile at this place: not a fault. A coarser one is used instead.
var ErrNoTile = errors.New("no such tile")

// TileSource gives square raster tiles of the Web Mercator pyramid (XYZ numbering, row 0 in the north). Its methods are
// called from several goroutines at once. The picture it answers is not written afterwards, by either side.
type TileSource interface {
	// Tile answers tile z/x/y, ErrNoTile where there is none, or why it could not be had.
	Tile(ctx context.Context, z, x, y int) (image.Image, error)
	// Zooms are the coarsest and finest levels that exist.
	Zooms() (minZoom, maxZoom int)
	// Attribution is the credit to show, or "".
	Attribution() string
}
