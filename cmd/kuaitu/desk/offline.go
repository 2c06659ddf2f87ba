package desk

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"kuaitu/block"
	"kuaitu/cmd/internal/console"
	"kuaitu/geo"
	"kuaitu/mapview"
	"kuaitu/store/tilenet"
	"kuaitu/store/tileset"
	"kuaitu/ui/state"

	"github.com/paulmach/orb"
)

// OfflineAreas are the areas of base maps that are kept in a folder on this machine: for each a record in JSON and an MBTiles
// file for each of the base map's sets of tiles. Keys of servers are not in it. All methods may be called from any goroutine.
type OfflineAreas struct {
	dir    string
	bases  func() []OfflineBase
	region func(context.Context, block.ID) (orb.Geometry, error)
	now    func() time.Time
	// Changed is called, on any goroutine, when a whole area has come or one has gone. Set it before the first use; nil is none.
	Changed func()

	mu    sync.Mutex // guards what follows
	areas map[string]*offlineArea
	busy  bool // one is being taken
}

// OfflineBase is a base map that areas can be taken from.
type OfflineBase struct {
	ID   string
	Name state.Text
	Sets []console.BaseSet // none where it is not made of tiles
}

// offlineArea is the record of an area.
type offlineArea struct {
	ID      string    `json:"id"`
	Name    string    `json:"name"`
	BaseZH  string    `json:"base_zh"`
	BaseEN  string    `json:"base_en"`
	Sources []string  `json:"sources"` // IDs of the sets, a file each; the address of a server may hold a key and is not kept
	MinZoom int       `json:"min_zoom"`
	MaxZoom int       `json:"max_zoom"`
	Area    []byte    `json:"area"` // WKB
	Tiles   int64     `json:"tiles"`
	Made    time.Time `json:"made"`
	Checked time.Time `json:"checked,omitzero"`
	Whole   bool      `json:"whole"`
	Missing int64     `json:"missing"`

	area orb.Geometry
	open []openSet // of a whole area: one for each source
}

type openSet struct {
	tilenet.Encoded
	io.Closer
}

// maxRecord bounds the record of an area, bytes.
const maxRecord = 64 << 20

// NewOfflineAreas reads what is kept in a folder, which need not be there. bases answers the base maps there are, region the
// boundary of a region. Close it after use.
func NewOfflineAreas(dir string, bases func() []OfflineBase, region func(context.Context, block.ID) (orb.Geometry, error), now func() time.Time) (*OfflineAreas, error) {
	o := &OfflineAreas{dir: dir, bases: bases, region: region, now: now, areas: map[string]*offlineArea{}}
	files, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return o, nil
	}
	if err != nil {
		return nil, fmt.Errorf("offline areas: %w", err)
	}
	for _, f := range files {
		id, ok := strings.CutSuffix(f.Name(), ".json")
		if !ok {
			continue
		}
		a, err := o.read(id)
		if err != nil { // one that is broken must not hide the others
			slog.Warn("an offline area cannot be read", "file", f.Name(), "err", err)
			continue
		}
		o.areas[id] = a
		if a.Whole {
			o.openSets(a)
		}
	}
	return o, nil
}

// read reads the record of an area.
func (o *OfflineAreas) read(id string) (*offlineArea, error) {
	path := filepath.Join(o.dir, id+".json")
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() > maxRecord {
		return nil, fmt.Errorf("a record of %d bytes: %w", info.Size(), block.ErrInvalid)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var a offlineArea
	if err := json.Unmarshal(b, &a); err != nil {
		return nil, err
	}
	if a.ID != id || len(a.Sources) == 0 {
		return nil, block.ErrInvalid
	}
	if a.area, err = geo.ParseWKB(a.Area); err != nil {
		return nil, err
	}
	return &a, nil
}

// write keeps the record of an area: beside its place first, so that a kill leaves the old one.
func (o *OfflineAreas) write(a *offlineArea) error {
	b, err := json.Marshal(a)
	if err == nil {
		err = os.MkdirAll(o.dir, 0o700)
	}
	path := filepath.Join(o.dir, a.ID+".json")
	if err == nil {
		err = os.WriteFile(path+".new", b, 0o600)
	}
	if err == nil {
		err = os.Rename(path+".new", path)
	}
	if err != nil {
		return fmt.Errorf("record of an offline area: %w", err)
	}
	return nil
}

func (o *OfflineAreas) file(a *offlineArea, i int) string {
	return filepath.Join(o.dir, fmt.Sprintf("%s-%d.mbtiles", a.ID, i))
}

// openSets opens the files of a whole area. One that cannot be opened makes it an area in part.
func (o *OfflineAreas) openSets(a *offlineArea) {
	var open []openSet
	for i := range a.Sources {
		set, closer, err := tileset.Open(o.file(a, i))
		if err != nil {
			slog.Warn("an offline area cannot be shown", "area", a.ID, "err", err)
			for _, s := range open {
				_ = s.Close() // read only
			}
			a.Whole, open = false, nil
			break
		}
		open = append(open, openSet{set.(tilenet.Encoded), closer}) // both kinds of set are
	}
	a.open = open
}

// Close lets go of the files.
func (o *OfflineAreas) Close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, a := range o.areas {
		for _, s := range a.open {
			_ = s.Close() // read only
		}
		a.open = nil
	}
}

// Levels implements ui.Offline: those that all sets of tiles of a base map have.
func (o *OfflineAreas) Levels(base string) (lo, hi int, ok bool) {
	b, _ := o.base(func(b OfflineBase) bool { return b.ID == base })
	for i, s := range b.Sets {
		info := s.Tiles.Info()
		if i == 0 {
			lo, hi = info.MinZoom, info.MaxZoom
		}
		lo, hi = max(lo, info.MinZoom), min(hi, info.MaxZoom)
	}
	return lo, hi, len(b.Sets) > 0 && lo <= hi
}

// base finds a base map.
func (o *OfflineAreas) base(is func(OfflineBase) bool) (OfflineBase, bool) {
	list := o.bases()
	i := slices.IndexFunc(list, is)
	if i < 0 {
		return OfflineBase{}, false
	}
	return list[i], true
}

// Areas implements ui.Offline.
func (o *OfflineAreas) Areas() []state.OfflineArea {
	o.mu.Lock()
	defer o.mu.Unlock()
	var out []state.OfflineArea
	for _, a := range o.areas {
		out = append(out, o.sumLocked(a))
	}
	slices.SortFunc(out, func(a, b state.OfflineArea) int { return cmp.Or(b.Made.Compare(a.Made), cmp.Compare(a.ID, b.ID)) })
	return out
}

// sumLocked is what the window shows of an area.
func (o *OfflineAreas) sumLocked(a *offlineArea) state.OfflineArea {
	_, canResume := o.base(a.from)
	return state.OfflineArea{
		ID: a.ID, Name: a.Name, Base: state.Text{ZH: a.BaseZH, EN: a.BaseEN}, MinZoom: a.MinZoom, MaxZoom: a.MaxZoom, Tiles: a.Tiles, Bytes: o.bytes(a),
		Made: a.Made, Checked: a.Checked, Whole: a.Whole, Missing: a.Missing, CanResume: canResume,
	}
}

// bytes is what an area takes on disk.
func (o *OfflineAreas) bytes(a *offlineArea) (n int64) {
	for i := range a.Sources {
		if info, err := os.Stat(o.file(a, i)); err == nil {
			n += info.Size()
		}
	}
	return n
}

// from reports whether the area was taken from a base map.
func (a *offlineArea) from(b OfflineBase) bool {
	return slices.EqualFunc(a.Sources, b.Sets, func(id string, s console.BaseSet) bool { return id == s.ID })
}

// usedLocked is what all areas but one take on disk.
func (o *OfflineAreas) usedLocked(but string) (n int64) {
	for id, a := range o.areas {
		if id != but {
			n += o.bytes(a)
		}
	}
	return n
}

// offlineJob is a request with all that is needed to do it.
type offlineJob struct {
	area  *offlineArea
	takes []console.Offline
	used  int64 // by other areas
}

// job looks up what a request speaks of. It writes nothing.
func (o *OfflineAreas) job(ctx context.Context, r state.OfflineRequest) (offlineJob, error) {
	a := &offlineArea{Name: strings.TrimSpace(r.Name), MinZoom: r.MinZoom, MaxZoom: r.MaxZoom, Made: o.now().UTC()}
	is := func(b OfflineBase) bool { return b.ID == r.Base }
	if r.ID != "" {
		o.mu.Lock()
		have := o.areas[r.ID]
		if have != nil {
			copied := *have
			a = &copied
		}
		o.mu.Unlock()
		if have == nil {
			return offlineJob{}, &state.OfflineError{Why: "gone", Err: block.ErrNotFound}
		}
		is = a.from
	}
	base, ok := o.base(is)
	if !ok || len(base.Sets) == 0 {
		return offlineJob{}, &state.OfflineError{Why: "gone", Err: block.ErrNotFound}
	}
	if r.ID == "" {
		a.ID = a.Made.Format("20060102T150405.000")
		a.BaseZH, a.BaseEN = base.Name.ZH, base.Name.EN
		for _, s := range base.Sets {
			a.Sources = append(a.Sources, s.ID)
		}
		var err error
		if a.area = r.Area; a.area == nil {
			a.area, err = o.region(ctx, r.Region)
		}
		if err != nil {
			return offlineJob{}, &state.OfflineError{Why: "area", Err: err}
		}
		a.Area = geo.AppendWKB(nil, a.area)
	}
	j := offlineJob{area: a}
	o.mu.Lock()
	j.used = o.usedLocked(a.ID)
	o.mu.Unlock()
	for i, s := range base.Sets {
		j.takes = append(j.takes, console.Offline{Source: s.Tiles, Area: a.area, MinZoom: a.MinZoom, MaxZoom: a.MaxZoom, File: o.file(a, i)})
	}
	return j, nil
}

// Estimate implements ui.Offline. It asks the server for some tiles.
func (o *OfflineAreas) Estimate(ctx context.Context, r state.OfflineRequest) (state.OfflineEstimate, error) {
	j, err := o.job(ctx, r)
	if err != nil {
		return state.OfflineEstimate{}, err
	}
	return o.estimate(ctx, j, r.Quota)
}

func (o *OfflineAreas) estimate(ctx context.Context, j offlineJob, quota int64) (state.OfflineEstimate, error) {
	if err := os.MkdirAll(o.dir, 0o700); err != nil {
		return state.OfflineEstimate{}, &state.OfflineError{Why: "file", Err: err}
	}
	e := state.OfflineEstimate{Used: j.used, Free: -1}
	for _, t := range j.takes {
		p, err := t.Plan(ctx)
		if err != nil {
			return e, why(err, t)
		}
		e.Tiles, e.Bytes, e.Sampled, e.Free = e.Tiles+p.Tiles, e.Bytes+p.Bytes, e.Sampled+int64(p.Sampled), p.Free
		if err := t.Fits(p); err != nil && e.Problem == nil {
			e.Problem = why(err, t)
		}
	}
	if e.Problem == nil && quota > 0 && j.used+e.Bytes > quota {
		e.Problem = &state.OfflineError{Why: "quota", Err: block.ErrRefused}
	}
	return e, nil
}

// why says in the window's words what an error of package console means.
func why(err error, t console.Offline) error {
	e := &state.OfflineError{Why: "server", Err: err}
	switch {
	case errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, console.ErrNoRoom):
		e.Why = "disk"
	case errors.Is(err, tilenet.ErrQuota):
		e.Why = "quota"
	case errors.Is(err, block.ErrConflict), errors.Is(err, block.ErrRefused), errors.Is(err, block.ErrNotFound):
		e.Why = "file"
	case errors.Is(err, block.ErrInvalid):
		e.Why = "source"
	default:
		if s, ok := t.Source.(tilenet.Source); ok {
			e.Detail = s.State().Error
		}
	}
	return e
}

// Take implements ui.Offline: takes an area, or what it lacks, and proves it. The result has the area also when it was stopped.
func (o *OfflineAreas) Take(ctx context.Context, r state.OfflineRequest, progress func(state.OfflineProgress)) (state.OfflineResult, error) {
	o.mu.Lock()
	busy := o.busy
	o.busy = true
	o.mu.Unlock()
	if busy {
		return state.OfflineResult{}, &state.OfflineError{Why: "busy", Err: block.ErrConflict}
	}
	defer func() {
		o.mu.Lock()
		o.busy = false
		o.mu.Unlock()
	}()
	j, err := o.job(ctx, r)
	if err != nil {
		return state.OfflineResult{}, err
	}
	e, err := o.estimate(ctx, j, r.Quota)
	if err == nil {
		err = e.Problem
	}
	if err != nil {
		return o.result(j.area), err
	}
	j.area.Tiles = e.Tiles
	if err := o.keep(j.area); err != nil {
		return o.result(j.area), &state.OfflineError{Why: "file", Err: err}
	}
	before := state.OfflineProgress{Tiles: e.Tiles}
	for _, t := range j.takes {
		if r.Quota > 0 {
			t.Quota = max(1, r.Quota-j.used-before.Bytes)
		}
		got, err := t.Take(ctx, func(p tilenet.Progress) {
			at := before
			at.Done, at.Kept, at.Bytes, at.Waiting = at.Done+p.Done, at.Kept+p.Kept, at.Bytes+p.Bytes, p.Waiting
			progress(at)
		})
		if err != nil {
			return o.result(j.area), why(err, t)
		}
		before.Done, before.Kept, before.Bytes = before.Done+got.Done, before.Kept+got.Kept, before.Bytes+got.Bytes
	}
	before.Checking = true
	progress(before)
	return o.prove(ctx, j.area)
}

// Check implements ui.Offline: proves an area again.
func (o *OfflineAreas) Check(ctx context.Context, id string) (state.OfflineResult, error) {
	o.mu.Lock()
	a := o.areas[id]
	if a != nil {
		copied := *a
		a = &copied
	}
	o.mu.Unlock()
	if a == nil {
		return state.OfflineResult{}, &state.OfflineError{Why: "gone", Err: block.ErrNotFound}
	}
	return o.prove(ctx, a)
}

// prove reads and draws what is in the files of an area, with nothing but these, and notes what came of it.
func (o *OfflineAreas) prove(ctx context.Context, a *offlineArea) (state.OfflineResult, error) {
	var missing int64
	var picture *console.OfflineProof
	for i := range a.Sources {
		p, err := console.ProveOffline(ctx, o.file(a, i), a.area, a.MinZoom, a.MaxZoom)
		switch {
		case ctx.Err() != nil:
			return o.result(a), ctx.Err()
		case err != nil: // the file is gone or broken: nothing of the area is sure
			slog.Warn("an offline area cannot be checked", "area", a.ID, "err", err)
			missing, picture = a.Tiles, nil
		}
		if err != nil {
			break
		}
		missing += p.Missing + p.Broken
		if picture == nil {
			picture = &p
		}
	}
	a.Checked, a.Missing, a.Whole = o.now().UTC(), missing, missing == 0
	if err := o.keep(a); err != nil {
		return o.result(a), &state.OfflineError{Why: "file", Err: err}
	}
	r := o.result(a)
	if picture != nil {
		r.Picture = picture.Picture
	}
	if o.Changed != nil {
		o.Changed()
	}
	if missing > 0 {
		return r, &state.OfflineError{Why: "missing", Err: block.ErrNotFound}
	}
	return r, nil
}

func (o *OfflineAreas) result(a *offlineArea) state.OfflineResult {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.areas[a.ID] == nil {
		return state.OfflineResult{} // nothing was written yet
	}
	return state.OfflineResult{Area: o.sumLocked(a)}
}

// keep writes the record of an area and puts it into the list, in place of the one before.
func (o *OfflineAreas) keep(a *offlineArea) error {
	if err := o.write(a); err != nil {
		return err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if was := o.areas[a.ID]; was != nil {
		for _, s := range was.open {
			_ = s.Close() // read only
		}
	}
	kept := *a
	kept.open = nil
	if kept.Whole {
		o.openSets(&kept)
	}
	o.areas[a.ID] = &kept
	return nil
}

// Delete implements ui.Offline: takes an area off the disk.
func (o *OfflineAreas) Delete(id string) error {
	o.mu.Lock()
	a := o.areas[id]
	delete(o.areas, id)
	if a != nil {
		for _, s := range a.open {
			_ = s.Close() // read only
		}
	}
	o.mu.Unlock()
	if a == nil {
		return &state.OfflineError{Why: "gone", Err: block.ErrNotFound}
	}
	if o.Changed != nil {
		o.Changed() // the map lets go of it first
	}
	var errs []error
	for i := range a.Sources {
		for _, path := range []string{o.file(a, i), o.file(a, i) + "-journal"} {
			if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
				errs = append(errs, err)
			}
		}
	}
	errs = append(errs, os.Remove(filepath.Join(o.dir, a.ID+".json")))
	if err := errors.Join(errs...); err != nil {
		return &state.OfflineError{Why: "file", Err: err}
	}
	return nil
}

// From answers the tiles of all whole areas that were taken from a source: what a tilenet.Source falls back to. Areas that
// come later are in it, too.
func (o *OfflineAreas) From(source string) tilenet.Encoded { return &fallback{o, source} }

// fallback is the part of OfflineAreas that is from one source.
type fallback struct {
	areas  *OfflineAreas
	source string
}

// Encoded implements tilenet.Encoded.
func (f *fallback) Encoded(ctx context.Context, z, x, y int) ([]byte, error) {
	for _, s := range f.sets() {
		data, err := s.Encoded.Encoded(ctx, z, x, y)
		if err == nil {
			return data, nil
		}
	}
	return nil, mapview.ErrNoTile
}

// Info implements tilenet.Encoded.
func (f *fallback) Info() tileset.Info {
	if sets := f.sets(); len(sets) > 0 {
		return sets[0].Info()
	}
	return tileset.Info{}
}

func (f *fallback) sets() (out []openSet) {
	f.areas.mu.Lock()
	defer f.areas.mu.Unlock()
	for _, a := range f.areas.areas {
		for i, s := range a.open {
			if a.Sources[i] == f.source {
				out = append(out, s)
			}
		}
	}
	return out
}

// Files are the whole areas as base maps of their own: by ID the files, the lowest first.
func (o *OfflineAreas) Files() map[string][]string {
	o.mu.Lock()
	defer o.mu.Unlock()
	out := map[string][]string{}
	for id, a := range o.areas {
		for i := range a.open {
			out[id] = append(out[id], o.file(a, i))
		}
	}
	return out
}

// Boundary answers the boundary of a region, for OfflineAreas.
func (d *Desk) Boundary(ctx context.Context, id block.ID) (orb.Geometry, error) {
	g, err := d.current(ctx)
	if err != nil {
		return nil, err
	}
	r, ok := g.tree.Region(id)
	if !ok {
		return nil, fmt.Errorf("region: %w", block.ErrNotFound)
	}
	return console.RegionArea(r)
}
