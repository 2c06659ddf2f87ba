package geo

import (
	"fmt"
	"math"

	"github.com/paulmach/orb"
)

// GaussKruger is a transverse Mercator plane on the CGCS2000 ellipsoid with scale 1 on its central meridian, the plane of
// Chinese city surveys. Points in it are orb.Point{easting, northing} in metres. Charts call northing X and easting Y.
type GaussKruger struct {
	Meridian     float64 // central meridian, degrees east
	FalseEasting float64 // m; 500,000, with the zone's number in front (zone·10⁶ + 500,000) where the zone is part of it
	Zone         int     // number in front of the easting, 0 where there is none
	Width        int     // 3 or 6 degrees
}

// GaussKrugerEPSG returns the plane with an EPSG code: 4491–4501 (6° zones 13–23), 4502–4512 (6°, 75…135°E, no prefix),
// 4513–4533 (3° zones 25–45), 4534–4554 (3°, 75…135°E, no prefix).
func GaussKrugerEPSG(code int) (GaussKruger, bool) {
	switch {
	case code >= 4491 && code <= 4501:
		zone := 13 + code - 4491
		return GaussKruger{float64(6*zone - 3), float64(zone)*1e6 + 500000, zone, 6}, true
	case code >= 4502 && code <= 4512:
		return GaussKruger{float64(75 + 6*(code-4502)), 500000, 0, 6}, true
	case code >= 4513 && code <= 4533:
		zone := 25 + code - 4513
		return GaussKruger{float64(3 * zone), float64(zone)*1e6 + 500000, zone, 3}, true
	case code >= 4534 && code <= 4554:
		return GaussKruger{float64(75 + 3*(code-4534)), 500000, 0, 3}, true
	}
	return GaussKruger{}, false
}

// GaussKrugerZone returns the 3° plane of a longitude, without zone prefix: 4547 (114°E) for Shenzhen. False outside
// 73.5…136.5°E.
func GaussKrugerZone(lon float64) (GaussKruger, bool) {
	return GaussKrugerEPSG(4534 + int(math.Round(lon/3)) - 25)
}

// EPSG returns the code of k, 0 for a plane that has none.
func (k GaussKruger) EPSG() int {
	for code := 4491; code <= 4554; code++ {
		if c, _ := GaussKrugerEPSG(code); c == k {
			return code
		}
	}
	return 0
}

// String names the plane as EPSG does: "CGCS2000 / 3-degree Gauss-Kruger CM 114E".
func (k GaussKruger) String() string {
	if k.Zone > 0 {
		return fmt.Sprintf("CGCS2000 / %d-degree Gauss-Kruger zone %d", k.Width, k.Zone)
	}
	return fmt.Sprintf("CGCS2000 / %d-degree Gauss-Kruger CM %gE", k.Width, k.Meridian)
}

// Krüger's series in the third flattening n to the sixth power (Karney 2011, Transverse Mercator with an accuracy of a few
// nanometers, eqs. 12, 35, 36): below 1e-6 m of error within 20° of the meridian.
var (
	gkRadius, gkAlpha, gkBeta = krueger()
)

func krueger() (radius float64, alpha, beta [6]float64) {
	const n = ellF / (2 - ellF)
	const n2, n3, n4, n5, n6 = n * n, n * n * n, n * n * n * n, n * n * n * n * n, n * n * n * n * n * n
	radius = ellA / (1 + n) * (1 + n2/4 + n4/64 + n6/256)
	alpha = [6]float64{
		n/2 - 2*n2/3 + 5*n3/16 + 41*n4/180 - 127*n5/288 + 7891*n6/37800,
		13*n2/48 - 3*n3/5 + 557*n4/1440 + 281*n5/630 - 1983433*n6/1935360,
		61*n3/240 - 103*n4/140 + 15061*n5/26880 + 167603*n6/181440,
		49561*n4/161280 - 179*n5/168 + 6601661*n6/7257600,
		34729*n5/80640 - 3418889*n6/1995840,
		212378941 * n6 / 319334400,
	}
	beta = [6]float64{
		n/2 - 2*n2/3 + 37*n3/96 - n4/360 - 81*n5/512 + 96199*n6/604800,
		n2/48 + n3/15 - 437*n4/1440 + 46*n5/105 - 1118711*n6/3870720,
		17*n3/480 - 37*n4/840 - 209*n5/4480 + 5569*n6/90720,
		4397*n4/161280 - 11*n5/504 - 830251*n6/7257600,
		4583*n5/161280 - 108847*n6/3991680,
		20648693 * n6 / 638668800,
	}
	return radius, alpha, beta
}

// Forward returns easting and northing in metres of a point in degrees. It is meant for points within a few degrees of the
// meridian; more than 60° away the result says nothing.
func (k GaussKruger) Forward(p orb.Point) orb.Point {
	lat, dLon := p[1]*math.Pi/180, (p[0]-k.Meridian)*math.Pi/180
	sin := math.Sin(lat)
	tau := math.Tan(lat)
	sigma := math.Sinh(ellE * math.Atanh(ellE*sin))
	t := tau*math.Sqrt(1+sigma*sigma) - sigma*math.Sqrt(1+tau*tau) // tangent of the conformal latitude
	xi0 := math.Atan2(t, math.Cos(dLon))
	eta0 := math.Asinh(math.Sin(dLon) / math.Hypot(t, math.Cos(dLon)))
	xi, eta := xi0, eta0
	for j, a := range gkAlpha {
		m := float64(2 * (j + 1))
		xi += a * math.Sin(m*xi0) * math.Cosh(m*eta0)
		eta += a * math.Cos(m*xi0) * math.Sinh(m*eta0)
	}
	return orb.Point{k.FalseEasting + gkRadius*eta, gkRadius * xi}
}

// Inverse returns the point in degrees at an easting and northing in metres.
func (k GaussKruger) Inverse(p orb.Point) orb.Point {
	xi, eta := p[1]/gkRadius, (p[0]-k.FalseEasting)/gkRadius
	xi0, eta0 := xi, eta
	for j, b := range gkBeta {
		m := float64(2 * (j + 1))
		xi0 -= b * math.Sin(m*xi) * math.Cosh(m*eta)
		eta0 -= b * math.Cos(m*xi) * math.Sinh(m*eta)
	}
	t := math.Sin(xi0) / math.Hypot(math.Sinh(eta0), math.Cos(xi0))
	dLon := math.Atan2(math.Sinh(eta0), math.Cos(xi0))
	tau := t // Newton from the conformal to the geodetic latitude; quadratic, so three rounds reach the last digit
	for range 5 {
		root := math.Sqrt(1 + tau*tau)
		sigma := math.Sinh(ellE * math.Atanh(ellE*tau/root))
		ti := tau*math.Sqrt(1+sigma*sigma) - sigma*root
		d := (t - ti) / math.Sqrt(1+ti*ti) * (1 + (1-ellE2)*tau*tau) / ((1 - ellE2) * root)
		tau += d
		if math.Abs(d) < 1e-15*max(1, math.Abs(tau)) {
			break
		}
	}
	return orb.Point{k.Meridian + dLon*180/math.Pi, math.Atan(tau) * 180 / math.Pi}
}
