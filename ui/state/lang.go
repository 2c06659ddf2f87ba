package state

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"kuaitu/block"
)

// Lang is one language with the city's time zone: it turns keys and values into the text of the screens. It is
// immutable; to switch the language the views are made again with another Lang.
type Lang struct {
	Name string // "zh" or "en"
	Zone *time.Location
	text map[string]string
}

// Text is a name in both languages, as packs, catalogues and schema declarations carry it. EN may be empty.
type Text struct{ ZH, EN string }

// NewLang reads a catalogue: one JSON object from key to text, with {0}, {1} … where arguments go. A nil zone is UTC.
func NewLang(name string, catalogue []byte, zone *time.Location) (*Lang, error) {
	l := &Lang{Name: name, Zone: zone}
	if zone == nil {
		l.Zone = time.UTC
	}
	if err := json.Unmarshal(catalogue, &l.text); err != nil {
		return nil, fmt.Errorf("texts in %q: %w: %w", name, err, block.ErrInvalid)
	}
	return l, nil
}

// T returns the text of a key with its arguments put in. An unknown key is returned as it is, so that it is seen.
func (l *Lang) T(key string, args ...any) string {
	s, ok := l.text[key]
	if !ok {
		return key
	}
	for i, a := range args {
		s = strings.ReplaceAll(s, "{"+strconv.Itoa(i)+"}", fmt.Sprint(a))
	}
	return s
}

// Has reports whether the catalogue has the key.
func (l *Lang) Has(key string) bool {
	_, ok := l.text[key]
	return ok
}

// TOr returns the text of a key, or the given text when there is none: for codes that come with the data.
func (l *Lang) TOr(key, other string) string {
	if s, ok := l.text[key]; ok {
		return s
	}
	return other
}

// Join puts a text behind t in both languages.
func (t Text) Join(between string, other Text) Text {
	if t.EN == "" && other.EN == "" {
		return Text{ZH: t.ZH + between + other.ZH}
	}
	en := func(x Text) string { return cmp.Or(x.EN, x.ZH) }
	return Text{ZH: t.ZH + between + other.ZH, EN: en(t) + strings.ReplaceAll(between, "：", ": ") + en(other)}
}

// Of picks the language of a name that has both; a missing one is replaced by the other.
func (l *Lang) Of(t Text) string {
	if (l.Name == "en" && t.EN != "") || t.ZH == "" {
		return t.EN
	}
	return t.ZH
}

// Count writes a number with a comma between thousands.
func (l *Lang) Count(n int) string {
	s := strconv.Itoa(n)
	sign := ""
	if n < 0 {
		sign, s = "-", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return sign + s
}

// Bytes writes a size with three digits: "812 B", "4.2 MB", "42.6 GB" (powers of 1,000).
func (l *Lang) Bytes(n int64) string {
	if n < 1000 {
		return strconv.FormatInt(max(n, 0), 10) + " B"
	}
	f, unit := float64(n), ""
	for _, unit = range []string{"kB", "MB", "GB", "TB"} {
		f /= 1000
		if f < 999.5 {
			break
		}
	}
	if f < 99.95 {
		return strconv.FormatFloat(f, 'f', 1, 64) + " " + unit
	}
	return strconv.FormatFloat(f, 'f', 0, 64) + " " + unit
}

// Span writes a length of time in words, cut to minutes: "38 分", "3 时 05 分", "1 日 2 时".
func (l *Lang) Span(d time.Duration) string {
	minutes := int(d.Abs() / time.Minute)
	days, hours, minutes := minutes/1440, minutes/60%24, minutes%60
	switch {
	case days > 0 && hours > 0:
		return l.T("span.dh", days, hours)
	case days > 0:
		return l.T("span.d", days)
	case hours > 0 && minutes > 0:
		return l.T("span.hm", hours, fmt.Sprintf("%02d", minutes))
	case hours > 0:
		return l.T("span.h", hours)
	default:
		return l.T("span.m", minutes)
	}
}

// Age writes how long ago t was: "刚刚" below a minute, else a span and "前".
func (l *Lang) Age(t, now time.Time) string {
	d := now.Sub(t)
	if d < time.Minute {
		return l.T("age.now")
	}
	return l.T("age.ago", l.Span(d))
}

// Time writes the clock time of t in the city's zone: "15:41" on the day of now, else "11-22 16:30", else with the year.
func (l *Lang) Time(t, now time.Time) string {
	t, now = t.In(l.Zone), now.In(l.Zone)
	switch {
	case t.Year() == now.Year() && t.YearDay() == now.YearDay():
		return t.Format("15:04")
	case t.Year() == now.Year():
		return t.Format("01-02 15:04")
	default:
		return t.Format("2006-01-02 15:04")
	}
}

// Day writes "15:20" on the day of now, "11-22" in the same year, else "2025-11-22": the narrow column of a timeline.
func (l *Lang) Day(t, now time.Time) string {
	t, now = t.In(l.Zone), now.In(l.Zone)
	switch {
	case t.Year() == now.Year() && t.YearDay() == now.YearDay():
		return t.Format("15:04")
	case t.Year() == now.Year():
		return t.Format("01-02")
	default:
		return t.Format("2006-01-02")
	}
}

// LonLat writes a position to five places, about a metre: "114.02412°E 22.52644°N".
func (l *Lang) LonLat(lon, lat float64) string {
	ew, ns := "E", "N"
	if lon < 0 {
		ew = "W"
	}
	if lat < 0 {
		ns = "S"
	}
	return fmt.Sprintf("%.5f°%s %.5f°%s", math.Abs(lon), ew, math.Abs(lat), ns)
}

// Metres writes a distance: "100 m", "2 km".
func (l *Lang) Metres(m float64) string {
	if m >= 1000 {
		return strconv.FormatFloat(m/1000, 'f', -1, 64) + " km"
	}
	return strconv.FormatFloat(m, 'f', -1, 64) + " m"
}

// GroupCode writes a code in groups of four from the left: "4403 0400 5036 1400 042". Codes with signs of their own
// (a hyphen, a blank) and short ones stay as they are.
func GroupCode(code string) string {
	if len(code) < 12 || strings.ContainsAny(code, "- /.") {
		return code
	}
	var b strings.Builder
	for i, r := range []rune(code) {
		if i > 0 && i%4 == 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	return b.String()
}
