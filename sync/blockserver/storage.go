package blockserver

import (
	"context"
	"iter"
	"time"

	"kuaitu/block"
	"kuaitu/block/schema"
	"kuaitu/sync/wire"
)

// Ops is a storage: the embedded SQLite file, or a database server. Implementations use plain SQL only, the shard (or
// region) first in every primary key, keyset paging, and no more isolation than a serializable transaction.
type Ops interface {
	// City returns what changes only by administration: it is read on every request and must be cheap.
	City(ctx context.Context) (City, error)
	// View runs fn in one read snapshot, which ends when fn returns.
	View(ctx context.Context, fn func(View) error) error
	// Update runs fn in one writing transaction and commits when fn returns nil. fn may be run again when the database
	// asks for it (SQLSTATE 40001), so it leaves nothing behind but what it gives to Tx.
	Update(ctx context.Context, fn func(Tx) error) error
}

// City is the frame of all that a server does.
type City struct {
	Epoch block.Epoch
	Set   *schema.Set
	Tree  *block.Tree
	Meta  wire.Meta
	Zone  *time.Location
}

// StreamHead is how far a stream has come, and below which position its log is gone: a replica at or past Floor can
// take segments.
type StreamHead struct {
	block.Head
	Floor uint64
}

// View is one read snapshot.
type View interface {
	// Heads returns the heads of every stream of some shards that ever held anything, and each shard's position with
	// its running sum.
	Heads(ctx context.Context, shards []block.ID) ([]StreamHead, []block.Witness, error)
	// Positions returns the position of every shard.
	Positions(ctx context.Context) (map[block.ID]uint64, error)
	// Chain returns a shard's running sum at a position; false when that is not in its history.
	Chain(ctx context.Context, shard block.ID, seq uint64) ([32]byte, bool, error)
	// Changes returns the log rows of a stream in (after, upto] in order: at most limit of them, but always whole
	// positions. end is the position up to which they are complete.
	Changes(ctx context.Context, shard block.ID, s block.Stream, after, upto uint64, limit int) (parts []block.Part, end uint64, err error)
	// Present yields every part a stream holds, by kind, home region and ID, foreign ones of a kind after its own.
	Present(ctx context.Context, s block.Stream) iter.Seq2[block.Part, error]
	// Tallies returns the tallies of home regions and of streams of regions (foreign), all classes. A nil list is all.
	Tallies(ctx context.Context, regions []block.ID) (map[block.TallyKey]block.Tally, error)
	// Leaves returns the leaves under one key, computed from the rows.
	Leaves(ctx context.Context, key block.TallyKey) (map[block.ID]block.Leaf, error)
	// Row returns one record, a deleted one too; nil when there is none.
	Row(ctx context.Context, key RowKey) (*Row, error)
	// Placements returns what places a record.
	Placements(ctx context.Context, key RowKey) ([]Placement, error)
	// Device returns the grant of the device with that token digest; ErrNotFound when there is none or it was revoked.
	Device(ctx context.Context, token [32]byte) (Grant, error)
	// Receipt returns the receipt of a device's op by counter, with the op's ID; false when there is none.
	Receipt(ctx context.Context, device block.ID, counter uint64) (block.Receipt, bool, error)
	// ReceiptOf returns the receipt of an op by its ID, whichever device sent it.
	ReceiptOf(ctx context.Context, op block.ID) (block.Receipt, bool, error)
	// EventTypes returns the codes of the catalogue's event types.
	EventTypes(ctx context.Context) (map[string]bool, error)
}

// Tx is one writing transaction.
type Tx interface {
	View
	// Put writes a row as it is.
	Put(ctx context.Context, row Row) error
	// Move adds and removes placements.
	Move(ctx context.Context, place, unplace []Placement) error
	// Tally moves leaves in and out of tallies.
	Tally(ctx context.Context, moves []TallyMove) error
	// Append gives the parts the next position of a shard, all the same one, logs them, moves the heads of their streams
	// and the shard's running sum, and returns the position.
	Append(ctx context.Context, shard block.ID, parts []block.Part) (uint64, error)
	// SaveReceipt keeps an op's receipt and moves the device's counter to the op's.
	SaveReceipt(ctx context.Context, op block.Op, r block.Receipt) error
	// Next returns the next number of a named counter of a shard, from 1.
	Next(ctx context.Context, shard block.ID, name string) (uint64, error)
	// Redeem enrols a device by a code.
	Redeem(ctx context.Context, r Redemption) (Grant, error)
}

// Redemption is a device's request to be enrolled. A code that is unknown, expired, or redeemed by another device is
// ErrRefused; redeemed by the same device, it gives the same grant.
type Redemption struct {
	Code   [32]byte // SHA-256 of the code
	Device block.ID
	Name   string
	Token  [32]byte // SHA-256 of the token
	Now    time.Time
}
