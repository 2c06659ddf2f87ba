package blockserver

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"kuaitu/block"
	"kuaitu/sync/wire"
)

// scope is what a grant comes to in one region tree: the one place where a device's right is compiled to streams.
type scope struct {
	streams []block.Stream        // in the tree's order
	has     map[block.Stream]bool // the same as a set
	shards  []block.ID            // that carry them, rising
	regions []block.ID            // whose tallies may be in scope
	tree    *block.Tree
}

func newScope(tree *block.Tree, region block.ID, classes block.ClassSet) *scope {
	s := &scope{tree: tree, streams: tree.Streams(region, classes), has: map[block.Stream]bool{}}
	shards := map[block.ID]bool{}
	for _, st := range s.streams {
		s.has[st] = true
		shards[tree.Shard(st.Region)] = true
	}
	for id := range shards {
		s.shards = append(s.shards, id)
	}
	slices.SortFunc(s.shards, func(a, b block.ID) int { return bytes.Compare(a[:], b[:]) })
	var outside block.ID
	for _, id := range append([]block.ID{outside}, tree.Subtree(tree.Root())...) {
		if slices.ContainsFunc([]block.Class{block.Public, block.Work, block.Sensitive, block.Masked}, func(c block.Class) bool { return s.has[tree.StreamOf(id, c)] }) {
			s.regions = append(s.regions, id)
		}
	}
	return s
}

// holds reports whether a tally's parts are in a stream of the scope.
func (s *scope) holds(k block.TallyKey) bool {
	if k.Foreign {
		return s.has[block.Stream{Region: k.Region, Class: k.Class}]
	}
	if _, known := s.tree.Region(k.Region); !known && !k.Region.IsZero() {
		return false
	}
	return s.has[s.tree.StreamOf(k.Region, k.Class)]
}

// cut is the position of a scope, as hello names it.
type cut struct {
	digest wire.Digest
	heads  []wire.Head
	shards []wire.Witness
}

// cutOf reads the heads of a scope in a view.
func (s *scope) cutOf(ctx context.Context, epoch block.Epoch, v View) (cut, error) {
	known, witnesses, err := v.Heads(ctx, s.shards)
	if err != nil {
		return cut{}, err
	}
	seqs := make(map[block.Stream]uint64, len(known))
	for _, h := range known {
		seqs[h.Stream] = h.Seq
	}
	var c cut
	c.heads = make([]wire.Head, len(s.streams))
	h := sha256.New()
	h.Write(epoch[:])
	var b []byte
	for i, st := range s.streams {
		c.heads[i] = wire.Head{Stream: wire.StreamOf(st), Seq: seqs[st]}
		b = append(b[:0], st.Region[:]...)
		b = append(b, byte(st.Class))
		b = binary.AppendUvarint(b, seqs[st])
		h.Write(b)
	}
	for _, w := range witnesses {
		c.shards = append(c.shards, wire.Witness{Shard: w.Shard, Seq: w.Seq, Sum: w.Sum})
		h.Write(w.Shard[:])
		h.Write(w.Sum[:])
	}
	c.digest = wire.Digest(h.Sum(nil))
	return c, nil
}

// session is one authenticated request.
type session struct {
	city  City
	grant Grant
	scope *scope
}

// scopeFor caches scopes by what they are made of; the tree is a value, so a new one makes the cache void.
func (s *Server) scopeFor(city City, g Grant) *scope {
	key := scopeKey{g.Region, g.Classes}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tree != city.Tree {
		s.tree, s.scopes = city.Tree, map[scopeKey]*scope{}
	}
	sc := s.scopes[key]
	if sc == nil {
		sc = newScope(city.Tree, g.Region, g.Classes)
		s.scopes[key] = sc
	}
	return sc
}

type scopeKey struct {
	region  block.ID
	classes block.ClassSet
}

// authenticate finds the device of a request by its token.
func (s *Server) authenticate(r *http.Request) (*session, error) {
	unknown := &wire.Error{Status: http.StatusUnauthorized, Code: wire.CodeUnknown, Message: "the device is not known here"}
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok || len(token) > 200 {
		return nil, unknown
	}
	city, err := s.ops.City(r.Context())
	if err != nil {
		return nil, err
	}
	var g Grant
	err = s.ops.View(r.Context(), func(v View) error {
		g, err = v.Device(r.Context(), sha256.Sum256([]byte(token)))
		return err
	})
	if kind := wire.ErrorOf(err); err != nil && kind.Status == http.StatusNotFound {
		return nil, unknown
	}
	if err != nil {
		return nil, err
	}
	return &session{city: city, grant: g, scope: s.scopeFor(city, g)}, nil
}

// stream reads the stream a path names and refuses one outside the scope: before anything is looked up, so that the
// answer tells nothing about what exists.
func (ss *session) stream(r *http.Request) (block.Stream, error) {
	st, err := wire.ParseStream(r.PathValue("region"), r.PathValue("class"))
	if err != nil {
		return st, err
	}
	if !ss.scope.has[st] {
		return st, outOfScope()
	}
	return st, nil
}

func outOfScope() error {
	return &wire.Error{Status: http.StatusForbidden, Code: wire.CodeOutOfScope, Message: "not in the scope of this device"}
}

func moved() error {
	return &wire.Error{Status: http.StatusConflict, Code: wire.CodeMoved, Message: "the heads have moved"}
}

// CodeDigest returns the digest that a storage keeps of an enrolment code. Case, spaces and dashes do not matter, and 0, 1
// and 8 stand for the letters they are taken for.
func CodeDigest(code string) [32]byte {
	clean := strings.Map(func(r rune) rune {
		switch {
		case r == ' ' || r == '-' || r == '\t' || r == '\n' || r == '\r':
			return -1
		case r == '0':
			return 'O'
		case r == '1':
			return 'I'
		case r == '8':
			return 'B'
		}
		return r
	}, strings.ToUpper(code))
	return sha256.Sum256([]byte("kuaitu code " + clean))
}

// tokenOf makes a device's token from the server's secret, so that the answer to an enrolment can be given again though
// only its digest is kept.
func tokenOf(secret [32]byte, code [32]byte, device block.ID) string {
	m := hmac.New(sha256.New, secret[:])
	m.Write(code[:])
	m.Write(device[:])
	return "kt1_" + strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(m.Sum(nil)))
}

func (s *Server) enrol(w http.ResponseWriter, r *http.Request, _ *session) error {
	var req wire.EnrolRequest
	if err := s.readJSON(r, &req); err != nil {
		return err
	}
	if req.Device.IsZero() || req.Code == "" || len(req.Code) > 100 || len(req.Name) > 200 {
		return fmt.Errorf("enrol: device, code and name: %w", block.ErrInvalid)
	}
	city, err := s.ops.City(r.Context())
	if err != nil {
		return err
	}
	code := CodeDigest(req.Code)
	token := tokenOf(s.secret, code, req.Device)
	var g Grant
	err = s.ops.Update(r.Context(), func(tx Tx) error {
		g, err = tx.Redeem(r.Context(), Redemption{Code: code, Device: req.Device, Name: req.Name, Token: sha256.Sum256([]byte(token)), Now: s.now()})
		return err
	})
	if err != nil {
		return err
	}
	region, known := city.Tree.Region(g.Region)
	if !known {
		return fmt.Errorf("enrol: the region is no more: %w", block.ErrRefused)
	}
	s.log.Info("enrolled", "device", g.Device, "region", region.Code, "post", g.Post)
	w.Header().Set("Cache-Control", "no-store")
	wire.WriteJSON(w, http.StatusOK, wire.EnrolResponse{
		Device: g.Device, Token: token, Region: g.Region, RegionCode: region.Code, Post: g.Post, Classes: wire.ClassesOf(g.Classes),
		Epoch: city.Epoch, Meta: city.Meta,
	})
	return nil
}
