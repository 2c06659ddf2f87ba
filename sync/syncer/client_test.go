package syncer

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"kuaitu/block"
	"kuaitu/block/schema"
	"kuaitu/sync/syncer/replicatest"
	"kuaitu/sync/wire"
)

// handlerTransport answers requests from a handler without a socket.
type handlerTransport struct{ h http.Handler }

func (t handlerTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	w := httptest.NewRecorder()
	t.h.ServeHTTP(w, r)
	return w.Result(), nil
}

// worker returns a Worker over an enrolled in-memory replica whose server is h.
func worker(t *testing.T, h http.HandlerFunc) (*Worker, *replicatest.Mem) {
	t.Helper()
	m := replicatest.NewMem(schema.Builtin())
	if err := m.SetEnrolment(context.Background(), block.Enrolment{Server: "http://city.test", Token: "t0ken", Device: block.ID{1}, Region: city.Region}); err != nil {
		t.Fatal(err)
	}
	w := &Worker{Replica: m, Set: m.Set, HTTP: &http.Client{
		Transport:     handlerTransport{h},
		CheckRedirect: NewHTTPClient().CheckRedirect,
	}}
	if ev := w.Perform(t.Context(), Load{}).(Loaded); !ev.OK() || !ev.Enrolled {
		t.Fatalf("load = %+v", ev)
	}
	return w, m
}

func TestAnswersThatAreNotTheServers(t *testing.T) {
	page := func(status int) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			w.Header().Set("Location", "http://portal.test/")
			w.WriteHeader(status)
			_, _ = io.WriteString(w, "<html>please log in</html>")
		}
	}
	refusal := func(status int, code string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			wire.WriteError(w, &wire.Error{Status: status, Code: code, Message: "no", Retry: 7})
		}
	}
	json := func(body string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", wire.TypeJSON)
			sum := sha256.Sum256([]byte(body))
			w.Header().Set("Content-Digest", "sha-256=:"+base64.StdEncoding.EncodeToString(sum[:])+":")
			_, _ = io.WriteString(w, strings.ReplaceAll(body, "FLIP", "FLOP"))
		}
	}
	for name, c := range map[string]struct {
		h    http.HandlerFunc
		want Reason
	}{
		"a page with 200":       {page(200), BadAnswer},
		"a page with 302":       {page(302), BadAnswer},
		"a page with 401":       {page(401), BadAnswer},
		"a page with 404":       {page(404), BadAnswer},
		"a page with 502":       {page(502), ServerError},
		"no JSON":               {json("hello"), BadAnswer},
		"JSON of another kind":  {json(`{"epoch": 7}`), BadAnswer},
		"JSON changed on route": {json(`{"epoch":"00000000000000000000000000000000","post":"FLIP"}`), BadAnswer},
		"busy":                  {refusal(429, wire.CodeBusy), ServerError},
		"stopping":              {refusal(503, wire.CodeUnavailable), ServerError},
		"internal":              {refusal(500, wire.CodeInternal), ServerError},
		"a code of tomorrow":    {refusal(503, "resting"), ServerError},
		"revoked":               {refusal(401, wire.CodeUnknown), Revoked},
		"out of scope":          {refusal(403, wire.CodeOutOfScope), Refused},
		"cloned":                {refusal(409, wire.CodeCloned), Cloned},
		"protocol":              {refusal(426, wire.CodeProtocol), Upgrade},
	} {
		t.Run(name, func(t *testing.T) {
			w, _ := worker(t, c.h)
			ev := w.Perform(t.Context(), Greet{}).(Greeted)
			if ev.Reason != c.want {
				t.Errorf("reason = %q, want %q", ev.Reason, c.want)
			}
			if name == "busy" && ev.RetryAfter != 7*time.Second {
				t.Errorf("RetryAfter = %s, want 7s", ev.RetryAfter)
			}
		})
	}
}

func TestRequestCarriesTheToken(t *testing.T) {
	var got string
	w, _ := worker(t, func(w http.ResponseWriter, r *http.Request) {
		got = r.Header.Get("Authorization")
		wire.WriteJSON(w, 200, wire.HelloResponse{})
	})
	w.Perform(t.Context(), Greet{})
	if got != "Bearer t0ken" {
		t.Errorf("Authorization = %q", got)
	}
}

func frame(t *testing.T, h wire.FrameHeader) []byte {
	t.Helper()
	b, err := wire.EncodeFrame(schema.Builtin(), h, nil)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestSegmentMustBeWhatWasAskedFor(t *testing.T) {
	job := Job{Kind: SegmentJob, Epoch: epoch1, Stream: city, After: 3, Upto: 9}
	for name, c := range map[string]struct {
		header wire.FrameHeader
		etag   string
		want   Reason
	}{
		"as asked":          {wire.FrameHeader{Stream: city, From: 3, Upto: 9}, "", ""},
		"shorter":           {wire.FrameHeader{Stream: city, From: 3, Upto: 5}, "", ""},
		"another stream":    {wire.FrameHeader{Stream: grid, From: 3, Upto: 9}, "", BadAnswer},
		"another beginning": {wire.FrameHeader{Stream: city, From: 2, Upto: 9}, "", BadAnswer},
		"too far":           {wire.FrameHeader{Stream: city, From: 3, Upto: 10}, "", BadAnswer},
		"another digest":    {wire.FrameHeader{Stream: city, From: 3, Upto: 9}, wire.DigestOf(nil).String(), BadAnswer},
	} {
		t.Run(name, func(t *testing.T) {
			body := frame(t, c.header)
			asked := 0
			w, m := worker(t, func(w http.ResponseWriter, r *http.Request) {
				asked++
				w.Header().Set("Content-Type", wire.TypeFrame)
				w.Header().Set("ETag", `"`+wire.DigestOf(body).String()+`"`)
				if c.etag != "" {
					w.Header().Set("ETag", `"`+c.etag+`"`)
				}
				_, _ = w.Write(body)
			})
			ev := w.Perform(t.Context(), Fetch{Job: job}).(Fetched)
			if ev.Reason != c.want {
				t.Fatalf("reason = %q, want %q", ev.Reason, c.want)
			}
			_, staged, _ := m.Staged(t.Context(), stageKey(job))
			if staged != (c.want == "") {
				t.Errorf("staged = %v", staged)
			}
			if c.want == "" {
				// After a kill the same object is found where it was staged.
				again := w.Perform(t.Context(), Fetch{Job: job}).(Fetched)
				if !again.Local || again.Seq != c.header.Upto || asked != 1 {
					t.Errorf("second fetch = %+v after %d requests", again, asked)
				}
			}
		})
	}
}

// A chunk cut off in the middle goes on where it stopped, and only the right bytes are staged.
func TestChunkResumes(t *testing.T) {
	body := bytes.Repeat([]byte("0123456789"), 1000)
	job := Job{Kind: ChunkJob, Stream: city, Sum: wire.DigestOf(body), Size: int64(len(body))}
	var ranges []string
	w, m := worker(t, func(w http.ResponseWriter, r *http.Request) {
		ranges = append(ranges, r.Header.Get("Range"))
		w.Header().Set("Content-Type", wire.TypeFrame)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
	})
	cut := true
	inner := w.client.http.Transport
	w.client.http.Transport = transportFunc(func(r *http.Request) (*http.Response, error) {
		resp, err := inner.RoundTrip(r)
		if err == nil && cut {
			resp.Body = io.NopCloser(io.MultiReader(io.LimitReader(resp.Body, 4321), failing{}))
		}
		return resp, err
	})
	if ev := w.Perform(t.Context(), Fetch{Job: job}).(Fetched); ev.Reason != Unreachable || ev.In != 4321 {
		t.Fatalf("cut fetch = %+v", ev)
	}
	cut = false
	if ev := w.Perform(t.Context(), Fetch{Job: job, Attempt: 1}).(Fetched); !ev.OK() || ev.In != int64(len(body)-4321) {
		t.Fatalf("resumed fetch = %+v", ev)
	}
	if got, _, _ := m.Staged(t.Context(), stageKey(job)); !bytes.Equal(got, body) {
		t.Error("the staged chunk is not the server's")
	}
	if len(ranges) != 2 || ranges[0] != "" || ranges[1] != "bytes=4321-" {
		t.Errorf("ranges asked = %q", ranges)
	}
}

func TestChunkOfOtherBytesIsRefused(t *testing.T) {
	body := []byte("not what was listed")
	w, m := worker(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", wire.TypeFrame)
		_, _ = w.Write(body)
	})
	job := Job{Kind: ChunkJob, Stream: city, Sum: wire.DigestOf([]byte("what was listed....")), Size: int64(len(body))}
	if ev := w.Perform(t.Context(), Fetch{Job: job}).(Fetched); ev.Reason != BadAnswer {
		t.Errorf("reason = %q", ev.Reason)
	}
	job.Size = 3
	if ev := w.Perform(t.Context(), Fetch{Job: job}).(Fetched); ev.Reason != BadAnswer || ev.In > 4 {
		t.Errorf("a longer body than listed: %+v", ev)
	}
	if _, staged, _ := m.Staged(t.Context(), stageKey(job)); staged {
		t.Error("it was staged")
	}
}

type transportFunc func(*http.Request) (*http.Response, error)

func (f transportFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestServerURL(t *testing.T) {
	for in, want := range map[string]string{
		"https://city.test/":         "https://city.test",
		" http://127.0.0.1:8443 ":    "http://127.0.0.1:8443",
		"https://city.test/kuaitu//": "https://city.test/kuaitu",
	} {
		if got, err := ServerURL(in); err != nil || got != want {
			t.Errorf("ServerURL(%q) = %q, %v, want %q", in, got, err, want)
		}
	}
	for _, in := range []string{"", "city.test", "ftp://city.test", "https://", "https://a:b@city.test", "https://city.test/?x=1", "https://city.test/#x", "http://[::1"} {
		if got, err := ServerURL(in); !errors.Is(err, block.ErrInvalid) {
			t.Errorf("ServerURL(%q) = %q, %v, want ErrInvalid", in, got, err)
		}
	}
}

func TestEnrol(t *testing.T) {
	m := replicatest.NewMem(schema.Builtin())
	var devices []block.ID
	lose := true
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var q wire.EnrolRequest
		if err := wire.ReadJSON(r.Body, wire.MaxJSONBody, &q); err != nil {
			t.Error(err)
		}
		devices = append(devices, q.Device)
		wire.WriteJSON(w, 200, wire.EnrolResponse{
			Device: q.Device, Token: "t", Region: city.Region, RegionCode: "440300", Post: "desk", Epoch: epoch1,
			Classes: wire.ClassesOf(block.ClassSet(0).With(block.Public)), Meta: wire.Meta{NameZH: "样城"},
		})
	})
	e := Enrolling{Replica: m, HTTP: &http.Client{Transport: transportFunc(func(r *http.Request) (*http.Response, error) {
		resp, err := handlerTransport{h}.RoundTrip(r)
		if lose {
			return nil, io.ErrUnexpectedEOF
		}
		return resp, err
	})}}
	if _, _, err := Enrol(t.Context(), e, "https://city.test", "code", "desk 1"); !errors.Is(err, block.ErrUnavailable) {
		t.Fatalf("a lost answer gives %v, want ErrUnavailable", err)
	}
	lose = false
	got, meta, err := Enrol(t.Context(), e, "https://city.test/", "code", "desk 1")
	if err != nil || got.Server != "https://city.test" || got.Token != "t" || meta.NameZH != "样城" || !got.Classes.Has(block.Public) {
		t.Fatalf("Enrol = %+v, %+v, %v", got, meta, err)
	}
	if len(devices) != 2 || devices[0] != devices[1] || devices[0].IsZero() {
		t.Errorf("devices named %v: the second try must be by the same device", devices)
	}
	if _, _, err := Enrol(t.Context(), e, "https://city.test", "code", ""); !errors.Is(err, block.ErrConflict) {
		t.Errorf("enrolling twice gives %v, want ErrConflict", err)
	}
}
