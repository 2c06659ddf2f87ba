package block

import "time"

// Enrolment binds a store to a server. Token is the device's credential: it is never logged or exported.
type Enrolment struct {
	Server     string // base URL
	Device     ID
	Token      string
	Region     ID
	RegionCode string
	Post       string // desk, field, wall
	Classes    ClassSet
	Epoch      Epoch
}

// Witness is the last thing a replica applied from a shard: the position and the SHA-256 of what was applied there.
// A server that does not know it was restored from an older backup.
type Witness struct {
	Shard ID
	Seq   uint64
	Sum   [32]byte
}

// Cursors is how far a replica has come.
type Cursors struct {
	Epoch     Epoch
	Streams   map[Stream]uint64 // every stream held, with the seq it is current to
	Witnesses []Witness
}

// StreamPlan says how one stream moves in a cut.
type StreamPlan struct {
	Stream Stream
	Seq    uint64 // the cut's position
	// Replace: the parts that follow are the whole stream (a snapshot and what came after it); rows of the stream that
	// are not among them are dropped. Otherwise they are changes since the cursor.
	Replace bool
}

// CutPlan is one whole step of a replica: every stream in scope with its new position. Streams that are held and not
// listed have left the scope and are purged in the same transaction, with their search text.
type CutPlan struct {
	Epoch     Epoch
	Streams   []StreamPlan
	Witnesses []Witness
	// Mend says that rows may have been bent behind the program's back: what replaced streams bring counts whatever version
	// a row claims, and tallies are made anew.
	Mend bool
}

// Applied counts what a cut changed.
type Applied struct {
	Put, Dropped, Purged int
	Mended               int        // of a plan that mends: records that were not as the server has them
	Named                []MendedOf // the first MaxNamed of these
}

// MaxNamed bounds the mended records that are named.
const MaxNamed = 1000

// MendedOf names a record that was put right.
type MendedOf struct {
	Kind Kind
	ID   ID
}

// OpCounts counts ops by where they stand. Every op ever made here is in exactly one of them.
type OpCounts struct {
	Pushed    int // with a fate: Applied or Merged
	Pending   int
	Conflicts int
	Rejected  int
}

// SyncRecord is what the last sync came to, for the screen.
type SyncRecord struct {
	At       time.Time // end of the attempt
	OK       bool
	Problem  string // machine-readable: "unreachable", "refused", "epoch", …; empty when OK
	Proved   bool
	ProvedAt time.Time
	Proof    string // eight hexadecimal digits of the sum over all streams, in two groups
	Rows     int64  // rows proved
	Repaired int    // rows that differed and were fetched again
	Pulled   int
	Pushed   int
	BytesIn  int64
	BytesOut int64
}
