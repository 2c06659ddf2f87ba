package mapview

import (
	"encoding/binary"
	"math"
)

// plane is one array as a cache file has it: count elements of width bytes. put and get move elements lo…hi; alloc makes room before get.
type plane struct {
	count, width int
	put          func(dst []byte, lo, hi int)
	alloc        func(n int)
	get          func(src []byte, lo, hi int)
}

// planeOf is the plane of an array whose elements put and get move one by one.
func planeOf[T any](s *[]T, width int, put func([]byte, T), get func([]byte) T) plane {
	return plane{len(*s), width,
		func(dst []byte, lo, hi int) {
			for i, v := range (*s)[lo:hi] {
				put(dst[width*i:width*i+width], v)
			}
		},
		func(n int) { *s = make([]T, n) },
		func(src []byte, lo, hi int) {
			to := (*s)[lo:hi]
			for i := range to {
				to[i] = get(src[width*i : width*i+width])
			}
		}}
}

func plane8[T ~uint8](s *[]T) plane {
	return planeOf(s, 1, func(b []byte, v T) { b[0] = byte(v) }, func(b []byte) T { return T(b[0]) })
}

// plane32 is for the largest arrays.
func plane32(s *[]uint32) plane {
	return plane{len(*s), 4,
		func(dst []byte, lo, hi int) {
			for i, v := range (*s)[lo:hi] {
				binary.LittleEndian.PutUint32(dst[4*i:], v)
			}
		},
		func(n int) { *s = make([]uint32, n) },
		func(src []byte, lo, hi int) {
			to := (*s)[lo:hi]
			src = src[:4*len(to)]
			for i := range to {
				to[i] = binary.LittleEndian.Uint32(src[4*i:])
			}
		}}
}

func putBox(b []byte, v box) {
	binary.LittleEndian.PutUint32(b, v.minX)
	binary.LittleEndian.PutUint32(b[4:], v.minY)
	binary.LittleEndian.PutUint32(b[8:], v.maxX)
	binary.LittleEndian.PutUint32(b[12:], v.maxY)
}

func getBox(b []byte) box {
	return box{binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[4:]), binary.LittleEndian.Uint32(b[8:]), binary.LittleEndian.Uint32(b[12:])}
}

func putFloat(b []byte, v float64) { binary.LittleEndian.PutUint64(b, math.Float64bits(v)) }

func getFloat(b []byte) float64 { return math.Float64frombits(binary.LittleEndian.Uint64(b)) }
