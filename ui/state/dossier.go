package state

import (
	"time"

	"github.com/paulmach/orb"

	"kuaitu/block"
)

// Dossier is what the right panel shows of one record, as values: a building, region, address, event, person or
// legal entity. Fields the device has no right to are masked before they come here.
type Dossier struct {
	Ref      Ref
	Title    Text
	Code     string // shown in groups of four; empty hides the line
	Place    string // street, community, road and number
	Aliases  []string
	Tags     []Text
	Figures  []Figure // at most six are shown, in two rows of three
	Sections []Section
	Past     []Moment // newest first
	PastAll  int      // how many there are altogether
	Sources  string   // departments the facts come from
	AsOf     time.Time
	Reason   string // why this user may see it
	Matrix   *Matrix
	At       orb.Point
	Bound    orb.Bound
	HasAt    bool
	Sync     SyncMark
	Made     bool     // made by the system (a cut grid), not by an authority
	Region   block.ID // of the region tree: where the record belongs, or the region itself
	Level    string   // of a region: "city", "district" …; names the kind of dossier
	Lights   Lights   // open events by their light; all zero hides the line
	Below    []Below  // of a region: what it is divided into
	BelowAll int      // how many there are altogether
}

// Lights counts events by their light.
type Lights [numLights]int

// Any reports whether there is an event at all.
func (n Lights) Any() bool { return n != Lights{} }

// Below is a line of a region's table of the regions below it.
type Below struct {
	Ref       Ref
	Name      Text
	Buildings int
	Open      int
	Worst     Light
}

// Figure is a key figure: the number is the headline, its label smaller. Light colours late (red) and near (amber) only.
type Figure struct {
	Label Text
	Value int
	Light Light
}

// Section is a block of facts under a heading.
type Section struct {
	Head  Text
	Note  Text // at the right of the heading
	Facts []Fact
}

// Fact is a labelled value. A masked one is shown with an eye and keeps its width when revealed.
type Fact struct {
	Label  Text
	Value  Text
	Masked bool
}

// Moment is an entry of the record's history.
type Moment struct {
	At     time.Time
	Text   Text
	By     string
	Urgent bool
}

// Matrix is the 楼盘表 in small: floors from the top, cells of each from the left, grouped by stairs (单元).
type Matrix struct {
	Floors []MatrixFloor
	Groups []int // cells per stairs, so that gaps can be drawn between them
	Note   Text
}

// MatrixFloor is one row.
type MatrixFloor struct {
	Name  string
	Cells []Cell
}

// Cell is the state of a room: the codes of the schema.
type Cell string

// 自住, 出租, 空置, 商用, 待核, 设施; CellNone is a gap.
const (
	CellNone       Cell = ""
	CellOwn        Cell = "own"
	CellLet        Cell = "let"
	CellEmpty      Cell = "empty"
	CellShop       Cell = "shop"
	CellUnverified Cell = "unverified"
	CellFacility   Cell = "facility"
)

// DossierPanel is the right panel's state. UI thread only.
type DossierPanel struct {
	ref     Ref
	dossier Dossier
	loading bool
	err     error
	pinned  bool
}

// Ask makes ref the record that is wanted; answers about others are void from here on. It reports false when the panel
// is pinned to another record and does not follow.
func (p *DossierPanel) Ask(ref Ref) bool {
	if p.pinned && p.ref.Kind != "" && p.ref != ref {
		return false
	}
	p.ref, p.loading, p.err = ref, true, nil
	return true
}

// Show puts in the answer about ref and reports whether it was still wanted.
func (p *DossierPanel) Show(ref Ref, d Dossier, err error) bool {
	if p.ref != ref {
		return false
	}
	p.loading, p.err = false, err
	if err == nil {
		p.dossier = d
		p.dossier.Ref = ref
	}
	return true
}

// Close empties the panel.
func (p *DossierPanel) Close() { *p = DossierPanel{} }

// Pin keeps the panel on its record, or lets it follow the selection again.
func (p *DossierPanel) Pin(on bool) { p.pinned = on }

// Pinned reports whether the panel is pinned.
func (p *DossierPanel) Pinned() bool { return p.pinned }

// Wanted is the record asked for last; its Kind is empty when the panel is closed.
func (p *DossierPanel) Wanted() Ref { return p.ref }

// Dossier returns what is shown. ok is false when the answer is not here or was an error: see Notice.
func (p *DossierPanel) Dossier() (d Dossier, ok bool) {
	return p.dossier, p.ref.Kind != "" && p.dossier.Ref == p.ref && p.err == nil
}

// Notice is what the panel says when it shows no dossier.
func (p *DossierPanel) Notice(l *Lang) Notice {
	switch {
	case p.ref.Kind == "":
		return Notice{Title: l.T("dossier.none"), Text: l.T("dossier.none.do")}
	case p.err != nil:
		return Failure(l, p.err)
	case p.loading:
		return Notice{Title: l.T("dossier.reading")}
	default:
		return Notice{}
	}
}

// Heading is the small line over the title: 一楼一档, 一格一档, 一人一档 …
func (d Dossier) Heading(l *Lang) string {
	if key := "dossier.region." + d.Level; d.Level != "" && l.Has(key) {
		return l.T(key)
	}
	return l.TOr("dossier.kind."+string(d.Ref.Kind), l.T("dossier.kind.other"))
}

// FigureRows are the key figures in rows of three, six at most.
func (d Dossier) FigureRows() [][]Figure {
	var rows [][]Figure
	for i := 0; i < len(d.Figures) && i < 6; i += 3 {
		rows = append(rows, d.Figures[i:min(i+3, len(d.Figures))])
	}
	return rows
}

// Locatable reports whether the map can be moved to the record.
func (d Dossier) Locatable() bool { return d.HasAt }

// RefOf is a short way to name a record.
func RefOf(kind block.Kind, id block.ID) Ref { return Ref{Kind: kind, ID: id} }
