package console

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"kuaitu/block"
	"kuaitu/geo/geofile"
	"kuaitu/mapview"
)

// readShapes reads a base map of shapes: GeoJSON features with a "class" (land, water, primary, …) and perhaps a "name".
// A class that is not known and a shape that cannot be drawn are left out.
func readShapes(path string) ([]mapview.Layer, error) {
	src, err := geofile.Open(context.Background(), path, geofile.Options{})
	if err != nil {
		return nil, fmt.Errorf("base map %s: %w", filepath.Base(path), errors.Join(err, block.ErrInvalid))
	}
	defer src.Close()
	var b mapview.Builder
	for f, err := range src.Features(context.Background()) {
		var record *geofile.RecordError
		if errors.As(err, &record) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("base map %s: %w", filepath.Base(path), errors.Join(err, block.ErrInvalid))
		}
		text := func(column string) string {
			if i := src.Column(column); i >= 0 {
				return f.Value(i).Text
			}
			return ""
		}
		class, ok := mapview.ParseBaseClass(text("class"))
		if !ok || f.Geometry == nil {
			continue
		}
		_ = b.Add(block.NameID("base", fmt.Sprint(f.Line)), uint8(class), text("name"), f.Geometry)
	}
	return []mapview.Layer{{Name: "base", Kind: mapview.KindBase, Data: b.Build(1)}}, nil
}
