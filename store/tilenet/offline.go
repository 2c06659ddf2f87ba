package tilenet

import (
	"fmt"
	"log/slog"
)

// announceLocked tells, soon and together with others, that asking again is worth while.
func (f *fetcher) announceLocked(keys ...gridKey) {
	if f.arrived == nil || len(keys) == 0 {
		return
	}
	f.news = append(f.news, keys...)
	if len(f.news) > len(keys) {
		return // somebody is about to
	}
	f.spawnLocked(func() {
		f.sleep(f.pace.gather, nil)
		f.mu.Lock()
		news, arrived := f.news, f.arrived
		f.news = nil
		f.mu.Unlock()
		if f.ctx.Err() != nil {
			return
		}
		for _, k := range news {
			arrived(k)
		}
	})
}

func (f *fetcher) missLocked(k gridKey) {
	if len(f.missed) >= missedLimit {
		f.overflow = true
		return
	}
	f.missed[k] = true
}

// answeredLocked notes that the server is there.
func (f *fetcher) answeredLocked() {
	f.inARow = 0
	if !f.offline {
		return
	}
	f.offline, f.since, f.lastError = false, f.now(), nil
	slog.Info("tile source is online again", "source", f.config.ID)
	keys := make([]gridKey, 0, len(f.missed))
	for k := range f.missed {
		keys = append(keys, k)
	}
	if f.overflow {
		keys = []gridKey{{0, 0, 0}} // the whole world
	}
	f.overflow = false
	clear(f.missed)
	clear(f.failed)
	f.announceLocked(keys...)
}

// goOfflineLocked stops asking the server, but for a probe now and then.
func (f *fetcher) goOfflineLocked(why error) {
	if f.offline {
		return
	}
	f.offline, f.since = true, f.now()
	slog.Warn("tile source is offline", "source", f.config.ID, "err", why)
	for _, j := range f.jobs {
		if j.announce {
			f.missLocked(j.key)
		}
		if !j.asking {
			f.endLocked(j, fmt.Errorf("%w: %w", ErrOffline, why))
		}
	}
	f.queue = nil
	f.spawnLocked(f.probe)
}

// probe asks for one of the missed tiles until the server answers.
func (f *fetcher) probe() {
	pause := f.pace.firstProbe
	for {
		f.sleep(jitter(pause), f.kick)
		if f.ctx.Err() != nil {
			return
		}
		f.mu.Lock()
		if !f.offline { // a request that was under way came back
			f.mu.Unlock()
			return
		}
		j := &job{key: f.missedLocked(), done: make(chan struct{})}
		f.counts.Requests++
		f.mu.Unlock()
		r := f.ask(f.ctx, j.key, j.was)
		f.keep(j, r)
		f.mu.Lock()
		switch r.outcome {
		case gotTile, unchanged, noTile:
			f.answeredLocked()
			f.mu.Unlock()
			return
		}
		f.counts.Failures++
		f.lastError = r.err
		f.mu.Unlock()
		pause = min(2*pause, f.pace.lastProbe)
	}
}

func (f *fetcher) missedLocked() gridKey {
	for k := range f.missed {
		return k
	}
	return gridKey{f.info.MinZoom, 0, 0}
}
