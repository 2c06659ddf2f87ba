package syncer

import (
	"time"

	"kuaitu/block"
)

// Effect is something the core wants done. Each effect is answered by exactly one event.
type Effect interface{ effect() }

// Event is what happened: an effect's outcome, or Asked.
type Event interface{ event() }

// JobKind says what a Job fetches.
type JobKind uint8

// A snapshot's list of chunks, one chunk, or the changes of a range.
const (
	ManifestJob JobKind = iota + 1
	ChunkJob
	SegmentJob
)

// Job names one object to fetch. It is comparable and names the same bytes for ever within an epoch.
type Job struct {
	Kind   JobKind
	Epoch  block.Epoch
	Stream block.Stream
	After  uint64   // SegmentJob
	Upto   uint64   // SegmentJob, ManifestJob
	Sum    [32]byte // ChunkJob: the content's SHA-256
	Size   int64    // ChunkJob
}

// Chunk is one piece of a snapshot.
type Chunk struct {
	Sum  [32]byte
	Size int64
	Rows int
}

// Greeting is the server's answer to hello.
type Greeting struct {
	Cut       block.Cut
	Name      [32]byte        // what the server calls the cut
	Witnesses []block.Witness // to be kept once the cut is applied
	Restored  bool            // the server does not know the epoch or a witness we hold
	Same      bool            // the cut is the one known already; Heads and Witnesses are left out
}

// The effects.
type (
	// Load reads enrolment and cursors.
	Load struct{}
	// Greet sends hello with what the replica holds. Known, when not zero, names the cut that is held in full.
	Greet struct {
		Cursors block.Cursors
		Known   [32]byte
	}
	// Resend marks every op kept as unanswered: the server may have lost what it had answered.
	Resend struct{}
	// Fetch gets one object, verifies and stages it, unless it is staged already.
	Fetch struct {
		Job     Job
		Attempt int           // 0 for the first
		Delay   time.Duration // before trying
	}
	// Apply applies staged objects as one cut; Sources[i] are those of Plan.Streams[i] in order.
	Apply struct {
		Plan    block.CutPlan
		Sources [][]Job
	}
	// Discard forgets everything staged.
	Discard struct{}
	// ReadOutbox reads the next unanswered ops.
	ReadOutbox struct{ Limit int }
	// Push sends ops.
	Push struct {
		Ops     []block.Op
		Attempt int
		Delay   time.Duration
	}
	// Settle records receipts.
	Settle struct{ Receipts []block.Receipt }
	// ReadTallies reads what the replica holds; Deep recomputes from rows first, unless Limit > 0 and there are more.
	ReadTallies struct {
		Deep  bool
		Limit int64
	}
	// AskProof asks for the server's tallies at a cut. Total is the sum of ours: a server with the same says so in short.
	AskProof struct {
		Epoch block.Epoch
		Cut   [32]byte
		Total block.Tally
	}
	// Mend compares the leaves of one key with the server's at a cut and puts the differing rows right. Streams are
	// those in scope that may carry the key.
	Mend struct {
		Epoch   block.Epoch
		Cut     [32]byte
		Key     block.TallyKey
		Streams []block.Stream
	}
	// Record keeps the outcome for the screen.
	Record struct{ Sync block.SyncRecord }
	// Wait answers with Woke after the delay. A later Wait replaces an earlier one.
	Wait struct {
		For   time.Duration
		Token uint64
	}
)

// The events.
type (
	// Asked starts a sync now, or another one right after the running one. Deep asks for a deep proof.
	Asked struct{ Deep bool }
	// Poked says that the server has something new: a sync starts within PokeSpread, or follows the running one.
	Poked struct{}
	// Listening says whether the server's pokes can be heard.
	Listening struct{ On bool }
	// Woke answers Wait.
	Woke struct{ Token uint64 }
	// Loaded answers Load.
	Loaded struct {
		Fault
		Enrolled bool
		Cursors  block.Cursors
	}
	// Greeted answers Greet.
	Greeted struct {
		Fault
		Traffic
		Greeting Greeting
	}
	// Resent answers Resend.
	Resent struct{ Fault }
	// Fetched answers Fetch. Local says that the object was staged before.
	Fetched struct {
		Fault
		Traffic
		Job     Job
		Attempt int
		Local   bool
		Seq     uint64  // ManifestJob: the snapshot's position; SegmentJob: how far the segment goes
		Rows    int     // SegmentJob
		Chunks  []Chunk // ManifestJob
	}
	// Cutover answers Apply.
	Cutover struct {
		Fault
		Applied block.Applied
		Hole    *block.Stream // that has to come whole: a change came of a record that is not here
	}
	// Discarded answers Discard.
	Discarded struct{ Fault }
	// OutboxRead answers ReadOutbox.
	OutboxRead struct {
		Fault
		Ops []block.Op
	}
	// Answered answers Push.
	Answered struct {
		Fault
		Traffic
		Sent     Push
		Receipts []block.Receipt
	}
	// Settled answers Settle.
	Settled struct{ Fault }
	// TalliesRead answers ReadTallies. Deep says whether the rows were read, Damaged how many kept sums were wrong.
	TalliesRead struct {
		Fault
		Tallies map[block.TallyKey]block.Tally
		Deep    bool
		Damaged int
	}
	// Proved answers AskProof. Equal: the totals are the same and Tallies is left out.
	Proved struct {
		Fault
		Traffic
		Equal   bool
		Tallies map[block.TallyKey]block.Tally
	}
	// Mended answers Mend with the number of rows put right.
	Mended struct {
		Fault
		Traffic
		Key  block.TallyKey
		Rows int
	}
	// Recorded answers Record.
	Recorded struct{ Fault }
)

func (Load) effect()        {}
func (Greet) effect()       {}
func (Resend) effect()      {}
func (Fetch) effect()       {}
func (Apply) effect()       {}
func (Discard) effect()     {}
func (ReadOutbox) effect()  {}
func (Push) effect()        {}
func (Settle) effect()      {}
func (ReadTallies) effect() {}
func (AskProof) effect()    {}
func (Mend) effect()        {}
func (Record) effect()      {}
func (Wait) effect()        {}

func (Asked) event()       {}
func (Poked) event()       {}
func (Listening) event()   {}
func (Woke) event()        {}
func (Loaded) event()      {}
func (Greeted) event()     {}
func (Resent) event()      {}
func (Fetched) event()     {}
func (Cutover) event()     {}
func (Discarded) event()   {}
func (OutboxRead) event()  {}
func (Answered) event()    {}
func (Settled) event()     {}
func (TalliesRead) event() {}
func (Proved) event()      {}
func (Mended) event()      {}
func (Recorded) event()    {}
