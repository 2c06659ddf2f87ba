package syncer

import (
	"bytes"
	"context"
	"fmt"
	"net/http"

	"kuaitu/block"
	"kuaitu/sync/wire"
)

// maxPartials bounds the beginnings of chunks kept between attempts.
const maxPartials = 16

// stageKey is the content name of an object. A chunk is named by its digest whatever stream lists it.
func stageKey(j Job) string {
	if j.Kind == ChunkJob {
		return "chunk-" + wire.Digest(j.Sum).String()
	}
	return fmt.Sprintf("segment-%s-%s-%s-%d-%d", j.Epoch, j.Stream.Region, j.Stream.Class, j.After, j.Upto)
}

func readJSON(b []byte, into any) error {
	return wire.ReadJSON(bytes.NewReader(b), int64(len(b)), into)
}

// fetch gets one object, verifies and stages it.
func (w *Worker) fetch(ctx context.Context, j Job) Fetched {
	switch j.Kind {
	case ManifestJob:
		return w.manifest(ctx, j)
	case ChunkJob:
		return w.chunk(ctx, j)
	}
	return w.segment(ctx, j)
}

func (w *Worker) manifest(ctx context.Context, j Job) Fetched {
	var ev Fetched
	a, fault := w.link().do(ctx, request{method: http.MethodGet, path: wire.SnapshotPath(j.Stream, j.Upto), want: wire.TypeJSON, limit: maxTallies})
	ev.Traffic, ev.Fault = a.Traffic, fault
	if !fault.OK() {
		return ev
	}
	var m wire.Manifest
	if readJSON(a.body, &m) != nil || m.Stream.Block() != j.Stream {
		ev.Fault = Fault{Reason: BadAnswer}
		return ev
	}
	ev.Seq = m.Seq
	for _, c := range m.Chunks {
		if c.Size <= 0 || c.Size > wire.MaxPacked || c.Rows < 0 {
			ev.Fault = Fault{Reason: BadAnswer}
			return ev
		}
		ev.Chunks = append(ev.Chunks, Chunk{Sum: c.SHA256, Size: int64(c.Size), Rows: c.Rows})
	}
	return ev
}

// segment gets the changes of a range. Its digest is the ETag's; a proxy that changed the bytes is found by it, and by
// the frame's own check sum.
func (w *Worker) segment(ctx context.Context, j Job) Fetched {
	if b, ok, err := w.Replica.Staged(ctx, stageKey(j)); err != nil {
		return Fetched{Fault: disk(err)}
	} else if ok {
		if h, err := segmentHeader(b, j); err == nil {
			return Fetched{Local: true, Seq: h.Upto, Rows: h.Rows}
		}
	}
	var ev Fetched
	a, fault := w.link().do(ctx, request{method: http.MethodGet, path: wire.ChangesPath(j.Stream, j.After, j.Upto, j.Epoch), want: wire.TypeFrame, limit: wire.MaxPacked})
	ev.Traffic, ev.Fault = a.Traffic, fault
	if !fault.OK() {
		return ev
	}
	h, err := segmentHeader(a.body, j)
	if err != nil || a.digest != wire.DigestOf(a.body).String() {
		ev.Fault = Fault{Reason: BadAnswer}
		return ev
	}
	ev.Seq, ev.Rows = h.Upto, h.Rows
	ev.Fault = disk(w.Replica.Stage(ctx, stageKey(j), a.body))
	return ev
}

func segmentHeader(b []byte, j Job) (wire.FrameHeader, error) {
	h, err := wire.PeekFrame(b)
	if err == nil && (h.Stream != j.Stream || h.From != j.After || h.Upto > j.Upto) {
		err = fmt.Errorf("segment of another stream or range: %w", block.ErrInvalid)
	}
	return h, err
}

// chunk gets one piece of a snapshot. One that was cut off goes on where it stopped, in this process.
func (w *Worker) chunk(ctx context.Context, j Job) Fetched {
	if b, ok, err := w.Replica.Staged(ctx, stageKey(j)); err != nil {
		return Fetched{Fault: disk(err)}
	} else if ok && wire.DigestOf(b) == j.Sum {
		return Fetched{Local: true}
	}
	begun := w.begun(j.Sum)
	var ev Fetched
	a, fault := w.link().do(ctx, request{
		method: http.MethodGet, path: wire.ChunkPath(j.Stream, j.Sum), want: wire.TypeFrame, limit: j.Size, from: int64(len(begun)),
	})
	ev.Traffic, ev.Fault = a.Traffic, fault
	body := a.body
	if a.partial {
		body = append(begun, a.body...)
	}
	switch {
	case fault.Reason == Unreachable:
		if len(body) > len(begun) && int64(len(body)) < j.Size {
			w.keep(j.Sum, body)
		}
		return ev
	case !fault.OK():
		w.keep(j.Sum, nil)
		return ev
	case wire.DigestOf(body) != j.Sum:
		w.keep(j.Sum, nil)
		ev.Fault = Fault{Reason: BadAnswer}
		return ev
	}
	w.keep(j.Sum, nil)
	ev.Fault = disk(w.Replica.Stage(ctx, stageKey(j), body))
	return ev
}

// begun returns a copy of what is kept of a chunk.
func (w *Worker) begun(sum [32]byte) []byte {
	w.mu.Lock()
	defer w.mu.Unlock()
	return bytes.Clone(w.partial[sum])
}

// keep remembers the beginning of a chunk, or forgets it.
func (w *Worker) keep(sum [32]byte, b []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if b == nil {
		delete(w.partial, sum)
		return
	}
	if w.partial == nil || len(w.partial) >= maxPartials {
		w.partial = map[[32]byte][]byte{}
	}
	w.partial[sum] = b
}
