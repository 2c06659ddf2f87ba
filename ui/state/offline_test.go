package state

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"kuaitu/block"
)

// TestOfflineLeft: tiles that were on disk already say nothing about how long the others take.
func TestOfflineLeft(t *testing.T) {
	l := load(t, "en")
	at := time.Date(2026, 11, 24, 4, 0, 0, 0, time.UTC)
	var d OfflineDialog
	d.Start("东区", at)
	d.Progress(OfflineProgress{Tiles: 1000, Done: 500, Kept: 500}, at.Add(time.Second))
	d.Progress(OfflineProgress{Tiles: 1000, Done: 600, Kept: 500, Bytes: 1_000_000}, at.Add(21*time.Second))
	text, share := d.Line(l, at.Add(21*time.Second))
	if share != 0.6 || !strings.Contains(text, "600 of 1,000") || !strings.Contains(text, "1 min left") { // 400 at 5 a second
		t.Errorf("%q, %v", text, share)
	}
	d.Progress(OfflineProgress{Tiles: 1000, Done: 600, Kept: 500, Waiting: true}, at.Add(22*time.Second))
	if text, _ := d.Line(l, at.Add(22*time.Second)); strings.Contains(text, "left") || !d.Waiting() {
		t.Errorf("a server that does not answer: %q", text)
	}
}

func TestOfflineStopped(t *testing.T) {
	l := load(t, "en")
	var d OfflineDialog
	d.Start("a", time.Now())
	d.Pause()
	d.Finish(OfflineResult{}, context.Canceled)
	if !d.Paused() || !strings.HasPrefix(d.Stopped(l), "Paused") {
		t.Errorf("paused: %q", d.Stopped(l))
	}
	d.Start("a", time.Now())
	d.Pause()
	d.Finish(OfflineResult{}, fmt.Errorf("take: %w", &OfflineError{Why: "server", Detail: "403 Forbidden", Err: block.ErrUnavailable}))
	if d.Paused() || !strings.Contains(d.Stopped(l), "403 Forbidden") {
		t.Errorf("the server refused before it was paused: %q", d.Stopped(l))
	}
	for _, why := range []string{"server", "disk", "quota", "file", "source", "area", "gone", "missing", "busy"} {
		if !l.Has("offline.why." + why) {
			t.Errorf("no sentence for %q", why)
		}
	}
	if got := OfflineFailure(l, errors.Join(block.ErrUnavailable)); got == "" {
		t.Error("no sentence for another error")
	}
}

func TestParseQuota(t *testing.T) {
	for text, want := range map[string]int64{"": 0, " 500 ": 500_000_000, "0": -1, "-3": -1, "2 GB": -1, "99999999999": -1} {
		got, ok := ParseQuota(text)
		if ok != (want >= 0) || ok && got != want {
			t.Errorf("%q is %d, %v", text, got, ok)
		}
	}
}
