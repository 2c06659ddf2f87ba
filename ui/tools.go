package ui

import (
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"github.com/paulmach/orb"

	"kuaitu/ui/state"
)

// toolGroup is a button of the column of map tools, with the tools it stands for; a key chooses it and, pressed again, the
// next of them.
type toolGroup struct {
	icon  string
	key   fyne.KeyName
	page  kitPage
	tools []mapTool
}

type mapTool struct {
	tool       Tool
	icon, name string // name is the key of its text
}

var toolGroups = []toolGroup{
	{"hand-stop", fyne.KeyV, kitNone, []mapTool{{ToolPan, "hand-stop", "map.tool.pan"}}},
	{"info-square", fyne.KeyI, kitIdentify, []mapTool{{ToolIdentify, "info-square", "map.tool.identify"}}},
	{"marquee-2", fyne.KeyS, kitSelect, []mapTool{
		{ToolSelectBox, "marquee-2", "map.tool.select.box"}, {ToolSelectClick, "pointer", "map.tool.select.click"},
		{ToolSelectPolygon, "lasso-polygon", "map.tool.select.polygon"}, {ToolSelectRadius, "circle-dashed", "map.tool.select.radius"}}},
	{"ruler-measure", fyne.KeyM, kitMeasure, []mapTool{
		{ToolMeasureLine, "ruler-measure", "map.tool.measure.line"}, {ToolMeasureArea, "polygon", "map.tool.measure.area"},
		{ToolMeasureAzimuth, "angle", "map.tool.measure.azimuth"}}},
	{"radar-2", fyne.KeyB, kitAround, []mapTool{
		{ToolAroundPoint, "map-pin", "map.tool.around.point"}, {ToolAroundLine, "route", "map.tool.around.line"},
		{ToolAroundPolygon, "polygon", "map.tool.around.polygon"}}},
	{"map-pin-plus", "", kitNone, []mapTool{{ToolReport, "map-pin-plus", "map.tool.report"}}},
}

// name is the key of the group's text.
func (g toolGroup) name() string {
	if len(g.tools) == 1 {
		return g.tools[0].name
	}
	return map[kitPage]string{kitSelect: "map.tool.select", kitMeasure: "map.tool.measure", kitAround: "map.tool.around"}[g.page]
}

func (g toolGroup) has(t Tool) bool {
	return slices.ContainsFunc(g.tools, func(v mapTool) bool { return v.tool == t })
}

// groupOf is the group of a tool.
func groupOf(t Tool) toolGroup {
	return toolGroups[slices.IndexFunc(toolGroups, func(g toolGroup) bool { return g.has(t) })]
}

// The column: the tools, a gap, then three buttons that move the map.
const toolGap = 12

// toolHeight is how high a button is on a map of that height.
func toolHeight(mapH float32) float32 {
	return max(26, min(36, float32(int((mapH-24-toolGap)/float32(len(toolGroups)+3)))))
}

func toolsHeight(mapH float32) float32 { return toolHeight(mapH)*float32(len(toolGroups)+3) + toolGap }

// drawTools draws the column of map tools: what a click does, then zoom.
func (w *Window) drawTools(p *pen, width, h float32) {
	bh := (h - toolGap) / float32(len(toolGroups)+3)
	group := func(y float32, n int) { p.box(0, y, width, float32(n)*bh, p.pal.panel, p.pal.line, 4) }
	button := func(y float32, id, icon, tip string, on bool, tap func()) {
		ink := p.pal.text2
		switch {
		case on:
			p.box(0, y, width, bh, p.pal.tint, p.pal.accent, 4)
			ink = p.pal.accent
		case p.hot(id):
			p.box(1, y+1, width-2, bh-2, p.pal.hover, colour{}, 3)
		}
		p.icon(icon, round(width/2-9), round(y+bh/2), 18, ink)
		p.hit(0, y, width, bh, id, tip, tap)
	}
	group(0, len(toolGroups))
	for i, g := range toolGroups {
		icon, tip := g.icon, w.lang.T(g.name())
		on := g.has(w.tool)
		if on {
			icon = g.tools[slices.IndexFunc(g.tools, func(v mapTool) bool { return v.tool == w.tool })].icon
		}
		if g.key != "" {
			tip += "  " + string(g.key)
		}
		button(float32(i)*bh, g.name(), icon, tip, on, func() { w.chooseTool(g) })
	}
	y := float32(len(toolGroups))*bh + toolGap
	group(y, 3)
	button(y, "map.tool.in", "plus", w.lang.T("map.tool.in"), false, func() { w.deps.Map.Zoom(1) })
	button(y+bh, "map.tool.out", "minus", w.lang.T("map.tool.out"), false, func() { w.deps.Map.Zoom(-1) })
	button(y+2*bh, "map.tool.fit", "focus-centered", w.lang.T("map.tool.fit"), false, w.fitArea)
}

// chooseTool takes the tool of a group that was used last.
func (w *Window) chooseTool(g toolGroup) {
	tool := g.tools[0].tool
	if last, ok := w.kit.last[g.page]; ok && len(g.tools) > 1 {
		tool = last
	}
	w.setTool(tool)
}

// setTool changes what a click on the map does, and opens the panel of the tool. Going back to Pan leaves the panel with
// its results, but for a measure, which goes from the map as well.
func (w *Window) setTool(t Tool) {
	if groupOf(w.tool).page == kitMeasure {
		w.kit.measure = state.Measure{}
	}
	w.tool = t
	w.deps.Map.SetTool(t)
	g := groupOf(t)
	switch {
	case g.page != kitNone:
		w.kit.last[g.page] = t
		w.kit.page = g.page
	case w.kit.page == kitMeasure || !w.kitFilled():
		w.kit.page = kitNone
	}
	w.parts.tools.Refresh()
	w.kitChanged()
}

// leaveTool is Esc: it goes back to Pan, then closes the panel; false when there is nothing to leave.
func (w *Window) leaveTool() bool {
	switch {
	case w.tool != ToolPan:
		w.setTool(ToolPan)
	case w.kit.page != kitNone:
		w.closeKit()
	default:
		return false
	}
	return true
}

// toolKey is a key that chooses a tool; a key of the group that is chosen already takes the next of its tools.
func (w *Window) toolKey(k fyne.KeyName) {
	if w.modal != nil {
		return
	}
	for _, g := range toolGroups {
		if g.key != k || k == "" {
			continue
		}
		if i := slices.IndexFunc(g.tools, func(v mapTool) bool { return v.tool == w.tool }); i >= 0 {
			w.setTool(g.tools[(i+1)%len(g.tools)].tool)
		} else {
			w.chooseTool(g)
		}
	}
}

// modifiers are the keys held down now.
func (w *Window) modifiers() fyne.KeyModifier {
	if d, ok := w.app.Driver().(desktop.Driver); ok {
		return d.CurrentKeyModifiers()
	}
	return 0
}

// toolItems are the lines of the map's menu that are about tools: what is here, and a look around the place or the
// building there.
func (w *Window) toolItems(at orb.Point, picks []Pick) []*fyne.MenuItem {
	items := []*fyne.MenuItem{
		fyne.NewMenuItemSeparator(),
		fyne.NewMenuItem(w.lang.T("map.menu.identify"), func() { w.identify(at, picks) }),
		fyne.NewMenuItem(w.lang.T("map.menu.around"), func() { w.lookAroundShape(at) }),
	}
	if i := slices.IndexFunc(picks, func(p Pick) bool { return p.Ref.Kind == "building" }); i >= 0 {
		name, _ := w.nameOf(picks[i].Ref, picks[i].Label)
		items = append(items, fyne.NewMenuItem(w.lang.T("map.menu.around.of", name), func() { w.lookAroundRecord(picks[i].Ref, name) }))
	}
	return items
}

// mapPicked shows what was clicked: a cluster is opened by zooming in or, where its events lie at one place, listed; the
// identify tool lists everything under the click, else the topmost record is selected. Empty ground changes nothing but
// the highlight.
func (w *Window) mapPicked(at orb.Point, picks []Pick, _ fyne.Position) {
	switch {
	case w.tool == ToolIdentify:
		w.identify(at, picks)
	case len(picks) == 0:
		w.deps.Map.Select(state.Ref{})
	case picks[0].Count > 1:
		switch c := picks[0]; {
		case c.SamePlace:
			w.identify(at, c.Members)
		case c.Open.Zoom > 0:
			w.deps.Map.MoveTo(c.Open.Center, c.Open.Zoom)
		default:
			w.deps.Map.Fit(c.Bound)
		}
	default:
		w.selectPick(picks[0])
	}
}

// identify lists what lies at a place, the topmost first, with the members of clusters.
func (w *Window) identify(at orb.Point, picks []Pick) {
	k := &w.kit
	k.found, k.foundAt = nil, at
	for _, pick := range picks {
		if len(pick.Members) > 0 {
			k.found = append(k.found, pick.Members...)
		} else {
			k.found = append(k.found, pick)
		}
	}
	k.page, k.looked = kitIdentify, true
	w.pinned["identify"] = 0
	if len(k.found) > 0 {
		w.selectPick(k.found[0])
	} else {
		w.deps.Map.Select(state.Ref{})
		k.foundRef = state.Ref{}
	}
	w.kitChanged()
}

// nameOf is what a record is called in lists, and where it is if that is known: an event by its type and place where the
// event list knows it.
func (w *Window) nameOf(ref state.Ref, label string) (name, place string) {
	if ref.Kind == "event" {
		for _, v := range w.events.Page().Events {
			if v.ID == ref.ID {
				return w.lang.Of(v.Type), v.Place
			}
		}
	}
	if label != "" {
		return label, ""
	}
	return w.lang.T("select.unnamed", w.lang.KindName(ref.Kind)), ""
}

// kindOf names the kind of a record; of a region that the tree knows, its level.
func (w *Window) kindOf(ref state.Ref) string {
	if ref.Kind == "region" {
		if r, ok := w.regions.Find(ref.ID); ok {
			return w.lang.TOr("theme.level."+r.Level.String(), w.lang.KindName(ref.Kind))
		}
	}
	return w.lang.KindName(ref.Kind)
}

// drawIdentify draws the list of what lies at a place.
func (w *Window) drawIdentify(p *pen, y, width, h float32) {
	k := &w.kit
	if !k.looked || len(k.found) == 0 {
		text := w.lang.T("identify.hint")
		if k.looked {
			text = w.lang.T("identify.none", w.lang.LonLat(k.foundAt[0], k.foundAt[1]))
		}
		p.wrap(16, y+8, width-32, 20, 2, text, p.second())
		return
	}
	w.kitRows(p, "identify", y, width, h-y-8, len(k.found), func(i int, y float32) {
		pick := k.found[i]
		name, place := w.nameOf(pick.Ref, pick.Label)
		w.kitRow(p, y, width, "found-"+pick.Ref.ID.String(), pick.Ref, name, place, w.kindOf(pick.Ref), pick.Ref == k.foundRef, func() { w.selectPick(pick) })
	})
}
