package ui

import (
	"kuaitu/ui/state"
)

// mapMeasured shows what is being measured.
func (w *Window) mapMeasured(m state.Measure) {
	w.kit.measure = m
	if w.kit.page == kitMeasure {
		w.kitChanged()
	}
}

// readOut is the text beside the pointer while something is measured.
func (w *Window) readOut(m state.Measure) string { return m.ReadOut(w.lang, w.kit.units) }

const measureLine = 24

func (w *Window) measureHeight() float32 {
	m := w.kit.measure
	if len(m.Legs) == 0 {
		return 64 + w.unitsHeight()
	}
	return 44 + measureLine*float32(len(m.Facts(w.lang, w.kit.units))) + 8 + w.unitsHeight() + kitFoot
}

// unitsHeight is how high the choice of units is: areas have two lines.
func (w *Window) unitsHeight() float32 {
	if w.tool == ToolMeasureArea {
		return 64
	}
	return 36
}

// drawMeasure draws the page of a measure: the figure, what else there is, the units.
func (w *Window) drawMeasure(p *pen, y, width, h float32) {
	m, u := w.kit.measure, w.kit.units
	foot := h
	if len(m.Legs) == 0 {
		hint := map[Tool]string{ToolMeasureArea: "measure.hint.area", ToolMeasureAzimuth: "measure.hint.azimuth"}[w.tool]
		if hint == "" {
			hint = "measure.hint.line"
		}
		p.wrap(16, y+8, width-32, 20, 3, w.lang.T(hint), p.second())
	} else {
		foot -= kitFoot
		head := m.Headline(w.lang, u)
		if head == "" {
			head = "—"
		}
		p.fit(16, y+23, width-32, head, style{size: sizeTitle, bold: true, ink: p.pal.text1})
		facts := m.Facts(w.lang, u)
		top, room := y+44, foot-w.unitsHeight()-y-44
		shown := max(0, min(len(facts), int(room/measureLine)))
		first := w.firstRow("measure", shown, len(facts))
		for i, f := range facts[first:min(len(facts), first+shown)] {
			cy := top + measureLine*(float32(i)+0.5)
			p.text(16, cy, f.Label, p.second())
			p.right(width-20, cy, f.Value, p.body())
		}
		p.scrollBar(width-7, top, measureLine*float32(shown), first, shown, len(facts))
		p.kitButtons(foot, width, []action{
			{label: w.lang.T("kit.copy"), key: "copy", tap: func() { w.app.Clipboard().SetContent(m.Table(w.lang, u)) }},
			{label: w.lang.T("measure.again"), key: "again", tap: w.measureAgain},
		})
	}
	w.drawUnits(p, foot-w.unitsHeight(), width)
}

// measureAgain gives the measure up for another one.
func (w *Window) measureAgain() {
	t := w.tool
	w.deps.Map.SetTool(ToolPan)
	w.setTool(t)
}

// drawUnits draws the choice of units.
func (w *Window) drawUnits(p *pen, y, width float32) {
	k := &w.kit
	choose := func(set func()) func() {
		return func() {
			set()
			w.deps.Remember("measure", k.units.String())
			w.kitChanged()
		}
	}
	x := float32(16)
	if w.tool == ToolMeasureArea {
		for i, label := range []string{w.lang.T("unit.auto"), "m²", w.lang.T("unit.ha"), "km²"} {
			u := state.AreaUnit(i)
			x += p.chip(x, y, "area-"+label, state.NoLight, label, k.units.Area == u, choose(func() { k.units.Area = u })) + 6
		}
		x, y = 16, y+28
	}
	for i, label := range []string{w.lang.T("unit.auto"), "m", "km"} {
		u := state.LengthUnit(i)
		x += p.chip(x, y, "length-"+label, state.NoLight, label, k.units.Length == u, choose(func() { k.units.Length = u })) + 6
	}
	p.right(width-16, y+11, w.lang.T("measure.geodesic"), p.small())
}
