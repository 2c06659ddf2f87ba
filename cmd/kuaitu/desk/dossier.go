package desk

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"kuaitu/block"
	"kuaitu/block/schema"
	"kuaitu/cmd/internal/console"
	"kuaitu/geo"
	"kuaitu/store"
	"kuaitu/ui/state"

	"github.com/paulmach/orb"
)

// Dossier implements ui.Data.
func (d *Desk) Dossier(ctx context.Context, ref state.Ref) (state.Dossier, error) {
	g, err := d.current(ctx)
	if err != nil {
		return state.Dossier{}, err
	}
	p, err := d.st.Set().Plan(ref.Kind)
	if err != nil {
		return state.Dossier{}, err
	}
	rec, err := d.st.Reader().Get(ctx, ref.Kind, ref.ID)
	if err != nil {
		return state.Dossier{}, err
	}
	out := state.Dossier{
		Ref: ref, Title: same(console.Label(p, rec)), Code: p.Get(rec, "code").Text(), Place: g.path(rec.Region), AsOf: d.asOf(ctx), Region: rec.Region,
	}
	if b, err := geo.ParseWKB(rec.Geometry); err == nil && !geo.Empty(b) {
		out.Bound, out.HasAt = b.Bound(), true
		if out.At, _ = geo.InnerPoint(b); out.At == [2]float64{} {
			out.At = out.Bound.Center()
		}
	}
	ops, err := syncMarks(ctx, d.st)
	if err != nil {
		return out, err
	}
	if out.Sync = ops[ref.ID]; out.Sync == state.Proved {
		out.Sync = state.NoMark // being equal to the server is the normal case
	}
	out.Sections = []state.Section{{Head: state.Text{ZH: "登记信息", EN: "On record"}, Facts: d.facts(p, rec, g)}}
	switch ref.Kind {
	case "building":
		err = d.building(ctx, p, rec, &out)
	case "region":
		err = d.region(ctx, g, rec.ID, &out)
	case "event":
		err = d.event(ctx, g, p, rec, &out)
	}
	return out, err
}

// asOf is when the data shown was last known to be the server's: the last good sync, zero in a standalone store.
func (d *Desk) asOf(ctx context.Context) time.Time {
	last, ok, err := d.st.Reader().LastSync(ctx)
	if err != nil || !ok || !last.OK {
		return time.Time{}
	}
	return last.At
}

// facts lists the fields that have a value, with choices in words. Titles, codes and references are shown elsewhere.
func (d *Desk) facts(p *schema.Plan, rec block.Record, g *digest) []state.Fact {
	var out []state.Fact
	for i, f := range p.Kind.Fields {
		v := rec.Values[i]
		if f.Unit != "" && v.Type() == block.Int && v.Int() == 0 {
			continue // "0 层" says no more than nothing
		}
		if v.IsNull() || f.Retired || f.Type == block.Ref || f.Type == block.Bytes || slices.Contains([]string{"code", "scheme", "name", "source_id", "name_en", "made"}, f.Name) {
			continue
		}
		out = append(out, state.Fact{
			Label: state.Text{ZH: f.ZH, EN: f.EN}, Value: d.factValue(p, f, v, g), Masked: f.Class == block.Sensitive && rec.Parts.Has(block.Masked),
		})
	}
	return out
}

// factValue is a value in words: choices and event types by name, times in the city's zone.
func (d *Desk) factValue(p *schema.Plan, f schema.Field, v block.Value, g *digest) state.Text {
	switch f.Type {
	case block.Text:
		if t, ok := g.types[v.Text()]; ok && p.Kind.Name == "event" && f.Name == "type" {
			return t.Name
		}
		return choiceText(f.Choices, v.Text())
	case block.Bool:
		if v.Bool() {
			return state.Text{ZH: "是", EN: "Yes"}
		}
		return state.Text{ZH: "否", EN: "No"}
	case block.Time:
		return same(v.Time().In(d.zone).Format("2006-01-02 15:04"))
	case block.Float:
		return inUnit(fmt.Sprintf("%.4g", v.Float()), f.Unit)
	}
	return inUnit(v.Plain(), f.Unit)
}

// inUnit puts a unit behind a number. Units that are counted in Chinese only (层) are left out in English, whose labels say them.
func inUnit(number, unit string) state.Text {
	t := state.Text{ZH: strings.TrimSpace(number + " " + unit)}
	if strings.ContainsFunc(unit, func(r rune) bool { return unicode.Is(unicode.Han, r) }) {
		t.EN = number
	}
	return t
}

// same is a text that is the same in every language.
func same(s string) state.Text { return state.Text{ZH: s} }

// building adds the figures, the 楼盘表 and the open events of a building.
func (d *Desk) building(ctx context.Context, p *schema.Plan, rec block.Record, out *state.Dossier) error {
	if address := p.Get(rec, "address").Text(); address != "" {
		out.Place = strings.TrimSpace(out.Place + " " + address)
	}
	if use := p.Get(rec, "use"); !use.IsNull() {
		out.Tags = append(out.Tags, choiceText(schema.BuildingUses, use.Text()))
	}
	if n := p.Get(rec, "floors").Int(); n > 0 {
		tag := state.Text{ZH: fmt.Sprintf("%d 层", n), EN: fmt.Sprintf("floors: %d", n)}
		if below := p.Get(rec, "floors_below").Int(); below > 0 {
			tag.ZH += fmt.Sprintf(" + B%d", below)
			tag.EN += fmt.Sprintf(" + B%d", below)
		}
		out.Tags = append(out.Tags, tag)
	}
	if n := p.Get(rec, "units").Int(); n > 1 {
		out.Tags = append(out.Tags, state.Text{ZH: fmt.Sprintf("%d 单元", n), EN: fmt.Sprintf("units: %d", n)})
	}
	if y := p.Get(rec, "year").Int(); y > 0 {
		out.Tags = append(out.Tags, state.Text{ZH: fmt.Sprintf("%d 年", y), EN: fmt.Sprintf("built %d", y)})
	}
	if p.Get(rec, "urban_village").Bool() {
		out.Tags = append(out.Tags, state.Text{ZH: "城中村", EN: "Urban village"})
	}
	if out.Title.ZH == p.Kind.ZH || out.Title.ZH == p.Get(rec, "source_id").Text() {
		out.Title = unnamed(p, rec)
	}
	here := []store.Where{{Field: "building", Values: []block.Value{block.RefValue(rec.ID)}}}
	rooms, err := d.st.Reader().List(ctx, store.Query{Kind: "room", Where: here})
	if err != nil {
		return err
	}
	entities, err := d.st.Reader().Count(ctx, store.Query{Kind: "legal_entity", Where: here})
	if err != nil {
		return err
	}
	rp, err := d.st.Set().Plan("room")
	if err != nil {
		return err
	}
	persons, states := 0, map[string]int{}
	for _, r := range rooms {
		persons += int(rp.Get(r, "persons").Int())
		states[rp.Get(r, "state").Text()]++
	}
	open, light, err := d.eventsOf(ctx, here, out)
	if err != nil {
		return err
	}
	out.Figures = []state.Figure{
		{Label: state.Text{ZH: "房屋", EN: "Rooms"}, Value: len(rooms)}, {Label: state.Text{ZH: "人口", EN: "Residents"}, Value: persons},
		{Label: state.Text{ZH: "法人", EN: "Entities"}, Value: int(entities)}, {Label: state.Text{ZH: "在办事件", EN: "Open events"}, Value: open, Light: light},
		{Label: state.Text{ZH: "空置", EN: "Vacant"}, Value: states["empty"]}, {Label: state.Text{ZH: "待核", EN: "To verify"}, Value: states["unverified"]},
	}
	out.Matrix = matrix(rp, rooms)
	return nil
}

// unnamed calls a building without a name by what is known: its use and its number in the source.
func unnamed(p *schema.Plan, rec block.Record) state.Text {
	title := state.Text{ZH: p.Kind.ZH, EN: p.Kind.EN}
	if use := p.Get(rec, "use").Text(); use != "" && use != "other" {
		title = choiceText(schema.BuildingUses, use)
	}
	if no := p.Get(rec, "source_id").Text(); no != "" {
		title = title.Join(" ", same(no))
	}
	return title
}

// eventsOf counts the open events at a building, finds their worst light and lists the latest as moments.
func (d *Desk) eventsOf(ctx context.Context, here []store.Where, out *state.Dossier) (open int, worst state.Light, err error) {
	ep, err := d.st.Set().Plan("event")
	if err != nil {
		return 0, 0, err
	}
	rows, err := d.st.Reader().List(ctx, store.Query{Kind: "event", Where: here, Order: []store.Order{{Field: "reported_at", Desc: true}}})
	if err != nil {
		return 0, 0, err
	}
	g, err := d.current(ctx)
	if err != nil {
		return 0, 0, err
	}
	now := d.now()
	for _, rec := range rows {
		e := g.event(ep, rec)
		light := e.Clock.Light(now)
		if !e.closed {
			open++
			worst = max(worst, light)
		}
		if len(out.Past) < maxPast {
			out.Past = append(out.Past, state.Moment{At: e.Reported, Text: e.Type.Join(" ", choiceText(schema.EventStates, e.State)), By: e.Unit, Urgent: light >= state.Late})
		}
	}
	out.PastAll = len(rows)
	return open, worst, nil
}

// matrix lays rooms out by floor and staircase, top floor first; nil without rooms.
func matrix(p *schema.Plan, rooms []block.Record) *state.Matrix {
	if len(rooms) == 0 {
		return nil
	}
	type place struct {
		floor  int64
		unit   string
		number string
		state  state.Cell
	}
	var places []place
	var units []string
	counts := map[string]int{}
	for _, r := range rooms {
		pl := place{p.Get(r, "floor").Int(), p.Get(r, "unit").Text(), p.Get(r, "number").Text(), state.Cell(p.Get(r, "state").Text())}
		places = append(places, pl)
		counts[string(pl.state)]++
		if !slices.Contains(units, pl.unit) {
			units = append(units, pl.unit)
		}
	}
	slices.Sort(units)
	slices.SortFunc(places, func(a, b place) int {
		return cmp.Or(cmp.Compare(b.floor, a.floor), cmp.Compare(a.unit, b.unit), cmp.Compare(a.number, b.number))
	})
	perFloor := map[int64]map[string][]state.Cell{}
	width := map[string]int{}
	var floors []int64
	for _, pl := range places {
		if perFloor[pl.floor] == nil {
			perFloor[pl.floor] = map[string][]state.Cell{}
			floors = append(floors, pl.floor)
		}
		perFloor[pl.floor][pl.unit] = append(perFloor[pl.floor][pl.unit], pl.state)
		width[pl.unit] = max(width[pl.unit], len(perFloor[pl.floor][pl.unit]))
	}
	m := &state.Matrix{Note: state.Text{
		ZH: fmt.Sprintf("自住 %d·出租 %d·商用 %d", counts["own"], counts["let"], counts["shop"]),
		EN: fmt.Sprintf("own %d · let %d · shops %d", counts["own"], counts["let"], counts["shop"]),
	}}
	for _, u := range units {
		m.Groups = append(m.Groups, width[u])
	}
	for _, f := range floors {
		name := fmt.Sprint(f)
		if f < 0 {
			name = fmt.Sprintf("B%d", -f)
		}
		row := state.MatrixFloor{Name: name}
		for _, u := range units {
			cells := perFloor[f][u]
			for len(cells) < width[u] {
				cells = append(cells, state.CellNone)
			}
			row.Cells = append(row.Cells, cells...)
		}
		m.Floors = append(m.Floors, row)
	}
	return m
}

// region adds the figures of a region's subtree.
func (d *Desk) region(ctx context.Context, g *digest, id block.ID, out *state.Dossier) error {
	r, ok := g.tree.Region(id)
	if !ok {
		return nil
	}
	out.Title, out.Made = g.region(r).Name, r.Made
	out.Place = g.path(r.Parent)
	count := func(kind block.Kind) (int, error) {
		n, err := d.st.Reader().Count(ctx, store.Query{Kind: kind, Within: []block.ID{id}})
		return int(n), err
	}
	rooms, err := count("room")
	if err != nil {
		return err
	}
	persons, err := count("person")
	if err != nil {
		return err
	}
	entities, err := count("legal_entity")
	if err != nil {
		return err
	}
	out.Region, out.Level = id, r.Level.String()
	d.openOf(g, id, out)
	late := out.Lights[state.Late] + out.Lights[state.Urged]
	overdue := state.NoLight
	if late > 0 {
		overdue = state.Late
	}
	out.Figures = []state.Figure{
		{Label: state.Text{ZH: "楼栋", EN: "Buildings"}, Value: g.buildings[id]}, {Label: state.Text{ZH: "房屋", EN: "Rooms"}, Value: rooms},
		{Label: state.Text{ZH: "人口", EN: "Residents"}, Value: persons}, {Label: state.Text{ZH: "法人", EN: "Entities"}, Value: entities},
		{Label: state.Text{ZH: "在办事件", EN: "Open events"}, Value: g.open[id]}, {Label: state.Text{ZH: "超期", EN: "Overdue"}, Value: late, Light: overdue},
	}
	for _, child := range g.tree.Children(id) {
		c, _ := g.tree.Region(child)
		row := g.region(c)
		out.BelowAll++
		if len(out.Below) < maxBelow {
			out.Below = append(out.Below, state.Below{Ref: state.RefOf("region", child), Name: row.Name, Buildings: row.Buildings, Open: row.Open, Worst: row.Worst})
		}
	}
	age := state.Text{ZH: "本机数据，未与服务器核对", EN: "kept on this machine only"}
	if !out.AsOf.IsZero() {
		age = same(out.AsOf.In(d.zone).Format("2006-01-02 15:04"))
	}
	facts := []state.Fact{{Label: state.Text{ZH: "数据截至", EN: "Data as of"}, Value: age}}
	if n := len(g.tree.Subtree(id)) - 1; n > 0 {
		facts = append(facts, state.Fact{Label: state.Text{ZH: "下级区域", EN: "Regions below"}, Value: same(fmt.Sprint(n))})
	}
	if b, ok := g.bounds[id]; ok {
		facts = append(facts, state.Fact{Label: state.Text{ZH: "东西、南北", EN: "Extent"}, Value: same(fmt.Sprintf("%.1f × %.1f km",
			geo.Distance(orb.Point{b.Min[0], b.Center()[1]}, orb.Point{b.Max[0], b.Center()[1]})/1000, geo.Distance(b.Min, orb.Point{b.Min[0], b.Max[1]})/1000))})
	}
	if len(out.Sections) > 0 {
		out.Sections[0].Facts = append(facts, out.Sections[0].Facts...)
	}
	return nil
}

// maxBelow bounds the table of the regions below a region.
const maxBelow = 16

// openOf counts a region's open events by their light and lists the latest reports as its history.
func (d *Desk) openOf(g *digest, id block.ID, out *state.Dossier) {
	now := d.now()
	var latest []event
	for _, e := range g.events {
		if !g.tree.Within(e.Region, id) {
			continue
		}
		out.PastAll++
		if !e.closed {
			out.Lights[e.Clock.Light(now)]++
		}
		at, _ := slices.BinarySearchFunc(latest, e.Reported, func(l event, t time.Time) int { return t.Compare(l.Reported) })
		if at < maxPast {
			latest = slices.Insert(latest, at, e)
			latest = latest[:min(len(latest), maxPast)]
		}
	}
	for _, e := range latest {
		text := e.Type.Join(" ", choiceText(schema.EventStates, e.State))
		out.Past = append(out.Past, state.Moment{At: e.Reported, Text: text, By: e.Grid, Urgent: !e.closed && e.Clock.Light(now) >= state.Late})
	}
}

// maxPast bounds the history in the panel.
const maxPast = 6

// event adds the state and the hand-over chain of a case.
func (d *Desk) event(ctx context.Context, g *digest, p *schema.Plan, rec block.Record, out *state.Dossier) error {
	e := g.event(p, rec)
	out.Title = e.Type
	out.Code = ""
	out.Place = strings.TrimSpace(g.path(rec.Region) + " " + p.Get(rec, "address").Text())
	if e.Number != "" {
		out.Tags = append(out.Tags, same(e.Number))
	}
	out.Tags = append(out.Tags, choiceText(schema.EventStates, e.State))
	sp, err := d.st.Set().Plan("event_step")
	if err != nil {
		return err
	}
	steps, err := d.st.Reader().List(ctx, store.Query{Kind: "event_step", Where: []store.Where{{Field: "event", Values: []block.Value{block.RefValue(rec.ID)}}}})
	if err != nil {
		return err
	}
	slices.SortFunc(steps, func(a, b block.Record) int { return stepTime(sp, b).Compare(stepTime(sp, a)) })
	for _, s := range steps {
		text := choiceText(schema.EventStates, sp.Get(s, "to_state").Text())
		if note := sp.Get(s, "note").Text(); note != "" {
			text = text.Join("：", same(note))
		}
		out.Past = append(out.Past, state.Moment{At: stepTime(sp, s), Text: text, By: sp.Get(s, "unit").Text()})
	}
	out.PastAll = len(steps)
	return nil
}
