// Package picture makes static pictures of the map for briefs and print: title, map, legend, scale bar, north arrow, date and credit.
//
// [Render] is the whole of it. go-staticmaps frames the map: it turns a bound into a centre and a picture and has one object on it, our own
// renderer, since it can draw neither holes nor Chinese. It is kept offline and given no tile provider, so nothing is ever dialled:
// base maps come from the scene's own tile sources.
package picture

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"math"
	"os"
	"slices"
	"strings"

	sm "github.com/flopp/go-staticmaps"
	"github.com/fogleman/gg"
	"github.com/golang/geo/s2"
	"github.com/paulmach/orb"

	"kuaitu/mapview"
)

// ErrOptions is wrapped by the errors about what was asked for.
var ErrOptions = errors.New("picture cannot be made so")

// Limits of a picture's sides in pixels.
const (
	minSide = 200
	maxSide = 12000
)

// Options say what to draw.
type Options struct {
	Bound             orb.Bound // what must be seen, degrees
	WidthPx, HeightPx int       // of the whole picture, 200…12000
	Scene             mapview.Scene
	Style             *mapview.Style // with Fonts; its Ratio scales everything: 2 for print
	Title             string         // none: no title band
	AsOf              string         // date of the data, as it is to be read; may be ""
	Attribution       string         // beside the credits of the base maps, 审图号 included
	Watermark         string         // who made the picture, faint over all of the map; none: ""
	Words             Words          // zero: Chinese
}

// Words are the texts that belong to the picture itself.
type Words struct {
	AsOf, North, Metres, Kilometres string
	BuildingUses, Borders, Events   string // headings of the legend
	Uses                            map[mapview.Use]string
	Levels                          map[mapview.Level]string
	Lights                          map[mapview.Light]string
}

// Chinese are the words a picture has if none are given.
func Chinese() Words {
	return Words{
		AsOf: "数据截至 ", North: "北", Metres: "米", Kilometres: "公里", BuildingUses: "楼栋用途", Borders: "界线", Events: "在办事件",
		Uses: map[mapview.Use]string{
			mapview.UseResidential: "住宅小区", mapview.UseSelfBuilt: "自建房", mapview.UseCommercial: "商业", mapview.UseOffice: "办公",
			mapview.UseIndustrial: "工业", mapview.UsePublic: "公共服务", mapview.UseConstruction: "在建", mapview.UseUnknown: "未分类",
		},
		Levels: map[mapview.Level]string{
			mapview.LevelCity: "市界", mapview.LevelDistrict: "区界", mapview.LevelStreet: "街道界", mapview.LevelCommunity: "社区界",
			mapview.LevelGrid: "网格界", mapview.LevelFormer: "旧区划界",
		},
		Lights: map[mapview.Light]string{
			mapview.LightNormal: "正常", mapview.LightNear: "临近", mapview.LightOverdue: "超期", mapview.LightStopped: "停钟",
		},
	}
}

// Render draws the picture. Errors: ErrOptions, those of mapview.Render, and ctx's.
func Render(ctx context.Context, o Options) (*image.RGBA, error) {
	if o.WidthPx < minSide || o.HeightPx < minSide || o.WidthPx > maxSide || o.HeightPx > maxSide {
		return nil, fmt.Errorf("%w: %d×%d pixels, want %d…%d", ErrOptions, o.WidthPx, o.HeightPx, minSide, maxSide)
	}
	if o.Style == nil || o.Style.Fonts == nil {
		return nil, fmt.Errorf("%w: a style with fonts is needed", ErrOptions)
	}
	if !(o.Bound.Min[0] <= o.Bound.Max[0] && o.Bound.Min[1] <= o.Bound.Max[1]) {
		return nil, fmt.Errorf("%w: the bound is empty", ErrOptions)
	}
	if o.Words.Uses == nil {
		o.Words = Chinese()
	}
	f := frame{o: o, ratio: 1}
	if o.Style.Ratio > 0 {
		f.ratio = o.Style.Ratio
	}
	if o.Title != "" {
		f.top = int(math.Round(56 * f.ratio))
	}
	f.mapH = o.HeightPx - f.top
	if f.mapH < minSide/2 {
		return nil, fmt.Errorf("%w: no room for a map under the title", ErrOptions)
	}
	m, cam, err := f.drawMap(ctx)
	if err != nil {
		return nil, fmt.Errorf("draw picture: %w", err)
	}
	f.watermark(m)
	f.decorate(m, cam)
	return m, nil
}

// Encode writes a picture as PNG.
func Encode(w io.Writer, m image.Image) error {
	enc := png.Encoder{CompressionLevel: png.BestSpeed} // three times as fast; a map packs well anyway
	if err := enc.Encode(w, m); err != nil {
		return fmt.Errorf("encode picture: %w", err)
	}
	return nil
}

// frame is a picture being made.
type frame struct {
	o     Options
	ratio float64
	top   int // height of the title band
	mapH  int
}

// camera shows the bound with some room around it.
func (f *frame) camera() mapview.Camera {
	return mapview.Camera{WidthPx: f.o.WidthPx, HeightPx: f.mapH}.Fit(f.o.Bound, 24*f.ratio)
}

// drawMap answers the whole picture with the map in its place, and the camera it was drawn with.
func (f *frame) drawMap(ctx context.Context) (*image.RGBA, mapview.Camera, error) {
	cam := f.camera()
	// go-staticmaps knows whole zooms only; a tile of another size than 256 pixels makes the rest of it.
	whole := math.Floor(cam.Zoom)
	side := int(256 * math.Exp2(cam.Zoom-whole))
	cam.Zoom = whole + math.Log2(float64(side)/256)

	cache, err := os.MkdirTemp("", "kuaitu-picture-")
	if err != nil {
		return nil, cam, fmt.Errorf("make tile cache: %w", err)
	}
	defer os.RemoveAll(cache)
	c := sm.NewContext()
	c.SetOnline(false)
	c.SetCache(sm.NewTileCache(cache, 0o700))
	c.SetTileProvider(&sm.TileProvider{Name: "none", TileSize: side}) // without a URL it is never asked
	c.SetSize(f.o.WidthPx, f.mapH)
	c.SetZoom(int(whole))
	center := s2.LatLngFromDegrees(cam.Center[1], cam.Center[0])
	c.SetCenter(center)
	layer := &mapLayer{ctx: ctx, cam: cam, center: center, style: f.o.Style, scene: f.o.Scene}
	c.AddObject(layer)
	framed, err := c.Render()
	if err == nil {
		err = layer.err
	}
	if err != nil {
		return nil, cam, err
	}
	out := image.NewRGBA(image.Rect(0, 0, f.o.WidthPx, f.o.HeightPx))
	copyInto(out, framed.(*image.RGBA), f.top)
	return out, cam, nil
}

// copyInto puts m at the left edge of dst, top pixels down.
func copyInto(dst, m *image.RGBA, top int) {
	for y := range m.Rect.Dy() {
		copy(dst.Pix[(y+top)*dst.Stride:], m.Pix[y*m.Stride:y*m.Stride+4*m.Rect.Dx()])
	}
}

// mapLayer is our renderer as the one object on go-staticmaps' map.
type mapLayer struct {
	ctx    context.Context // of the Render call this object lives in
	cam    mapview.Camera
	center s2.LatLng
	style  *mapview.Style
	scene  mapview.Scene
	err    error
}

// Bounds implements sm.MapObject.
func (l *mapLayer) Bounds() s2.Rect {
	b := l.cam.Bound()
	return s2.RectFromLatLng(s2.LatLngFromDegrees(b.Min[1], b.Min[0])).AddPoint(s2.LatLngFromDegrees(b.Max[1], b.Max[0]))
}

// ExtraMarginPixels implements sm.MapObject.
func (l *mapLayer) ExtraMarginPixels() (left, top, right, bottom float64) { return 0, 0, 0, 0 }

// Draw implements sm.MapObject: it draws just the part that will be cut out.
func (l *mapLayer) Draw(dc *gg.Context, trans *sm.Transformer) {
	whole, ok := dc.Image().(*image.RGBA)
	if !ok {
		l.err = fmt.Errorf("%w: framed in a %T", ErrOptions, dc.Image())
		return
	}
	cx, cy := trans.LatLngToXY(l.center)
	x, y := int(math.Round(cx))-l.cam.WidthPx/2, int(math.Round(cy))-l.cam.HeightPx/2
	m := image.NewRGBA(image.Rect(0, 0, l.cam.WidthPx, l.cam.HeightPx))
	if l.err = mapview.Render(l.ctx, m, l.cam, l.style, l.scene); l.err != nil {
		return
	}
	part := m.Rect.Add(image.Pt(x, y)).Intersect(whole.Rect)
	for py := part.Min.Y; py < part.Max.Y; py++ {
		copy(whole.Pix[whole.PixOffset(part.Min.X, py):], m.Pix[m.PixOffset(part.Min.X-x, py-y):m.PixOffset(part.Max.X-x-1, py-y)+4])
	}
}

// credits is the line of sources under the map. What another one says already is left out.
func (f *frame) credits() string {
	var out []string
	for _, c := range append(f.o.Scene.Attributions(), f.o.Attribution) {
		c = strings.TrimSpace(c)
		if c == "" || slices.ContainsFunc(out, func(o string) bool { return strings.Contains(o, c) }) {
			continue
		}
		out = append(slices.DeleteFunc(out, func(o string) bool { return strings.Contains(c, o) }), c)
	}
	return strings.Join(out, " · ")
}
