package ingest

import (
	"fmt"
	"hash/maphash"
	"slices"
	"strings"

	"kuaitu/block"
	"kuaitu/geo/geofile"
)

// maxSeenIDs bounds the IDs of a file that are compared with each other; of those after them, only doubles of these are found.
const maxSeenIDs = 4 << 20

// doubles counts the records of a file that have the ID of an earlier one. Mostly such a file was put together carelessly; it
// is taken in all the same, and the person is told.
type doubles struct {
	seed  maphash.Seed
	seen  map[uint64]spot
	count int
	id    string // of the first pair
	pair  [2]spot
}

// spot is where a record is in its file.
type spot struct{ line, at int64 }

func (d *doubles) see(id string, line int64, at uint64) {
	if id == "" {
		return
	}
	if d.seen == nil {
		d.seed, d.seen = maphash.MakeSeed(), map[uint64]spot{}
	}
	key, here := maphash.String(d.seed, id), spot{line, int64(at)}
	first, known := d.seen[key]
	switch {
	case known:
		if d.count++; d.count == 1 {
			d.id, d.pair = id, [2]spot{first, here}
		}
	case len(d.seen) < maxSeenIDs:
		d.seen[key] = here
	}
}

// warning is a sentence, "" where no ID comes twice. replaced says that the IDs name records here.
func (d *doubles) warning(replaced bool) string {
	if d.count == 0 {
		return ""
	}
	where := fmt.Sprintf("lines %d and %d", d.pair[0].line, d.pair[1].line)
	if d.pair[0].line == d.pair[1].line {
		where = fmt.Sprintf("records %d and %d", d.pair[0].at, d.pair[1].at)
	}
	what := "all are kept, each as a record of its own"
	if replaced {
		what = "of those with one ID the last is taken"
	}
	return fmt.Sprintf("%d records have the ID of an earlier one (first %.40q, %s); %s", d.count, d.id, where, what)
}

// idColumns name records in files of many programs.
var idColumns = []string{"id", "osm_id", "objectid"}

// sourceID is what names a record in its file: the ID here in an export of ours, else what becomes its source_id; where the
// kind keeps none, the file's own ID or that of a column with such a name.
func (c *converter) sourceID(f *geofile.Feature, rec block.Record) string {
	if c.export.id >= 0 {
		return f.Value(c.export.id).Text
	}
	if i := c.opt.Plan.Index("source_id"); i >= 0 {
		if v := rec.Values[i]; !v.IsNull() {
			return v.Plain()
		}
	}
	if f.ID == "" {
		for i, n := range c.columns {
			if slices.Contains(idColumns, strings.ToLower(n)) {
				return f.Value(i).Text
			}
		}
	}
	return f.ID
}
