package ui

import (
	"cmp"
	"context"
	"strconv"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"
	"github.com/paulmach/orb"

	"kuaitu/block"
	"kuaitu/ui/state"
)

// Offline keeps areas of base maps on this machine, for when there is no network. Errors are *state.OfflineError, or the
// context's. Levels and Areas return at once and may be called on the UI thread, the others are never called there.
type Offline interface {
	// Levels are those that a base map has; ok is false for one of which no area can be kept.
	Levels(base string) (minZoom, maxZoom int, ok bool)
	// Areas lists what is kept, the newest first.
	Areas() []state.OfflineArea
	// Estimate says what a request comes to. It asks the server for some tiles.
	Estimate(ctx context.Context, r state.OfflineRequest) (state.OfflineEstimate, error)
	// Take takes an area, or what an earlier Take left out, and proves it. The result has the area also when it was stopped.
	Take(ctx context.Context, r state.OfflineRequest, progress func(state.OfflineProgress)) (state.OfflineResult, error)
	// Check proves an area again.
	Check(ctx context.Context, id string) (state.OfflineResult, error)
	// Delete takes an area off the disk.
	Delete(id string) error
}

// offlineBox is what the window knows of offline areas while the dialog is open or an area is taken behind it.
type offlineBox struct {
	d       state.OfflineDialog
	view    *offlineView
	id      string // of the area that is taken, when it was begun before
	cancel  context.CancelFunc
	discard bool // what is being taken is not wanted
	size    job
}

// offlineQuotaKey is where the quota is remembered, offlineQuotaMB what it is at first, offlineNoQuota that there is none.
const (
	offlineQuotaKey = "offline.quota"
	offlineQuotaMB  = "2000"
	offlineNoQuota  = "none"
)

// offlineQuota is the quota that was chosen last, megabytes; empty is none.
func (w *Window) offlineQuota() string {
	switch q := w.deps.Recall(offlineQuotaKey); q {
	case "":
		return offlineQuotaMB
	case offlineNoQuota:
		return ""
	default:
		return q
	}
}

// estimateDelay is how long the dialog waits for the end of a burst of changes before it asks the server.
const estimateDelay = 400 * time.Millisecond

// offlineScope is a choice of what area to take.
type offlineScope struct {
	label  string
	name   string // for the area
	area   orb.Geometry
	region block.ID
}

// offlineView is the open dialog.
type offlineView struct {
	w       *Window
	bases   []BaseMap // of which areas can be kept
	scopes  []offlineScope
	base    *widget.Select
	scope   *widget.Select
	level   *widget.Slider
	name    *boxEntry
	quota   *boxEntry
	picture *canvas.Image
	sheet   *sheet
	foot    *sheet

	estimate *state.OfflineEstimate // nil: being made
	wrong    error                  // of the estimate
	list     bool                   // the page of areas is shown
	first    int                    // row of the list
	sure     string                 // ID of the area whose deletion was asked for
	said     string                 // what became of the last thing done to the list
}

// offlineItems are the entries of the menu of base maps.
func (w *Window) offlineItems() []*fyne.MenuItem {
	if w.deps.Offline == nil {
		return nil
	}
	return []*fyne.MenuItem{
		fyne.NewMenuItem(w.lang.T("offline.menu"), func() { w.showOffline(false) }),
		fyne.NewMenuItem(w.lang.T("offline.list.menu", w.lang.Count(len(w.deps.Offline.Areas()))), func() { w.showOffline(true) }),
	}
}

// showOffline opens the dialog: the areas there are, or a new one. While one is taken it shows how far that is.
func (w *Window) showOffline(list bool) {
	v := &offlineView{w: w, list: list}
	now, _ := w.base()
	at := 0
	if w.deps.Bases != nil {
		for _, m := range w.deps.Bases.List() {
			if _, _, ok := w.deps.Offline.Levels(m.ID); ok && !strings.HasPrefix(m.ID, OfflineBase) {
				if m.ID == now.ID {
					at = len(v.bases)
				}
				v.bases = append(v.bases, m)
			}
		}
	}
	if len(v.bases) == 0 && !list {
		w.say(w.lang.T("offline.nothing"))
		return
	}
	v.scopes = w.offlineScopes()
	v.build(at)
	if w.offline.d.Phase() == state.OfflineDone || w.offline.d.Phase() == state.OfflineStopped {
		w.offline.d.Reset()
	}
	w.offline.view = nil
	w.showModal(w.lang.T("offline.title"), container.New(v, v.sheet, v.base, v.scope, v.level, v.name, v.quota, v.picture), fyne.NewSize(660, 470), v.foot)
	w.offline.view = v
	v.changed()
}

// OfflineBase stands before the IDs of base maps that are areas kept offline.
const OfflineBase = "offline:"

// offlineScopes are the areas to choose from: the view, the selected region, what was drawn.
func (w *Window) offlineScopes() []offlineScope {
	var out []offlineScope
	if r, ok := w.regions.Selected(); ok && r.HasBound {
		name := w.lang.Of(r.Name)
		out = append(out, offlineScope{label: w.lang.T("offline.scope.region", name), name: name, region: r.ID})
	}
	view := w.deps.Map.View()
	at := view.Bound.Center()
	out = append(out, offlineScope{label: w.lang.T("offline.scope.view"), name: w.lang.LonLat(at[0], at[1]), area: view.Bound.ToPolygon()})
	if q, ok := w.kit.around.Query(); ok {
		if p, ok := q.Shape.(orb.Polygon); ok {
			out = append(out, offlineScope{label: w.lang.T("offline.scope.drawn"), name: w.lang.T("offline.scope.drawn"), area: p})
		}
	}
	return out
}

// build makes the fields; at is the base map that is chosen first.
func (v *offlineView) build(at int) {
	w := v.w
	v.sheet = newSheet(w, v.draw)
	v.sheet.scroll = func(dy float32) {
		if v.list {
			v.first = max(0, v.first-int(dy/10))
			v.sheet.Refresh()
		}
	}
	v.foot = newSheet(w, v.drawFoot)
	v.picture = canvas.NewImageFromImage(nil)
	v.picture.FillMode = canvas.ImageFillContain
	v.level = widget.NewSlider(0, 1)
	v.level.Step = 1
	v.name = newBoxEntry(w, false)
	v.quota = newBoxEntry(w, false)
	v.quota.SetText(w.offlineQuota())
	v.quota.SetPlaceHolder(w.lang.T("offline.quota.none"))
	names := make([]string, len(v.bases))
	for i, m := range v.bases {
		names[i] = w.lang.Of(m.Name)
	}
	v.base = widget.NewSelect(names, nil)
	labels := make([]string, len(v.scopes))
	for i, s := range v.scopes {
		labels[i] = s.label
	}
	v.scope = widget.NewSelect(labels, nil)
	v.base.SetSelectedIndex(at)
	v.scope.SetSelectedIndex(0)
	v.name.SetText(v.scopes[0].name)
	v.levels()
	v.base.OnChanged = func(string) { v.levels(); v.changed() }
	v.scope.OnChanged = func(string) { v.name.SetText(v.scopes[max(0, v.scope.SelectedIndex())].name); v.changed() }
	v.level.OnChanged = func(float64) { v.changed() }
	v.quota.OnChanged = func(string) { v.changed() }
	v.name.submit, v.quota.submit = v.start, v.start
}

// levels sets the slider to the levels of the chosen base map.
func (v *offlineView) levels() {
	if len(v.bases) == 0 {
		return
	}
	lo, hi, _ := v.w.deps.Offline.Levels(v.bases[max(0, v.base.SelectedIndex())].ID)
	v.level.Min, v.level.Max = float64(lo), float64(hi)
	v.level.SetValue(float64(min(hi, max(lo, 16))))
}

// request is what the fields say; ok is false while they say nothing that can be done.
func (v *offlineView) request() (r state.OfflineRequest, ok bool) {
	quota, ok := state.ParseQuota(v.quota.Text)
	if !ok || len(v.bases) == 0 {
		return r, false
	}
	s := v.scopes[max(0, v.scope.SelectedIndex())]
	return state.OfflineRequest{
		Base: v.bases[max(0, v.base.SelectedIndex())].ID, Name: strings.TrimSpace(v.name.Text), Area: s.area, Region: s.region,
		MinZoom: int(v.level.Min), MaxZoom: int(v.level.Value), Quota: quota,
	}, true
}

// changed makes the estimate anew, off the UI thread.
func (v *offlineView) changed() {
	w := v.w
	v.estimate, v.wrong = nil, nil
	v.refresh()
	r, ok := v.request()
	if !ok || v.list || w.offline.d.Phase() != state.OfflineChoosing {
		return
	}
	ask(w, &w.offline.size, func(ctx context.Context) (state.OfflineEstimate, error) {
		select {
		case <-ctx.Done():
			return state.OfflineEstimate{}, ctx.Err()
		case <-time.After(estimateDelay):
		}
		return w.deps.Offline.Estimate(ctx, r)
	}, func(e state.OfflineEstimate, err error) {
		v.wrong = err
		if err == nil {
			v.estimate, v.wrong = &e, e.Problem
		}
		v.refresh()
	})
}

// refresh draws what the phase asks for.
func (v *offlineView) refresh() {
	choosing := !v.list && v.w.offline.d.Phase() == state.OfflineChoosing
	for _, o := range []fyne.CanvasObject{v.base, v.scope, v.level, v.name, v.quota} {
		if choosing {
			o.Show()
		} else {
			o.Hide()
		}
	}
	v.picture.Hide()
	if img := v.w.offline.d.Result().Picture; img != nil && !v.list && v.w.offline.d.Phase() == state.OfflineDone {
		v.picture.Image = img
		v.picture.Show()
		v.picture.Refresh()
	}
	v.sheet.Refresh()
	v.foot.Refresh()
}

// start takes the area of the fields.
func (v *offlineView) start() {
	r, ok := v.request()
	if !ok || v.estimate == nil || v.wrong != nil {
		return
	}
	v.w.deps.Remember(offlineQuotaKey, cmp.Or(strings.TrimSpace(v.quota.Text), offlineNoQuota))
	v.w.takeOffline(r)
}

// takeOffline takes an area in the background. Closing the dialog does not end it.
func (w *Window) takeOffline(r state.OfflineRequest) {
	box := &w.offline
	if box.d.Phase() == state.OfflineTaking {
		return
	}
	ctx, cancel := context.WithCancel(w.ctx)
	box.cancel, box.discard, box.id = cancel, false, r.ID
	box.d.Start(r.Name, w.now())
	w.offlineChanged()
	var shown time.Time // of the last progress that was shown; on the goroutine of Take
	w.wg.Go(func() {
		defer cancel()
		result, err := w.deps.Offline.Take(ctx, r, func(p state.OfflineProgress) {
			if at := w.now(); at.Sub(shown) >= 100*time.Millisecond || p.Done == p.Tiles {
				shown = at
				w.deps.Post(func() { box.d.Progress(p, at); w.offlineChanged() })
			}
		})
		w.deps.Post(func() {
			if w.ctx.Err() != nil {
				return
			}
			if box.discard && err != nil && result.Area.ID != "" {
				w.deleteOffline(result.Area.ID)
				box.d.Reset()
				w.closeOffline()
				return
			}
			box.d.Finish(result, err)
			w.offlineChanged()
			w.DataChanged()
		})
	})
}

// offlineChanged draws the dialog anew, if it is open.
func (w *Window) offlineChanged() {
	if v := w.offline.view; v != nil && w.modal != nil && w.modalFoot == v.foot {
		v.refresh()
	}
}

// closeOffline closes the dialog, if it is open.
func (w *Window) closeOffline() {
	if v := w.offline.view; v != nil && w.modal != nil && w.modalFoot == v.foot {
		w.closeModal()
	}
}

// deleteOffline takes an area off the disk, in the background.
func (w *Window) deleteOffline(id string) {
	ask(w, &job{}, func(context.Context) (struct{}, error) { return struct{}{}, w.deps.Offline.Delete(id) }, func(_ struct{}, err error) {
		if v := w.offline.view; v != nil {
			v.said, v.sure = "", ""
			if err != nil {
				v.said = state.OfflineFailure(w.lang, err)
			}
		}
		w.offlineChanged()
		w.DataChanged()
	})
}

// checkOffline proves an area again.
func (w *Window) checkOffline(a state.OfflineArea) {
	if v := w.offline.view; v != nil {
		v.said = w.lang.T("offline.checking")
	}
	ask(w, &job{}, func(ctx context.Context) (state.OfflineResult, error) { return w.deps.Offline.Check(ctx, a.ID) }, func(_ state.OfflineResult, err error) {
		if v := w.offline.view; v != nil {
			v.said = a.Name + w.lang.T("dot") + w.lang.T("offline.whole")
			if err != nil {
				v.said = a.Name + w.lang.T("dot") + state.OfflineFailure(w.lang, err)
			}
		}
		w.offlineChanged()
	})
	w.offlineChanged()
}

// resumeOffline goes on with an area that was begun.
func (w *Window) resumeOffline(a state.OfflineArea) {
	quota, _ := state.ParseQuota(w.offlineQuota()) // what makes no sense is no quota
	if v := w.offline.view; v != nil {
		v.list = false
	}
	w.takeOffline(state.OfflineRequest{ID: a.ID, Name: a.Name, Quota: quota})
}

// levelWords say what the finest level shows.
func (v *offlineView) levelWords() string {
	z := int(v.level.Value)
	words := strconv.Itoa(int(v.level.Min)) + "–" + strconv.Itoa(z)
	for _, k := range []struct {
		from int
		key  string
	}{{18, "house"}, {16, "street"}, {14, "quarter"}, {11, "district"}} {
		if z >= k.from {
			return words + v.w.lang.T("dot") + v.w.lang.T("offline.level."+k.key)
		}
	}
	return words + v.w.lang.T("dot") + v.w.lang.T("offline.level.city")
}
