package console

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"kuaitu/block"
)

// suggestions is how many regions an error names instead of the one that is not there.
const suggestions = 3

// RegionByCode returns the region with a code. When there is none the error, block.ErrNotFound, names those whose code
// or name comes near: a code without its zeros, one digit too few, a name in place of a code.
func RegionByCode(tree *block.Tree, code string) (block.Region, error) {
	r, err := tree.ByCode(code)
	if !errors.Is(err, block.ErrNotFound) {
		return r, err
	}
	type near struct {
		region block.Region
		score  int
	}
	var found []near
	short := strings.TrimRight(code, "0")
	for _, r := range tree.All() {
		score := 0
		switch {
		case r.Name == code || r.NameEN != "" && strings.EqualFold(r.NameEN, code):
			score = 1000
		case short != "" && strings.TrimRight(r.Code, "0") == short:
			score = 900
		case len([]rune(code)) > 1 && strings.Contains(r.Name, code):
			score = 800
		default:
			score = sharedPrefix(r.Code, code)
			if score < 4 || score < len(short)-1 {
				continue
			}
		}
		found = append(found, near{r, score})
	}
	if len(found) == 0 {
		root, _ := tree.Region(tree.Root())
		return block.Region{}, fmt.Errorf("there is no region with code %q; the city's is %s: %w", code, root.Code, block.ErrNotFound)
	}
	slices.SortStableFunc(found, func(a, b near) int { return b.score - a.score })
	var names []string
	for _, n := range found[:min(len(found), suggestions)] {
		names = append(names, fmt.Sprintf("%s (%s)", n.region.Code, n.region.Name))
	}
	return block.Region{}, fmt.Errorf("there is no region with code %q; did you mean %s: %w", code, strings.Join(names, ", "), block.ErrNotFound)
}

func sharedPrefix(a, b string) (n int) {
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}
