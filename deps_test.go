package kuaitu_test

// The modules that every part of the house may use are kept in go.mod by this list until each has its importer.
import (
	_ "github.com/google/uuid"
	_ "github.com/klauspost/compress/zstd"
	_ "github.com/mozillazg/go-pinyin"
	_ "github.com/paulmach/orb"
	_ "github.com/peterstace/simplefeatures/geom"
	_ "golang.org/x/image/font/opentype"
	_ "golang.org/x/sync/errgroup"
	_ "golang.org/x/text/encoding/simplifiedchinese"
	_ "modernc.org/sqlite"
	_ "pgregory.net/rapid"
)
