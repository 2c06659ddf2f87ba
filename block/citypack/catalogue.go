package citypack

import (
	_ "embed"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"kuaitu/block"
	"kuaitu/block/duty"
)

// EventType is one row of an event catalogue: a type under one filing condition, since a limit belongs to both together.
type EventType struct {
	Code, Class  string // Class is the big class: 市容环境, 街面秩序, …
	Name, NameEN string
	Condition    string // empty: the type has one condition only
	Limit        float64
	LimitUnit    duty.Unit // 0: no limit
	Closing      string    // when it may be closed
	Unit         string    // who usually handles it
	Icon         string    // trash, speakerphone, crane, shopping-cart, urgent, tool, flame, dots
}

// ID is the row's ID, the same on every machine.
func (t EventType) ID() block.ID { return block.NameID("catalogue_type", t.Code+"/"+t.Condition) }

func (t EventType) record(root block.ID) block.Record {
	p := plan("catalogue_type")
	r := p.New(t.ID(), root)
	for _, f := range [][2]string{{"code", t.Code}, {"class", t.Class}, {"name", t.Name}, {"name_en", t.NameEN}, {"condition", t.Condition},
		{"closing", t.Closing}, {"unit", t.Unit}, {"icon", t.Icon}} {
		if f[1] != "" {
			p.Set(&r, f[0], block.TextValue(f[1]))
		}
	}
	if t.LimitUnit != 0 {
		p.Set(&r, "limit_amount", block.FloatValue(t.Limit))
		p.Set(&r, "limit_unit", block.TextValue(t.LimitUnit.String()))
	}
	return r
}

//go:embed catalogue.csv
var starterCSV []byte

// StarterCatalogue returns the built-in catalogue, used where a pack has none: proposals, to be replaced by the city's rules.
func StarterCatalogue() []EventType { return slices.Clone(starter()) }

var starter = sync.OnceValue(func() []EventType {
	var l loader
	list := l.readCatalogue("catalogue.csv", starterCSV)
	if err := l.err(); err != nil {
		panic(err) // our own file, covered by a test
	}
	return list
})

var eventIcons = []string{"trash", "speakerphone", "crane", "shopping-cart", "urgent", "tool", "flame", "dots"}

// readCatalogue reads a catalogue: CSV with the columns code, class, name and any of the others.
func (l *loader) readCatalogue(name string, data []byte) []EventType {
	rows := l.table(name, data, []string{"code", "class", "name"}, []string{"name_en", "condition", "limit_amount", "limit_unit", "closing", "unit", "icon"})
	var out []EventType
	lines := map[string]int{}
	for _, r := range rows {
		t := EventType{Code: r.get("code"), Class: r.get("class"), Name: r.get("name"), NameEN: r.get("name_en"), Condition: r.get("condition"),
			Closing: r.get("closing"), Unit: r.get("unit"), Icon: r.get("icon")}
		if t.Code == "" || t.Class == "" || t.Name == "" {
			l.fail(name, r.line, "code, class and name must not be empty")
		}
		key := t.Code + "/" + t.Condition
		if line, twice := lines[key]; twice {
			l.fail(name, r.line, "code %s with this condition is already on line %d", t.Code, line)
		}
		lines[key] = r.line
		amount, unit := r.get("limit_amount"), r.get("limit_unit")
		if (amount == "") != (unit == "") {
			l.fail(name, r.line, "limit_amount and limit_unit go together")
		} else if amount != "" {
			var err error
			if t.LimitUnit, err = duty.ParseUnit(unit); err != nil {
				l.fail(name, r.line, "limit_unit %q is none of work-hour, work-day, urgent-hour, urgent-day", unit)
			}
			if t.Limit, err = strconv.ParseFloat(amount, 64); err != nil || !(t.Limit > 0 && t.Limit <= 10000) {
				l.fail(name, r.line, "limit_amount %q is no number above 0", amount)
			}
		}
		if t.Icon == "" {
			t.Icon = "dots"
		} else if !slices.Contains(eventIcons, t.Icon) {
			l.warn(name, r.line, "icon %q is none of %s", t.Icon, strings.Join(eventIcons, ", "))
		}
		out = append(out, t)
	}
	if rows != nil && len(out) == 0 {
		l.fail(name, 0, "lists no event type")
	}
	return out
}

// calendar reads "calendar": {"file": CSV with day, working, name; "hours": ["09:00-12:00", …]}.
func (l *loader) calendar(o *object) {
	file, line := l.file(o, "file", true)
	hours := duty.OfficeHours
	if items := o.list("hours"); len(items) > 0 {
		hours = nil
		for _, n := range items {
			span, ok := parseSpan(n.text)
			if !ok {
				l.fail(packFile, n.line, "%s: %q is not of the form 09:00-12:00", o.name("hours"), n.text)
				continue
			}
			hours = append(hours, span)
		}
	}
	o.done()
	if file == "" {
		return
	}
	data, ok := l.readText(l.fsys, file)
	if !ok {
		return
	}
	var days []duty.Exception
	lines := map[duty.Day]int{}
	for _, r := range l.table(file, data, []string{"day", "working"}, []string{"name"}) {
		day, err := duty.ParseDay(r.get("day"))
		if err != nil {
			l.fail(file, r.line, "day %q is not of the form 2006-01-02", r.get("day"))
			continue
		}
		if at, twice := lines[day]; twice {
			l.fail(file, r.line, "day %s is already on line %d", day, at)
			continue
		}
		lines[day] = r.line
		working, err := strconv.ParseBool(r.get("working"))
		if err != nil {
			l.fail(file, r.line, "working %q is neither true nor false", r.get("working"))
			continue
		}
		days = append(days, duty.Exception{Day: day, Working: working, Name: r.get("name")})
	}
	zone := l.p.Zone
	if zone == nil {
		zone = time.FixedZone("UTC+8", 8*3600)
		if z, err := time.LoadLocation(defaultZone); err == nil {
			zone = z
		}
	}
	c, err := duty.NewCalendar(zone, hours, nil, days)
	if err != nil {
		l.fail(packFile, line, "%s", strings.TrimSuffix(err.Error(), ": "+block.ErrInvalid.Error()))
		return
	}
	l.p.Calendar = c
}

func parseSpan(s string) (duty.Span, bool) {
	from, to, ok := strings.Cut(s, "-")
	a, err1 := time.Parse("15:04", strings.TrimSpace(from))
	b, err2 := time.Parse("15:04", strings.TrimSpace(to))
	if !ok || err1 != nil || err2 != nil {
		return duty.Span{}, false
	}
	clock := func(t time.Time) time.Duration {
		return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute
	}
	return duty.Span{From: clock(a), To: clock(b)}, true
}

func dayRecord(e duty.Exception, root block.ID) block.Record {
	p := plan("calendar_day")
	r := p.New(block.NameID("calendar_day", e.Day.String()), root)
	p.Set(&r, "day", block.DateValue(e.Day.Time(time.UTC)))
	p.Set(&r, "working", block.BoolValue(e.Working))
	if e.Name != "" {
		p.Set(&r, "name", block.TextValue(e.Name))
	}
	return r
}
