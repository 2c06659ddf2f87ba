// Package syncer is the client of sync: it pulls, verifies, applies, pushes and proves.
//
// Start from [Step], the pure core: a state and an event give the next state and the effects to perform; it has no
// goroutine, clock, disk, network or global randomness. [Worker] performs one effect and answers with one event.
// [Run] is the only loop that owns goroutines; [Once] is one sync from beginning to end, as a command needs it;
// [Enrol] binds a store to a server. [Replica] is what it needs of a store.
//
// # One sync
//
//	load → greet → plan → fetch → apply → push → (greet again when the push had effects) → prove → record
//
// Greet learns the heads of every stream in scope, read by the server in one snapshot: the cut. Fetch brings all that
// is missing up to the cut, bounded and in parallel; each object is verified and staged under its content name, so
// that a kill loses at most the objects in flight. Apply is one transaction of the replica: readers see whole cuts
// only. A stream that cannot be fetched stays at its cursor and is reported; it does not stop the others.
//
// Push sends what the outbox holds, by counter, and settles each receipt. Ops are idempotent by id, so a lost answer
// costs one repetition.
//
// Prove compares tallies per region, class and kind at the cut. Where they differ the leaves are compared, the
// differing rows fetched and put right, and the tallies compared again: once in a sync. What still differs then is
// fetched whole by the next sync. Tallies are those the replica keeps; a deep proof computes them from the rows first,
// so that a row changed behind the program's back is found too. Deep is: when asked for, on the first sync of a
// process, and when a day has passed since the last; a replica of more than [DeepRows] rows only when asked or daily.
//
// # Pokes
//
// [Run] listens to the server's pokes beside its polls. A poke only brings the next sync forward, spread over
// [PokeSpread]; one that is lost costs the time to the next poll.
//
// # When the server is not what it was
//
// A new epoch, a witness the server does not know, or a cursor ahead of the server's head mean that it was restored
// from an older backup. Nothing is deleted: every stream comes again as a whole, every op ever kept is sent again
// (the server knows by id which ones it has), and the sync record says "epoch" so that the user is told.
//
// # Failures
//
// A failure is a machine word, [Reason], never a library's text. Transient ones are repeated with back-off and jitter
// from the state's own seeded source. Push is tried even where the pull failed, unless nothing can be reached or the
// device has lost its right.
package syncer
