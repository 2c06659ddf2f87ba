package state

import (
	"encoding/json"
	"math"
)

// Panels is how the user arranged the panels of the desk on one kind of screen. A zero size is the design's own.
type Panels struct {
	Left  float32 `json:"left,omitempty"`  // width of the trees
	Right float32 `json:"right,omitempty"` // width of the dossier
	List  float32 `json:"list,omitempty"`  // height of the event list
	Trees float32 `json:"trees,omitempty"` // share of the regions in the height of the trees, 0…1
}

// The map never gets smaller than this.
const (
	LeastMapWidth  = 480
	LeastMapHeight = 360
)

// Bounds of the panels' sizes.
const (
	leastLeft, mostLeft   = 180, 480
	leastRight, mostRight = 280, 640
	leastList             = 92
)

// ParsePanels reads what String wrote; anything else is the design's own arrangement.
func ParsePanels(s string) Panels {
	var p Panels
	if json.Unmarshal([]byte(s), &p) != nil {
		return Panels{}
	}
	for _, v := range []*float32{&p.Left, &p.Right, &p.List, &p.Trees} {
		if !(*v >= 0 && *v < 10_000) {
			*v = 0
		}
	}
	p.Trees = min(p.Trees, 0.9)
	return p
}

// String is the arrangement for the preferences.
func (p Panels) String() string {
	b, err := json.Marshal(p)
	if err != nil {
		return ""
	}
	return string(b)
}

// Fit returns the sizes for a window: own ones where the user chose, else the given defaults, and never so large that the
// map gets too small. room is what map and side panels share; over says that the side panels lie over the map.
func (p Panels) Fit(left, right, list, roomW, roomH float32, over bool) (l, r, h float32) {
	pick := func(own, std, least, most float32) float32 {
		if own == 0 {
			own = std
		}
		return float32(math.Round(float64(max(least, min(own, most)))))
	}
	l = pick(p.Left, left, leastLeft, mostLeft)
	r = pick(p.Right, right, leastRight, mostRight)
	if !over {
		r = max(leastRight, min(r, roomW-l-LeastMapWidth))
		l = max(leastLeft, min(l, roomW-r-LeastMapWidth))
	}
	h = pick(p.List, list, leastList, max(leastList, roomH-LeastMapHeight))
	return l, r, h
}
