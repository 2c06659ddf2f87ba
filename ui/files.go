package ui

import (
	"context"
	"path/filepath"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"kuaitu/ui/state"
)

// dropped takes files that were dropped on the window.
func (w *Window) dropped(_ fyne.Position, uris []fyne.URI) {
	var files []string
	for _, u := range uris {
		if u.Scheme() == "file" {
			files = append(files, u.Path())
		}
	}
	if len(files) > 0 {
		w.importFiles(files)
	}
}

// showImport asks for files and opens the import dialog with them.
func (w *Window) showImport() {
	if w.deps.Files == nil {
		w.say(w.lang.T("import.unavailable"))
		return
	}
	w.pickFiles(w.lang.T("import.title"), w.importFiles)
}

// say shows a sentence in a box.
func (w *Window) say(text string) {
	s := newSheet(w, func(p *pen, width, h float32) { p.wrap(16, 20, width-32, 20, 4, text, p.body()) })
	w.showModal(w.lang.T("app.name"), s, fyne.NewSize(420, 190), nil)
}

// importView is the open import dialog.
type importView struct {
	w      *Window
	d      *state.ImportDialog
	sheet  *sheet
	foot   *sheet
	kind   *widget.Select
	datum  *widget.Select
	enc    *widget.Select
	cancel context.CancelFunc
	places map[string]*job // by file
}

func (w *Window) importFiles(files []string) {
	if w.deps.Files == nil {
		w.say(w.lang.T("import.unavailable"))
		return
	}
	v := &importView{w: w, d: state.NewImportDialog(files, w.deps.Files.Kinds())}
	v.sheet = newSheet(w, v.draw)
	v.foot = newSheet(w, v.drawFoot)
	choose := w.lang.T("import.datum.choose")
	names := func(list []string, name func(string) string) []string {
		out := make([]string, len(list))
		for i, s := range list {
			out[i] = name(s)
		}
		return out
	}
	kinds := make([]string, len(v.d.Kinds))
	for i, k := range v.d.Kinds {
		kinds[i] = w.lang.Of(k.Name)
	}
	v.kind = widget.NewSelect(kinds, nil)
	v.kind.PlaceHolder = choose
	v.kind.OnChanged = func(string) {
		if i := v.kind.SelectedIndex(); i >= 0 {
			v.d.Request.Kind = v.d.Kinds[i].Kind
		}
		v.survey()
	}
	v.datum = widget.NewSelect(names(state.Datums, func(s string) string { return w.lang.T("datum." + s) }), nil)
	v.datum.PlaceHolder = choose
	v.datum.OnChanged = func(string) {
		if i := v.datum.SelectedIndex(); i >= 0 {
			v.d.Request.Datum = state.Datums[i]
		}
		v.survey()
	}
	v.enc = widget.NewSelect(names(state.Encodings, func(s string) string {
		if s == "" {
			return w.lang.T("import.encoding.auto")
		}
		return strings.ToUpper(s)
	}), nil)
	v.enc.SetSelectedIndex(0)
	v.enc.OnChanged = func(string) {
		v.d.Request.Encoding = state.Encodings[max(0, v.enc.SelectedIndex())]
		v.look()
	}
	w.showModal(w.lang.T("import.title"), container.New(v, v.sheet, v.kind, v.datum, v.enc), fyne.NewSize(820, 560), v.foot)
	w.importView = v
	v.look()
}

// look asks for a preview of every file.
func (v *importView) look() {
	for _, file := range v.d.Request.Files {
		encoding := v.d.Request.Encoding
		ask(v.w, &job{}, func(ctx context.Context) (state.ImportPreview, error) {
			return v.w.deps.Files.Preview(ctx, file, encoding)
		}, func(p state.ImportPreview, err error) {
			p.File = file
			if err != nil {
				p.Err = err
			}
			v.d.Preview(p)
			if i := slices.IndexFunc(v.d.Kinds, func(k state.ImportKind) bool { return k.Kind == v.d.Request.Kind }); i >= 0 {
				v.kind.SetSelectedIndex(i)
			}
			if i := slices.Index(state.Datums, v.d.Request.Datum); i >= 0 {
				v.datum.SetSelectedIndex(i)
			}
			v.survey()
		})
	}
}

// survey looks at where the records of the files lie, before anything is written.
func (v *importView) survey() {
	request := v.d.Request
	if v.places == nil {
		v.places = map[string]*job{}
	}
	for _, file := range v.d.Unsurveyed() {
		if v.places[file] == nil {
			v.places[file] = &job{}
		}
		ask(v.w, v.places[file], func(ctx context.Context) ([]state.ImportWarning, error) {
			return v.w.deps.Files.Survey(ctx, file, request)
		}, func(found []state.ImportWarning, err error) {
			if err != nil { // the import meets it again and says so
				fyne.LogError("places of "+filepath.Base(file), err)
			}
			v.d.Survey(file, request, found)
			v.refresh()
		})
	}
	v.refresh()
}

// asGCJ chooses GCJ-02.
func (v *importView) asGCJ() { v.datum.SetSelectedIndex(slices.Index(state.Datums, "gcj02")) }

func (v *importView) refresh() {
	running := v.d.Phase() != state.ImportChoosing
	for _, s := range []*widget.Select{v.kind, v.datum, v.enc} {
		if running {
			s.Hide()
		}
	}
	v.sheet.Refresh()
	v.foot.Refresh()
}

// MinSize implements fyne.Layout.
func (v *importView) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(640, 360) }

// Layout implements fyne.Layout.
func (v *importView) Layout(o []fyne.CanvasObject, size fyne.Size) {
	o[0].Move(fyne.NewPos(0, 0))
	o[0].Resize(size)
	col := (size.Width - 32 - 24) / 3
	for i := range 3 {
		o[i+1].Move(fyne.NewPos(16+float32(i)*(col+12), v.choicesTop()+26))
		o[i+1].Resize(fyne.NewSize(col, 32))
	}
}

// choicesTop is below the lines of the files, of which six are shown.
func (v *importView) choicesTop() float32 { return 12 + 28*float32(min(len(v.d.Request.Files), 6)) }

func (v *importView) draw(p *pen, width, h float32) {
	w := v.w
	switch v.d.Phase() {
	case state.ImportRunning:
		text, share := v.d.ProgressLine(w.lang)
		p.text(16, 40, text, p.body())
		p.rect(16, 60, width-32, 4, p.pal.line)
		if share > 0 {
			p.rect(16, 60, round((width-32)*float32(share)), 4, p.pal.accent)
		}
		return
	case state.ImportDone:
		p.text(16, 28, v.d.Outcome(w.lang), p.heading())
		y := float32(48)
		for _, line := range v.d.Result(w.lang) {
			x := float32(32)
			if line.Label != "" {
				p.fit(16, y+14, width-32, line.Label, style{size: sizeBody, bold: true, ink: p.pal.text1})
				y += 24
			}
			st := p.body()
			if line.Tone != state.TonePlain {
				st.ink = p.pal.tone(line.Tone)
			}
			y += p.wrap(x, y, width-x-16, 20, 3, line.Value, st) + 4
		}
		return
	}
	for i, file := range v.d.Request.Files[:min(len(v.d.Request.Files), 6)] {
		cy := 26 + float32(i)*28
		p.icon("file-import", 16, cy, 16, p.pal.text2)
		x := 40 + p.text(40, cy, filepath.Base(file), style{size: sizeBody, bold: true, ink: p.pal.text1}) + 16
		for _, pre := range v.d.Previews() {
			if pre.File == file && pre.Err == nil {
				p.fit(x, cy, width-x-16, pre.Describe(w.lang), p.second())
			}
		}
	}
	y := v.choicesTop()
	p.hline(16, y, width-32)
	col := (width - 32 - 24) / 3
	for i, key := range []string{"import.kind", "import.datum", "import.encoding"} {
		p.text(16+float32(i)*(col+12), y+14, w.lang.T(key), style{size: sizeSmall, ink: p.pal.text2})
		p.box(15+float32(i)*(col+12), y+25, col+2, 34, p.pal.raised, p.pal.strong, 5)
	}
	y += 70
	warnings, gcj := v.d.Warnings()
	for _, warning := range warnings {
		p.icon("alert-triangle", 16, y+10, 16, p.pal.amberText)
		y += p.wrap(40, y, width-56, 20, 3, warning.Sentence(w.lang), style{size: sizeBody, ink: p.pal.amberText}) + 4
	}
	if gcj {
		label := w.lang.T("import.as.gcj")
		bw := w.measure(label, sizeBody, false).Width + 28
		p.buttonAt(40, y+2, bw, 30, "as-gcj", "", label, "", false, v.asGCJ)
		y += 40
	}
	if len(v.d.Previews()) > 0 {
		v.drawSample(p, y, width, h, v.d.Previews()[0])
	}
}

// drawSample draws the first rows of a file as a table with columns of equal width.
func (v *importView) drawSample(p *pen, y, width, h float32, pre state.ImportPreview) {
	if len(pre.Columns) == 0 {
		return
	}
	p.text(16, y+12, v.w.lang.T("import.preview"), p.small())
	y += 26
	cols := min(len(pre.Columns), 6)
	col := (width - 32) / float32(cols)
	for i, name := range pre.Columns[:cols] {
		p.fit(16+float32(i)*col, y+14, col-8, name, style{size: sizeSmall, bold: true, ink: p.pal.text2})
	}
	y += rowHeight
	for _, row := range pre.Sample {
		if y+rowHeight > h {
			break
		}
		p.hline(16, y, width-32)
		for i := range min(cols, len(row)) {
			p.fit(16+float32(i)*col, y+rowHeight/2, col-8, row[i], p.body())
		}
		y += rowHeight
	}
}

func (v *importView) drawFoot(p *pen, width, h float32) {
	w := v.w
	switch v.d.Phase() {
	case state.ImportRunning:
		p.footerButtons(width, h, []action{{label: w.lang.T("cancel"), tap: v.stop}})
	case state.ImportDone:
		p.footerButtons(width, h, []action{{label: w.lang.T("close"), tap: w.closeModal, main: true}})
	default:
		problems := v.d.Check(w.lang)
		var start func()
		if len(problems) == 0 {
			start = v.start
		} else {
			p.icon("info-circle", 16, h/2, 16, p.pal.text3)
			p.fit(38, h/2, width-300, problems[0].Text, p.second())
		}
		p.footerButtons(width, h, []action{{label: w.lang.T("cancel"), tap: w.closeModal}, {label: w.lang.T("import.start"), tap: start, main: true}})
	}
}

func (v *importView) stop() {
	if v.cancel != nil {
		v.cancel()
	}
}

// start runs the import in the background. Closing the box does not end it; the cancel button does.
func (v *importView) start() {
	w, request := v.w, v.d.Request
	ctx, cancel := context.WithCancel(w.ctx)
	v.cancel = cancel
	v.d.Start()
	v.refresh()
	w.wg.Go(func() {
		defer cancel()
		reports, err := w.deps.Files.Import(ctx, request, func(p state.ImportProgress) {
			w.deps.Post(func() { v.d.Progress(p); v.sheet.Refresh() })
		})
		if err != nil && len(reports) == 0 {
			for _, f := range request.Files {
				reports = append(reports, state.ImportReport{File: f, Err: err})
			}
		}
		w.deps.Post(func() {
			if w.ctx.Err() != nil {
				return
			}
			v.d.Finish(reports)
			v.refresh()
			w.Reload()
		})
	})
}
