package simtest

import (
	"context"
	"net/http"
	"testing"

	"kuaitu/block"
	"kuaitu/sync/wire"
)

// A cache in front of the server that asks before it answers gives nobody what the server would not.
func TestCacheAsksFirst(t *testing.T) {
	w := newTown(t, set, 2)
	d := w.enrol(t, set, w.streets[0], "desk")
	e, _, err := d.Enrolment(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	own, other := block.Stream{Region: w.streets[0], Class: block.Work}, block.Stream{Region: w.streets[1], Class: block.Work}
	sensitive := block.Stream{Region: w.grids[0], Class: block.Sensitive}
	for _, c := range []struct {
		path, token string
		want        int
	}{
		{wire.SegmentPath(own, 1, 2), e.Token, http.StatusNoContent},
		{wire.ChangesPath(own, 1, 2, e.Epoch), e.Token, http.StatusNoContent},
		{wire.ChunkPath(own, wire.Digest{}), e.Token, http.StatusNoContent},
		{wire.SegmentPath(other, 1, 2), e.Token, http.StatusForbidden},
		{wire.ChunkPath(sensitive, wire.Digest{}), e.Token, http.StatusForbidden},
		{wire.SegmentPath(own, 1, 2), "", http.StatusUnauthorized},
		{wire.SegmentPath(own, 1, 2), "kt1_other", http.StatusUnauthorized},
		{wire.SnapshotPath(own, 2), e.Token, http.StatusBadRequest}, // is not immutable
		{"/v1/streams/../" + wire.SegmentPath(own, 1, 2), e.Token, http.StatusBadRequest},
		{"", e.Token, http.StatusBadRequest},
	} {
		req, err := http.NewRequest(http.MethodGet, w.http.URL+wire.PathMay, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set(wire.HeaderOriginal, c.path)
		if c.token != "" {
			req.Header.Set("Authorization", "Bearer "+c.token)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != c.want {
			t.Errorf("may %q: %d, want %d", c.path, resp.StatusCode, c.want)
		}
	}
}
