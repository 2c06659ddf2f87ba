package mapview

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/paulmach/orb"
)

// ErrView is wrapped by the errors of views and bookmarks.
var ErrView = errors.New("not a view")

// View is where a map looks, whatever its size: what bookmarks and the history keep.
type View struct {
	Center orb.Point // degrees, storage datum
	Zoom   float64   // of a screen of scale 1, MinZoom…MaxZoom
}

// String writes "lon,lat,zoom": six decimals, about 0.1 m, and four of the zoom.
func (v View) String() string {
	f := func(x float64, digits int) string { return strconv.FormatFloat(x, 'f', digits, 64) }
	return f(v.Center[0], 6) + "," + f(v.Center[1], 6) + "," + f(v.Zoom, 4)
}

// ParseView reads what String wrote. The error wraps ErrView.
func ParseView(text string) (View, error) {
	parts := strings.Split(text, ",")
	var n [3]float64
	if len(parts) != len(n) {
		return View{}, fmt.Errorf("%w: want lon,lat,zoom", ErrView)
	}
	for i, p := range parts {
		v, err := strconv.ParseFloat(strings.TrimSpace(p), 64)
		if err != nil || math.IsNaN(v) {
			return View{}, fmt.Errorf("%w: number %d", ErrView, i+1)
		}
		n[i] = v
	}
	if math.Abs(n[0]) > 180 || math.Abs(n[1]) > 90 || n[2] < MinZoom || n[2] > MaxZoom {
		return View{}, fmt.Errorf("%w: out of range", ErrView)
	}
	return View{Center: orb.Point{n[0], n[1]}, Zoom: n[2]}, nil
}

// near answers whether nobody would tell the two apart: a hundredth of a screen of 1000 pixels, a fiftieth of a zoom.
func (v View) near(o View) bool {
	ax, ay := project(v.Center)
	bx, by := project(o.Center)
	return math.Abs(v.Zoom-o.Zoom) < 0.02 && math.Hypot(ax-bx, ay-by)*256*math.Exp2(v.Zoom) < 10
}

// History is the views a map has rested at, for "previous view" and "next view". The zero History is empty.
type History struct {
	past, future []View // the nearest last
	now          View
	at           time.Time // of the last Visit
	any          bool
}

const (
	historyLen   = 100
	historyPause = 700 * time.Millisecond // moves that follow one another sooner are one move: notches of a wheel, steps of a key
)

// Visit tells that the map has come to rest at v. What lay ahead is gone, as in any browser.
func (h *History) Visit(v View, at time.Time) {
	defer func() { h.at = at }()
	switch {
	case !h.any:
		h.now, h.any = v, true
		return
	case v.near(h.now):
		return
	case at.Sub(h.at) >= historyPause || len(h.past) == 0:
		h.past = append(h.past, h.now)
		if len(h.past) > historyLen {
			h.past = slices.Delete(h.past, 0, 1)
		}
	}
	h.now, h.future = v, nil
}

// Back goes to the view before, if there is one.
func (h *History) Back() (View, bool) { return h.turn(&h.past, &h.future) }

// Forward undoes Back.
func (h *History) Forward() (View, bool) { return h.turn(&h.future, &h.past) }

func (h *History) turn(from, to *[]View) (View, bool) {
	n := len(*from)
	if n == 0 {
		return View{}, false
	}
	*to = append(*to, h.now)
	h.now = (*from)[n-1]
	*from = (*from)[:n-1]
	h.at = time.Time{}
	return h.now, true
}

// CanBack answers whether there is a view before this one.
func (h *History) CanBack() bool { return len(h.past) > 0 }

// CanForward answers whether Back can be undone.
func (h *History) CanForward() bool { return len(h.future) > 0 }

// Bookmark is a view with a name.
type Bookmark struct {
	Name string
	View View
}

// Bookmarks is a user's list, in the order in which they were made. The zero list is empty. It is kept as text: see MarshalText.
type Bookmarks struct{ list []Bookmark }

// Bounds of a list of bookmarks.
const (
	maxBookmarks    = 1000
	maxBookmarkName = 80 // characters
)

// List is a copy of the list.
func (b *Bookmarks) List() []Bookmark { return slices.Clone(b.list) }

func (b *Bookmarks) index(name string) int {
	return slices.IndexFunc(b.list, func(m Bookmark) bool { return m.Name == name })
}

func bookmarkName(name string) (string, error) {
	name = strings.Join(strings.Fields(name), " ")
	if n := utf8.RuneCountInString(name); n == 0 || n > maxBookmarkName || !utf8.ValidString(name) {
		return "", fmt.Errorf("%w: a bookmark's name has 1 to %d characters", ErrView, maxBookmarkName)
	}
	return name, nil
}

// Add keeps a view under a name; one that has the name is replaced. The error wraps ErrView.
func (b *Bookmarks) Add(name string, v View) error {
	name, err := bookmarkName(name)
	if err != nil {
		return err
	}
	if i := b.index(name); i >= 0 {
		b.list[i].View = v
		return nil
	}
	if len(b.list) >= maxBookmarks {
		return fmt.Errorf("%w: there are %d bookmarks already", ErrView, maxBookmarks)
	}
	b.list = append(b.list, Bookmark{name, v})
	return nil
}

// Remove forgets a bookmark and answers whether there was one.
func (b *Bookmarks) Remove(name string) bool {
	i := b.index(name)
	if i >= 0 {
		b.list = slices.Delete(b.list, i, i+1)
	}
	return i >= 0
}

// Rename gives a bookmark another name that no other has. The error wraps ErrView.
func (b *Bookmarks) Rename(from, to string) error {
	to, err := bookmarkName(to)
	if err != nil {
		return err
	}
	i, j := b.index(from), b.index(to)
	if i < 0 || j >= 0 && j != i {
		return fmt.Errorf("%w: no such bookmark, or the name is taken", ErrView)
	}
	b.list[i].Name = to
	return nil
}

// MarshalText writes a line "lon,lat,zoom name" for each bookmark.
func (b *Bookmarks) MarshalText() ([]byte, error) {
	var out []byte
	for _, m := range b.list {
		out = append(out, m.View.String()+" "+m.Name+"\n"...)
	}
	return out, nil
}

// UnmarshalText reads what MarshalText wrote. Lines that make no sense are left out: preferences are edited by hand.
func (b *Bookmarks) UnmarshalText(text []byte) error {
	b.list = nil
	for line := range strings.Lines(string(text)) {
		view, name, _ := strings.Cut(strings.TrimSpace(line), " ")
		v, err := ParseView(view)
		if err == nil {
			err = b.Add(name, v)
		}
		if err != nil {
			continue // left out, as said above
		}
	}
	return nil
}
