package mapview

import (
	"math"
	"strconv"
)

// sign is a small picture of strokes on a square of 24 units: each stroke is x, y pairs; one point is a dot.
type sign [][]float32

// iconSigns are our own drawings, made to be told apart at 11 pixels.
var iconSigns = [numIcons]sign{
	IconDots:    {{5, 12}, {12, 12}, {19, 12}},
	IconTrash:   {{3, 6, 21, 6}, {9, 6, 9, 3, 15, 3, 15, 6}, {5.5, 6, 6.5, 21, 17.5, 21, 18.5, 6}, {10, 11, 10, 17}, {14, 11, 14, 17}},
	IconSpeaker: {{3, 9, 3, 14, 8, 14, 18, 19, 18, 4, 8, 9, 3, 9}, {7, 14, 8, 20, 11, 20}, {21, 9.5, 21, 13.5}},
	IconCrane:   {{3, 21, 11, 21}, {7, 21, 7, 4, 21, 8, 4, 8}, {7, 4, 4, 8}, {18, 8, 18, 15}, {16, 15, 20, 15}},
	IconCart:    {{2, 4, 5, 4, 8, 16, 18, 16}, {6, 7, 21, 7, 19, 13, 7, 13}, {9, 20}, {17, 20}},
	IconUrgent:  {{6, 18, 6, 13, 7.5, 9, 12, 7, 16.5, 9, 18, 13, 18, 18}, {4, 20, 20, 20}, {12, 2, 12, 3.5}, {3, 10, 2, 10}, {21, 10, 22, 10}, {5, 4, 6, 5}, {19, 4, 18, 5}},
	IconTool:    {{7, 3, 10, 6, 9, 9.5, 6, 10, 3, 7, 3, 11, 6, 14, 10, 13.5, 17, 20.5, 20.5, 17, 13.5, 10, 14, 6, 11, 3, 7, 3}},
	IconFlame:   {{12, 2, 13, 6, 17, 10, 18, 14, 16, 19, 12, 21, 8, 19, 6, 14, 7, 11, 9, 13, 10, 11, 9, 7, 12, 2}},
}

var pauseSign = sign{{8, 5, 8, 19}, {16, 5, 16, 19}}

// iconLines draws a sign around x, y, size pixels wide.
func (p *painter) iconLines(s sign, x, y, size float32, c rgba) {
	k := size / 24
	half := max(0.55, 1.15*size/24)
	for _, line := range s {
		px, py := x+(line[0]-12)*k, y+(line[1]-12)*k
		if len(line) == 2 {
			p.disc(px, py, half*1.5, 10)
			continue
		}
		p.dot(px, py, half)
		for i := 2; i < len(line); i += 2 {
			qx, qy := x+(line[i]-12)*k, y+(line[i+1]-12)*k
			if l := math.Hypot(float64(qx-px), float64(qy-py)); l > 0 {
				p.quad(px, py, qx, qy, half, l)
			}
			p.dot(qx, qy, half)
			px, py = qx, qy
		}
	}
	p.fill.fill(p.dst, paint{c: c})
}

// countText is a number that fits into a cluster.
func countText(n int) string {
	switch {
	case n < 10000:
		return strconv.Itoa(n)
	case n < 100000:
		return strconv.Itoa(n/1000) + "k"
	}
	return "99k+"
}
