package mapwidget

import (
	"fmt"
	"image/color"
	"log/slog"
	"math"
	"os"
	"runtime"
	"runtime/metrics"
	"slices"
	"strconv"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"kuaitu/mapview"
)

// FrameStats are figures of the frames in which the map moved or changed, since the frame figures were switched on: the last 2,000.
type FrameStats struct {
	Frames               int
	IntervalMS           Percentiles // from frame to frame
	MainMS               Percentiles // processor time of Fyne's thread for a frame; zero where the system does not tell
	PlaceMS              Percentiles // of which the map chose and placed its tiles, wall time
	Uploads, UploadsTick int         // tiles uploaded, and the most in one frame
	Pending              int         // tiles of the view that are not there yet
	Showing, StandIns    int         // pictures on the screen, and those of them that stand in
	HeapBytes, RSSBytes  uint64      // of Go's heap; resident, 0 where the system does not tell
	Shaders              bool
}

// Percentiles are the 50th, 95th and 99th.
type Percentiles struct{ P50, P95, P99 float64 }

func percentiles(v []float64) Percentiles {
	if len(v) == 0 {
		return Percentiles{}
	}
	v = slices.Clone(v)
	slices.Sort(v)
	at := func(p int) float64 { return v[(len(v)-1)*p/100] }
	return Percentiles{at(50), at(95), at(99)}
}

func (p Percentiles) String() string { return fmt.Sprintf("%.2f / %.2f / %.2f", p.P50, p.P95, p.P99) }

// hud shows frame figures over the map. It costs a wake-up a frame and two new texts a second while it is on, nothing while it is off.
type hud struct {
	m     *Map
	anim  *fyne.Animation
	paper *canvas.Rectangle
	lines [hudLines]*canvas.Text

	at          time.Time     // of the last frame
	cpu         time.Duration // of Fyne's thread then
	placed      uint64        // frames the map had placed then
	moved       bool          // it placed one in the frame before
	written     time.Time
	interval    ring
	main        ring
	place       ring
	uploads     int // since the last frame
	uploadsAll  int
	uploadsMost int
}

const (
	hudLines  = 6
	hudWidth  = 330
	hudLine   = 17
	hudPause  = 500 * time.Millisecond
	hudFrames = 2000
)

// ring keeps the last figures of a row.
type ring struct {
	v []float64
	n int
}

func (r *ring) add(v float64) {
	if len(r.v) < hudFrames {
		r.v = append(r.v, v)
	} else {
		r.v[r.n%hudFrames] = v
	}
	r.n++
}

// SetHUD shows or hides figures of the frames over the map. When they are switched off they are written to the log.
func (m *Map) SetHUD(on bool) {
	if m.view == nil || on == m.HUD() {
		return
	}
	if h := m.view.hud; h != nil {
		f := m.Frames()
		slog.Info("map frames", "frames", f.Frames, "interval_ms", f.IntervalMS.String(), "main_ms", f.MainMS.String(), "place_ms", f.PlaceMS.String(),
			"uploads", f.Uploads, "uploads_tick", f.UploadsTick, "heap_mb", f.HeapBytes>>20, "rss_mb", f.RSSBytes>>20, "shaders", f.Shaders)
		h.stop()
		m.view.hud = nil
	} else {
		m.view.hud = newHUD(m)
		m.view.hud.colour(m.style)
		m.view.hud.start()
	}
	m.view.arrange()
	m.view.repaint()
}

// HUD answers whether the frame figures are shown.
func (m *Map) HUD() bool { return m.view != nil && m.view.hud != nil }

// Frames are the figures themselves; zero while they are switched off.
func (m *Map) Frames() FrameStats {
	if !m.HUD() {
		return FrameStats{}
	}
	h, last := m.view.hud, m.view.last
	return FrameStats{
		Frames: h.interval.n, IntervalMS: percentiles(h.interval.v), MainMS: percentiles(h.main.v), PlaceMS: percentiles(h.place.v),
		Uploads: h.uploadsAll, UploadsTick: h.uploadsMost, Pending: m.pyramid.Pending(), Showing: last.showing, StandIns: last.standIns,
		HeapBytes: heapBytes(), RSSBytes: residentBytes(), Shaders: m.view.shaders,
	}
}

func newHUD(m *Map) *hud {
	h := &hud{m: m, paper: canvas.NewRectangle(color.Transparent)}
	h.paper.CornerRadius = 3
	h.paper.Resize(fyne.NewSize(hudWidth, hudLines*hudLine+10))
	for i := range h.lines {
		t := canvas.NewText("", color.Black)
		t.TextSize = 12
		t.TextStyle.Monospace = true
		h.lines[i] = t
	}
	return h
}

func (h *hud) objects() []fyne.CanvasObject {
	out := []fyne.CanvasObject{h.paper}
	for _, l := range h.lines {
		out = append(out, l)
	}
	return out
}

func (h *hud) colour(st *mapview.Style) {
	paper := st.Paper()
	paper.A = 0xd8
	h.paper.FillColor = paper
	for _, l := range h.lines {
		l.Color = st.Text()
	}
}

// start counts frames from now on: Fyne ticks animations once a frame, just before it paints.
func (h *hud) start() {
	h.at, h.cpu, h.placed = time.Now(), threadTime(), h.m.view.placed
	h.anim = fyne.NewAnimation(time.Hour, func(float32) { h.frame() })
	h.anim.Curve = fyne.AnimationLinear
	h.anim.RepeatCount = fyne.AnimationRepeatForever
	h.write()
	h.anim.Start()
}

func (h *hud) stop() { h.anim.Stop() }

// frame notes the frame that has just ended. Those in which the map neither moved nor changed are not counted.
func (h *hud) frame() {
	now, cpu, placed := time.Now(), threadTime(), h.m.view.placed
	moved := placed != h.placed
	if moved && h.moved {
		h.interval.add(now.Sub(h.at).Seconds() * 1000)
		if cpu > 0 {
			h.main.add((cpu - h.cpu).Seconds() * 1000)
		}
	}
	h.uploadsAll += h.uploads
	h.uploadsMost = max(h.uploadsMost, h.uploads)
	h.uploads = 0
	h.at, h.cpu, h.placed, h.moved = now, cpu, placed, moved
	if now.Sub(h.written) >= hudPause {
		h.write()
	}
}

// write brings the figures to the screen.
func (h *hud) write() {
	h.written = time.Now()
	left := float32(math.Round(float64(max(8, (h.m.Size().Width-hudWidth)/2)))) // in the middle: legends and tools are in the corners
	h.paper.Move(fyne.NewPos(left, 8))
	f := h.m.Frames()
	kind := "image"
	if f.Shaders {
		kind = "shader"
	}
	for i, text := range [hudLines]string{
		fmt.Sprintf("frame    %s ms  n=%d", f.IntervalMS, f.Frames),
		fmt.Sprintf("main cpu %s ms", f.MainMS),
		fmt.Sprintf("place    %s ms", f.PlaceMS),
		fmt.Sprintf("tiles    %d + %d stand in, %d pending", f.Showing-f.StandIns, f.StandIns, f.Pending),
		fmt.Sprintf("uploads  %d, most %d a frame, by %s", f.Uploads, f.UploadsTick, kind),
		fmt.Sprintf("memory   heap %d MB, resident %d MB", f.HeapBytes>>20, f.RSSBytes>>20),
	} {
		l := h.lines[i]
		l.Move(fyne.NewPos(left+6, float32(13+i*hudLine)))
		if l.Text != text {
			l.Text = text
			l.Refresh()
		}
	}
}

// heapBytes is the live heap of the program.
func heapBytes() uint64 {
	s := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(s)
	if s[0].Value.Kind() != metrics.KindUint64 {
		return 0
	}
	return s[0].Value.Uint64()
}

// residentBytes is what the program holds of the machine's memory, 0 where there is no proc file system.
func residentBytes() uint64 {
	if runtime.GOOS != "linux" {
		return 0
	}
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(b))
	if len(fields) < 2 {
		return 0
	}
	pages, err := strconv.ParseUint(fields[1], 10, 64)
	if err != nil {
		return 0
	}
	return pages * uint64(os.Getpagesize())
}
