package console

import (
	"context"
	"fmt"
	"math"
	"strings"

	"kuaitu/block"
	"kuaitu/block/citypack"
	"kuaitu/geo"
	"kuaitu/store"

	"github.com/paulmach/orb"
)

// ReportRequest is what somebody reports.
type ReportRequest struct {
	Type     string // code or name in the event catalogue
	At       *orb.Point
	Region   block.ID // zero: found by At
	Address  string
	Text     string
	Building block.ID
	Author   string
}

// Report saves an event with its first step as one op. A type that the catalogue does not have is ErrInvalid, and so is a
// place that lies far from the city; one near it but in no region is saved without a region.
func Report(ctx context.Context, st *store.Store, r ReportRequest) (block.Op, error) {
	code, err := eventType(ctx, st, r.Type)
	if err != nil {
		return block.Op{}, err
	}
	if r.At != nil {
		tree, err := st.Reader().Tree(ctx)
		if err != nil {
			return block.Op{}, err
		}
		here, err := inCity(tree, *r.At)
		if err != nil {
			return block.Op{}, err
		}
		if r.Region.IsZero() {
			r.Region = here
		}
	}
	return st.Writer().Report(ctx, store.Report{
		Type: code, Region: r.Region, Point: r.At, Address: strings.TrimSpace(r.Address), Description: strings.TrimSpace(r.Text), Building: r.Building,
	}, r.Author)
}

// cityMarginM is how far beyond its regions a city's events may lie, as at a coast.
const cityMarginM = 20_000

// inCity returns the region of a place, zero where it lies beside the city. A place that is none, or farther from every
// region than cityMarginM, is ErrInvalid. Without any polygon only the place of empty coordinates, 0, 0, is refused.
func inCity(tree *block.Tree, at orb.Point) (block.ID, error) {
	if !(math.Abs(at[0]) <= 180 && math.Abs(at[1]) <= 90) {
		return block.ID{}, fmt.Errorf("%g, %g is not a longitude and a latitude: %w", at[0], at[1], block.ErrInvalid)
	}
	if id := citypack.NewAssigner(tree.All()).At(at); !id.IsZero() {
		return id, nil
	}
	away := func(p orb.Point) float64 { return metresOff(tree, p) }
	off := away(at)
	root, _ := tree.Region(tree.Root())
	switch {
	case off <= cityMarginM:
		return block.ID{}, nil
	case math.IsInf(off, 1) && at != (orb.Point{}):
		return block.ID{}, nil // nothing tells where the city is
	case math.IsInf(off, 1):
		return block.ID{}, fmt.Errorf("0, 0 is the place of coordinates that were never set: %w", block.ErrInvalid)
	case math.Abs(at[0]) <= 90 && away(orb.Point{at[1], at[0]}) <= cityMarginM:
		return block.ID{}, fmt.Errorf("%g, %g lies %.0f km from %s; the longitude comes first: %w", at[0], at[1], off/1000, root.Name, block.ErrInvalid)
	}
	return block.ID{}, fmt.Errorf("%g, %g lies %.0f km from %s: %w", at[0], at[1], off/1000, root.Name, block.ErrInvalid)
}

// metresOff is how far a place lies from the box around every region that has a polygon; +Inf when none has.
func metresOff(tree *block.Tree, p orb.Point) float64 {
	off := math.Inf(1)
	for _, r := range tree.All() {
		if len(r.Geometry) == 0 {
			continue
		}
		g, err := geo.ParseWKB(r.Geometry)
		if err != nil {
			continue // verify and doctor tell of it
		}
		b := g.Bound()
		nearest := orb.Point{min(max(p[0], b.Min[0]), b.Max[0]), min(max(p[1], b.Min[1]), b.Max[1])}
		off = min(off, geo.Distance(p, nearest))
	}
	return off
}

// eventType returns the catalogue's code for a code or a name.
func eventType(ctx context.Context, st *store.Store, text string) (string, error) {
	p, err := st.Set().Plan("catalogue_type")
	if err != nil {
		return "", err
	}
	rows, err := st.Reader().List(ctx, store.Query{Kind: "catalogue_type"})
	if err != nil {
		return "", err
	}
	want := strings.TrimSpace(text)
	for _, field := range []string{"code", "name", "name_en"} {
		for _, rec := range rows {
			if strings.EqualFold(p.Get(rec, field).Text(), want) {
				return p.Get(rec, "code").Text(), nil
			}
		}
	}
	return "", fmt.Errorf("event type %q is not in the catalogue of %d types: %w", text, len(rows), block.ErrInvalid)
}
