// Package wire is the protocol between a console and its city server, and the only code that knows bytes on the network.
// This comment is its specification. Start from [EncodeFrame] and [DecodeFrame], [HelloResponse], and [Error].
//
// # Transport
//
// HTTP, every path under /v1. Control messages are JSON objects (the types of this package; unknown members are
// ignored), rows travel as frames. All but enrol, /healthz and /metrics carry "Authorization: Bearer TOKEN". What a
// device may ask for is a set of streams that the server decides; every path that names a stream, a key or a chunk
// checks it and answers 403 out-of-scope without data. Refusals are JSON {code, message}; statuses stand for the error
// kinds of package block as kindOf says: 401 and 403 refused, 404 and 410 not found, 409 conflict, 429 and 5xx unavailable,
// other 4xx invalid.
//
//	POST /v1/enrol    EnrolRequest → EnrolResponse        one-time code; 403 refused
//	GET  /v1/meta     → Meta
//	POST /v1/hello    HelloRequest → HelloResponse        426 protocol
//	GET  /v1/streams/{region}/{class}/segments?after=N&upto=M[&form=2] → frame   410 pruned
//	GET  /v1/streams/{region}/{class}/snapshot?upto=M → Manifest           409 moved
//	GET  /v1/chunks/{region}/{class}/{sha256} → frame, Range is served     404 when no longer kept
//	POST /v1/ops      batch of ops → OpsResponse          409 cloned, counter-gap
//	POST /v1/proof    ProofRequest → ProofResponse        409 moved
//	POST /v1/leaves   LeavesRequest → leaves              409 moved
//	POST /v1/rows     RowsRequest → frame                 409 moved
//	GET  /v1/may      → 204, or the refusal that the path in X-Original-URI would meet: for a cache that asks first
//	GET  /v1/poke     → words of an event stream: "heads" when anything in scope moved, a beat each 20 s; 503 when too many listen
//	GET  /healthz, /metrics
//
// # Pulling
//
// Hello names a cut: the head of every stream in scope, read in one server snapshot. A stream at its cursor needs
// nothing; seq 0 is a stream that never held anything. For each other stream the client fetches segments, each of which
// covers (after, its own header's Upto]; a segment may end before the upto asked for, the next begins there. With no cursor, a changed
// epoch, 410, or more than SnapshotBehind behind, it takes the snapshot at some Seq ≤ the cut, chunk by chunk in any
// order, and then the segments after Seq. 409 moved to a snapshot means that it was made later than the cut: say hello
// again. When everything is here the whole cut is applied in one transaction.
//
// A segment holds, for each record that changed in the stream, the part after its last change in the range: applying it
// twice is harmless. Its bytes never change within an epoch; its ETag is its SHA-256 in quotes. Segments and chunks are
// private to the device for every cache but one that asks /v1/may before each answer. Chunks are named by their SHA-256 and
// are verified before use.
//
// In form 2 a part carries what any change in the range changed and no more (block.Mask); a record that is new in the
// stream, or new again, is whole. Versions and flags are always there. A partial part of a record that the client does not
// hold by that stream, and which nothing further in the cut explains, makes the client take the stream as a whole. Without a
// form every part is whole, in a frame of version 1, byte for byte as before there were forms; a form past 2 is answered
// with 2, and a server that knows no forms answers with whole parts, which every client reads.
//
// # Declarations
//
// A schema only grows: fields at the end of a kind, and kinds. Hello's Schema names the server's declarations that the
// client keeps; when they are not the server's present ones, the answer has Kinds, and the client takes them before it
// fetches. From then on it holds, proves and hands on fields and kinds that its program does not know like all others: the
// program is upgraded later without fetching anything. Declarations that contradict the program's own end the sync as 426
// does. A client that sends no Schema gets no Kinds; it skips what it does not know, and its proof fails for records that
// have it. A server is to be upgraded before its clients: leaves cover every declared field.
//
// The witness of a shard is the server's running SHA-256 over everything its log ever held up to seq. Hello hands it
// out with the cut; the client gives it back next time, and a server that was set back to an older state and grew a
// different future does not know it (HelloResponse.Lost). The epoch changes when a backup is restored properly.
//
// # Pushing
//
// Ops carry the device's own counter, from 1 without a gap. A batch is in counter order. An op that has a receipt gets
// the same receipt again; a counter that belongs to another op is 409 cloned; a missing one is 409 counter-gap with the
// last one known. One bad op gets its own receipt and stops no other. Receipt.Seq is the position in the shard of the
// first record: once a cut with that shard at or past it is applied, the effect is in the rows.
//
// # Proving
//
// Proof compares tallies (count, sum of leaves mod 2^256) per key while the cut named is still the present one, else
// 409 moved. For a key that differs, leaves lists id and leaf, and rows gives the parts to put right.
//
// # Binary bodies
//
// Every binary body is a version byte (1; 2 for a frame with partial rows) and one zstd stream. Integers are varints as encoding/binary writes them
// (zigzag where signed), IDs 16 bytes; "section" is a uvarint length and that many bytes.
//
//	frame   stream region (16) · class (1) · from · upto · rows · region count · region IDs · runs until all rows are told
//	run     kind number · n · section{ flags · [masks] · ids · homes · versions · seqs · geometries · column count · section{column}… }
//	flags   numbers: 1 drop, 2 foreign, 4 partial (version 2, not with drop); a dropped row takes part in nothing from geometries on
//	masks   only if a row is partial: count · mask… · numbers: which, of each partial row. Bits of a mask: 0 home, 1 geometry,
//	        from 2 on the fields; a row takes part only in the columns (and homes, geometries) that its mask names
//	homes   numbers: index among the frame's regions
//	numbers mode · 0: one uvarint for all | 1: uvarint each | 2: zigzag step each
//	ids     mode · 0: all steps of the big-endian high halves, then of the low halves | 1: 16 bytes each
//	geometries  0 for none at all | 1 · a tag a row · section{counts} · section{x} · section{y} · section{raw}
//	column  mode · … as column.go lists them: constant, null bitmap, steps, bits, decimals, dictionary, lengths + bytes
//	ops     count · section{op}…;  op: id · device · counter · made ms · author · edits (see AppendOp)
//	leaves  (id · leaf)…, by id rising
//
// A run of an unknown kind number is skipped by its length, a column past the kind's fields likewise, and missing columns
// are Null: a schema only ever grows. Geometry is sent as steps of 1e-7° and rebuilt to the same bytes; WKB that steps
// cannot give back exactly is sent raw.
//
// # Limits
//
// The constants beside [Version]. A decoder checks every length against them, and against the bytes that are left, before it allocates;
// bodies are unpacked into at most MaxPlain bytes and geometries rebuilt into at most as many. Violations are ErrInvalid, never a panic.
package wire
