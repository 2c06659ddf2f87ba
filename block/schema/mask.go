package schema

import (
	"strings"
	"unicode/utf8"

	"kuaitu/block"
)

// compound surnames keep both characters when a name is masked.
var compoundSurnames = []string{"欧阳", "司马", "上官", "诸葛", "夏侯", "皇甫", "尉迟", "公孙", "慕容", "令狐", "司徒", "端木", "东方", "南宫", "西门"}

// MaskValue returns what a holder of the Masked class sees of a Sensitive value. Width is kept where it tells nothing.
func MaskValue(m Mask, v block.Value) block.Value {
	if v.IsNull() || m == MaskKeep {
		return v
	}
	if v.Type() == block.Date {
		if m == MaskDate {
			d := v.Date()
			return block.DateValue(d.AddDate(0, 1-int(d.Month()), 1-d.Day()))
		}
		return block.Value{}
	}
	if v.Type() != block.Text {
		return block.Value{}
	}
	s := v.Text()
	n := utf8.RuneCountInString(s)
	keep := func(front, back int) block.Value {
		if n <= front+back {
			return block.TextValue(strings.Repeat("*", n))
		}
		r := []rune(s)
		return block.TextValue(string(r[:front]) + strings.Repeat("*", n-front-back) + string(r[n-back:]))
	}
	switch m {
	case MaskName:
		for _, c := range compoundSurnames {
			if strings.HasPrefix(s, c) && n > 2 {
				return block.TextValue(c + "*")
			}
		}
		if n == 0 {
			return v
		}
		first, _ := utf8.DecodeRuneInString(s)
		return block.TextValue(string(first) + "*")
	case MaskIdentity:
		return keep(6, 4)
	case MaskPhone:
		return keep(3, 4)
	}
	return block.TextValue(strings.Repeat("*", n))
}

// MaskRecord returns a copy of r whose Sensitive fields hold their masked values and whose Parts say so.
func (p *Plan) MaskRecord(r block.Record) block.Record {
	out := r.Clone()
	for _, i := range p.byClass[block.Sensitive] {
		out.Values[i] = MaskValue(p.Kind.Fields[i].Mask, r.Values[i])
	}
	out.Parts = out.Parts.Without(block.Sensitive).With(block.Masked)
	return out
}
