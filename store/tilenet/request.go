package tilenet

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"kuaitu/store/tileset"
)

const (
	userAgent = "Kuaitu/1 (desktop map console)"

	minFresh      = time.Hour
	maxFresh      = 30 * 24 * time.Hour
	usualFresh    = 7 * 24 * time.Hour
	noneFresh     = 6 * time.Hour   // how long a tile that does not exist is not asked for again
	maxRetryAfter = 2 * time.Minute // a server may not send us away for longer
)

// outcome is how a request ended.
type outcome int

const (
	gotTile   outcome = iota
	unchanged         // what we have is still good
	noTile            // the server answered that there is none
	refused           // the server answered, and not with a tile; asking again does not help
	failed            // no answer, or one that may be better next time
)

// reply is the end of a request.
type reply struct {
	outcome outcome
	tile    tileset.CachedTile // of gotTile and unchanged; of noTile only its times
	opened  opened             // of gotTile and unchanged
	err     error              // of refused and failed, in plain words and without the address
	wait    time.Duration      // of failed: what the server asked for
}

// opened is a tile that was seen to be whole.
type opened struct {
	picture *image.RGBA // of a source of pictures
	vector  []byte      // of a source of vector tiles, decompressed
}

// newClient makes the client of one source. The proxy is that of the environment.
func newClient(c Config, limit int) *http.Client {
	return &http.Client{
		Timeout: c.timeout(),
		Transport: &http.Transport{
			Proxy:                  http.ProxyFromEnvironment,
			DialContext:            (&net.Dialer{Timeout: min(5*time.Second, c.timeout()), KeepAlive: 30 * time.Second}).DialContext,
			TLSHandshakeTimeout:    5 * time.Second,
			ForceAttemptHTTP2:      true,
			MaxConnsPerHost:        limit,
			MaxIdleConnsPerHost:    limit,
			IdleConnTimeout:        60 * time.Second,
			MaxResponseHeaderBytes: 64 << 10,
		},
	}
}

// get asks for an address and reads the whole answer, at most limit bytes. The error never holds the address.
func get(ctx context.Context, client *http.Client, c Config, address string, header http.Header, limit int64) (*http.Response, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, nil, errors.New("the address is no URL")
	}
	for k, v := range header {
		req.Header[k] = v
	}
	req.Header.Set("User-Agent", userAgent)
	if c.Referer != "" {
		req.Header.Set("Referer", c.Referer)
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, nil, plainError(err, c)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	switch {
	case err != nil:
		return resp, nil, fmt.Errorf("the answer broke off: %w", plainError(err, c))
	case int64(len(body)) > limit:
		return resp, nil, fmt.Errorf("an answer of more than %d bytes", limit)
	}
	return resp, body, nil
}

// plainError says why a request failed; net/http's error would hold the address, and with it the key.
func plainError(err error, c Config) error {
	var u *url.Error
	if errors.As(err, &u) {
		if u.Timeout() {
			return fmt.Errorf("no answer within %v", c.timeout())
		}
		err = u.Err
	}
	if c.Key != "" && strings.Contains(err.Error(), c.Key) {
		return errors.New("the request failed")
	}
	return err
}

// ask asks for a tile once. was is what we have, to learn whether it changed.
func (f *fetcher) ask(ctx context.Context, k gridKey, was tileset.CachedTile) reply {
	h := http.Header{"Accept": {"image/webp,image/png,image/jpeg,*/*;q=0.5"}}
	if f.info.Vector() {
		h.Set("Accept", "application/vnd.mapbox-vector-tile,application/x-protobuf,*/*;q=0.5")
	}
	if len(was.Data) > 0 {
		if was.ETag != "" {
			h.Set("If-None-Match", was.ETag)
		}
		if was.Modified != "" {
			h.Set("If-Modified-Since", was.Modified)
		}
	}
	resp, body, err := get(ctx, f.client, f.config, f.address.url(k), h, tileset.MaxTileBytes)
	if err != nil {
		return reply{outcome: failed, err: err}
	}
	now := f.now()
	fresh := now.Add(freshFor(resp.Header, f.config, now))
	switch s := resp.StatusCode; {
	case s == http.StatusNotModified && len(was.Data) > 0:
		o, err := f.open(was.Data)
		if err != nil {
			return reply{outcome: failed, err: fmt.Errorf("what is kept: %w", err)}
		}
		return reply{outcome: unchanged, opened: o, tile: tileset.CachedTile{Data: was.Data, Fetched: now, FreshUntil: fresh}}
	case s == http.StatusNotFound, s == http.StatusGone, s == http.StatusNoContent, s == http.StatusOK && len(body) == 0:
		return reply{outcome: noTile, tile: tileset.CachedTile{Fetched: now, FreshUntil: now.Add(noneFresh)}}
	case s == http.StatusOK:
		o, err := f.open(body)
		if err != nil {
			return reply{outcome: failed, err: notATile(resp, body)}
		}
		return reply{outcome: gotTile, opened: o, tile: tileset.CachedTile{
			Data: body, ETag: resp.Header.Get("ETag"), Modified: resp.Header.Get("Last-Modified"), Fetched: now, FreshUntil: fresh}}
	case s == http.StatusTooManyRequests, s == http.StatusRequestTimeout, s >= 500:
		return reply{outcome: failed, err: statusError(resp, body), wait: retryAfter(resp.Header, now)}
	default:
		return reply{outcome: refused, err: statusError(resp, body)}
	}
}

func statusError(resp *http.Response, body []byte) error {
	err := fmt.Errorf("the server answers %d %s", resp.StatusCode, http.StatusText(resp.StatusCode))
	if said := message(body); said != "" {
		err = fmt.Errorf("%w: %s", err, said)
	}
	return err
}

// notATile says what came instead of a tile: a login page of the network, a service's complaint, a picture that breaks off.
func notATile(resp *http.Response, body []byte) error {
	kind, _, _ := strings.Cut(resp.Header.Get("Content-Type"), ";")
	if said := message(body); said != "" {
		return fmt.Errorf("the server answers %s instead of a tile: %s", kind, said)
	}
	return fmt.Errorf("the server answers a broken tile of %d bytes (%s)", len(body), kind)
}

// message is what a body says to people, cut short: a JSON msg or message, the title of a page, or plain text.
func message(body []byte) string {
	var doc struct {
		Msg     string `json:"msg"`
		Message string `json:"message"`
	}
	body = body[:min(len(body), 4096)]
	text := ""
	switch trimmed := bytes.TrimSpace(body); {
	case json.Unmarshal(trimmed, &doc) == nil:
		text = doc.Msg + doc.Message
	case bytes.HasPrefix(trimmed, []byte("<")):
		low := strings.ToLower(string(trimmed))
		if i := strings.Index(low, "<title>"); i >= 0 && len(low) == len(trimmed) {
			text, _, _ = strings.Cut(string(trimmed[i+7:]), "<")
		} else {
			text = tileset.PlainText(string(trimmed))
		}
	default:
		text = string(trimmed)
	}
	text = strings.Join(strings.Fields(text), " ")
	for _, r := range text {
		if r < ' ' || r == '\uFFFD' {
			return "" // bytes, not text
		}
	}
	if r := []rune(text); len(r) > 120 {
		text = string(r[:120]) + "…"
	}
	return text
}

// freshFor is how long a tile need not be asked for again: what is declared, else what the server says, within limits.
func freshFor(h http.Header, c Config, now time.Time) time.Duration {
	if c.MaxAgeHours > 0 {
		return time.Duration(c.MaxAgeHours) * time.Hour
	}
	for d := range strings.SplitSeq(h.Get("Cache-Control"), ",") {
		name, value, _ := strings.Cut(strings.ToLower(strings.TrimSpace(d)), "=")
		switch name {
		case "no-cache", "no-store":
			return minFresh
		case "max-age":
			if s, err := strconv.ParseInt(strings.Trim(value, `"`), 10, 64); err == nil {
				return min(max(time.Duration(min(max(s, 0), 1<<31))*time.Second, minFresh), maxFresh)
			}
		}
	}
	if t, err := http.ParseTime(h.Get("Expires")); err == nil {
		return min(max(t.Sub(now), minFresh), maxFresh)
	}
	return usualFresh
}

// retryAfter is how long the server asks us to stay away.
func retryAfter(h http.Header, now time.Time) time.Duration {
	v := h.Get("Retry-After")
	if s, err := strconv.ParseInt(v, 10, 64); err == nil {
		return min(max(time.Duration(min(max(s, 0), 1<<31))*time.Second, 0), maxRetryAfter)
	}
	if t, err := http.ParseTime(v); err == nil {
		return min(max(t.Sub(now), 0), maxRetryAfter)
	}
	return 0
}
