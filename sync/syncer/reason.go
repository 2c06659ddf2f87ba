package syncer

import "time"

// Reason says in one machine word why something did not work. The empty Reason is success. Sentences for people are
// made from it in ui/state.
type Reason string

// The reasons. NotEnrolled, Revoked, Refused, Cloned and Upgrade need a person; the others pass or are repeated.
const (
	NotEnrolled Reason = "not-enrolled"
	Unreachable Reason = "unreachable"  // no answer: no network, no server, time out, cut off in the middle
	Refused     Reason = "refused"      // the device lacks the right for what it asked
	Revoked     Reason = "revoked"      // the credential is not valid any more
	Cloned      Reason = "cloned"       // another copy of this store has used its op counter
	Upgrade     Reason = "upgrade"      // the server speaks another protocol version
	Restored    Reason = "epoch"        // the server was restored from an older backup; everything was compared and sent again
	ServerError Reason = "server-error" // the server is there and cannot answer now
	BadAnswer   Reason = "bad-answer"   // not what the protocol allows, for example a proxy's page
	Gone        Reason = "gone"         // the object asked for is not served any more
	Moved       Reason = "moved"        // the server went on while we looked
	Gap         Reason = "gap"          // the server misses earlier ops of this device
	Poisoned    Reason = "op-refused"   // one op cannot be read by the server
	Unproved    Reason = "unproved"     // still different after the repair; fetched whole next time
	Disk        Reason = "disk"         // the local store failed
)

// transient reports whether repeating at once, after a moment, may help.
func (r Reason) transient() bool {
	return r == Unreachable || r == ServerError || r == BadAnswer
}

// fatal reports whether nothing else can be asked of the server in this sync.
func (r Reason) fatal() bool {
	switch r {
	case Unreachable, Revoked, Cloned, Upgrade, Disk, NotEnrolled:
		return true
	}
	return false
}

// Fault is a failed effect: why, and how long the server asks to be left alone (0: it did not say).
type Fault struct {
	Reason     Reason
	RetryAfter time.Duration
}

// OK reports whether there is no fault.
func (f Fault) OK() bool { return f.Reason == "" }

// Traffic counts the payload bytes of requests (Out) and answers (In).
type Traffic struct{ In, Out int64 }
