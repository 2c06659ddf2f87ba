package geofile_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"kuaitu/geo/geofile"
)

// Reading a file: what is wrong with one record does not stop the others.
func ExampleOpen() {
	dir, err := os.MkdirTemp("", "geofile")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "points.csv")
	if err := os.WriteFile(path, []byte("名称,经度,纬度\n市民中心,114.0571,22.5431\n别处,east,north\n"), 0o600); err != nil {
		fmt.Println(err)
		return
	}

	ctx := context.Background()
	src, err := geofile.Open(ctx, path, geofile.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer src.Close()
	name := src.Column("名称")
	for f, err := range src.Features(ctx) {
		if lost, ok := errors.AsType[*geofile.RecordError](err); ok {
			fmt.Println("left out:", lost)
			continue
		}
		if err != nil { // the file itself
			fmt.Println(err)
			return
		}
		fmt.Println(f.Line, f.Value(name).Text, f.Geometry)
	}
	// Output:
	// 2 市民中心 [114.0571 22.5431]
	// left out: points.csv:3: column "经度": "east" is no coordinate in degrees; column "纬度": "north" is no coordinate in degrees
}
