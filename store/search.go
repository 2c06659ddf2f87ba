package store

import (
	"context"
	"database/sql/driver"
	"math"
	"slices"
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"

	"kuaitu/block"

	"github.com/paulmach/orb"
	orbgeo "github.com/paulmach/orb/geo"
)

// SearchQuery is what somebody typed.
type SearchQuery struct {
	Text  string
	Limit int          // at most; 0: 20
	Near  *orb.Point   // what is near comes first among equals
	Kinds []block.Kind // empty: all
}

// Hit is one record found.
type Hit struct {
	Kind   block.Kind
	ID     block.ID
	Code   string  // code, case number or credit code
	Label  string  // name, else address, else code
	Detail string  // address, or what else tells it from its namesakes
	Why    string  // field that matched, or "pinyin", "last-four", "room", "similar"
	Score  float64 // higher is better; an exact name is above 100
	Point  *orb.Point
}

// Bounds of one search.
const (
	maxQueryRunes = 80
	maxWords      = 8
	defaultLimit  = 20
)

// Search finds records by any fragments of two characters of their names and addresses, in any order; by codes from the
// left; by pinyin, full or initials, from any syllable on; by the last four of an identity or phone number that is held
// unmasked; and rooms by "…3栋2单元1203房". Full-width forms and Chinese numerals are folded. When nothing fits exactly,
// what is spelt nearly so. An empty text finds nothing.
func (r *Reader) Search(ctx context.Context, q SearchQuery) ([]Hit, error) {
	if q.Limit <= 0 {
		q.Limit = defaultLimit
	}
	if utf8.RuneCountInString(q.Text) > maxQueryRunes {
		q.Text = string([]rune(q.Text)[:maxQueryRunes])
	}
	words := strings.Fields(normalise(q.Text))
	if len(words) == 0 {
		return nil, nil
	}
	words = words[:min(len(words), maxWords)]
	var hits []Hit
	err := r.view(ctx, func(c *conn) error {
		f := &finder{ctx: ctx, s: r.s, c: c, q: q, words: words, text: strings.Join(words, ""), found: map[int64]bool{}}
		for _, k := range q.Kinds {
			tb, err := r.s.table(k)
			if err != nil {
				return err
			}
			f.kinds = append(f.kinds, tb.no)
		}
		if err := f.run(); err != nil {
			return err
		}
		hits = f.hits
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(hits, func(a, b Hit) int {
		switch {
		case a.Score > b.Score:
			return -1
		case a.Score < b.Score:
			return 1
		case a.Label != b.Label:
			return strings.Compare(a.Label, b.Label)
		}
		return slices.Compare(a.ID[:], b.ID[:])
	})
	return hits[:min(len(hits), q.Limit)], nil
}

// finder is one search in progress.
type finder struct {
	ctx   context.Context
	s     *Store
	c     *conn
	q     SearchQuery
	words []string // normalised
	text  string   // the words without spaces
	kinds []int64  // numbers of the kinds wanted; empty: all
	found map[int64]bool
	hits  []Hit
}

func (f *finder) enough() int { return max(40, 2*f.q.Limit) }

func (f *finder) run() error {
	if err := f.byCode(); err != nil {
		return err
	}
	if err := f.byPinyin(); err != nil {
		return err
	}
	if err := f.byGrams(f.words); err != nil {
		return err
	}
	if err := f.byRoom(); err != nil {
		return err
	}
	if len(f.hits) == 0 {
		return f.bySimilarity()
	}
	return nil
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// docs runs a query for document numbers, with the kinds wanted, and returns at most limit of them.
func (f *finder) docs(sql string, limit int, args ...any) (out []int64, err error) {
	if len(f.kinds) > 0 {
		list := make([]string, len(f.kinds))
		for i, no := range f.kinds {
			list[i] = strconv.FormatInt(no, 10)
		}
		sql = strings.Replace(sql, "/*kinds*/", "AND doc & 65535 IN ("+strings.Join(list, ",")+")", 1)
	}
	err = f.c.query(f.ctx, sql, append(args, limit), func(v []driver.Value) error {
		out = append(out, asInt(v[0]))
		return nil
	})
	return out, err
}

const (
	sqlByCode   = "SELECT doc FROM kt_code WHERE code >= ? AND code < ? /*kinds*/ LIMIT ?"
	sqlByGrams  = "SELECT doc FROM (SELECT rowid AS doc FROM kt_search WHERE kt_search MATCH ?) WHERE 1 /*kinds*/ LIMIT ?"
	sqlByPinyin = "SELECT doc FROM (SELECT rowid AS doc FROM kt_pinyin WHERE kt_pinyin MATCH ?) WHERE 1 /*kinds*/ LIMIT ?"
)

func (f *finder) byCode() error {
	if !ascii(f.text) || len(f.text) < 2 {
		return nil
	}
	docs, err := f.docs(sqlByCode, f.enough(), f.text, f.text+"\U0010ffff")
	if err != nil {
		return err
	}
	if err := f.rank(docs, "code", nil); err != nil {
		return err
	}
	if len(f.text) == 4 {
		if docs, err = f.docs(sqlByCode, f.enough(), "~"+f.text, "~"+f.text+"\x00"); err != nil {
			return err
		}
		return f.rank(docs, "last-four", nil)
	}
	return nil
}

func (f *finder) byPinyin() error {
	var match []string
	for _, w := range f.words {
		if !ascii(w) || w[0] >= '0' && w[0] <= '9' || len(w) < 2 {
			return nil
		}
		match = append(match, `"`+w+`" *`)
	}
	docs, err := f.docs(sqlByPinyin, f.enough(), strings.Join(match, " AND "))
	if err != nil {
		return err
	}
	return f.rank(docs, "pinyin", nil)
}

// matchAll is the query for documents that hold all terms of the words; the word's first pair anchored, when asked, so
// that a name must begin with it.
func matchAll(words []string, anchored bool) string {
	var terms []string
	seen := map[string]bool{}
	add := func(t string) {
		if !seen[t] {
			seen[t] = true
			terms = append(terms, t)
		}
	}
	for i, w := range words {
		pairs := grams(w)
		if len(pairs) == 0 {
			add(`"` + w + `" *`)
			continue
		}
		if anchored && i == 0 {
			add(`"` + anchor + pairs[0] + `"`)
		}
		for _, p := range pairs {
			add(`"` + p + `"`)
		}
	}
	return strings.Join(terms, " AND ")
}

// byGrams finds documents that hold every word. Names that begin with the first word are looked for first, because a
// common fragment has more documents than are ranked.
func (f *finder) byGrams(words []string) error {
	if utf8.RuneCountInString(words[0]) > 1 {
		docs, err := f.docs(sqlByGrams, f.enough(), matchAll(words, true))
		if err != nil {
			return err
		}
		if err := f.rank(docs, "", words); err != nil {
			return err
		}
	}
	docs, err := f.docs(sqlByGrams, f.enough()*2, matchAll(words, false))
	if err != nil {
		return err
	}
	return f.rank(docs, "", words)
}

// bySimilarity finds what nearly fits. Pairs that no document has are left out first: they are seams between words that
// somebody typed without a space, or slips. What the rest has in common, or pairs of the rarest terms, is ranked by the
// number of characters that differ.
func (f *finder) bySimilarity() error {
	type term struct {
		text string
		docs int64
	}
	var terms []term
	for _, w := range f.words {
		for _, p := range grams(w) {
			n, err := f.c.number("SELECT count(*) FROM (SELECT 1 FROM kt_search WHERE kt_search MATCH ? LIMIT 2000)", `"`+p+`"`)
			if err != nil {
				return err
			}
			if n > 0 && !slices.ContainsFunc(terms, func(t term) bool { return t.text == p }) {
				terms = append(terms, term{p, n})
			}
		}
	}
	if len(terms) < 2 {
		return nil
	}
	sort.SliceStable(terms, func(i, j int) bool { return terms[i].docs < terms[j].docs })
	all := make([]string, len(terms))
	for i, t := range terms {
		all[i] = `"` + t.text + `"`
	}
	docs, err := f.docs(sqlByGrams, f.enough(), strings.Join(all, " AND "))
	if err != nil {
		return err
	}
	for i := range min(len(terms), 4) {
		for j := i + 1; j < min(len(terms), 4); j++ {
			more, err := f.docs(sqlByGrams, 80, all[i]+" AND "+all[j])
			if err != nil {
				return err
			}
			docs = append(docs, more...)
		}
	}
	return f.rank(docs, "similar", nil)
}

// rank reads the records behind documents, checks that they really match and adds them to the hits.
func (f *finder) rank(docs []int64, why string, words []string) error {
	for _, doc := range docs {
		if f.found[doc] {
			continue
		}
		tb := f.s.kinds().byNo[doc&(1<<docShift-1)]
		if tb == nil {
			continue
		}
		v, err := f.c.one(tb.selectFid, doc>>docShift)
		if err != nil {
			return err
		}
		if v == nil {
			continue // taken away behind our back; verify reports it
		}
		r := tb.readRow(v)
		hit := f.s.hitOf(tb, r.rec)
		var ok bool
		switch why {
		case "code", "last-four":
			ok = true
			hit.Why, hit.Score = why, 60
			if why == "code" {
				hit.Score = 80
				if strings.EqualFold(strings.ReplaceAll(normalise(hit.Code), " ", ""), f.text) {
					hit.Score = 120
				}
			}
		case "pinyin":
			ok = true
			hit.Why, hit.Score = why, f.pinyinScore(hit.Label)
		case "similar":
			hit.Score, ok = f.similarScore(tb, r.rec)
			hit.Why = why
		default:
			hit.Score, hit.Why, ok = matchScore(tb, r.rec, words, strings.Join(words, " "))
		}
		if !ok {
			continue
		}
		f.found[doc] = true
		if err := f.locate(tb, &r, &hit); err != nil {
			return err
		}
		f.hits = append(f.hits, hit)
	}
	return nil
}

// matchScore checks that every word is in some searched field and tells how well: an exact field before a beginning
// before a fragment, a heavier field before a lighter, a short text before a long one.
func matchScore(tb *table, rec block.Record, words []string, whole string) (score float64, why string, ok bool) {
	type text struct {
		s      string
		weight int
		name   string
	}
	var texts []text
	for _, i := range tb.plan.Searched() {
		fd := tb.plan.Kind.Fields[i]
		if s := rec.Values[i].Text(); s != "" && (fd.Class != block.Sensitive || rec.Parts.Has(block.Sensitive)) {
			texts = append(texts, text{normalise(s), fd.Search, fd.Name})
		}
	}
	var sum, top float64
	for _, w := range words {
		best := -1.0
		for _, t := range texts {
			at := strings.Index(t.s, w)
			if at < 0 {
				continue
			}
			v := 20.0
			switch {
			case t.s == w:
				v = 60
			case at == 0:
				v = 40
			}
			v += float64(2*t.weight) - min(10, float64(utf8.RuneCountInString(t.s))/5)
			if v > best {
				best = v
				if v > top {
					top, why = v, t.name
				}
			}
		}
		if best < 0 {
			return 0, "", false
		}
		sum += best
	}
	score = sum / float64(len(words))
	for _, t := range texts {
		if t.s == whole {
			score = max(score, 90+float64(2*t.weight))
			why = t.name
		}
	}
	return score, why, true
}

// pinyinScore tells how well a query in pinyin fits a name: all of it, its beginning, or some syllables further on.
func (f *finder) pinyinScore(label string) float64 {
	score := 40.0
	for i, word := range syllables(clean(label)) {
		if i > 0 {
			break
		}
		for _, v := range variants(word) {
			for _, p := range []string{v.full, v.initials} {
				switch {
				case p == f.text:
					score = max(score, 90)
				case strings.HasPrefix(p, f.text):
					score = max(score, 65)
				}
			}
		}
	}
	return score - min(10, float64(utf8.RuneCountInString(label))/5)
}

// similarScore compares the whole query with each field; up to a quarter of its characters may differ. When several
// words were glued together, they may stand in different fields: then the share of pairs found decides.
func (f *finder) similarScore(tb *table, rec block.Record) (float64, bool) {
	query := []rune(f.text)
	allowed := max(1, len(query)/4)
	best, all := len(query), ""
	for _, i := range tb.plan.Searched() {
		fd := tb.plan.Kind.Fields[i]
		if fd.Class == block.Sensitive && !rec.Parts.Has(block.Sensitive) {
			continue
		}
		t := strings.ReplaceAll(normalise(rec.Values[i].Text()), " ", "")
		best = min(best, editDistance(query, []rune(t)))
		all += " " + t
	}
	if best <= allowed {
		return 45 - 40*float64(best)/float64(len(query)), true
	}
	hit, n := 0, 0
	for _, p := range grams(f.text) {
		n++
		if strings.Contains(all, p) {
			hit++
		}
	}
	if share := float64(hit) / float64(max(n, 1)); n >= 4 && share >= 0.7 {
		return 30 * share, true
	}
	return 0, false
}

// labelFields and codeFields are looked through in this order.
var (
	labelFields  = []string{"name", "text", "title", "address", "number", "code"}
	detailFields = []string{"address", "description", "type", "class"}
	codeFields   = []string{"code", "number", "uscc"}
)

func (s *Store) hitOf(tb *table, rec block.Record) Hit {
	h := Hit{Kind: rec.Kind, ID: rec.ID}
	first := func(fields []string, not string) string {
		for _, f := range fields {
			if t := tb.plan.Get(rec, f).Text(); t != "" && t != not {
				return t
			}
		}
		return ""
	}
	h.Label = first(labelFields, "")
	h.Detail = first(detailFields, h.Label)
	h.Code = first(codeFields, "")
	return h
}

// locate finds where a hit is (its own geometry, or its building's) and lets nearness count.
func (f *finder) locate(tb *table, r *row, h *Hit) error {
	if b, ok := blobBounds(r.blob); ok {
		c := b.Center()
		h.Point = &c
	} else if at := tb.plan.Index("building"); at >= 0 && !r.rec.Values[at].IsNull() {
		if bt := f.s.kinds().byKind["building"]; bt != nil {
			v, err := f.c.one(`SELECT geom FROM "building" WHERE id = ?`, r.rec.Values[at].Ref())
			if err != nil {
				return err
			}
			if v != nil {
				if b, ok := blobBounds(asBytes(v[0])); ok {
					c := b.Center()
					h.Point = &c
				}
			}
		}
	}
	if f.q.Near != nil && h.Point != nil {
		km := orbgeo.Distance(*f.q.Near, *h.Point) / 1000
		h.Score += 15 * math.Exp(-km/2)
	}
	return nil
}
