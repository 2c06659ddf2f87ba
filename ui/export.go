package ui

import (
	"context"
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
			v.foot.Refresh()
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
	v.path.OnChanged = changed
	if len(kinds) > 0 {
		v.kind.SetSelectedIndex(0)
	}
	v.labels = newSheet(w, func(p *pen, width, h float32) {
		for i, key := range []string{"export.kind", "export.format", "export.scope", "export.path"} {
			p.text(16, 32+float32(i)*44, w.lang.T(key), p.second())
			if i < 3 {
				p.box(109, 15+float32(i)*44, width-124, 34, p.pal.raised, p.pal.strong, 5)
			}
		}
	})
	v.foot = newSheet(w, v.drawFoot)
	w.showModal(w.lang.T("export.title"), container.New(v, v.labels, v.kind, v.format, v.scope, v.path), fyne.NewSize(560, 300), v.foot)
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

func (v *exportView) drawFoot(p *pen, width, h float32) {
	w := v.w
	var start func()
	switch {
	case v.busy:
	case v.path.Text == "" || v.kind.SelectedIndex() < 0:
		p.fit(16, h/2, width-240, w.lang.T("export.need.path"), p.second())
	default:
		start = v.start
	}
	switch {
	case !v.failed.IsZero():
		p.fit(16, h/2, width-240, v.failed.Title, style{size: sizeBody, ink: p.pal.red})
	case v.result != "":
		p.fit(16, h/2, width-240, v.result, p.second())
	}
	p.footerButtons(width, h, []action{{w.lang.T("close"), w.closeModal, false}, {w.lang.T("export.start"), start, true}})
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
	v.foot.Refresh()
	ask(w, &job{}, func(ctx context.Context) (int, error) { return w.deps.Files.Export(ctx, request) }, func(rows int, err error) {
		v.busy = false
		if err != nil {
			v.failed = state.Failure(w.lang, err)
		} else {
			v.result = w.lang.T("export.done", w.lang.Count(rows), filepath.Base(request.Path))
		}
		v.foot.Refresh()
	})
}
