package console

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"kuaitu/assets"
	"kuaitu/block"
	"kuaitu/geo"
	"kuaitu/mapview"
	"kuaitu/mapview/style"
	"kuaitu/store/tilenet"
	"kuaitu/store/tileset"

	"github.com/paulmach/orb"
)

// Base is the maps that may lie below the layers. One of them is shown at a time.
type Base struct {
	Maps []*BaseMap // as the pack lists them, vector tiles first
}

// BaseMap is one of them: tiles that are pictures, vector tiles that our styles draw, or shapes.
type BaseMap struct {
	ID           string // file name
	Name, NameEN string
	Credit       string // attribution and 审图号, "" when the map says neither
	Vector       bool   // drawn by our styles

	light, dark []mapview.Layer
	sets        []BaseSet
	vectors     []*mapview.VectorTiles
}

// BaseSet is a set of tiles that a base map is drawn from, as areas are taken offline from it.
type BaseSet struct {
	ID    string // of the declaration of a service, or the file's name
	Tiles tilenet.Encoded
}

// Sets are the sets of tiles, lowest first; none for shapes.
func (m *BaseMap) Sets() []BaseSet { return m.sets }

// forget lets go of what was decoded where new tiles have come.
func (m *BaseMap) forget(b orb.Bound) {
	for _, v := range m.vectors {
		v.Forget(b)
	}
}

// Layers are what draws the map, lowest first. They are the same at every call, so that nothing is drawn anew for them.
func (m *BaseMap) Layers(dark bool) []mapview.Layer {
	if dark {
		return m.dark
	}
	return m.light
}

// Tiles are what the map is drawn from, for a style document of others: a VectorSource or a TileSource, nil for shapes.
func (m *BaseMap) Tiles() any {
	for _, l := range m.light {
		switch {
		case l.Vector != nil:
			return l.Vector
		case l.Raster != nil:
			return l.Raster
		}
	}
	return nil
}

// Under puts the first map below the layers of a scene.
func (b *Base) Under(s *mapview.Scene, dark bool) {
	if len(b.Maps) == 0 {
		return
	}
	s.Layers = append(slices.Clone(b.Maps[0].Layers(dark)), s.Layers...)
}

// Choose puts one of the maps first: by file name, by name, or by "vector" or "raster"; "none" takes all away and "" leaves
// the order. A map that is not there is ErrNotFound.
func (b *Base) Choose(name string) error {
	if name == "" {
		return nil
	}
	if name == "none" {
		b.Maps = nil
		return nil
	}
	at := slices.IndexFunc(b.Maps, func(m *BaseMap) bool {
		return m.ID == name || m.Name == name || strings.EqualFold(m.NameEN, name) || name == "vector" && m.Vector || name == "raster" && !m.Vector
	})
	if at < 0 {
		names := []string{"none"}
		for _, m := range b.Maps {
			names = append(names, m.ID)
		}
		return fmt.Errorf("there is no base map %q; there are %s: %w", name, strings.Join(names, ", "), block.ErrNotFound)
	}
	chosen := b.Maps[at]
	b.Maps = slices.Insert(slices.Delete(b.Maps, at, at+1), 0, chosen)
	return nil
}

// packBase is the part of a pack.json that a console needs at every start; citypack reads the whole once, at init.
type packBase struct {
	Attribution string `json:"attribution"`
	BaseMaps    []struct {
		File  string `json:"file"`
		Datum string `json:"datum"`
		Name  struct {
			ZH string `json:"zh"`
			EN string `json:"en"`
		} `json:"name"`
	} `json:"basemaps"`
}

// OpenBase opens the base maps of a pack: sets of tiles, pictures or vectors, and GeoJSON whose features have a "class". No
// pack, or a pack that is only a list of divisions, has none.
func OpenBase(pack string) (*Base, func(), error) {
	base := &Base{}
	var files []io.Closer
	closeAll := func() {
		for _, f := range files {
			_ = f.Close() // read only
		}
	}
	if pack == "" {
		return base, closeAll, nil
	}
	b, err := os.ReadFile(filepath.Join(pack, "pack.json"))
	if errors.Is(err, os.ErrNotExist) {
		return base, closeAll, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("pack %s: %w", filepath.Base(pack), err)
	}
	var p packBase
	if err := json.Unmarshal(b, &p); err != nil {
		return nil, nil, fmt.Errorf("pack.json: %v: %w", err, block.ErrInvalid)
	}
	for _, m := range p.BaseMaps {
		if m.File == "" {
			continue
		}
		one, file, err := OpenBaseMap(filepath.Join(pack, filepath.FromSlash(m.File)), m.Datum)
		if err != nil {
			closeAll()
			return nil, nil, err
		}
		if file != nil {
			files = append(files, file)
		}
		one.Name, one.NameEN = m.Name.ZH, m.Name.EN
		if one.Credit == "" {
			one.Credit = p.Attribution
		}
		base.Maps = append(base.Maps, one)
	}
	slices.SortStableFunc(base.Maps, func(a, b *BaseMap) int { // drawn by our own styles, in every theme
		rank := func(m *BaseMap) int {
			if m.Vector {
				return 0
			}
			return 1
		}
		return rank(a) - rank(b)
	})
	return base, closeAll, nil
}

// OpenBaseMap opens one file, or folder of tiles, as a base map. An empty datum is the file's own. The file is closed with
// the second answer, which is nil when there is nothing to close. A file that is none is block.ErrInvalid.
func OpenBaseMap(path, datum string) (*BaseMap, io.Closer, error) {
	m := &BaseMap{ID: filepath.Base(path), Name: strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))}
	if filepath.Ext(path) == ".geojson" {
		shapes, err := readShapes(path)
		if err != nil {
			return nil, nil, err
		}
		m.light, m.dark = shapes, shapes
		return m, nil, nil
	}
	set, file, err := tileset.Open(path)
	if err != nil {
		return nil, nil, fmt.Errorf("base map: %w", errors.Join(err, block.ErrInvalid))
	}
	if err := m.draw(set, datum); err != nil {
		return nil, nil, errors.Join(err, file.Close())
	}
	return m, file, nil
}

// OpenAreaBase opens the files of an area that was taken offline, the lowest first, as one base map.
func OpenAreaBase(id string, files []string) (*BaseMap, io.Closer, error) {
	m := &BaseMap{ID: id}
	var open closers
	for _, path := range files {
		set, file, err := tileset.Open(path)
		if err != nil {
			return nil, nil, errors.Join(fmt.Errorf("offline area: %w", errors.Join(err, block.ErrInvalid)), open.Close())
		}
		open = append(open, file)
		if err := m.draw(set, ""); err != nil {
			return nil, nil, errors.Join(err, open.Close())
		}
	}
	return m, open, nil
}

// draw puts an open set of tiles on top of what the map is made of.
func (m *BaseMap) draw(set any, datum string) error {
	var info tileset.Info
	if said, ok := set.(interface{ Info() tileset.Info }); ok {
		info = said.Info()
	}
	if info.Name != "" {
		m.Name = info.Name
	}
	if m.Credit == "" {
		m.Credit = Credit(info.Attribution, info.Approval)
	}
	in := info.Datum
	var err error
	if datum != "" {
		if in, err = geo.ParseDatum(datum); err != nil {
			return fmt.Errorf("base map %s: %w", m.ID, errors.Join(err, block.ErrInvalid))
		}
	}
	if encoded, ok := set.(tilenet.Encoded); ok {
		one := BaseSet{m.ID, encoded}
		if service, ok := set.(tilenet.Source); ok {
			one.ID = service.Config().ID
		} else if in != info.Datum {
			one.Tiles = &shiftedSet{encoded, in}
		}
		m.sets = append(m.sets, one)
	}
	switch set := set.(type) {
	case mapview.TileSource:
		if in != set.Datum() {
			set = &shiftedTiles{set, in}
		}
		layers, err := styled([]byte(pictureStyle), set)
		for i := range layers {
			layers[i].Name = fmt.Sprintf("%s/%d", m.ID, len(m.light)+i) // unique in a scene
		}
		m.light, m.dark = append(m.light, layers...), append(m.dark, layers...)
		return err
	case mapview.VectorSource:
		if in != set.Datum() {
			set = &shiftedVector{set, in}
		}
		m.Vector = true
		tiles := mapview.NewVectorTiles(set, 0)
		m.vectors = append(m.vectors, tiles)
		for _, look := range []struct {
			name string
			into *[]mapview.Layer
		}{{"base-light", &m.light}, {"base-dark", &m.dark}} {
			doc, err := assets.MapStyle(look.name)
			if err != nil {
				return err
			}
			layers, err := styled(doc, tiles)
			if err != nil {
				return fmt.Errorf("map style %s: %w", look.name, err)
			}
			layers = slices.DeleteFunc(layers, func(y mapview.Layer) bool { return slices.Contains(namedByUs, y.Name) })
			*look.into = append(*look.into, layers...)
		}
		return nil
	}
	return fmt.Errorf("base map %s: neither pictures nor vector tiles: %w", m.ID, block.ErrInvalid)
}

// namedByUs are the layers of the shipped styles whose names our own regions bear: they would stand on the map twice.
var namedByUs = []string{"place-quarter", "place-suburb"}

// pictureStyle is the style document of base maps that are pictures.
const pictureStyle = `{"version": 8, "sources": {"pictures": {"type": "raster", "url": "kuaitu://basemap"}},
	"layers": [{"id": "pictures", "type": "raster", "source": "pictures"}]}`

// styled makes the layers of a style document whose sources are all the one given.
func styled(doc []byte, source any) ([]mapview.Layer, error) {
	st, err := style.Parse(doc)
	if err != nil {
		return nil, err
	}
	sources := map[string]any{}
	for id := range st.Sources {
		sources[id] = source
	}
	return mapview.StyledLayers(st, sources)
}

// Credit joins whose map it is with its 审图号.
func Credit(attribution, approval string) string {
	attribution, approval = strings.TrimSpace(attribution), strings.TrimSpace(approval)
	switch {
	case approval == "":
		return attribution
	case attribution == "":
		return "审图号：" + approval
	}
	return attribution + " 审图号：" + approval
}

// shiftedTiles are pictures that lie in another datum than their file says.
type shiftedTiles struct {
	mapview.TileSource
	datum geo.Datum
}

// Datum implements mapview.TileSource.
func (s *shiftedTiles) Datum() geo.Datum { return s.datum }

// shiftedSet are tiles as they lie in a file that says the wrong datum.
type shiftedSet struct {
	set   tilenet.Encoded
	datum geo.Datum
}

// Encoded implements tilenet.Encoded.
func (s *shiftedSet) Encoded(ctx context.Context, z, x, y int) ([]byte, error) {
	return s.set.Encoded(ctx, z, x, y)
}

// Info implements tilenet.Encoded.
func (s *shiftedSet) Info() tileset.Info {
	info := s.set.Info()
	info.Datum = s.datum
	return info
}

// shiftedVector are vector tiles that lie in another datum than their file says.
type shiftedVector struct {
	mapview.VectorSource
	datum geo.Datum
}

// Datum implements mapview.VectorSource.
func (s *shiftedVector) Datum() geo.Datum { return s.datum }
