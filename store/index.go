package store

import (
	"fmt"
	"slices"
	"strings"

	"kuaitu/block"
	"kuaitu/block/schema"
)

// The search index holds one document a record with searched fields. Its number is fid<<docShift | kind number, so that
// kind and row follow from a hit. kt_search has the pairs of characters of all its text, kt_pinyin the readings of its
// names, kt_code its codes and numbers, and "~" with the last four of an identity or phone number.
const docShift = 16

func docOf(tb *table, fid int64) int64 { return fid<<docShift | tb.no }

// isCode tells the fields that are looked up from the left and not by any fragment.
func isCode(f schema.Field) bool {
	switch f.Name {
	case "code", "uscc", "number", "document_number", "phone", "source_id":
		return true
	}
	return false
}

// isName tells the fields that get pinyin.
func isName(f schema.Field) bool {
	switch f.Name {
	case "name", "text", "title":
		return true
	}
	return false
}

// hasLastFour tells the numbers that people know the end of.
func hasLastFour(f schema.Field) bool { return f.Name == "document_number" || f.Name == "phone" }

// indexText is what the index holds of one record, in buffers of the texter.
type indexText struct {
	grams, pinyin string
	codes         []string
}

// textOf makes the index text of a record. Masked values are not indexed: 张* would be found as a name, and the last four
// digits of a masked number are for those entitled.
func (x *texter) textOf(tb *table, r block.Record) indexText {
	var out indexText
	x.terms, x.codes = x.terms[:0], x.codes[:0]
	var names [][]rune
	for n, i := range tb.plan.Searched() {
		f := tb.plan.Kind.Fields[i]
		if f.Retired || f.Class == block.Sensitive && !r.Parts.Has(block.Sensitive) {
			continue
		}
		raw := r.Values[i].Text()
		if raw == "" {
			continue
		}
		text := normalise(raw)
		if isCode(f) {
			code := strings.ReplaceAll(text, " ", "")
			if code == "" {
				continue
			}
			x.codes = append(x.codes, code)
			if hasLastFour(f) && len(code) > 4 {
				x.codes = append(x.codes, "~"+code[len(code)-4:])
			}
			continue
		}
		if n == 0 || isName(f) {
			if p := firstPair(text); p != "" {
				x.terms = append(append(append(x.terms, anchor...), p...), ' ')
			}
		}
		x.terms = appendGrams(x.terms, text)
		if isName(f) {
			names = append(names, clean(raw))
		}
	}
	out.grams = string(x.terms)
	x.terms = x.terms[:0]
	for _, n := range names {
		x.terms = append(appendPinyin(x.terms, n), ' ')
	}
	out.pinyin = strings.TrimSpace(string(x.terms))
	slices.Sort(x.codes)
	out.codes = slices.Clone(slices.Compact(x.codes))
	return out
}

// firstPair returns the first two characters of text, "" when it has fewer in its first word.
func firstPair(text string) string {
	n := 0
	for i, r := range text {
		if r == ' ' {
			return ""
		}
		if n == 2 {
			return text[:i]
		}
		n++
	}
	if n == 2 {
		return text
	}
	return ""
}

// index adds a record's text.
func (t *tx) index(tb *table, fid int64, r block.Record) error {
	if len(tb.plan.Searched()) == 0 {
		return nil
	}
	if now, err := t.searchable(tb, fid); err != nil || !now {
		return err
	}
	return t.indexText(docOf(tb, fid), t.text.textOf(tb, r))
}

const (
	sqlPutGrams  = "INSERT INTO kt_search (rowid, text) VALUES (?, ?)"
	sqlPutPinyin = "INSERT INTO kt_pinyin (rowid, text) VALUES (?, ?)"
	sqlPutCode   = "INSERT OR IGNORE INTO kt_code (code, doc) VALUES (?, ?)"
)

func (t *tx) indexText(doc int64, text indexText) error {
	if text.grams != "" {
		if err := t.c.exec(sqlPutGrams, doc, text.grams); err != nil {
			return err
		}
	}
	if text.pinyin != "" {
		if err := t.c.exec(sqlPutPinyin, doc, text.pinyin); err != nil {
			return err
		}
	}
	for _, code := range text.codes {
		if err := t.c.exec(sqlPutCode, code, doc); err != nil {
			return err
		}
	}
	return nil
}

// unindex takes a record's text away. Codes are found by what the row says; Repair, which cannot trust the row, looks
// through all of them.
func (t *tx) unindex(tb *table, fid int64, was block.Record) error {
	if len(tb.plan.Searched()) == 0 {
		return nil
	}
	if there, err := t.searchable(tb, fid); err != nil || !there {
		return err
	}
	doc := docOf(tb, fid)
	for _, q := range []string{"DELETE FROM kt_search WHERE rowid = ?", "DELETE FROM kt_pinyin WHERE rowid = ?"} {
		if err := t.c.exec(q, doc); err != nil {
			return err
		}
	}
	if t.repair {
		return t.c.exec("DELETE FROM kt_code WHERE doc = ?", doc)
	}
	for _, code := range t.text.textOf(tb, was).codes {
		if err := t.c.exec("DELETE FROM kt_code WHERE code = ? AND doc = ?", code, doc); err != nil {
			return err
		}
	}
	return nil
}

// sweepIndex takes away the texts of rows that are gone, when one of the parts that a repair puts has no row: somebody
// else deleted it, and nothing but its text remembers which row it was.
func (t *tx) sweepIndex(tb *table, put []block.Part) error {
	if len(tb.plan.Searched()) == 0 {
		return nil
	}
	lost := false
	for _, p := range put {
		n, err := t.c.number("SELECT count(*) FROM "+quote(tb.name)+" WHERE id = ?", p.ID[:])
		if err != nil {
			return err
		}
		lost = lost || n == 0
	}
	if !lost {
		return nil
	}
	return t.sweepGone(tb)
}

// sweepGone takes away a kind's texts that belong to no row.
func (t *tx) sweepGone(tb *table) error {
	gone := fmt.Sprintf("& 65535 = ? AND %%[1]s >> %d NOT IN (SELECT fid FROM %s)", docShift, quote(tb.name))
	for _, q := range []string{
		"DELETE FROM kt_search WHERE rowid IN (SELECT id FROM kt_search_docsize WHERE id " + fmt.Sprintf(gone, "id") + ")",
		"DELETE FROM kt_pinyin WHERE rowid IN (SELECT id FROM kt_pinyin_docsize WHERE id " + fmt.Sprintf(gone, "id") + ")",
		"DELETE FROM kt_code WHERE doc " + fmt.Sprintf(gone, "doc"),
	} {
		if err := t.c.exec(q, tb.no); err != nil {
			return err
		}
	}
	return nil
}

// reindex replaces a record's text when a searched field changed.
func (t *tx) reindex(tb *table, fid int64, was, is block.Record) error {
	same := was.Parts == is.Parts && !t.repair
	for _, i := range tb.plan.Searched() {
		same = same && was.Values[i] == is.Values[i]
	}
	if same {
		return nil
	}
	if err := t.unindex(tb, fid, was); err != nil {
		return err
	}
	return t.index(tb, fid, is)
}
