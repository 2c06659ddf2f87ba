package tileset

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/paulmach/orb"

	"kuaitu/mapview"
)

const folderFileBytes = 1 << 20 // of a metadata file beside the tiles

// folder is a folder of z/x/y.EXT files. Rows are counted from the north, unless a metadata.json or a tilemapresource.xml says otherwise.
type folder struct {
	root *os.Root
	ext  string // with its dot
	tms  bool
}

// openFolder looks at the names in a folder, not at all of them: the coarsest level tells the extent.
func openFolder(path string) (tiles, Info, error) {
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, Info{}, err
	}
	f := &folder{root: root}
	info, err := f.look()
	if err != nil {
		return nil, Info{}, errors.Join(err, root.Close())
	}
	return f, info, nil
}

func (f *folder) look() (Info, error) {
	zooms := f.numbers(".")
	zooms = slices.DeleteFunc(zooms, func(z int) bool { return z > mapview.MaxZoom })
	var first string // path of a tile
	zooms = slices.DeleteFunc(zooms, func(z int) bool {
		one := f.anyTile(z)
		if first == "" {
			first = one
		}
		return one == ""
	})
	if first == "" {
		return Info{}, fmt.Errorf("%w: the folder has no z/x/y tiles", ErrNotTiles)
	}
	f.ext = filepath.Ext(first)
	rows := f.metadata()
	f.tms = strings.EqualFold(rows["scheme"], "tms")
	data, err := f.file(first, MaxTileBytes)
	if err != nil {
		return Info{}, err
	}
	if rows["format"] == "" {
		rows["format"] = strings.TrimPrefix(strings.ToLower(f.ext), ".")
	}
	info, err := describe(rows, Sniff(data))
	if err != nil {
		return Info{}, err
	}
	info.MinZoom, info.MaxZoom = zooms[0], zooms[len(zooms)-1]
	if info.Bound == world {
		info.Bound = f.extent(info.MinZoom)
	}
	return info, nil
}

// metadata reads what stands beside the tiles: metadata.json of mb-util and its kin, or tilemapresource.xml of gdal2tiles, whose rows
// are counted from the south.
func (f *folder) metadata() map[string]string {
	out := map[string]string{}
	if data, err := f.file("metadata.json", folderFileBytes); err == nil {
		var doc map[string]any
		if json.Unmarshal(data, &doc) == nil {
			for k, v := range doc {
				if s, ok := v.(string); ok {
					out[strings.ToLower(k)] = s
				}
			}
		}
	}
	if data, err := f.file("tilemapresource.xml", folderFileBytes); err == nil {
		var doc struct {
			Title string `xml:"Title"`
		}
		if xml.Unmarshal(data, &doc) == nil {
			if out["scheme"] == "" {
				out["scheme"] = "tms"
			}
			if out["name"] == "" {
				out["name"] = doc.Title
			}
		}
	}
	return out
}

// numbers are the names of folders below dir that are numbers, ascending.
func (f *folder) numbers(dir string) []int {
	var out []int
	for _, name := range f.names(dir) {
		if n, err := strconv.Atoi(name); err == nil && n >= 0 && strconv.Itoa(n) == name {
			out = append(out, n)
		}
	}
	slices.Sort(out)
	return out
}

// names lists a folder; one that cannot be read has no names.
func (f *folder) names(dir string) []string {
	d, err := f.root.Open(dir)
	if err != nil {
		return nil
	}
	defer d.Close()
	names, err := d.Readdirnames(-1)
	if err != nil {
		return nil
	}
	return names
}

// rows are the numbers of the tiles in folder z/x and the ending of one.
func (f *folder) rows(z, x int) (ys []int, ext string) {
	for _, name := range f.names(strconv.Itoa(z) + "/" + strconv.Itoa(x)) {
		e := filepath.Ext(name)
		n, err := strconv.Atoi(strings.TrimSuffix(name, e))
		if err != nil || n < 0 || e == "" || f.ext != "" && e != f.ext {
			continue
		}
		switch strings.ToLower(e) {
		case ".png", ".jpg", ".jpeg", ".webp", ".pbf", ".mvt":
			ys, ext = append(ys, n), e
		}
	}
	return ys, ext
}

func (f *folder) anyTile(z int) string {
	for _, x := range f.numbers(strconv.Itoa(z)) {
		if ys, ext := f.rows(z, x); len(ys) > 0 {
			return fmt.Sprintf("%d/%d/%d%s", z, x, slices.Min(ys), ext)
		}
	}
	return ""
}

// extent is what the tiles of level z cover.
func (f *folder) extent(z int) orb.Bound {
	xs := f.numbers(strconv.Itoa(z))
	lo, hi := math.MaxInt, -1
	for _, x := range xs {
		ys, _ := f.rows(z, x)
		for _, y := range ys {
			if f.tms {
				y = 1<<z - 1 - y
			}
			lo, hi = min(lo, y), max(hi, y)
		}
	}
	if hi < 0 || !inPyramid(z, xs[len(xs)-1], hi) || !inPyramid(z, xs[0], lo) {
		return world
	}
	return TileBound(z, xs[0], hi).Union(TileBound(z, xs[len(xs)-1], lo))
}

func (f *folder) file(name string, limit int64) ([]byte, error) {
	r, err := f.root.Open(filepath.FromSlash(name))
	if err != nil {
		return nil, err
	}
	defer r.Close()
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = fmt.Errorf("%w: more than %d bytes", ErrBroken, limit)
	}
	return data, err
}

func (f *folder) read(ctx context.Context, z, x, y int) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if f.tms {
		y = 1<<z - 1 - y
	}
	data, err := f.file(fmt.Sprintf("%d/%d/%d%s", z, x, y, f.ext), MaxTileBytes)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, mapview.ErrNoTile
	}
	return data, err
}

func (f *folder) Close() error { return f.root.Close() }
