package syncer

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"kuaitu/block"
	"kuaitu/sync/wire"
)

// Time limits of the network.
const (
	connectTimeout = 10 * time.Second
	headerTimeout  = 60 * time.Second // a snapshot is made while we wait
	stallTimeout   = 30 * time.Second // without one byte of a body
)

// maxTallies bounds the answer to a proof: about 100 bytes a key.
const maxTallies = 64 << 20

// NewHTTPClient returns the HTTP client of a syncer: time limits for connecting and for the header of an answer, no
// redirects (they are how captive portals answer) and no compression beside the wire's own.
func NewHTTPClient() *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			Proxy:                 http.ProxyFromEnvironment,
			DialContext:           (&net.Dialer{Timeout: connectTimeout, KeepAlive: 30 * time.Second}).DialContext,
			TLSHandshakeTimeout:   connectTimeout,
			ResponseHeaderTimeout: headerTimeout,
			IdleConnTimeout:       2 * time.Minute,
			MaxIdleConnsPerHost:   8,
			ForceAttemptHTTP2:     true,
			DisableCompression:    true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// ServerURL checks what a person typed as the server's address and returns it in one form: http or https, a host, no
// user, query or fragment, no slash at the end. Anything else is ErrInvalid.
func ServerURL(text string) (string, error) {
	u, err := url.Parse(strings.TrimSpace(text))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return "", fmt.Errorf("server address is not like https://host: %w", block.ErrInvalid)
	}
	return strings.TrimRight(u.String(), "/"), nil
}

// client speaks the wire's requests to one server.
type client struct {
	http   *http.Client
	server string
	token  string
}

// request is one exchange.
type request struct {
	method, path string
	body         []byte
	bodyType     string
	want         string // content type of the answer
	limit        int64  // bytes of the answer
	from         int64  // > 0: only from this byte on
}

// answer is what came; body holds what arrived even when the answer was cut off.
type answer struct {
	Traffic
	body    []byte
	digest  string // of the ETag, when there was one
	partial bool   // body begins at request.from
}

// do performs one exchange. The Fault names why it did not work; answer.body may hold the beginning all the same.
func (c client) do(ctx context.Context, q request) (answer, Fault) {
	var a answer
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, q.method, c.server+q.path, bytes.NewReader(q.body))
	if err != nil {
		return a, Fault{Reason: BadAnswer} // an enrolment with an address we would not have accepted
	}
	req.Header.Set("User-Agent", "kuaitu")
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	if q.bodyType != "" {
		req.Header.Set("Content-Type", q.bodyType)
	}
	if q.from > 0 {
		req.Header.Set("Range", "bytes="+strconv.FormatInt(q.from, 10)+"-")
	}
	a.Out = int64(len(q.body))
	resp, err := c.http.Do(req)
	if err != nil {
		return a, Fault{Reason: Unreachable}
	}
	defer resp.Body.Close()
	switch {
	case resp.StatusCode == http.StatusOK:
	case resp.StatusCode == http.StatusPartialContent && q.from > 0 && rangeStart(resp.Header.Get("Content-Range")) == q.from:
		a.partial = true
	case resp.StatusCode < http.StatusBadRequest: // a redirect, or a range that was not asked for
		return a, Fault{Reason: BadAnswer}
	default:
		return a, faultOf(wire.ReadError(resp))
	}
	if t, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type")); t != q.want {
		return a, Fault{Reason: BadAnswer}
	}
	a.digest = strings.Trim(resp.Header.Get("ETag"), `"`)
	stall := time.AfterFunc(stallTimeout, cancel)
	defer stall.Stop()
	body := &watched{r: io.LimitReader(resp.Body, q.limit+1), alive: func() { stall.Reset(stallTimeout) }}
	a.body, err = io.ReadAll(body)
	a.In = int64(len(a.body))
	switch {
	case err != nil:
		return a, Fault{Reason: Unreachable}
	case a.In > q.limit || !intact(resp.Header.Get("Content-Digest"), a.body):
		return a, Fault{Reason: BadAnswer}
	}
	return a, Fault{}
}

// intact checks a body against a Content-Digest header (RFC 9530), where the server sent one. It finds what a proxy or a
// bad link changed in control messages, which have no digest of their own. Ranges are part of a digest-named object.
func intact(header string, body []byte) bool {
	rest, ok := strings.CutPrefix(header, "sha-256=:")
	if !ok {
		return true
	}
	text, _, _ := strings.Cut(rest, ":")
	want, err := base64.StdEncoding.DecodeString(text)
	sum := sha256.Sum256(body)
	return err == nil && bytes.Equal(want, sum[:])
}

// watched reports every read that brought something.
type watched struct {
	r     io.Reader
	alive func()
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.r.Read(p)
	if n > 0 {
		w.alive()
	}
	return n, err
}

// rangeStart returns the first position of "bytes A-B/N", -1 when there is none.
func rangeStart(header string) int64 {
	rest, ok := strings.CutPrefix(header, "bytes ")
	if !ok {
		return -1
	}
	first, _, _ := strings.Cut(rest, "-")
	n, err := strconv.ParseInt(first, 10, 64)
	if err != nil {
		return -1
	}
	return n
}

// json exchanges JSON documents. into is filled only when there is no fault.
func (c client) json(ctx context.Context, path string, in, into any, limit int64) (Traffic, Fault) {
	body, err := json.Marshal(in)
	if err != nil {
		panic(fmt.Sprintf("syncer: %T: %v", in, err)) // the wire's own message types
	}
	a, fault := c.do(ctx, request{method: http.MethodPost, path: path, body: body, bodyType: wire.TypeJSON, want: wire.TypeJSON, limit: limit})
	if fault.OK() && wire.ReadJSON(bytes.NewReader(a.body), limit, into) != nil {
		fault = Fault{Reason: BadAnswer}
	}
	return a.Traffic, fault
}

// faultOf turns a refusal into a reason. Codes that are not the protocol's go by the status, and a proxy's page is
// never taken for the server's word.
func faultOf(e *wire.Error) Fault {
	f := Fault{Reason: BadAnswer, RetryAfter: min(time.Duration(e.Retry)*time.Second, backoffMax)}
	switch e.Code {
	case wire.CodeUnknown:
		f.Reason = Revoked
	case wire.CodeRefused, wire.CodeOutOfScope:
		f.Reason = Refused
	case wire.CodeNotFound, wire.CodePruned:
		f.Reason = Gone
	case wire.CodeMoved:
		f.Reason = Moved
	case wire.CodeCloned:
		f.Reason = Cloned
	case wire.CodeCounterGap:
		f.Reason = Gap
	case wire.CodeInvalid, wire.CodeTooLarge:
		f.Reason = Poisoned
	case wire.CodeProtocol:
		f.Reason = Upgrade
	default:
		if errors.Is(e, block.ErrUnavailable) {
			f.Reason = ServerError
		}
	}
	return f
}
