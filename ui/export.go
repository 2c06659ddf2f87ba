package ui

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"kuaitu/ui/state"
)

var exportFormats = []string{"geojson", "csv", "gpkg"}

// exportView is the open export dialog.
type exportView struct {
	w      *Window
	kind   *widget.Select
	format *widget.Select
	scope  *widget.Select
	path   *boxEntry
	labels *sheet
	foot   *sheet
	own    bool // the path was typed, not proposed
	busy   bool
	result string
	failed state.Notice
}

// showExport opens the export dialog: what, which format, which extent, where to.
func (w *Window) showExport() {
	if w.deps.Files == nil {
		w.say(w.lang.T("import.unavailable"))
		return
	}
	v := &exportView{w: w}
	kinds := w.deps.Files.Kinds()
	names := make([]string, len(kinds))
	for i, k := range kinds {
		names[i] = w.lang.Of(k.Name)
	}
	changed := func(string) {
		v.result, v.failed = "", state.Notice{}
		if v.foot != nil {
			v.propose()
			v.refresh()
		}
	}
	v.kind = widget.NewSelect(names, changed)
	v.kind.PlaceHolder = w.lang.T("import.datum.choose")
	v.format = widget.NewSelect([]string{"GeoJSON", "CSV (BOM)", "GeoPackage"}, changed)
	v.format.SetSelectedIndex(0)
	scopes := []string{w.lang.T("export.scope.all"), w.lang.T("export.scope.view")}
	if r, ok := w.regions.Selected(); ok {
		scopes = append(scopes, w.lang.T("export.scope.region", w.lang.Of(r.Name)))
	}
	v.scope = widget.NewSelect(scopes, changed)
	v.scope.SetSelectedIndex(0)
	v.path = newBoxEntry(w, false)
	v.path.OnChanged = func(path string) {
		v.own = path != v.proposed()
		changed(path)
	}
	if len(kinds) > 0 {
		v.kind.SetSelectedIndex(0)
	}
	v.labels = newSheet(w, v.drawLabels)
	v.foot = newSheet(w, v.drawFoot)
	v.propose()
	w.exportView = v
	w.showModal(w.lang.T("export.title"), container.New(v, v.labels, v.kind, v.format, v.scope, v.path), fyne.NewSize(560, 350), v.foot)
}

// proposed is a path in the user's home named after what is exported, empty while nothing is chosen.
func (v *exportView) proposed() string {
	home, err := os.UserHomeDir()
	i, f := v.kind.SelectedIndex(), v.format.SelectedIndex()
	if err != nil || i < 0 || f < 0 {
		return ""
	}
	name := fmt.Sprintf("kuaitu-%s-%s.%s", v.w.deps.Files.Kinds()[i].Kind, v.w.now().In(v.w.lang.Zone).Format("20060102-1504"), exportFormats[f])
	return filepath.Join(home, name)
}

// propose fills in the path as long as the user has not typed one.
func (v *exportView) propose() {
	if path := v.proposed(); !v.own && v.path.Text != path {
		v.path.SetText(path)
	}
}

// MinSize implements fyne.Layout.
func (v *exportView) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(420, 190) }

// Layout implements fyne.Layout.
func (v *exportView) Layout(o []fyne.CanvasObject, size fyne.Size) {
	o[0].Resize(size)
	for i := range 4 {
		o[i+1].Move(fyne.NewPos(110, 16+float32(i)*44))
		o[i+1].Resize(fyne.NewSize(size.Width-126, 32))
	}
}

// drawLabels draws the labels of the fields and, below them, what is missing, went wrong or was done.
func (v *exportView) drawLabels(p *pen, width, h float32) {
	w := v.w
	for i, key := range []string{"export.kind", "export.format", "export.scope", "export.path"} {
		p.text(16, 32+float32(i)*44, w.lang.T(key), p.second())
		if i < 3 {
			p.box(109, 15+float32(i)*44, width-124, 34, p.pal.raised, p.pal.strong, 5)
		}
	}
	y := float32(196)
	switch {
	case !v.failed.IsZero():
		p.icon("alert-octagon", 16, y+10, 16, p.pal.red)
		p.wrap(38, y, width-54, 20, 2, v.failed.Title+w.lang.T("stop")+v.failed.Text, p.second())
	case v.result != "":
		p.icon("check", 16, y+10, 16, p.pal.text2)
		p.wrap(38, y, width-54, 20, 2, v.result, p.body())
	case !v.ready():
		p.text(16, y+10, w.lang.T("export.need.path"), p.second())
	}
}

// ready reports whether the export can start.
func (v *exportView) ready() bool { return v.path.Text != "" && v.kind.SelectedIndex() >= 0 }

func (v *exportView) drawFoot(p *pen, width, h float32) {
	var start func()
	if v.ready() && !v.busy {
		start = v.start
	}
	p.footerButtons(width, h, []action{{label: v.w.lang.T("close"), tap: v.w.closeModal}, {label: v.w.lang.T("export.start"), tap: start, main: true}})
}

func (v *exportView) refresh() {
	v.labels.Refresh()
	v.foot.Refresh()
}

func (v *exportView) start() {
	w := v.w
	request := ExportRequest{
		Kind: w.deps.Files.Kinds()[v.kind.SelectedIndex()].Kind, Format: exportFormats[max(0, v.format.SelectedIndex())], Path: v.path.Text,
	}
	switch v.scope.SelectedIndex() {
	case 1:
		bound := w.deps.Map.View().Bound
		request.Bound = &bound
	case 2:
		if r, ok := w.regions.Selected(); ok {
			request.Region = r.ID
		}
	}
	v.busy = true
	v.refresh()
	ask(w, &job{}, func(ctx context.Context) (int, error) { return w.deps.Files.Export(ctx, request) }, func(rows int, err error) {
		v.busy = false
		if err != nil {
			v.failed = state.Failure(w.lang, err)
		} else {
			v.result = w.lang.T("export.done", w.lang.Count(rows), filepath.Base(request.Path))
		}
		v.refresh()
	})
}
