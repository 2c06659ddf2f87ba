package duty

import (
	"errors"
	"testing"
	"time"

	"kuaitu/block"

	"pgregory.net/rapid"
)

var zone = time.FixedZone("CST", 8*3600)

// october has the National Day week of a made-up year with a make-up Saturday, in 2026.
func october(t *testing.T) *Calendar {
	t.Helper()
	list := []Exception{{Day{2026, 10, 10}, true, "调休"}}
	for d := 1; d <= 7; d++ {
		list = append(list, Exception{Day{2026, 10, d}, false, "国庆节"})
	}
	c, err := NewCalendar(zone, OfficeHours, []int{2026}, list)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func at(t *testing.T, s string) time.Time {
	t.Helper()
	v, err := time.ParseInLocation("2006-01-02 15:04", s, zone)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestDeadline(t *testing.T) {
	c := october(t)
	for _, tc := range []struct {
		name, start string
		amount      float64
		unit        Unit
		want        string
	}{
		{"inside the morning", "2026-09-14 09:30", 1.5, WorkHour, "2026-09-14 11:00"},
		{"over lunch", "2026-09-14 11:30", 1.5, WorkHour, "2026-09-14 15:00"},
		{"ends with the day", "2026-09-14 14:00", 4, WorkHour, "2026-09-14 18:00"},
		{"over night", "2026-09-14 17:00", 2, WorkHour, "2026-09-15 10:00"},
		{"begins in the night", "2026-09-14 23:10", 1, WorkHour, "2026-09-15 10:00"},
		{"over a weekend", "2026-09-18 17:30", 1, WorkHour, "2026-09-21 09:30"},
		{"a working day", "2026-09-14 10:15", 1, WorkDay, "2026-09-15 10:15"},
		{"five working days over National Day and the make-up Saturday", "2026-09-30 16:00", 5, WorkDay, "2026-10-13 16:00"},
		{"half a working day", "2026-09-14 09:00", 0.5, WorkDay, "2026-09-14 14:30"},
		{"urgent hours do not stop at night", "2026-09-30 23:00", 3, UrgentHour, "2026-10-01 02:00"},
		{"urgent days do not stop for holidays", "2026-09-30 23:00", 2, UrgentDay, "2026-10-02 23:00"},
		{"no limit at all", "2026-10-01 01:00", 0, WorkHour, "2026-10-01 01:00"},
		{"from a holiday", "2026-10-03 12:00", 1, WorkDay, "2026-10-08 18:00"},
	} {
		got, err := c.Deadline(at(t, tc.start), tc.amount, tc.unit)
		if err != nil || !got.Equal(at(t, tc.want)) {
			t.Errorf("%s: %s, %v; want %s", tc.name, got.Format("2006-01-02 15:04"), err, tc.want)
		}
	}
}

func TestAMissingYearIsSaid(t *testing.T) {
	c := october(t)
	_, err := c.Deadline(at(t, "2026-12-31 17:00"), 2, WorkHour)
	var year *YearError
	if !errors.As(err, &year) || year.Year != 2027 || !errors.Is(err, block.ErrNotFound) {
		t.Errorf("error = %v, want the missing year 2027", err)
	}
	if d, err := c.Deadline(at(t, "2026-12-31 23:00"), 2, UrgentHour); err != nil || d.Year() != 2027 {
		t.Errorf("urgent hours need no calendar: %v, %v", d, err)
	}
	for _, amount := range []float64{-1, 1e9} {
		if _, err := c.Deadline(at(t, "2026-09-14 09:00"), amount, WorkDay); !errors.Is(err, block.ErrInvalid) {
			t.Errorf("%g working days: %v", amount, err)
		}
	}
}

func TestBadCalendars(t *testing.T) {
	day := Day{2026, 1, 1}
	for name, make := range map[string]func() (*Calendar, error){
		"no hours":  func() (*Calendar, error) { return NewCalendar(zone, nil, nil, nil) },
		"backwards": func() (*Calendar, error) { return NewCalendar(zone, []Span{{2, 1}}, nil, nil) },
		"touching":  func() (*Calendar, error) { return NewCalendar(zone, []Span{{1, 2}, {2, 3}}, nil, nil) },
		"two minds": func() (*Calendar, error) {
			return NewCalendar(zone, OfficeHours, nil, []Exception{{day, true, ""}, {day, false, ""}})
		},
	} {
		if _, err := make(); !errors.Is(err, block.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestLights(t *testing.T) {
	c := october(t)
	run := Run{Start: at(t, "2026-09-14 09:00"), Amount: 10, Unit: UrgentHour}
	paused := run
	paused.Pauses = []Pause{{From: at(t, "2026-09-14 12:00")}}
	resumed := run
	resumed.Pauses = []Pause{{at(t, "2026-09-14 12:00"), at(t, "2026-09-14 22:00")}}
	granted := run
	granted.Due = at(t, "2026-09-15 09:00")
	done := run
	done.End = at(t, "2026-09-14 21:00")
	for _, tc := range []struct {
		name  string
		run   Run
		now   string
		light Light
		share float64
		due   string
	}{
		{"at once", run, "2026-09-14 09:00", Normal, 0, "2026-09-14 19:00"},
		{"before 80 %", run, "2026-09-14 16:59", Normal, 479.0 / 600, "2026-09-14 19:00"},
		{"at 80 %", run, "2026-09-14 17:00", Near, 0.8, "2026-09-14 19:00"},
		{"at the end", run, "2026-09-14 19:00", Near, 1, "2026-09-14 19:00"},
		{"late", run, "2026-09-14 20:00", Overdue, 1.1, "2026-09-14 19:00"},
		{"paused", paused, "2026-09-15 12:00", Stopped, 0.3, "2026-09-15 19:00"},
		{"resumed", resumed, "2026-09-15 00:00", Normal, 0.5, "2026-09-15 05:00"},
		{"granted more", granted, "2026-09-14 21:00", Normal, 0.5, "2026-09-15 09:00"},
		{"done late", done, "2026-10-01 00:00", Finished, 1.2, "2026-09-14 19:00"},
		{"nothing runs", Run{}, "2026-10-01 00:00", NoLimit, 0, ""},
	} {
		got, err := c.Read(tc.run, at(t, tc.now))
		if err != nil || got.Light != tc.light || got.Share-tc.share > 1e-9 || tc.share-got.Share > 1e-9 {
			t.Errorf("%s: %s at %.3f, %v; want %s at %.3f", tc.name, got.Light, got.Share, err, tc.light, tc.share)
		}
		if tc.due != "" && !got.Due.Equal(at(t, tc.due)) {
			t.Errorf("%s: due %s, want %s", tc.name, got.Due, tc.due)
		}
	}
}

// The time that counts between a start and its deadline is exactly the limit, and later starts never end earlier.
func TestDeadlineAndBetweenAgree(t *testing.T) {
	c := october(t)
	rapid.Check(t, func(t *rapid.T) {
		start := time.Date(2026, 8, 1, 0, 0, 0, 0, zone).Add(time.Duration(rapid.Int64Range(0, 80*86400).Draw(t, "start")) * time.Second)
		amount := float64(rapid.IntRange(1, 80).Draw(t, "quarters")) / 4
		unit := Unit(rapid.IntRange(1, 4).Draw(t, "unit"))
		end, err := c.Deadline(start, amount, unit)
		if err != nil {
			t.Fatal(err)
		}
		want, _ := c.Length(amount, unit)
		if got, err := c.Between(start, end, unit); err != nil || got != want {
			t.Fatalf("%s + %g %s = %s, but %s counts, not %s (%v)", start, amount, unit, end, got, want, err)
		}
		if next, _ := c.Deadline(start.Add(time.Minute), amount, unit); next.Before(end) {
			t.Fatalf("started a minute later, ends earlier: %s, %s", end, next)
		}
	})
}
