package state

import (
	"math"
	"testing"
	"time"
)

func TestClock(t *testing.T) {
	l := load(t, "zh")
	at := func(d time.Duration) time.Time { return now.Add(d) }
	h, m := time.Hour, time.Minute
	for _, c := range []struct {
		name  string
		clock Clock
		light Light
		words string
		bar   ClockBar
	}{
		{"in time", Clock{Started: at(-2 * h), Due: at(8 * h)}, InTime, "剩 8 时", ClockBar{InTime, 0.2, 0.8}},
		{"near from four fifths", Clock{Started: at(-8 * h), Due: at(2 * h)}, Near, "剩 2 时", ClockBar{Near, 0.8, 0.8}},
		{"warns by its own share", Clock{Started: at(-5 * h), Due: at(5 * h), Warn: 0.5}, Near, "剩 5 时", ClockBar{Near, 0.5, 0.5}},
		{"late at the very end", Clock{Started: at(-h), Due: now}, Late, "超 0 分", ClockBar{Late, 1, 1}},
		{"late", Clock{Started: at(-2 * h), Due: at(-h)}, Late, "超 1 时", ClockBar{Late, 1, 0.5}},
		{"urged once is late", Clock{Started: at(-2 * h), Due: at(-h), Urged: 1}, Late, "超 1 时", ClockBar{Late, 1, 0.5}},
		{"urged twice", Clock{Started: at(-2 * h), Due: at(-38 * m), Urged: 2}, Urged, "超 38 分", ClockBar{Urged, 1, 82. / 120}},
		{"stopped stands still", Clock{Started: at(-10 * h), Due: at(-h), StoppedAt: at(-5*h - 30*m)}, Stopped, "停钟", ClockBar{Stopped, 0.5, 0.5}},
		{"closed late is closed", Clock{Started: at(-3 * h), Due: at(-2 * h), ClosedAt: at(-h)}, Done, "已结", ClockBar{Done, 1, 0}},
		{"no limit", Clock{Started: at(-h)}, InTime, "无时限", ClockBar{Light: InTime}},
		{"limit before start", Clock{Started: at(h), Due: at(h / 2)}, InTime, "剩 30 分", ClockBar{InTime, 0, 0.8}},
	} {
		if got := c.clock.Light(now); got != c.light {
			t.Errorf("%s: light %v, want %v", c.name, got, c.light)
		}
		if got := c.clock.Words(l, now); got != c.words {
			t.Errorf("%s: %q, want %q", c.name, got, c.words)
		}
		got := c.clock.Bar(now)
		if got.Light != c.bar.Light || math.Abs(got.Used-c.bar.Used) > 1e-9 || math.Abs(got.Limit-c.bar.Limit) > 1e-9 {
			t.Errorf("%s: bar %+v, want %+v", c.name, got, c.bar)
		}
	}
}

func TestLightsAreOrderedByWorry(t *testing.T) {
	l := load(t, "zh")
	if !(Urged > Late && Late > Near && Near > Stopped && Stopped > InTime && InTime > Done && Done > NoLight) {
		t.Error("the worst light is not the largest")
	}
	for i := range Light(numLights) {
		if !l.Has("light." + i.String()) {
			t.Errorf("no words for %v", i)
		}
	}
	for m := Draft; m <= Returned; m++ {
		if m.Words(l) == "mark."+m.String() {
			t.Errorf("no words for %v", m)
		}
	}
	if NoMark.Words(l) != "" {
		t.Error("no mark has words")
	}
}
