package synth

import (
	"fmt"
	"math/rand/v2"
	"time"

	"kuaitu/block"
	"kuaitu/block/citypack"
	"kuaitu/block/duty"
	"kuaitu/block/workflow"
	"kuaitu/geo"

	"github.com/paulmach/orb"
)

// aim is where an event shall stand now.
type aim struct {
	share int // of a hundred events
	light duty.Light
	// share of the limit used, from and to
	from, to float64
}

var aims = []aim{
	{18, duty.Overdue, 1.05, 2.5}, {12, duty.Near, 0.82, 0.98}, {34, duty.Normal, 0.05, 0.75}, {6, duty.Stopped, 0.2, 0.9},
	{20, duty.Finished, 0.2, 1.3}, {10, duty.NoLimit, 0, 0},
}

func pickAim(d int) aim {
	for _, a := range aims {
		if d -= a.share; d < 0 {
			return a
		}
	}
	return aims[len(aims)-1]
}

// events makes the events of the whole city, a building drawn for each.
func (m *maker) events() {
	n := int(float64(float64(len(m.buildings))*eventsPerBuildings) + 0.5)
	if n == 0 && len(m.buildings) > 0 {
		n = 1
	}
	r := rand.New(rand.NewPCG(m.Seed, 0xe7e27))
	day := map[string]int{} // numbers given on a day in a street
	for range n {
		if m.stopped {
			return
		}
		b := m.buildings[r.IntN(len(m.buildings))]
		m.event(b, r, day)
	}
}

// step is one row of an event's way.
type step struct {
	action   workflow.Action
	from, to workflow.State
	at       time.Time
	unit     string
	note     string
}

// course is an event's way with the times that its record keeps.
type course struct {
	steps                        []step
	reported, filed, due, closed time.Time
	urged                        int
}

func (m *maker) event(b Building, r *rand.Rand, day map[string]int) {
	t := m.Catalogue[r.IntN(len(m.Catalogue))]
	a := pickAim(r.IntN(100))
	p := m.place(b.Region)
	unit := t.Unit
	if p.street.Name != "" {
		unit = p.street.Name + t.Unit
	}
	channel := [...]string{"officer", "officer", "officer", "public", "public", "hotline", "hotline", "superior", "media"}[r.IntN(9)]
	c, ok := m.course(t, a, channel, unit, r)
	if !ok {
		return
	}
	last := c.steps[len(c.steps)-1].to

	where := p.prefix + pick(r, landmarks)
	if b.Name != "" {
		where = p.prefix + b.Name + pick(r, landmarks)
	}
	plan, rec := m.draft("event", b.Region)
	// Within 25 m of the building, to the storage grid.
	rec.Geometry = geo.AppendWKB(nil, geo.Quantise(orb.Point{b.At[0] + float64((r.Float64()-0.5)*4.5e-4), b.At[1] + float64((r.Float64()-0.5)*4.5e-4)}))
	stem := c.reported.In(m.Calendar.Zone()).Format("20060102") + "-" + streetNumber(p)
	day[stem]++
	set := func(field string, v block.Value) { plan.Set(&rec, field, v) }
	text := func(field, v string) {
		if v != "" {
			set(field, block.TextValue(v))
		}
	}
	text("number", fmt.Sprintf("%s-%04d", stem, day[stem]))
	text("type", t.Code)
	text("condition", t.Condition)
	text("channel", channel)
	text("state", string(last))
	priority := "normal"
	if t.LimitUnit == duty.UrgentHour || t.LimitUnit == duty.UrgentDay {
		priority = [...]string{"yellow", "orange", "blue", "red"}[min(3, r.IntN(7)/2)]
	}
	text("priority", priority)
	text("address", where)
	set("building", block.RefValue(b.ID))
	text("description", describe(t, b.Name, r))
	if last != workflow.ToVerify && last != workflow.Submitted {
		text("unit", unit)
	}
	set("round", block.IntValue(1))
	set("urged", block.IntValue(int64(c.urged)))
	set("reported_at", block.TimeValue(c.reported))
	set("filed_at", block.TimeValue(c.filed))
	set("due_at", block.TimeValue(c.due))
	set("closed_at", block.TimeValue(c.closed))
	set("synthetic", block.BoolValue(true))
	reporter := surname(r) + given(r, r.IntN(2) == 0)
	text("reporter", reporter)
	text("reporter_phone", m.phone())
	id := rec.ID
	if !m.put(rec) {
		return
	}
	for i, s := range c.steps {
		sp, row := m.draft("event_step", b.Region)
		sp.Set(&row, "event", block.RefValue(id))
		sp.Set(&row, "action", block.TextValue(string(s.action)))
		sp.Set(&row, "from_state", block.TextValue(string(s.from)))
		sp.Set(&row, "to_state", block.TextValue(string(s.to)))
		if s.unit != "" {
			sp.Set(&row, "unit", block.TextValue(s.unit))
		}
		sp.Set(&row, "device_time", block.TimeValue(s.at))
		sp.Set(&row, "device_count", block.IntValue(int64(i+1)))
		sp.Set(&row, "server_time", block.TimeValue(s.at.Add(time.Duration(1+r.IntN(40))*time.Second)))
		if s.note != "" {
			sp.Set(&row, "note", block.TextValue(s.note))
		}
		actor := reporter
		if i > 0 {
			actor = surname(r) + given(r, r.IntN(2) == 0)
		}
		sp.Set(&row, "actor", block.TextValue(actor))
		if !m.put(row) {
			return
		}
	}
}

// streetNumber is the part of a street's code that stands in case numbers.
func streetNumber(p place) string {
	code := p.street.Code
	if code == "" {
		code = p.city.Code
	}
	if p.street.Scheme == citypack.SchemeStat12 {
		return code[:9]
	}
	return code
}

// course lays out an event's way so that it stands now as aimed, by the rules of package workflow. It reports false when
// the calendar lacks a year it would need.
func (m *maker) course(t citypack.EventType, a aim, channel, unit string, r *rand.Rand) (course, bool) {
	minutes := func(from, to int) time.Duration {
		return time.Duration(from*60+r.IntN((to-from)*60)) * time.Second
	}
	intake := minutes(4, 40)   // report → file
	dispatch := minutes(2, 25) // file → dispatch
	var c course
	if a.light == duty.NoLimit || t.LimitUnit == 0 {
		c.reported = m.Now.Add(-minutes(2, 90))
	} else {
		start, ok := m.start(t, a, r)
		if !ok {
			return c, false
		}
		c.reported = start.Add(-intake - dispatch)
	}
	now, state := c.reported, workflow.Draft
	take := func(action workflow.Action, role workflow.Role, after time.Duration, u, note string, agree bool) bool {
		at := now.Add(after)
		if at.After(m.Now) {
			return false
		}
		out, err := workflow.Next(state, action, workflow.Facts{Role: role, Has: ^workflow.Need(0), Agree: agree,
			Public: channel == "public" || channel == "media", Rules: workflow.DefaultRules})
		if err != nil {
			panic(err) // our own table
		}
		c.steps = append(c.steps, step{action, state, out.State, at, u, note})
		c.urged += out.Urged
		now, state = at, out.State
		return true
	}
	take(workflow.Report, workflow.Reporter, 0, "", "", true)
	if state == workflow.ToVerify && (a.light == duty.NoLimit && r.IntN(2) == 0 || !take(workflow.Verify, workflow.Officer, intake/2, "", "现场属实", true)) {
		return c, true
	}
	if a.light == duty.NoLimit && r.IntN(2) == 0 {
		return c, true
	}
	if !take(workflow.File, workflow.Intake, c.reported.Add(intake).Sub(now), "", "", true) {
		return c, true
	}
	c.filed = now
	if a.light == duty.NoLimit {
		return c, true
	}
	take(workflow.Dispatch, workflow.Dispatcher, dispatch, unit, "", true)
	run := duty.Run{Start: now, Amount: t.Limit, Unit: t.LimitUnit}
	due, err := m.Calendar.Deadline(run.Start, run.Amount, run.Unit)
	if err != nil {
		return c, false
	}
	c.due = due
	left := m.Now.Sub(now)
	if a.light == duty.Normal && r.IntN(5) == 0 || !take(workflow.Sign, workflow.Unit, min(minutes(3, 60), left/4), unit, "", true) {
		return c, true
	}
	switch a.light {
	case duty.Overdue:
		for range r.IntN(3) {
			take(workflow.Urge, workflow.Inspector, time.Duration(r.Int64N(int64(max(1, m.Now.Sub(now)/3)))), "", "请尽快处置", true)
		}
	case duty.Near:
		if r.IntN(4) == 0 && m.Now.Before(due) {
			take(workflow.AskTime, workflow.Unit, m.Now.Sub(now)/2, unit, "材料未到，申请延期", true)
		}
	case duty.Stopped:
		take(workflow.Suspend, workflow.Chief, m.Now.Sub(now)/3, "", "需协调多部门，挂账", true)
	case duty.Normal:
		if r.IntN(8) == 0 {
			take(workflow.Return, workflow.Unit, m.Now.Sub(now)/2, unit, "不属本单位职责", true)
		}
	case duty.Finished:
		rest := m.Now.Sub(now) / 6
		take(workflow.Done, workflow.Unit, rest*2, unit, t.Closing, true)
		if r.IntN(6) == 0 {
			break
		}
		take(workflow.Check, workflow.Checker, rest, "", "现场复核一致", true)
		if r.IntN(8) == 0 {
			break
		}
		take(workflow.Close, workflow.Intake, rest, "", "", true)
		c.closed = now
		if r.IntN(3) == 0 {
			take(workflow.Rate, workflow.Reporter, rest, "", "满意", true)
		}
	}
	return c, true
}

// start finds when handling must have begun so that the aimed share of the limit is used now: by halving, since counted
// time only grows.
func (m *maker) start(t citypack.EventType, a aim, r *rand.Rand) (time.Time, bool) {
	share := a.from + float64((a.to-a.from)*r.Float64())
	length, err := m.Calendar.Length(t.Limit, t.LimitUnit)
	if err != nil {
		return time.Time{}, false
	}
	want := time.Duration(share * float64(length))
	lo, hi := time.Duration(0), 20*24*time.Hour+5*want
	for range 40 {
		mid := (lo + hi) / 2
		used, err := m.Calendar.Between(m.Now.Add(-mid), m.Now, t.LimitUnit)
		if err != nil {
			return time.Time{}, false
		}
		if used < want {
			lo = mid
		} else {
			hi = mid
		}
	}
	return m.Now.Add(-hi).Truncate(time.Second), true
}

// describe says in a sentence what is the matter.
func describe(t citypack.EventType, building string, r *rand.Rand) string {
	place := "此处"
	if building != "" {
		place = building + pick(r, []string{"附近", "门口", "周边", "旁边"})
	}
	what := t.Condition
	if what == "" {
		what = t.Name
	}
	return place + "发现" + t.Name + "，" + what + pick(r, []string{"，请尽快处理。", "，影响居民出行。", "，已持续半天。", "，居民多次反映。", "，现场有照片。", "。"})
}
