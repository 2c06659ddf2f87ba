package duty

import (
	"time"
)

// Light is how an event stands against its limit.
type Light uint8

// The lights, from the quietest to the one that counts most; Worst of a list is its maximum.
const (
	NoLimit Light = iota
	Finished
	Normal
	Stopped
	Near
	Overdue
)

var lightNames = [...]string{"none", "finished", "normal", "stopped", "near", "overdue"}

func (l Light) String() string {
	if int(l) < len(lightNames) {
		return lightNames[l]
	}
	return "unknown"
}

// NearShare is the used share of a limit from which an event counts as near it.
const NearShare = 0.8

// Pause is a time that does not count. To is zero while it lasts.
type Pause struct{ From, To time.Time }

// Run is one run of an event's handling clock. A zero Start means that no limit runs.
type Run struct {
	Start  time.Time
	Amount float64
	Unit   Unit
	Due    time.Time // when set: a deadline that was granted in place of Amount
	Pauses []Pause   // rising, apart from each other
	End    time.Time // when handling was done; zero while it runs
}

// Reading is a Run read at one moment. Used and Allowed are counted time, not time on the wall.
type Reading struct {
	Used, Allowed time.Duration
	Share         float64 // Used/Allowed; +Inf never: a limit of nothing is used up at once and has share 1
	Light         Light
	Due           time.Time // the deadline, moved by finished pauses; while paused, as if the pause ended now
	Late          bool      // also for finished runs
}

// Read reads a run at the moment now. Errors are those of [Calendar.Deadline].
func (c *Calendar) Read(r Run, now time.Time) (Reading, error) {
	if r.Start.IsZero() {
		return Reading{}, nil
	}
	end := now
	if !r.End.IsZero() {
		end = r.End
	}
	out := Reading{}
	var err error
	if r.Due.IsZero() {
		out.Allowed, err = c.Length(r.Amount, r.Unit)
	} else if out.Allowed, err = c.Between(r.Start, r.Due, r.Unit); err == nil {
		// A granted deadline stands on the wall: pauses before it was granted are in it already.
		for _, p := range r.Pauses {
			if p.From.Before(r.Due) {
				cut := p.To
				if cut.IsZero() || cut.After(r.Due) {
					cut = r.Due
				}
				lost, e := c.Between(p.From, cut, r.Unit)
				if e != nil {
					return Reading{}, e
				}
				out.Allowed -= lost
			}
		}
	}
	if err != nil {
		return Reading{}, err
	}
	if out.Used, err = c.Between(r.Start, end, r.Unit); err != nil {
		return Reading{}, err
	}
	paused := false
	for _, p := range r.Pauses {
		to := p.To
		if to.IsZero() || to.After(end) {
			paused = paused || !p.From.After(end) && r.End.IsZero()
			to = end
		}
		lost, err := c.Between(p.From, to, r.Unit)
		if err != nil {
			return Reading{}, err
		}
		out.Used -= lost
	}
	if out.Share = 1; out.Allowed > 0 {
		out.Share = float64(out.Used) / float64(out.Allowed)
	}
	out.Late = out.Used > out.Allowed
	switch {
	case !r.End.IsZero():
		out.Light = Finished
	case paused:
		out.Light = Stopped
	case out.Late:
		out.Light = Overdue
	case out.Share >= NearShare:
		out.Light = Near
	default:
		out.Light = Normal
	}
	out.Due, err = c.due(r, out.Allowed, end)
	return out, err
}

// due finds the moment at which the counted time reaches allowed: from pause to pause.
func (c *Calendar) due(r Run, allowed time.Duration, now time.Time) (time.Time, error) {
	from, left := r.Start, allowed
	for _, p := range r.Pauses {
		run, err := c.Between(from, p.From, r.Unit)
		if err != nil {
			return time.Time{}, err
		}
		if run >= left {
			break
		}
		left -= run
		from = p.To
		if from.IsZero() {
			from = later(now, p.From)
		}
	}
	return c.add(from, max(0, left), r.Unit)
}
