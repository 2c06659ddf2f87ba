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
	Base   string   // which of the pack's base maps, see Base.Choose
	Dark   bool     // the dark style
	Layers []string // names of layers to show; nil: all
	// Lenient leaves out what a style document says that is not understood.
	Lenient bool
}

// View is a scene of a store, ready to be drawn.
type View struct {
	Scene  mapview.Scene
	Style  *mapview.Style
	Credit string // whose base map it is, with its 审图号
	close  func()
}

// Close lets go of the base maps' files and waits until the layers are kept for the next time.
func (v *View) Close() { v.close() }

// OpenScene reads a store's layers for drawing, above a base map of a pack.
func OpenScene(ctx context.Context, st *store.Store, opt SceneOptions) (*View, error) {
	icons, err := eventIcons(ctx, st)
	if err != nil {
		return nil, err
	}
	layers, err := maplayer.Open(ctx, st.Reader(), maplayer.Options{File: st.Path(), Icons: func(eventType string) mapview.Icon { return mapIcons[icons[eventType]] }})
	if err != nil {
		return nil, err
	}
	v := &View{Scene: layers.Scene(), close: layers.Wait}
	if err := knownLayers(v.Scene, opt.Layers); err != nil {
		v.Close()
		return nil, err
	}
	for i := range v.Scene.Layers {
		v.Scene.Layers[i].Hidden = opt.Layers != nil && !slices.Contains(opt.Layers, v.Scene.Layers[i].Name)
	}
	base, closeFiles, err := OpenBase(opt.Pack)
	if err != nil {
		v.Close()
		return nil, err
	}
	v.close = func() { closeFiles(); layers.Wait() }
	if err := base.Choose(opt.Base); err != nil {
		v.Close()
		return nil, err
	}
	if len(base.Maps) > 0 {
		v.Credit = base.Maps[0].Credit
	}
	base.Under(&v.Scene, opt.Dark)
	if v.Style, err = Style(opt.Dark); err != nil {
		v.Close()
		return nil, err
	}
	return v, nil
}

// mapIcons are the pictures of the catalogue's icons, by what style documents call them.
var mapIcons = map[string]mapview.Icon{
	"trash": mapview.IconTrash, "speaker": mapview.IconSpeaker, "crane": mapview.IconCrane, "cart": mapview.IconCart, "urgent": mapview.IconUrgent,
	"tool": mapview.IconTool, "flame": mapview.IconFlame,
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
	Pack, Base        string // see SceneOptions
	RegionCode        string
	Title             string // "": the region's name
	Watermark         string // "": none
	WidthPx, HeightPx int
	Ratio             float64 // of everything's size; 0 is 1, 2 for print
	Dark              bool
	StyleDoc          string                           // a style document draws the map, without a legend; see ReadStyle
	Lenient           bool                             // with StyleDoc, see SceneOptions
	Say               func(format string, args ...any) // told what the document says without effect; may be nil
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
	v, err := openPicture(ctx, st, r)
	if err != nil {
		return nil, err
	}
	defer v.Close()
	v.Style.Ratio = r.Ratio
	meta, err := st.Reader().Meta(ctx)
	if err != nil {
		return nil, err
	}
	if layer := maplayer.RegionLayer(region.Level); layer != "" {
		v.Scene.Selected = []mapview.Ref{{Layer: layer, ID: region.ID}}
	}
	title := r.Title
	if title == "" {
		title = region.ShortName()
	}
	img, err := picture.Render(ctx, picture.Options{
		Bound: g.Bound(), WidthPx: r.WidthPx, HeightPx: r.HeightPx, Scene: v.Scene, Style: v.Style, Title: title, Watermark: r.Watermark,
		AsOf: asOf(meta.TZ).Format("2006-01-02 15:04"), Attribution: strings.Join(credits(v.Credit, meta.Attribution), " · "),
	})
	if errors.Is(err, picture.ErrOptions) {
		err = errors.Join(err, block.ErrInvalid)
	}
	return img, err
}

// openPicture opens the scene of a picture, by the built-in look or by a style document.
func openPicture(ctx context.Context, st *store.Store, r PictureRequest) (*View, error) {
	opt := SceneOptions{Pack: r.Pack, Base: r.Base, Dark: r.Dark, Lenient: r.Lenient}
	if r.StyleDoc == "" {
		return OpenScene(ctx, st, opt)
	}
	styled, err := OpenStoreStyled(ctx, st, r.StyleDoc, opt)
	if err != nil {
		return nil, err
	}
	if r.Say != nil {
		styled.Tell(r.Say)
	}
	v := &View{Scene: styled.Scene, Credit: styled.Credit, close: styled.Close}
	if v.Style, err = Style(r.Dark); err != nil {
		v.Close()
		return nil, err
	}
	return v, nil
}

// credits are the sources of map and data, each once.
func credits(base, data string) []string {
	var out []string
	for _, c := range []string{base, data} {
		if c != "" && !slices.ContainsFunc(out, func(o string) bool { return strings.Contains(o, c) }) {
			out = append(out, c)
		}
	}
	return out
}

// asOf is now in the city's zone.
func asOf(zone string) time.Time {
	if z, err := time.LoadLocation(zone); err == nil {
		return time.Now().In(z)
	}
	return time.Now()
}
