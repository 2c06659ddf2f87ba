package state

import "encoding/json"

// LayerPrefs is what a user changed of the layers, as it is kept between starts.
type LayerPrefs struct {
	Order  []string             `json:"order,omitempty"` // groups and layers, topmost first
	Shut   []string             `json:"shut,omitempty"`  // groups that are closed, layers whose legend is open
	Layers map[string]LayerPref `json:"layers,omitempty"`
}

// LayerPref is what was changed of one layer.
type LayerPref struct {
	On      bool    `json:"on"`
	Opacity float64 `json:"opacity,omitempty"`
	Min     float64 `json:"min,omitempty"`
	Max     float64 `json:"max,omitempty"`
}

// maxLayerPrefs bounds what is read back: preferences are a file that anyone may write to.
const maxLayerPrefs = 1000

// Restore takes over what Prefs wrote; anything else is passed over. Call it before Set.
func (t *LayerTree) Restore(s string) {
	var p LayerPrefs
	if json.Unmarshal([]byte(s), &p) != nil || len(p.Order) > maxLayerPrefs || len(p.Layers) > maxLayerPrefs || len(p.Shut) > maxLayerPrefs {
		return
	}
	for id, y := range p.Layers {
		if !(y.Opacity >= LeastOpacity && y.Opacity <= 1) || !(y.Min >= 0 && y.Min <= MostZoom) || !(y.Max >= 0 && y.Max <= MostZoom+2) {
			delete(p.Layers, id)
		}
	}
	t.kept, t.shut = p, map[string]bool{}
	for _, id := range p.Shut {
		t.shut[id] = true
	}
}

// Prefs is what to keep of the user's changes.
func (t *LayerTree) Prefs() string {
	b, err := json.Marshal(t.kept)
	if err != nil {
		return ""
	}
	return string(b)
}

// Reset forgets order and looks, but not what is switched on: layers must be Set again.
func (t *LayerTree) Reset() {
	t.kept.Order = nil
	for id, y := range t.kept.Layers {
		t.kept.Layers[id] = LayerPref{On: y.On, Opacity: 1}
	}
	for i := range t.layers {
		t.layers[i].Opacity, t.layers[i].MinZoom, t.layers[i].MaxZoom = 1, 0, 0
	}
}

func (p *LayerPrefs) keep(y Layer) {
	if p.Layers == nil {
		p.Layers = map[string]LayerPref{}
	}
	p.Layers[y.ID] = LayerPref{On: y.Visible, Opacity: y.Opacity, Min: y.MinZoom, Max: y.MaxZoom}
}

func (p *LayerPrefs) apply(y *Layer) {
	if k, ok := p.Layers[y.ID]; ok && !y.IsGroup {
		y.Visible, y.Opacity, y.MinZoom, y.MaxZoom = k.On, k.Opacity, k.Min, k.Max
	}
}
