package assets

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"unicode"

	"golang.org/x/image/font/sfnt"
)

func glyphs(t *testing.T, ttf []byte) func(rune) bool {
	t.Helper()
	face, err := sfnt.Parse(ttf)
	if err != nil {
		t.Fatalf("parse face: %v", err)
	}
	var buf sfnt.Buffer
	return func(r rune) bool {
		i, err := face.GlyphIndex(&buf, r)
		return err == nil && i != 0
	}
}

// TestFacesHoldEveryCharacterOfTheScreens keeps boxes off the screen: each character of our texts, of place names that
// are known to be rare, and of the signs that formatting makes must be in both faces.
func TestFacesHoldEveryCharacterOfTheScreens(t *testing.T) {
	sample := "块图深圳市福田区沙头街道下沙社区滨河雅苑3栋1203房 圳涌埔墟塱塘岗磡坜㙍砵" +
		"0123456789,.:;!?()[]{}#%&*+-/<>=@_|~ABCabc ·…—–°′″²³㎡×→←↑↓“”‘’《》〈〉【】、。，：；！？（）％￥０９ＡＺａｚ①⑳ⅠⅫ※±≤≥≈"
	for _, language := range []string{"zh", "en"} {
		b, err := Texts(language)
		if err != nil {
			t.Fatal(err)
		}
		sample += string(b)
	}
	for name, ttf := range map[string][]byte{"regular": FontRegular(), "bold": FontBold()} {
		has := glyphs(t, ttf)
		missing := map[rune]bool{}
		for _, r := range sample {
			if !unicode.IsControl(r) && !has(r) {
				missing[r] = true
			}
		}
		for r := range missing {
			t.Errorf("%s face has no %q (%U)", name, r, r)
		}
	}
}

func TestFacesHoldTheListedCharacters(t *testing.T) {
	list, err := os.ReadFile("fonts/characters.txt")
	if err != nil {
		t.Fatal(err)
	}
	for name, ttf := range map[string][]byte{"regular": FontRegular(), "bold": FontBold()} {
		has, han, missing := glyphs(t, ttf), 0, []rune{}
		for _, r := range string(list) {
			if unicode.Is(unicode.Han, r) {
				han++
			}
			if r != '\n' && !has(r) {
				missing = append(missing, r)
			}
		}
		// Eight characters of the list are not in Noto Sans SC itself at most.
		if len(missing) > 8 {
			t.Errorf("%s face lacks %d listed characters: %s", name, len(missing), string(missing))
		}
		if han < 8105 {
			t.Errorf("list has %d Han characters, want at least the 8,105 of the standard table", han)
		}
		if len(ttf) > 3_500_000 {
			t.Errorf("%s face is %d bytes, want 3.5 MB at most", name, len(ttf))
		}
	}
}

func TestFaceIsNotNamedSource(t *testing.T) {
	for _, ttf := range [][]byte{FontRegular(), FontBold()} {
		face, err := sfnt.Parse(ttf)
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range []sfnt.NameID{sfnt.NameIDFamily, sfnt.NameIDFull, sfnt.NameIDPostScript} {
			name, err := face.Name(nil, id)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(name, "Kuaitu") || strings.Contains(name, "Source") {
				t.Errorf("name %d is %q", id, name)
			}
		}
	}
}

func TestIconsAreOutlines(t *testing.T) {
	names := Icons()
	if len(names) < 60 {
		t.Fatalf("%d icons", len(names))
	}
	for _, n := range names {
		b, err := Icon(n)
		if err != nil {
			t.Fatal(err)
		}
		svg := string(b)
		if !strings.Contains(svg, "currentColor") {
			t.Errorf("%s has no currentColor to replace", n)
		}
		if !strings.HasPrefix(n, "light-") && !strings.Contains(svg, `stroke-width="2"`) {
			t.Errorf("%s has no stroke width to replace", n)
		}
	}
	if _, err := Icon("no-such-icon"); err == nil {
		t.Error("an unknown icon is not an error")
	}
}

func TestLanguagesHaveTheSameKeys(t *testing.T) {
	texts := map[string]map[string]string{}
	for _, language := range []string{"zh", "en"} {
		b, err := Texts(language)
		if err != nil {
			t.Fatal(err)
		}
		var m map[string]string
		if err := json.Unmarshal(b, &m); err != nil {
			t.Fatalf("%s: %v", language, err)
		}
		texts[language] = m
	}
	for key, zh := range texts["zh"] {
		en, ok := texts["en"][key]
		if !ok {
			t.Errorf("en has no %s", key)
			continue
		}
		if zh == "" || en == "" {
			t.Errorf("%s is empty", key)
		}
		for _, hole := range []string{"{0}", "{1}", "{2}", "{3}"} {
			if strings.Contains(zh, hole) != strings.Contains(en, hole) {
				t.Errorf("%s: %s is in one language only", key, hole)
			}
		}
	}
	for key := range texts["en"] {
		if _, ok := texts["zh"][key]; !ok {
			t.Errorf("zh has no %s", key)
		}
	}
}

func TestLicencesAreCarried(t *testing.T) {
	for part, word := range map[string]string{"fonts": "SIL Open Font License", "icons": "MIT"} {
		text, err := Licence(part)
		if err != nil || !strings.Contains(text, word) {
			t.Errorf("licence of %s: %v, no %q in it", part, err, word)
		}
	}
}
