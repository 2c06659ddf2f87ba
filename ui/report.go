package ui

import (
	"context"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"github.com/paulmach/orb"

	"kuaitu/block"
	"kuaitu/ui/state"
)

// startReport begins a report: at the pointer's place if the mouse is over the map, else the next click on it says where.
func (w *Window) startReport() { w.setTool(ToolReport) }

// reportAt opens the form for a point. The catalogue is asked for each time: it may have changed with the last sync.
func (w *Window) reportAt(at orb.Point) {
	w.setTool(ToolPan)
	ask(w, &w.jobs.place, func(ctx context.Context) (reportStart, error) {
		types, err := w.deps.Data.EventTypes(ctx)
		if err != nil {
			return reportStart{}, err
		}
		place, err := w.deps.Data.Place(ctx, at)
		return reportStart{types, place}, err
	}, func(s reportStart, err error) {
		if err != nil {
			w.showFailure(err)
			return
		}
		form := state.NewReportForm(s.types)
		form.SetPoint(at)
		form.SetPlace(s.place)
		w.showReport(form)
	})
}

type reportStart struct {
	types []state.EventType
	place state.Place
}

// reportView is the open form.
type reportView struct {
	w       *Window
	form    *state.ReportForm
	filter  *boxEntry
	address *boxEntry
	text    *boxEntry
	types   *sheet
	labels  *sheet
	foot    *sheet
	first   int
	sending bool
	failed  state.Notice
}

func (w *Window) showReport(form *state.ReportForm) {
	v := &reportView{w: w, form: form}
	v.filter = newBoxEntry(w, false)
	v.filter.SetPlaceHolder(w.lang.T("report.type.find"))
	v.filter.OnChanged = func(string) { v.first = 0; v.types.Refresh() }
	v.filter.OnSubmitted = func(q string) { // Enter takes the first type that matches
		if types := form.Types(q); len(types) > 0 {
			v.choose(types[0])
			w.focus(v.text)
		}
	}
	v.address = newBoxEntry(w, false)
	v.address.SetText(form.Address)
	v.address.OnChanged = form.TypeAddress
	v.text = newBoxEntry(w, true)
	v.text.SetPlaceHolder(w.lang.T("report.text.hint"))
	v.text.OnChanged = func(s string) { form.Text = s; v.foot.Refresh() }
	v.types = newSheet(w, v.drawTypes)
	v.types.scroll = func(dy float32) {
		v.first -= int(dy / 10)
		v.types.Refresh()
	}
	v.labels = newSheet(w, v.drawLabels)
	v.foot = newSheet(w, v.drawFoot)
	for _, e := range []*boxEntry{v.filter, v.address, v.text} {
		e.submit = v.submit
	}
	content := container.New(v, v.labels, v.filter, clipped(v.types), v.address, v.text)
	w.showModal(w.lang.T("report.title"), content, fyne.NewSize(760, 520), v.foot)
	w.reportForm = v
	w.focus(v.filter)
}

// MinSize implements fyne.Layout.
func (v *reportView) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(640, 360) }

const reportLeft = 300 // width of the type list

// Layout implements fyne.Layout: the types at the left, the rest at the right.
func (v *reportView) Layout(o []fyne.CanvasObject, size fyne.Size) {
	put := func(o fyne.CanvasObject, x, y, w, h float32) {
		o.Move(fyne.NewPos(x, y))
		o.Resize(fyne.NewSize(w, h))
	}
	right := float32(reportLeft + 32)
	put(o[0], 0, 0, size.Width, size.Height)
	put(o[1], 16, 36, reportLeft, 32)
	put(o[2], 16, 76, reportLeft, size.Height-84)
	put(o[3], right, 128, size.Width-right-16, 32)
	put(o[4], right, 196, size.Width-right-16, size.Height-204)
}

func (v *reportView) drawLabels(p *pen, width, h float32) {
	w, f := v.w, v.form
	st := style{size: sizeSmall, ink: p.pal.text2}
	right := float32(reportLeft + 32)
	chosen := w.lang.T("report.type")
	p.text(16, 20, chosen, st)
	if t, ok := f.Chosen(); ok {
		p.right(16+reportLeft, 20, w.lang.Of(t.Name), style{size: sizeSmall, bold: true, ink: p.pal.accent})
	}
	p.vline(reportLeft+24, 12, h-20)
	p.text(right, 20, w.lang.T("report.point"), st)
	p.text(right, 42, w.lang.LonLat(f.At[0], f.At[1])+"  "+w.facts.Datum, p.body())
	p.text(right, 66, w.lang.T("report.place"), st)
	where := strings.TrimSpace(f.Place.Path + "  " + f.Place.Grid)
	if f.Place.Region.IsZero() {
		where = w.lang.T("report.place.outside")
	}
	p.fit(right, 88, width-right-16, where, p.body())
	p.text(right, 116, w.lang.T("report.address"), st)
	p.text(right, 184, w.lang.T("report.text"), st)
}

func (v *reportView) drawTypes(p *pen, width, h float32) {
	w := v.w
	p.box(0, 0, width, h, p.pal.raised, p.pal.line, 4)
	rows := state.TypeRows(w.lang, v.form.Types(v.filter.Text))
	if len(rows) == 0 {
		p.notice(0, 0, width, 60, state.Notice{Title: w.lang.T("report.type.none")})
		return
	}
	shown := int(h / rowHeight)
	v.first = max(0, min(v.first, len(rows)-shown))
	for i := v.first; i < len(rows) && i <= v.first+shown; i++ {
		r := rows[i]
		y := float32((i - v.first) * rowHeight)
		cy := y + rowHeight/2
		if r.Head != "" {
			p.text(10, cy+2, r.Head, p.small())
			continue
		}
		id := "t-" + r.Type.Code
		on := r.Type.Code == v.form.Type
		switch {
		case on:
			p.rect(1, y, width-2, rowHeight, p.pal.tint)
			p.rect(1, y, 3, rowHeight, p.pal.accent)
		case p.hot(id):
			p.rect(1, y, width-2, rowHeight, p.pal.hover)
		}
		if r.Type.Icon != "" {
			p.icon(r.Type.Icon, 12, cy, 16, p.pal.text2)
		}
		lw := p.right(width-12, cy, r.Type.Limit, p.small())
		p.fit(36, cy, width-56-lw, w.lang.Of(r.Type.Name), p.body())
		p.hit(0, y, width, rowHeight, id, "", func() { v.choose(r.Type); w.focus(v.text) })
	}
	p.scrollBar(width-6, 2, h-4, v.first, shown, len(rows))
}

func (v *reportView) choose(t state.EventType) {
	v.form.Type = t.Code
	v.types.Refresh()
	v.labels.Refresh()
	v.foot.Refresh()
}

func (v *reportView) drawFoot(p *pen, width, h float32) {
	w := v.w
	problems := v.form.Check(w.lang)
	var send func()
	if v.ready() {
		send = v.send
	}
	p.footerButtons(width, h, []action{
		{label: w.lang.T("cancel"), tap: w.closeModal},
		{label: w.lang.T("report.send"), tap: send, main: true, key: mainModifierName() + " Enter"},
	})
	switch {
	case !v.failed.IsZero():
		p.icon("alert-octagon", 16, h/2, 16, p.pal.red)
		p.fit(38, h/2, width-330, v.failed.Title+" "+v.failed.Text, p.second())
	case len(problems) > 0:
		p.icon("info-circle", 16, h/2, 16, p.pal.text3)
		p.fit(38, h/2, width-330, problems[0].Text, p.second())
	}
}

// ready reports whether the form is complete and not being stored already.
func (v *reportView) ready() bool { return !v.sending && len(v.form.Check(v.w.lang)) == 0 }

func (v *reportView) submit() {
	if v.ready() {
		v.send()
	}
}

// send stores the report. The form stays open, with everything in it, until the store has said that it is kept.
func (v *reportView) send() {
	w, report := v.w, v.form.Report()
	v.sending, v.failed = true, state.Notice{}
	v.foot.Refresh()
	ask(w, &job{}, func(ctx context.Context) (block.ID, error) { return w.deps.Data.Report(ctx, report) },
		func(id block.ID, err error) {
			v.sending = false
			if err != nil {
				v.failed = state.Failure(w.lang, err)
				v.foot.Refresh()
				return
			}
			w.closeModal()
			w.events.Select(id)
			w.fresh = id
			w.DataChanged()
			w.SyncChanged()
			w.open(state.RefOf("event", id))
			w.deps.Map.Select(state.RefOf("event", id))
		})
}

// showFailure says in a box what went wrong where there is no panel to say it.
func (w *Window) showFailure(err error) {
	fyne.LogError("window", err)
	n := state.Failure(w.lang, err)
	s := newSheet(w, func(p *pen, width, h float32) { p.notice(0, 0, width, h, n) })
	w.showModal(n.Title, s, fyne.NewSize(460, 260), nil)
}
