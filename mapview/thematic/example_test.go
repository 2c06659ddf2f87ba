package thematic_test

import (
	"fmt"
	"time"

	"github.com/paulmach/orb"

	"kuaitu/mapview"
	"kuaitu/mapview/thematic"
)

// Residents of four grids, one of whom has too few to be shown.
func ExampleNewChoropleth() {
	var b mapview.Builder
	var rows []thematic.Row
	for i, people := range []float64{3, 240, 610, 1750} {
		id := mapview.ID{15: byte(i)}
		x := 114 + 0.01*float64(i)
		if err := b.Add(id, 0, "", orb.Bound{Min: orb.Point{x, 22.5}, Max: orb.Point{x + 0.01, 22.51}}); err != nil {
			fmt.Println(err)
		}
		rows = append(rows, thematic.Row{Region: id, Count: people})
	}
	residents := thematic.Indicator{
		Name: thematic.Text{ZH: "人口", EN: "Residents"}, Unit: thematic.Text{ZH: "人", EN: "people"},
		AsOf: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), MinCount: 5,
	}
	c, err := thematic.NewChoropleth(b.Build(1), rows, residents, thematic.Options{Method: thematic.Jenks, Classes: 3}, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	l := c.Legend("zh", thematic.Look{}, nil)
	fmt.Println(l.Title, l.Unit, l.AsOf, l.Note)
	for _, e := range l.Entries {
		fmt.Println(e.Text, e.Count)
	}
	// Output:
	// 人口 人 截至 2026-03-01 00:00 自然断点·3 级
	// ≥ 1,000 1
	// 400–999 1
	// ≤ 399 1
	// 少于 5，不显示 1
}
