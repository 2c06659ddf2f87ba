package mapview

import (
	"strings"
	"unicode"
)

// textRow is a line of a broken text and its width in device pixels.
type textRow struct {
	text  string
	width float64
}

// Characters that a line does not begin or end with (GB/T 15834 §5.1).
const (
	notFirst = "，。、；：？！）」』】〕》〉”’…—～·％％%)]},.!?;:"
	notLast  = "（「『【〔《〈“‘([{"
)

// breakLines breaks a text into lines no wider than limit, about equally long ones: between Han characters and at blanks, never inside a word of letters or
// digits, and so that no line begins or ends with a character that may not. A word that is wider than limit goes over it, one wider than most is cut with an ellipsis.
// The text's own line ends stay.
func (f *Fonts) breakLines(text string, ts textStyle, limit, most float64) []textRow {
	var rows []textRow
	for part := range strings.SplitSeq(text, "\n") {
		part = strings.Join(strings.Fields(part), " ")
		whole := f.width(part, ts)
		if whole <= limit {
			rows = append(rows, textRow{part, whole})
			continue
		}
		pieces := f.pieces(part, ts)
		// The narrowest width that does with as few lines as the limit makes lines of about one length.
		best := f.rows(pieces, ts, limit)
		for w := whole / float64(len(best)); w < limit; w += limit / 16 {
			if even := f.rows(pieces, ts, w); len(even) <= len(best) {
				best = even
				break
			}
		}
		rows = append(rows, best...)
		if len(rows) > maxRows {
			break
		}
	}
	if len(rows) > maxRows {
		rows = rows[:maxRows]
	}
	for i := range rows {
		if rows[i].width > most {
			rows[i].text, rows[i].width = f.cut(rows[i].text, ts, most)
		}
	}
	return rows
}

// maxRows is the most lines a text has.
const maxRows = 8

// piece is what stays together on a line.
type piece struct {
	text  string
	width float64
	blank bool // a blank goes before it unless it is the first of its line
}

// pieces splits a text at the places where a line may end.
func (f *Fonts) pieces(text string, ts textStyle) []piece {
	var out []piece
	start, blank := 0, false
	flush := func(end int, next bool) {
		if end > start {
			out = append(out, piece{text[start:end], f.width(text[start:end], ts), blank})
		}
		blank = next
	}
	last := rune(0)
	for i, r := range text {
		switch {
		case r == ' ':
			flush(i, true)
			start, last = i+1, 0
			continue
		case last != 0 && mayBreak(last, r):
			flush(i, false)
			start = i
		}
		last = r
	}
	flush(len(text), false)
	return out
}

// mayBreak answers whether a line may end between two characters.
func mayBreak(a, b rune) bool {
	if strings.ContainsRune(notFirst, b) || strings.ContainsRune(notLast, a) {
		return false
	}
	return wideRune(a) || wideRune(b)
}

// wideRune answers whether a character stands by itself, as those of Chinese and Japanese do.
func wideRune(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul) || r >= 0x3000 && r <= 0x303f || r >= 0xff00 && r <= 0xffef || r == '…' || r == '—'
}

// rows fills lines up to a width.
func (f *Fonts) rows(pieces []piece, ts textStyle, limit float64) []textRow {
	var out []textRow
	var b strings.Builder
	wide := 0.0
	space := f.advance(' ', &ts) + 2*ts.spacing
	for _, p := range pieces {
		add := p.width
		if b.Len() > 0 {
			if p.blank {
				add += space
			} else {
				add += ts.spacing
			}
			if wide+add > limit {
				out = append(out, textRow{b.String(), wide})
				b.Reset()
				wide, add = 0, p.width
			}
		}
		if b.Len() > 0 && p.blank {
			b.WriteByte(' ')
		}
		b.WriteString(p.text)
		wide += add
	}
	if b.Len() > 0 {
		out = append(out, textRow{b.String(), wide})
	}
	return out
}
