package simtest

import (
	"encoding/binary"
	"math"

	"kuaitu/block"
)

// polygon writes a ring of 1e-7° integers as little-endian WKB.
func polygon(ring [][2]int64) block.WKB {
	b := binary.LittleEndian.AppendUint32([]byte{1}, 3)
	b = binary.LittleEndian.AppendUint32(b, 1)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(ring)))
	for _, p := range ring {
		b = appendCoord(b, p)
	}
	return b
}

// point writes one position of 1e-7° integers.
func point(p [2]int64) block.WKB {
	return appendCoord(binary.LittleEndian.AppendUint32([]byte{1}, 1), p)
}

func appendCoord(b []byte, p [2]int64) []byte {
	for _, c := range p {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(float64(c)/1e7))
	}
	return b
}
