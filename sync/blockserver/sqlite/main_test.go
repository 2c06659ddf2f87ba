package sqlite_test

import (
	"encoding/json"
	"os"
	"testing"

	"kuaitu/sync/wire"
)

// TestMain has encoding/json learn the wire's types before tests run side by side. SQLite is built without the race
// detector's instrumentation, which would slow it down 66 times; in such a program the detector loses sight of what guards
// the cache of types, and reports its first use by two goroutines as a race of encoding/json's own.
func TestMain(m *testing.M) {
	for _, v := range []any{
		&wire.EnrolRequest{}, &wire.EnrolResponse{}, &wire.HelloRequest{}, &wire.HelloResponse{}, &wire.Manifest{}, &wire.OpsResponse{},
		&wire.ProofRequest{}, &wire.ProofResponse{}, &wire.LeavesRequest{}, &wire.RowsRequest{}, &wire.Error{}, &wire.Meta{},
	} {
		if b, err := json.Marshal(v); err == nil { // an empty message may be refused: its type is known then all the same
			_ = json.Unmarshal(b, v)
		}
	}
	os.Exit(m.Run())
}
