package mapwidget

import (
	"fmt"
	"image"
	"math"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
)

// picture shows one tile after another on a canvas. A picture that only moves keeps its texture; set is what costs an upload.
type picture interface {
	object() fyne.CanvasObject
	set(img *image.RGBA)
	// place puts the picture at x, y with a side, in device pixels of a view of w×h, and shows it.
	place(x, y, side float64, w, h int, scale float32)
	hide()
}

// imagePicture is a picture that every painter draws. A change of its size uploads it again: zooming costs an upload a frame for each.
type imagePicture struct{ image *canvas.Image }

func newImagePicture(int) picture {
	p := &imagePicture{&canvas.Image{ScaleMode: canvas.ImageScaleFastest, FillMode: canvas.ImageFillStretch}}
	p.image.Hide()
	return p
}

func (p *imagePicture) object() fyne.CanvasObject { return p.image }

func (p *imagePicture) set(img *image.RGBA) {
	p.image.Image = img
	p.image.Refresh()
}

func (p *imagePicture) place(x, y, side float64, _, _ int, scale float32) {
	pos := fyne.NewPos(float32(x)/scale, float32(y)/scale)
	size := fyne.NewSquareSize(float32(side) / scale)
	if p.image.Size() != size {
		p.image.Resize(size)
	}
	if p.image.Position() != pos {
		p.image.Move(pos)
	}
	if p.image.Hidden {
		p.image.Show()
	}
}

func (p *imagePicture) hide() { p.image.Hide() }

// shaderPicture is a picture on the GPU whose size is free. Fyne rounds the box of an object to whole pixels, so the box covers the tile and
// the program works out from the uniforms which part of it the tile is: neighbours of any size meet without a seam.
type shaderPicture struct{ shader *canvas.Shader }

// tileTexture is the name of the tile in the program.
const tileTexture = "tile"

// tileProgram draws the tile where it lies in the box: u0, v0 is the corner of the box and du, dv its size in units of the tile. What is
// beyond the tile by more than slack is left out. Tiles are premultiplied, Fyne's blending is not.
const tileProgram = `
uniform vec2 frame;
uniform vec4 bounds;
uniform sampler2D tile;
uniform float u0, v0, du, dv, slack;

void main() {
	vec2 at = vec2(gl_FragCoord.x, frame.y - gl_FragCoord.y) - bounds.xy;
	vec2 t = vec2(u0, v0) + at / (bounds.zw - bounds.xy) * vec2(du, dv);
	if (t.x < -slack || t.y < -slack || t.x > 1.0 + slack || t.y > 1.0 + slack) {
		discard;
	}
	vec4 c = texture2D(tile, t);
	gl_FragColor = c.a > 0.0 ? vec4(c.rgb / c.a, c.a) : vec4(0.0);
}
`

const precisionES = `
#ifdef GL_FRAGMENT_PRECISION_HIGH
precision highp float;
#else
precision mediump float;
#endif
precision lowp sampler2D;
`

// newTileShader makes a shader of a name. Fyne keeps program and texture by the name, so every picture has its own.
func newTileShader(name string) *canvas.Shader {
	s := canvas.NewShader(name, []byte("#version 110\n"+tileProgram), []byte("#version 100\n"+precisionES+tileProgram))
	s.Textures = map[string]image.Image{}
	s.Uniforms = map[string]float32{"u0": 0, "v0": 0, "du": 1, "dv": 1, "slack": 0}
	return s
}

func newShaderPicture(n int) picture {
	p := &shaderPicture{newTileShader(fmt.Sprintf("kuaitu-map-%02d", n))}
	p.shader.Hide()
	return p
}

func (p *shaderPicture) object() fyne.CanvasObject { return p.shader }

func (p *shaderPicture) set(img *image.RGBA) { p.shader.Textures[tileTexture] = img }

// seamPx is by how many pixels neighbours may overlap, so that rounding leaves no gap between them.
const seamPx = 0.02

func (p *shaderPicture) place(x, y, side float64, w, h int, scale float32) {
	// The box is what can be seen of the tile: single precision is enough for that, however far the tile is magnified.
	x0, x1 := math.Max(math.Floor(x), -side), math.Min(math.Ceil(x+side), float64(w))
	y0, y1 := math.Max(math.Floor(y), -side), math.Min(math.Ceil(y+side), float64(h))
	if side > maxWhole {
		x0, y0 = math.Max(x0, 0), math.Max(y0, 0)
	}
	if x1 <= x0 || y1 <= y0 {
		p.hide()
		return
	}
	u := p.shader.Uniforms
	u["u0"], u["du"] = float32((x0-x)/side), float32((x1-x0)/side)
	u["v0"], u["dv"] = float32((y0-y)/side), float32((y1-y0)/side)
	u["slack"] = float32(seamPx / side)
	p.shader.Move(fyne.NewPos(float32(x0)/scale, float32(y0)/scale))
	p.shader.Resize(fyne.NewSize(float32(x1-x0)/scale, float32(y1-y0)/scale))
	p.shader.Hidden = false
}

// maxWhole is the side in pixels above which a tile's box is cut to the view on all sides.
const maxWhole = 2048

func (p *shaderPicture) hide() { p.shader.Hidden = true }

// warm shows one clear pixel: the driver makes the program when it is first drawn, which takes it some milliseconds.
func (p *shaderPicture) warm() {
	p.set(image.NewRGBA(image.Rect(0, 0, 1, 1)))
	p.shader.Move(fyne.Position{})
	p.shader.Resize(fyne.NewSquareSize(1))
	p.shader.Hidden = false
}

// probe finds out whether this screen draws shaders: software painters do not, and a program that does not compile or link leaves
// nothing but a line in Fyne's log. Its shader is painted before its raster; when the raster is painted and nobody has asked for the
// shader's texture, there are no shaders here.
type probe struct {
	shader *canvas.Shader
	raster *canvas.Raster
}

// probeTexture is a picture of one pixel that notices when it is uploaded.
type probeTexture struct {
	image.Image
	asked bool
}

func (p *probeTexture) Bounds() image.Rectangle {
	p.asked = true
	return p.Image.Bounds()
}

// newProbe makes a probe that calls tell once, while it is painted.
func newProbe(tell func(works bool)) *probe {
	tex := &probeTexture{Image: image.NewRGBA(image.Rect(0, 0, 1, 1))}
	p := &probe{shader: newTileShader("kuaitu-map-probe")}
	p.shader.Textures[tileTexture] = tex
	told := false
	p.raster = canvas.NewRaster(func(w, h int) image.Image {
		if !told {
			told = true
			tell(tex.asked)
		}
		return image.NewRGBA(image.Rect(0, 0, w, h))
	})
	for _, o := range p.objects() {
		o.Resize(fyne.NewSquareSize(1))
	}
	return p
}

func (p *probe) objects() []fyne.CanvasObject { return []fyne.CanvasObject{p.shader, p.raster} }
