package simtest

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"

	"kuaitu/sync/wire"
)

var errLink = errors.New("link")

// faults are the chances in a thousand of what a link does to one exchange.
type faults struct {
	dropBefore int // the request is lost
	dropAfter  int // the server acts, the answer is lost
	duplicate  int // the server sees the request twice
	truncate   int // the answer is cut off in its body
	corrupt    int // bits of the answer's body are turned
	bend       int // bits of the request's body are turned
	page       int // a proxy answers 200 with a page
	busy       int // a gateway answers 503
	sticky     int // once it fails, the link stays down for a while
}

var noFaults faults

// someFaults draws which faults a seed has.
func someFaults(r *rand.Rand) faults {
	var f faults
	for _, p := range []*int{&f.dropBefore, &f.dropAfter, &f.duplicate, &f.truncate, &f.corrupt, &f.bend, &f.page, &f.busy, &f.sticky} {
		if r.IntN(2) == 0 {
			*p = 5 + r.IntN(90)
		}
	}
	return f
}

// link is an http.RoundTripper from one device to whatever server is there. Everything that reaches the device goes
// through the tap.
type link struct {
	rnd    *rand.Rand
	faults faults
	server func() http.Handler // nil while the server is down
	tap    func(req *http.Request, contentType string, body []byte)
	down   int // exchanges that still fail
	counts map[string]int
}

func (l *link) chance(name string, perMille int) bool {
	if perMille == 0 || l.rnd.IntN(1000) >= perMille {
		return false
	}
	l.counts[name]++
	return true
}

func (l *link) RoundTrip(req *http.Request) (*http.Response, error) {
	if l.down > 0 {
		l.down--
		return nil, errLink
	}
	h := l.server()
	if h == nil || l.chance("drop-before", l.faults.dropBefore) {
		if h != nil && l.chance("sticky", 10*l.faults.sticky) {
			l.down = l.rnd.IntN(8)
		}
		return nil, errLink
	}
	var body []byte
	if req.Body != nil {
		var err error
		if body, err = io.ReadAll(req.Body); err != nil {
			return nil, err
		}
	}
	if l.chance("page", l.faults.page) {
		w := httptest.NewRecorder()
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, "<html>welcome to the airport</html>")
		return w.Result(), nil
	}
	if l.chance("busy", l.faults.busy) {
		w := httptest.NewRecorder()
		w.WriteHeader(http.StatusServiceUnavailable)
		return w.Result(), nil
	}
	if len(body) > 0 && l.chance("bend", l.faults.bend) {
		// Only what has a check sum of its own is bent: TLS guards the rest in life.
		if req.Header.Get("Content-Type") == wire.TypeOps {
			body = bytes.Clone(body)
			body[l.rnd.IntN(len(body))] ^= 1 << l.rnd.IntN(8)
		}
	}
	resp := l.serve(h, req, body)
	if l.chance("duplicate", l.faults.duplicate) {
		if h = l.server(); h != nil {
			resp = l.serve(h, req, body)
		}
	}
	answer, _ := io.ReadAll(resp.Body)
	resp.Body.Close()
	if l.tap != nil {
		l.tap(req, resp.Header.Get("Content-Type"), answer)
	}
	if l.chance("drop-after", l.faults.dropAfter) {
		return nil, errLink
	}
	var tail io.Reader = bytes.NewReader(nil)
	switch {
	case len(answer) > 0 && l.chance("truncate", l.faults.truncate):
		answer = answer[:l.rnd.IntN(len(answer))]
		tail = cutOff{}
	case len(answer) > 0 && guarded(resp) && l.chance("corrupt", l.faults.corrupt):
		answer = bytes.Clone(answer)
		for range 1 + l.rnd.IntN(3) {
			answer[l.rnd.IntN(len(answer))] ^= 1 << l.rnd.IntN(8)
		}
	}
	resp.Body = io.NopCloser(io.MultiReader(bytes.NewReader(answer), tail))
	return resp, nil
}

// guarded reports whether an answer carries the means to find turned bits.
func guarded(resp *http.Response) bool {
	return resp.Header.Get("Content-Digest") != "" || strings.HasPrefix(resp.Header.Get("Content-Type"), "application/vnd.kuaitu.")
}

func (l *link) serve(h http.Handler, req *http.Request, body []byte) *http.Response {
	r := httptest.NewRequestWithContext(req.Context(), req.Method, req.URL.RequestURI(), bytes.NewReader(body))
	r.Header = req.Header.Clone()
	r.RemoteAddr = "192.0.2.1:1"
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

type cutOff struct{}

func (cutOff) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
