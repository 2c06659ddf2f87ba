package demo

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/paulmach/orb"

	"kuaitu/block"
)

// Scheme is the code list of the made-up regions: twelve digits, 990100 for the city, then two for the district, three
// for the street and three for the community in front of zeros (990102003004).
const Scheme = "demo12"

var cityName = syllable{"样城市", "Demo City"}

var districts = []struct {
	syllable
	streets []int // indices in streets
}{
	{syllable{"滨江区", "Binjiang District"}, []int{0, 1, 2}},
	{syllable{"港城区", "Gangcheng District"}, []int{3, 4, 5}},
	{syllable{"云山区", "Yunshan District"}, []int{6, 7, 8}},
	{syllable{"东湾区", "Dongwan District"}, []int{9, 10, 11}},
}

// streets are the 街道; a quarter belongs to the one whose heart is nearest by way of neighbouring quarters.
var streets = []struct {
	syllable
	heart vec
}{
	{syllable{"鼓楼街道", "Gulou Subdistrict"}, vec{-900, -850}},
	{syllable{"海棠街道", "Haitang Subdistrict"}, vec{800, 50}},
	{syllable{"海湾街道", "Haiwan Subdistrict"}, vec{1000, -1500}},
	{syllable{"港湾街道", "Gangwan Subdistrict"}, vec{-2500, -2000}},
	{syllable{"临港街道", "Lingang Subdistrict"}, vec{-3900, 500}},
	{syllable{"月湾街道", "Yuewan Subdistrict"}, vec{-2050, 0}},
	{syllable{"学府街道", "Xuefu Subdistrict"}, vec{-1100, 1250}},
	{syllable{"云顶街道", "Yunding Subdistrict"}, vec{-2300, 2500}},
	{syllable{"梅园街道", "Meiyuan Subdistrict"}, vec{1300, 1450}},
	{syllable{"东湖街道", "Donghu Subdistrict"}, vec{2500, -700}},
	{syllable{"莲塘街道", "Liantang Subdistrict"}, vec{3000, 1000}},
	{syllable{"金滩街道", "Jintan Subdistrict"}, vec{3800, -1000}},
}

// barrier is how hard it is for a region to grow across an edge; people's neighbourhoods end at rivers and motorways.
var barrier = [...]float64{coast: 1, river: 9, rail: 5, motorway: 6, primary: 2.2, secondary: 1.3, residential: 1, lane: 0.2}

// divide makes the five levels but for the grids: city, districts, streets and communities.
func (c *City) divide() {
	g := c.plan
	street := c.shareQuarters()
	community := make([]int, len(g.faces)) // by face, an index in the list of all communities
	for f := range community {
		community[f] = -1
	}
	total := 0
	load := make([]float64, len(g.faces))
	for _, b := range c.Buildings {
		load[b.face]++
	}
	var all float64
	for f := range g.faces {
		if !g.faces[f].sea {
			load[f] += areaOf(g.outline(f)) / 20000
			all += load[f]
		}
	}
	const wanted = 62
	made := make([][]int, len(streets))
	for s := range streets {
		var faces []int
		var sum float64
		for f := range g.faces {
			if !g.faces[f].sea && street[f] == s {
				faces = append(faces, f)
				sum += load[f]
			}
		}
		n := min(9, max(3, int(math.Round(wanted*sum/all))))
		for _, cluster := range c.gather(faces, load, n) {
			for _, f := range cluster {
				community[f] = total
			}
			made[s] = append(made[s], total)
			total++
		}
	}
	c.register(street, community, made)
}

// shareQuarters gives every face its street.
func (c *City) shareQuarters() []int {
	g := c.plan
	type neighbour struct {
		quarter int
		cost    float64
	}
	next := map[int][]neighbour{}
	middle := map[int]vec{}
	size := map[int]float64{}
	for f := range g.faces {
		if fc := g.faces[f]; !fc.sea {
			pts := g.outline(f)
			a := areaOf(pts)
			middle[fc.parent] = middle[fc.parent].add(centroid(pts).mul(a))
			size[fc.parent] += a
		}
	}
	var quarterList []int
	for f := range g.faces {
		if g.faces[f].parent == f && !g.faces[f].sea {
			quarterList = append(quarterList, f)
			middle[f] = middle[f].mul(1 / size[f])
		}
	}
	for h := range g.halfs {
		a, b := g.faces[g.halfs[h].face], g.faces[g.halfs[h^1].face]
		if !a.sea && !b.sea && a.parent != b.parent {
			cost := middle[a.parent].dist(middle[b.parent]) * barrier[g.edges[h/2].class]
			next[a.parent] = append(next[a.parent], neighbour{b.parent, cost})
		}
	}
	// Dijkstra from all hearts at once; a few hundred quarters need no heap.
	dist := map[int]float64{}
	owner := map[int]int{}
	for _, q := range quarterList {
		dist[q] = math.Inf(1)
	}
	for s, st := range streets {
		if f := c.faceAt(st.heart); f >= 0 {
			q := g.faces[f].parent
			dist[q], owner[q] = 0, s
		}
	}
	done := map[int]bool{}
	for range quarterList {
		best := -1
		for _, q := range quarterList {
			if !done[q] && (best < 0 || dist[q] < dist[best]) {
				best = q
			}
		}
		if math.IsInf(dist[best], 1) { // the islet
			owner[best] = len(streets) - 1
		}
		done[best] = true
		for _, n := range next[best] {
			if d := dist[best] + n.cost; !done[n.quarter] && d < dist[n.quarter] {
				dist[n.quarter], owner[n.quarter] = d, owner[best]
			}
		}
	}
	out := make([]int, len(g.faces))
	for f := range g.faces {
		out[f] = -1
		if !g.faces[f].sea {
			out[f] = owner[g.faces[f].parent]
		}
	}
	return out
}

// gather joins neighbouring faces, the smallest group first and across the weakest border, until n groups are left.
func (c *City) gather(faces []int, load []float64, n int) [][]int {
	g := c.plan
	group := map[int]int{}
	members := make([][]int, len(faces))
	weight := make([]float64, len(faces))
	for i, f := range faces {
		group[f] = i
		members[i] = []int{f}
		weight[i] = load[f]
	}
	borders := func(i int) (with []int, length map[int]float64, open bool) {
		length = map[int]float64{}
		for _, f := range members[i] {
			for h := range g.loop(f) {
				j, ok := group[g.halfs[h^1].face]
				if !ok {
					open = true
				}
				if !ok || j == i {
					continue
				}
				if _, seen := length[j]; !seen {
					with = append(with, j)
				}
				b := barrier[g.edges[h/2].class]
				length[j] += g.from(h).dist(g.to(h)) / float64(float64(b*b)*b)
			}
		}
		return with, length, open
	}
	join := func(from, to int) {
		for _, f := range members[from] {
			group[f] = to
		}
		members[to] = append(members[to], members[from]...)
		weight[to] += weight[from]
		members[from] = nil
	}
	alone := map[int]bool{}
	for left := len(faces); left > n; {
		small := -1
		for i := range members {
			if members[i] != nil && !alone[i] && (small < 0 || weight[i] < weight[small]) {
				small = i
			}
		}
		if small < 0 {
			break
		}
		with, length, _ := borders(small)
		best := -1
		for _, j := range with {
			if best < 0 || length[j]/(20+weight[j]) > length[best]/(20+weight[best]) {
				best = j
			}
		}
		if best < 0 {
			alone[small] = true
			continue
		}
		join(small, best)
		left--
	}
	// What one group surrounds belongs to it.
	for i := range members {
		if members[i] == nil {
			continue
		}
		if with, _, open := borders(i); !open && len(with) == 1 {
			join(i, with[0])
		}
	}
	var out [][]int
	for _, m := range members {
		if m != nil {
			slices.Sort(m)
			out = append(out, m)
		}
	}
	return out
}

// area returns the outline of all faces for which in holds.
func (c *City) area(in func(f int) bool) orb.Geometry {
	g := c.plan
	used := make([]bool, len(g.halfs))
	var outer, holes []orb.Ring
	for start := range g.halfs {
		border := func(h int) bool { return in(g.halfs[h].face) && !in(g.halfs[h^1].face) }
		if used[start] || !border(start) {
			continue
		}
		var pts []vec
		var ring orb.Ring
		for h := start; !used[h]; {
			used[h] = true
			pts = append(pts, g.from(h))
			ring = append(ring, g.at[g.org(h)].point())
			for h = g.halfs[h].next; !border(h); {
				h = g.halfs[h^1].next
			}
		}
		ring = append(ring, ring[0])
		if areaOf(pts) > 0 {
			outer = append(outer, ring)
		} else {
			holes = append(holes, ring)
		}
	}
	polys := make(orb.MultiPolygon, len(outer))
	for i, r := range outer {
		polys[i] = orb.Polygon{r}
	}
	for _, h := range holes {
		for i, r := range outer {
			if within(r, h) {
				polys[i] = append(polys[i], h)
				break
			}
		}
	}
	if len(polys) == 1 {
		return polys[0]
	}
	return polys
}

// within says whether ring h lies in ring r, going by h's first vertex that is none of r's.
func within(r, h orb.Ring) bool {
	flat := func(ring orb.Ring) []vec {
		out := make([]vec, len(ring)-1)
		for i := range out {
			out[i] = vec{ring[i][0], ring[i][1]}
		}
		return out
	}
	for _, p := range h {
		if !slices.Contains(r, p) {
			return inside(flat(r), vec{p[0], p[1]})
		}
	}
	return false
}

// register writes the regions with codes and names and gives every building its community.
func (c *City) register(street, community []int, made [][]int) {
	g := c.plan
	id := func(code string) block.ID { return block.NameID("region", Scheme+":"+code) }
	add := func(code string, name syllable, level block.Level, parent block.ID, in func(f int) bool) block.ID {
		r := block.Region{ID: id(code), Code: code, Scheme: Scheme, Name: name.zh, NameEN: name.en, Level: level, Type: "admin", Parent: parent,
			Geometry: encode(c.area(in))}
		c.Regions = append(c.Regions, r)
		return r.ID
	}
	land := func(f int) bool { return !g.faces[f].sea }
	city := add("990100000000", cityName, block.City, block.ID{}, land)
	c.home = make([]int, len(g.faces))
	names := c.communityNames(community)
	for d, di := range districts {
		code := fmt.Sprintf("9901%02d", d+1)
		district := add(code+"000000", di.syllable, block.District, city, func(f int) bool { return land(f) && slices.Contains(di.streets, street[f]) })
		for i, s := range di.streets {
			code := code + fmt.Sprintf("%03d", i+1)
			parent := add(code+"000", streets[s].syllable, block.Street, district, func(f int) bool { return land(f) && street[f] == s })
			// Communities are numbered from the north west.
			list := slices.Clone(made[s])
			at := map[int]vec{}
			for _, k := range list {
				at[k] = c.heartOf(community, k)
			}
			slices.SortFunc(list, func(a, b int) int { return cmp.Compare(at[a].x-at[a].y, at[b].x-at[b].y) })
			for n, k := range list {
				add(code+fmt.Sprintf("%03d", n+1), names[k], block.Community, parent, func(f int) bool { return land(f) && community[f] == k })
				for f := range community {
					if community[f] == k {
						c.home[f] = len(c.Regions) - 1
					}
				}
			}
		}
	}
	for i := range c.Buildings {
		c.Buildings[i].Region = c.Regions[c.home[c.Buildings[i].face]].ID
	}
}

// heartOf returns the middle of community k.
func (c *City) heartOf(community []int, k int) vec {
	var sum vec
	var size float64
	for f := range community {
		if community[f] == k {
			pts := c.plan.outline(f)
			a := areaOf(pts)
			sum = sum.add(centroid(pts).mul(a))
			size += a
		}
	}
	return sum.mul(1 / size)
}

// landmarks are names that a community takes from what is in it.
var landmarks = map[string]syllable{
	"样城站": {"样城站社区", "Railway Station Community"}, "市民广场": {"市民广场社区", "Citizens' Square Community"},
	"鼓楼广场": {"鼓楼社区", "Gulou Community"}, "中央广场": {"中央广场社区", "Central Square Community"}, "东湖体育场": {"体育场社区", "Stadium Community"},
	"样城大学": {"大学城社区", "University Town Community"}, "一号码头堆场": {"码头社区", "Matou Community"}, "银鹭岛": {"银鹭岛社区", "Yinludao Community"},
	"榕树村": {"榕树社区", "Rongshu Community"}, "渔歌村": {"渔歌社区", "Yuge Community"}, "石桥村": {"石桥头社区", "Shiqiaotou Community"},
	"东塘村": {"东塘社区", "Dongtang Community"}, "沙头村": {"沙头社区", "Shatou Community"}, "莲塘村": {"莲塘社区", "Liantang Community"},
	"围仔村": {"围仔社区", "Weizai Community"}, "望海村": {"望海社区", "Wanghai Community"}, "翠山村": {"翠山社区", "Cuishan Community"},
	"海上世界广场": {"海上世界社区", "Haishang Shijie Community"}, "东湖万象城": {"万象社区", "Wanxiang Community"}, "星汇天地": {"星汇社区", "Xinghui Community"},
}

// communityNames returns the names of all communities by index.
func (c *City) communityNames(community []int) map[int]syllable {
	names := map[int]syllable{}
	taken := map[string]bool{}
	for f, k := range community {
		if k < 0 || names[k].zh != "" {
			continue
		}
		if l, ok := landmarks[c.plan.faces[f].name]; ok && !taken[l.zh] {
			names[k] = l
			taken[l.zh], taken[l.en] = true, true
		}
	}
	d := newDice(c.seed, 6<<32)
	for k := range slices.Max(community) + 1 {
		for names[k].zh == "" {
			a, b := pair(d)
			name := syllable{a.zh + b.zh + "社区", a.en + b.en + " Community"}
			if !taken[name.zh] && !taken[name.en] && len([]rune(a.zh)) == 1 {
				taken[name.zh], taken[name.en] = true, true
				names[k] = name
			}
		}
	}
	return names
}
