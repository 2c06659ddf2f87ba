package blockserver

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"

	"kuaitu/block"
	"kuaitu/block/schema"
	"kuaitu/sync/wire"
)

// atCut runs fn in a view in which the device's scope stands at the cut it names, else answers moved.
func (s *Server) atCut(ctx context.Context, ss *session, epoch block.Epoch, at wire.Digest, fn func(View) error) error {
	if epoch != ss.city.Epoch {
		return moved()
	}
	return s.ops.View(ctx, func(v View) error {
		c, err := ss.scope.cutOf(ctx, ss.city.Epoch, v)
		if err != nil {
			return err
		}
		if c.digest != at {
			return moved()
		}
		return fn(v)
	})
}

// proof answers with the tallies of the scope at a cut, or only that they are equal.
func (s *Server) proof(w http.ResponseWriter, r *http.Request, ss *session) error {
	var req wire.ProofRequest
	if err := s.readJSON(r, &req); err != nil {
		return err
	}
	var out wire.ProofResponse
	ctx := r.Context()
	err := s.atCut(ctx, ss, req.Epoch, req.Cut, func(v View) error {
		regions := ss.scope.regions
		if len(regions) > 500 { // one pass over all is cheaper than as many lookups
			regions = nil
		}
		tallies, err := v.Tallies(ctx, regions)
		if err != nil {
			return err
		}
		var total block.Tally
		for key, t := range tallies {
			if ss.scope.holds(key) {
				total.Merge(t)
				out.Tallies = append(out.Tallies, wire.Tally{Key: wire.KeyOf(key), Total: wire.TotalOf(t)})
			}
		}
		out.Total = wire.TotalOf(total)
		return nil
	})
	if err != nil {
		return err
	}
	s.metrics.proofs.Add(1)
	if req.Total != nil && *req.Total == out.Total {
		out.Equal, out.Tallies = true, nil
	} else {
		slices.SortFunc(out.Tallies, func(a, b wire.Tally) int {
			return cmp.Or(bytes.Compare(a.Region[:], b.Region[:]), cmp.Compare(a.Class, b.Class), cmp.Compare(a.Kind, b.Kind), compareBool(a.Foreign, b.Foreign))
		})
	}
	w.Header().Set("Cache-Control", "no-store")
	wire.WriteJSON(w, http.StatusOK, out)
	return nil
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// leaves answers with every leaf under one key at a cut.
func (s *Server) leaves(w http.ResponseWriter, r *http.Request, ss *session) error {
	var req wire.LeavesRequest
	if err := s.readJSON(r, &req); err != nil {
		return err
	}
	key := req.Key.Block()
	if !ss.scope.holds(key) {
		return outOfScope()
	}
	var leaves map[block.ID]block.Leaf
	ctx := r.Context()
	err := s.atCut(ctx, ss, req.Epoch, req.Cut, func(v View) error {
		var err error
		leaves, err = v.Leaves(ctx, key)
		return err
	})
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", wire.TypeLeaves)
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(wire.EncodeLeaves(leaves)) // the client went away: it asks again
	return nil
}

// rows answers with the present parts of some records in one stream at a cut. Whether a record that is not in the stream
// exists elsewhere does not show.
func (s *Server) rows(w http.ResponseWriter, r *http.Request, ss *session) error {
	var req wire.RowsRequest
	if err := s.readJSON(r, &req); err != nil {
		return err
	}
	st := req.Stream.Block()
	if !ss.scope.has[st] {
		return outOfScope()
	}
	plan, err := ss.city.Set.Plan(req.Kind)
	if err != nil {
		return err
	}
	if len(req.IDs) > wire.MaxRowIDs {
		return fmt.Errorf("rows: %d ids: %w", len(req.IDs), block.ErrInvalid)
	}
	var parts []block.Part
	var h schema.Hasher
	ctx := r.Context()
	err = s.atCut(ctx, ss, req.Epoch, req.Cut, func(v View) error {
		parts = parts[:0]
		for _, id := range req.IDs {
			key := RowKey{req.Kind, id}
			row, err := v.Row(ctx, key)
			if err != nil {
				return err
			}
			if row == nil || row.Deleted {
				continue
			}
			placed, err := v.Placements(ctx, key)
			if err != nil {
				return err
			}
			for _, c := range Carriers(ss.city.Tree, plan, row.Region, furtherOf(placed)) {
				if c.Stream == st {
					p, _ := PartOf(plan, row.Record, st.Class, &h)
					p.Stream, p.Foreign = st, c.Foreign
					parts = append(parts, p)
				}
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	frame, err := wire.EncodeFrame(ss.city.Set, wire.FrameHeader{Stream: st}, parts)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", wire.TypeFrame)
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(frame) // the client went away: it asks again
	return nil
}
