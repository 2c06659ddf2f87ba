package mapview

import (
	"errors"
	"fmt"
	"image"
	"math"
	"sync"
	"sync/atomic"
	"unicode"
	"unicode/utf8"

	"golang.org/x/image/font"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
	"golang.org/x/text/unicode/norm"
)

// ErrFont is returned for bytes that are no single-face OpenType font.
var ErrFont = errors.New("not a font that can be drawn with")

// Fonts are the two faces labels are drawn with and the glyph masks made from them so far. They may be shared by all
// styles and used from any goroutine.
type Fonts struct {
	faces [2]*sfnt.Font // regular, bold
	more  []*sfnt.Font  // for runes those lack

	pages [2][maxPage]atomic.Pointer[runePage] // by face and rune/256

	mu     sync.RWMutex // guards what follows
	sized  map[faceKey]font.Face
	glyphs map[glyphKey]*glyph
}

type faceKey struct {
	font *sfnt.Font
	size uint16 // quarter pixels
}

type glyphKey struct {
	bold bool
	size uint16 // quarter pixels
	r    rune
	halo uint8 // how far the halo reaches, tenths of a pixel
	turn int16 // turned text: 1 + direction in turnSteps, 0 for upright
	at   uint8 // of turned text: where in the pixel its pen is, x + subSteps·y
}

// glyph is a rune's coverage and, one mask wider on every side, its halo. off is from the pen to the mask's corner.
type glyph struct {
	mask, halo   *image.Alpha
	offX, offY   int
	haloX, haloY int
}

// runePage is what is known of 256 runes that follow each other in a face.
type runePage [256]runeForm

// runeForm is how a rune is drawn: by which rune, as a letter that no face has goes without its accents, and how wide.
type runeForm struct {
	as          rune // 0: not at all; it is a blank then, or nothing if upem is not 0
	units, upem int32
}

// maxPage is how many pages of runes there are: those of the basic plane and the Han of the two that follow.
const maxPage = 0x400

// form answers how a rune is drawn in a face.
func (f *Fonts) form(r rune, bold bool) runeForm {
	n := int(r >> 8)
	if n < 0 || n >= maxPage {
		return runeForm{}
	}
	face := 0
	if bold {
		face = 1
	}
	page := f.pages[face][n].Load()
	if page == nil {
		page = new(runePage)
		for i := range page {
			page[i] = f.findForm(rune(n<<8|i), bold)
		}
		f.pages[face][n].Store(page)
	}
	return page[r&255]
}

func (f *Fonts) findForm(r rune, bold bool) runeForm {
	var buf sfnt.Buffer
	have := func(r rune) (runeForm, bool) {
		ft := f.fontOf(glyphKey{bold: bold, r: r})
		index, err := ft.GlyphIndex(&buf, r)
		if err != nil || index == 0 {
			return runeForm{}, false
		}
		upem := ft.UnitsPerEm()
		units, err := ft.GlyphAdvance(&buf, index, fixed.Int26_6(upem), font.HintingNone)
		return runeForm{r, int32(units), int32(upem)}, err == nil
	}
	if form, ok := have(r); ok {
		return form
	}
	if unicode.In(r, unicode.Mn, unicode.Cf, unicode.Cc) {
		return runeForm{upem: 1} // nothing, and no room for it: joiners, marks of direction, accents by themselves
	}
	if base, _ := utf8.DecodeRuneInString(norm.NFD.String(string(r))); base != r && base != utf8.RuneError {
		if form, ok := have(base); ok {
			return form
		}
	}
	if form, ok := have(missingRune); ok {
		return form
	}
	return runeForm{}
}

// missingRune stands for a character that no face has: a name that lacks one must not look like another name.
const missingRune = '□'

// advance is how far the pen moves on after a rune, in device pixels.
func (f *Fonts) advance(r rune, ts *textStyle) float64 {
	size := int64(math.Round(ts.size * 4)) // quarter pixels
	form := f.form(r, ts.bold)
	if form.upem == 0 {
		return float64(size) / 8
	}
	return float64((int64(form.units)*size*16+int64(form.upem)/2)/int64(form.upem)) / 64
}

// maxGlyphs bounds the cache; past it the cache starts anew. A screen of Chinese names has some hundreds.
const maxGlyphs = 8192

// NewFonts takes two TrueType or OpenType files (no collections), and any number more for rare characters the two lack.
func NewFonts(regular, bold []byte, more ...[]byte) (*Fonts, error) {
	f := &Fonts{sized: map[faceKey]font.Face{}, glyphs: map[glyphKey]*glyph{}}
	for i, data := range more {
		face, err := opentype.Parse(data)
		if err != nil {
			return nil, fmt.Errorf("parse further face %d: %w: %w", i, ErrFont, err)
		}
		f.more = append(f.more, face)
	}
	for i, data := range [2][]byte{regular, bold} {
		face, err := opentype.Parse(data)
		if err != nil {
			return nil, fmt.Errorf("parse face %d: %w: %w", i, ErrFont, err)
		}
		f.faces[i] = face
	}
	return f, nil
}

// textStyle is how text is drawn: sizes in device pixels, straight alpha colours.
type textStyle struct {
	size    float64
	bold    bool
	c, halo rgba // halo.a 0: none
	ratio   float64
	haloPx  float64 // how far the halo reaches beyond the letters; 0: haloRadius
	spacing float64 // between letters, beyond their advance
}

// glyph answers a rune's masks, made on first use.
func (f *Fonts) glyph(r rune, ts textStyle) *glyph {
	return f.cached(f.glyphKey(r, &ts))
}

func (ts *textStyle) key(r rune) glyphKey {
	wide := ts.haloPx
	if wide == 0 {
		wide = haloRadius * ts.ratio
	}
	return glyphKey{bold: ts.bold, size: uint16(math.Round(ts.size * 4)), r: r, halo: uint8(min(wide*10, 255))}
}

// glyphKey is the key of the glyph a rune is drawn with.
func (f *Fonts) glyphKey(r rune, ts *textStyle) glyphKey { return ts.key(f.form(r, ts.bold).as) }

func (f *Fonts) cached(key glyphKey) *glyph {
	f.mu.RLock()
	g := f.glyphs[key]
	f.mu.RUnlock()
	if g != nil {
		return g
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if g := f.glyphs[key]; g != nil {
		return g
	}
	if len(f.glyphs) >= maxGlyphs {
		clear(f.glyphs)
	}
	if key.turn != 0 {
		g = f.makeTurnedLocked(key)
	} else {
		g = f.makeGlyphLocked(key)
	}
	f.glyphs[key] = g
	return g
}

func (f *Fonts) makeGlyphLocked(key glyphKey) *glyph {
	face, err := f.faceLocked(key)
	if err != nil { // NewFace reads no data and fails only for options of another version
		return &glyph{}
	}
	dr, mask, at, _, ok := face.Glyph(fixed.Point26_6{}, key.r)
	if !ok || key.r == 0 {
		return &glyph{}
	}
	g := &glyph{offX: dr.Min.X, offY: dr.Min.Y}
	if dr.Empty() {
		return g
	}
	g.mask = image.NewAlpha(image.Rect(0, 0, dr.Dx(), dr.Dy()))
	for y := range dr.Dy() {
		for x := range dr.Dx() {
			_, _, _, a := mask.At(at.X+x, at.Y+y).RGBA()
			g.mask.Pix[y*g.mask.Stride+x] = uint8(a >> 8)
		}
	}
	pad := 0
	g.halo, pad = dilate(g.mask, float64(key.halo)/10)
	g.haloX, g.haloY = g.offX-pad, g.offY-pad
	return g
}

// fontOf is the font that has the rune; if none has it the one it was asked of.
func (f *Fonts) fontOf(key glyphKey) *sfnt.Font {
	base := f.faces[0]
	if key.bold {
		base = f.faces[1]
	}
	for _, other := range f.more {
		var buf sfnt.Buffer
		if n, err := base.GlyphIndex(&buf, key.r); err == nil && n != 0 {
			break
		}
		if n, err := other.GlyphIndex(&buf, key.r); err == nil && n != 0 {
			return other
		}
	}
	return base
}

// faceLocked is the face of a rune in its size.
func (f *Fonts) faceLocked(key glyphKey) (font.Face, error) {
	base := f.fontOf(key)
	at := faceKey{base, key.size}
	if face := f.sized[at]; face != nil {
		return face, nil
	}
	face, err := opentype.NewFace(base, &opentype.FaceOptions{Size: float64(key.size) / 4, DPI: 72, Hinting: font.HintingNone})
	if err != nil {
		return nil, err
	}
	f.sized[at] = face
	return face, nil
}

// haloRadius is how far, in design pixels, a halo reaches beyond its letter (3 px of line width).
const haloRadius = 1.6

// dilate widens a mask by radius pixels with a soft edge; pad is how much larger it became on each side.
func dilate(m *image.Alpha, radius float64) (wide *image.Alpha, pad int) {
	pad = int(math.Ceil(radius + 0.5))
	w, h := m.Rect.Dx(), m.Rect.Dy()
	wide = image.NewAlpha(image.Rect(0, 0, w+2*pad, h+2*pad))
	for dy := -pad; dy <= pad; dy++ {
		for dx := -pad; dx <= pad; dx++ {
			weight := math.Min(1, radius+0.5-math.Hypot(float64(dx), float64(dy)))
			if weight <= 0 {
				continue
			}
			k := uint32(weight * 256)
			for y := range h {
				out := wide.Pix[(y+pad+dy)*wide.Stride+pad+dx:]
				for x, a := range m.Pix[y*m.Stride : y*m.Stride+w] {
					out[x] = max(out[x], uint8(uint32(a)*k>>8))
				}
			}
		}
	}
	return wide, pad
}

// width is the length of a line of text in pixels.
func (f *Fonts) width(text string, ts textStyle) float64 {
	w := 0.0
	for _, r := range text {
		w += f.advance(r, &ts) + ts.spacing
	}
	return max(0, w-ts.spacing)
}

// cut shortens a text to at most limit pixels, with an ellipsis.
func (f *Fonts) cut(text string, ts textStyle, limit float64) (string, float64) {
	w := f.width(text, ts)
	if w <= limit {
		return text, w
	}
	dots := f.advance('…', &ts)
	for len(text) > 0 && w+dots > limit {
		r, n := utf8.DecodeLastRuneInString(text)
		w -= f.advance(r, &ts)
		text = text[:len(text)-n]
	}
	return text + "…", w + dots
}

// draw puts a line of text on dst, its baseline starting at x, y. First all halos, then all letters, so that no halo lies on a letter.
func (f *Fonts) draw(dst *image.RGBA, text string, x, y float64, ts textStyle) {
	f.drawHalo(dst, text, x, y, ts)
	f.drawLetters(dst, text, x, y, ts)
}

func (f *Fonts) drawHalo(dst *image.RGBA, text string, x, y float64, ts textStyle) {
	if ts.halo.a == 0 {
		return
	}
	by, pen := nearest(y), x
	for _, r := range text {
		g := f.glyph(r, ts)
		drawMask(dst, g.halo, nearest(pen)+g.haloX, by+g.haloY, ts.halo)
		pen += f.advance(r, &ts) + ts.spacing
	}
}

func (f *Fonts) drawLetters(dst *image.RGBA, text string, x, y float64, ts textStyle) {
	by, pen := nearest(y), x
	for _, r := range text {
		g := f.glyph(r, ts)
		drawMask(dst, g.mask, nearest(pen)+g.offX, by+g.offY, ts.c)
		pen += f.advance(r, &ts) + ts.spacing
	}
}

// nearest rounds halves up on either side of zero, so that a text looks the same in every tile it is part of.
func nearest(v float64) int { return int(math.Floor(v + 0.5)) }

func drawMask(dst *image.RGBA, m *image.Alpha, x, y int, c rgba) {
	if m == nil {
		return
	}
	r := m.Rect.Add(image.Pt(x, y)).Intersect(dst.Rect)
	for py := r.Min.Y; py < r.Max.Y; py++ {
		from := m.Pix[(py-y)*m.Stride+r.Min.X-x:]
		to := dst.Pix[dst.PixOffset(r.Min.X, py):]
		for i := range r.Dx() {
			if a := uint32(from[i]); a != 0 {
				blend(to[4*i:4*i+4:4*i+4], c, a+a>>7)
			}
		}
	}
}
