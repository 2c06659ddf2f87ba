package syncer

import (
	"encoding/hex"
	"time"

	"kuaitu/block"
)

// Phase is what a sync is doing.
type Phase uint8

// The phases, in the order of a sync.
const (
	Idle Phase = iota
	Loading
	Hailing
	Fetching
	Applying
	Pushing
	Proving
	Mending
	Recording
)

var phaseNames = [...]string{"idle", "loading", "greeting", "fetching", "applying", "pushing", "proving", "mending", "recording"}

func (p Phase) String() string {
	if int(p) < len(phaseNames) {
		return phaseNames[p]
	}
	return "unknown"
}

// Bounds of one sync.
const (
	// SnapshotBehind is how many positions a stream may be behind and still come as changes.
	SnapshotBehind = 10_000
	// segmentSpan aligns the ends of segments, so that many devices ask for the same bytes and a killed one for those it has.
	segmentSpan = 16_384
	// DeepRows is the size up to which a sync by [Once] always recomputes from rows.
	DeepRows = 400_000

	maxGreetings = 8   // a server that keeps moving is left for the next poll
	maxAttempts  = 4   // per request
	maxMended    = 32  // keys narrowed down row by row in one sync; of more the streams are fetched whole
	pushBatch    = 500 // ops read at once; the worker's request limits may cut it further
	deepEvery    = 24 * time.Hour
	backoffBase  = 2 * time.Second
	backoffMax   = 5 * time.Minute
)

// Options are a syncer's fixed settings. The zero value is usable.
type Options struct {
	Seed     uint64        // of the jitter
	Parallel int           // fetches in flight; 0 is 4
	Interval time.Duration // between polls; 0 is 30 s
	// DeepLimit bounds the deep proofs that nobody asked for to replicas of that many rows; 0 is no bound.
	DeepLimit int64
}

// State is all the core knows. It is a value, but Step may change in place what it refers to: keep only the State that
// Step returned last.
type State struct {
	opt    Options
	rnd    uint64
	phase  Phase
	timer  uint64 // token of the Wait that counts
	again  bool   // Asked or Poked came during a sync
	due    bool   // a sync that a poke asked for is waited for
	live   bool   // pokes are heard
	deep   bool   // the running sync proves deeply because it was asked
	deeper bool   // the next one shall

	cursors  block.Cursors
	known    Greeting              // the last one
	rebuild  map[block.Stream]bool // to be fetched whole: too much of them differs, or still does after a repair
	lastDeep time.Time
	contact  time.Time
	failures int
	wait     time.Duration // asked for by the server
	provedAt map[block.Stream]uint64
	record   block.SyncRecord // of the last finished sync

	run run
}

// run is the state of one sync.
type run struct {
	began     time.Time
	greetings int
	greeting  Greeting
	restored  bool // the server is not what it was
	resent    bool
	moved     bool // the server went on in mid-fetch: greet again
	pull      Reason
	push      Reason
	effects   bool // a receipt had an effect that the cut does not hold yet
	lastOp    uint64

	streams  []*streamWork
	index    map[block.Stream]int
	queue    []Fetch
	inflight int

	deepDone  bool
	local     map[block.TallyKey]block.Tally
	suspects  []block.TallyKey
	mended    bool
	rebuilt   bool   // streams were fetched whole because they differed
	proveFrom Reason // why there is no proof

	rec       block.SyncRecord
	bytesDone int64
	bytesAll  int64
}

// streamWork is one stream on its way to the cut.
type streamWork struct {
	head    block.Head
	from    uint64 // cursor; 0 without one
	held    bool   // the replica has a cursor for it
	replace bool
	at      uint64 // how far what was fetched reaches
	sources []Job
	left    int // jobs not finished
	bad     Reason
	whole   bool // a snapshot was tried
}

// NewState returns the state of a syncer that has done nothing yet.
func NewState(opt Options) State {
	if opt.Parallel <= 0 {
		opt.Parallel = 4
	}
	if opt.Interval <= 0 {
		opt.Interval = 30 * time.Second
	}
	return State{opt: opt, rnd: opt.Seed, rebuild: map[block.Stream]bool{}}
}

// Phase returns what the syncer is doing.
func (st *State) Phase() Phase { return st.phase }

// Last returns the record of the last finished sync.
func (st *State) Last() block.SyncRecord { return st.record }

// Status is what a screen shows of a syncer.
type Status struct {
	Phase      Phase
	Running    bool
	BytesDone  int64 // of the objects known to be needed
	BytesTotal int64
	Objects    int // still to fetch
	Contact    time.Time
	Live       bool // the server tells at once when something moves
	Failures   int  // syncs in a row that failed
	Last       block.SyncRecord
}

// Status returns a snapshot for a screen.
func (st *State) Status() Status {
	return Status{
		Phase: st.phase, Running: st.phase != Idle,
		BytesDone: st.run.bytesDone, BytesTotal: max(st.run.bytesAll, st.run.bytesDone), Objects: len(st.run.queue) + st.run.inflight,
		Contact: st.contact, Live: st.live, Failures: st.failures, Last: st.record,
	}
}

// random returns the next number of the state's own source (splitmix64).
func (st *State) random() uint64 {
	st.rnd += 0x9e3779b97f4a7c15
	z := st.rnd
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// jitter returns between half of d and d.
func (st *State) jitter(d time.Duration) time.Duration {
	if d <= 1 {
		return d
	}
	return d/2 + time.Duration(st.random()%uint64(d/2+1))
}

// backoff returns the pause before attempt n (from 1).
func (st *State) backoff(n int) time.Duration {
	return st.jitter(min(backoffMax, backoffBase<<min(n-1, 8)))
}

// proofText shortens a sum to what people compare by eye: eight hexadecimal digits in two groups.
func proofText(t block.Tally) string {
	s := hex.EncodeToString(t.Bytes()[:4])
	return s[:4] + " " + s[4:]
}
