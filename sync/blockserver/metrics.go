package blockserver

import (
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"kuaitu/block"
)

// bounds are the upper bounds of the latency histogram in seconds.
var bounds = [...]float64{0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10}

// metrics are counted without a lock and written as Prometheus text. No label holds a device, a region or a person.
type metrics struct {
	mu     sync.Mutex // guards what follows; routes are added at start
	routes []*routeMetrics

	fates  [block.FateRejected + 1]atomic.Int64
	proofs atomic.Int64
}

type routeMetrics struct {
	name     string
	statuses [6]atomic.Int64 // by hundred
	bytes    atomic.Int64
	nanos    atomic.Int64
	buckets  [len(bounds) + 1]atomic.Int64
}

func (m *metrics) route(name string) *routeMetrics {
	r := &routeMetrics{name: name}
	m.mu.Lock()
	m.routes = append(m.routes, r)
	m.mu.Unlock()
	return r
}

func (r *routeMetrics) done(status int, bytes int64, took time.Duration) {
	r.statuses[min(max(status/100, 0), 5)].Add(1)
	r.bytes.Add(bytes)
	r.nanos.Add(int64(took))
	i := 0
	for i < len(bounds) && took.Seconds() > bounds[i] {
		i++
	}
	r.buckets[i].Add(1)
}

func (m *metrics) fate(f block.Fate) {
	if int(f) < len(m.fates) {
		m.fates[f].Add(1)
	}
}

// metric answers with everything counted since the start. Format: Prometheus text 0.0.4.
func (s *Server) metric(w http.ResponseWriter, _ *http.Request, _ *session) error {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	m := &s.metrics
	line("# TYPE kuaitud_requests_total counter")
	for _, r := range m.routes {
		for hundred := range r.statuses {
			if n := r.statuses[hundred].Load(); n > 0 {
				line(`kuaitud_requests_total{route=%q,status="%dxx"} %d`, r.name, hundred, n)
			}
		}
	}
	line("# TYPE kuaitud_response_bytes_total counter")
	for _, r := range m.routes {
		line(`kuaitud_response_bytes_total{route=%q} %d`, r.name, r.bytes.Load())
	}
	line("# TYPE kuaitud_request_seconds histogram")
	for _, r := range m.routes {
		sum := int64(0)
		for i := range r.buckets {
			sum += r.buckets[i].Load()
			le := "+Inf"
			if i < len(bounds) {
				le = fmt.Sprint(bounds[i])
			}
			line(`kuaitud_request_seconds_bucket{route=%q,le=%q} %d`, r.name, le, sum)
		}
		line(`kuaitud_request_seconds_sum{route=%q} %g`, r.name, time.Duration(r.nanos.Load()).Seconds())
		line(`kuaitud_request_seconds_count{route=%q} %d`, r.name, sum)
	}
	line("# TYPE kuaitud_ops_total counter")
	for f := block.FateApplied; f <= block.FateRejected; f++ {
		line(`kuaitud_ops_total{fate=%q} %d`, f.String(), m.fates[f].Load())
	}
	line("# TYPE kuaitud_listeners gauge\nkuaitud_listeners %d", s.hub.count())
	line("# TYPE kuaitud_proofs_total counter\nkuaitud_proofs_total %d", m.proofs.Load())
	var mem runtime.MemStats
	runtime.ReadMemStats(&mem)
	line("# TYPE go_goroutines gauge\ngo_goroutines %d", runtime.NumGoroutine())
	line("# TYPE go_memstats_heap_alloc_bytes gauge\ngo_memstats_heap_alloc_bytes %d", mem.HeapAlloc)
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	_, err := w.Write([]byte(b.String()))
	return err
}
