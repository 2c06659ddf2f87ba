package syncer

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"

	"kuaitu/block"
	"kuaitu/sync/wire"
)

// mend compares the leaves of one key, asks for the rows that differ and has the replica put them right.
func (w *Worker) mend(ctx context.Context, e Mend) Mended {
	var ev Mended
	here, err := w.Replica.Leaves(ctx, e.Key)
	if err != nil {
		ev.Fault = disk(err)
		return ev
	}
	there, t, fault := w.leaves(ctx, e)
	ev.add(t)
	if !fault.OK() {
		ev.Fault = fault
		return ev
	}
	missing, extra := diffLeaves(here, there)
	ev.Rows = len(missing) + len(extra)
	// Deeper streams first: most rows are at home below a street.
	for _, stream := range slices.Backward(e.Streams) {
		put, t, fault := w.rows(ctx, e, stream, missing)
		ev.add(t)
		if !fault.OK() {
			ev.Fault = fault
			return ev
		}
		if len(put) == 0 && len(extra) == 0 {
			continue
		}
		if err := w.Replica.Repair(ctx, stream, e.Key.Kind, put, extra); err != nil {
			ev.Fault = disk(err)
			return ev
		}
		found := make(map[block.ID]bool, len(put))
		for _, p := range put {
			found[p.ID] = true
		}
		missing = slices.DeleteFunc(missing, func(id block.ID) bool { return found[id] })
		if len(missing) == 0 && len(extra) == 0 {
			break
		}
	}
	return ev
}

func (ev *Mended) add(t Traffic) {
	ev.In += t.In
	ev.Out += t.Out
}

func (w *Worker) leaves(ctx context.Context, e Mend) (map[block.ID]block.Leaf, Traffic, Fault) {
	a, fault := w.post(ctx, wire.PathLeaves, wire.LeavesRequest{Epoch: e.Epoch, Cut: e.Cut, Key: wire.KeyOf(e.Key)}, wire.TypeLeaves)
	if !fault.OK() {
		return nil, a.Traffic, fault
	}
	leaves, err := wire.DecodeLeaves(a.body)
	if err != nil {
		return nil, a.Traffic, Fault{Reason: BadAnswer}
	}
	return leaves, a.Traffic, Fault{}
}

// rows asks one stream for the present parts of some ids; those it does not hold under the key are left out.
func (w *Worker) rows(ctx context.Context, e Mend, stream block.Stream, ids []block.ID) ([]block.Part, Traffic, Fault) {
	var out []block.Part
	var t Traffic
	for batch := range slices.Chunk(ids, wire.MaxRowIDs) {
		a, fault := w.post(ctx, wire.PathRows, wire.RowsRequest{
			Epoch: e.Epoch, Cut: e.Cut, Stream: wire.StreamOf(stream), Kind: e.Key.Kind, IDs: batch,
		}, wire.TypeFrame)
		t.In, t.Out = t.In+a.In, t.Out+a.Out
		if !fault.OK() {
			return nil, t, fault
		}
		h, parts, err := wire.DecodeFrame(w.Set, a.body)
		if err != nil || h.Stream != stream {
			return nil, t, Fault{Reason: BadAnswer}
		}
		for _, p := range parts {
			if !p.Drop && p.Kind == e.Key.Kind && p.Foreign == e.Key.Foreign && (p.Foreign || p.Region == e.Key.Region) {
				out = append(out, p)
			}
		}
	}
	return out, t, Fault{}
}

// post sends JSON and takes a binary answer.
func (w *Worker) post(ctx context.Context, path string, in any, want string) (answer, Fault) {
	body, err := json.Marshal(in)
	if err != nil {
		return answer{}, Fault{Reason: BadAnswer} // not reached: the wire's own message types
	}
	return w.link().do(ctx, request{method: http.MethodPost, path: path, body: body, bodyType: wire.TypeJSON, want: want, limit: wire.MaxPacked})
}
