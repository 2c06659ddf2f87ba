package mvt

// The commands of a geometry.
const (
	moveTo    = 1
	lineTo    = 2
	closePath = 7
)

// maxCoord is how far from the tile's corner a point may be: beyond it the sums that follow would not be exact.
const maxCoord = 1 << 26

// parts reads a geometry; ok is false when it breaks the rules. Parts that have shrunk to fewer different points than they need are left out.
func (d *layerDecoder) parts(kind Geometry, body []byte) (parts [][]int32, ok bool) {
	r := reader{b: body}
	start := len(d.coords)
	from := start // of the part being read
	d.ends = d.ends[:0]
	var x, y int64
	open := false // a part was begun
	point := func() bool {
		x += zigzag(r.varint())
		y += zigzag(r.varint())
		if r.bad || x < -maxCoord || x > maxCoord || y < -maxCoord || y > maxCoord {
			return false
		}
		n := len(d.coords)
		if kind == Points || n == from || d.coords[n-2] != int32(x) || d.coords[n-1] != int32(y) {
			d.coords = append(d.coords, int32(x), int32(y))
		}
		return true
	}
	end := func() {
		least := 4
		if kind == Points {
			least = 2
		}
		if kind == Polygons {
			least = 6
			if n := len(d.coords); n-from > 2 && d.coords[from] == d.coords[n-2] && d.coords[from+1] == d.coords[n-1] {
				d.coords = d.coords[:n-2]
			}
		}
		if len(d.coords)-from < least {
			d.coords = d.coords[:from]
		} else {
			d.ends = append(d.ends, len(d.coords))
		}
		from, open = len(d.coords), false
	}
	for r.more() {
		c := r.varint()
		command, count := c&7, c>>3
		if r.bad || command != closePath && (count == 0 || count > uint64(len(r.b))) {
			return nil, d.drop(start)
		}
		switch {
		case command == moveTo && kind == Points:
			for range count {
				if !point() {
					return nil, d.drop(start)
				}
			}
		case command == moveTo && count == 1 && !(kind == Polygons && open):
			if open {
				end()
			}
			if !point() {
				return nil, d.drop(start)
			}
			open = true
		case command == lineTo && open:
			for range count {
				if !point() {
					return nil, d.drop(start)
				}
			}
		case command == closePath && count == 1 && open && kind == Polygons:
			end()
		default:
			return nil, d.drop(start)
		}
	}
	if open && kind == Polygons {
		return nil, d.drop(start)
	}
	if open || kind == Points {
		end()
	}
	parts = make([][]int32, len(d.ends))
	for i, e := range d.ends {
		parts[i] = d.coords[start:e:e]
		start = e
	}
	return parts, true
}

// drop forgets the points of a broken feature.
func (d *layerDecoder) drop(start int) bool {
	d.coords = d.coords[:start]
	return false
}

func zigzag(u uint64) int64 { return int64(int32(uint32(u)>>1) ^ -int32(uint32(u)&1)) }

// maxNested bounds the rings that are looked at one against the other.
const maxNested = 256

// orient turns outer rings one way and holes the other. Which is which, version 2 says by direction: outer rings turn as the first does (that tolerates
// tiles that are mirrored as a whole). Version 1 said nothing: if all rings turn alike there, those that lie within an odd number of others are holes.
// Rings without area are left out.
func orient(rings [][]int32, version uint64) [][]int32 {
	out := rings[:0]
	areas := make([]int64, 0, len(rings))
	mixed := false
	for _, r := range rings {
		a := area2(r)
		if a == 0 {
			continue
		}
		out, areas = append(out, r), append(areas, a)
		mixed = mixed || (a > 0) != (areas[0] > 0)
	}
	nested := version == 1 && !mixed && len(out) > 1 && len(out) <= maxNested
	var first int64
	if len(areas) > 0 {
		first = areas[0]
	}
	holes := make([]bool, len(out))
	for i := range out {
		if !nested {
			holes[i] = (areas[i] > 0) != (first > 0)
			continue
		}
		for j := range out {
			if i != j && abs(areas[j]) > abs(areas[i]) && within(out[i], out[j]) {
				holes[i] = !holes[i]
			}
		}
	}
	for i, r := range out {
		if (areas[i] < 0) != holes[i] {
			reverse(r)
		}
	}
	return out
}

// area2 is twice the signed area of a ring: positive if it turns clockwise with y growing down.
func area2(r []int32) int64 {
	var sum int64
	x0, y0 := int64(r[0]), int64(r[1])
	var px, py int64
	for i := 2; i < len(r); i += 2 {
		x, y := int64(r[i])-x0, int64(r[i+1])-y0
		sum += px*y - x*py
		px, py = x, y
	}
	return sum
}

func abs(v int64) int64 {
	if v < 0 {
		return -v
	}
	return v
}

func reverse(r []int32) {
	for i, j := 0, len(r)-2; i < j; i, j = i+2, j-2 {
		r[i], r[i+1], r[j], r[j+1] = r[j], r[j+1], r[i], r[i+1]
	}
}

// within answers whether every point of a lies in the ring b or on it.
func within(a, b []int32) bool {
	for i := 0; i < len(a); i += 2 {
		if !holds(b, int64(a[i]), int64(a[i+1])) {
			return false
		}
	}
	return true
}

func holds(r []int32, x, y int64) bool {
	in := false
	n := len(r)
	px, py := int64(r[n-2]), int64(r[n-1])
	for i := 0; i < n; i += 2 {
		qx, qy := int64(r[i]), int64(r[i+1])
		cross := (qx-px)*(y-py) - (qy-py)*(x-px)
		if cross == 0 && min(px, qx) <= x && x <= max(px, qx) && min(py, qy) <= y && y <= max(py, qy) {
			return true
		}
		if (py > y) != (qy > y) && (cross > 0) == (qy > py) {
			in = !in
		}
		px, py = qx, qy
	}
	return in
}
