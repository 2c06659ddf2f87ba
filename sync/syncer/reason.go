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

// sentences say what each reason means, what is safe and what to do; in English, for the tools. The window has its own.
var sentences = map[Reason]string{
	NotEnrolled: "this store is enrolled at no server; enrol it with a code of the server's",
	Unreachable: "the server does not answer; what was written here is safe and goes with the next sync",
	Refused:     "the server refuses this device what it asks for; what was written here is kept",
	Revoked:     "the server does not know this device's credential any more, or it was revoked; what was written here is kept; ask for a new enrolment code",
	Cloned:      "another copy of this store has synced in its name; what was written here is kept: export it, and enrol a new store",
	Upgrade:     "the server speaks another version of the protocol; bring this program up to date",
	Restored:    "the server was restored from an older backup; everything was compared and sent again",
	ServerError: "the server is there and cannot answer now; what was written here is safe and goes with the next sync",
	BadAnswer:   "what answers is not the city's server, or it is damaged on the way; what was written here is safe",
	Gone:        "the server has what was asked for no longer; sync again",
	Moved:       "the server went on while it was being compared with; sync again",
	Gap:         "the server misses earlier edits of this device; sync again, and if this stays have its operator look",
	Poisoned:    "the server cannot read one of the edits made here; they are all kept: see ops, and bring this program up to date",
	Unproved:    "this store still differs from the server after it was put right; sync again, and if this stays enrol a new store",
	Disk:        "the store's file could not be read or written: the disk may be full or the file damaged; see verify",
}

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
