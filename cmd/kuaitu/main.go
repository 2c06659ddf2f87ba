// Kuaitu is the console's window: the map with grids, buildings and events over a local store, search, details, reports,
// imports, and sync in the background.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"image/png"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"kuaitu/block"
	"kuaitu/cmd/internal/cli"
	"kuaitu/cmd/internal/console"
	"kuaitu/cmd/kuaitu/desk"
	"kuaitu/mapview"
	"kuaitu/mapview/mapwidget"
	"kuaitu/store"
	"kuaitu/store/maplayer"
	"kuaitu/ui"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/app"
	"fyne.io/fyne/v2/driver/software"
	"github.com/paulmach/orb"
	"golang.org/x/sync/errgroup"
)

var version = "dev"

// config is the command line.
type config struct {
	store, post, server, pack, lang string
	screenshot                      string
	after                           time.Duration
	dark                            bool
	size                            string
}

func main() {
	ensureUTF8()
	var c config
	fs := flag.NewFlagSet("kuaitu", flag.ContinueOnError)
	fs.StringVar(&c.store, "store", "", "the local store, a GeoPackage `file`; default: the last one")
	fs.StringVar(&c.post, "post", "desk", "desk (field and wall come later)")
	fs.StringVar(&c.server, "server", "", "`URL` of the city server; default: the one enrolled with")
	fs.StringVar(&c.pack, "pack", "", "`folder` of the city pack whose base map lies below; default: the one used last")
	fs.StringVar(&c.lang, "lang", "", "zh or en; default: as last time, else by the system")
	fs.BoolVar(&c.dark, "dark", false, "the dark theme")
	fs.StringVar(&c.screenshot, "screenshot", "", "save a picture of the window to this PNG `file` and end")
	fs.DurationVar(&c.after, "after", 5*time.Second, "with --screenshot: how long after the start")
	fs.StringVar(&c.size, "size", "", "`WxH` of the window; default: 1440x900, or the whole screen with --screenshot")
	about := fs.Bool("version", false, "print the version and end")
	if err := fs.Parse(os.Args[1:]); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			os.Exit(cli.ExitDone)
		}
		os.Exit(cli.ExitUsage)
	}
	if *about {
		fmt.Println("kuaitu", version)
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := c.check(fs.Args())
	if err == nil {
		err = run(ctx, c)
	}
	stop()
	if err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintf(os.Stderr, "kuaitu: %s\n", cli.Sentence(err))
	}
	os.Exit(cli.ExitCode(err))
}

// run opens the store, shows the window and returns when it is closed or ctx ends.
func run(ctx context.Context, c config) (err error) {
	if c.post != "desk" {
		return cli.Usagef("--post %s: only desk is there yet", c.post)
	}
	if err := checkDisplay(); err != nil {
		return err
	}
	fyneApp := ui.Still(app.NewWithID("cn.kuaitu.console"))
	fyneApp.SetIcon(ui.AppIcon())
	prefs := fyneApp.Preferences()
	if c.store == "" {
		c.store = prefs.String("store")
	}
	if c.store == "" {
		return cli.Usagef("--store FILE is needed the first time; make run makes one with a city in it")
	}
	st, err := openStore(ctx, c.store)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	prefs.SetString("store", c.store)
	if c.pack == "" {
		c.pack = prefs.String("pack:" + c.store)
	}
	prefs.SetString("pack:"+c.store, c.pack)
	if err := moveServer(ctx, st, c.server); err != nil {
		return err
	}
	base, closeBase, err := console.OpenBase(c.pack)
	if err != nil {
		slog.Warn("the base map cannot be shown", "err", err)
		base, closeBase = &console.Base{}, func() {}
	}
	defer closeBase()
	return show(ctx, c, fyneApp, st, base)
}

func openStore(ctx context.Context, path string) (*store.Store, error) {
	if err := console.CheckStore(path); err != nil {
		return nil, err
	}
	return store.Open(ctx, path, store.Options{})
}

// moveServer keeps another address of the server that the store is enrolled with.
func moveServer(ctx context.Context, st *store.Store, server string) error {
	e, ok, err := st.Writer().Enrolment(ctx)
	if err != nil || !ok || server == "" || e.Server == server {
		return err
	}
	e.Server = server
	return st.Writer().SetEnrolment(ctx, e)
}

// show builds the window and runs everything behind it; all goroutines have ended when it returns.
func show(ctx context.Context, c config, fyneApp fyne.App, st *store.Store, base *console.Base) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	g, ctx := errgroup.WithContext(ctx)

	zone, err := cityZone(ctx, st)
	if err != nil {
		return err
	}
	d := desk.New(st, time.Now, zone, userName())
	layers, err := maplayer.Open(ctx, st.Reader(), maplayer.Options{Icons: eventIcons(ctx, d), File: st.Path()})
	if err != nil {
		return err
	}
	defer layers.Wait()
	chartMap := mapwidget.New(mapview.PyramidOptions{})
	if c.screenshot != "" {
		chartMap.SetImages(true) // the picture is painted by software, which draws no shaders
	}
	prefs := fyneApp.Preferences()
	// The maps fall back to the areas that were taken from them, and areas are taken from the maps.
	var maps *bases
	areas, err := desk.NewOfflineAreas(offlineDir(st.Path()), func() []desk.OfflineBase { return maps.offlineBases() }, d.Boundary, time.Now)
	if err != nil {
		return err
	}
	defer areas.Close()
	maps = newBases(ctx, base, prefs.String("bases"), func(list string) { prefs.SetString("bases", list) }, func(b orb.Bound) {
		fyne.Do(func() { chartMap.Invalidate("", b) })
	}, areas.From)
	defer maps.Close()
	d.UseBases(maps.entries)
	chart := ui.NewChart(chartMap, desk.Kinds(), fyne.Do)
	d.UseSnapshots(layers.Layer)
	maps.useAreas(areas)
	chart.SetBases(maps.List())
	maps.show = func(list []ui.BaseMap) { fyne.Do(func() { chart.SetBases(list) }) }
	areas.Changed = func() { maps.useAreas(areas) }
	syncing := newSyncing(ctx, st)
	win, err := buildWindow(ctx, c, fyneApp, st, d, chart, syncing, maps, areas, zone)
	if err != nil {
		return err
	}
	chart.SetScene(layers.Scene())

	g.Go(func() error { return ignoreEnd(ctx, chartMap.Run(ctx)) })
	notices := make(chan store.Notice, 64)
	unsubscribe := st.Subscribe(func(n store.Notice) {
		d.Changed(n)
		select {
		case notices <- n:
		case <-ctx.Done():
		}
	})
	defer unsubscribe()
	g.Go(func() error {
		tick := time.NewTicker(time.Minute) // lights change with the clock
		defer tick.Stop()
		return ignoreEnd(ctx, layers.Run(ctx, notices, tick.C, func(err error) {
			if err != nil {
				slog.Warn("a map layer could not be read", "err", err)
				return
			}
			s := layers.Scene()
			fyne.Do(func() { chart.SetScene(s); win.DataChanged() })
		}))
	})
	if syncing.enrolled {
		g.Go(func() error {
			return ignoreEnd(ctx, syncing.run(ctx, func() { fyne.Do(win.SyncChanged) }))
		})
	}
	quit := func() { // the window's own work ends while there is a UI thread for it
		win.Close()
		fyneApp.Quit()
	}
	var shotErr error
	if c.screenshot != "" {
		g.Go(func() error {
			shotErr = takePicture(ctx, win, c.screenshot, c.after)
			fyne.Do(quit)
			return nil
		})
	}
	g.Go(func() error { // a signal, or a part that failed, ends the window
		<-ctx.Done()
		fyne.Do(quit)
		return nil
	})
	closed := make(chan struct{})
	win.Fyne().SetOnClosed(func() { win.Close(); close(closed) })
	win.Fyne().Show()
	returned := make(chan struct{})
	go leave(ctx, closed, returned, func() error { win.Close(); cancel(); return errors.Join(g.Wait(), shotErr) })
	fyneApp.Run()
	close(returned)
	win.Close()
	cancel()
	return errors.Join(g.Wait(), shotErr)
}

// leaveTime is how long Fyne may take to end its loop.
const leaveTime = 5 * time.Second

// leave ends the program where Fyne does not: Fyne 2.8.1 may wait for ever at its end, for a callback that it took on while it emptied its
// queue for the last time. Everything of ours has ended by then, and the store keeps what it was told at every moment.
func leave(ctx context.Context, closed, returned <-chan struct{}, end func() error) {
	select {
	case <-returned:
		return
	case <-closed:
	case <-ctx.Done():
	}
	select {
	case <-returned:
	case <-time.After(leaveTime):
		err := end()
		slog.Warn("the window's loop did not end by itself")
		os.Exit(cli.ExitCode(err))
	}
}

// cityZone is the time zone of the store's city; the machine's where the store names none that is known here.
func cityZone(ctx context.Context, st *store.Store) (*time.Location, error) {
	meta, err := st.Reader().Meta(ctx)
	if err != nil {
		return nil, err
	}
	zone, err := time.LoadLocation(meta.TZ)
	if err != nil {
		return time.Local, nil
	}
	return zone, nil
}

// ignoreEnd makes the end that was asked for no error.
func ignoreEnd(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return nil
	}
	return err
}

// eventIcons maps event types to the signs of the catalogue.
func eventIcons(ctx context.Context, d *desk.Desk) func(string) mapview.Icon {
	icons := map[string]mapview.Icon{
		"trash": mapview.IconTrash, "speakerphone": mapview.IconSpeaker, "crane": mapview.IconCrane, "shopping-cart": mapview.IconCart,
		"urgent": mapview.IconUrgent, "tool": mapview.IconTool, "flame": mapview.IconFlame,
	}
	byType := map[string]mapview.Icon{}
	types, err := d.EventTypes(ctx)
	if err != nil {
		slog.Warn("the event catalogue could not be read", "err", err)
	}
	for _, t := range types {
		byType[t.Code] = icons[t.Icon]
	}
	return func(code string) mapview.Icon { return byType[code] }
}

// buildWindow puts the window together and opens it on the user's region.
func buildWindow(ctx context.Context, c config, fyneApp fyne.App, st *store.Store, d *desk.Desk, chart *ui.Chart, syncing *syncing, maps *bases, areas *desk.OfflineAreas, zone *time.Location) (*ui.Window, error) {
	meta, err := st.Reader().Meta(ctx)
	if err != nil {
		return nil, err
	}
	home, title, bound, placed, err := d.Home(ctx)
	if err != nil {
		return nil, err
	}
	prefs := fyneApp.Preferences()
	lang := c.lang
	if lang == "" {
		lang = prefs.StringWithFallback("lang", systemLang())
	}
	kept := choices{prefs, st.Path()}
	win, err := ui.New(fyneApp, ui.Deps{
		Data: d, Sync: syncing, Files: files{st}, Map: chart, Post: fyne.Do, Now: time.Now, Zone: zone,
		Lang: lang, Dark: c.dark || prefs.String("dark") == "true", Remember: kept.remember, Recall: kept.recall,
		Home: home, Title: title, Datum: "CGCS2000", Bases: maps, Offline: areas, Attribution: meta.Attribution, Version: version, Licences: licences,
		DiskFree: func() int64 { return console.DiskFree(filepath.Dir(st.Path())) },
	})
	if err != nil {
		return nil, err
	}
	w, h := float32(1440), float32(900)
	if c.screenshot != "" {
		w, h = 1920, 1080
	}
	if c.size != "" {
		if _, err := fmt.Sscanf(c.size, "%fx%f", &w, &h); err != nil {
			return nil, cli.Usagef("--size %s: WxH", c.size)
		}
	}
	win.Fyne().Resize(fyne.NewSize(w, h))
	if placed {
		chart.Fit(bound)
	}
	return win, nil
}

// plainName takes "底图" off "底图(栅格)", since the status bar says it already.
func plainName(name, head string) string {
	if rest, ok := strings.CutPrefix(name, head); ok && rest != "" {
		return strings.Trim(rest, " ()（）")
	}
	return name
}

// takePicture waits, saves a picture of the window's content and returns.
func takePicture(ctx context.Context, win *ui.Window, path string, after time.Duration) error {
	timer := time.NewTimer(after)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
	}
	var err error
	fyne.DoAndWait(func() {
		// drawn anew by the software painter: reading the screen back gives black where no window manager shows it
		shown := win.Fyne().Canvas()
		paper := software.NewCanvas()
		paper.SetPadded(false)
		paper.SetScale(shown.Scale())
		paper.SetContent(win.Fyne().Content())
		paper.Resize(shown.Size())
		img := paper.Capture()
		var f *os.File
		if f, err = os.Create(path); err != nil {
			return
		}
		err = errors.Join(png.Encode(f, img), f.Close())
	})
	if err != nil {
		return fmt.Errorf("screenshot: %w", errors.Join(err, block.ErrUnavailable))
	}
	return nil
}
