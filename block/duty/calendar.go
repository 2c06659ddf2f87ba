// Package duty counts working time: the duty calendar of a city with holidays and make-up days, deadlines in the four units
// of event catalogues, and the light that shows how much of a limit is used.
//
// Start from [Calendar.Deadline] and [Run]. There is no clock in here: the time now is always an argument.
package duty

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"kuaitu/block"
)

// Span is a piece of a day in which people work, as times since midnight in the calendar's zone.
type Span struct{ From, To time.Duration }

// OfficeHours are 9–12 and 14–18, the proposal where a city sets none.
var OfficeHours = []Span{{9 * time.Hour, 12 * time.Hour}, {14 * time.Hour, 18 * time.Hour}}

// Day is a calendar day in no zone.
type Day struct {
	Year  int
	Month time.Month
	Day   int
}

// DayOf returns the day that t shows in its own location.
func DayOf(t time.Time) Day {
	y, m, d := t.Date()
	return Day{y, m, d}
}

// ParseDay reads 2006-01-02; a day that does not exist is block.ErrInvalid.
func ParseDay(s string) (Day, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return Day{}, fmt.Errorf("day %q is not of the form 2006-01-02: %w", s, block.ErrInvalid)
	}
	return DayOf(t), nil
}

// Time returns the day's midnight in a zone.
func (d Day) Time(zone *time.Location) time.Time {
	return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, zone)
}

func (d Day) String() string { return fmt.Sprintf("%04d-%02d-%02d", d.Year, d.Month, d.Day) }

// Exception is a day that is not what its weekday says: a holiday, or a make-up Saturday or Sunday (调休).
type Exception struct {
	Day     Day
	Working bool
	Name    string
}

// YearError says that a deadline needs a year for which no calendar is loaded. It is a block.ErrNotFound.
type YearError struct{ Year int }

func (e *YearError) Error() string {
	return fmt.Sprintf("no duty calendar for %d: holidays are announced each autumn and must be imported", e.Year)
}

// Is makes a YearError a block.ErrNotFound.
func (e *YearError) Is(target error) bool { return target == block.ErrNotFound }

// Calendar knows for each of its years which days are worked. Immutable after NewCalendar.
type Calendar struct {
	zone       *time.Location
	hours      []Span
	perDay     time.Duration
	years      map[int]bool
	exceptions map[Day]bool
	list       []Exception
}

// NewCalendar makes a calendar of the given years: Monday to Friday are worked, except as listed. A year is known when it
// is listed or has an exception. hours are the spans of a working day, rising and apart from each other, within 24 hours.
// Faults are block.ErrInvalid.
func NewCalendar(zone *time.Location, hours []Span, years []int, exceptions []Exception) (*Calendar, error) {
	c := &Calendar{zone: zone, hours: slices.Clone(hours), years: map[int]bool{}, exceptions: map[Day]bool{}, list: slices.Clone(exceptions)}
	last := time.Duration(0)
	for i, h := range hours {
		if h.From < last || h.To <= h.From || h.To > 24*time.Hour {
			return nil, fmt.Errorf("office hours %s–%s: not rising within a day: %w", h.From, h.To, block.ErrInvalid)
		}
		if i > 0 && h.From == last {
			return nil, fmt.Errorf("office hours %s–%s touch the ones before: %w", h.From, h.To, block.ErrInvalid)
		}
		last = h.To
		c.perDay += h.To - h.From
	}
	if c.perDay == 0 || zone == nil {
		return nil, fmt.Errorf("a duty calendar needs a zone and office hours: %w", block.ErrInvalid)
	}
	for _, y := range years {
		c.years[y] = true
	}
	for _, e := range exceptions {
		if was, twice := c.exceptions[e.Day]; twice && was != e.Working {
			return nil, fmt.Errorf("%s is both worked and free: %w", e.Day, block.ErrInvalid)
		}
		c.exceptions[e.Day] = e.Working
		c.years[e.Day.Year] = true
	}
	slices.SortFunc(c.list, func(a, b Exception) int { return cmp.Compare(a.Day.String(), b.Day.String()) })
	return c, nil
}

// Plain is a calendar of Monday to Friday without a single holiday, for places that have none: to be shown as such.
func Plain(zone *time.Location, from, to int) *Calendar {
	var years []int
	for y := from; y <= to; y++ {
		years = append(years, y)
	}
	c, err := NewCalendar(zone, OfficeHours, years, nil)
	if err != nil {
		panic(err) // constant hours
	}
	return c
}

// Zone returns the calendar's zone.
func (c *Calendar) Zone() *time.Location { return c.zone }

// Exceptions returns the days that differ from their weekday, by date. The slice must not be changed.
func (c *Calendar) Exceptions() []Exception { return c.list }

// Years returns the known years, rising.
func (c *Calendar) Years() []int {
	var out []int
	for y := range c.years {
		out = append(out, y)
	}
	slices.Sort(out)
	return out
}

// Working reports whether a day is worked; *[YearError] when the year is not known.
func (c *Calendar) Working(d Day) (bool, error) {
	if !c.years[d.Year] {
		return false, &YearError{d.Year}
	}
	if w, ok := c.exceptions[d]; ok {
		return w, nil
	}
	wd := d.Time(time.UTC).Weekday()
	return wd != time.Saturday && wd != time.Sunday, nil
}

// Unit is what a limit is counted in.
type Unit uint8

// Working hours and days count office time only; urgent ones run day and night, through every holiday. A working day is as
// many office hours as a day has, so that a limit of n working days ends at the same hour n working days later.
const (
	WorkHour Unit = iota + 1
	WorkDay
	UrgentHour
	UrgentDay
)

var unitNames = [...]string{"", "work-hour", "work-day", "urgent-hour", "urgent-day"}

func (u Unit) String() string {
	if int(u) < len(unitNames) {
		return unitNames[u]
	}
	return "unknown"
}

// ParseUnit reads "work-hour", "work-day", "urgent-hour" or "urgent-day", or 工作时, 工作日, 紧急工作时, 紧急工作日.
func ParseUnit(s string) (Unit, error) {
	for i, n := range unitNames {
		if i > 0 && (s == n || s == [...]string{"", "工作时", "工作日", "紧急工作时", "紧急工作日"}[i]) {
			return Unit(i), nil
		}
	}
	return 0, fmt.Errorf("unit %q is none of work-hour, work-day, urgent-hour, urgent-day: %w", s, block.ErrInvalid)
}

// maxLimit bounds limits: ten years of office time, more than any rule gives.
const maxLimit = 10 * 366 * 24 * time.Hour

// Length returns how much counted time an amount of a unit is. An amount that is negative, no number or beyond ten years
// is block.ErrInvalid.
func (c *Calendar) Length(amount float64, u Unit) (time.Duration, error) {
	one := time.Duration(0)
	switch u {
	case WorkHour, UrgentHour:
		one = time.Hour
	case WorkDay:
		one = c.perDay
	case UrgentDay:
		one = 24 * time.Hour
	default:
		return 0, fmt.Errorf("limit without a unit: %w", block.ErrInvalid)
	}
	d := math.Round(amount * float64(one))
	if !(d >= 0 && d <= float64(maxLimit)) {
		return 0, fmt.Errorf("limit of %g × %s: out of range: %w", amount, u, block.ErrInvalid)
	}
	return time.Duration(d), nil
}

// Deadline returns the end of a limit that starts at start: start plus amount in the unit's counting. Time outside office
// hours, weekends and holidays do not count for the working units. The result is in the calendar's zone. *[YearError]
// when it would run into a year that is not known.
func (c *Calendar) Deadline(start time.Time, amount float64, u Unit) (time.Time, error) {
	need, err := c.Length(amount, u)
	if err != nil {
		return time.Time{}, err
	}
	return c.add(start, need, u)
}

func (c *Calendar) add(start time.Time, need time.Duration, u Unit) (time.Time, error) {
	start = start.In(c.zone)
	if u == UrgentHour || u == UrgentDay || need == 0 {
		return start.Add(need), nil
	}
	for d := DayOf(start); ; d = DayOf(d.Time(time.UTC).AddDate(0, 0, 1)) {
		spans, err := c.spans(d)
		if err != nil {
			return time.Time{}, err
		}
		for _, s := range spans {
			from := later(s[0], start)
			if !from.Before(s[1]) {
				continue
			}
			if have := s[1].Sub(from); need > have {
				need -= have
				continue
			}
			return from.Add(need), nil
		}
	}
}

// Between returns how much time counts from one moment to another, 0 when to is not after from.
func (c *Calendar) Between(from, to time.Time, u Unit) (time.Duration, error) {
	from, to = from.In(c.zone), to.In(c.zone)
	if !from.Before(to) {
		return 0, nil
	}
	if u == UrgentHour || u == UrgentDay {
		return to.Sub(from), nil
	}
	if to.Sub(from) > 10*maxLimit {
		return 0, fmt.Errorf("working time over %d years: %w", int(to.Sub(from).Hours()/24/365), block.ErrInvalid)
	}
	sum := time.Duration(0)
	last := DayOf(to)
	for d := DayOf(from); ; d = DayOf(d.Time(time.UTC).AddDate(0, 0, 1)) {
		spans, err := c.spans(d)
		if err != nil {
			return 0, err
		}
		for _, s := range spans {
			a, b := later(s[0], from), s[1]
			if to.Before(b) {
				b = to
			}
			if a.Before(b) {
				sum += b.Sub(a)
			}
		}
		if d == last {
			return sum, nil
		}
	}
}

// spans returns the office hours of one day as moments.
func (c *Calendar) spans(d Day) ([][2]time.Time, error) {
	working, err := c.Working(d)
	if err != nil || !working {
		return nil, err
	}
	out := make([][2]time.Time, len(c.hours))
	for i, h := range c.hours {
		// By clock face and not by addition: on a day when the clocks change nine o'clock is still nine o'clock.
		at := func(t time.Duration) time.Time {
			return time.Date(d.Year, d.Month, d.Day, int(t/time.Hour), int(t/time.Minute)%60, int(t/time.Second)%60, 0, c.zone)
		}
		out[i] = [2]time.Time{at(h.From), at(h.To)}
	}
	return out, nil
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}
