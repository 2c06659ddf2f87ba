package state

import (
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/mozillazg/go-pinyin"
	"github.com/paulmach/orb"

	"kuaitu/block"
)

// MaxReportText is how many characters the description of a report may have.
const MaxReportText = 2000

// EventType is a row of the catalogue.
type EventType struct {
	Code  string
	Class Text // 大类: the heading it stands under
	Name  Text
	Icon  string
	Limit string        // the time limit in the catalogue's own words: "8 紧急工作时"
	Span  time.Duration // the same as a length of time when it is known
}

// Place is where a point lies, for the report form.
type Place struct {
	Region  block.ID
	Grid    string // short code
	Path    string // 沙头街道 下沙社区
	Address string // nearest known address, may be empty
}

// Report is a finished form: what Data.Report stores as one op.
type Report struct {
	Type    string // catalogue code
	At      orb.Point
	Region  block.ID
	Address string
	Text    string
}

// ReportForm is the form while it is being filled. UI thread only.
type ReportForm struct {
	Type    string
	At      orb.Point
	HasAt   bool
	Place   Place
	Address string
	Text    string
	types   []EventType
	keys    []string // of each type: lower case names, code, pinyin and its initials
	edited  bool     // the address was typed by hand
}

// NewReportForm starts a form over a catalogue. The catalogue's order is kept.
func NewReportForm(types []EventType) *ReportForm {
	f := &ReportForm{types: types, keys: make([]string, len(types))}
	for i, t := range types {
		f.keys[i] = strings.ToLower(strings.Join([]string{t.Code, t.Name.ZH, t.Name.EN, t.Class.ZH, t.Class.EN, sounds(t.Name.ZH)}, "\n"))
	}
	return f
}

// sounds returns the pinyin of the Han characters and their initials, each without blanks.
func sounds(s string) string {
	var full, initials strings.Builder
	for _, syllable := range pinyin.LazyPinyin(s, pinyin.NewArgs()) {
		full.WriteString(syllable)
		initials.WriteString(syllable[:1])
	}
	return full.String() + "\n" + initials.String()
}

// SetPoint puts the report on the map.
func (f *ReportForm) SetPoint(at orb.Point) { f.At, f.HasAt = at, true }

// SetPlace says where the point lies; the address is taken over unless the user typed one.
func (f *ReportForm) SetPlace(p Place) {
	f.Place = p
	if !f.edited {
		f.Address = p.Address
	}
}

// TypeAddress takes an address from the keyboard.
func (f *ReportForm) TypeAddress(s string) { f.Address, f.edited = s, true }

// Types returns the types that match all terms of the filter, by any part of name, class or code, pinyin or initials.
func (f *ReportForm) Types(filter string) []EventType {
	terms := strings.Fields(strings.ToLower(filter))
	var out []EventType
next:
	for i, t := range f.types {
		for _, term := range terms {
			if !strings.Contains(f.keys[i], term) {
				continue next
			}
		}
		out = append(out, t)
	}
	return out
}

// TypeRow is a row of the type list: a heading or a type.
type TypeRow struct {
	Head string
	Type EventType
}

// TypeRows puts headings between the classes.
func TypeRows(l *Lang, types []EventType) []TypeRow {
	var rows []TypeRow
	last := ""
	for _, t := range types {
		if class := l.Of(t.Class); class != last {
			last = class
			rows = append(rows, TypeRow{Head: class})
		}
		rows = append(rows, TypeRow{Type: t})
	}
	return rows
}

// Chosen returns the chosen type.
func (f *ReportForm) Chosen() (EventType, bool) {
	for _, t := range f.types {
		if t.Code == f.Type && f.Type != "" {
			return t, true
		}
	}
	return EventType{}, false
}

// Problem is a reason why the form cannot be sent: the field and the sentence.
type Problem struct{ Field, Text string }

// Check returns what is still wrong, in the order of the fields; none means that Report will do.
func (f *ReportForm) Check(l *Lang) []Problem {
	var ps []Problem
	add := func(field, key string, args ...any) { ps = append(ps, Problem{field, l.T(key, args...)}) }
	if _, ok := f.Chosen(); !ok {
		add("type", "report.need.type")
	}
	switch {
	case !f.HasAt:
		add("point", "report.need.point")
	case !validPoint(f.At):
		add("point", "report.bad.point")
	}
	switch n := utf8.RuneCountInString(strings.TrimSpace(f.Text)); {
	case n == 0:
		add("text", "report.need.text")
	case n > MaxReportText:
		add("text", "report.long.text", n, MaxReportText)
	}
	return ps
}

func validPoint(p orb.Point) bool {
	return math.Abs(p[0]) <= 180 && math.Abs(p[1]) <= 90 // false for NaN too
}

// Report returns the finished report. Only call it when Check finds nothing.
func (f *ReportForm) Report() Report {
	return Report{Type: f.Type, At: f.At, Region: f.Place.Region, Address: strings.TrimSpace(f.Address), Text: strings.TrimSpace(f.Text)}
}
