package ui

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"
	"github.com/paulmach/orb"

	"kuaitu/assets"
	"kuaitu/block"
	"kuaitu/mapview"
	"kuaitu/ui/state"
)

// searchDelay is how long the search box waits for the end of a burst of changes.
const searchDelay = 80 * time.Millisecond

// maxHits is how many hits the open search box asks for: more than fit are not read.
const maxHits = 12

// Window is the desk post's window. All methods belong to the UI thread unless they say otherwise.
type Window struct {
	deps Deps
	app  fyne.App
	win  fyne.Window
	th   *Theme
	pal  *palette
	lang *state.Lang

	ctx    context.Context // the window's lifetime: ended by Close
	end    context.CancelFunc
	wg     sync.WaitGroup
	closed sync.Once

	regions state.RegionTree
	layers  state.LayerTree
	events  state.EventList
	dossier state.DossierPanel
	hits    state.Hits
	facts   state.StatusFacts
	search  *state.Search
	near    atomic.Pointer[orb.Point] // centre of the map, for searches that run off the UI thread

	bakery      *bakery // nil where sheets are not baked
	parts       deskParts
	desk        *deskLayout
	jobs        struct{ events, dossier, layers, place, follow, counts, base, theme job }
	sizes       map[measureKey]fyne.Size
	pinned      map[string]int // first visible row of each list
	hitRow      int            // preselected hit
	fresh       block.ID       // event just reported: the list scrolls to it once it is there
	follow      state.Ref      // record whose region the tree shows once its dossier is here
	theme       state.Thematic // the map of figures that was chosen; Kind is empty when none was
	themeLegend state.MapLegend
	themeView   *themeView // its open panel
	hud         bool       // the map's figures are shown
	opened      bool       // the user has opened a dossier: on a narrow screen the panel stays closed until then
	tool        Tool
	kit         kit
	offline     offlineBox
	menuPop     *widget.PopUpMenu
	modal       *widget.PopUp
	modalFoot   *sheet

	syncSheet     []*sheet    // of the open sync panel
	importView    *importView // the open import dialog
	exportView    *exportView // the export dialog that was opened last
	formView      *formView   // the form that was opened last
	bookmarks     mapview.Bookmarks
	bookmarksView *bookmarksView // the list of bookmarks that was opened last
	keysSheet     *sheet         // the page of keys that was opened last
	reportForm    *reportView    // the form that was opened last
	picker        *filePick      // the file chooser that was opened last
	folder        string         // where files were chosen last
}

// deskParts are the sheets and widgets of the desk.
type deskParts struct {
	top, rail, regions, unplaced, eventHead, events, detail, detailFoot, status *sheet
	legend, figures, tools, scale, credit, strip, tipBox                        *sheet
	hitList                                                                     *sheet
	layers                                                                      *layersSheet
	kit                                                                         *kitSheet
	grips                                                                       struct{ left, right, list, trees *grip }
	clips                                                                       struct{ chart, events, regions, layers, detail *container.Clip }
	entry                                                                       *searchEntry
	entryHolder, kitEntry                                                       *container.ThemeOverride
	root                                                                        *fyne.Container
	tipText                                                                     string
}

// New builds the desk post's window and starts reading. It does not show the window: call Show on the result.
func New(app fyne.App, deps Deps) (*Window, error) {
	if deps.Now == nil {
		deps.Now = time.Now
	}
	if deps.Remember == nil {
		deps.Remember = func(string, string) {}
	}
	if deps.Recall == nil {
		deps.Recall = func(string) string { return "" }
	}
	w := &Window{deps: deps, app: app, sizes: map[measureKey]fyne.Size{}, pinned: map[string]int{}}
	w.ctx, w.end = context.WithCancel(context.Background())
	if err := w.setLang(deps.Lang); err != nil {
		return nil, err
	}
	w.setTheme(deps.Dark)
	w.win = app.NewWindow(w.windowTitle())
	w.facts = state.StatusFacts{Datum: deps.Datum, DiskFree: -1}
	w.search = state.NewSearch(func(ctx context.Context, q string) (state.Hits, error) {
		near := w.near.Load() // set by the UI thread as the map moves
		if near == nil {
			near = &orb.Point{}
		}
		return deps.Data.Search(ctx, q, *near, maxHits)
	}, deps.Post, w.showHits, searchDelay)

	w.layers.Restore(deps.Recall("layers"))
	_ = w.bookmarks.UnmarshalText([]byte(deps.Recall("bookmarks"))) // never fails: what makes no sense is left out
	w.theme, _ = state.ParseThematic(deps.Recall("thematic"))
	w.events.Linked = deps.Recall("linked") != "false"
	w.bakery = newBakery(app, func(f func()) {
		deps.Post(func() {
			if w.ctx.Err() == nil { // when the app has ended, posts run on any goroutine
				f()
			}
		})
	}, w.scale)
	w.build()
	deps.Map.Listen(MapEvents{
		Moved: w.mapMoved, Settled: w.mapSettled, Pointer: w.mapPointer,
		Picked: w.mapPicked, Placed: w.reportAt, Menu: w.mapMenu, Key: w.typedKey,
		Selected: w.mapSelected, Measured: w.mapMeasured, ReadOut: w.readOut, Drawn: w.lookAroundShape, Left: func() { w.setTool(ToolPan) },
	})
	deps.Map.SetDark(deps.Dark)
	w.win.SetIcon(AppIcon())
	w.win.Resize(fyne.NewSize(1440, 900))
	w.win.SetPadded(false)
	w.win.SetContent(w.parts.root)
	w.win.SetOnDropped(w.dropped)
	w.win.SetOnClosed(w.Close)
	w.shortcuts()
	w.Reload()
	if !deps.Home.IsZero() {
		w.revealRegion(deps.Home)
		w.showHome()
	}
	w.tick()
	return w, nil
}

// Fyne returns the window itself, to show, resize or capture it.
func (w *Window) Fyne() fyne.Window { return w.win }

// Close ends all work under way and waits for it. It may be called more than once.
func (w *Window) Close() {
	w.closed.Do(func() {
		w.end()
		w.search.Close()
		w.wg.Wait()
	})
}

// Reload asks for everything the panels show again: after an import, or when the store was swapped.
func (w *Window) Reload() {
	w.loadRegions(block.ID{})
	w.DataChanged()
	w.SyncChanged()
}

// DataChanged asks again for what a change of the store's rows can alter: counts, the event list and the open dossier.
func (w *Window) DataChanged() {
	if w.regions.Loaded() {
		w.loadRegions(block.ID{})
	}
	ask(w, &w.jobs.layers, w.deps.Data.Layers, func(layers []state.Layer, err error) {
		if err == nil {
			w.layers.Set(layers)
			w.dressThematic()
			w.deps.Map.Arrange(w.layers.Looks())
			w.loadThematic()
			w.treesChanged()
			w.desk.relayout() // the credit is of the base map that is shown
			w.parts.status.Refresh()
			w.parts.credit.Refresh()
			w.countInView()
		}
	})
	w.loadEvents()
	if ref := w.dossier.Wanted(); ref.Kind != "" {
		w.loadDossier(ref)
	}
}

// SyncChanged shows the syncer's status anew.
func (w *Window) SyncChanged() {
	was := w.facts.Sync.DataAsOf
	w.facts.Sync = w.deps.Sync.Status()
	if ref := w.dossier.Wanted(); ref.Kind != "" && !w.facts.Sync.DataAsOf.Equal(was) {
		w.loadDossier(ref) // it says how old its data is
	}
	w.parts.top.Refresh()
	w.parts.rail.Refresh()
	w.parts.status.Refresh()
	w.refreshSyncPanel()
}

// tick keeps clocks and ages true: what they show has minutes, so twice a minute will do.
func (w *Window) tick() {
	w.wg.Go(func() {
		free := func() {
			if w.deps.DiskFree != nil {
				n := w.deps.DiskFree()
				w.deps.Post(func() { w.facts.DiskFree = n; w.parts.status.Refresh() })
			}
		}
		free()
		t := time.NewTicker(30 * time.Second)
		defer t.Stop()
		for {
			select {
			case <-w.ctx.Done():
				return
			case <-t.C:
				free()
				w.deps.Post(func() {
					w.parts.events.Refresh()
					w.SyncChanged()
				})
			}
		}
	})
}

// job is a question under way; a newer one of the same kind makes it void.
type job struct{ cancel context.CancelFunc }

// ask runs fetch in a goroutine of the window and brings its answer to show on the UI thread, unless a newer question in
// the same job or the window's end came first.
func ask[T any](w *Window, j *job, fetch func(context.Context) (T, error), show func(T, error)) {
	if j.cancel != nil {
		j.cancel()
	}
	ctx, cancel := context.WithCancel(w.ctx)
	j.cancel = cancel
	w.wg.Go(func() {
		if ctx.Err() != nil {
			return
		}
		v, err := fetch(ctx)
		w.deps.Post(func() {
			if ctx.Err() == nil {
				show(v, err)
			}
			cancel()
		})
	})
}

// scale is how many pixels a device-independent unit has.
func (w *Window) scale() float32 {
	if w.win == nil {
		return 1
	}
	if s := w.win.Canvas().Scale(); s > 0 {
		return s
	}
	return 1
}

func (w *Window) now() time.Time { return w.deps.Now() }

func (w *Window) windowTitle() string {
	return w.lang.T("app.name") + w.lang.T("dot") + w.lang.Of(w.deps.Title)
}

func (w *Window) setLang(name string) error {
	if name != "en" {
		name = "zh"
	}
	b, err := assets.Texts(name)
	if err != nil {
		return err
	}
	l, err := state.NewLang(name, b, w.deps.Zone)
	if err != nil {
		return err
	}
	w.lang = l
	return nil
}

// SetLang switches the language of the screen.
func (w *Window) SetLang(name string) {
	if err := w.setLang(name); err != nil {
		fyne.LogError("switch language", err)
		return
	}
	w.deps.Remember("lang", w.lang.Name)
	w.win.SetTitle(w.windowTitle())
	w.loadThematic()
	w.refreshAll()
}

func (w *Window) setTheme(dark bool) {
	w.th = NewTheme(dark)
	w.pal = w.th.pal
	w.app.Settings().SetTheme(w.th)
}

// SetDark switches between the light and the dark theme.
func (w *Window) SetDark(dark bool) {
	w.setTheme(dark)
	w.parts.entryHolder.Theme = bareTheme{w.th}
	w.parts.entryHolder.Refresh()
	w.parts.kitEntry.Theme = bareTheme{w.th}
	w.parts.kitEntry.Refresh()
	w.deps.Map.SetDark(dark)
	value := "false"
	if dark {
		value = "true"
	}
	w.deps.Remember("dark", value)
	w.loadThematic()
	w.refreshAll()
}

func (w *Window) refreshAll() {
	p := &w.parts
	p.entry.SetPlaceHolder(w.lang.T("search.hint"))
	for _, s := range w.sheets() {
		s.Refresh()
	}
	w.desk.relayout()
}

func (w *Window) sheets() []*sheet {
	p := &w.parts
	return []*sheet{p.top, p.rail, p.regions, &p.layers.sheet, p.unplaced, p.eventHead, p.events, p.detail, p.detailFoot, p.status,
		p.legend, p.figures, p.tools, &p.kit.sheet, p.scale, p.credit, p.strip, p.tipBox, p.hitList}
}

func (w *Window) focus(f fyne.Focusable) { w.win.Canvas().Focus(f) }

type measureKey struct {
	text string
	size float32
	bold bool
}

// measure is the size of a text. Rows ask for the same texts again and again, so answers are kept, up to a bound.
func (w *Window) measure(s string, size float32, bold bool) fyne.Size {
	k := measureKey{s, size, bold}
	if v, ok := w.sizes[k]; ok {
		return v
	}
	if len(w.sizes) > 8192 {
		clear(w.sizes)
	}
	v := fyne.MeasureText(s, size, fyne.TextStyle{Bold: bold})
	w.sizes[k] = v
	return v
}
