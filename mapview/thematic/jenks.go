package thematic

// jenks returns where the classes after the first begin so that the sum of squared distances to the class means is least:
// exactly, by dynamic programming over the different values. The best place for the last class to begin moves only one
// way as values are added, so that halving finds it in k·n·log n steps; among places as good the first is taken.
func (g groups) jenks(k int) []int {
	n := len(g.values)
	// Sums of count, value and square over the first i values, about the middle value so that few digits are lost.
	origin := g.values[n/2]
	w, s, q := make([]float64, n+1), make([]float64, n+1), make([]float64, n+1)
	for i, v := range g.values {
		c, d := float64(g.counts[i]), v-origin
		w[i+1], s[i+1], q[i+1] = w[i]+c, s[i]+c*d, q[i]+c*d*d
	}
	// spread is the sum of squares within a class of the values a…b-1.
	spread := func(a, b int) float64 {
		sum := s[b] - s[a]
		return max(0, q[b]-q[a]-sum*sum/(w[b]-w[a]))
	}
	cost := make([]float64, n+1) // of the first i values in as many classes as there are rows so far
	for i := 1; i <= n; i++ {
		cost[i] = spread(0, i)
	}
	begins := make([][]int, k) // by class: where it begins when it ends before value i
	for class := 1; class < k; class++ {
		next, begin := make([]float64, n+1), make([]int, n+1)
		var solve func(lo, hi, from, to int)
		solve = func(lo, hi, from, to int) {
			if lo > hi {
				return
			}
			i := (lo + hi) / 2
			best := -1
			for a := max(from, class); a <= min(to, i-1); a++ {
				if c := cost[a] + spread(a, i); best < 0 || c < next[i] {
					next[i], best = c, a
				}
			}
			begin[i] = best
			solve(lo, i-1, from, best)
			solve(i+1, hi, best, to)
		}
		solve(class+1, n, class, n-1)
		cost, begins[class] = next, begin
	}
	out := make([]int, k-1)
	end := n
	for class := k - 1; class > 0; class-- {
		end = begins[class][end]
		out[class-1] = end
	}
	return out
}
