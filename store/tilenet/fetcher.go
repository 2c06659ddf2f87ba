package tilenet

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"time"

	"kuaitu/mapview"
	"kuaitu/store/tileset"
)

// pace holds the times of a fetcher; tests shorten them.
type pace struct {
	firstRetry  time.Duration // before the second attempt, doubled for each further one
	attempts    int           // at a tile
	failures    int           // in a row, of any tile, until the source counts as offline
	firstProbe  time.Duration // after going offline, doubled up to lastProbe
	lastProbe   time.Duration
	forgetError time.Duration // how long a tile that failed is not asked for again
	gather      time.Duration // arrivals are announced together
}

var usualPace = pace{
	firstRetry: 500 * time.Millisecond, attempts: 3, failures: 5, firstProbe: time.Second, lastProbe: time.Minute,
	forgetError: time.Minute, gather: 60 * time.Millisecond,
}

const (
	queueLimit    = 512 // jobs waiting; those asked for longest ago are given up
	missedLimit   = 1024
	failedWatched = 256 // tiles that failed and are announced later
	memoryBytes   = 48 << 20

	// Requests close together are one look at the map: they are served in the order in which they were made, the middle of the view first. A later
	// look goes before an earlier one.
	lookGap    = 150 * time.Millisecond
	lookLength = 500 * time.Millisecond
)

var (
	errGivenUp = errors.New("given up for newer requests")
	errClosed  = errors.New("the source is closed")
)

// fetcher gets the tiles of one source: from memory, from the cache, from the server. Everything it starts ends with close.
type fetcher struct {
	config  Config
	address address
	info    tileset.Info
	client  *http.Client
	cache   *tileset.CacheSource // may be nil
	memory  *tileset.Memory[gridKey, held]
	pace    pace
	now     func() time.Time
	limit   int

	ctx    context.Context // the fetcher's life
	cancel context.CancelFunc
	wg     sync.WaitGroup
	kick   chan struct{} // probe now

	mu        sync.Mutex // guards what follows
	jobs      map[gridKey]*job
	queue     []*job // in the order they were asked for
	look      int    // number of the present one
	lookBegan time.Time
	lastAsked time.Time
	running   int
	pauseTill time.Time // the server asked for it
	inARow    int       // failures
	offline   bool
	since     time.Time // of the present state
	lastError error
	missed    map[gridKey]bool // asked for while offline
	overflow  bool             // missed more than that
	failed    map[gridKey]failure
	arrived   func(gridKey) // announces one tile; nil: nobody listens
	news      []gridKey     // to be announced
	counts    Counts
}

// held is a tile in memory.
type held struct {
	opened
	none  bool
	until time.Time
}

type failure struct {
	err   error
	until time.Time
}

// job is a tile being fetched for whoever asked.
type job struct {
	key      gridKey
	was      tileset.CachedTile // what is there and old
	look     int                // later ones go first; −1: nobody waits for it
	attempts int
	asking   bool          // the server is being asked
	waiting  int           // callers that wait for done
	announce bool          // somebody was told ErrNotYet
	done     chan struct{} // closed when what follows is set
	tile     tileset.CachedTile
	opened   opened
	err      error
}

// Counts are sums since a source was opened.
type Counts struct {
	Requests, Fetched, Unchanged, None, Failures, FromCache int64
}

func newFetcher(c Config) *fetcher {
	limit := c.Concurrency
	if limit == 0 {
		limit = 6
	}
	f := &fetcher{
		config: c, client: newClient(c, limit), memory: tileset.NewMemory[gridKey, held](memoryBytes), pace: usualPace, now: time.Now, limit: limit,
		kick: make(chan struct{}, 1), jobs: map[gridKey]*job{}, missed: map[gridKey]bool{}, failed: map[gridKey]failure{},
	}
	f.since = f.now()
	f.ctx, f.cancel = context.WithCancel(context.Background())
	return f
}

func (f *fetcher) close() {
	f.cancel()
	f.mu.Lock()
	for _, j := range f.jobs {
		f.endLocked(j, errClosed)
	}
	f.queue = nil
	f.mu.Unlock()
	f.wg.Wait()
	f.client.CloseIdleConnections()
}

// spawnLocked runs g, which close waits for; after close it does nothing.
func (f *fetcher) spawnLocked(g func()) {
	if f.ctx.Err() == nil {
		f.wg.Go(g)
	}
}

// open sees that a body is a whole tile of the source's kind.
func (f *fetcher) open(body []byte) (o opened, err error) {
	if f.info.Vector() {
		if s := tileset.Sniff(body); s != "pbf" && s != "" {
			return o, tileset.ErrBroken
		}
		o.vector, err = tileset.PlainVector(body)
		return o, err
	}
	if s := tileset.Sniff(body); s == "" || s == "pbf" {
		return o, tileset.ErrBroken
	}
	o.picture, err = tileset.DecodePicture(body)
	return o, err
}

// load answers a tile opened. Unless wait is set it does not wait for the server.
func (f *fetcher) load(ctx context.Context, k gridKey, wait bool) (opened, error) {
	if h, ok := f.memory.Get(k); ok {
		fresh := f.now().Before(h.until)
		if !fresh && !h.none {
			f.renew(ctx, k)
		}
		if h.none && fresh {
			return opened{}, mapview.ErrNoTile
		}
		if !h.none {
			return h.opened, nil
		}
	}
	t, found, err := f.cached(ctx, k)
	if err != nil {
		return opened{}, err
	}
	if found {
		o, err := f.open(t.Data)
		if err == nil {
			f.remember(k, o, t.FreshUntil)
			if f.now().After(t.FreshUntil) {
				f.revalidate(k, t)
			}
			return o, nil
		}
		slog.Warn("broken tile in the cache is fetched anew", "source", f.config.ID, "z", k.z, "x", k.x, "y", k.y, "err", err)
	}
	j, err := f.request(k, wait)
	if err != nil {
		return opened{}, err
	}
	if err := f.await(ctx, j); err != nil {
		return opened{}, err
	}
	return j.opened, nil
}

// raw answers a tile as the server sent it, and waits for it.
func (f *fetcher) raw(ctx context.Context, k gridKey) ([]byte, error) {
	t, found, err := f.cached(ctx, k)
	if err != nil || found {
		return t.Data, err
	}
	f.mu.Lock()
	delete(f.failed, k) // who takes an area offline wants to know now
	f.mu.Unlock()
	j, err := f.request(k, true)
	if err != nil {
		return nil, err
	}
	if err := f.await(ctx, j); err != nil {
		return nil, err
	}
	return j.tile.Data, nil
}

// cached looks into the cache on disk. A tile that is known not to exist is mapview.ErrNoTile as long as that is fresh.
func (f *fetcher) cached(ctx context.Context, k gridKey) (t tileset.CachedTile, found bool, err error) {
	if f.cache == nil {
		return t, false, nil
	}
	t, found, err = f.cache.Get(ctx, k.z, k.x, k.y)
	switch {
	case ctx.Err() != nil:
		return t, false, ctx.Err()
	case err != nil: // a cache that fails is as good as none
		slog.Warn("tile cache", "source", f.config.ID, "err", err)
		return t, false, nil
	case !found:
		return t, false, nil
	}
	f.mu.Lock()
	f.counts.FromCache++
	offline := f.offline
	f.mu.Unlock()
	if len(t.Data) == 0 {
		if offline || f.now().Before(t.FreshUntil) {
			return t, false, mapview.ErrNoTile
		}
		return t, false, nil
	}
	return t, true, nil
}

func (f *fetcher) remember(k gridKey, o opened, until time.Time) {
	size := len(o.vector)
	if o.picture != nil {
		size = len(o.picture.Pix)
	}
	f.memory.Put(k, held{opened: o, until: until}, size)
}

// renew asks whether a tile in memory is still good.
func (f *fetcher) renew(ctx context.Context, k gridKey) {
	t, found, err := f.cached(ctx, k)
	if err == nil && found && f.now().Before(t.FreshUntil) {
		f.memory.Drop(k) // another process fetched it
		return
	}
	if err == nil {
		f.revalidate(k, t)
	}
}

// revalidate fetches an old tile again, if its server can be reached; nobody waits for it.
func (f *fetcher) revalidate(k gridKey, was tileset.CachedTile) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.offline || f.jobs[k] != nil || f.failed[k].err != nil && f.now().Before(f.failed[k].until) {
		return
	}
	f.pushLocked(&job{key: k, was: was, look: -1, done: make(chan struct{})})
}

// request has a tile fetched and answers the job to wait for. Unless wait is set it answers mapview.ErrNotYet instead.
func (f *fetcher) request(k gridKey, wait bool) (*job, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.ctx.Err(); err != nil {
		return nil, errClosed
	}
	now := f.now()
	if now.Sub(f.lastAsked) > lookGap || now.Sub(f.lookBegan) > lookLength {
		f.look++
		f.lookBegan = now
	}
	f.lastAsked = now
	j := f.jobs[k]
	if j == nil {
		if f.offline {
			f.missLocked(k)
			return nil, fmt.Errorf("%w: %w", ErrOffline, f.lastError)
		}
		if e, ok := f.failed[k]; ok {
			if now.Before(e.until) {
				return nil, e.err
			}
			delete(f.failed, k)
		}
		j = &job{key: k, done: make(chan struct{})}
		f.pushLocked(j)
	}
	j.look = f.look // also when it was only to be revalidated, or asked for in an earlier look
	if !wait {
		j.announce = true
		return nil, mapview.ErrNotYet
	}
	j.waiting++
	return j, nil
}

func (f *fetcher) await(ctx context.Context, j *job) error {
	select {
	case <-j.done:
		return j.err
	case <-ctx.Done():
		f.mu.Lock()
		j.waiting--
		f.mu.Unlock()
		return ctx.Err()
	}
}

// pushLocked queues a job and sees that somebody works.
func (f *fetcher) pushLocked(j *job) {
	f.jobs[j.key] = j
	f.queue = append(f.queue, j)
	if len(f.queue) > queueLimit {
		for i, old := range f.queue {
			if old.waiting == 0 {
				f.queue = slices.Delete(f.queue, i, i+1)
				f.endLocked(old, errGivenUp) // announced, so that who still looks there asks again
				break
			}
		}
	}
	f.workLocked()
}

func (f *fetcher) workLocked() {
	if f.running < f.limit && len(f.queue) > 0 && f.ctx.Err() == nil {
		f.running++
		f.spawnLocked(f.work)
	}
}

// work performs jobs until there are none.
func (f *fetcher) work() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for {
		if wait := f.pauseTill.Sub(f.now()); wait > 0 && len(f.queue) > 0 {
			f.mu.Unlock()
			f.sleep(wait, nil)
			f.mu.Lock()
			if f.ctx.Err() == nil {
				continue
			}
		}
		if len(f.queue) == 0 || f.ctx.Err() != nil {
			f.running--
			return
		}
		next := 0
		for i, j := range f.queue {
			if j.look > f.queue[next].look {
				next = i
			}
		}
		j := f.queue[next]
		f.queue = slices.Delete(f.queue, next, next+1)
		f.counts.Requests++
		j.asking = true
		f.mu.Unlock()
		r := f.ask(f.ctx, j.key, j.was)
		f.keep(j, r)
		f.mu.Lock()
		j.asking = false
		f.settleLocked(j, r)
	}
}

// keep puts what came into memory and cache.
func (f *fetcher) keep(j *job, r reply) {
	k, ctx := j.key, f.ctx
	var err error
	switch r.outcome {
	case gotTile:
		f.remember(k, r.opened, r.tile.FreshUntil)
		if f.cache != nil {
			err = f.cache.Put(ctx, k.z, k.x, k.y, r.tile)
		}
	case unchanged:
		f.remember(k, r.opened, r.tile.FreshUntil)
		if f.cache != nil {
			err = f.cache.Renew(ctx, k.z, k.x, k.y, r.tile.Fetched, r.tile.FreshUntil)
		}
	case noTile:
		f.memory.Put(k, held{none: true, until: r.tile.FreshUntil}, 0)
		if f.cache != nil {
			err = f.cache.Put(ctx, k.z, k.x, k.y, r.tile)
		}
	}
	if err != nil && ctx.Err() == nil {
		slog.Warn("tile cache", "source", f.config.ID, "err", err) // the tile is shown all the same
	}
}

// settleLocked ends a job, or has it tried again.
func (f *fetcher) settleLocked(j *job, r reply) {
	switch r.outcome {
	case gotTile, unchanged, noTile:
		f.answeredLocked()
		delete(f.failed, j.key)
		j.tile, j.opened = r.tile, r.opened
		switch r.outcome {
		case gotTile:
			f.counts.Fetched++
			j.announce = j.announce || string(j.was.Data) != string(r.tile.Data) && len(j.was.Data) > 0
			f.endLocked(j, nil)
		case unchanged:
			f.counts.Unchanged++
			f.endLocked(j, nil)
		case noTile:
			f.counts.None++
			f.endLocked(j, mapview.ErrNoTile)
		}
		return
	}
	if f.ctx.Err() != nil {
		f.endLocked(j, errClosed)
		return
	}
	f.counts.Failures++
	f.lastError = r.err
	enough := f.pace.failures
	if r.outcome == refused && f.counts.Fetched+f.counts.Unchanged > 0 {
		enough *= 6 // some servers refuse what they do not have
	}
	if r.wait > 0 {
		f.pauseTill = f.now().Add(r.wait)
	} else if f.inARow++; f.inARow >= enough {
		f.missLocked(j.key)
		f.endLocked(j, fmt.Errorf("%w: %w", ErrOffline, r.err))
		f.goOfflineLocked(r.err)
		return
	}
	if j.attempts++; r.outcome == refused || j.attempts >= f.pace.attempts {
		until := f.now().Add(f.pace.forgetError)
		if len(f.failed) >= missedLimit {
			clear(f.failed)
		}
		f.failed[j.key] = failure{r.err, until}
		f.endLocked(j, r.err)
		if j.announce && r.outcome == failed && len(f.failed) <= failedWatched {
			f.spawnLocked(func() {
				f.sleep(f.pace.forgetError, nil)
				f.mu.Lock()
				defer f.mu.Unlock()
				f.announceLocked(j.key) // who still looks there asks again
			})
		}
		return
	}
	pause := jitter(f.pace.firstRetry << (j.attempts - 1))
	f.spawnLocked(func() {
		f.sleep(pause, nil)
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.jobs[j.key] == j && f.ctx.Err() == nil { // else ended meanwhile
			f.queue = append(f.queue, j)
			f.workLocked()
		}
	})
}

// jitter spreads retries of many consoles.
func jitter(d time.Duration) time.Duration { return d/2 + rand.N(d/2+1) }

// sleep waits, but not beyond the fetcher's end or a kick.
func (f *fetcher) sleep(d time.Duration, kick <-chan struct{}) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-kick:
	case <-f.ctx.Done():
	}
}

// endLocked ends a job and tells whoever waits.
func (f *fetcher) endLocked(j *job, err error) {
	select {
	case <-j.done:
		return
	default:
	}
	if f.jobs[j.key] == j {
		delete(f.jobs, j.key)
	}
	j.err = err
	close(j.done)
	if j.announce && (err == nil || errors.Is(err, mapview.ErrNoTile) || errors.Is(err, errGivenUp)) {
		f.announceLocked(j.key)
	}
}
