package demo

import (
	"fmt"
	"math"

	"github.com/paulmach/orb"

	"kuaitu/block"
	"kuaitu/geo"
)

// Facility is a place that serves the people around it. Type is "party_service_centre" (党群服务中心), "school",
// "hospital", "hall", "station" or "stadium"; Point lies in its Building. Phone is a made-up number that cannot be
// dialled.
type Facility struct {
	ID       block.ID
	Name     string
	Type     string
	Address  string
	Hours    string
	Phone    string
	Point    orb.Point
	Building block.ID
	Region   block.ID // the community
}

// facilityNo is schema's stable number of the kind facility.
const facilityNo = 26

var facilityTypes = map[lot]string{school: "school", hospital: "hospital", hall: "hall", station: "station", stadium: "stadium"}

// serve opens a service centre in every community and lists the public institutions.
func (c *City) serve() {
	add := func(name, kind, hours string, b *Building) {
		n := len(c.Facilities) + 1
		at, ok := geo.InnerPoint(b.shape)
		if !ok {
			return
		}
		c.Facilities = append(c.Facilities, Facility{ID: block.BulkID(shard, facilityNo, uint64(n)), Name: name, Type: kind, Address: b.Address, Hours: hours,
			Phone: fmt.Sprintf("000-9900%04d", n), Point: geo.Quantise(at).(orb.Point), Building: b.ID, Region: b.Region})
	}
	for i, r := range c.Regions {
		if r.Level != block.Community {
			continue
		}
		// Best near the middle, in a shop or an office of modest size.
		best, least := -1, math.Inf(1)
		var sum vec
		n := 0.0
		for j := range c.Buildings {
			if c.home[c.Buildings[j].face] == i {
				sum = sum.add(centroid(c.Buildings[j].outline))
				n++
			}
		}
		for j := range c.Buildings {
			b := &c.Buildings[j]
			if c.home[b.face] != i {
				continue
			}
			d := centroid(b.outline).dist(sum.mul(1 / n))
			if b.Use != useCommercial && b.Use != usePublic || b.Floors > 9 || areaOf(b.outline) > 3000 {
				d += 5000
			}
			if d < least {
				best, least = j, d
			}
		}
		if best >= 0 {
			add(r.Name+"党群服务中心", "party_service_centre", "周一至周日 09:00–18:00", &c.Buildings[best])
		}
	}
	listed := map[int]bool{}
	for j := range c.Buildings {
		b := &c.Buildings[j]
		f := c.plan.faces[b.face]
		if kind := facilityTypes[f.lot]; kind != "" && b.Use == usePublic && !listed[b.face] {
			listed[b.face] = true
			add(f.name, kind, map[string]string{"hospital": "全天", "station": "05:30–23:30"}[kind], b)
		}
	}
}
