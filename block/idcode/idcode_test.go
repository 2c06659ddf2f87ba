package idcode

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"kuaitu/block"

	"pgregory.net/rapid"
)

func TestIdentity(t *testing.T) {
	for _, tc := range []struct {
		name, text, want string
		warn             []Warning
		fail             Reason
	}{
		{"the standard's first example", "11010519491231002X", "11010519491231002X", nil, ""},
		{"the standard's second example", "440524188001010014", "440524188001010014", nil, ""},
		{"python-stdnum", "360426199101010071", "360426199101010071", nil, ""},
		{"lower x", "11010519491231002x", "11010519491231002X", []Warning{Repaired}, ""},
		{"full width and blanks", " １１０１０５ 19491231 002ｘ", "11010519491231002X", []Warning{Repaired}, ""},
		{"fifteen digits", "110105491231002", "11010519491231002X", []Warning{Converted15}, ""},
		{"fifteen digits, very old", "440524800101999", "440524198001019990", []Warning{CenturyUnsure, Converted15}, ""},
		{"Hong Kong residence permit", "810000199408230021", "810000199408230021", nil, ""},
		{"wrong check", "110105194912310021", "", nil, BadCheck},
		{"31 February", "110105194902310022", "", nil, BadDate},
		{"29 February of a common year", "110105190002290022", "", nil, BadDate},
		{"letter", "11010A19491231002X", "", nil, BadChar},
		{"X too early", "1101051949123100X2", "", nil, BadChar},
		{"short", "1101051949123100", "", nil, BadLength},
		{"empty", " 　", "", nil, Empty},
		{"spreadsheet", "4.40305E+17", "", nil, Destroyed},
		{"spreadsheet with a point", "440305199001010000.0", "", nil, Destroyed},
		{"test region", SyntheticIdentity(time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC), 7).Reveal(), "", nil, TestRegion},
		{"no text", "\xff\xfe", "", nil, BadChar},
	} {
		n, warn, err := Rules{}.Identity(tc.text)
		var ce *CodeError
		if tc.fail != "" {
			if !errors.As(err, &ce) || ce.Reason != tc.fail || !errors.Is(err, block.ErrInvalid) {
				t.Errorf("%s: error = %v, want reason %s", tc.name, err, tc.fail)
			}
			continue
		}
		if err != nil || n.Reveal() != tc.want || !slices.Equal(warn, tc.warn) {
			t.Errorf("%s: %s, %v, %v; want %s, %v", tc.name, n.Reveal(), warn, err, tc.want, tc.warn)
		}
		if n.Original() != tc.text {
			t.Errorf("%s: the original text is not kept", tc.name)
		}
	}
}

func TestIdentityRegions(t *testing.T) {
	check := func(region string) string { // a number of that region with a right check digit
		s := region + "19900101" + "001"
		return s + string(identityCheck(s))
	}
	known := func(code string) bool { return code == "440305" }
	for _, tc := range []struct {
		region string
		rules  Rules
		warn   bool
	}{
		{"440305", Rules{}, false}, {"440305", Rules{Region: known}, false}, {"440399", Rules{Region: known}, true},
		{"100000", Rules{}, true}, {"820000", Rules{Region: known}, false}, {"830000", Rules{}, false}, {"810101", Rules{}, true},
		{"990000", Rules{AllowTest: true, Region: known}, false}, {"911234", Rules{}, true},
	} {
		_, warn, err := tc.rules.Identity(check(tc.region))
		if err != nil || slices.Contains(warn, UnknownRegion) != tc.warn {
			t.Errorf("region %s: warnings %v, error %v", tc.region, warn, err)
		}
	}
	if _, _, err := (Rules{Today: time.Date(1989, 12, 31, 0, 0, 0, 0, time.UTC)}).Identity(check("440305")); err == nil {
		t.Error("a date of birth after today is accepted")
	}
}

func TestIdentityTells(t *testing.T) {
	n, _, err := Rules{}.Identity("11010519491231002X")
	if err != nil {
		t.Fatal(err)
	}
	if n.Sex() != "2" || n.Region() != "110105" || !n.Birth().Equal(time.Date(1949, 12, 31, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("sex %s, region %s, birth %s", n.Sex(), n.Region(), n.Birth())
	}
}

// Whatever prints it, the middle of the number stays hidden, also where it lies in a struct of somebody else.
func TestSensitiveNumbersPrintMasked(t *testing.T) {
	const number = "11010519491231002X"
	n, _, err := Rules{}.Identity(number)
	if err != nil {
		t.Fatal(err)
	}
	card, _, err := Rules{}.Disability(number + "43B1")
	if err != nil {
		t.Fatal(err)
	}
	type inside struct {
		Open   IdentityNumber
		hidden IdentityNumber
		card   DisabilityCard
	}
	in := inside{n, n, card}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "n", n, "card", card, "in", in)
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "n", n, "card", card, "in", in)
	j, _ := json.Marshal(map[string]any{"n": n, "in": in, "card": card})
	x, _ := xml.Marshal(struct{ N IdentityNumber }{n})
	out := log.String() + string(j) + string(x)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%30s"} {
		out += fmt.Sprintf(verb, n) + fmt.Sprintf(verb, card) + fmt.Sprintf(verb, in) + fmt.Sprintf(verb, &in) + fmt.Sprintf(verb, []IdentityNumber{n})
	}
	for _, secret := range []string{"19491231", fmt.Sprintf("%x", "19491231"), "002X43"} {
		if strings.Contains(strings.ToLower(out), strings.ToLower(secret)) {
			t.Errorf("%q shows in the output", secret)
		}
	}
	if n.Masked() != "110105********002X" || fmt.Sprint(n) != n.Masked() {
		t.Errorf("masked as %s", n.Masked())
	}
}

func TestCredit(t *testing.T) {
	for _, tc := range []struct {
		name, text, want string
		form             CreditForm
		warn             []Warning
		fail             Reason
	}{
		{"a real one", "91110000600037341L", "91110000600037341L", Unified, nil, ""},
		{"company", "91440300MA5EF7K23J", "91440300MA5EF7K23J", Unified, nil, ""},
		{"letter in front", "N2440305MA5EF7K23A", "N2440305MA5EF7K23A", Unified, nil, ""},
		{"social", "52440300MA5EF7K23K", "52440300MA5EF7K23K", Unified, nil, ""},
		{"office", "11440300MA5EF7K23T", "11440300MA5EF7K23T", Unified, nil, ""},
		{"small letters, wide digits", "９1440300ma5ef7k23j", "91440300MA5EF7K23J", Unified, []Warning{Repaired}, ""},
		{"organisation code", "60003734-1", "600037341", Organisation, []Warning{Repaired, OldForm}, ""},
		{"registration number", "440301103097413", "440301103097413", Registration, []Warning{OldForm}, ""},
		{"wrong check", "91440300MA5EF7K23K", "", 0, nil, BadCheck},
		{"letter O", "9144O300MA5EF7K23J", "", 0, nil, BadChar},
		{"letters in the region", "91AAAAAAMA5EF7K23J", "", 0, nil, BadChar},
		{"organisation code with a wrong check", "600037342", "", 0, nil, BadCheck},
		{"length", "91440300MA5EF7K2", "", 0, nil, BadLength},
		{"spreadsheet", "9.1440300E+17", "", 0, nil, Destroyed},
		{"empty", "", "", 0, nil, Empty},
	} {
		c, warn, err := ParseCredit(tc.text)
		var ce *CodeError
		if tc.fail != "" {
			if !errors.As(err, &ce) || ce.Reason != tc.fail {
				t.Errorf("%s: error = %v, want reason %s", tc.name, err, tc.fail)
			}
			continue
		}
		if err != nil || c.String() != tc.want || c.Form() != tc.form || !slices.Equal(warn, tc.warn) {
			t.Errorf("%s: %s form %d, %v, %v", tc.name, c, c.Form(), warn, err)
		}
	}
	// A wrong inner check is a warning: take a code, spoil the ninth character of the organisation code, mend the last.
	s := "91440300MA5EF7K24"
	if _, warn, err := ParseCredit(s + string(creditCheck(s))); err != nil || !slices.Equal(warn, []Warning{InnerCheck}) {
		t.Errorf("wrong inner check: %v, %v", warn, err)
	}
}

func TestDisability(t *testing.T) {
	const id = "11010519491231002X"
	for text, want := range map[string][3]int{id + "43": {4, 3, 0}, id + "71b2": {7, 1, 2}} {
		c, _, err := Rules{}.Disability(text)
		if err != nil || [3]int{c.Category(), c.Grade(), c.Reissue()} != want || c.Reveal() != strings.ToUpper(text) {
			t.Errorf("%d characters: %d %d %d, %v", len(text), c.Category(), c.Grade(), c.Reissue(), err)
		}
	}
	for text, want := range map[string]Reason{id + "83": BadClass, id + "05": BadClass, id + "4": BadLength, id + "43C1": BadChar, "11010519491231002143": BadCheck} {
		_, _, err := Rules{}.Disability(text)
		var ce *CodeError
		if !errors.As(err, &ce) || ce.Reason != want {
			t.Errorf("%s: error = %v, want %s", text[18:], err, want)
		}
	}
}

func TestSyntheticNumbersAreValidAndDistinct(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		birth := time.Date(rapid.IntRange(1900, 2100).Draw(t, "year"), 1, rapid.IntRange(1, 366).Draw(t, "day"), 0, 0, 0, 0, time.UTC)
		seq := rapid.IntRange(0, 999).Draw(t, "seq")
		n := SyntheticIdentity(birth, seq)
		back, warn, err := Rules{AllowTest: true}.Identity(n.Reveal())
		if err != nil || len(warn) > 0 || !back.Equal(n) || !back.Birth().Equal(birth) || (back.Sex() == "1") != (seq%2 == 1) {
			t.Fatalf("%s %d: %v, %v", birth, seq, warn, err)
		}
		a, b := rapid.Uint64Range(0, 887503680).Draw(t, "a"), rapid.Uint64Range(0, 887503680).Draw(t, "b")
		c := SyntheticCredit('1', a)
		if back, warn, err := ParseCredit(c.String()); err != nil || len(warn) > 0 || back != c {
			t.Fatalf("credit code %s: %v, %v", c, warn, err)
		}
		if (a == b) != (c == SyntheticCredit('1', b)) {
			t.Fatalf("codes of %d and %d", a, b)
		}
	})
}

// One wrong digit is always found.
func TestIdentityCheckFindsOneWrongDigit(t *testing.T) {
	const good = "440524188001010014"
	for i := range 17 {
		for d := byte('0'); d <= '9'; d++ {
			bad := good[:i] + string(d) + good[i+1:]
			if _, _, err := (Rules{AllowTest: true}).Identity(bad); bad != good && err == nil {
				t.Errorf("place %d with %c is accepted", i+1, d)
			}
		}
	}
}

func FuzzIdentity(f *testing.F) {
	for _, s := range []string{"11010519491231002X", "110105491231002", "４４０５２４１８８００１０１００１４", "4.4E+17", "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, _, err := Rules{AllowTest: true}.Identity(s)
		if err != nil {
			return
		}
		again, warn, err := Rules{AllowTest: true}.Identity(n.Reveal())
		if err != nil || !again.Equal(n) || slices.Contains(warn, Repaired) {
			t.Errorf("what was read is not read again: %v, %v", warn, err)
		}
	})
}

func FuzzDisability(f *testing.F) {
	f.Add("11010519491231002X43")
	f.Add("11010519491231002x71b2")
	f.Fuzz(func(t *testing.T, s string) {
		c, _, err := Rules{AllowTest: true}.Disability(s)
		if err != nil {
			return
		}
		again, _, err := Rules{AllowTest: true}.Disability(c.Reveal())
		if err != nil || again.Reveal() != c.Reveal() {
			t.Errorf("what was read is not read again: %v", err)
		}
	})
}

func FuzzCredit(f *testing.F) {
	for _, s := range []string{"91110000600037341L", "60003734-1", "440301103097413", "N2440305MA5EF7K23A"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c, _, err := ParseCredit(s)
		if err != nil {
			return
		}
		if again, warn, err := ParseCredit(c.String()); err != nil || again != c || slices.Contains(warn, Repaired) {
			t.Errorf("%s is not read again: %v, %v", c, warn, err)
		}
	})
}

func BenchmarkIdentity(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := (Rules{}).Identity("440524188001010014"); err != nil {
			b.Fatal(err)
		}
	}
}
