package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"image"
	"io"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"time"

	"kuaitu/block"
	"kuaitu/cmd/internal/cli"
	"kuaitu/cmd/internal/console"
	"kuaitu/mapview"
	"kuaitu/mapview/picture"
	"kuaitu/store"

	"github.com/paulmach/orb"
)

func renderCommand() cli.Command {
	return cli.Command{
		Name: "render", Args: "--store FILE|--gpkg FILE [--style FILE] --center LON,LAT --zoom Z --size WxH --out PNG  |  --serve",
		Summary: "draw a view of the map, of a store or of any GeoPackage by a style; with --serve one request a line on stdin",
		Setup: func(fs *flag.FlagSet) func(context.Context, *cli.Env, []string) error {
			path := storeFlag(fs)
			gpkg := fs.String("gpkg", "", "draw this GeoPackage of others instead of a store; --style names its tables as source-layers")
			styleDoc := fs.String("style", "", "draw by this style document (`FILE`, or light, dark, wall) instead of the built-in look")
			lenient := fs.Bool("lenient", false, "with --style: leave out what is not understood instead of refusing it")
			pack := fs.String("pack", "", "`PACK` whose base map lies below; default: none")
			base := fs.String("base", "", "which `MAP` of the pack: a file name, vector, raster or none; default: the first, vector before raster")
			center := fs.String("center", "", "middle of the view, `LON,LAT` in degrees")
			zoom := fs.Float64("zoom", 14, "`zoom` of 256-px tiles, may be fractional")
			size := fs.String("size", "1600x900", "`WxH` in pixels")
			layers := fs.String("layers", "", "only these layers, `A,B`; default: all")
			dark := fs.Bool("dark", false, "the dark style")
			out := fs.String("out", "", "PNG `file`")
			asJSON := fs.Bool("json", false, "print one JSON document")
			serve := fs.Bool("serve", false, "answer each line of stdin")
			return func(ctx context.Context, env *cli.Env, args []string) error {
				if len(args) > 0 || !*serve && (*center == "" || *out == "") {
					return cli.Usagef("--center and --out, or --serve, are needed")
				}
				var v view
				if !*serve {
					var err error
					if v, err = parseView(*center, *zoom, *size, *out); err != nil {
						return err
					}
				}
				if *styleDoc != "" && (*layers != "" || *dark) {
					return cli.Usagef("--style says itself what is drawn: it goes without --layers and --dark")
				}
				scene := console.SceneOptions{Pack: *pack, Base: *base, Dark: *dark, Layers: splitList(*layers), Lenient: *lenient}
				draw := func(r *renderer) error {
					if *serve {
						return r.serve(ctx, env)
					}
					answer, err := r.picture(ctx, v)
					if err == nil && *asJSON {
						err = env.JSON(answer)
					}
					return err
				}
				if *gpkg != "" {
					if *path != "" || *styleDoc == "" {
						return cli.Usagef("--gpkg goes with --style and without --store")
					}
					return drawGPKG(ctx, env, *gpkg, *styleDoc, scene, draw)
				}
				return withStore(ctx, *path, func(st *store.Store) error {
					check := func(out string) error { return console.CheckOutput(st, out) }
					if *styleDoc != "" {
						s, err := console.OpenStoreStyled(ctx, st, *styleDoc, scene)
						if err != nil {
							return err
						}
						defer s.Close()
						return drawStyled(env, s, check, draw)
					}
					v, err := console.OpenScene(ctx, st, scene)
					if err != nil {
						return err
					}
					defer v.Close()
					return draw(&renderer{scene: v.Scene, style: v.Style, check: check})
				})
			}
		},
	}
}

// drawGPKG draws a GeoPackage of others, without importing it.
func drawGPKG(ctx context.Context, env *cli.Env, path, styleDoc string, scene console.SceneOptions, draw func(*renderer) error) error {
	s, err := console.OpenGPKGStyled(ctx, path, styleDoc, scene)
	if err != nil {
		return err
	}
	defer s.Close()
	return drawStyled(env, s, func(out string) error { return console.CheckOverwrite(out, path) }, draw)
}

// drawStyled draws what a style document makes. The style of our own only lends its fonts and the colour of the ground.
func drawStyled(env *cli.Env, s *console.Styled, check func(string) error, draw func(*renderer) error) error {
	s.Tell(env.Say)
	style, err := console.Style(false)
	if err != nil {
		return err
	}
	return draw(&renderer{scene: s.Scene, style: style, check: check})
}

// view is one picture of the map.
type view struct {
	center        orb.Point
	zoom          float64
	width, height int
	out           string // "" keeps no file
}

func parseView(center string, zoom float64, size, out string) (v view, err error) {
	v = view{zoom: zoom, out: out}
	if v.center, err = place(center); err != nil {
		return v, err
	}
	if v.width, v.height, err = parseSize(size); err != nil {
		return v, err
	}
	return v, v.check()
}

// check refuses what cannot be drawn or written.
func (v view) check() error {
	if v.width < 1 || v.height < 1 || v.width > maxPixels || v.height > maxPixels {
		return fmt.Errorf("a view of %d x %d pixels; a side is 1 to %d: %w", v.width, v.height, maxPixels, block.ErrInvalid)
	}
	if err := errors.Join(onEarth(v.center), checkZoom(v.zoom)); err != nil {
		return err
	}
	if v.out != "" {
		return checkExtension(v.out, ".png")
	}
	return nil
}

// drawn is what render answers about a picture. WallMS runs from the request to the finished pixels in memory.
type drawn struct {
	View    json.RawMessage `json:"view,omitempty"`
	File    string          `json:"file,omitempty"`
	WallMS  float64         `json:"wall_ms"`
	CPU     float64         `json:"cpu_s"`
	PeakRSS float64         `json:"peak_rss_mb"`
}

// renderer draws views of one scene.
type renderer struct {
	scene mapview.Scene
	style *mapview.Style
	check func(out string) error // refuses to write over what must not be lost
	img   *image.RGBA            // of the last view, drawn over when the next one is as large
}

// picture draws a view from scratch and keeps it in its file, if it has one.
func (r *renderer) picture(ctx context.Context, v view) (drawn, error) {
	start, cpu := time.Now(), cpuSeconds()
	if v.out != "" {
		if err := r.check(v.out); err != nil {
			return drawn{}, err
		}
	}
	cam := mapview.Camera{Center: v.center, Zoom: v.zoom, WidthPx: v.width, HeightPx: v.height}
	if size := image.Rect(0, 0, v.width, v.height); r.img == nil || r.img.Rect != size {
		r.img = image.NewRGBA(size)
	}
	if err := mapview.Render(ctx, r.img, cam, r.style, r.scene); err != nil {
		return drawn{}, fmt.Errorf("draw view: %w", err)
	}
	d := drawn{File: v.out, WallMS: float64(time.Since(start).Microseconds()) / 1000, CPU: cpuSeconds() - cpu, PeakRSS: peakRSS()}
	if v.out == "" {
		return d, nil
	}
	return d, writePNG(v.out, r.img)
}

func writePNG(path string, img image.Image) error {
	return writePicture(path, func(w io.Writer) error { return picture.Encode(w, img) })
}

// writePicture writes a picture beside its place and renames it, so that a reader never sees half of one.
func writePicture(path string, encode func(io.Writer) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".picture-*")
	if err != nil {
		return fmt.Errorf("write picture: %w", err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	err = encode(f)
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Chmod(f.Name(), 0o644)
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("write picture: %w", err)
	}
	return nil
}

type viewRequest struct {
	View   json.RawMessage `json:"view"`
	Lon    float64         `json:"lon"`
	Lat    float64         `json:"lat"`
	Zoom   float64         `json:"zoom"`
	Width  int             `json:"width"`
	Height int             `json:"height"`
	Out    string          `json:"out"`
}

// maxRequest bounds a line of a request.
const maxRequest = 1 << 20

// serve answers requests from stdin until it ends. A request that cannot be answered gets its error as an answer, and the
// next one is read.
func (r *renderer) serve(ctx context.Context, env *cli.Env) error {
	if err := env.JSON(map[string]bool{"ready": true}); err != nil {
		return err
	}
	in := bufio.NewScanner(env.Stdin)
	in.Buffer(nil, maxRequest)
	for in.Scan() && ctx.Err() == nil {
		var request viewRequest
		err := json.Unmarshal(in.Bytes(), &request)
		if err != nil {
			err = fmt.Errorf("the request is not understood: %w", err)
		}
		v := view{center: orb.Point{request.Lon, request.Lat}, zoom: request.Zoom, width: request.Width, height: request.Height, out: request.Out}
		if err == nil {
			err = v.check()
		}
		var answer drawn
		if err == nil {
			answer, err = r.picture(ctx, v)
			answer.View = request.View
		}
		if err != nil {
			err = env.JSON(map[string]any{"view": request.View, "error": cli.Sentence(err)})
		} else {
			err = env.JSON(answer)
		}
		if err != nil {
			return err
		}
	}
	return in.Err()
}

// pictureDPI is how many of a picture's pixels a PDF puts on an inch, at ratio 1.
const pictureDPI = 96

func pictureCommand() cli.Command {
	return cli.Command{
		Name: "picture", Args: "--store FILE --region CODE --size WxH --out PNG|PDF",
		Summary: "make a picture of a region for a brief: title, legend, scale, attribution, watermark",
		Setup: func(fs *flag.FlagSet) func(context.Context, *cli.Env, []string) error {
			path := storeFlag(fs)
			var r console.PictureRequest
			fs.StringVar(&r.Pack, "pack", "", "`PACK` whose base map lies below; default: none")
			fs.StringVar(&r.Base, "base", "", "which `MAP` of the pack: a file name, vector, raster or none; default: the first, vector before raster")
			fs.StringVar(&r.RegionCode, "region", "", "`code` of the region")
			fs.StringVar(&r.Title, "title", "", "default: the region's name")
			fs.StringVar(&r.Watermark, "watermark", defaultWatermark(), "faint `TEXT` over the map; empty is none")
			fs.Float64Var(&r.Ratio, "ratio", 1, "size of letters and lines; 2 for print")
			fs.BoolVar(&r.Dark, "dark", false, "the dark style")
			fs.StringVar(&r.StyleDoc, "style", "", "draw the map by this style document (`FILE`, or light, dark, wall), without a legend")
			fs.BoolVar(&r.Lenient, "lenient", false, "with --style: leave out what is not understood instead of refusing it")
			size := fs.String("size", "1920x1080", "`WxH` in pixels")
			out := fs.String("out", "", "PNG or PDF `file`")
			asJSON := fs.Bool("json", false, "print one JSON document")
			return func(ctx context.Context, env *cli.Env, args []string) error {
				if r.RegionCode == "" || *out == "" || len(args) > 0 {
					return cli.Usagef("--region and --out are needed")
				}
				var err error
				if r.WidthPx, r.HeightPx, err = parseSize(*size); err != nil {
					return err
				}
				if !(r.Ratio >= 0.5 && r.Ratio <= 8) {
					return cli.Usagef("--ratio %g: it is 0.5 to 8", r.Ratio)
				}
				if err := checkExtension(*out, ".png", ".pdf"); err != nil {
					return err
				}
				return withStore(ctx, *path, func(st *store.Store) error {
					start := time.Now()
					if err := console.CheckOutput(st, *out); err != nil {
						return err
					}
					r.Say = env.Say
					img, err := console.Picture(ctx, st, r)
					if err != nil {
						return err
					}
					if strings.EqualFold(filepath.Ext(*out), ".pdf") {
						err = writePicture(*out, func(w io.Writer) error {
							return picture.EncodePDF(w, img, pictureDPI*r.Ratio, cmp.Or(r.Title, r.RegionCode))
						})
					} else {
						err = writePNG(*out, img)
					}
					if err != nil || !*asJSON {
						return err
					}
					return env.JSON(map[string]any{"file": *out, "width": r.WidthPx, "height": r.HeightPx, "seconds": time.Since(start).Seconds()})
				})
			}
		},
	}
}

// defaultWatermark names whoever runs the program and the machine.
func defaultWatermark() string {
	var who []string
	if u, err := user.Current(); err == nil {
		who = append(who, u.Username)
	}
	if host, err := os.Hostname(); err == nil {
		who = append(who, host)
	}
	return strings.Join(append(who, "仅供内部使用"), " · ")
}

// cpuSeconds is the CPU time of this process so far, peakRSS its largest resident memory in MB; 0 where unknown.
func cpuSeconds() float64 { cpu, _ := usage(); return cpu }
func peakRSS() float64    { _, rss := usage(); return rss }
