package desk

import (
	"context"

	"kuaitu/block"
	"kuaitu/store/maplayer"
	"kuaitu/ui/state"
)

// BaseMap is the entry of the layer list that stands for everything below our own layers.
const BaseMap = "basemap"

// Kinds says of what kind the records of each scene layer are.
func Kinds() map[string]block.Kind {
	out := map[string]block.Kind{}
	for _, l := range []string{
		maplayer.Buildings, maplayer.Events, maplayer.Cities, maplayer.Districts, maplayer.Streets, maplayer.Quarters, maplayer.Grids,
	} {
		out[l], _ = maplayer.KindOf(l)
	}
	return out
}

// Layers implements ui.Data.
func (d *Desk) Layers(ctx context.Context) ([]state.Layer, error) {
	g, err := d.current(ctx)
	if err != nil {
		return nil, err
	}
	level := map[block.Level]int{}
	for _, r := range g.tree.All() {
		if _, drawn := g.bounds[r.ID]; drawn {
			level[r.Level]++
		}
	}
	open := 0
	for _, e := range g.events {
		if !e.closed {
			open++
		}
	}
	buildings, err := d.st.Reader().Len(ctx, "building")
	if err != nil {
		return nil, err
	}
	line := func(id, zh, en string, s state.Swatch, l block.Level) state.Layer {
		return state.Layer{ID: id, Group: "regions", Name: state.Text{ZH: zh, EN: en}, Swatch: s, Visible: true, Count: level[l]}
	}
	return []state.Layer{
		{ID: maplayer.Events, Name: state.Text{ZH: "在办事件", EN: "Open events"}, Swatch: state.SwatchRing, Visible: true, Count: open},
		{ID: "regions", IsGroup: true, Name: state.Text{ZH: "区域界线", EN: "Region lines"}, Visible: true, Count: -1},
		line(maplayer.Districts, "区界", "Districts", state.SwatchStreet, block.District),
		line(maplayer.Streets, "街道界", "Street offices", state.SwatchStreet, block.Street),
		line(maplayer.Quarters, "社区界", "Communities", state.SwatchCommunity, block.Community),
		line(maplayer.Grids, "网格界", "Grids", state.SwatchGrid, block.Grid),
		{ID: maplayer.Buildings, Name: state.Text{ZH: "楼栋·按用途", EN: "Buildings by use"}, Swatch: state.SwatchFill, Visible: true, Count: int(buildings)},
		{ID: BaseMap, Name: state.Text{ZH: "底图", EN: "Base map"}, Swatch: state.SwatchRoad, Visible: true, Count: -1},
	}, nil
}
