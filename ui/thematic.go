package ui

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"kuaitu/ui/state"
)

// loadThematic asks for the map of figures that was chosen: after a change of the data, the theme or the language, too.
func (w *Window) loadThematic() {
	t, dark, lang := w.theme, w.pal.dark, w.lang
	if t.Kind == "" || !w.layers.Visible(ThematicLayer) {
		return
	}
	ask(w, &w.jobs.theme, func(ctx context.Context) (state.ThematicMap, error) { return w.deps.Data.Thematic(ctx, t, dark, lang) },
		func(m state.ThematicMap, err error) {
			if v := w.themeView; v != nil {
				v.answered(err)
			}
			if err != nil {
				if w.themeView == nil {
					fyne.LogError("map of figures", err)
				}
				return
			}
			w.themeLegend = m.Legend
			w.deps.Map.SetThematic(m.Layers)
			w.dressThematic()
			w.treesChanged()
			w.desk.relayout()
			w.parts.figures.Refresh()
		})
}

// dressThematic gives the layer of the tree the name and the legend of what it shows.
func (w *Window) dressThematic() {
	if w.theme.Kind == "" {
		return
	}
	title := w.theme.Title(w.lang)
	var legend []state.LegendEntry
	for _, e := range w.themeLegend.Entries {
		s := state.SwatchFill
		if e.Hatch {
			s = state.SwatchHatch
		}
		legend = append(legend, state.LegendEntry{Name: state.Text{ZH: e.Text}, Swatch: s, Colour: fmt.Sprintf("#%02x%02x%02x", e.Colour.R, e.Colour.G, e.Colour.B)})
	}
	w.layers.Dress(ThematicLayer, state.Text{ZH: title}, legend)
}

// figuresShown reports whether there is a legend of figures to show over the map.
func (w *Window) figuresShown() bool {
	return w.layers.Visible(ThematicLayer) && len(w.themeLegend.Entries) > 0
}

// figuresSize is how large the legend of figures is.
func (w *Window) figuresSize() fyne.Size {
	g := w.themeLegend
	width := w.measure(g.Title, sizeBody, true).Width + 40
	for _, s := range []string{g.Unit, g.AsOf, g.Note} {
		width = max(width, w.measure(s, sizeSmall, false).Width+24)
	}
	h := float32(34)
	if g.Unit != "" {
		h += 18
	}
	for _, e := range g.Entries {
		width = max(width, w.figureIndent()+w.measure(e.Text, sizeSmall, false).Width+60)
		h += entryHeight(e)
	}
	for _, s := range []string{g.AsOf, g.Note} {
		if s != "" {
			h += 18
		}
	}
	return fyne.NewSize(round(width), h+8)
}

func entryHeight(e state.MapLegendEntry) float32 { return max(20, round(float32(e.Radius)*2)+6) }

// figureIndent is where the texts of the legend begin: behind its fields or its largest circle.
func (w *Window) figureIndent() float32 {
	in := float32(44)
	for _, e := range w.themeLegend.Entries {
		in = max(in, 20+2*float32(e.Radius))
	}
	return in
}

// drawFigures draws the legend of the map of figures.
func (w *Window) drawFigures(p *pen, width, h float32) {
	g := w.themeLegend
	p.box(0, 0, width, h, p.pal.panel, p.pal.line, 4)
	p.fit(12, 18, width-40, g.Title, style{size: sizeBody, bold: true, ink: p.pal.text1})
	p.icon("adjustments-horizontal", width-26, 18, 14, p.pal.text3)
	p.hit(width-32, 6, 26, 24, "figures-set", w.lang.T("layers.style"), w.showThematic)
	small := style{size: sizeSmall, ink: p.pal.text2}
	y := float32(34)
	if g.Unit != "" {
		p.fit(12, y+8, width-24, g.Unit, small)
		y += 18
	}
	in := w.figureIndent()
	for _, e := range g.Entries {
		eh := entryHeight(e)
		cy := y + eh/2
		switch {
		case e.Radius > 0:
			r := float32(e.Radius)
			p.box(in-10-2*r, cy-r, 2*r, 2*r, faded(e.Colour), p.pal.strong, r)
		case e.Hatch:
			p.hatched(12, cy-6, 22, 12, p.pal.panel)
		default:
			p.box(12, cy-6, 22, 12, e.Colour, p.pal.line, 1)
		}
		cw := float32(0)
		if e.Count > 0 {
			cw = p.right(width-12, cy, w.lang.Count(e.Count), style{size: sizeMicro, ink: p.pal.text3})
		}
		p.fit(in, cy, width-in-cw-18, e.Text, style{size: sizeSmall, ink: p.pal.text1})
		y += eh
	}
	for _, s := range []string{g.AsOf, g.Note} {
		if s != "" {
			p.fit(12, y+10, width-24, s, p.small())
			y += 18
		}
	}
}

// themeView is the open panel of the map of figures.
type themeView struct {
	w       *Window
	choices []*widget.Select
	cuts    *boxEntry
	least   *boxEntry
	asOf    *boxEntry
	labels  *sheet
	foot    *sheet
	wrong   string
	busy    bool
}

// Fields of the panel, in their order.
const (
	themeKind = iota
	themeMeasure
	themeLevel
	themeNorm
	themeMethod
	themeClasses
	themeRamp
	themeSelects
)

var classCounts = []string{"3", "4", "5", "6", "7"}

// showThematic opens the panel: what is measured, of which regions, how it is classed and drawn.
func (w *Window) showThematic() {
	now := w.theme
	if now.Kind == "" {
		now = state.DefaultThematic()
	}
	v := &themeView{w: w}
	words := func(prefix string, codes []string) []string {
		out := make([]string, len(codes))
		for i, c := range codes {
			out[i] = w.lang.T(prefix + c)
		}
		return out
	}
	var levels []string
	for _, l := range state.ThemeLevels {
		levels = append(levels, l.String())
	}
	add := func(options []string, at int) {
		s := widget.NewSelect(options, func(string) { v.changed() })
		v.choices = append(v.choices, s)
		s.SetSelectedIndex(max(0, at))
	}
	add(words("theme.kind.", state.ThemeKinds), slices.Index(state.ThemeKinds, now.Kind))
	add(words("theme.measure.", state.ThemeMeasures), slices.Index(state.ThemeMeasures, now.Measure))
	add(words("theme.level.", levels), slices.Index(state.ThemeLevels, now.Level))
	add(words("theme.norm.", state.ThemeNorms), slices.Index(state.ThemeNorms, now.Norm))
	add(words("theme.method.", state.ThemeMethods), slices.Index(state.ThemeMethods, now.Method))
	add(classCounts, slices.Index(classCounts, strconv.Itoa(now.Classes)))
	add(words("theme.ramp.", state.ThemeRamps), slices.Index(state.ThemeRamps, now.Ramp))
	entry := func(text, hint string) *boxEntry {
		e := newBoxEntry(w, false)
		e.SetText(text)
		e.SetPlaceHolder(hint)
		e.OnChanged = func(string) { v.changed() }
		e.submit = v.apply
		return e
	}
	v.cuts = entry(state.CutsText(now.Cuts), "1, 5, 20")
	least := ""
	if now.MinCount > 0 {
		least = strconv.Itoa(now.MinCount)
	}
	v.least = entry(least, w.lang.T("theme.least.hint"))
	day := ""
	if !now.AsOf.IsZero() {
		day = now.AsOf.In(w.lang.Zone).Format("2006-01-02")
	}
	v.asOf = entry(day, w.lang.T("theme.asof.hint"))
	v.labels = newSheet(w, v.drawLabels)
	v.foot = newSheet(w, v.drawFoot)
	objects := []fyne.CanvasObject{v.labels}
	for _, s := range v.choices {
		objects = append(objects, s)
	}
	w.showModal(w.lang.T("theme.title"), container.New(v, append(objects, v.cuts, v.least, v.asOf)...), fyne.NewSize(620, 410), v.foot)
	w.themeView = v
	v.changed()
}

// MinSize implements fyne.Layout.
func (v *themeView) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(560, 260) }

const themeLine = 44

// Layout implements fyne.Layout: two columns of five fields.
func (v *themeView) Layout(o []fyne.CanvasObject, size fyne.Size) {
	o[0].Resize(size)
	half := size.Width / 2
	for i, f := range o[1:] {
		x, y := v.field(i, half)
		f.Move(fyne.NewPos(x, y))
		f.Resize(fyne.NewSize(half-x+float32(i/5)*half-16, 32))
	}
}

// field is where the i-th field stands.
func (v *themeView) field(i int, half float32) (x, y float32) {
	return float32(i/5)*half + 96, 16 + float32(i%5)*themeLine
}

// chosen is the wish that the fields say, and what is wrong with it.
func (v *themeView) chosen() (t state.Thematic, wrong string) {
	w := v.w
	pick := func(field int, codes []string) string { return codes[max(0, v.choices[field].SelectedIndex())] }
	t = state.Thematic{
		Kind: pick(themeKind, state.ThemeKinds), Measure: pick(themeMeasure, state.ThemeMeasures), Norm: pick(themeNorm, state.ThemeNorms),
		Level: state.ThemeLevels[max(0, v.choices[themeLevel].SelectedIndex())], Method: pick(themeMethod, state.ThemeMethods), Ramp: pick(themeRamp, state.ThemeRamps),
	}
	t.Classes, _ = strconv.Atoi(pick(themeClasses, classCounts)) // one of our own numbers
	var err error
	if t.Cuts, err = state.ParseCuts(v.cuts.Text); err != nil {
		return t, w.lang.T("theme.bad.cuts")
	}
	if text := strings.TrimSpace(v.least.Text); text != "" {
		if t.MinCount, err = strconv.Atoi(text); err != nil {
			return t, w.lang.T("theme.bad.least")
		}
	}
	r, err := state.ParseRange("", v.asOf.Text, w.lang.Zone)
	if err != nil {
		return t, w.lang.T("range.bad")
	}
	if !r.To.IsZero() {
		t.AsOf = r.To.AddDate(0, 0, 1) // the end of the day
	}
	switch {
	case t.Kind == state.ThemeHeat && !slices.Contains(state.HeatMeasures, t.Measure):
		return t, w.lang.T("theme.bad.heat")
	case t.Kind == state.ThemeAreas && t.Method == state.ClassFixed && len(t.Cuts) == 0:
		return t, w.lang.T("theme.bad.cuts")
	}
	if t, err = t.Sound(); err != nil {
		return t, w.lang.T("theme.bad.cuts")
	}
	return t, ""
}

// changed looks at the fields anew: which of them count, and what is wrong.
func (v *themeView) changed() {
	if v.foot == nil || len(v.choices) < themeSelects {
		return
	}
	_, v.wrong = v.chosen()
	enable := func(o fyne.Disableable, on bool) {
		if on != o.Disabled() {
			return
		}
		if on {
			o.Enable()
		} else {
			o.Disable()
		}
	}
	kind := state.ThemeKinds[max(0, v.choices[themeKind].SelectedIndex())]
	fixed := v.choices[themeMethod].SelectedIndex() == slices.Index(state.ThemeMethods, state.ClassFixed)
	enable(v.choices[themeLevel], kind != state.ThemeHeat)
	enable(v.choices[themeNorm], kind == state.ThemeAreas)
	enable(v.choices[themeMethod], kind == state.ThemeAreas)
	enable(v.choices[themeClasses], kind == state.ThemeAreas && !fixed)
	enable(v.cuts, kind == state.ThemeAreas && fixed)
	enable(v.choices[themeRamp], kind != state.ThemeHeat)
	v.labels.Refresh()
	v.foot.Refresh()
}

func (v *themeView) drawLabels(p *pen, width, h float32) {
	half := width / 2
	for i, key := range []string{"theme.kind", "theme.measure", "theme.level", "theme.norm", "theme.method", "theme.classes", "theme.ramp", "theme.cuts", "theme.least", "theme.asof"} {
		x, y := v.field(i, half)
		p.fit(x-80, y+16, 76, v.w.lang.T(key), p.second())
		if i < themeSelects { // entries have frames of their own
			p.box(x-1, y-1, half-x+float32(i/5)*half-14, 34, p.pal.raised, p.pal.strong, 5)
		}
	}
	y := float32(16 + 5*themeLine)
	if v.wrong != "" {
		p.icon("alert-octagon", 16, y+10, 16, p.pal.red)
		p.wrap(38, y, width-54, 20, 2, v.wrong, p.body())
	} else {
		p.wrap(16, y, width-32, 20, 2, v.w.lang.T("theme.note"), p.small())
	}
}

func (v *themeView) drawFoot(p *pen, width, h float32) {
	w := v.w
	var apply, off func()
	if v.wrong == "" && !v.busy {
		apply = v.apply
	}
	if w.layers.Visible(ThematicLayer) && w.theme.Kind != "" {
		off = func() {
			w.closeModal()
			w.toggleLayer(ThematicLayer)
		}
	}
	p.footerButtons(width, h, []action{{label: w.lang.T("theme.off"), tap: off}, {label: w.lang.T("close"), tap: w.closeModal}, {label: w.lang.T("theme.apply"), tap: apply, main: true}})
}

// apply shows the map. The panel stays open until it is there.
func (v *themeView) apply() {
	w := v.w
	t, wrong := v.chosen()
	if wrong != "" || v.busy {
		return
	}
	v.busy = true
	v.foot.Refresh()
	w.theme = t
	w.deps.Remember("thematic", t.String())
	w.layers.Show(ThematicLayer)
	w.layersChanged()
	w.loadThematic()
}

// answered closes the panel, or says why there is no map.
func (v *themeView) answered(err error) {
	v.busy = false
	if err == nil {
		v.w.closeModal()
		return
	}
	n := state.Failure(v.w.lang, err)
	v.wrong = n.Title + v.w.lang.T("stop") + n.Text
	v.labels.Refresh()
	v.foot.Refresh()
}
