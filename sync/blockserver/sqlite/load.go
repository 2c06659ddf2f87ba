package sqlite

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"fmt"
	"io"
	"iter"
	"slices"

	"kuaitu/block"
	"kuaitu/block/schema"
	"kuaitu/sync/blockserver"
	"kuaitu/sync/wire"
)

// Load writes records in bulk, all in one transaction, and returns how many it took; after an error nothing is written.
// IDs are the caller's. A record that is there already is replaced where it differs. Records must satisfy their
// declaration, lie in a known region or none, and have canonical geometry: otherwise ErrInvalid. Regions may come too,
// before the records that lie in them; one that exists may change in all but its parent and level (ErrConflict).
//
// A load writes no log rows: it moves the head and the floor of every stream it touches, so that replicas take those
// streams anew as snapshots.
func (s *Storage) Load(ctx context.Context, records iter.Seq2[block.Record, error]) (int, error) {
	n := 0
	err := s.writer.with(ctx, func(c *conn) error {
		err := c.transaction(ctx, "BEGIN IMMEDIATE", func() error {
			l, err := newLoader(ctx, &txn{view{s: s, c: c, tree: s.city.Load().Tree}})
			if err != nil {
				return err
			}
			for r, err := range records {
				if err != nil {
					return fmt.Errorf("load record %d: %w", n+1, err)
				}
				if n%1024 == 0 && ctx.Err() != nil {
					return ctx.Err()
				}
				if err := l.add(r); err != nil {
					return fmt.Errorf("load record %d: %w", n+1, err)
				}
				n++
			}
			return l.finish()
		})
		if err != nil {
			return err
		}
		return s.refresh(context.WithoutCancel(ctx)) // the writer is still ours: no op sees new rows with the old tree
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

// refresh reads again what Load may have changed of the city.
func (s *Storage) refresh(ctx context.Context) error {
	s.types.Store(nil)
	city := *s.city.Load()
	if city.Meta.TimeZone == "" { // Init: Open reads it all
		return nil
	}
	tree, err := s.readTree(ctx)
	if err != nil {
		return err
	}
	city.Tree = tree
	s.city.Store(&city)
	return nil
}

type loader struct {
	ctx     context.Context // of the one call to Load
	t       *txn
	hasher  schema.Hasher
	regions map[block.ID]block.Region
	grown   bool           // regions holds more than the tree
	pending []block.Record // regions that wait for the tree
	empty   map[block.Kind]bool
	targets map[block.Kind]bool // kinds whose foreign tallies must be counted again
	placing bool                // some placement exists
	net     map[block.TallyKey]block.Tally
	streams map[block.Stream]bool
	home    map[block.ID]homeStreams
	args    []any
}

type homeStreams struct {
	shard   block.ID
	streams [block.NumClasses]block.Stream
}

func newLoader(ctx context.Context, t *txn) (*loader, error) {
	l := &loader{
		ctx: context.WithoutCancel(ctx), t: t, regions: map[block.ID]block.Region{}, empty: map[block.Kind]bool{}, targets: map[block.Kind]bool{},
		net: map[block.TallyKey]block.Tally{}, streams: map[block.Stream]bool{}, home: map[block.ID]homeStreams{},
	}
	for _, r := range t.tree.All() {
		l.regions[r.ID] = r
	}
	var one int
	var err error
	for _, k := range t.s.tables {
		found, err := t.one(ctx, "SELECT 1 FROM "+k.name+" LIMIT 1", nil, &one)
		if err != nil {
			return nil, err
		}
		l.empty[k.plan.Kind.Name] = !found
	}
	l.placing, err = t.one(ctx, "SELECT 1 FROM placement LIMIT 1", nil, &one)
	return l, err
}

func (l *loader) add(r block.Record) error {
	k, err := l.t.table(r.Kind)
	if err != nil {
		return err
	}
	if r.ID.IsZero() || r.Deleted {
		return fmt.Errorf("%s without an id, or deleted: %w", r.Kind, block.ErrInvalid)
	}
	r.Parts = block.AllParts
	if err := k.plan.Check(r); err != nil {
		return err
	}
	if len(r.Geometry) == 0 {
		r.Geometry = nil
	} else if k.plan.Kind.Geometry == schema.NoGeometry || wire.Canonical(r.Geometry) == 0 {
		return fmt.Errorf("%s %s: geometry is not canonical: %w", r.Kind, r.ID, block.ErrInvalid)
	}
	if r.Kind == "region" {
		l.pending = append(l.pending, r)
		return l.region(k.plan, r)
	}
	if err := l.grow(); err != nil {
		return err
	}
	return l.put(k, r)
}

// region notes a region for the tree, which is built again before the next record of another kind.
func (l *loader) region(plan *schema.Plan, r block.Record) error {
	next := RegionOf(plan, r)
	if old, there := l.regions[r.ID]; there && (old.Parent != next.Parent || old.Level != next.Level) {
		return fmt.Errorf("region %s is there with another parent or level: %w", next.Code, block.ErrConflict)
	} else if !there {
		l.grown = true
	}
	l.regions[r.ID] = next
	return nil
}

// grow builds the tree again and writes the regions that waited for it.
func (l *loader) grow() error {
	if l.grown {
		all := make([]block.Region, 0, len(l.regions))
		for _, r := range l.regions {
			all = append(all, r)
		}
		tree, err := block.NewTree(all, nil)
		if err != nil {
			return err
		}
		l.t.tree, l.grown = tree, false
		clear(l.home)
	}
	waiting := l.pending
	l.pending = nil
	for _, r := range waiting {
		if err := l.put(l.t.s.byKind[r.Kind], r); err != nil {
			return err
		}
	}
	return nil
}

// homeOf caches where records of a region go.
func (l *loader) homeOf(region block.ID) (homeStreams, error) {
	if h, ok := l.home[region]; ok {
		return h, nil
	}
	if _, known := l.t.tree.Region(region); !known && !region.IsZero() {
		return homeStreams{}, fmt.Errorf("region %s is not known: %w", region, block.ErrInvalid)
	}
	h := homeStreams{shard: l.t.tree.Shard(region)}
	for c := block.Public; c < block.NumClasses; c++ {
		h.streams[c] = l.t.tree.StreamOf(region, c)
	}
	l.home[region] = h
	return h, nil
}

func (l *loader) put(k *table, r block.Record) error {
	row, fvers := blockserver.Row{Record: r, Since: 1}, k.fresh
	row.Ver = 1
	if !l.empty[r.Kind] {
		old, err := l.t.Row(l.ctx, blockserver.RowKey{Kind: r.Kind, ID: r.ID})
		if err != nil {
			return err
		}
		if old != nil {
			same, err := l.replace(k, old, &row)
			if err != nil || same {
				return err
			}
			fvers = blockserver.AppendFVers(nil, row.FVers)
		}
	}
	home, err := l.homeOf(r.Region)
	if err != nil {
		return err
	}
	l.count(k, row.Record, home, true)
	l.args = k.bind(l.args[:0], &row, home.shard, fvers)
	text := k.put
	if l.empty[r.Kind] {
		text = k.add
	}
	if err := l.t.exec(l.ctx, text, l.args...); err != nil {
		if l.empty[r.Kind] && l.twice(k, r.ID) {
			return fmt.Errorf("%s %s is there twice: %w", r.Kind, r.ID, block.ErrInvalid)
		}
		return err
	}
	l.targets[r.Kind] = l.targets[r.Kind] || k.target && l.placing
	if p, ok := blockserver.PlacementOf(l.t.s.set, &row); ok {
		l.placing, l.targets[p.Target.Kind] = true, true
		return l.t.Move(l.ctx, []blockserver.Placement{p}, nil)
	}
	return nil
}

func (l *loader) twice(k *table, id block.ID) bool {
	var one int
	found, err := l.t.one(l.ctx, "SELECT 1 FROM "+k.name+" WHERE id = ?", []any{id[:]}, &one)
	return err == nil && found
}

// replace turns row into the next version of old and takes old out of its tallies and placements; same says that
// nothing differs.
func (l *loader) replace(k *table, old, row *blockserver.Row) (same bool, err error) {
	row.FVers = old.FVers
	row.Ver = old.Ver + 1
	row.Since = row.Ver
	same = !old.Deleted
	slots := len(k.plan.Kind.Fields)
	for i := range slots {
		if old.Values[i] != row.Values[i] {
			row.FVers[i], same = row.Ver, false
		}
	}
	if !bytes.Equal(old.Geometry, row.Geometry) {
		row.FVers[slots], same = row.Ver, false
	}
	if old.Region != row.Region {
		row.FVers[slots+1], same = row.Ver, false
	}
	if same || old.Deleted {
		return same, nil
	}
	home, err := l.homeOf(old.Region)
	if err != nil {
		return false, err
	}
	l.count(k, old.Record, home, false)
	if p, ok := blockserver.PlacementOf(l.t.s.set, old); ok {
		l.targets[p.Target.Kind] = true
		return false, l.t.Move(l.ctx, nil, []blockserver.Placement{p})
	}
	return false, nil
}

// count moves a record's leaves in or out of its home tallies and notes the streams.
func (l *loader) count(k *table, r block.Record, home homeStreams, add bool) {
	for c := block.Public; c < block.NumClasses; c++ {
		if !k.plan.Classes().Has(c) {
			continue
		}
		var leaf block.Leaf
		if c == block.Masked {
			_, leaf = blockserver.PartOf(k.plan, r, c, &l.hasher)
		} else {
			leaf = l.hasher.LeafOf(k.plan, r, c)
		}
		key := block.TallyKey{Region: r.Region, Class: c, Kind: r.Kind}
		tally := l.net[key]
		if add {
			tally.Add(leaf)
		} else {
			tally.Sub(leaf)
		}
		l.net[key] = tally
		l.streams[home.streams[c]] = true
	}
}

// finish writes tallies, counts foreign ones again where placements moved, and moves heads and floors.
func (l *loader) finish() error {
	if err := l.grow(); err != nil {
		return err
	}
	for kind, again := range l.targets {
		if !again {
			continue
		}
		if err := l.recountForeign(kind); err != nil {
			return err
		}
	}
	if err := l.t.addTallies(l.ctx, l.net); err != nil {
		return err
	}
	byShard := map[block.ID][]block.Stream{}
	for s := range l.streams {
		shard := l.t.tree.Shard(s.Region)
		byShard[shard] = append(byShard[shard], s)
	}
	shards := make([]block.ID, 0, len(byShard))
	for shard := range byShard {
		shards = append(shards, shard)
	}
	slices.SortFunc(shards, func(a, b block.ID) int { return bytes.Compare(a[:], b[:]) })
	for _, shard := range shards {
		if err := l.raise(shard, byShard[shard]); err != nil {
			return err
		}
	}
	return nil
}

// recountForeign puts the difference between the foreign tallies of a kind as they should be and as they are kept into net.
func (l *loader) recountForeign(kind block.Kind) error {
	want, err := l.t.foreignTallies(l.ctx, kind)
	if err != nil {
		return err
	}
	have, err := l.t.Tallies(l.ctx, nil)
	if err != nil {
		return err
	}
	for key, kept := range have {
		if key.Foreign && key.Kind == kind && want[key] != kept {
			d := want[key]
			d.Merge(negative(kept))
			l.net[key] = d
			l.streams[block.Stream{Region: key.Region, Class: key.Class}] = true
		}
	}
	for key, tally := range want {
		if _, kept := have[key]; !kept {
			l.net[key] = tally
			l.streams[block.Stream{Region: key.Region, Class: key.Class}] = true
		}
	}
	return nil
}

func negative(t block.Tally) block.Tally {
	out := block.Tally{Count: -t.Count}
	carry := uint64(1)
	for i, w := range t.Sum {
		out.Sum[i] = ^w + carry
		if out.Sum[i] != 0 || carry == 0 {
			carry = 0
		}
	}
	return out
}

// foreignTallies counts, from rows and placements, what a kind's placements put into other streams than the home's.
func (v *view) foreignTallies(ctx context.Context, kind block.Kind) (map[block.TallyKey]block.Tally, error) {
	t, err := v.table(kind)
	if err != nil || !t.target {
		return nil, err
	}
	out := map[block.TallyKey]block.Tally{}
	var h schema.Hasher
	sc := newScanner(t)
	var region []byte
	sc.dest = append(sc.dest, &region)
	var last block.Record
	var further []block.ID
	flush := func() {
		if len(further) == 0 {
			return
		}
		var leaves [block.NumClasses]block.Leaf
		for c := block.Public; c < block.NumClasses; c++ {
			if t.plan.Classes().Has(c) {
				_, leaves[c] = blockserver.PartOf(t.plan, last, c, &h)
			}
		}
		for _, c := range blockserver.Carriers(v.tree, t.plan, last.Region, further) {
			if c.Foreign {
				key := c.Key(kind, last.Region)
				tally := out[key]
				tally.Add(leaves[c.Stream.Class])
				out[key] = tally
			}
		}
		further = further[:0]
	}
	err = v.each(ctx, func(rows *sql.Rows) error {
		r, err := sc.record(rows)
		if err != nil {
			return err
		}
		if r.ID != last.ID {
			flush()
			last = r
		}
		further = append(further, block.ID(region))
		return nil
	}, "SELECT "+t.cols+", p.region FROM placement p JOIN "+t.name+" t ON t.id = p.id WHERE p.kind = ? AND t.deleted = 0 ORDER BY t.id, p.region", int(t.plan.Kind.No))
	flush()
	return out, err
}

// raise moves a shard one position on, and the heads and floors of streams to it.
func (l *loader) raise(shard block.ID, streams []block.Stream) error {
	seq, sum, err := l.t.advance(l.ctx, shard)
	if err != nil {
		return err
	}
	// A load has no log rows to hash: a random number tells this history from any other.
	var nonce [32]byte
	if _, err := io.ReadFull(l.t.s.random, nonce[:]); err != nil {
		return fmt.Errorf("load: %w", err)
	}
	sum = sha256.Sum256(append(sum[:], nonce[:]...))
	for _, s := range streams {
		if err := l.t.exec(l.ctx, `INSERT INTO stream_head (shard, region, class, seq, floor) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT (shard, region, class) DO UPDATE SET seq = excluded.seq, floor = excluded.floor`,
			shard[:], s.Region[:], int(s.Class), int64(seq), int64(seq)); err != nil {
			return err
		}
		if err := l.t.exec(l.ctx, "DELETE FROM log WHERE shard = ? AND region = ? AND class = ?", shard[:], s.Region[:], int(s.Class)); err != nil {
			return err
		}
	}
	return l.t.setHead(l.ctx, shard, seq, sum)
}

// NextBulk reserves n numbers for records of a kind made in bulk in a shard: the i-th has the ID
// block.BulkID(no, kindNo, first+i).
func (s *Storage) NextBulk(ctx context.Context, kind block.Kind, shard block.ID, n int) (no uint32, kindNo uint16, first uint64, err error) {
	k := s.byKind[kind]
	if k == nil || n <= 0 {
		return 0, 0, 0, fmt.Errorf("reserve %d ids of %q: %w", n, kind, block.ErrInvalid)
	}
	err = s.update(ctx, func(t *txn) error {
		if _, known := t.tree.Region(shard); !known {
			return fmt.Errorf("shard %s is not known: %w", shard, block.ErrInvalid)
		}
		found, err := t.one(ctx, "SELECT value FROM counter WHERE shard = ? AND name = 'shard-no'", []any{shard[:]}, &no)
		if err != nil {
			return err
		}
		if !found {
			var none block.ID
			given, err := t.take(ctx, none, "shards", 1)
			if err != nil {
				return err
			}
			no = uint32(given)
			if err := t.exec(ctx, "INSERT INTO counter (shard, name, value) VALUES (?, 'shard-no', ?)", shard[:], int64(no)); err != nil {
				return err
			}
		}
		first, err = t.take(ctx, shard, "bulk/"+string(kind), uint64(n))
		return err
	})
	return no, k.plan.Kind.No, first, err
}
