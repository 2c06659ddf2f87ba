package address

import (
	"errors"
	"strings"
	"testing"

	"kuaitu/block"

	"pgregory.net/rapid"
)

func TestShenzhen25(t *testing.T) {
	const sample = "4403070030030400042000003"
	room, err := Shenzhen25.ParseRoom(sample)
	if err != nil {
		t.Fatal(err)
	}
	for n, want := range map[Names]string{
		NamesProvince: "44", NamesCity: "03", NamesDistrict: "07", NamesStreet: "003", NamesCommunity: "003",
		NamesGrid: "04", NamesBuilding: "00042", NamesRoom: "000003",
	} {
		if got := room.Part(n); got != want {
			t.Errorf("the %s is %s, want %s", n, got, want)
		}
	}
	for n, want := range map[Names]int{NamesCommunity: 12, NamesGrid: 14, NamesBuilding: 19, NamesRoom: 25} {
		if Shenzhen25.Width(n) != want {
			t.Errorf("a %s has %d digits, want %d", n, Shenzhen25.Width(n), want)
		}
		if c, ok := room.Prefix(n); !ok || c.String() != sample[:want] || c.Names() != n {
			t.Errorf("the prefix of the %s is %s", n, c)
		}
	}
	if c, err := Shenzhen25.Parse(" ４４０３ 0700 3003-04"); err != nil || c.Names() != NamesGrid {
		t.Errorf("a grid in groups of digits: %v, %v", c, err)
	}
	for text, want := range map[string]string{
		"": "is empty", "440307003003040": "ends inside the building", sample + "1": "more than 25", "44030700300304000420O0003": "at character 21",
		"4.40307E+24": "spreadsheet", "44号": "at character 3", strings.Repeat("1", 300): "too long",
	} {
		_, err := Shenzhen25.Parse(text)
		if !errors.Is(err, block.ErrInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want one that says %q", text, err, want)
		}
	}
	if _, err := Shenzhen25.ParseBuilding(sample); err == nil || !strings.Contains(err.Error(), "names a room, not a building") {
		t.Errorf("a room read as a building: %v", err)
	}
}

func TestSchemes(t *testing.T) {
	s, err := NewScheme("xa", []Part{
		{Names: NamesCommunity, Width: 12}, {Names: NamesBuilding, Width: 6, Charset: Alnum},
		{Names: NamesRoom, Width: 1, Charset: Letters, Values: map[string]string{"A": "房", "B": "集装箱"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if c, err := s.Parse("610113001002a00001b"); err != nil || c.Part(NamesBuilding) != "A00001" || c.Part(NamesRoom) != "B" {
		t.Errorf("got %v, %v", c, err)
	}
	if _, err := s.Parse("610113001002A00001C"); err == nil || !strings.Contains(err.Error(), "unknown room") {
		t.Errorf("a value outside the dictionary: %v", err)
	}
	for name, parts := range map[string][]Part{
		"none": nil, "no width": {{Names: NamesCity}}, "too wide": {{Names: NamesCity, Width: 65}}, "names nothing": {{Width: 2}},
		"order": {{Names: NamesGrid, Width: 2}, {Names: NamesStreet, Width: 2}}, "dictionary": {{Names: NamesCity, Width: 2, Values: map[string]string{"1": ""}}},
	} {
		if _, err := NewScheme("x", parts); !errors.Is(err, block.ErrInvalid) {
			t.Errorf("%s: error = %v", name, err)
		}
	}
}

func TestDivision(t *testing.T) {
	for text, want := range map[string][3]string{
		"440304400000": {"440304", "functional", ""}, "440303001001": {"440303", "street", "residents"}, "441521102": {"441521", "town", ""},
		"420116206231": {"420116", "township", "villagers"}, "440300": {"440300", "", ""},
	} {
		c, err := ParseDivision(text)
		if err != nil || len(c) != 12 || [3]string{c.County(), c.TownshipType(), c.VillageType()} != want {
			t.Errorf("%s: %s %s %s, %v", text, c.County(), c.TownshipType(), c.VillageType(), err)
		}
	}
	for _, bad := range []string{"", "44030", "44030300100A", "4.403E+11", "4403030010011"} {
		if _, err := ParseDivision(bad); !errors.Is(err, block.ErrInvalid) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if g, err := ParseGrid("grid14", "4403 0300 1001-04"); err != nil || g.String() != "grid14:44030300100104" {
		t.Errorf("grid %v, %v", g, err)
	}
}

func TestNormalise(t *testing.T) {
	for in, want := range map[string]string{
		"广东省深圳市深圳市福田区":    "广东省深圳市福田区",
		"滨河雅苑三号楼二单元一零二房":  "滨河雅苑3栋2单元102室",
		"滨河雅苑　３幢 ２梯１２０３室": "滨河雅苑3栋2单元1203室",
		"A座十二楼":             "A栋12层",
		"下沙村一百零三号":          "下沙村103号",
		"三联村二十号":            "三联村20号",
		"八卦岭":               "八卦岭",
		"沙嘴路12号附3号":         "沙嘴路12-3号",
		"沙嘴路12之3号":          "沙嘴路12-3号",
		"沙嘴路12—14号":         "沙嘴路12-14号",
		"新洲路100號（地铁站附近）":    "新洲路100号",
		"新洲路(100号)":         "新洲路100号",
		"1栋1O2室":            "1栋102室",
		"1栋一〇二":             "1栋102",
		"Times Square  3 栋": "TIMES SQUARE 3栋",
		"百合星城二期3栋":          "百合星城2期3栋",
		"二三十号":              "二三十号",
	} {
		got, repairs := Normalise(in)
		if got != want {
			t.Errorf("Normalise(%q) = %q, want %q (%v)", in, got, want, repairs)
		}
		if (got != in) != (len(repairs) > 0) || len(repairs) > 0 && repairs[0].Before != in {
			t.Errorf("Normalise(%q): repairs %v do not lead back", in, repairs)
		}
	}
}

func TestParse(t *testing.T) {
	for in, want := range map[string]Layers{
		"广东省深圳市福田区沙头街道下沙社区滨河路3001号滨河雅苑三号楼二单元一零二房": {"广东省", "深圳市", "福田区", "沙头街道", "下沙社区", "滨河路", "3001", "滨河雅苑", "3", "2", 0, "102"},
		"滨河雅苑03栋1203":           {Estate: "滨河雅苑", Building: "3", Room: "1203"},
		"下沙村12号5楼":              {Estate: "下沙村", Number: "12", Floor: 5},
		"坪山新区碧岭街道沙湖社区复兴路6号":     {District: "坪山新区", Street: "碧岭街道", Community: "沙湖社区", Road: "复兴路", Number: "6"},
		"车公庙工业区A座12层1203":       {Estate: "车公庙工业区", Building: "A", Floor: 12, Room: "1203"},
		"万象城负一层":                {Estate: "万象城", Floor: -1},
		"东莞市长安镇乌沙社区江贝村沿河路88-1号": {City: "东莞市", Street: "长安镇", Community: "乌沙社区", Road: "江贝村沿河路", Number: "88-1"},
	} {
		got := Parse(in)
		if got != want {
			t.Errorf("Parse(%s) = %+v, want %+v", in, got, want)
		}
	}
}

// Numbers are compared as numbers: leading zeros and the way of writing do not matter, one digit more does.
func TestParseComparesNumbersNotText(t *testing.T) {
	a, b, c := Parse("雅苑3栋0102室"), Parse("雅苑三号楼102房"), Parse("雅苑13栋102室")
	if a != b || a == c {
		t.Errorf("%+v, %+v, %+v", a, b, c)
	}
}

func TestNormaliseIsStable(t *testing.T) {
	alphabet := []rune("一二三十百零〇号楼栋幢座单元梯门层室房户市区深圳深圳市附之-—（）() AO0123路F")
	rapid.Check(t, func(t *rapid.T) {
		in := string(rapid.SliceOfN(rapid.SampledFrom(alphabet), 0, 24).Draw(t, "text"))
		once, _ := Normalise(in)
		twice, again := Normalise(once)
		if twice != once {
			t.Fatalf("%q → %q → %q by %v", in, once, twice, again)
		}
		Parse(in)
	})
}

func FuzzParse(f *testing.F) {
	f.Add("广东省深圳市福田区沙头街道下沙社区滨河路3001号滨河雅苑三号楼二单元一零二房")
	f.Add("\xff（")
	f.Fuzz(func(t *testing.T, s string) {
		Parse(s)
		Shenzhen25.Parse(s)
		ParseDivision(s)
	})
}

func BenchmarkNormalise(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		Normalise("广东省深圳市福田区沙头街道下沙社区滨河路3001号滨河雅苑三号楼二单元一零二房")
	}
}
