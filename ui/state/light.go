package state

import "time"

// Light is how an open event stands against its time limit. The order is the order of worry: the worst of a subtree is
// the largest.
type Light uint8

// No light, 已结, 正常, 停钟, 临近, 超期, 二次催办.
const (
	NoLight Light = iota
	Done
	InTime
	Stopped
	Near
	Late
	Urged
	numLights = int(Urged) + 1
)

var lightNames = [numLights]string{"none", "done", "intime", "stopped", "near", "late", "urged"}

func (l Light) String() string {
	if int(l) < numLights {
		return lightNames[l]
	}
	return "unknown"
}

// Words is the name of the light in the language.
func (l Light) Words(lang *Lang) string { return lang.T("light." + l.String()) }

// Urgent reports whether the light is 超期 or 二次催办, the only ones drawn in red.
func (l Light) Urgent() bool { return l == Late || l == Urged }

// Clock is the time limit of an event as its workflow computed it: working days and pauses are already in Started and Due.
type Clock struct {
	Started, Due time.Time
	Warn         float64   // share of the limit from which it counts as near, 0 means 0.8
	StoppedAt    time.Time // the clock stands still since then; zero when it runs
	ClosedAt     time.Time // zero while open
	Urged        int       // how often the unit was urged
}

// Light tells how the clock stands at now. An event without a limit is in time until it is closed.
func (c Clock) Light(now time.Time) Light {
	switch {
	case !c.ClosedAt.IsZero():
		return Done
	case !c.StoppedAt.IsZero():
		return Stopped
	case c.Due.IsZero():
		return InTime
	case !now.Before(c.Due) && c.Urged >= 2:
		return Urged
	case !now.Before(c.Due):
		return Late
	case c.Share(now) >= c.warn():
		return Near
	default:
		return InTime
	}
}

func (c Clock) warn() float64 {
	if c.Warn <= 0 || c.Warn >= 1 {
		return 0.8
	}
	return c.Warn
}

// Share is the used part of the limit: 0 at the start, 1 at the end of the limit, above 1 when it is over; 0 without a limit.
func (c Clock) Share(now time.Time) float64 {
	limit := c.Due.Sub(c.Started)
	if c.Due.IsZero() || c.Started.IsZero() || limit <= 0 {
		return 0
	}
	at := now
	switch {
	case !c.ClosedAt.IsZero():
		at = c.ClosedAt
	case !c.StoppedAt.IsZero():
		at = c.StoppedAt
	}
	return max(0, float64(at.Sub(c.Started))/float64(limit))
}

// Words says what the bar shows: "剩 3 时 05 分", "超 38 分", "停钟", "已结", "无时限".
func (c Clock) Words(l *Lang, now time.Time) string {
	switch c.Light(now) {
	case Done:
		return l.T("clock.done")
	case Stopped:
		return l.T("clock.stopped")
	case Late, Urged:
		return l.T("clock.over", l.Span(now.Sub(c.Due)))
	default:
		if c.Due.IsZero() {
			return l.T("clock.none")
		}
		return l.T("clock.left", l.Span(c.Due.Sub(now)))
	}
}

// ClockBar is the drawing of a clock: shares of the bar's whole length, from the left.
type ClockBar struct {
	Light Light
	Used  float64 // end of the full part
	Limit float64 // where the mark stands: the limit itself when late, else the warning notch; 0 for none
}

// Bar returns the drawing of the clock. When late the whole bar is the time used, so that the mark of the limit moves
// left as the delay grows.
func (c Clock) Bar(now time.Time) ClockBar {
	light, share := c.Light(now), c.Share(now)
	switch {
	case light.Urgent():
		return ClockBar{Light: light, Used: 1, Limit: 1 / max(share, 1)}
	case light == Done:
		return ClockBar{Light: light, Used: 1}
	case c.Due.IsZero():
		return ClockBar{Light: light}
	case light == Stopped:
		return ClockBar{Light: light, Used: min(share, 1), Limit: min(share, 1)}
	default:
		return ClockBar{Light: light, Used: min(share, 1), Limit: c.warn()}
	}
}

// SyncMark is how far a record of this device has come. Only Proved may be shown in green.
type SyncMark uint8

// Nothing to show, 草稿, 待发, 已送达, 已证实, 冲突, 被退回.
const (
	NoMark SyncMark = iota
	Draft
	Queued
	Sent
	Proved
	Conflicted
	Returned
)

var markNames = [...]string{"none", "draft", "queued", "sent", "proved", "conflict", "returned"}

func (m SyncMark) String() string {
	if int(m) < len(markNames) {
		return markNames[m]
	}
	return "unknown"
}

// Words is the name of the mark in the language; empty for NoMark.
func (m SyncMark) Words(l *Lang) string {
	if m == NoMark {
		return ""
	}
	return l.T("mark." + m.String())
}
