package style

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// ErrStyle is what every error of Parse is: the document is not a style, or says something that is not understood or not drawn.
var ErrStyle = errors.New("map style")

// Problem is one thing that is wrong with a document.
type Problem struct {
	Path    string // where, as layers[3].paint.fill-color; empty: the document as a whole
	Message string
}

func (p Problem) String() string {
	if p.Path == "" {
		return p.Message
	}
	return p.Path + ": " + p.Message
}

// Error lists everything that is wrong with a document, in its order. It Is ErrStyle.
type Error struct {
	Problems []Problem
	More     int // how many further ones are not listed
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(ErrStyle.Error())
	b.WriteString(": ")
	for i, p := range e.Problems {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(p.String())
	}
	if e.More > 0 {
		fmt.Fprintf(&b, "\nand %d more", e.More)
	}
	return b.String()
}

func (e *Error) Is(target error) bool { return target == ErrStyle }

// path is a place in a document. It is written out only for a problem.
type path struct {
	up   *path
	name string // of a member
	i    int    // of an element, if name is empty
}

func (p *path) member(name string) *path { return &path{up: p, name: name} }
func (p *path) element(i int) *path      { return &path{up: p, i: i} }

func (p *path) String() string {
	if p == nil {
		return ""
	}
	up := p.up.String()
	switch {
	case p.name == "":
		return up + "[" + strconv.Itoa(p.i) + "]"
	case up == "":
		return clip(p.name)
	}
	return up + "." + clip(p.name)
}

// clip shortens what comes from a document, so that a hostile one does not write long messages.
func clip(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:59]) + "…"
	}
	return s
}

// suggestion answers "; did you mean X" for the known word that is nearest to word, nothing if none is near.
func suggestion(word string, known []string) string {
	if len(word) < 2 || len(word) > 60 {
		return ""
	}
	best, least := "", 1+max(1, min(2, len(word)/3))
	for _, k := range known {
		if d := distance(word, k, least); d < least || d == least && best != "" && k < best {
			best, least = k, d
		}
	}
	if best == "" {
		return ""
	}
	return "; did you mean " + best
}

// distance is how many letters have to be put in, left out, changed or swapped with their neighbour; more than limit is answered as limit + 1.
func distance(a, b string, limit int) int {
	if len(a)-len(b) > limit || len(b)-len(a) > limit {
		return limit + 1
	}
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return min(last[len(b)], limit+1)
}
