package demo

import "slices"

// Shapes are outlines around the origin, anticlockwise, in metres. Measures that may come as products are converted
// first, which keeps them from being fused into the sums (see vec); halves need no care, they are exact.

func rect(w, h float64) []vec {
	return []vec{{-w / 2, -h / 2}, {w / 2, -h / 2}, {w / 2, h / 2}, {-w / 2, h / 2}}
}

// slab is a row of flats with a stair for every unit on its north side.
func slab(units int, unit, depth float64) []vec {
	w := float64(float64(units) * unit)
	out := []vec{{-w / 2, -depth / 2}, {w / 2, -depth / 2}, {w / 2, depth / 2}}
	for i := units - 1; i >= 0; i-- {
		x := -w/2 + float64((float64(i)+0.5)*unit)
		out = append(out, vec{x + 2.4, depth / 2}, vec{x + 2.4, depth/2 + 1.6}, vec{x - 2.4, depth/2 + 1.6}, vec{x - 2.4, depth / 2})
	}
	return append(out, vec{-w / 2, depth / 2})
}

func ell(w, h, t float64) []vec {
	t = float64(t)
	return []vec{{-w / 2, -h / 2}, {w / 2, -h / 2}, {w / 2, -h/2 + t}, {-w/2 + t, -h/2 + t}, {-w/2 + t, h / 2}, {-w / 2, h / 2}}
}

// ewe is a U open to the south.
func ewe(w, h, t float64) []vec {
	t = float64(t)
	return []vec{{-w / 2, -h / 2}, {-w/2 + t, -h / 2}, {-w/2 + t, h/2 - t}, {w/2 - t, h/2 - t}, {w/2 - t, -h / 2}, {w / 2, -h / 2}, {w / 2, h / 2}, {-w / 2, h / 2}}
}

// comb is a spine along the north with teeth to the south.
func comb(teeth int, w, h, t float64) []vec {
	out := []vec{{w / 2, h / 2}, {-w / 2, h / 2}}
	step := (w - t) / float64(teeth-1)
	for i := range teeth {
		x := -w/2 + float64(float64(i)*step)
		out = append(out, vec{x, -h / 2}, vec{x + t, -h / 2})
		if i < teeth-1 {
			out = append(out, vec{x + t, h/2 - t}, vec{x + step, h/2 - t})
		}
	}
	return out
}

func cross(w, h, a, b float64) []vec {
	return []vec{{-a / 2, -h / 2}, {a / 2, -h / 2}, {a / 2, -b / 2}, {w / 2, -b / 2}, {w / 2, b / 2}, {a / 2, b / 2}, {a / 2, h / 2}, {-a / 2, h / 2},
		{-a / 2, b / 2}, {-w / 2, b / 2}, {-w / 2, -b / 2}, {-a / 2, -b / 2}}
}

// butterfly is the plan of many towers: four wings of flats around a core, with light wells between them.
func butterfly(w, h float64) []vec {
	n := float64(w * 0.09) // half a light well
	k := float64(h * 0.28) // its depth
	e := float64(h * 0.10)
	m := float64(w * 0.16)
	return []vec{{-w / 2, -h / 2}, {-n, -h / 2}, {-n, -h/2 + k}, {n, -h/2 + k}, {n, -h / 2}, {w / 2, -h / 2}, {w / 2, -e}, {w/2 - m, -e}, {w/2 - m, e}, {w / 2, e},
		{w / 2, h / 2}, {n, h / 2}, {n, h/2 - k}, {-n, h/2 - k}, {-n, h / 2}, {-w / 2, h / 2}, {-w / 2, e}, {-w/2 + m, e}, {-w/2 + m, -e}, {-w / 2, -e}}
}

func chamfered(w, h, c float64) []vec {
	c = float64(c)
	return []vec{{-w/2 + c, -h / 2}, {w/2 - c, -h / 2}, {w / 2, -h/2 + c}, {w / 2, h/2 - c}, {w/2 - c, h / 2}, {-w/2 + c, h / 2}, {-w / 2, h/2 - c}, {-w / 2, -h/2 + c}}
}

func oval(w, h float64, n int) []vec {
	out := make([]vec, n)
	for i := range out {
		s, c := sincos(360 * float64(i) / float64(n))
		out[i] = vec{float64(c*w) / 2, float64(s*h) / 2}
	}
	return out
}

// track is a sports ground: a rectangle with round ends.
func track(w, h float64) []vec {
	var out []vec
	for i := range 9 {
		s, c := sincos(-90 + 22.5*float64(i))
		out = append(out, vec{w/2 - h/2 + float64(c*h)/2, float64(s*h) / 2})
	}
	for i := range 9 {
		s, c := sincos(90 + 22.5*float64(i))
		out = append(out, vec{-w/2 + h/2 + float64(c*h)/2, float64(s*h) / 2})
	}
	return out
}

// arcade is a big shop: a block with a curved corner and a notch for the entrance.
func arcade(w, h float64) []vec {
	out := []vec{{-w / 2, -h / 2}, {-w * 0.12, -h / 2}, {-w * 0.06, -h / 2 * 0.82}, {w * 0.06, -h / 2 * 0.82}, {w * 0.12, -h / 2}}
	r := float64(min(w, h) * 0.38)
	for i := range 7 {
		s, c := sincos(-90 + 15*float64(i))
		out = append(out, vec{w/2 - r + float64(c*r), -h/2 + r + float64(s*r)})
	}
	return append(out, vec{w / 2, h * 0.31}, vec{w * 0.34, h / 2}, vec{-w / 2, h / 2})
}

func mirrored(shape []vec) []vec {
	out := make([]vec, len(shape))
	for i, p := range shape {
		out[len(shape)-1-i] = vec{-p.x, p.y}
	}
	return out
}

// flipped turns a shape by half a turn.
func flipped(shape []vec) []vec {
	out := slices.Clone(shape)
	for i, p := range out {
		out[i] = p.mul(-1)
	}
	return out
}

// quarterTurned turns a shape by 90° anticlockwise.
func quarterTurned(shape []vec) []vec {
	out := slices.Clone(shape)
	for i, p := range out {
		out[i] = p.left()
	}
	return out
}
