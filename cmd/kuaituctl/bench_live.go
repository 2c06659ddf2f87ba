package main

import (
	"context"
	"fmt"
	"math"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"slices"
	"time"

	"kuaitu/block"
	"kuaitu/mapview"
)

// firstPicture starts a process that draws the whole city, without our cache file and with it: from before its start to its last pixel.
func (b *mapBench) firstPicture() error {
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("first picture: %w", err)
	}
	flag := "--store"
	if b.foreign {
		flag = "--gpkg"
	}
	for _, how := range []string{"cold", "warm"} {
		arg := "--cold=false"
		if how == "cold" {
			arg = "--cold"
		}
		var times []float64
		var cpu float64
		for range b.times(3) {
			start := time.Now()
			cmd := exec.CommandContext(b.ctx, self, "bench", "first", flag, b.path, arg)
			out, err := cmd.StdoutPipe()
			if err != nil {
				return fmt.Errorf("first picture: %w", err)
			}
			cmd.Stderr = os.Stderr
			if err := cmd.Start(); err != nil {
				return fmt.Errorf("first picture: %w", err)
			}
			line := make([]byte, 1) // one byte says that the picture is done
			if _, err := out.Read(line); err != nil {
				return fmt.Errorf("first picture: %w", err)
			}
			times = append(times, 1000*time.Since(start).Seconds())
			if err := cmd.Wait(); err != nil {
				return fmt.Errorf("first picture: %w", err)
			}
			cpu = 1000 * (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds()
		}
		slices.Sort(times)
		b.run.put(figure{Name: "first." + how, Value: times[1], Unit: "ms", CPU: cpu, Limit: limits["first."+how]})
	}
	return nil
}

// benchFirst is the process that firstPicture starts.
func benchFirst(ctx context.Context, out *os.File, storePath, gpkg string, cold bool) error {
	b := &mapBench{ctx: ctx, path: storePath}
	if gpkg != "" {
		b.path, b.foreign = gpkg, true
	}
	var end func() error
	var err error
	if b.scene, end, err = b.openCity(!cold); err != nil {
		return err
	}
	for _, l := range b.scene.Layers {
		if b.data == nil || l.Data.Len() > b.data.Len() {
			b.data = l.Data
		}
	}
	if b.data == nil {
		return fmt.Errorf("nothing to draw: %w", block.ErrInvalid)
	}
	if _, err := b.render(b.wholeCity(1920, 1080), mapview.LightStyle()); err != nil {
		return err
	}
	if _, err := out.Write([]byte("\n")); err != nil {
		return err
	}
	return end()
}

// live runs a pyramid over the scene for fn.
func (b *mapBench) live(opt mapview.PyramidOptions, fn func(p *mapview.Pyramid) error) error {
	ctx, stop := context.WithCancel(b.ctx)
	p := mapview.NewPyramid(opt)
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	p.SetScene(b.scene, b.style)
	err := fn(p)
	stop()
	<-done
	return err
}

// settled waits until the view is complete.
func (b *mapBench) settled(p *mapview.Pyramid, ready <-chan struct{}) error {
	for p.Pending() > 0 {
		select {
		case <-ready:
		case <-b.ctx.Done():
			return b.ctx.Err()
		}
	}
	return nil
}

// signal is a channel that is ready after tiles became so, and the callback that makes it.
func signal() (<-chan struct{}, func()) {
	c := make(chan struct{}, 1)
	return c, func() {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}

// recolour gives the visible view other colours.
func (b *mapBench) recolour() error {
	ready, tell := signal()
	other := *b.style
	styles := []*mapview.Style{&other, b.style}
	turn := 0
	return b.live(mapview.PyramidOptions{Ready: tell}, func(p *mapview.Pyramid) error {
		for _, zoom := range []float64{13, 15, 17} {
			p.Want(mapview.Camera{Center: b.centre, Zoom: zoom, WidthPx: 1920, HeightPx: 1080})
			if err := b.settled(p, ready); err != nil {
				return err
			}
			err := b.run.median(fmt.Sprintf("recolour.z%g", zoom), 100, b.times(5), func() error {
				p.SetScene(b.scene, styles[turn%2])
				turn++
				return b.settled(p, ready)
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// jumps goes to places all over the city and waits for full detail.
func (b *mapBench) jumps() error {
	for _, screen := range []struct {
		name     string
		w, h     int
		p50, p95 float64
	}{{"1080p", 1920, 1080, 150, 400}, {"4k", 3840, 2160, 400, 1000}} {
		ready, tell := signal()
		err := b.live(mapview.PyramidOptions{Ready: tell}, func(p *mapview.Pyramid) error {
			var ms []float64
			for i, place := range b.places[:b.times(60)] {
				zoom := []float64{12, 14, 15, 16, 17, 18}[i%6]
				start := time.Now()
				p.Want(mapview.Camera{Center: place, Zoom: zoom, WidthPx: screen.w, HeightPx: screen.h})
				if err := b.settled(p, ready); err != nil {
					return err
				}
				ms = append(ms, 1000*time.Since(start).Seconds())
			}
			slices.Sort(ms)
			b.run.add("jump."+screen.name+".p50", ms[len(ms)/2], "ms", screen.p50)
			b.run.add("jump."+screen.name+".p95", ms[len(ms)*95/100], "ms", screen.p95)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// pan wanders over the city at the speed of a hand and looks at the memory in the end.
func (b *mapBench) pan() error {
	if b.minutes <= 0 {
		return nil
	}
	for _, screen := range []struct {
		name  string
		w, h  int
		limit float64
	}{{"1080p", 1920, 1080, 600}, {"4k", 3840, 2160, 1000}} {
		runtime.GC()
		debug.FreeOSMemory()
		var early, late float64
		frames, blank := 0, 0
		var stats mapview.PyramidStats
		err := b.live(mapview.PyramidOptions{}, func(p *mapview.Pyramid) error {
			cam := mapview.Camera{Center: b.centre, Zoom: 16, WidthPx: screen.w, HeightPx: screen.h}
			tick := time.NewTicker(time.Second / 60)
			defer tick.Stop()
			start := time.Now()
			length := time.Duration(b.minutes * float64(time.Minute))
			for time.Since(start) < length {
				t := time.Since(start).Seconds()
				cam = cam.Pan(25*math.Cos(t/3), 25*math.Sin(t/4.1))
				if frames%600 == 599 { // now and then somewhere else, at another zoom
					cam.Center = b.places[frames/600%len(b.places)]
					cam.Zoom = 13 + float64(frames/600%6)
				}
				p.Want(cam)
				if len(p.Tiles(cam)) == 0 && frames > 60 {
					blank++
				}
				frames++
				if early == 0 && time.Since(start) > length/3 {
					early = residentMB()
				}
				select {
				case <-tick.C:
				case <-b.ctx.Done():
					return b.ctx.Err()
				}
			}
			late, stats = residentMB(), p.Stats()
			return nil
		})
		if err != nil {
			return err
		}
		b.run.add("pan."+screen.name+".rss", late, "MB", screen.limit)
		if b.minutes >= 2 { // before, the cache is still being filled
			b.run.add("pan."+screen.name+".growth", late/early, "last to first third", 1.15)
		}
		b.run.say("pan."+screen.name+".tile", float64(stats.MeanTile.Microseconds())/1000, fmt.Sprintf("ms wall, mean of %d; %d given up", stats.Drawn, stats.GivenUp))
		b.run.say("pan."+screen.name+".cache", float64(stats.CacheBytes>>20), fmt.Sprintf("MB of %d pictures", stats.CacheTiles))
		b.run.say("pan."+screen.name+".blank", float64(blank), fmt.Sprintf("of %d frames", frames))
	}
	return nil
}
