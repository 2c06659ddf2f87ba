package console

import (
	"context"
	"errors"
	"fmt"
	"image"
	"slices"
	"strings"
	"time"

	"kuaitu/assets"
	"kuaitu/block"
	"kuaitu/geo"
	"kuaitu/mapview"
	"kuaitu/mapview/picture"
	"kuaitu/store"
	"kuaitu/store/maplayer"
)

// SceneOptions say what to draw of a store.
type SceneOptions struct {
	Pack   string   // its base map lies below; "" is none
	Dark   bool     // the dark style
	Layers []string // names of layers to show; nil: all
}

// OpenScene reads a store's layers for drawing. closeBase lets go of the base maps' files and waits until the layers are kept for the next time.
func OpenScene(ctx context.Context, st *store.Store, opt SceneOptions) (scene mapview.Scene, style *mapview.Style, closeBase func(), err error) {
	layers, err := maplayer.Open(ctx, st.Reader(), maplayer.Options{File: st.Path()})
	if err != nil {
		return scene, nil, nil, err
	}
	scene = layers.Scene()
	if err := knownLayers(scene, opt.Layers); err != nil {
		layers.Wait()
		return scene, nil, nil, err
	}
	base, closeFiles, err := OpenBase(opt.Pack)
	if err != nil {
		layers.Wait()
		return scene, nil, nil, err
	}
	closeBase = func() { closeFiles(); layers.Wait() }
	base.Under(&scene, opt.Dark)
	for i := range scene.Layers {
		scene.Layers[i].Hidden = opt.Layers != nil && !slices.Contains(opt.Layers, scene.Layers[i].Name)
	}
	if style, err = Style(opt.Dark); err != nil {
		closeBase()
		return scene, nil, nil, err
	}
	return scene, style, closeBase, nil
}

// knownLayers refuses names that no layer has.
func knownLayers(scene mapview.Scene, names []string) error {
	var known []string
	for _, l := range scene.Layers {
		if !slices.Contains(known, l.Name) {
			known = append(known, l.Name)
		}
	}
	for _, n := range names {
		if !slices.Contains(known, n) {
			return fmt.Errorf("there is no layer %q; the layers are %s: %w", n, strings.Join(known, ", "), block.ErrInvalid)
		}
	}
	return nil
}

// Style returns the light or dark style with the embedded fonts.
func Style(dark bool) (*mapview.Style, error) {
	fonts, err := mapview.NewFonts(assets.FontRegular(), assets.FontBold())
	if err != nil {
		return nil, fmt.Errorf("embedded fonts: %w", err)
	}
	style := mapview.LightStyle()
	if dark {
		style = mapview.DarkStyle()
	}
	style.Fonts = fonts
	return style, nil
}

// PictureRequest says what picture to make.
type PictureRequest struct {
	Pack              string
	RegionCode        string
	Title             string // "": the region's name
	WidthPx, HeightPx int
}

// Picture draws a region for a brief: title, map, legend, scale bar, north arrow, date and credit. A region without a
// polygon is ErrNotFound.
func Picture(ctx context.Context, st *store.Store, r PictureRequest) (*image.RGBA, error) {
	tree, err := st.Reader().Tree(ctx)
	if err != nil {
		return nil, err
	}
	region, err := RegionByCode(tree, r.RegionCode)
	if err != nil {
		return nil, err
	}
	if len(region.Geometry) == 0 {
		return nil, fmt.Errorf("region %s has no polygon: %w", region.Code, block.ErrNotFound)
	}
	g, err := geo.ParseWKB(region.Geometry)
	if err != nil {
		return nil, fmt.Errorf("region %s: %v: %w", region.Code, err, block.ErrInvalid)
	}
	scene, style, closeBase, err := OpenScene(ctx, st, SceneOptions{Pack: r.Pack})
	if err != nil {
		return nil, err
	}
	defer closeBase()
	meta, err := st.Reader().Meta(ctx)
	if err != nil {
		return nil, err
	}
	if layer := maplayer.RegionLayer(region.Level); layer != "" {
		scene.Selected = []mapview.Ref{{Layer: layer, ID: region.ID}}
	}
	title := r.Title
	if title == "" {
		title = region.ShortName()
	}
	img, err := picture.Render(ctx, picture.Options{
		Bound: g.Bound(), WidthPx: r.WidthPx, HeightPx: r.HeightPx, Scene: scene, Style: style, Title: title,
		AsOf: time.Now().Format("2006-01-02 15:04"), Attribution: meta.Attribution,
	})
	if errors.Is(err, picture.ErrOptions) {
		err = errors.Join(err, block.ErrInvalid)
	}
	return img, err
}
