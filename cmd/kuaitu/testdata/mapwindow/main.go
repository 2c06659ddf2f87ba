// Mapwindow is a window with nothing but the map in it, for the tests of what mouse and keys do to it. It says on its output what the map
// tells its owner, a line each. Keys choose the tool: E explore, L length, A area, B box, R radius.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"math"

	"kuaitu/mapview"
	"kuaitu/mapview/mapwidget"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/app"
	"fyne.io/fyne/v2/driver/desktop"
	"github.com/paulmach/orb"
)

// The buildings: 21 by 21 at multiples of 0.001° about the middle.
var middle = orb.Point{113.01, 23.01}

func main() {
	size := flag.String("size", "800x600", "of the window")
	flag.Parse()
	var width, height float32
	if _, err := fmt.Sscanf(*size, "%fx%f", &width, &height); err != nil {
		log.Fatal(err)
	}
	var b mapview.Builder
	for i := range 441 {
		at := orb.Point{middle[0] + float64(i%21-10)*0.001, middle[1] + float64(i/21-10)*0.001}
		if err := b.Add(mapview.ID{byte(i), byte(i >> 8)}, uint8(mapview.UseCommercial), "", orb.Bound{Min: at, Max: at}.Pad(0.0002)); err != nil {
			log.Fatal(err)
		}
	}
	a := app.NewWithID("cn.kuaitu.mapwindow")
	m := mapwidget.New(mapview.PyramidOptions{})
	m.OnCamera = func(c mapview.Camera) { fmt.Printf("camera %.6f %.6f %.4f\n", c.Center[0], c.Center[1], c.Zoom) }
	m.OnMove = func(p orb.Point) {
		at := m.ToPosition(p)
		fmt.Printf("pointer %.0f %.0f\n", math.Round(float64(at.X)), math.Round(float64(at.Y)))
	}
	m.OnMeasure = func(r mapwidget.Measure) {
		fmt.Printf("measure %d %.2f %.1f %t\n", len(r.Points), r.LengthM, r.AreaM2, r.Done)
	}
	m.OnSelect = func(refs []mapview.Ref, how mapwidget.SelectMode) {
		m.SetSelection(how.Apply(m.Scene().Selected, refs)...)
		fmt.Printf("select %d %d\n", len(refs), len(m.Scene().Selected))
	}
	m.OnTool = func(t mapwidget.Tool) { fmt.Printf("tool %d\n", t) }
	m.OnKey = func(ev *fyne.KeyEvent) {
		tool, ok := map[fyne.KeyName]mapwidget.Tool{
			fyne.KeyE: mapwidget.ToolExplore, fyne.KeyL: mapwidget.ToolMeasureLine, fyne.KeyA: mapwidget.ToolMeasureArea,
			fyne.KeyB: mapwidget.ToolSelectBox, fyne.KeyR: mapwidget.ToolSelectRadius,
		}[ev.Name]
		if ok {
			m.SetTool(tool)
			fmt.Printf("tool %d\n", tool)
		}
	}
	m.SetScene(mapview.Scene{Layers: []mapview.Layer{{Name: "building", Kind: mapview.KindBuilding, Data: b.Build(1)}}}, mapview.LightStyle())
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- m.Run(ctx) }()
	w := a.NewWindow("map")
	w.SetPadded(false)
	w.SetContent(m)
	w.Resize(fyne.NewSize(width, height))
	for key, do := range map[fyne.KeyName]func(){fyne.KeyLeft: func() { m.Back() }, fyne.KeyRight: func() { m.Forward() }} {
		w.Canvas().AddShortcut(&desktop.CustomShortcut{KeyName: key, Modifier: fyne.KeyModifierAlt}, func(fyne.Shortcut) { do() })
	}
	w.Canvas().Focus(m)
	m.SetCamera(middle, 16)
	w.ShowAndRun()
	cancel()
	<-ended
}
