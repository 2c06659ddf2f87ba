package state

import (
	"fmt"
	"strings"
	"time"

	"kuaitu/block"
)

// RangeKind is a way to choose a time.
type RangeKind uint8

// The ranges of the strip over the map. Weeks and months are the last 7 and 30 days with today.
const (
	RangeAll RangeKind = iota
	RangeToday
	RangeWeek
	RangeMonth
	RangeCustom
)

// TimeRange says when the events that are shown were reported. The zero range is every time.
type TimeRange struct {
	Kind     RangeKind
	From, To time.Time // of RangeCustom: the first and the last day, at their midnights in the city's zone; zero is open
}

// StripDays is how many days the bars of the strip show, and the length of EventPage.Days.
const StripDays = 30

// Span is the range as instants: from is in it, to is not; a zero one is open.
func (r TimeRange) Span(now time.Time, zone *time.Location) (from, to time.Time) {
	today := Midnight(now, zone)
	switch r.Kind {
	case RangeToday:
		return today, time.Time{}
	case RangeWeek:
		return today.AddDate(0, 0, -6), time.Time{}
	case RangeMonth:
		return today.AddDate(0, 0, -29), time.Time{}
	case RangeCustom:
		if !r.To.IsZero() {
			to = r.To.AddDate(0, 0, 1)
		}
		return r.From, to
	}
	return time.Time{}, time.Time{}
}

// Midnight is the beginning of the day of t.
func Midnight(t time.Time, zone *time.Location) time.Time {
	t = t.In(zone)
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, zone)
}

// ParseRange reads a range of days written as 2026-11-23 or 20261123; an empty text is open. Days that are none, or the
// wrong way round, are block.ErrInvalid.
func ParseRange(from, to string, zone *time.Location) (TimeRange, error) {
	r := TimeRange{Kind: RangeCustom}
	for _, part := range []struct {
		text string
		into *time.Time
	}{{from, &r.From}, {to, &r.To}} {
		text := strings.NewReplacer("/", "-", ".", "-", "年", "-", "月", "-", "日", "").Replace(strings.TrimSpace(part.text))
		if text == "" {
			continue
		}
		at, err := time.ParseInLocation("2006-1-2", text, zone)
		if err != nil {
			at, err = time.ParseInLocation("20060102", text, zone)
		}
		if err != nil {
			return TimeRange{}, fmt.Errorf("day %q: %w", part.text, block.ErrInvalid)
		}
		*part.into = at
	}
	if !r.From.IsZero() && !r.To.IsZero() && r.To.Before(r.From) {
		return TimeRange{}, fmt.Errorf("the last day lies before the first: %w", block.ErrInvalid)
	}
	if r.From.IsZero() && r.To.IsZero() {
		return TimeRange{}, nil
	}
	return r, nil
}

// Words is the range as the strip shows it: "11-01–11-23" for a custom one.
func (r TimeRange) Words(l *Lang, now time.Time) string {
	switch r.Kind {
	case RangeToday:
		return l.T("range.today")
	case RangeWeek:
		return l.T("range.week")
	case RangeMonth:
		return l.T("range.month")
	case RangeCustom:
		day := func(t time.Time) string {
			if t.IsZero() {
				return "…"
			}
			return t.In(l.Zone).Format("01-02")
		}
		return day(r.From) + "–" + day(r.To)
	}
	return l.T("range.all")
}

// DayBar is one bar of the strip.
type DayBar struct {
	Day   time.Time
	Count int
	In    bool // the day lies in the range
}

// DayBars are the last days' reports, oldest first, with the range marked.
func (e *EventList) DayBars(now time.Time, zone *time.Location) []DayBar {
	from, to := e.Range.Span(now, zone)
	today := Midnight(now, zone)
	bars := make([]DayBar, 0, StripDays)
	for i := range StripDays {
		day := today.AddDate(0, 0, i-StripDays+1)
		b := DayBar{Day: day, In: !day.Before(from) && (to.IsZero() || day.Before(to))}
		if i < len(e.page.Days) {
			b.Count = e.page.Days[i]
		}
		bars = append(bars, b)
	}
	return bars
}

// SetRange chooses when the listed events were reported.
func (e *EventList) SetRange(r TimeRange, now time.Time, zone *time.Location) {
	e.Range = r
	e.Filter.From, e.Filter.To = r.Span(now, zone)
}

// DayIndex says which of the strip's days a time falls on, -1 for none of them.
func DayIndex(at, now time.Time, zone *time.Location) int {
	days := int(Midnight(now, zone).Sub(Midnight(at, zone)).Hours()+12) / 24
	if at.After(now) || days >= StripDays {
		return -1
	}
	return StripDays - 1 - days
}
