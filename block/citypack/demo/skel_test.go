package demo

import (
	"fmt"
	"os"
	"testing"
)

func TestDumpSkeleton(t *testing.T) {
	p := os.Getenv("SKEL")
	if p == "" {
		t.Skip()
	}
	f, _ := os.Create(p)
	defer f.Close()
	l, _ := drawPlan()
	g := arrange(l)
	for h := 0; h < len(g.halfs); h += 2 {
		a, b := g.from(h), g.to(h)
		fmt.Fprintf(f, "E %d %g %g %g %g\n", g.edges[h/2].class, a.x, a.y, b.x, b.y)
	}
	for i := range g.faces {
		o := g.outline(i)
		c := centroid(o)
		fmt.Fprintf(f, "F %d %g %g %g\n", i, c.x, c.y, areaOf(o))
	}
}
