package tilenet

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"sync"
	"time"

	"github.com/paulmach/orb"
	"golang.org/x/sync/errgroup"

	"kuaitu/mapview"
	"kuaitu/store/tileset"
)

// ErrQuota says that an area takes more room than it may.
var ErrQuota = errors.New("more bytes than allowed")

const (
	usualPerSecond = 20
	usualPatience  = 2 * time.Minute
	maxFailed      = 10_000 // tiles that could not be had, after which a download is given up
	passes         = 3      // over tiles that failed
)

// DownloadOptions say how an area is taken offline. Zero values mean the defaults.
type DownloadOptions struct {
	MaxBytes    int64          // of tiles in the file; 0: no end
	Concurrency int            // tiles at a time; default 4
	PerSecond   float64        // tiles asked of the server; default 20
	Patience    time.Duration  // how long to wait for a server that cannot be reached; default 2 minutes
	Progress    func(Progress) // called after every tile, from one goroutine at a time; may be nil
}

// Progress is how far a download is. Done = Fetched + Kept + Absent + Failed.
type Progress struct {
	Tiles   int64 // of the plan
	Done    int64
	Fetched int64  // written now
	Kept    int64  // in the file already
	Absent  int64  // which the source does not have
	Failed  int64  // which could not be had, so far
	Bytes   int64  // of tiles in the file
	Waiting bool   // the server cannot be reached just now
	Error   string // the last one
}

// Download writes the tiles of a plan into an MBTiles file. What is in the file already is kept: a download that was stopped or killed goes on where
// it was. Tiles that fail are tried again at the end; if some fail for good the error says how many and the file is good without them.
//
// Errors: ErrQuota, ErrOffline (the server stayed away longer than Patience), tileset.ErrOtherFile (the file has tiles of another source), or ctx's; after each
// of them the same call goes on.
func Download(ctx context.Context, p *Plan, path string, opt DownloadOptions) (Progress, error) {
	info := p.src.Info()
	info.MinZoom, info.MaxZoom, info.Bound = p.MinZoom, p.MaxZoom, p.Bound
	w, err := tileset.OpenWriter(path, info, origin(p.src))
	if err != nil {
		return Progress{}, fmt.Errorf("take area offline: %w", err)
	}
	d := &download{plan: p, info: info, opt: opt, w: w, at: Progress{Tiles: p.Tiles(), Bytes: w.Bytes()}}
	d.opt.Concurrency = cmp.Or(opt.Concurrency, 4)
	d.opt.Patience = cmp.Or(opt.Patience, usualPatience)
	d.gap = time.Duration(float64(time.Second) / cmp.Or(opt.PerSecond, usualPerSecond))
	err = errors.Join(d.run(ctx), w.Close())
	if err == nil && d.at.Failed > 0 {
		err = fmt.Errorf("%d of %d tiles could not be had, the last because: %s", d.at.Failed, d.at.Tiles, d.at.Error)
	}
	if err != nil {
		err = fmt.Errorf("take area offline into %s: %w", filepath.Base(path), err)
	}
	return d.at, err
}

// origin names what tiles of a source depend on.
func origin(src Encoded) string {
	if s, ok := src.(Source); ok {
		return s.Config().ID + " " + s.Config().fingerprint()
	}
	return "file " + src.Info().Name
}

type download struct {
	plan *Plan
	info tileset.Info
	opt  DownloadOptions
	gap  time.Duration // between requests
	w    *tileset.Writer

	mu     sync.Mutex // guards what follows
	at     Progress
	failed []Tile
	slot   time.Time // when the next request may start
}

func (d *download) run(ctx context.Context) error {
	if err := d.pass(ctx, d.plan.All()); err != nil {
		return err
	}
	for range passes - 1 {
		again := d.failed
		if len(again) == 0 {
			return nil
		}
		d.mu.Lock()
		d.failed, d.at.Done, d.at.Failed = nil, d.at.Done-int64(len(again)), 0
		d.mu.Unlock()
		err := d.pass(ctx, func(yield func(Tile) bool) {
			for _, t := range again {
				if !yield(t) {
					return
				}
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// pass takes tiles by several goroutines.
func (d *download) pass(ctx context.Context, tiles func(yield func(Tile) bool)) error {
	g, all := errgroup.WithContext(ctx)
	g.SetLimit(d.opt.Concurrency)
	for t := range tiles {
		if all.Err() != nil {
			break
		}
		g.Go(func() error { return d.tile(all, t) })
	}
	if err := g.Wait(); err != nil {
		return err
	}
	return ctx.Err()
}

// tile takes one tile; an error ends the download.
func (d *download) tile(ctx context.Context, t Tile) error {
	z, x, y := t.Z, t.X, t.Y
	has, err := d.w.Has(ctx, z, x, y)
	if err != nil {
		return err
	}
	if has {
		d.note(func(p *Progress) { p.Kept++ })
		return nil
	}
	data, err := d.fetch(ctx, z, x, y)
	if err == nil {
		err = checkTile(d.info, data)
	}
	switch {
	case err == nil:
		if err := d.w.Put(z, x, y, data); err != nil {
			return err
		}
		d.note(func(p *Progress) { p.Fetched++ })
	case errors.Is(err, mapview.ErrNoTile):
		if err := d.w.Put(z, x, y, nil); err != nil {
			return err
		}
		d.note(func(p *Progress) { p.Absent++ })
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, ErrOffline):
		return err
	default:
		d.mu.Lock()
		d.failed = append(d.failed, t)
		tooMany := len(d.failed) > maxFailed
		d.mu.Unlock()
		d.note(func(p *Progress) { p.Failed++; p.Error = err.Error() })
		if tooMany {
			return fmt.Errorf("more than %d tiles could not be had: %w", maxFailed, err)
		}
	}
	if limit := d.opt.MaxBytes; limit > 0 && d.w.Bytes() > limit {
		return fmt.Errorf("%w: %d of %d", ErrQuota, d.w.Bytes(), limit)
	}
	return nil
}

// note changes the progress, tile by tile.
func (d *download) note(change func(p *Progress)) {
	bytes := d.w.Bytes()
	d.mu.Lock()
	defer d.mu.Unlock()
	change(&d.at)
	d.at.Done++
	d.at.Bytes, d.at.Waiting = bytes, false
	if d.opt.Progress != nil {
		d.opt.Progress(d.at)
	}
}

// fetch answers a tile, and waits for a server that cannot be reached as long as there is patience.
func (d *download) fetch(ctx context.Context, z, x, y int) ([]byte, error) {
	src, network := d.plan.src.(interface {
		Source
		kept(ctx context.Context, z, x, y int) bool
	})
	if !network {
		return d.plan.src.Encoded(ctx, z, x, y)
	}
	if !src.kept(ctx, z, x, y) {
		if err := d.turn(ctx); err != nil {
			return nil, err
		}
	}
	pause := d.opt.Patience / 64
	for waited := time.Duration(0); ; pause = min(2*pause, 10*time.Second) {
		data, err := src.Encoded(ctx, z, x, y)
		if !errors.Is(err, ErrOffline) || waited >= d.opt.Patience {
			return data, err
		}
		d.mu.Lock()
		d.at.Waiting, d.at.Error = true, err.Error()
		if d.opt.Progress != nil {
			d.opt.Progress(d.at)
		}
		d.mu.Unlock()
		if err := sleep(ctx, pause); err != nil {
			return nil, err
		}
		waited += pause
		src.Retry()
	}
}

// turn waits until the next request may start.
func (d *download) turn(ctx context.Context) error {
	d.mu.Lock()
	now := time.Now()
	if d.slot.Before(now) {
		d.slot = now
	}
	wait := d.slot.Sub(now)
	d.slot = d.slot.Add(d.gap)
	d.mu.Unlock()
	return sleep(ctx, wait)
}

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// CheckResult is what [Check] found. Tiles = Present + Absent + Missing + Broken.
type CheckResult struct {
	Tiles   int64
	Present int64  // there, and can be shown
	Absent  int64  // the source does not have them
	Missing int64  // not in the file
	Broken  int64  // in the file, and cannot be shown
	First   []Tile // missing and broken ones, the first twenty
}

// OK says that the area can be shown with no network.
func (r CheckResult) OK() bool { return r.Missing == 0 && r.Broken == 0 && r.Present > 0 }

// Check reads every tile of an area (as for [NewPlan]) from a file that [Download] wrote, and sees that each can be shown. It uses nothing but the
// file.
func Check(ctx context.Context, path string, area orb.Geometry, minZoom, maxZoom int) (r CheckResult, err error) {
	opened, closer, err := tileset.Open(path)
	if err != nil {
		return r, fmt.Errorf("check area: %w", err)
	}
	defer func(c io.Closer) { err = errors.Join(err, c.Close()) }(closer)
	file := opened.(interface {
		Encoded
		Absent(ctx context.Context, z, x, y int) (bool, error)
	})
	p, err := newPlan(area, minZoom, maxZoom, file)
	if err != nil {
		return r, err
	}
	r.Tiles = p.Tiles()
	info := file.Info()
	for t := range p.All() {
		z, x, y := t.Z, t.X, t.Y
		data, err := file.Encoded(ctx, z, x, y)
		if err == nil {
			if err = checkTile(info, data); err == nil {
				r.Present++
				continue
			}
			r.Broken++
		} else if errors.Is(err, mapview.ErrNoTile) {
			absent, err := file.Absent(ctx, z, x, y)
			if err != nil {
				return r, fmt.Errorf("check area: %w", err)
			}
			if absent {
				r.Absent++
				continue
			}
			r.Missing++
		} else {
			return r, fmt.Errorf("check area: %w", err)
		}
		if len(r.First) < 20 {
			r.First = append(r.First, t)
		}
	}
	return r, nil
}
