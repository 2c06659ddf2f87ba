package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"kuaitu/block"
	"kuaitu/cmd/internal/cli"
	"kuaitu/cmd/internal/console"
	"kuaitu/mapview"
	"kuaitu/store"

	"github.com/paulmach/orb"
)

func renderCommand() cli.Command {
	return cli.Command{
		Name: "render", Args: "--store FILE --center LON,LAT --zoom Z --size WxH --out PNG  |  --serve",
		Summary: "draw a view of the map; with --serve one request a line on stdin",
		Setup: func(fs *flag.FlagSet) func(context.Context, *cli.Env, []string) error {
			path := storeFlag(fs)
			pack := fs.String("pack", "", "`PACK` whose base map lies below; default: none")
			center := fs.String("center", "", "middle of the view, `LON,LAT` in degrees")
			zoom := fs.Float64("zoom", 14, "`zoom` of 256-px tiles, may be fractional")
			size := fs.String("size", "1600x900", "`WxH` in pixels")
			layers := fs.String("layers", "", "only these layers, `A,B`; default: all")
			dark := fs.Bool("dark", false, "the dark style")
			out := fs.String("out", "", "PNG `file`")
			serve := fs.Bool("serve", false, "answer each line of stdin")
			return func(ctx context.Context, env *cli.Env, args []string) error {
				if len(args) > 0 || !*serve && (*center == "" || *out == "") {
					return cli.Usagef("--center and --out, or --serve, are needed")
				}
				return withStore(ctx, *path, func(st *store.Store) error {
					scene, style, closeScene, err := console.OpenScene(ctx, st, console.SceneOptions{Pack: *pack, Dark: *dark, Layers: splitList(*layers)})
					if err != nil {
						return err
					}
					defer closeScene()
					if *serve {
						return serveViews(ctx, env, st, scene, style)
					}
					n, err := floats(*center, 2)
					if err != nil {
						return err
					}
					w, h, err := parseSize(*size)
					if err != nil {
						return err
					}
					if err := console.CheckOutput(st, *out); err != nil {
						return err
					}
					img, _, err := drawView(ctx, scene, style, n[0], n[1], *zoom, w, h)
					if err != nil {
						return err
					}
					return writePNG(*out, img)
				})
			}
		},
	}
}

func splitList(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, ",")
}

// parseSize reads WxH in pixels, each 16 to 16384.
func parseSize(s string) (w, h int, err error) {
	ws, hs, ok := strings.Cut(strings.ToLower(s), "x")
	w, errW := strconv.Atoi(ws)
	h, errH := strconv.Atoi(hs)
	if !ok || errW != nil || errH != nil || w < 16 || h < 16 || w > 16384 || h > 16384 {
		return 0, 0, cli.Usagef("size %q: WxH in pixels, 16 to 16384 each", s)
	}
	return w, h, nil
}

func drawView(ctx context.Context, scene mapview.Scene, style *mapview.Style, lon, lat, zoom float64, w, h int) (*image.RGBA, time.Duration, error) {
	start := time.Now()
	cam := mapview.Camera{Center: orb.Point{lon, lat}, Zoom: zoom, WidthPx: w, HeightPx: h}
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	if err := mapview.Render(ctx, img, cam, style, scene); err != nil {
		return nil, 0, fmt.Errorf("draw view: %w", err)
	}
	return img, time.Since(start), nil
}

// writePNG writes a picture beside its place and renames it, so that a reader never sees half of one.
func writePNG(path string, img image.Image) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".picture-*")
	if err != nil {
		return fmt.Errorf("write picture: %w", err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	err = (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(f, img)
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

// serveViews answers requests from stdin until it ends. wall_ms is from the request to the finished picture in memory. A
// request that cannot be answered gets its error as an answer, and the next one is read.
func serveViews(ctx context.Context, env *cli.Env, st *store.Store, scene mapview.Scene, style *mapview.Style) error {
	if err := env.JSON(map[string]bool{"ready": true}); err != nil {
		return err
	}
	in := bufio.NewScanner(env.Stdin)
	for in.Scan() && ctx.Err() == nil {
		var r viewRequest
		answer, err := serveView(ctx, st, scene, style, in.Bytes(), &r)
		if err != nil {
			answer = map[string]any{"view": r.View, "error": err.Error()}
		}
		if err := env.JSON(answer); err != nil {
			return err
		}
	}
	return in.Err()
}

func serveView(ctx context.Context, st *store.Store, scene mapview.Scene, style *mapview.Style, line []byte, r *viewRequest) (map[string]any, error) {
	start, cpu := time.Now(), cpuSeconds()
	if err := json.Unmarshal(line, r); err != nil {
		return nil, fmt.Errorf("request: %v: %w", err, block.ErrInvalid)
	}
	switch {
	case r.Width < 1 || r.Height < 1 || r.Width > maxPixels || r.Height > maxPixels:
		return nil, fmt.Errorf("a view of %d x %d pixels: %w", r.Width, r.Height, block.ErrInvalid)
	case r.Lon < -180 || r.Lon > 180 || r.Lat < -90 || r.Lat > 90 || r.Zoom < mapview.MinZoom || r.Zoom > mapview.MaxZoom:
		return nil, fmt.Errorf("a view at %g, %g, zoom %g: %w", r.Lon, r.Lat, r.Zoom, block.ErrInvalid)
	}
	img, _, err := drawView(ctx, scene, style, r.Lon, r.Lat, r.Zoom, r.Width, r.Height)
	if err != nil {
		return nil, err
	}
	wall := time.Since(start)
	answer := map[string]any{"view": r.View, "wall_ms": float64(wall.Microseconds()) / 1000, "cpu_s": cpuSeconds() - cpu, "peak_rss_mb": peakRSS()}
	if r.Out != "" {
		if err := console.CheckOutput(st, r.Out); err != nil {
			return nil, err
		}
		err = writePNG(r.Out, img)
	}
	return answer, err
}

// maxPixels bounds a picture's sides.
const maxPixels = 16384

func pictureCommand() cli.Command {
	return cli.Command{
		Name: "picture", Args: "--store FILE --region CODE --size WxH --out PNG",
		Summary: "make a picture of a region for a brief: title, legend, scale, attribution",
		Setup: func(fs *flag.FlagSet) func(context.Context, *cli.Env, []string) error {
			path := storeFlag(fs)
			pack := fs.String("pack", "", "`PACK` whose base map lies below; default: none")
			region := fs.String("region", "", "`code` of the region")
			size := fs.String("size", "1920x1080", "`WxH` in pixels")
			title := fs.String("title", "", "default: the region's name")
			out := fs.String("out", "", "PNG `file`")
			return func(ctx context.Context, env *cli.Env, args []string) error {
				if *region == "" || *out == "" || len(args) > 0 {
					return cli.Usagef("--region and --out are needed")
				}
				w, h, err := parseSize(*size)
				if err != nil {
					return err
				}
				if !strings.EqualFold(filepath.Ext(*out), ".png") {
					return cli.Usagef("%s: pictures are PNG", filepath.Base(*out))
				}
				return withStore(ctx, *path, func(st *store.Store) error {
					img, err := console.Picture(ctx, st, console.PictureRequest{Pack: *pack, RegionCode: *region, Title: *title, WidthPx: w, HeightPx: h})
					if err != nil {
						return err
					}
					if err := console.CheckOutput(st, *out); err != nil {
						return err
					}
					return writePNG(*out, img)
				})
			}
		},
	}
}

// cpuSeconds is the CPU time of this process so far, peakRSS its largest resident memory in MB; 0 where unknown.
func cpuSeconds() float64 { cpu, _ := usage(); return cpu }
func peakRSS() float64    { _, rss := usage(); return rss }
