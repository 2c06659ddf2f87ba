package tilenet

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// gridKey names a tile as its server counts: in the standard pyramid, or, for a geographic service, in the pyramid of degrees whose level z
// has 2^z columns and half as many rows.
type gridKey struct{ z, x, y int }

// matrix is a level of a service: what it is called, which tile of the standard grid its first one is, and how many it has.
type matrix struct {
	id            string
	col, row      int
	width, height int // 0: not said
}

func (m matrix) holds(x, y int) bool {
	x, y = x-m.col, y-m.row
	return x >= 0 && y >= 0 && (m.width <= 0 || x < m.width) && (m.height <= 0 || y < m.height)
}

// address makes URLs of tiles.
type address struct {
	parts      []part
	subdomains []string
	matrices   map[int]matrix // by level; nil: every level is called by its number
	geographic bool           // the grid is one of degrees
}

// part is a literal, or with hole a place to be filled per tile.
type part struct {
	text string
	hole bool
}

// holes are the names that are filled per tile. Those of WMTS are the same thing under other names.
var holes = map[string]string{
	"z": "z", "x": "x", "y": "y", "-y": "-y", "s": "s", "quadkey": "quadkey", "q": "quadkey",
	"tilematrix": "z", "tilecol": "x", "tilerow": "y",
}

// parseTemplate splits a template. values fill the names that are the same for all tiles; they are escaped.
func parseTemplate(template string, values map[string]string) ([]part, error) {
	var parts []part
	used := map[string]bool{}
	for rest := template; rest != ""; {
		before, after, found := strings.Cut(rest, "{")
		if before != "" {
			parts = append(parts, part{text: before})
		}
		if !found {
			break
		}
		name, after, closed := strings.Cut(after, "}")
		if !closed {
			return nil, fmt.Errorf("a { is not closed")
		}
		rest = after
		low := strings.ToLower(name)
		if v, ok := values[low]; ok {
			parts = append(parts, part{text: escape(v)})
			used[low] = true
			continue
		}
		hole, ok := holes[low]
		if !ok {
			return nil, fmt.Errorf("{%s} is not known", name)
		}
		parts = append(parts, part{hole, true})
		used[hole] = true
	}
	if !used["quadkey"] && !(used["z"] && used["x"] && (used["y"] || used["-y"])) {
		return nil, fmt.Errorf("want {z}, {x} and {y} (or {-y}), or {quadkey}")
	}
	return parts, nil
}

// xyzValues are the names in a template of kind xyz that do not change from tile to tile.
func (c Config) xyzValues() map[string]string {
	r := ""
	if c.TileSize == 512 {
		r = "@2x"
	}
	return map[string]string{"r": r, "key": c.Key, "layer": c.Layer, "style": c.Style}
}

// holds says whether the service could have the tile.
func (a *address) holds(k gridKey) bool {
	if a.geographic && (k.y < 0 || k.y >= 1<<k.z/2) {
		return false
	}
	if a.matrices == nil {
		return true
	}
	m, ok := a.matrices[k.z]
	return ok && m.holds(k.x, k.y)
}

// has says whether the service has the level.
func (a *address) has(z int) bool {
	if a.matrices == nil {
		return true
	}
	_, ok := a.matrices[z]
	return ok
}

// url is where a tile that the service holds is.
func (a *address) url(k gridKey) string {
	m := matrix{id: strconv.Itoa(k.z)}
	if a.matrices != nil {
		m = a.matrices[k.z]
	}
	x, y := k.x-m.col, k.y-m.row
	var b strings.Builder
	for _, p := range a.parts {
		if !p.hole {
			b.WriteString(p.text)
			continue
		}
		switch p.text {
		case "z":
			b.WriteString(escape(m.id))
		case "x":
			b.WriteString(strconv.Itoa(x))
		case "y":
			b.WriteString(strconv.Itoa(y))
		case "-y":
			b.WriteString(strconv.Itoa(1<<k.z - 1 - k.y))
		case "s":
			if n := len(a.subdomains); n > 0 {
				b.WriteString(a.subdomains[(k.x+k.y)%n]) // always the same for a tile
			}
		case "quadkey":
			b.WriteString(quadkey(k))
		}
	}
	return b.String()
}

// escape makes s fit for a path as well as for a query.
func escape(s string) string {
	return strings.NewReplacer("+", "%20", "%40", "@").Replace(url.QueryEscape(s))
}

// quadkey names a tile by a digit per level.
func quadkey(k gridKey) string {
	b := make([]byte, k.z)
	for i := range b {
		bit := k.z - 1 - i
		b[i] = '0' + byte(k.x>>bit&1) + byte(k.y>>bit&1)<<1
	}
	return string(b)
}
