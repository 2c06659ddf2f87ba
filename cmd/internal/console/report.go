package console

import (
	"context"
	"fmt"
	"strings"

	"kuaitu/block"
	"kuaitu/block/citypack"
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

// Report saves an event with its first step as one op. A type that the catalogue does not have is ErrInvalid.
func Report(ctx context.Context, st *store.Store, r ReportRequest) (block.Op, error) {
	code, err := eventType(ctx, st, r.Type)
	if err != nil {
		return block.Op{}, err
	}
	if r.Region.IsZero() && r.At != nil {
		tree, err := st.Reader().Tree(ctx)
		if err != nil {
			return block.Op{}, err
		}
		r.Region = citypack.NewAssigner(tree.All()).At(*r.At)
	}
	return st.Writer().Report(ctx, store.Report{
		Type: code, Region: r.Region, Point: r.At, Address: strings.TrimSpace(r.Address), Description: strings.TrimSpace(r.Text), Building: r.Building,
	}, r.Author)
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
