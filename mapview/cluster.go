package mapview

import (
	"cmp"
	"math"
	"slices"
)

// Opened is what is behind a cluster of events.
type Opened struct {
	Members   []Hit  // overdue first, then near, normal, stopped; by label within
	Camera    Camera // shows all of them, and apart as far as they ever come
	SamePlace bool   // they lie on one another at every zoom: list them instead
}

// apartZoom is the design zoom from which no events are joined.
const apartZoom = 18

// OpenCluster answers what a cluster that [Scene.HitTest] found at this camera stands for; false when h is none, or is gone.
func (s Scene) OpenCluster(cam Camera, st *Style, h Hit) (Opened, bool) {
	if h.Kind != KindEvent || h.Count < 2 {
		return Opened{}, false
	}
	ratio := st.ratio()
	world, cell := cam.worldPx(), cellPx*ratio
	x, y := project(h.At) // a cluster's mark lies in its cell
	key := cellKey{int(math.Floor(x * world / cell)), int(math.Floor(y * world / cell))}
	k := world / worldSize
	q := box{packUnit((float64(key.x)*cell - 1) / world), packUnit((float64(key.y)*cell - 1) / world),
		packUnit((float64(key.x+1)*cell + 1) / world), packUnit((float64(key.y+1)*cell + 1) / world)}
	chosen := make(map[Ref]bool, len(s.Selected))
	for _, r := range s.Selected {
		chosen[r] = true
	}
	var o Opened
	around := noBox
	for _, l := range s.Layers {
		if l.Name != h.Layer || l.Data == nil {
			continue
		}
		for p := range l.Data.parts() {
			p.search(q, func(i int) bool {
				ax, ay := p.anchor(i)
				at := cellKey{int(math.Floor(float64(ax) * k / cell)), int(math.Floor(float64(ay) * k / cell))}
				f := Feature{p.packed, i}
				if at != key || chosen[Ref{l.Name, f.ID()}] {
					return true
				}
				around = around.with(ax, ay)
				o.Members = append(o.Members, Hit{Ref: Ref{l.Name, f.ID()}, Kind: l.Kind, Class: f.Class(), Label: f.Label(), At: f.Anchor(), Count: 1, Bound: f.Bound()})
				return true
			})
		}
	}
	if len(o.Members) == 0 {
		return Opened{}, false
	}
	slices.SortFunc(o.Members, func(a, b Hit) int {
		la, _ := eventParts(a.Class)
		lb, _ := eventParts(b.Class)
		return cmp.Or(cmp.Compare(urgency[la], urgency[lb]), cmp.Compare(a.Label, b.Label), slices.Compare(a.ID[:], b.ID[:]))
	})
	most := math.Max(cam.Zoom, apartZoom+1+math.Log2(ratio))
	far := float64(max(around.maxX-around.minX, around.maxY-around.minY)) / worldSize * 256 * math.Exp2(most)
	o.SamePlace = far < markerPx/2*ratio
	o.Camera = cam.Fit(around.bound(), 2*clusterPx*ratio)
	o.Camera.Zoom = math.Min(most, math.Max(cam.Zoom+1, o.Camera.Zoom))
	if around.minX == around.maxX && around.minY == around.maxY {
		o.Camera.Zoom = most
	}
	return o, true
}

// urgency orders lights in lists.
var urgency = [numLights]int{LightOverdue: 0, LightNear: 1, LightNormal: 2, LightStopped: 3}
