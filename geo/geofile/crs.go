package geofile

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/project"

	"kuaitu/geo"
)

// crs is a reference system that can be read: degrees of a datum, or a plane that is converted to such.
type crs struct {
	name    string
	datum   geo.Datum
	degrees func(orb.Point) orb.Point // nil where coordinates are degrees already
}

func (c *crs) toDegrees(g orb.Geometry) orb.Geometry {
	if c == nil || c.degrees == nil || g == nil {
		return g
	}
	return geo.MapPoints(g, c.degrees)
}

// crsOfEPSG returns a reference system by its code; false for one that cannot be read.
func crsOfEPSG(code int) (*crs, bool) {
	switch code {
	case 4326, 4979, 84: // 84: of urn:ogc:def:crs:OGC:1.3:CRS84
		return &crs{name: "WGS 84", datum: geo.WGS84}, true
	case 4490, 4480:
		return &crs{name: "CGCS2000", datum: geo.CGCS2000}, true
	case 3857, 900913, 3785, 102100, 102113:
		return &crs{"WGS 84 / Pseudo-Mercator", geo.WGS84, project.Mercator.ToWGS84}, true
	}
	if k, ok := geo.GaussKrugerEPSG(code); ok {
		return &crs{k.String(), geo.CGCS2000, k.Inverse}, true
	}
	return nil, false
}

var epsgName = regexp.MustCompile(`(?i)(?:EPSG|CRS|OGC)[:/]+(?:[0-9.]*[:/]+)?(?:CRS)?([0-9]+)$`)

// crsOfName reads the names that occur in GeoJSON: "EPSG:4490", "urn:ogc:def:crs:EPSG::4547", "urn:ogc:def:crs:OGC:1.3:CRS84",
// "http://www.opengis.net/def/crs/EPSG/0/4326".
func crsOfName(name string) (*crs, bool) {
	m := epsgName.FindStringSubmatch(strings.TrimSpace(name))
	if m == nil {
		return nil, false
	}
	code, err := strconv.Atoi(m[1])
	if err != nil {
		return nil, false
	}
	return crsOfEPSG(code)
}

var (
	wktName       = regexp.MustCompile(`^\s*(?:PROJCS|GEOGCS|PROJCRS|GEOGCRS|COMPD_CS|LOCAL_CS)\s*\[\s*"([^"]*)"`)
	wktGeographic = regexp.MustCompile(`(?:GEOGCS|GEOGCRS|BASEGEOGCRS|BASEGEODCRS)\s*\[\s*"([^"]*)"`)
	wktMethod     = regexp.MustCompile(`(?:PROJECTION|METHOD)\s*\[\s*"([^"]*)"`)
	wktParameter  = regexp.MustCompile(`PARAMETER\s*\[\s*"([^"]*)"\s*,\s*([-+0-9.eE]+)`)
	wktEPSG       = regexp.MustCompile(`(?:AUTHORITY|ID)\s*\[\s*"EPSG"\s*,\s*"?([0-9]+)"?\s*\]\s*\]\s*$`)
	wktUnit       = regexp.MustCompile(`(?:UNIT|LENGTHUNIT)\s*\[\s*"([^"]*)"\s*,\s*([-+0-9.eE]+)`)
)

// crsOfWKT reads the text of a .prj file or of a GeoPackage definition. The error is a sentence without file.
func crsOfWKT(wkt string) (*crs, error) {
	wkt = strings.Trim(wkt, "\ufeff \t\r\n\x00")
	if m := wktEPSG.FindStringSubmatch(wkt); m != nil {
		code, _ := strconv.Atoi(m[1])
		if c, ok := crsOfEPSG(code); ok {
			return c, nil
		}
	}
	name := ""
	if m := wktName.FindStringSubmatch(wkt); m != nil {
		name = m[1]
	}
	refused := fmt.Errorf("its coordinate system %q cannot be converted; convert the file to CGCS2000 or WGS 84 first", name)
	if name == "" {
		return nil, fmt.Errorf("its description of the coordinate system is not understood; say which EPSG code it is")
	}
	base := name
	if m := wktGeographic.FindStringSubmatch(wkt); m != nil {
		base = m[1]
	}
	var datum geo.Datum
	switch key := strings.NewReplacer(" ", "", "_", "", "-", "").Replace(strings.ToUpper(base)); {
	case strings.Contains(key, "CGCS2000"), strings.Contains(key, "CHINAGEODETICCOORDINATESYSTEM2000"), strings.Contains(key, "CHINA2000"):
		datum = geo.CGCS2000
	case strings.Contains(key, "WGS1984"), strings.Contains(key, "WGS84"):
		datum = geo.WGS84
	default:
		return nil, refused
	}
	m := wktMethod.FindStringSubmatch(wkt)
	if m == nil {
		return &crs{name: name, datum: datum}, nil
	}
	parameters := map[string]float64{}
	for _, p := range wktParameter.FindAllStringSubmatch(wkt, -1) {
		v, err := strconv.ParseFloat(p[2], 64)
		if err != nil {
			return nil, refused
		}
		parameters[strings.NewReplacer(" ", "_").Replace(strings.ToLower(p[1]))] = v
	}
	units := wktUnit.FindAllStringSubmatch(wkt, -1)
	if len(units) > 0 && strings.HasPrefix(strings.ToUpper(wkt), "PROJC") {
		if u := units[len(units)-1]; !strings.HasPrefix(strings.ToLower(u[1]), "met") {
			return nil, fmt.Errorf("its coordinates are in %q; only metres can be converted", u[1])
		}
	}
	scale, ok := parameters["scale_factor"]
	if !ok {
		if scale, ok = parameters["scale_factor_at_natural_origin"]; !ok {
			scale = 1
		}
	}
	first := func(names ...string) float64 {
		for _, n := range names {
			if v, ok := parameters[n]; ok {
				return v
			}
		}
		return 0
	}
	switch method := strings.NewReplacer(" ", "_", "-", "_", "ü", "u").Replace(strings.ToLower(m[1])); {
	case strings.Contains(method, "auxiliary_sphere") || strings.Contains(method, "pseudo") || strings.HasPrefix(method, "mercator_1sp") && strings.Contains(name, "Pseudo"):
		return &crs{name, geo.WGS84, project.Mercator.ToWGS84}, nil
	case (method == "transverse_mercator" || strings.HasPrefix(method, "gauss_kr")) && scale == 1 && first("latitude_of_origin", "latitude_of_natural_origin", "false_northing") == 0:
		k := geo.GaussKruger{
			Meridian:     first("central_meridian", "longitude_of_natural_origin"),
			FalseEasting: first("false_easting"),
		}
		return &crs{name, datum, k.Inverse}, nil
	}
	return nil, refused
}
