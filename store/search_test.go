package store

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"kuaitu/block"
)

func TestNormalise(t *testing.T) {
	for in, want := range map[string]string{
		"三号楼": "3号楼", "十二": "12", "二十": "20", "二十三栋": "23栋", "一百零五号": "105号", "二〇二六年": "2026年", "百合花园": "百合花园",
		"Ａ座１２０３": "a座1203", "深南大道　1003号（北）": "深南大道 1003号 北", " -- ": "", "五百": "500", "一千零一": "1001", "三元里": "3元里", "十": "10",
	} {
		if got := normalise(in); got != want {
			t.Errorf("normalise(%s) = %q, want %q", in, got, want)
		}
	}
}

func searchStore(t testing.TB) *Store {
	s := newStore(t)
	load(t, s, "region", regions()...)
	txt := block.TextValue
	b := func(i int, name, address string) block.Record {
		r := record("building", block.NameID("building", fmt.Sprint("s", i)), rid("G1"), map[string]block.Value{
			"code": txt(fmt.Sprintf("4403040010%03d", i)), "name": txt(name), "address": txt(address)})
		r.Geometry = square(114.0+float64(i)*0.01, 22.5, 0.0002)
		return r
	}
	load(t, s, "building",
		b(1, "下沙村三号楼", "福强路1003号"), b(2, "滨河雅苑3栋", "深南大道2001号滨河雅苑3栋"), b(3, "滨河雅苑12栋", "深南大道2001号滨河雅苑12栋"),
		b(4, "重庆大厦", "益田路88号"), b(5, "长城花园", "新洲路7号"), b(6, "雅苑", "沙嘴路9号"), b(7, "新滨河雅苑3栋", "沙嘴路11号"))
	load(t, s, "room",
		record("room", block.NameID("room", "1"), rid("G1"), map[string]block.Value{"building": block.RefValue(block.NameID("building", "s2")), "unit": txt("2单元"), "number": txt("1203"), "floor": block.IntValue(12)}),
		record("room", block.NameID("room", "2"), rid("G1"), map[string]block.Value{"building": block.RefValue(block.NameID("building", "s2")), "unit": txt("1单元"), "number": txt("1203"), "floor": block.IntValue(12)}))
	load(t, s, "person", record("person", block.NameID("person", "1"), rid("G1"), map[string]block.Value{
		"name": txt("张三丰"), "document_number": txt("99000019900101123X"), "birth": block.DateValue(time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC))}))
	load(t, s, "address_alias", record("address_alias", block.NameID("address_alias", "1"), rid("G1"), map[string]block.Value{
		"text": txt("老长城"), "building": block.RefValue(block.NameID("building", "s5"))}))
	return s
}

func labels(t *testing.T, s *Store, q SearchQuery) []string {
	t.Helper()
	hits, err := s.Reader().Search(ctx, q)
	if err != nil {
		t.Fatalf("Search(%s): %v", q.Text, err)
	}
	var out []string
	for _, h := range hits {
		out = append(out, h.Label)
	}
	return out
}

func TestSearch(t *testing.T) {
	s := searchStore(t)
	for _, c := range []struct {
		text  string
		first string // "" must find nothing
	}{
		{"雅苑", "雅苑"},           // exact before prefix before fragment
		{"滨河", "滨河雅苑3栋"},       // prefix
		{"河雅", "滨河雅苑3栋"},       // any fragment
		{"3号楼", "下沙村三号楼"},      // numerals folded
		{"三号楼", "下沙村三号楼"},      //
		{"滨河雅苑十二栋", "滨河雅苑12栋"}, //
		{"１２栋", "滨河雅苑12栋"},     // full width
		{"2001号 12栋", "滨河雅苑12栋"},
		{"12栋 深南", "滨河雅苑12栋"},
		{"cqds", "重庆大厦"}, // heteronyms: initials and full
		{"zqds", "重庆大厦"},
		{"chongqing", "重庆大厦"},
		{"changcheng", "长城花园"},
		{"zhangcheng", "长城花园"},
		{"yayuan", "雅苑"},
		{"4403040010001", "下沙村三号楼"},
		{"440304001000", "下沙村三号楼"},
		{"123x", "张三丰"},
		{"三丰", "张三丰"},
		{"zsf", "张三丰"},
		{"老长城", "老长城"},
		{"庆", "重庆大厦"}, // single characters
		{"厦", "重庆大厦"},
		{"福强路1003号下沙村", "下沙村三号楼"},       // glued
		{"深南大道2001号滨海雅苑12栋", "滨河雅苑12栋"}, // a slip
		{"滨河雅苑3栋2单元1203房", "滨河雅苑3栋2单元1203"},
		{"滨河雅苑三栋 1203", "滨河雅苑3栋1单元1203"},
		{"一网格", "一网格"},
		{"不存在的地方", ""},
		{"", ""},
		{"%\"*", ""},
		{"\" OR 1", ""},
	} {
		got := labels(t, s, SearchQuery{Text: c.text})
		switch {
		case c.first == "" && len(got) > 0:
			t.Errorf("Search(%s) = %v, want nothing", c.text, got)
		case c.first != "" && (len(got) == 0 || got[0] != c.first):
			t.Errorf("Search(%s) = %v, want %s first", c.text, got, c.first)
		}
	}
	near := block.NameID("building", "s7")
	at, _, _ := wkbBounds(square(114.07, 22.5, 0.0002))
	p := at.Center()
	hits, err := s.Reader().Search(ctx, SearchQuery{Text: "河雅苑3栋", Near: &p})
	if err != nil || len(hits) == 0 || hits[0].ID != near || hits[0].Point == nil {
		t.Errorf("Search near = %v, %v", hits, err)
	}
	if got := labels(t, s, SearchQuery{Text: "长城", Kinds: []block.Kind{"address_alias"}}); !slices.Equal(got, []string{"老长城"}) {
		t.Errorf("Search of one kind = %v", got)
	}
}

func TestSearchFollowsEdits(t *testing.T) {
	s := searchStore(t)
	id := block.NameID("building", "s4")
	p := plan("building")
	set := func(name string) []block.Edit {
		return []block.Edit{{Verb: block.Update, Kind: "building", ID: id, Fields: []block.FieldSet{{Field: p.Index("name"), New: block.TextValue(name)}}}}
	}
	if _, err := s.Writer().Edit(ctx, set("星海中心"), "甲"); err != nil {
		t.Fatal(err)
	}
	if got := labels(t, s, SearchQuery{Text: "重庆"}); len(got) != 0 {
		t.Errorf("the old name still finds %v", got)
	}
	if got := labels(t, s, SearchQuery{Text: "xhzx"}); !slices.Equal(got, []string{"星海中心"}) {
		t.Errorf("the new name's initials find %v", got)
	}
	if _, err := s.Writer().Edit(ctx, []block.Edit{{Verb: block.Delete, Kind: "building", ID: id}}, "甲"); err != nil {
		t.Fatal(err)
	}
	if got := labels(t, s, SearchQuery{Text: "星海"}); len(got) != 0 {
		t.Errorf("a deleted building is found: %v", got)
	}
	mustTallies(t, s)
}
