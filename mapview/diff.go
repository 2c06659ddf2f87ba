package mapview

import (
	"slices"

	"kuaitu/mapview/style"
)

// touched is a place of the world where a picture has to be drawn anew, and how far (design pixels) beyond it.
type touched struct {
	box      box
	spreadPx float64
}

// spreadOf is how far from a changed feature a picture may change: an outline's width, a label that finds or loses room, and of an event the
// cluster it joins.
func spreadOf(k Kind) float64 {
	if k == KindEvent {
		return cellPx + clusterPx + maxLabelPx
	}
	return maxLabelPx
}

// differences answers where the picture of scene b in style t differs from that of a in style s; all means anywhere.
func differences(a, b Scene, s, t *Style) (where []touched, all bool) {
	if s != t || !slices.Equal(a.Base, b.Base) || len(a.Layers) != len(b.Layers) {
		return nil, true
	}
	for i, l := range b.Layers {
		old := a.Layers[i]
		oldData := old.Data
		old.Data = l.Data
		if old != l {
			return nil, true
		}
		boxes, every := l.Data.changedSince(oldData)
		if every {
			return nil, true
		}
		if l.Kind == KindBase && l.Data != oldData && l.Data.land() != oldData.land() {
			return nil, true // the sea comes or goes
		}
		if l.Kind == KindStyled && l.Style.Type == style.Heatmap && len(boxes) > 0 {
			return nil, true // it reaches far
		}
		for _, bx := range boxes {
			where = append(where, touched{bx, spreadOf(l.Kind)})
		}
	}
	add := func(from, to Scene) {
		still := make(map[Ref]bool, len(to.Selected))
		for _, r := range to.Selected {
			still[r] = true
		}
		for _, r := range from.Selected {
			if still[r] {
				continue
			}
			for _, l := range from.Layers {
				if f, ok := l.find(r.Layer, r.ID); ok {
					where = append(where, touched{f.p.boxes[f.i], spreadOf(l.Kind)})
				}
			}
		}
	}
	add(a, b)
	add(b, a)
	return where, false
}
