package ingest

import (
	"slices"
	"strings"
	"unicode"

	"kuaitu/block"
	"kuaitu/block/schema"
	"kuaitu/geo/geofile"
)

// Files of addresses often have no full address but its parts. The full one is then put together from them, from the widest
// part to the narrowest.

// wider are the names of columns that say in which part of the city an address lies, widest first.
var wider = [][]string{
	{"city", "市", "城市", "addr:city"}, {"district", "区", "区县", "行政区", "addr:district"}, {"subdistrict", "街道", "街道名称", "镇街", "街镇", "addr:subdistrict"},
	{"community", "社区", "社区名称", "居委会", "村居", "neighborhood", "neighbourhood"},
}

// parts are the fields of an address that its text is made of, in their order.
var parts = []string{"road", "number", "estate", "building_no", "unit", "room_no"}

// composer makes the text of addresses; nil where the file has it.
type composer struct {
	plan  *schema.Plan
	wider []int // columns of wider
	from  []string
}

// newComposer returns nil when the kind is no address, the text has a column, or there is neither road, number nor estate.
func newComposer(p *schema.Plan, columns []string, mapping Mapping) *composer {
	if p.Kind.Name != "address" {
		return nil
	}
	c := &composer{plan: p}
	fed := map[string]string{}
	for column, field := range mapping {
		fed[field] = column
	}
	if fed["text"] != "" || fed["road"] == "" && fed["estate"] == "" {
		return nil
	}
	for _, names := range wider {
		i := slices.IndexFunc(columns, func(c string) bool {
			return mapping[c] == "" && slices.ContainsFunc(names, func(n string) bool { return fold(n) == fold(c) })
		})
		if i >= 0 {
			c.wider = append(c.wider, i)
			c.from = append(c.from, columns[i])
		}
	}
	for _, field := range parts {
		if fed[field] != "" {
			c.from = append(c.from, fed[field])
		}
	}
	return c
}

// text is the full address of a record, Null when it names no road and no estate.
func (c *composer) text(f *geofile.Feature, rec block.Record) block.Value {
	road, estate := c.plan.Get(rec, "road").Text(), c.plan.Get(rec, "estate").Text()
	if road == "" && estate == "" {
		return block.Value{}
	}
	text := ""
	for _, i := range c.wider {
		if part := strings.TrimSpace(f.Value(i).Text); !strings.HasSuffix(text, part) {
			text = joined(text, part)
		}
	}
	text = joined(text, road)
	text = joined(text, counted(road, c.plan.Get(rec, "number").Text(), "号"))
	text = joined(text, estate)
	text = joined(text, counted(estate+road, c.plan.Get(rec, "building_no").Text(), "栋"))
	text = joined(text, counted(estate+road, c.plan.Get(rec, "unit").Text(), "单元"))
	return block.TextValue(joined(text, c.plan.Get(rec, "room_no").Text()))
}

// joined puts two parts together: without a blank where Chinese meets, with one elsewhere.
func joined(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	before, after := []rune(a), []rune(b)
	if unicode.Is(unicode.Han, before[len(before)-1]) || unicode.Is(unicode.Han, after[0]) && !unicode.IsLetter(before[len(before)-1]) {
		return a + b
	}
	return a + " " + b
}

// counted gives a bare number ("24", "26-28", "3A") its Chinese counter where what stands before it ends in Chinese.
func counted(before, number, counter string) string {
	last := []rune(before)
	bare := strings.IndexFunc(number, func(r rune) bool {
		return r != '-' && !(r < unicode.MaxASCII && (unicode.IsDigit(r) || unicode.IsLetter(r)))
	}) < 0
	if number == "" || !bare || len(last) == 0 || !unicode.Is(unicode.Han, last[len(last)-1]) {
		return number
	}
	return number + counter
}
