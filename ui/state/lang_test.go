package state

import (
	"os"
	"testing"
	"time"
)

var zone = time.FixedZone("CST", 8*3600)

// now is Monday 2026-11-23 15:42 in the city.
var now = time.Date(2026, 11, 23, 15, 42, 0, 0, zone)

func load(t *testing.T, name string) *Lang {
	t.Helper()
	b, err := os.ReadFile("../../assets/lang/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	l, err := NewLang(name, b, zone)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestLangTexts(t *testing.T) {
	zh, en := load(t, "zh"), load(t, "en")
	if got := zh.T("events.scope", "沙头街道", 86); got != "沙头街道·在办 86" {
		t.Errorf("zh: %q", got)
	}
	if got := en.T("events.scope", "Shatou", 86); got != "Shatou·86 open" {
		t.Errorf("en: %q", got)
	}
	if got := zh.T("no.such.key"); got != "no.such.key" {
		t.Errorf("unknown key: %q", got)
	}
	if got := zh.TOr("case.handling", "x"); got != "处置中" {
		t.Errorf("TOr of a known key: %q", got)
	}
	if got := zh.TOr("case.made-up", "made-up"); got != "made-up" {
		t.Errorf("TOr of an unknown key: %q", got)
	}
	both, onlyZH := Text{ZH: "网格", EN: "Grid"}, Text{ZH: "网格"}
	for _, c := range []struct {
		l    *Lang
		text Text
		want string
	}{{zh, both, "网格"}, {en, both, "Grid"}, {en, onlyZH, "网格"}, {zh, Text{EN: "Grid"}, "Grid"}} {
		if got := c.l.Of(c.text); got != c.want {
			t.Errorf("%s of %+v: %q, want %q", c.l.Name, c.text, got, c.want)
		}
	}
	if _, err := NewLang("xx", []byte("{"), nil); err == nil {
		t.Error("a broken catalogue is no error")
	}
}

func TestNumbersAndTimes(t *testing.T) {
	zh, en := load(t, "zh"), load(t, "en")
	for _, c := range []struct{ name, got, want string }{
		{"count", zh.Count(41207), "41,207"}, {"count small", zh.Count(999), "999"}, {"count million", zh.Count(1234567), "1,234,567"},
		{"count negative", zh.Count(-1500), "-1,500"}, {"count -100", zh.Count(-100), "-100"},
		{"bytes", zh.Bytes(812), "812 B"}, {"MB", zh.Bytes(5_208_878), "5.2 MB"}, {"GB", zh.Bytes(42_600_000_000), "42.6 GB"}, {"edge", zh.Bytes(999_999), "1.0 MB"},
		{"minutes", zh.Span(38 * time.Minute), "38 分"}, {"hours", zh.Span(185 * time.Minute), "3 时 05 分"}, {"even hours", zh.Span(5 * time.Hour), "5 时"},
		{"days", zh.Span(26 * time.Hour), "1 日 2 时"}, {"even days", zh.Span(48*time.Hour + time.Minute), "2 日"}, {"negative", zh.Span(-38 * time.Minute), "38 分"},
		{"english", en.Span(185 * time.Minute), "3 h 05 min"}, {"zero", zh.Span(0), "0 分"},
		{"age now", zh.Age(now.Add(-20*time.Second), now), "刚刚"}, {"age", zh.Age(now.Add(-time.Minute), now), "1 分前"},
		{"today", zh.Time(now, now), "15:42"}, {"this year", zh.Time(now.AddDate(0, 0, -1), now), "11-22 15:42"}, {"earlier", zh.Time(now.AddDate(-1, 0, 0), now), "2025-11-23 15:42"},
		{"zone", zh.Time(now.UTC(), now), "15:42"}, {"day", zh.Day(now.AddDate(0, 0, -1), now), "11-22"},
		{"east", zh.LonLat(114.02412, 22.52644), "114.02412°E 22.52644°N"}, {"west", zh.LonLat(-0.5, -22), "0.50000°W 22.00000°S"},
		{"m", zh.Metres(100), "100 m"}, {"km", zh.Metres(2000), "2 km"},
		{"code", GroupCode("4403040050361400042"), "4403 0400 5036 1400 042"}, {"event number", GroupCode("20261123-005-0131"), "20261123-005-0131"}, {"short", GroupCode("036014"), "036014"},
	} {
		if c.got != c.want {
			t.Errorf("%s: %q, want %q", c.name, c.got, c.want)
		}
	}
}
