package mapview

import "kuaitu/mapview/style"

// Scene is what there is to see: base maps and layers from the lowest to the topmost, and what is selected.
// It is a value; its slices are not written after the scene was handed to a Pyramid, a widget or Render.
type Scene struct {
	Base     []TileSource
	Layers   []Layer
	Selected []Ref
}

// Layer is a snapshot and its role in a scene.
type Layer struct {
	Name    string // unique in the scene; what hits and selections call it
	Kind    Kind
	Level   Level // of KindRegion
	Data    *Snapshot
	Hidden  bool
	MinZoom float64 // shown from this zoom (of design pixels) on
	MaxZoom float64 // and below this one; 0: no end
	Opacity float64 // 0…1, 0 means 1: of KindStyled of each feature and name, of the other kinds of the layer as one picture without its names

	// Of KindStyled; see [StyledLayers]. The features come from Data or from the layer of Vector that Style.SourceLayer names, the pictures of a raster
	// layer from Raster.
	Style  *style.Layer
	Vector VectorSource
	Raster TileSource
}

// Ref names a feature of a scene.
type Ref struct {
	Layer string
	ID    ID
}

func (l Layer) visible(designZoom float64) bool {
	if l.Hidden || designZoom < l.MinZoom || l.MaxZoom != 0 && designZoom >= l.MaxZoom {
		return false
	}
	if l.Kind == KindStyled {
		z := styleZoom(designZoom)
		return l.Style != nil && z >= l.Style.MinZoom && z < l.Style.MaxZoom
	}
	return l.Data != nil
}
