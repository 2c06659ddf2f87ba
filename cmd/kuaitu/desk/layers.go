package desk

import (
	"context"

	"kuaitu/block"
	"kuaitu/store/maplayer"
	"kuaitu/ui/state"
)

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
	asOf := d.asOf(ctx)
	group := func(id, zh, en string) state.Layer {
		return state.Layer{ID: id, IsGroup: true, Name: state.Text{ZH: zh, EN: en}, Count: -1}
	}
	line := func(id, zh, en string, s state.Swatch, l block.Level) state.Layer {
		return state.Layer{ID: id, Group: "regions", Name: state.Text{ZH: zh, EN: en}, Swatch: s, Visible: true, Count: level[l], AsOf: asOf}
	}
	layers := []state.Layer{
		group("events", "事件", "Events"),
		{ID: maplayer.Events, Group: "events", Name: state.Text{ZH: "在办事件", EN: "Open events"}, Swatch: state.SwatchRing, Visible: true, Count: open, AsOf: asOf, Legend: lightLegend},
		group("regions", "区域界线", "Region lines"),
		line(maplayer.Districts, "区界", "Districts", state.SwatchStreet, block.District),
		line(maplayer.Streets, "街道界", "Street offices", state.SwatchStreet, block.Street),
		line(maplayer.Quarters, "社区界", "Communities", state.SwatchCommunity, block.Community),
		line(maplayer.Grids, "网格界", "Grids", state.SwatchGrid, block.Grid),
		group("figures", "专题", "Thematic"),
		{ID: ThematicLayer, Group: "figures", Name: state.Text{ZH: "专题图", EN: "Map of figures"}, Count: -1, AsOf: asOf, Settings: true},
		group("buildings", "楼栋", "Buildings"),
		{ID: maplayer.Buildings, Group: "buildings", Name: state.Text{ZH: "楼栋·按用途", EN: "Buildings by use"}, Swatch: state.SwatchFill, Visible: true, Count: int(buildings), AsOf: asOf, Legend: useLegend},
	}
	if bases := d.bases(); len(bases) > 0 {
		base := group("base", "底图", "Base map")
		base.Fixed, base.OneOf = true, true
		layers = append(layers, base)
		for i, m := range bases {
			layers = append(layers, state.Layer{ID: m.ID, Group: "base", Fixed: true, Name: m.Name, Visible: i == 0, Count: -1})
		}
	}
	return layers, nil
}

// lightLegend explains the markers of events.
var lightLegend = []state.LegendEntry{
	{Name: state.Text{ZH: "超期", EN: "Overdue"}, Light: state.Late}, {Name: state.Text{ZH: "临近", EN: "Near limit"}, Light: state.Near},
	{Name: state.Text{ZH: "正常", EN: "In time"}, Light: state.InTime}, {Name: state.Text{ZH: "停钟", EN: "Stopped"}, Light: state.Stopped},
}

// useLegend explains the colours of buildings.
var useLegend = []state.LegendEntry{
	{Name: state.Text{ZH: "住宅小区", EN: "Housing estate"}, Swatch: state.SwatchFill, Colour: "use.estate"},
	{Name: state.Text{ZH: "自建房", EN: "Self-built"}, Swatch: state.SwatchFill, Colour: "use.selfbuilt"},
	{Name: state.Text{ZH: "商业", EN: "Commercial"}, Swatch: state.SwatchFill, Colour: "use.shop"},
	{Name: state.Text{ZH: "办公", EN: "Office"}, Swatch: state.SwatchFill, Colour: "use.office"},
	{Name: state.Text{ZH: "工业", EN: "Industrial"}, Swatch: state.SwatchFill, Colour: "use.industry"},
	{Name: state.Text{ZH: "公共服务", EN: "Public service"}, Swatch: state.SwatchFill, Colour: "use.public"},
	{Name: state.Text{ZH: "在建", EN: "Under construction"}, Swatch: state.SwatchHatch, Colour: "use.works"},
	{Name: state.Text{ZH: "未分类", EN: "Unclassified"}, Swatch: state.SwatchFill, Colour: "use.none"},
}
