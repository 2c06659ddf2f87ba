// Package blockserver is the city server as an http.Handler over a storage. It speaks the protocol of package wire:
// routing, limits, scope, statuses, logs and metrics are here; SQL is in a storage behind [Ops]; TLS, addresses and
// signals are in cmd/kuaitud.
//
// The core is pure. [Decide] merges one op with the rows it touches and says what changes and what the receipt is;
// [EffectsOf] says which part of what goes into which stream, and how tallies and placements move. Both take values and
// return values, so tests and simulations drive them without a disk. Start from [New], [Ops] and [Decide].
//
// Concurrency: a [Server] serves many requests at once; a storage applies one [Ops.Update] at a time, and every answer is
// read in one [Ops.View], a snapshot. Snapshot chunks are built by at most Options.Builders requests at once.
//
// A record's values, names and tokens never enter an error or a log line.
package blockserver
