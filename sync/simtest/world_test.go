package simtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"time"

	"kuaitu/block"
	"kuaitu/sync/syncer/replicatest"
	"kuaitu/sync/wire"
)

// world is one simulated life.
type world struct {
	rnd     *rand.Rand
	now     time.Time
	area    area
	server  cityServer
	devices []*device
	created map[block.ID]*device // who made each op
	faults  faults
	counts  map[string]int
	broken  error // the first promise broken in passing
	log     []string
	mutant  mutant
}

// mutant is a fault that the oracles must find: it shows that they can fail.
type mutant string

const (
	noMutant   mutant = ""
	loseOp     mutant = "a device forgets an edit it called saved"
	applyTwice mutant = "the server applies an op again that comes again"
	leak       mutant = "the server gives every class to every device"
	noResend   mutant = "a device does not send again what a restored server has lost"
	halfCut    mutant = "a device keeps the last part of a cut for itself and counts it"
	hide       mutant = "the server leaves parts out of segments"
	forgetful  mutant = "a repaired row is not repaired"
)

func (w *world) say(format string, args ...any) {
	w.log = append(w.log, fmt.Sprintf(format, args...))
}

func (w *world) fail(format string, args ...any) {
	if w.broken == nil {
		w.broken = fmt.Errorf(format, args...)
	}
}

// newWorld makes the city, its server, and devices that have not joined yet.
func newWorld(seed uint64, serve func(*world) (cityServer, error), open func(*world, int) (replica, error), m mutant) (*world, error) {
	r := rand.New(rand.NewPCG(seed, 0x5eed))
	w := &world{rnd: r, now: simStart, area: makeArea(r), created: map[block.ID]*device{}, counts: map[string]int{}, mutant: m}
	if r.IntN(10) > 0 { // one life in ten is without faults
		w.faults = someFaults(r)
	}
	var err error
	if w.server, err = serve(w); err != nil {
		return nil, err
	}
	posts := []string{"desk", "field", "wall", "desk", "field"}
	for i := range 1 + r.IntN(5) {
		store, err := open(w, i)
		if err != nil {
			return nil, err
		}
		d := &device{name: fmt.Sprintf("device-%d", i), w: w, rnd: rand.New(rand.NewPCG(seed, uint64(i)+1)), store: store, post: posts[r.IntN(len(posts))]}
		all := w.area.tree.All()
		d.region = all[r.IntN(len(all))].ID
		if r.IntN(3) == 0 {
			d.region = w.area.tree.Root()
		}
		d.skew = time.Duration(r.Int64N(int64(20*365*24*time.Hour))) - 10*365*24*time.Hour
		d.link = &link{rnd: rand.New(rand.NewPCG(seed, uint64(i)+100)), faults: w.faults, counts: w.counts}
		d.link.server = func() http.Handler {
			if d.offline {
				return nil
			}
			return w.server.handler()
		}
		d.link.tap = d.tap
		d.code = w.server.invite(fmt.Sprintf("code-%d-%d", seed, i), d.region, d.post)
		w.devices = append(w.devices, d)
	}
	return w, nil
}

func (w *world) close() {
	for _, d := range w.devices {
		_ = d.store.close()
	}
	if w.server != nil {
		w.server.close()
	}
}

// tap looks at everything that reaches a device for what it must not have (P11).
func (d *device) tap(req *http.Request, contentType string, body []byte) {
	scope := d.w.area.scopeOf(d.region, d.post)
	switch {
	case req.Header.Get("Range") != "": // the end of a frame that was looked at whole when its beginning came
	case contentType == wire.TypeFrame:
		h, parts, err := wire.DecodeFrame(set, body)
		if err != nil {
			d.w.fail("%s got a frame that cannot be read from %s: %w", d.name, req.URL.Path, err)
			return
		}
		if !scope[h.Stream] {
			d.w.fail("%s (%s) got a frame of %s %s, which is not in its scope", d.name, d.post, h.Stream.Region, h.Stream.Class)
		}
		for _, p := range parts {
			for _, v := range p.Values {
				if secret(v.Text()) && d.post != "field" {
					d.w.fail("%s (%s) got a sensitive value of %s %s", d.name, d.post, p.Kind, p.ID)
				}
			}
		}
	case contentType == wire.TypeJSON:
		if bytes.Contains(body, []byte("@")) {
			d.w.fail("%s got a value in a control message from %s", d.name, req.URL.Path)
		}
		if foreign := d.foreignRegion(string(body)); foreign != "" {
			d.w.fail("%s got word of region %s from %s, which is not in its scope", d.name, foreign, req.URL.Path)
		}
	}
}

// foreignRegion returns a region named in text that a device has nothing to do with.
func (d *device) foreignRegion(text string) string {
	t := d.w.area.tree
	near := map[block.ID]bool{}
	for _, g := range t.Path(d.region) {
		near[g.ID] = true
	}
	top := d.region
	if s, ok := t.Ancestor(d.region, block.Street); ok {
		top = s.ID // a street's public and work streams come whole
	}
	for _, id := range t.Subtree(top) {
		near[id] = true
	}
	for _, g := range t.All() {
		if !near[g.ID] && strings.Contains(text, g.ID.String()) {
			return g.Code
		}
	}
	return ""
}

// live runs the life for some steps with the faults on.
func (w *world) live(steps int) error {
	for range steps {
		w.now = w.now.Add(time.Duration(w.rnd.Int64N(int64(10 * time.Minute))))
		if err := w.step(); err != nil {
			return err
		}
		if err := w.keepsOps(); err != nil {
			return err
		}
		if w.broken != nil {
			return w.broken
		}
	}
	return nil
}

func (w *world) step() error {
	d := w.devices[w.rnd.IntN(len(w.devices))]
	switch n := w.rnd.IntN(100); {
	case !d.joined:
		if err := d.enrol(); err == nil {
			w.server.forgetBackups() // a backup without this device would turn it away
			d.start()
		} else if errors.Is(err, block.ErrRefused) { // the code has run out
			d.code = w.server.invite(d.code+"+", d.region, d.post)
		}
	case n < 60:
		for range 1 + w.rnd.IntN(25) {
			if err := d.tick(false); err != nil {
				return err
			}
		}
	case n < 82:
		for range 1 + w.rnd.IntN(3) {
			if err := d.act(); err != nil {
				return err
			}
		}
	case n < 87:
		w.say("%s dies", d.name)
		return d.tick(true)
	case n < 90:
		d.offline = !d.offline
	case n < 92:
		d.skew += time.Duration(w.rnd.Int64N(int64(1000*time.Hour))) - 500*time.Hour
		w.now = w.now.Add(time.Duration(w.rnd.Int64N(int64(48 * time.Hour))))
	case n < 94:
		w.say("%s is tampered with", d.name)
		d.store.tamper(w.rnd)
	case n < 96:
		w.say("the server starts again")
		return w.server.restart(w.rnd.IntN(3) == 0)
	case n < 98:
		w.say("backup")
		return w.server.backup()
	default:
		if w.server.restore() {
			w.say("the server is restored")
		}
	}
	return nil
}

// keepsOps checks P2 on every device: each edit ever called saved is in exactly one place.
func (w *world) keepsOps() error {
	for _, d := range w.devices {
		c, err := d.store.Counts(context.Background())
		if err != nil {
			return err
		}
		if sum := c.Pushed + c.Pending + c.Conflicts + c.Rejected; sum != d.made {
			return fmt.Errorf("%s made %d ops and holds %d (%+v)", d.name, d.made, sum, c)
		}
	}
	return nil
}

// settleDown ends the faults and lets everybody sync, three times at most.
func (w *world) settleDown() error {
	if err := w.server.restart(false); err != nil {
		return err
	}
	for _, d := range w.devices {
		d.offline, d.link.faults, d.link.down = false, noFaults, 0
		if !d.joined {
			d.code = w.server.invite(d.code+"+", d.region, d.post)
			if err := d.enrol(); err != nil {
				return fmt.Errorf("%s cannot join a sound server: %w", d.name, err)
			}
			d.start()
		}
	}
	var err error
	for range 3 {
		for _, d := range w.devices {
			if err := d.sync(); err != nil {
				return err
			}
		}
		if err = w.settled(); err == nil {
			break
		}
	}
	if w.broken != nil {
		return w.broken
	}
	return err
}

// settled checks P2, P3 and P4 at rest.
func (w *world) settled() error {
	if err := w.keepsOps(); err != nil {
		return err
	}
	for _, d := range w.devices {
		rec := d.state.Last()
		w.counts["repaired"] += rec.Repaired
		if !rec.OK || !rec.Proved {
			return fmt.Errorf("%s ends with %+v", d.name, rec)
		}
		if err := d.equalsServer(); err != nil {
			return err
		}
		if err := d.opsDone(); err != nil {
			return err
		}
	}
	return nil
}

// equalsServer dumps both sides and compares them row by row.
func (d *device) equalsServer() error {
	want, err := d.w.server.dump(d.w.area.scopeOf(d.region, d.post))
	if err != nil {
		return err
	}
	got := d.store.parts()
	slices.SortFunc(want, replicatest.ComparePart)
	for i := range max(len(got), len(want)) {
		switch {
		case i >= len(got):
			return fmt.Errorf("%s says it is proved and lacks %s", d.name, show(want[i]))
		case i >= len(want):
			return fmt.Errorf("%s says it is proved and has %s beyond the server's", d.name, show(got[i]))
		case show(got[i]) != show(want[i]):
			return fmt.Errorf("%s says it is proved and has\n\t%s\nwhere the server has\n\t%s", d.name, show(got[i]), show(want[i]))
		}
	}
	return nil
}

// show prints all of a part that counts.
func show(p block.Part) string {
	s := fmt.Sprintf("%s/%s %s %s home %s version %d foreign %v:", p.Stream.Region, p.Stream.Class, p.Kind, p.ID, p.Region, p.Ver, p.Foreign)
	for _, v := range p.Values {
		s += " " + v.Type().String() + "=" + v.Plain()
	}
	return fmt.Sprintf("%s %x", s, p.Geometry)
}

// opsDone checks that every op has one fate, the server's, and exactly one effect where it was accepted.
func (d *device) opsDone() error {
	effects, receipts := d.w.server.effects(), d.w.server.receipts()
	ops := d.store.ops()
	for _, id := range slices.SortedFunc(maps.Keys(ops), func(a, b block.ID) int { return bytes.Compare(a[:], b[:]) }) {
		mine := ops[id]
		theirs, known := receipts[id]
		if !known || mine.Fate != theirs.Fate {
			return fmt.Errorf("op %s of %s is %s there and %s (%s) on the server", id, d.name, mine.Fate, theirs.Fate, theirs.Reason)
		}
		want := 0
		if theirs.Seq > 0 { // an op that finds everything as it wants it is applied without an effect
			want = 1
		}
		accepted := mine.Fate == block.FateApplied || mine.Fate == block.FateMerged
		if effects[id] != want || want == 1 && !accepted {
			return fmt.Errorf("op %s of %s (%s) had %d effects, want %d", id, d.name, mine.Fate, effects[id], want)
		}
	}
	return nil
}
