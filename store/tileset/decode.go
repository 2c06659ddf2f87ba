package tileset

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	_ "image/jpeg" // tile formats
	_ "image/png"
	"io"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	_ "golang.org/x/image/webp" // tile format
)

const (
	// MaxTileBytes bounds an encoded tile.
	MaxTileBytes   = 16 << 20
	maxVectorBytes = 64 << 20 // of a vector tile, decompressed
	maxTileSide    = 4096     // pixels
)

// Sniff names the format of an encoded tile by its first bytes: "png", "jpg", "webp", "pbf", or "" when it is none of them.
func Sniff(data []byte) string {
	switch {
	case bytes.HasPrefix(data, []byte("\x89PNG")):
		return "png"
	case bytes.HasPrefix(data, []byte("\xff\xd8\xff")):
		return "jpg"
	case len(data) >= 12 && string(data[:4]) == "RIFF" && string(data[8:12]) == "WEBP":
		return "webp"
	case isGzip(data), isZstd(data), bytes.HasPrefix(data, []byte("\x1a")): // or the first layer of a vector tile
		return "pbf"
	}
	return ""
}

func isGzip(data []byte) bool { return bytes.HasPrefix(data, []byte("\x1f\x8b")) }
func isZstd(data []byte) bool { return bytes.HasPrefix(data, []byte("\x28\xb5\x2f\xfd")) }

// DecodePicture turns an encoded tile into the form that is drawn fastest, with its upper left corner at 0,0. Errors wrap ErrBroken.
func DecodePicture(data []byte) (*image.RGBA, error) {
	if len(data) > MaxTileBytes {
		return nil, fmt.Errorf("%w: %d bytes", ErrBroken, len(data))
	}
	cfg, _, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBroken, err)
	}
	if cfg.Width < 1 || cfg.Height < 1 || cfg.Width > maxTileSide || cfg.Height > maxTileSide {
		return nil, fmt.Errorf("%w: %d×%d pixels", ErrBroken, cfg.Width, cfg.Height)
	}
	img, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBroken, err)
	}
	b := img.Bounds()
	if m, ok := img.(*image.RGBA); ok && b.Min == (image.Point{}) {
		return m, nil
	}
	out := image.NewRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
	if m, ok := img.(*image.Paletted); ok {
		fromPalette(out, m)
	} else {
		draw.Draw(out, out.Rect, img, b.Min, draw.Src)
	}
	return out, nil
}

// fromPalette is what draw.Draw does pixel by pixel through interfaces; most map tiles have a palette.
func fromPalette(dst *image.RGBA, src *image.Paletted) {
	var palette [256][4]uint8 // colours that are not there stay transparent
	for i, c := range src.Palette[:min(len(src.Palette), 256)] {
		p := color.RGBAModel.Convert(c).(color.RGBA)
		palette[i] = [4]uint8{p.R, p.G, p.B, p.A}
	}
	w, h := dst.Rect.Dx(), dst.Rect.Dy()
	for y := range h {
		from, to := src.Pix[y*src.Stride:][:w], dst.Pix[y*dst.Stride:][:4*w]
		for x, i := range from {
			copy(to[4*x:4*x+4], palette[i][:])
		}
	}
}

// PlainVector decompresses a vector tile (gzip, zstd, or neither) and sees that it is whole: the layers in it end where the tile ends. What
// is in the layers is the renderer's to judge. Errors wrap ErrBroken.
func PlainVector(data []byte) ([]byte, error) {
	if len(data) > MaxTileBytes {
		return nil, fmt.Errorf("%w: %d bytes", ErrBroken, len(data))
	}
	var err error
	switch {
	case isGzip(data):
		data, err = gunzip(data, maxVectorBytes)
	case isZstd(data):
		data, err = unzstd(data, maxVectorBytes)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBroken, err)
	}
	if !wholeMessage(data) {
		return nil, fmt.Errorf("%w: not a vector tile", ErrBroken)
	}
	return data, nil
}

// wholeMessage says whether data is a sequence of whole protocol buffer fields.
func wholeMessage(data []byte) bool {
	for len(data) > 0 {
		tag, n := binary.Uvarint(data)
		if n <= 0 || tag>>3 == 0 {
			return false
		}
		data = data[n:]
		size := uint64(0)
		switch tag & 7 {
		case 0:
			if _, n = binary.Uvarint(data); n <= 0 {
				return false
			}
			size = uint64(n)
		case 1:
			size = 8
		case 2:
			if size, n = binary.Uvarint(data); n <= 0 {
				return false
			}
			data = data[n:]
		case 5:
			size = 4
		default:
			return false
		}
		if size > uint64(len(data)) {
			return false
		}
		data = data[size:]
	}
	return true
}

var errTooLarge = errors.New("too large when decompressed")

var gzipReaders = sync.Pool{New: func() any { return new(gzip.Reader) }}

// gunzip decompresses all of data, up to limit bytes.
func gunzip(data []byte, limit int) ([]byte, error) {
	r := gzipReaders.Get().(*gzip.Reader)
	defer gzipReaders.Put(r)
	if err := r.Reset(bytes.NewReader(data)); err != nil {
		return nil, err
	}
	return readUpTo(r, 3*len(data), limit)
}

// unzstd decompresses all of data, up to limit bytes.
func unzstd(data []byte, limit int) ([]byte, error) {
	d, err := zstd.NewReader(bytes.NewReader(data), zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(uint64(limit)))
	if err != nil {
		return nil, err
	}
	defer d.Close()
	return readUpTo(d, 3*len(data), limit)
}

func readUpTo(r io.Reader, guess, limit int) ([]byte, error) {
	buf := bytes.NewBuffer(make([]byte, 0, min(guess, limit)+bytes.MinRead))
	n, err := buf.ReadFrom(io.LimitReader(r, int64(limit)+1))
	if err != nil {
		return nil, err
	}
	if n > int64(limit) {
		return nil, errTooLarge
	}
	return buf.Bytes(), nil
}
