package geo

// The series of Karney (2013), to the sixth order in ε and n, for the ellipsoid's n; equation numbers in brackets.
const seriesOrder = 6

// sinSum returns Σ c[l] sin 2(l+1)x by Clenshaw's recurrence.
func sinSum(x sincos, c *[seriesOrder]float64) float64 {
	twoCos := 2 * (x.cos - x.sin) * (x.cos + x.sin)
	var y0, y1 float64
	for l := seriesOrder - 1; l >= 0; l-- {
		y0, y1 = twoCos*y0-y1+c[l], y0
	}
	return 2 * x.sin * x.cos * y0
}

// cosSum returns Σ c[l] cos (2l+1)x.
func cosSum(x sincos, c *[seriesOrder]float64) float64 {
	twoCos := 2 * (x.cos - x.sin) * (x.cos + x.sin)
	var y0, y1 float64
	for l := seriesOrder - 1; l >= 0; l-- {
		y0, y1 = twoCos*y0-y1+c[l], y0
	}
	return x.cos * (y0 - y1)
}

// seriesA1 scales arcs to distances (17).
func seriesA1(eps float64) float64 {
	e2 := eps * eps
	return (1 + e2*(1./4+e2*(1./64+e2/256))) / (1 - eps)
}

// seriesC1 are the coefficients of I1 (18).
func seriesC1(eps float64, c *[seriesOrder]float64) {
	e2 := eps * eps
	p := eps
	c[0] = p * (-1./2 + e2*(3./16-e2/32))
	p *= eps
	c[1] = p * (-1./16 + e2*(1./32-e2*9/2048))
	p *= eps
	c[2] = p * (-1./48 + e2*3/256)
	p *= eps
	c[3] = p * (-5./512 + e2*3/512)
	p *= eps
	c[4] = p * (-7. / 1280)
	p *= eps
	c[5] = p * (-7. / 2048)
}

// seriesC1p are the coefficients of the reverted series of I1 (21).
func seriesC1p(eps float64, c *[seriesOrder]float64) {
	e2 := eps * eps
	p := eps
	c[0] = p * (1./2 + e2*(-9./32+e2*205/1536))
	p *= eps
	c[1] = p * (5./16 + e2*(-37./96+e2*1335/4096))
	p *= eps
	c[2] = p * (29./96 - e2*75/128)
	p *= eps
	c[3] = p * (539./1536 - e2*2391/2560)
	p *= eps
	c[4] = p * 3467 / 7680
	p *= eps
	c[5] = p * 38081 / 61440
}

// seriesA2 scales the part of the reduced length that grows with the arc (42).
func seriesA2(eps float64) float64 {
	e2 := eps * eps
	return (1 - eps) * (1 + e2*(1./4+e2*(9./64+e2*25/256)))
}

// seriesC2 are the coefficients of I2 (43).
func seriesC2(eps float64, c *[seriesOrder]float64) {
	e2 := eps * eps
	p := eps
	c[0] = p * (1./2 + e2*(1./16+e2/32))
	p *= eps
	c[1] = p * (3./16 + e2*(1./32+e2*35/2048))
	p *= eps
	c[2] = p * (5./48 + e2*5/256)
	p *= eps
	c[3] = p * (35./512 + e2*7/512)
	p *= eps
	c[4] = p * 63 / 1280
	p *= eps
	c[5] = p * 77 / 2048
}

// seriesA3 scales arcs in the correction of longitudes (24).
func seriesA3(eps float64) float64 {
	const n = ellN
	return 1 - eps*((1-n)/2+eps*(1./4+n/8-3*n*n/8+eps*(1./16+3*n/16+n*n/16+eps*(3./64+n/32+eps*3/128))))
}

// seriesC3 are the coefficients of I3 (25).
func seriesC3(eps float64, c *[seriesOrder]float64) {
	const n = ellN
	const n2 = n * n
	p := eps
	c[0] = p * ((1-n)/4 + eps*((1-n2)/8+eps*(3./64+3*n/64-n2/64+eps*(5./128+n/64+eps*3/128))))
	p *= eps
	c[1] = p * (1./16 - 3*n/32 + n2/32 + eps*(3./64-n/32-3*n2/64+eps*(3./128+n/128+eps*5/256)))
	p *= eps
	c[2] = p * (5./192 - 3*n/64 + 5*n2/192 + eps*(3./128-5*n/192+eps*7/512))
	p *= eps
	c[3] = p * (7./512 - 7*n/256 + eps*7/512)
	p *= eps
	c[4] = p * 21 / 2560
	c[5] = 0
}

// seriesC4 are the coefficients of I4, the area between a geodesic and the equator (63).
func seriesC4(eps float64, c *[seriesOrder]float64) {
	const n = ellN
	const n2, n3, n4, n5 = n * n, n * n * n, n * n * n * n, n * n * n * n * n
	c[0] = 2./3 - 4*n/15 + 8*n2/105 + 4*n3/315 + 16*n4/3465 + 20*n5/9009 +
		eps*(-1./5+16*n/35-32*n2/105+16*n3/385+64*n4/15015+
			eps*(-2./105-32*n/315+1088*n2/3465-1184*n3/5005+
				eps*(11./315-368*n/3465-32*n2/6435+
					eps*(4./1155+1088*n/45045+eps*97/15015))))
	p := eps
	c[1] = p * (1./45 - 16*n/315 + 32*n2/945 - 16*n3/3465 - 64*n4/135135 +
		eps*(-2./105+64*n/945-128*n2/1485+1984*n3/45045+
			eps*(-1./105+16*n/2079+5792*n2/135135+
				eps*(4./1155-2944*n/135135+eps/9009))))
	p *= eps
	c[2] = p * (4./525 - 32*n/1575 + 64*n2/3465 - 32*n3/5005 +
		eps*(-8./1575+128*n/5775-256*n2/6825+
			eps*(-8./1925+1856*n/225225+eps*8/10725)))
	p *= eps
	c[3] = p * (8./2205 - 256*n/24255 + 512*n2/45045 +
		eps*(-16./8085+1024*n/105105-eps*136/63063))
	p *= eps
	c[4] = p * (64./31185 - 512*n/81081 - eps*128/135135)
	p *= eps
	c[5] = p * 128 / 99099
}
