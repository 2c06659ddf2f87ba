package blockserver

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"kuaitu/block"
	"kuaitu/block/schema"
	"kuaitu/sync/wire"
)

// hello names the cut. Everything in the answer is read in one view.
func (s *Server) hello(w http.ResponseWriter, r *http.Request, ss *session) error {
	var req wire.HelloRequest
	if err := s.readJSON(r, &req); err != nil {
		return err
	}
	if req.Protocol != wire.Protocol {
		return &wire.Error{Status: http.StatusUpgradeRequired, Code: wire.CodeProtocol, Message: fmt.Sprintf("the program speaks protocol %d and this server protocol %d: install the newer version of the older of the two", req.Protocol, wire.Protocol)}
	}
	var fresh block.Epoch
	out := wire.HelloResponse{
		Protocol: wire.Protocol, Epoch: ss.city.Epoch, EpochChanged: req.Epoch != fresh && req.Epoch != ss.city.Epoch, Counter: ss.grant.Counter,
		Region: ss.grant.Region, Post: ss.grant.Post, Classes: wire.ClassesOf(ss.grant.Classes), Time: s.now().UTC(),
	}
	if req.Schema != nil && *req.Schema != s.fingerprint(ss.city.Set) {
		out.Kinds = wire.KindsOf(ss.city.Set)
	}
	ctx := r.Context()
	err := s.ops.View(ctx, func(v View) error {
		c, err := ss.scope.cutOf(ctx, ss.city.Epoch, v)
		if err != nil {
			return err
		}
		out.Cut, out.Heads, out.Shards = c.digest, c.heads, c.shards
		if req.Epoch != ss.city.Epoch {
			return nil
		}
		for _, wit := range req.Witnesses {
			sum, known, err := v.Chain(ctx, wit.Shard, wit.Seq)
			if err != nil {
				return err
			}
			if !known || sum != wit.Sum {
				out.Lost = append(out.Lost, wit.Shard)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if len(out.Lost) > 0 {
		s.log.Warn("a device knows a later state than this server", "device", ss.grant.Device, "shards", len(out.Lost))
	}
	if req.Cut != nil && *req.Cut == out.Cut && len(out.Lost) == 0 && !out.EpochChanged {
		out.Same, out.Heads, out.Shards = true, nil, nil
	}
	w.Header().Set("Cache-Control", "no-store")
	wire.WriteJSON(w, http.StatusOK, out)
	return nil
}

// fingerprint names the declarations of the moment; a set is a value, so it is worked out once.
func (s *Server) fingerprint(set *schema.Set) wire.Digest {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.declared != set {
		s.declared, s.declaredAs = set, wire.Fingerprint(set)
	}
	return s.declaredAs
}

// segments answers with the changes of a stream in (after, upto], or a shorter range that its header tells.
func (s *Server) segments(w http.ResponseWriter, r *http.Request, ss *session) error {
	st, err := ss.stream(r)
	if err != nil {
		return err
	}
	after, err := number(r, "after")
	if err != nil {
		return err
	}
	upto, err := number(r, "upto")
	if err != nil {
		return err
	}
	form, err := wire.ParseForm(r.URL.Query().Get("form"))
	if err != nil {
		return err
	}
	if after >= upto {
		return fmt.Errorf("a segment after %d up to %d: %w", after, upto, block.ErrInvalid)
	}
	ctx := r.Context()
	shard := ss.city.Tree.Shard(st.Region)
	var frame []byte
	err = s.ops.View(ctx, func(v View) error {
		head, err := headOf(ctx, ss.city.Tree, v, st)
		switch {
		case err != nil:
			return err
		case upto > head.Seq:
			return moved() // a cut of another life of this server
		case after < head.Floor:
			return &wire.Error{Status: http.StatusGone, Code: wire.CodePruned, Message: fmt.Sprintf("the log begins at %d", head.Floor)}
		}
		// The running sum names the history, so that a database put back by hand never meets segments of the other one.
		sum, known, err := v.Chain(ctx, shard, upto)
		if err != nil {
			return err
		}
		name := fmt.Sprintf("%d-%d-%x-%d", after, upto, sum, form)
		if known {
			if b, ok := s.cache.segment(st, name); ok {
				frame = b
				return nil
			}
		}
		parts, end, err := v.Changes(ctx, shard, st, after, upto, wire.SegmentRows)
		if err != nil {
			return err
		}
		rows := lastOfEach(parts)
		if form == wire.FormWhole {
			rows = whole(rows)
		}
		if frame, err = wire.EncodeFrame(ss.city.Set, wire.FrameHeader{Stream: st, From: after, Upto: end}, rows); err != nil {
			return err
		}
		if known && len(parts) >= segmentWorthKeeping {
			s.cache.keepSegment(st, name, frame)
		}
		return nil
	})
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", wire.TypeFrame)
	h.Set("ETag", `"`+wire.DigestOf(frame).String()+`"`)
	// Private: only a cache that this device alone reads may keep what its scope allows it. One that asks may first, as
	// docs/server.md sets nginx up, may keep it for everybody.
	h.Set("Cache-Control", "private, max-age=31536000, immutable")
	if match := r.Header.Get("If-None-Match"); match != "" && match == h.Get("ETag") {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	_, _ = w.Write(frame) // the client went away: it asks again
	return nil
}

// may answers a cache in front of the server (nginx's auth_request) whether a device may have what it asked the cache for:
// 204, or the refusal that the path itself would give.
func (s *Server) may(w http.ResponseWriter, r *http.Request, ss *session) error {
	st, err := wire.StreamOfPath(r.Header.Get(wire.HeaderOriginal))
	if err != nil {
		return err
	}
	if !ss.scope.has[st] {
		return outOfScope()
	}
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// segmentWorthKeeping is the number of log rows from which a segment is read back faster from a file than made anew.
const segmentWorthKeeping = 256

// lastOfEach keeps the last part of each record, in the order of those, and puts runs of one kind together. What it has to
// carry is what any of the parts before it changed.
func lastOfEach(parts []block.Part) []block.Part {
	type latest struct {
		at   int
		have block.Mask
	}
	last := make(map[RowKey]latest, len(parts))
	for i, p := range parts {
		key := RowKey{p.Kind, p.ID}
		l, again := last[key]
		if again && !p.Drop && !parts[l.at].Drop {
			p.Have = p.Have.With(l.have)
		}
		last[key] = latest{i, p.Have}
	}
	var kinds []block.Kind
	byKind := map[block.Kind][]block.Part{}
	for i, p := range parts {
		l := last[RowKey{p.Kind, p.ID}]
		if l.at != i {
			continue
		}
		p.Have = l.have
		if _, seen := byKind[p.Kind]; !seen {
			kinds = append(kinds, p.Kind)
		}
		byKind[p.Kind] = append(byKind[p.Kind], p)
	}
	out := make([]block.Part, 0, len(last))
	for _, k := range kinds {
		out = append(out, byKind[k]...)
	}
	return out
}

// whole makes every part carry all of its state, for clients that know no other.
func whole(parts []block.Part) []block.Part {
	for i := range parts {
		parts[i].Have = 0
	}
	return parts
}

// snapshotLag is how far a kept snapshot may be behind its stream before it is made anew.
const snapshotLag = wire.SnapshotBehind / 2

// snapshot answers with a manifest at or before upto.
func (s *Server) snapshot(w http.ResponseWriter, r *http.Request, ss *session) error {
	st, err := ss.stream(r)
	if err != nil {
		return err
	}
	upto, err := number(r, "upto")
	if err != nil {
		return err
	}
	m, err := s.manifest(r.Context(), ss, st)
	if err != nil {
		return err
	}
	if m.Seq > upto {
		return moved()
	}
	w.Header().Set("Cache-Control", "no-store")
	wire.WriteJSON(w, http.StatusOK, m)
	return nil
}

// manifest returns a stream's snapshot, made now when none is kept that segments can still continue. Requests for one
// stream wait for one builder, and a builder waits for its turn before it opens its view, so that waiting holds no
// connection to the storage.
func (s *Server) manifest(ctx context.Context, ss *session, st block.Stream) (wire.Manifest, error) {
	busy := &wire.Error{Status: http.StatusTooManyRequests, Code: wire.CodeBusy, Message: "too many snapshots are being made", Retry: 5}
	release, err := s.cache.lock(ctx, st)
	if err != nil {
		return wire.Manifest{}, busy
	}
	defer release()
	var out wire.Manifest
	found := false
	shard := ss.city.Tree.Shard(st.Region)
	err = s.ops.View(ctx, func(v View) error {
		head, err := headOf(ctx, ss.city.Tree, v, st)
		k, ok := s.cache.manifest(ss.city.Epoch, st)
		if seq := k.Manifest.Seq; err != nil || !ok || seq < head.Floor || seq > head.Seq || head.Seq-seq > snapshotLag {
			return err
		}
		sum, _, err := v.Chain(ctx, shard, k.Manifest.Seq)
		out, found = k.Manifest, err == nil && k.Sum == sum
		return err
	})
	if err != nil || found {
		return out, err
	}
	select {
	case s.builders <- struct{}{}:
		defer func() { <-s.builders }()
	case <-ctx.Done():
		return out, busy
	}
	err = s.ops.View(ctx, func(v View) error {
		head, err := headOf(ctx, ss.city.Tree, v, st)
		if err != nil {
			return err
		}
		start := time.Now()
		if out, err = s.build(ctx, ss.city.Set, v, st, head.Seq); err != nil {
			return err
		}
		s.log.Info("snapshot made", "region", st.Region, "class", st.Class.String(), "seq", head.Seq, "rows", out.Rows, "chunks", len(out.Chunks), "took", time.Since(start))
		sum, _, err := v.Chain(ctx, shard, head.Seq) // none, and zero, for a stream that never held anything
		if err != nil {
			return err
		}
		return s.cache.keepManifest(st, kept{Epoch: ss.city.Epoch, Sum: sum, Manifest: out})
	})
	return out, err
}

// headOf returns where a stream is; a stream that never held anything is at 0.
func headOf(ctx context.Context, tree *block.Tree, v View, st block.Stream) (StreamHead, error) {
	heads, _, err := v.Heads(ctx, []block.ID{tree.Shard(st.Region)})
	for _, h := range heads {
		if h.Stream == st {
			return h, err
		}
	}
	return StreamHead{Head: block.Head{Stream: st}}, err
}

// build encodes every part a stream holds in a view as chunks and keeps them.
func (s *Server) build(ctx context.Context, set *schema.Set, v View, st block.Stream, seq uint64) (wire.Manifest, error) {
	m := wire.Manifest{Stream: wire.StreamOf(st), Seq: seq, Chunks: []wire.Chunk{}}
	var parts []block.Part
	size := 0
	flush := func() error {
		if len(parts) == 0 {
			return nil
		}
		frame, err := wire.EncodeFrame(set, wire.FrameHeader{Stream: st, Upto: seq}, parts)
		if err != nil {
			return err
		}
		c := wire.Chunk{SHA256: wire.DigestOf(frame), Size: len(frame), Rows: len(parts)}
		m.Chunks, m.Rows = append(m.Chunks, c), m.Rows+c.Rows
		parts, size = parts[:0], 0
		return s.cache.keepChunk(st, c.SHA256, frame)
	}
	for p, err := range v.Present(ctx, st) {
		if err != nil {
			return m, err
		}
		p.Seq, p.Have = seq, 0
		parts = append(parts, p)
		size += 40 + len(p.Geometry)/4
		for _, value := range p.Values {
			size += 2 + len(value.Raw())
		}
		if len(parts) == wire.ChunkRows || size >= wire.ChunkPlain {
			if err := flush(); err != nil {
				return m, err
			}
		}
	}
	return m, flush()
}

// chunk answers with one chunk of a snapshot. The file is looked for under the stream alone, so that knowing a digest
// gives no right.
func (s *Server) chunk(w http.ResponseWriter, r *http.Request, ss *session) error {
	st, err := ss.stream(r)
	if err != nil {
		return err
	}
	d, err := wire.ParseDigest(r.PathValue("sha256"))
	if err != nil {
		return err
	}
	f, err := s.cache.openChunk(st, d)
	if err != nil {
		return err
	}
	defer f.Close()
	h := w.Header()
	h.Set("Content-Type", wire.TypeFrame)
	h.Set("ETag", `"`+d.String()+`"`)
	h.Set("Cache-Control", "private, max-age=31536000, immutable")
	http.ServeContent(w, r, "", time.Time{}, f)
	return nil
}
