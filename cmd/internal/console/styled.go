package console

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"kuaitu/assets"
	"kuaitu/block"
	"kuaitu/geo/geofile"
	"kuaitu/mapview"
	"kuaitu/mapview/style"
	"kuaitu/store"
	"kuaitu/store/maplayer"
	"kuaitu/store/tileset"
)

// Styled is a scene that a style document draws, of a GeoPackage of others or of a store.
type Styled struct {
	Scene mapview.Scene
	// Left are the layers that have nothing to draw from here, "layer (source/source-layer)".
	Left   []string
	Credit string // whose base map it is, with its 审图号
	// Warnings are what the document says that has no effect.
	Warnings []string
	closers  []io.Closer
	wait     func()
}

// baseURL is how style documents call the base map that is chosen.
const baseURL = "kuaitu://basemap"

// addBase gives the sources that stand for the chosen base map its tiles; without any their layers have nothing to draw.
func (s *Styled) addBase(st *style.Style, sources map[string]any, opt SceneOptions) error {
	base, closeFiles, err := OpenBase(opt.Pack)
	if err != nil {
		return err
	}
	s.closers = append(s.closers, closer(closeFiles))
	if err := base.Choose(opt.Base); err != nil || len(base.Maps) == 0 {
		return err
	}
	tiles := base.Maps[0].Tiles()
	for id, source := range st.Sources {
		if source.URL == baseURL && tiles != nil {
			sources[id] = tiles
			s.Credit = base.Maps[0].Credit
		}
	}
	return nil
}

// closer is a function as an io.Closer.
type closer func()

func (c closer) Close() error {
	c()
	return nil
}

// Close lets go of the files and waits until what is kept for the next time is written.
func (s *Styled) Close() {
	if s.wait != nil {
		s.wait()
	}
	for _, c := range s.closers {
		_ = c.Close() // read only
	}
}

// ReadStyle reads a style document: a file, or the name of a shipped one. What is not understood is ErrInvalid, every part
// with its place; where lenient it is left out and among the document's Warnings.
func ReadStyle(path string, lenient bool) (*style.Style, error) {
	doc, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		if shipped, e := assets.MapStyle(path); e == nil {
			doc, err = shipped, nil
		} else {
			return nil, fmt.Errorf("there is no style %s; shipped are %s: %w", path, strings.Join(assets.MapStyles(), ", "), block.ErrNotFound)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("style: %w", err)
	}
	parse := style.Parse
	if lenient {
		parse = style.ParseLenient
	}
	st, err := parse(doc)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Base(path), errors.Join(err, block.ErrInvalid))
	}
	return st, nil
}

// columnsOf are the properties that a document's layers read, by source-layer; nil where names are computed.
func columnsOf(st *style.Style, has func(source, layer string) bool) map[string][]string {
	out := map[string][]string{}
	everything := map[string]bool{}
	for _, l := range st.Layers {
		if l.SourceLayer == "" || !has(l.Source, l.SourceLayer) {
			continue
		}
		names, all := l.Reads()
		if column, ok := l.Metadata[mapview.MetaCount].(string); ok {
			names = append(names, column)
		}
		everything[l.SourceLayer] = everything[l.SourceLayer] || all
		out[l.SourceLayer] = append(out[l.SourceLayer], names...)
	}
	for layer := range out {
		slices.Sort(out[layer])
		if out[layer] = slices.Compact(out[layer]); everything[layer] {
			out[layer] = nil
		}
	}
	return out
}

// OpenGPKGStyled reads the tables of a GeoPackage of others that a style document's source-layers name, with the columns
// that it reads. Sources whose URL is a file of tiles lie beside the
// document, kuaitu://basemap is the base map that opt chooses. When no layer has a table
// the error is ErrInvalid and names the tables that there are.
func OpenGPKGStyled(ctx context.Context, path, stylePath string, opt SceneOptions) (*Styled, error) {
	if err := CheckInput(path); err != nil {
		return nil, err
	}
	st, err := ReadStyle(stylePath, opt.Lenient)
	if err != nil {
		return nil, err
	}
	if err := isDatabase(path); err != nil {
		return nil, err
	}
	p, err := geofile.OpenPackage(ctx, path)
	if err != nil {
		return nil, FileKind(err)
	}
	s := &Styled{Warnings: st.Warnings}
	sources, err := s.tiles(st, filepath.Dir(stylePath))
	if err == nil {
		err = s.addBase(st, sources, opt)
	}
	if err != nil {
		s.Close()
		return nil, err
	}
	tables := columnsOf(st, func(source, layer string) bool {
		_, there := p.Layer(layer)
		return there && sources[source] == nil
	})
	for table, columns := range tables {
		l, _ := p.Layer(table)
		var has []string
		for _, c := range l.Columns {
			if columns == nil || slices.Contains(columns, c.Name) {
				has = append(has, c.Name)
			}
		}
		tables[table] = has
	}
	read, err := maplayer.OpenGPKG(ctx, path, tables)
	if err != nil {
		s.Close()
		return nil, FileKind(err)
	}
	s.wait = read.Wait
	for table, snap := range read.Layers {
		sources[table] = snap
	}
	if err := s.layers(st, stylePath, sources); err != nil {
		s.Close()
		return nil, err
	}
	if len(read.Layers) == 0 && len(s.Left) > 0 {
		var names []string
		for _, l := range p.Layers() {
			names = append(names, l.Name)
		}
		s.Close()
		return nil, fmt.Errorf("%s: nothing to draw %s from; %s has the tables %s: %w", filepath.Base(stylePath), leftOut(s.Left), filepath.Base(path), strings.Join(names, ", "), block.ErrInvalid)
	}
	return s, nil
}

// layers makes the scene of a document and notes what has nothing to draw from.
func (s *Styled) layers(doc *style.Style, path string, sources map[string]any) error {
	layers, err := mapview.StyledLayers(doc, sources)
	if err != nil && !errors.Is(err, mapview.ErrNoSource) {
		return fmt.Errorf("%s: %w", filepath.Base(path), errors.Join(err, block.ErrInvalid))
	}
	s.Scene.Layers = layers
	if err == nil {
		return nil
	}
	drawn := map[string]bool{}
	for _, l := range layers {
		drawn[l.Name] = true
	}
	for _, l := range doc.Layers {
		if !drawn[l.ID] {
			s.Left = append(s.Left, fmt.Sprintf("%s (%s)", l.ID, strings.Trim(l.Source+"/"+l.SourceLayer, "/")))
		}
	}
	return nil
}

// Tell says what has no effect and what has nothing to draw from.
func (s *Styled) Tell(say func(format string, args ...any)) {
	for _, w := range s.Warnings {
		say("style: %s", w)
	}
	if len(s.Left) > 0 {
		say("there is nothing to draw the layers %s from", leftOut(s.Left))
	}
}

// leftOut names layers that are left out, the first few of many.
func leftOut(layers []string) string {
	const most = 5
	if len(layers) <= most {
		return strings.Join(layers, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(layers[:most], ", "), len(layers)-most)
}

// isDatabase refuses a file that is no SQLite database by its first bytes.
func isDatabase(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("open %s: %w", filepath.Base(path), err)
	}
	defer f.Close()
	head := make([]byte, 16)
	if _, err := io.ReadFull(f, head); err != nil || string(head) != "SQLite format 3\x00" {
		return fmt.Errorf("%s is no GeoPackage: %w", filepath.Base(path), block.ErrInvalid)
	}
	return nil
}

// tiles opens the files of tiles that a document's sources name by URL, relative to dir.
func (s *Styled) tiles(st *style.Style, dir string) (map[string]any, error) {
	out := map[string]any{}
	for id, source := range st.Sources {
		name := source.URL
		for _, scheme := range []string{"mbtiles://", "pmtiles://", "file://"} {
			name = strings.TrimPrefix(name, scheme)
		}
		if ext := strings.ToLower(filepath.Ext(name)); strings.Contains(name, "://") || ext != ".mbtiles" && ext != ".pmtiles" {
			continue
		}
		if !filepath.IsAbs(name) {
			name = filepath.Join(dir, filepath.FromSlash(name))
		}
		set, file, err := tileset.Open(name)
		if err != nil {
			return nil, fmt.Errorf("source %s: %w", id, errors.Join(err, block.ErrInvalid))
		}
		s.closers = append(s.closers, file)
		out[id] = set
	}
	return out, nil
}

// OpenStoreStyled reads the kinds of a store that a style document's source-layers name, with the fields that it reads.
// Regions have their short names, and events are those still open and have, beside their fields, a light (normal, near, overdue, stopped) and the icon of their
// type.
func OpenStoreStyled(ctx context.Context, st *store.Store, stylePath string, opt SceneOptions) (*Styled, error) {
	doc, err := ReadStyle(stylePath, opt.Lenient)
	if err != nil {
		return nil, err
	}
	s := &Styled{Warnings: doc.Warnings}
	sources, err := s.tiles(doc, filepath.Dir(stylePath))
	if err == nil {
		err = s.addBase(doc, sources, opt)
	}
	if err != nil {
		s.Close()
		return nil, err
	}
	for kind, columns := range columnsOf(doc, func(source, layer string) bool {
		_, err := st.Set().Plan(block.Kind(layer))
		return err == nil && sources[source] == nil
	}) {
		snap, err := kindSnapshot(ctx, st, block.Kind(kind), columns)
		if err != nil {
			s.Close()
			return nil, err
		}
		if snap != nil {
			sources[kind] = snap
		}
	}
	if err := s.layers(doc, stylePath, sources); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// eventColumns are what events have beside their fields, eventNeeds the fields that it is made of.
var (
	eventColumns = []string{"light", "icon"}
	eventNeeds   = []string{"state", "reported_at", "due_at", "closed_at", "type"}
)

// lightNames are what style documents call lights.
var lightNames = map[mapview.Light]string{
	mapview.LightNormal: "normal", mapview.LightStopped: "stopped", mapview.LightNear: "near", mapview.LightOverdue: "overdue",
}

// iconNames are what style documents call the catalogue's icons, where that differs.
var iconNames = map[string]string{"speakerphone": "speaker", "shopping-cart": "cart"}

// eventIcons are the icons of the catalogue by type.
func eventIcons(ctx context.Context, st *store.Store) (map[string]string, error) {
	p, err := st.Set().Plan("catalogue_type")
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	err = st.Reader().Each(ctx, store.Query{Kind: "catalogue_type"}, func(rec block.Record) error {
		icon := p.Get(rec, "icon").Text()
		if other, ok := iconNames[icon]; ok {
			icon = other
		}
		out[p.Get(rec, "code").Text()] = icon
		return nil
	})
	return out, err
}

// kindSnapshot packs the records of a kind with the named fields, or with all of them; nil for a kind without geometry.
func kindSnapshot(ctx context.Context, st *store.Store, kind block.Kind, columns []string) (*mapview.Snapshot, error) {
	p, err := st.Set().Plan(kind)
	if err != nil || p.Kind.Geometry == 0 {
		return nil, err
	}
	var fields []string
	for _, f := range p.Kind.Fields {
		if columns == nil || slices.Contains(columns, f.Name) {
			fields = append(fields, f.Name)
		}
	}
	kept := len(fields)
	names := slices.Clone(fields)
	var icons map[string]string
	if kind == "event" {
		names, fields = append(names, eventColumns...), append(fields, eventNeeds...)
		if icons, err = eventIcons(ctx, st); err != nil {
			return nil, err
		}
	}
	var b mapview.Builder
	b.Columns(names...)
	now := time.Now()
	values := make([]any, len(names))
	err = st.Reader().MapRows(ctx, kind, fields, nil, func(row *store.MapRow) error {
		if len(row.Geometry) == 0 {
			return nil
		}
		for i, v := range row.Values[:kept] {
			if values[i] = cell(v); kind == "region" && names[i] == "name" {
				values[i] = block.Region{Name: v.Text()}.ShortName()
			}
		}
		if kind == "event" {
			need := row.Values[kept:]
			if !need[3].IsNull() || maplayer.Closed(need[0].Text()) {
				return nil
			}
			values[kept] = lightNames[maplayer.LightOf(need[0].Text(), need[1].Time(), need[2].Time(), now)]
			if values[kept+1] = nil; icons[need[4].Text()] != "" {
				values[kept+1] = icons[need[4].Text()]
			}
		}
		_ = b.AddRowWKB(row.ID, row.Geometry, nil, values) // what cannot be drawn is left out
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", kind, err)
	}
	return b.Build(1), nil
}

// cell is a value as a map column keeps it.
func cell(v block.Value) any {
	switch v.Type() {
	case block.Null:
		return nil
	case block.Bool:
		return v.Bool()
	case block.Int:
		return v.Int()
	case block.Float:
		return v.Float()
	}
	return v.Plain()
}
