package store

import (
	"strconv"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/mozillazg/go-pinyin"
)

// normalise brings text and queries to one form: full-width forms become half-width, letters small, Chinese numerals
// Arabic (三号楼 → 3号楼, 十二 → 12), and everything that is no letter or digit one space. Both sides go through it, so a
// numeral inside a name (三元里 → 3元里) does no harm.
func normalise(s string) string { return foldNumerals(clean(s)) }

// clean is normalise without the numerals, for pinyin.
func clean(s string) []rune {
	out := make([]rune, 0, len(s))
	space := true
	for _, r := range s {
		switch {
		case r == 0x3000:
			r = ' '
		case r >= 0xff01 && r <= 0xff5e:
			r -= 0xfee0
		}
		if unicode.IsLetter(r) || unicode.IsNumber(r) {
			out = append(out, unicode.ToLower(r))
			space = false
		} else if !space {
			out = append(out, ' ')
			space = true
		}
	}
	if len(out) > 0 && space {
		out = out[:len(out)-1]
	}
	return out
}

func numeral(r rune) (digit, unit int) {
	switch r {
	case '〇', '零':
		return 0, 0
	case '一':
		return 1, 0
	case '二':
		return 2, 0
	case '三':
		return 3, 0
	case '四':
		return 4, 0
	case '五':
		return 5, 0
	case '六':
		return 6, 0
	case '七':
		return 7, 0
	case '八':
		return 8, 0
	case '九':
		return 9, 0
	case '十':
		return -1, 10
	case '百':
		return -1, 100
	case '千':
		return -1, 1000
	}
	return -1, 0
}

// foldNumerals writes runs of Chinese numerals in Arabic digits: with units as a number (一百零五 → 105), without as digits
// (二〇二六 → 2026). A run that begins with 百 or 千 (百合) is left alone.
func foldNumerals(in []rune) string {
	var b strings.Builder
	b.Grow(len(in) * 3)
	for i := 0; i < len(in); {
		d, u := numeral(in[i])
		if d < 0 && u != 10 {
			b.WriteRune(in[i])
			i++
			continue
		}
		total, current, units := 0, -1, false
		var digits []byte
		for i < len(in) {
			d, u := numeral(in[i])
			if d < 0 && u == 0 || len(digits) > 12 {
				break
			}
			if u > 0 {
				units = true
				if current < 0 {
					current = 1
				}
				total += current * u
				current = -1
			} else {
				digits = append(digits, byte('0'+d))
				current = d
			}
			i++
		}
		if !units {
			b.Write(digits)
			continue
		}
		if current > 0 {
			total += current
		}
		b.WriteString(strconv.Itoa(total))
	}
	return b.String()
}

// texter turns text into index terms with buffers that are used again. It belongs to one goroutine.
type texter struct {
	terms []byte
	codes []string
}

// anchor marks the pair of characters that a name begins with, so that names that begin with the query come first. It is
// from a private area: no text has it.
const anchor = "\ue000"

// appendGrams appends the terms of normalised text: each pair of neighbours, and the last character of each word alone,
// so that single characters are found by prefix. Terms are separated by spaces.
func appendGrams(dst []byte, text string) []byte {
	for len(text) > 0 {
		r, n := utf8.DecodeRuneInString(text)
		if r == ' ' {
			text = text[n:]
			continue
		}
		dst = append(dst, text[:n]...)
		if next, m := utf8.DecodeRuneInString(text[n:]); m > 0 && next != ' ' {
			dst = append(dst, text[n:n+m]...)
		}
		dst = append(dst, ' ')
		text = text[n:]
	}
	return dst
}

// grams returns the terms of one word of a query: its pairs, or the character itself when there is but one.
func grams(word string) []string {
	r := []rune(word)
	if len(r) < 2 {
		return nil
	}
	out := make([]string, 0, len(r)-1)
	for i := range len(r) - 1 {
		out = append(out, string(r[i:i+2]))
	}
	return out
}

var pinyinArgs = pinyin.Args{Style: pinyin.Normal, Heteronym: true}

// knownReadings keeps what readings found: a city's names use few characters, often.
var knownReadings sync.Map // rune → []string

// readings returns the distinct readings of a character without tones, nil when it has none.
func readings(r rune) []string {
	if r < 0x2e80 {
		return nil
	}
	if v, ok := knownReadings.Load(r); ok {
		return v.([]string)
	}
	var out []string
	defer func() { knownReadings.Store(r, out) }()
	for _, s := range pinyin.SinglePinyin(r, pinyinArgs) {
		twice := false
		for _, o := range out {
			twice = twice || o == s
		}
		if !twice {
			out = append(out, s)
		}
	}
	return out
}

// Bounds of the pinyin index: longer names are indexed by their beginnings, rarer readings dropped.
const (
	maxSyllables = 10
	maxReadings  = 6
)

// syllables splits a cleaned name into words of syllables, each with its readings. Letters and digits that follow a
// syllable count as one of their own.
func syllables(name []rune) (words [][][]string) {
	var word [][]string
	flush := func() {
		if len(word) > 0 {
			words = append(words, word)
		}
		word = nil
	}
	for _, r := range name {
		s := readings(r)
		switch {
		case len(word) == maxSyllables && r != ' ':
		case s != nil:
			word = append(word, s)
		case r > ' ' && r < 0x80 && len(word) > 0:
			word = append(word, []string{string(r)}) // the 3 of xiasha3
		default:
			flush()
		}
	}
	flush()
	return words
}

// appendPinyin appends, for each syllable of a cleaned name, the full pinyin and the initials from there to the end of
// the word, in every reading (重庆 also as zhongqing), so that both are found by prefix from any syllable on.
func appendPinyin(dst []byte, name []rune) []byte {
	for _, word := range syllables(name) {
		for from := range word {
			for _, v := range variants(word[from:]) {
				dst = append(append(dst, v.full...), ' ')
				if len(v.initials) > 1 {
					dst = append(append(dst, v.initials...), ' ')
				}
			}
		}
	}
	return dst
}

type variant struct{ full, initials string }

func variants(word [][]string) []variant {
	out := []variant{{}}
	for _, syllables := range word {
		next := make([]variant, 0, len(out)*len(syllables))
		for _, s := range syllables { // first readings first, so that the limit drops the rare ones
			for _, v := range out {
				if len(next) < maxReadings {
					next = append(next, variant{v.full + s, v.initials + s[:1]})
				}
			}
		}
		out = next
	}
	return out
}

// editDistance returns the number of characters to insert, delete or replace to come from a to any substring of b: how
// badly a is spelt as a fragment of b.
func editDistance(a, b []rune) int {
	prev := make([]int, len(b)+1) // a match may begin anywhere
	cur := make([]int, len(b)+1)
	for i, ra := range a {
		cur[0] = i + 1
		for j, rb := range b {
			cost := 1
			if ra == rb {
				cost = 0
			}
			cur[j+1] = min(prev[j]+cost, prev[j+1]+1, cur[j]+1)
		}
		prev, cur = cur, prev
	}
	best := prev[0]
	for _, d := range prev {
		best = min(best, d)
	}
	return best
}
