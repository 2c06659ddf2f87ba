package blockserver

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"sync"
	"time"

	"kuaitu/block"
	"kuaitu/block/schema"
	"kuaitu/sync/wire"
)

// Options configure a Server.
type Options struct {
	Secret     [32]byte         // device tokens are made with it; never zero outside tests
	Cache      string           // folder for segments and chunks; made when missing, may be emptied any time
	CacheBytes int64            // most of it; default 4 GiB
	Clock      func() time.Time // default time.Now; only for people, codes and event numbers, never for order
	Log        *slog.Logger     // default: discards
	Builders   int              // snapshots built at once; default 2
	Pushers    int              // batches of ops waiting or being applied; default 64
	Timeout    time.Duration    // for one request; default 2 minutes
	Listeners  int              // clients that wait to be poked; default 20,000
}

// Server is the city server as an http.Handler.
type Server struct {
	ops       Ops
	secret    [32]byte
	clock     func() time.Time
	log       *slog.Logger
	cache     *cache
	builders  chan struct{}
	pushers   chan struct{}
	timeout   time.Duration
	mux       *http.ServeMux
	metrics   metrics
	hub       *hub
	listeners int

	mu     sync.Mutex // guards what follows
	tree   *block.Tree
	scopes map[scopeKey]*scope

	declared   *schema.Set // whose fingerprint is declaredAs
	declaredAs wire.Digest
}

// New returns a server over a storage. The cache folder is made; its error is the only one.
func New(ops Ops, o Options) (*Server, error) {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Builders <= 0 {
		o.Builders = 2
	}
	if o.Pushers <= 0 {
		o.Pushers = 64
	}
	if o.Timeout <= 0 {
		o.Timeout = 2 * time.Minute
	}
	if o.Listeners <= 0 {
		o.Listeners = 20_000
	}
	if o.CacheBytes <= 0 {
		o.CacheBytes = 4 << 30
	}
	c, err := newCache(o.Cache, o.CacheBytes)
	if err != nil {
		return nil, err
	}
	h := newHub()
	s := &Server{
		hub: h, listeners: o.Listeners,
		ops: noticing{ops, h}, secret: o.Secret, clock: o.Clock, log: o.Log, cache: c, builders: make(chan struct{}, o.Builders), pushers: make(chan struct{}, o.Pushers),
		timeout: o.Timeout, mux: http.NewServeMux(), scopes: map[scopeKey]*scope{},
	}
	s.routes()
	return s, nil
}

type handler func(http.ResponseWriter, *http.Request, *session) error

func (s *Server) routes() {
	s.handle("POST "+wire.PathEnrol, "enrol", s.enrol, false)
	s.handle("GET "+wire.PathMeta, "meta", s.meta, true)
	s.handle("POST "+wire.PathHello, "hello", s.hello, true)
	s.handle("GET /v1/streams/{region}/{class}/segments", "segments", s.segments, true)
	s.handle("GET /v1/streams/{region}/{class}/snapshot", "snapshot", s.snapshot, true)
	s.handle("GET /v1/chunks/{region}/{class}/{sha256}", "chunks", s.chunk, true)
	s.handle("GET "+wire.PathMay, "may", s.may, true)
	s.handle("POST "+wire.PathOps, "ops", s.push, true)
	s.handle("POST "+wire.PathProof, "proof", s.proof, true)
	s.handle("POST "+wire.PathLeaves, "leaves", s.leaves, true)
	s.handle("POST "+wire.PathRows, "rows", s.rows, true)
	s.handle("GET "+wire.PathPoke, "poke", s.poke, true)
	s.handle("GET "+wire.PathHealth, "health", s.health, false)
	s.handle("GET "+wire.PathMetric, "metrics", s.metric, false)
	s.handle("/", "other", func(http.ResponseWriter, *http.Request, *session) error {
		return fmt.Errorf("no such path: %w", block.ErrNotFound)
	}, false)
}

// handle wraps a handler with a deadline, authentication, the error answer, the log line and the metrics. The log has
// the route, never the path or the query.
func (s *Server) handle(pattern, route string, h handler, auth bool) {
	m := s.metrics.route(route)
	s.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		ctx, cancel := context.WithTimeout(r.Context(), s.timeout)
		defer cancel()
		r = r.WithContext(ctx)
		rec := &recorder{ResponseWriter: w}
		// A context does not end a read or write that a slow client holds up; a connection's deadlines do. They are lifted
		// again for the connection's next request. A writer that has none (a test's recorder) needs none.
		conn := http.NewResponseController(w)
		_, _ = conn.SetReadDeadline(start.Add(s.timeout)), conn.SetWriteDeadline(start.Add(s.timeout))
		defer func() { _, _ = conn.SetReadDeadline(time.Time{}), conn.SetWriteDeadline(time.Time{}) }()
		var device block.ID
		err := func() error {
			var ss *session
			if auth {
				var err error
				if ss, err = s.authenticate(r); err != nil {
					return err
				}
				device = ss.grant.Device
			}
			return h(rec, r, ss)
		}()
		if err != nil && rec.status == 0 {
			wire.WriteError(rec, err)
		}
		took := time.Since(start)
		m.done(rec.status, rec.bytes, took)
		level := slog.LevelDebug
		attrs := []slog.Attr{
			slog.String("route", route), slog.Int("status", rec.status), slog.Int64("bytes", rec.bytes), slog.Duration("took", took),
		}
		if !device.IsZero() {
			attrs = append(attrs, slog.String("device", device.String()))
		}
		if err != nil {
			e := wire.ErrorOf(err)
			attrs = append(attrs, slog.String("code", e.Code))
			if e.Status >= 500 {
				level = slog.LevelError
				attrs = append(attrs, slog.String("error", err.Error()))
			}
		}
		s.log.LogAttrs(ctx, level, "request", attrs...)
	})
}

// recorder notes what was answered.
type recorder struct {
	http.ResponseWriter
	status int
	bytes  int64
}

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	n, err := r.ResponseWriter.Write(b)
	r.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach the connection.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	s.mux.ServeHTTP(w, r)
}

func (s *Server) now() time.Time { return s.clock() }

func (s *Server) readJSON(r *http.Request, v any) error {
	return wire.ReadJSON(r.Body, wire.MaxJSONBody, v)
}

func (s *Server) meta(w http.ResponseWriter, _ *http.Request, ss *session) error {
	w.Header().Set("Cache-Control", "no-store")
	wire.WriteJSON(w, http.StatusOK, ss.city.Meta)
	return nil
}

func (s *Server) health(w http.ResponseWriter, r *http.Request, _ *session) error {
	city, err := s.ops.City(r.Context())
	if err == nil {
		err = s.ops.View(r.Context(), func(v View) error {
			_, _, err := v.Heads(r.Context(), []block.ID{city.Tree.Root()})
			return err
		})
	}
	if err != nil {
		return fmt.Errorf("health: %w: %w", block.ErrUnavailable, err)
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, err = io.WriteString(w, "ok\n")
	return err
}

// push applies a batch of ops. A bounded number of batches wait for the one writer; more are told to come again.
func (s *Server) push(w http.ResponseWriter, r *http.Request, ss *session) error {
	select {
	case s.pushers <- struct{}{}:
		defer func() { <-s.pushers }()
	default:
		return &wire.Error{Status: http.StatusTooManyRequests, Code: wire.CodeBusy, Message: "too many batches are waiting", Retry: 2}
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, wire.MaxOpsBody+1))
	if err != nil {
		return fmt.Errorf("read ops: %w: %w", block.ErrUnavailable, err)
	}
	if len(body) > wire.MaxOpsBody {
		return &wire.Error{Status: http.StatusRequestEntityTooLarge, Code: wire.CodeTooLarge, Message: fmt.Sprintf("a batch may have %d bytes", wire.MaxOpsBody)}
	}
	ops, err := wire.DecodeOps(body)
	if err != nil {
		return err
	}
	receipts, counter, err := Apply(r.Context(), s.ops, ss.grant, ops, s.now())
	if err != nil {
		return err
	}
	out := wire.OpsResponse{Epoch: ss.city.Epoch, Counter: counter, Receipts: make([]wire.Receipt, len(receipts))}
	for i, rc := range receipts {
		out.Receipts[i] = wire.ReceiptOf(rc)
		s.metrics.fate(rc.Fate)
	}
	w.Header().Set("Cache-Control", "no-store")
	wire.WriteJSON(w, http.StatusOK, out)
	return nil
}

func number(r *http.Request, name string) (uint64, error) {
	n, err := strconv.ParseUint(r.URL.Query().Get(name), 10, 63)
	if err != nil {
		return 0, fmt.Errorf("parameter %s is no number: %w", name, block.ErrInvalid)
	}
	return n, nil
}
