package wire

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"kuaitu/block"
)

// Protocol is the version that hello names; a server refuses others with CodeProtocol.
const Protocol = 1

// Content types of bodies.
const (
	TypeJSON   = "application/json"
	TypeFrame  = "application/vnd.kuaitu.frame"
	TypeOps    = "application/vnd.kuaitu.ops"
	TypeLeaves = "application/vnd.kuaitu.leaves"
	TypePoke   = "text/event-stream"
)

// The words of a poke's stream: something in the device's scope moved, or nothing did and the link is alive.
const (
	PokeEvent = "event: heads\ndata: {}\n\n"
	PokeBeat  = ": beat\n\n"
)

// Paths. Those of streams are made by SegmentPath, SnapshotPath and ChunkPath.
const (
	PathEnrol  = "/v1/enrol"
	PathMeta   = "/v1/meta"
	PathHello  = "/v1/hello"
	PathOps    = "/v1/ops"
	PathProof  = "/v1/proof"
	PathLeaves = "/v1/leaves"
	PathRows   = "/v1/rows"
	PathPoke   = "/v1/poke"
	PathMay    = "/v1/may"
	PathHealth = "/healthz"
	PathMetric = "/metrics"
)

// SegmentPath is where the changes of a stream in (after, upto] are, in whole parts.
func SegmentPath(s block.Stream, after, upto uint64) string {
	return fmt.Sprintf("/v1/streams/%s/%s/segments?after=%d&upto=%d", s.Region, s.Class, after, upto)
}

// ChangesPath is the same in parts that carry only what changed. The epoch is not read by the server: it keeps caches between
// the two from answering with segments of a life before a restore.
func ChangesPath(s block.Stream, after, upto uint64, epoch block.Epoch) string {
	return fmt.Sprintf("%s&form=%d&epoch=%s", SegmentPath(s, after, upto), FormChanged, epoch)
}

// Forms of a segment: parts are whole, or carry only what changed, in frames of VersionChanged. A form newer than the
// server's own is answered with the server's newest.
const (
	FormWhole   = 1
	FormChanged = 2
)

// ParseForm reads the form that a segment is asked for in; none is FormWhole.
func ParseForm(text string) (int, error) {
	if text == "" {
		return FormWhole, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < FormWhole {
		return 0, fmt.Errorf("form %q: %w", text, block.ErrInvalid)
	}
	return min(n, FormChanged), nil
}

// SnapshotPath is where the manifest of a snapshot at or before upto is.
func SnapshotPath(s block.Stream, upto uint64) string {
	return fmt.Sprintf("/v1/streams/%s/%s/snapshot?upto=%d", s.Region, s.Class, upto)
}

// ChunkPath is where one chunk of a snapshot is. A chunk is found only under the stream whose snapshot lists it.
func ChunkPath(s block.Stream, d Digest) string {
	return fmt.Sprintf("/v1/chunks/%s/%s/%s", s.Region, s.Class, d)
}

// HeaderOriginal names, in a question to PathMay, the path (with or without query) that a cache in front of the server has been
// asked for.
const HeaderOriginal = "X-Original-URI"

// StreamOfPath returns the stream whose segment or chunk a path names; ErrInvalid for every other path. Only the plain form
// that this package writes is taken.
func StreamOfPath(path string) (block.Stream, error) {
	path, _, _ = strings.Cut(path, "?")
	e := strings.Split(path, "/")
	if len(e) == 6 && e[0] == "" && e[1] == "v1" && (e[2] == "streams" && e[5] == "segments" || e[2] == "chunks") {
		return ParseStream(e[3], e[4])
	}
	return block.Stream{}, fmt.Errorf("the path is of no segment or chunk: %w", block.ErrInvalid)
}

// ParseStream reads a stream from two path elements.
func ParseStream(region, class string) (block.Stream, error) {
	id, err := block.ParseID(region)
	if err != nil {
		return block.Stream{}, err
	}
	c, err := block.ParseClass(class)
	if err != nil {
		return block.Stream{}, fmt.Errorf("class %q: %w", class, block.ErrInvalid)
	}
	return block.Stream{Region: id, Class: c}, nil
}

// Class is block.Class as JSON: "public", "work", "sensitive", "masked".
type Class block.Class

// MarshalText gives the name.
func (c Class) MarshalText() ([]byte, error) { return []byte(block.Class(c).String()), nil }

// UnmarshalText reads a name.
func (c *Class) UnmarshalText(text []byte) error {
	v, err := block.ParseClass(string(text))
	if err != nil {
		return fmt.Errorf("class %q: %w", text, block.ErrInvalid)
	}
	*c = Class(v)
	return nil
}

// Stream is block.Stream as JSON.
type Stream struct {
	Region block.ID `json:"region"`
	Class  Class    `json:"class"`
}

// StreamOf and Block convert between the two.
func StreamOf(s block.Stream) Stream { return Stream{s.Region, Class(s.Class)} }

// Block returns the stream as the domain has it.
func (s Stream) Block() block.Stream {
	return block.Stream{Region: s.Region, Class: block.Class(s.Class)}
}

// Head is block.Head as JSON.
type Head struct {
	Stream
	Seq uint64 `json:"seq"`
}

// Witness is block.Witness as JSON; Sum is 64 hexadecimal digits.
type Witness struct {
	Shard block.ID `json:"shard"`
	Seq   uint64   `json:"seq"`
	Sum   Digest   `json:"sum"`
}

// EnrolRequest asks for a device's credential. Device is made by the client, once; asking again with the same code and
// device gives the same answer, so that a lost answer costs nothing.
type EnrolRequest struct {
	Code   string   `json:"code"`
	Name   string   `json:"name"`
	Device block.ID `json:"device"`
}

// EnrolResponse is the answer.
type EnrolResponse struct {
	Device     block.ID    `json:"device"`
	Token      string      `json:"token"`
	Region     block.ID    `json:"region"`
	RegionCode string      `json:"region_code"`
	Post       string      `json:"post"`
	Classes    []Class     `json:"classes"`
	Epoch      block.Epoch `json:"epoch"`
	Meta       Meta        `json:"meta"`
}

// Enrolment returns the answer as a store keeps it. server is the base URL that was asked.
func (r EnrolResponse) Enrolment(server string) block.Enrolment {
	e := block.Enrolment{
		Server: server, Device: r.Device, Token: r.Token, Region: r.Region, RegionCode: r.RegionCode, Post: r.Post, Epoch: r.Epoch,
	}
	for _, c := range r.Classes {
		e.Classes = e.Classes.With(block.Class(c))
	}
	return e
}

// ClassesOf lists a set, for messages.
func ClassesOf(s block.ClassSet) []Class {
	var out []Class
	for c := block.Public; c < block.NumClasses; c++ {
		if s.Has(c) {
			out = append(out, Class(c))
		}
	}
	return out
}

// Meta is what a console must know of the city before any row: it comes from the city pack.
type Meta struct {
	NameZH      string      `json:"name_zh"`
	NameEN      string      `json:"name_en"`
	TimeZone    string      `json:"time_zone"` // IANA
	Levels      []LevelName `json:"levels"`
	Attribution []string    `json:"attribution"`
}

// LevelName is what a level of territory is called here.
type LevelName struct {
	Level string `json:"level"` // city … grid
	ZH    string `json:"zh"`
	EN    string `json:"en"`
}

// HelloRequest opens a pull. Cut, when not zero, is the digest of the last answer's heads that the client has applied.
type HelloRequest struct {
	Protocol  int         `json:"protocol"`
	Epoch     block.Epoch `json:"epoch"`     // zero: nothing pulled yet
	Witnesses []Witness   `json:"witnesses"` // the last cut's, one a shard
	Cut       *Digest     `json:"cut,omitempty"`
	// Schema is the fingerprint of the server's declarations that the client keeps; zero when it has none yet. A client that
	// leaves it out cannot take declarations and gets none.
	Schema *Digest `json:"schema,omitempty"`
}

// HelloResponse names the cut to pull: the heads of every stream in scope, read in one snapshot of the server. Streams
// that are not listed are out of scope, and what is held of them must go.
type HelloResponse struct {
	Protocol int         `json:"protocol"`
	Epoch    block.Epoch `json:"epoch"`
	// EpochChanged: the client's epoch is not the server's. Lost: shards in which the client's witness is not in the
	// server's history, so the server was set back without its knowing. Either way every stream (of those shards) is to be
	// taken anew by snapshot, and ops past Counter are to be sent again.
	EpochChanged bool       `json:"epoch_changed"`
	Lost         []block.ID `json:"lost,omitempty"`
	Counter      uint64     `json:"counter"`        // the last op counter of this device that has a receipt
	Same         bool       `json:"same,omitempty"` // nothing moved since the request's Cut: Heads and Shards are left out
	Cut          Digest     `json:"cut"`            // names Heads and Shards
	Heads        []Head     `json:"heads,omitempty"`
	Shards       []Witness  `json:"shards,omitempty"` // to be kept as witnesses when the cut is applied
	Region       block.ID   `json:"region"`
	Post         string     `json:"post"`
	Classes      []Class    `json:"classes"`
	// Kinds are the server's declarations, when the request's Schema is not theirs. The client takes them before it fetches
	// anything, so that leaves and proof hold over fields and kinds that it does not know by itself.
	Kinds []Kind    `json:"kinds,omitempty"`
	Time  time.Time `json:"time"` // for people only
}

// BlockCut returns the heads as the domain has them.
func (r HelloResponse) BlockCut() block.Cut {
	cut := block.Cut{Epoch: r.Epoch, Heads: make([]block.Head, len(r.Heads))}
	for i, h := range r.Heads {
		cut.Heads[i] = block.Head{Stream: h.Block(), Seq: h.Seq}
	}
	return cut
}

// BlockWitnesses returns the shards' positions as a replica keeps them.
func (r HelloResponse) BlockWitnesses() []block.Witness {
	out := make([]block.Witness, len(r.Shards))
	for i, w := range r.Shards {
		out[i] = block.Witness{Shard: w.Shard, Seq: w.Seq, Sum: w.Sum}
	}
	return out
}

// WitnessesOf returns a replica's witnesses for a request.
func WitnessesOf(ws []block.Witness) []Witness {
	out := make([]Witness, len(ws))
	for i, w := range ws {
		out[i] = Witness{Shard: w.Shard, Seq: w.Seq, Sum: w.Sum}
	}
	return out
}

// Manifest lists the chunks of a stream's snapshot: all of its present parts as of Seq, which is at or before the cut
// asked for; the segment (Seq, cut] brings it there.
type Manifest struct {
	Stream Stream  `json:"stream"`
	Seq    uint64  `json:"seq"`
	Rows   int     `json:"rows"`
	Chunks []Chunk `json:"chunks"`
}

// Chunk is one immutable frame of a snapshot.
type Chunk struct {
	SHA256 Digest `json:"sha256"`
	Size   int    `json:"size"`
	Rows   int    `json:"rows"`
}

// OpsResponse answers a batch: one receipt an op, in the order sent.
type OpsResponse struct {
	Epoch    block.Epoch `json:"epoch"`
	Counter  uint64      `json:"counter"` // the device's last counter that has a receipt
	Receipts []Receipt   `json:"receipts"`
}

// Receipt is block.Receipt as JSON.
type Receipt struct {
	Op     block.ID `json:"op"`
	Fate   string   `json:"fate"`
	Reason string   `json:"reason,omitempty"`
	Seq    uint64   `json:"seq,omitempty"`
}

// ReceiptOf converts for sending.
func ReceiptOf(r block.Receipt) Receipt {
	return Receipt{Op: r.Op, Fate: r.Fate.String(), Reason: r.Reason, Seq: r.Seq}
}

// Block reads a receipt; an unknown or pending fate is ErrInvalid.
func (r Receipt) Block() (block.Receipt, error) {
	for f := block.FateApplied; f <= block.FateRejected; f++ {
		if f.String() == r.Fate {
			return block.Receipt{Op: r.Op, Fate: f, Reason: r.Reason, Seq: r.Seq}, nil
		}
	}
	return block.Receipt{}, fmt.Errorf("receipt of op %s has fate %q: %w", r.Op, r.Fate, block.ErrInvalid)
}

// ProofRequest asks what the server holds at a cut. With Total, the sum of the client's tallies, an equal server
// answers without the list.
type ProofRequest struct {
	Epoch block.Epoch `json:"epoch"`
	Cut   Digest      `json:"cut"` // of the hello whose heads were applied
	Total *Total      `json:"total,omitempty"`
}

// Total is a block.Tally as JSON: the count, and the sum as 64 hexadecimal digits of 32 little-endian bytes.
type Total struct {
	Count int64  `json:"count"`
	Sum   Digest `json:"sum"`
}

// TotalOf and Block convert between the two.
func TotalOf(t block.Tally) Total { return Total{Count: t.Count, Sum: Digest(t.Bytes())} }

// Block returns the tally.
func (t Total) Block() block.Tally {
	out, _ := block.TallyFrom(t.Count, t.Sum[:]) // 32 bytes by type
	return out
}

// ProofResponse is the server's state at the cut. A client whose tallies are the same has the same rows. Keys whose
// count is 0 are left out.
type ProofResponse struct {
	Equal   bool    `json:"equal"`
	Total   Total   `json:"total"`
	Tallies []Tally `json:"tallies,omitempty"`
}

// Key is block.TallyKey as JSON.
type Key struct {
	Region  block.ID   `json:"region"`
	Class   Class      `json:"class"`
	Kind    block.Kind `json:"kind"`
	Foreign bool       `json:"foreign,omitempty"`
}

// KeyOf and Block convert between the two.
func KeyOf(k block.TallyKey) Key { return Key{k.Region, Class(k.Class), k.Kind, k.Foreign} }

// Block returns the key as the domain has it.
func (k Key) Block() block.TallyKey {
	return block.TallyKey{Region: k.Region, Class: block.Class(k.Class), Kind: k.Kind, Foreign: k.Foreign}
}

// Tally is one key with its total.
type Tally struct {
	Key
	Total
}

// BlockTallies returns the list as the domain has it.
func (r ProofResponse) BlockTallies() map[block.TallyKey]block.Tally {
	out := make(map[block.TallyKey]block.Tally, len(r.Tallies))
	for _, t := range r.Tallies {
		out[t.Key.Block()] = t.Total.Block()
	}
	return out
}

// LeavesRequest asks for the leaves of one key at a cut; the answer is EncodeLeaves' bytes.
type LeavesRequest struct {
	Epoch block.Epoch `json:"epoch"`
	Cut   Digest      `json:"cut"`
	Key   Key         `json:"key"`
}

// RowsRequest asks for the present parts of some records in one stream at a cut; the answer is a frame. Records it does
// not hold are not in the stream.
type RowsRequest struct {
	Epoch  block.Epoch `json:"epoch"`
	Cut    Digest      `json:"cut"`
	Stream Stream      `json:"stream"`
	Kind   block.Kind  `json:"kind"`
	IDs    []block.ID  `json:"ids"` // at most MaxRowIDs
}

// WriteJSON answers with v on one line.
func WriteJSON(w http.ResponseWriter, status int, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("wire: %T: %v", v, err)) // our own message types
	}
	w.Header().Set("Content-Type", TypeJSON)
	w.WriteHeader(status)
	_, _ = w.Write(append(b, '\n')) // the client went away: nothing to tell it
}

// ReadJSON reads one JSON document of at most limit bytes into v. Malformed or longer input is ErrInvalid; unknown
// members are ignored, so that a newer side may add some.
func ReadJSON(r io.Reader, limit int64, v any) error {
	b, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return fmt.Errorf("read message: %w: %w", err, block.ErrUnavailable)
	}
	if int64(len(b)) > limit {
		return fmt.Errorf("message is longer than %d bytes: %w", limit, block.ErrInvalid)
	}
	if err := json.Unmarshal(b, v); err != nil {
		return fmt.Errorf("message is malformed: %w", block.ErrInvalid)
	}
	return nil
}
