package console

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"kuaitu/store"
)

// shenzhen makes a store of the real city, or skips.
func shenzhen(tb testing.TB) (*store.Store, string) {
	tb.Helper()
	pack := os.Getenv("KUAITU_DATA")
	if pack == "" {
		pack = filepath.Join("..", "..", "..", "..", "shared", "data")
	}
	if _, err := os.Stat(pack); err != nil {
		if os.Getenv("KUAITU_DATA_REQUIRED") == "1" {
			tb.Fatalf("real data is required: %v", err)
		}
		tb.Skip("no real data here (KUAITU_DATA)")
	}
	path := filepath.Join(tb.TempDir(), "city.gpkg")
	if _, err := InitStore(context.Background(), path, pack, true, func(string, ...any) {}); err != nil {
		tb.Fatal(err)
	}
	st, err := store.Open(context.Background(), path, store.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := st.Close(); err != nil {
			tb.Error(err)
		}
	})
	return st, pack
}

// BenchmarkPicture makes the picture of a street for a brief, from the store to the finished pixels.
func BenchmarkPicture(b *testing.B) {
	st, pack := shenzhen(b)
	for name, r := range map[string]PictureRequest{
		"street/1080p": {Pack: pack, RegionCode: "440304004000", Watermark: "仅供内部使用", WidthPx: 1920, HeightPx: 1080},
		"street/print": {Pack: pack, RegionCode: "440304004000", Watermark: "仅供内部使用", WidthPx: 3840, HeightPx: 2160, Ratio: 2},
		"city/1080p":   {Pack: pack, RegionCode: "440300000000", WidthPx: 1920, HeightPx: 1080},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Picture(b.Context(), st, r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
