package console

import (
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"math"
	"os"
	"path/filepath"

	"kuaitu/block"
	"kuaitu/geo"
	"kuaitu/mapview"
	"kuaitu/store/tilenet"
	"kuaitu/store/tileset"

	"github.com/paulmach/orb"
)

// Offline says what part of a source of tiles to keep in a file, for when there is no network.
type Offline struct {
	Source           tilenet.Encoded
	Area             orb.Geometry // a polygon or multipolygon, degrees
	MinZoom, MaxZoom int          // wanted; the source may have fewer
	File             string       // MBTiles; one that was begun is gone on with
	Quota            int64        // bytes of tiles that the file may hold; 0: no end
}

// OfflinePlan is what an Offline comes to.
type OfflinePlan struct {
	tilenet.Estimate
	MinZoom, MaxZoom int   // that there are
	Have             int64 // bytes that the file has on disk already
	Free             int64 // bytes free on its disk; -1 when unknown
}

// ErrNoRoom says that the disk has not enough room. It is a block.ErrUnavailable.
var ErrNoRoom = fmt.Errorf("not enough room on the disk: %w", block.ErrUnavailable)

// diskReserve stays free on the disk.
const diskReserve = 64 << 20

// Plan counts the tiles and guesses from some how large they are. It asks the source for these, and refuses a file that
// cannot be where it is to be.
func (o Offline) Plan(ctx context.Context) (OfflinePlan, error) {
	plan, err := tilenet.NewPlan(o.Area, o.MinZoom, o.MaxZoom, o.Source)
	if err != nil {
		return OfflinePlan{}, OfflineError(err)
	}
	if err := o.inTheWay(); err != nil {
		return OfflinePlan{}, err
	}
	out := OfflinePlan{MinZoom: plan.MinZoom, MaxZoom: plan.MaxZoom, Free: DiskFree(filepath.Dir(o.File))}
	if info, err := os.Stat(o.File); err == nil && info.Mode().IsRegular() {
		out.Have = info.Size()
	}
	if out.Estimate, err = plan.Sample(ctx); err != nil {
		return out, OfflineError(err)
	}
	return out, nil
}

// Fits says why what was planned cannot be taken: nothing answers, the quota, the disk. nil when nothing stands against it.
func (o Offline) Fits(p OfflinePlan) error {
	if source, ok := o.Source.(tilenet.Source); ok && p.Sampled == 0 {
		why := source.State().Error
		if why == "" {
			why = "no tile could be had"
		}
		return fmt.Errorf("the tile server gives nothing: %s: %w", why, block.ErrUnavailable)
	}
	if o.Quota > 0 && p.Bytes > o.Quota {
		return fmt.Errorf("the area takes about %s, the quota is %s; fewer levels or a smaller area fit: %w", megabytes(p.Bytes), megabytes(o.Quota), block.ErrRefused)
	}
	if need := p.Bytes + p.Bytes/16 - p.Have; p.Free >= 0 && need+diskReserve > p.Free {
		return fmt.Errorf("about %s more are needed and %s are free: %w", megabytes(max(0, need)), megabytes(p.Free), ErrNoRoom)
	}
	return nil
}

// megabytes is a number of bytes in words.
func megabytes(n int64) string {
	if n < 10_000_000 {
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	}
	return fmt.Sprintf("%.0f MB", float64(n)/1e6)
}

// Take writes the tiles into the file, or those that it lacks. After any error the same call goes on. progress may be nil.
func (o Offline) Take(ctx context.Context, progress func(tilenet.Progress)) (tilenet.Progress, error) {
	plan, err := tilenet.NewPlan(o.Area, o.MinZoom, o.MaxZoom, o.Source)
	if err != nil {
		return tilenet.Progress{}, OfflineError(err)
	}
	if err := o.inTheWay(); err != nil {
		return tilenet.Progress{}, err
	}
	p, err := tilenet.Download(ctx, plan, o.File, tilenet.DownloadOptions{MaxBytes: o.Quota, Progress: progress})
	return p, OfflineError(err)
}

// inTheWay refuses a place where the file cannot be.
func (o Offline) inTheWay() error {
	if info, err := os.Stat(filepath.Dir(o.File)); err != nil || !info.IsDir() {
		return fmt.Errorf("there is no folder %s: %w", filepath.Dir(o.File), block.ErrNotFound)
	}
	info, err := os.Lstat(o.File)
	if err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("%s is not a file: %w", filepath.Base(o.File), block.ErrConflict)
	}
	return nil
}

// OfflineError gives an error of taking an area offline its kind, and its words where those of the parts say too little.
func OfflineError(err error) error {
	var code interface{ Code() int }
	switch {
	case err == nil, errors.Is(err, context.Canceled):
		return err
	case errors.As(err, &code) && code.Code()&0xff == sqliteFull:
		return fmt.Errorf("what was taken so far is kept, and the same command goes on: %w", ErrNoRoom)
	case errors.As(err, &code) && (code.Code()&0xff == sqliteReadOnly || code.Code()&0xff == sqliteCannotOpen):
		return fmt.Errorf("the file cannot be written: %w", block.ErrRefused)
	case errors.As(err, &code) && code.Code()&0xff == sqliteBusy:
		return fmt.Errorf("another program writes the file: %w", block.ErrConflict)
	case errors.Is(err, tileset.ErrOtherFile):
		return fmt.Errorf("the file is there already and holds other tiles, or something else; choose another name: %w", block.ErrConflict)
	case errors.Is(err, tilenet.ErrQuota):
		return fmt.Errorf("%w: %w", err, block.ErrRefused)
	case errors.Is(err, tilenet.ErrArea), errors.Is(err, tilenet.ErrConfig), errors.Is(err, tilenet.ErrKey), errors.Is(err, tilenet.ErrService), errors.Is(err, tileset.ErrNotTiles), errors.Is(err, tileset.ErrUnsupported):
		return fmt.Errorf("%w: %w", err, block.ErrInvalid)
	}
	return fmt.Errorf("%w: %w", err, block.ErrUnavailable)
}

// SQLite's result codes that mean something to whoever takes an area.
const (
	sqliteBusy       = 5
	sqliteReadOnly   = 8
	sqliteFull       = 13
	sqliteCannotOpen = 14
)

// OfflineProof is what was found in a file without any network.
type OfflineProof struct {
	tilenet.CheckResult
	Bytes   int64       // of the file
	LeftOut int         // tiles, or parts of vector tiles, that the picture left out
	Picture *image.RGBA // the area, drawn from the file alone
}

// proofWidth and proofHeight are the size of the picture, pixels.
const proofWidth, proofHeight = 1024, 768

// ProveOffline reads every tile of an area from a file that was taken, sees that each can be shown, and draws the area. It
// uses nothing but the file. What is missing is in the result and no error.
func ProveOffline(ctx context.Context, file string, area orb.Geometry, minZoom, maxZoom int) (p OfflineProof, err error) {
	info, err := os.Stat(file)
	if err != nil {
		return p, fmt.Errorf("check area: %w", err)
	}
	p.Bytes = info.Size()
	m, closer, err := OpenBaseMap(file, "")
	if err != nil {
		return p, err
	}
	defer func(c io.Closer) { err = errors.Join(err, c.Close()) }(closer)
	set, ok := closer.(tilenet.Encoded)
	if !ok {
		return p, fmt.Errorf("%s holds no tiles: %w", filepath.Base(file), block.ErrInvalid)
	}
	has := set.Info()
	lo, hi := max(minZoom, has.MinZoom), min(maxZoom, has.MaxZoom)
	if lo > hi {
		return p, fmt.Errorf("the file has levels %d to %d, wanted are %d to %d: %w", has.MinZoom, has.MaxZoom, minZoom, maxZoom, block.ErrInvalid)
	}
	if p.CheckResult, err = tilenet.Check(ctx, file, area, lo, hi); err != nil {
		return p, OfflineError(err)
	}
	style, err := Style(false)
	if err != nil {
		return p, err
	}
	cam := mapview.Camera{WidthPx: proofWidth, HeightPx: proofHeight}.Fit(area.Bound(), 0)
	cam.Zoom = math.Max(float64(lo), math.Min(cam.Zoom, float64(hi)))
	p.Picture = image.NewRGBA(image.Rect(0, 0, cam.WidthPx, cam.HeightPx))
	scene := mapview.Scene{Layers: m.Layers(false)}
	if err := mapview.Render(ctx, p.Picture, cam, style, scene); err != nil {
		return p, fmt.Errorf("draw area: %w", err)
	}
	p.LeftOut = scene.Broken()
	return p, nil
}

// RegionArea is the polygon of a region's record.
func RegionArea(r block.Region) (orb.Geometry, error) {
	if len(r.Geometry) == 0 {
		return nil, fmt.Errorf("region %s has no boundary here: %w", r.Code, block.ErrNotFound)
	}
	g, err := geo.ParseWKB(r.Geometry)
	if err != nil {
		return nil, fmt.Errorf("boundary of region %s: %w", r.Code, errors.Join(err, block.ErrInvalid))
	}
	return g, nil
}
