package syncer

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"

	"kuaitu/block"
	"kuaitu/sync/wire"
)

// mend compares the leaves of one key, asks for the rows that differ and has the replica put them right. Everything is
// fetched before anything is changed.
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
	ids := slices.Concat(missing, extra)
	ev.Rows = len(ids)
	// Every stream that may carry the rows is put right for all of them: a row may be here under a key of one stream and
	// belong under another's. What goes, goes everywhere first, so that nothing takes away what was just put.
	puts := make([][]block.Part, len(e.Streams))
	for i, stream := range e.Streams {
		puts[i], t, fault = w.rows(ctx, e, stream, ids)
		ev.add(t)
		if !fault.OK() {
			ev.Fault = fault
			return ev
		}
	}
	for i, stream := range e.Streams {
		found := make(map[block.ID]bool, len(puts[i]))
		for _, p := range puts[i] {
			found[p.ID] = true
		}
		gone := slices.DeleteFunc(slices.Clone(ids), func(id block.ID) bool { return found[id] })
		if err := w.Replica.Repair(ctx, stream, e.Key.Kind, nil, gone); err != nil {
			ev.Fault = disk(err)
			return ev
		}
	}
	for i, stream := range e.Streams {
		if len(puts[i]) == 0 {
			continue
		}
		if err := w.Replica.Repair(ctx, stream, e.Key.Kind, puts[i], nil); err != nil {
			ev.Fault = disk(err)
			return ev
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

// rows asks one stream for the present parts of some ids; those it does not hold are left out.
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
		h, parts, err := wire.DecodeFrame(w.set(), a.body)
		if err != nil || h.Stream != stream {
			return nil, t, Fault{Reason: BadAnswer}
		}
		for _, p := range parts {
			if !p.Drop && p.Kind == e.Key.Kind {
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
