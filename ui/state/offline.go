package state

import (
	"errors"
	"fmt"
	"image"
	"strconv"
	"strings"
	"time"

	"github.com/paulmach/orb"

	"kuaitu/block"
)

// OfflineRequest is an area of a base map that is to be kept on this machine.
type OfflineRequest struct {
	ID               string       // of an area that was begun; empty makes a new one and the rest says which
	Base             string       // ID of the base map
	Name             string       // of the area
	Area             orb.Geometry // a polygon, degrees; nil: the boundary of Region
	Region           block.ID
	MinZoom, MaxZoom int
	Quota            int64 // bytes of all areas together; 0: no end
}

// OfflineEstimate is what a request comes to.
type OfflineEstimate struct {
	Tiles, Bytes int64
	Sampled      int64 // tiles that the estimate is from
	Free         int64 // bytes on the disk, -1 when unknown
	Used         int64 // bytes of the areas there are
	Problem      error // an *OfflineError: what stands against it
}

// OfflineProgress is how far it is.
type OfflineProgress struct {
	Tiles, Done int64
	Kept        int64 // of Done: were there already
	Bytes       int64 // of tiles in the files
	Waiting     bool  // the server does not answer just now
	Checking    bool  // all is there and is being proved
}

// OfflineArea is an area that is kept, wholly or in part.
type OfflineArea struct {
	ID               string
	Name             string
	Base             Text // the base map it is from
	MinZoom, MaxZoom int
	Tiles            int64
	Bytes            int64 // on disk
	Made             time.Time
	Checked          time.Time // when it was last proved; zero: never
	Whole            bool      // it was proved that all of it is there
	Missing          int64     // tiles that the last proof missed or could not show
	CanResume        bool      // its base map is there to go on from
}

// OfflineResult is an area after it was taken or proved.
type OfflineResult struct {
	Area    OfflineArea
	Picture image.Image // drawn from the files alone; nil when it could not be
}

// OfflineError says in which of some ways an area could not be taken.
type OfflineError struct {
	Why    string // "server", "disk", "quota", "file", "source", "area", "gone", "missing", "busy": text keys "offline.why.<why>"
	Detail string // words of the server, ""
	Err    error
}

// Error implements error.
func (e *OfflineError) Error() string { return fmt.Sprintf("offline area: %s: %v", e.Why, e.Err) }

// Unwrap answers the cause.
func (e *OfflineError) Unwrap() error { return e.Err }

// OfflineFailure is the sentence about an error of taking an area.
func OfflineFailure(l *Lang, err error) string {
	var e *OfflineError
	if !errors.As(err, &e) {
		n := Failure(l, err)
		return n.Title + l.T("dot") + n.Text
	}
	text := l.T("offline.why." + e.Why)
	if e.Detail != "" {
		text += " " + l.T("offline.said", e.Detail)
	}
	return text
}

// OfflinePhase is what the dialog is doing.
type OfflinePhase uint8

// Choosing an area, taking it, stopped before its end, done.
const (
	OfflineChoosing OfflinePhase = iota
	OfflineTaking
	OfflineStopped
	OfflineDone
)

// OfflineDialog is what the dialog of offline areas knows while one is taken. UI thread only.
type OfflineDialog struct {
	phase    OfflinePhase
	progress OfflineProgress
	name     string
	err      error
	result   OfflineResult
	paused   bool // the user stopped it

	began     time.Time // of this run
	beganDone int64     // tiles that cost no time, being there
}

// Phase says what the dialog is doing.
func (d *OfflineDialog) Phase() OfflinePhase { return d.phase }

// Start begins to take an area.
func (d *OfflineDialog) Start(name string, now time.Time) {
	*d = OfflineDialog{phase: OfflineTaking, name: name, began: now}
}

// Progress puts in how far it is.
func (d *OfflineDialog) Progress(p OfflineProgress, now time.Time) {
	if p.Kept > d.progress.Kept { // what was there is passed over in no time
		d.began, d.beganDone = now, p.Done
	}
	d.progress = p
}

// Pause notes that the user wants it stopped.
func (d *OfflineDialog) Pause() { d.paused = true }

// Finish ends it: done, or stopped with an error.
func (d *OfflineDialog) Finish(r OfflineResult, err error) {
	d.result, d.err, d.phase = r, err, OfflineDone
	if err != nil {
		d.phase = OfflineStopped
	}
}

// Reset goes back to choosing.
func (d *OfflineDialog) Reset() { *d = OfflineDialog{} }

// Result is the area that was taken, or as far as it is there.
func (d *OfflineDialog) Result() OfflineResult { return d.result }

// Line is what is said over the progress bar, and its share 0…1.
func (d *OfflineDialog) Line(l *Lang, now time.Time) (text string, share float64) {
	p := d.progress
	switch {
	case p.Checking:
		return l.T("offline.checking"), 1
	case p.Tiles == 0:
		return l.T("offline.beginning"), 0
	}
	parts := []string{l.T("offline.done.of", l.Count(int(p.Done)), l.Count(int(p.Tiles))), l.Bytes(p.Bytes)}
	if left, ok := d.left(now); ok {
		parts = append(parts, l.T("offline.left", span(l, left)))
	}
	return strings.Join(parts, l.T("dot")), float64(p.Done) / float64(p.Tiles)
}

// span is a rough time in words.
func span(l *Lang, d time.Duration) string {
	if d < time.Minute {
		return l.T("offline.seconds", strconv.Itoa(max(1, int(d.Seconds()))))
	}
	return l.Span(d.Round(time.Minute))
}

// left is how long it will take still, once enough was seen of it.
func (d *OfflineDialog) left(now time.Time) (time.Duration, bool) {
	done, ran := d.progress.Done-d.beganDone, now.Sub(d.began)
	if done < 10 || ran < 2*time.Second || d.progress.Waiting {
		return 0, false
	}
	return time.Duration(float64(ran) / float64(done) * float64(d.progress.Tiles-d.progress.Done)), true
}

// Waiting reports whether the server does not answer just now.
func (d *OfflineDialog) Waiting() bool { return d.progress.Waiting }

// Stopped is the sentence about why it ended early.
func (d *OfflineDialog) Stopped(l *Lang) string {
	if d.paused && !d.other() {
		return l.T("offline.paused", l.Count(int(d.progress.Done)), l.Count(int(d.progress.Tiles)))
	}
	return OfflineFailure(l, d.err)
}

// Paused reports whether it ended as the user wanted.
func (d *OfflineDialog) Paused() bool { return d.paused && !d.other() }

// other reports whether it ended for another reason than being stopped.
func (d *OfflineDialog) other() bool {
	var e *OfflineError
	return errors.As(d.err, &e)
}

// Name is what the area is called.
func (d *OfflineDialog) Name() string { return d.name }

// Words are the lines of an estimate: what it comes to, and the room there is.
func (e OfflineEstimate) Words(l *Lang, quota int64) (size, room string) {
	size = l.T("offline.estimate", l.Count(int(e.Tiles)), l.Bytes(e.Bytes), l.Count(int(e.Sampled)))
	if e.Sampled == 0 {
		size = l.T("offline.estimate.none", l.Count(int(e.Tiles)))
	}
	parts := []string{l.T("offline.used", l.Bytes(e.Used))}
	if quota > 0 {
		parts = []string{l.T("offline.used.of", l.Bytes(e.Used), l.Bytes(quota))}
	}
	if e.Free >= 0 {
		parts = append(parts, l.T("offline.free", l.Bytes(e.Free)))
	}
	return size, strings.Join(parts, l.T("dot"))
}

// Describe is the second line about a kept area: "天地图·10–17 级·3.4 MB·昨天 16:20（19 小时前）".
func (a OfflineArea) Describe(l *Lang, now time.Time) string {
	parts := []string{l.Of(a.Base), l.T("offline.levels", strconv.Itoa(a.MinZoom), strconv.Itoa(a.MaxZoom)), l.Bytes(a.Bytes)}
	if !a.Made.IsZero() {
		parts = append(parts, l.Age(a.Made, now))
	}
	return strings.Join(parts, l.T("dot"))
}

// State is how an area stands: "已断网检查", "未完成", "缺 12 块".
func (a OfflineArea) State(l *Lang) (string, Tone) {
	switch {
	case a.Whole:
		return l.T("offline.whole"), TonePlain
	case !a.Checked.IsZero():
		return l.T("offline.missing", l.Count(int(a.Missing))), ToneNear
	}
	return l.T("offline.partly"), ToneNear
}

// ParseQuota reads a number of megabytes; nothing is no end. ok is false for what is no such number.
func ParseQuota(text string) (bytes int64, ok bool) {
	text = strings.TrimSpace(text)
	if text == "" {
		return 0, true
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 1 || n > 10_000_000 {
		return 0, false
	}
	return n * 1_000_000, true
}
