package style

import (
	"image/color"
	"math"
	"testing"
)

func TestParseColor(t *testing.T) {
	for _, tt := range []struct {
		text string
		want color.NRGBA
	}{
		{"#1257a8", color.NRGBA{0x12, 0x57, 0xa8, 255}}, {"#FfF", color.NRGBA{255, 255, 255, 255}}, {"#f008", color.NRGBA{255, 0, 0, 0x88}}, {"#01020380", color.NRGBA{1, 2, 3, 128}},
		{"red", color.NRGBA{255, 0, 0, 255}}, {" RebeccaPurple ", color.NRGBA{0x66, 0x33, 0x99, 255}}, {"transparent", color.NRGBA{}}, {"royalblue", color.NRGBA{65, 105, 225, 255}},
		{"rgb(1, 2, 3)", color.NRGBA{1, 2, 3, 255}}, {"rgba(1,2,3,0.5)", color.NRGBA{1, 2, 3, 128}}, {"rgb(100%, 0%, 50%)", color.NRGBA{255, 0, 128, 255}},
		{"rgb(1 2 3 / 50%)", color.NRGBA{1, 2, 3, 128}}, {"rgb(300, -5, 0)", color.NRGBA{255, 0, 0, 255}},
		{"hsl(120, 100%, 50%)", color.NRGBA{0, 255, 0, 255}}, {"hsla(240, 100%, 25%, 0.5)", color.NRGBA{0, 0, 128, 128}}, {"hsl(-120deg 100% 50%)", color.NRGBA{0, 0, 255, 255}},
		{"hsl(0, 0%, 40%)", color.NRGBA{102, 102, 102, 255}},
	} {
		c, ok := ParseColor(tt.text)
		if got := c.NRGBA(); !ok || got != tt.want {
			t.Errorf("ParseColor(%q) = %v, %v; want %v", tt.text, got, ok, tt.want)
		}
		if got := nrgbaOf(colorValue(c).bits); got != tt.want {
			t.Errorf("%q packed is %v, want %v", tt.text, got, tt.want)
		}
	}
	for _, text := range []string{"", "#", "#12", "#12345", "#ggg", "#+12345", "reddish", "rgb(1,2)", "rgb(1,2,3", "rgb(1%,2,3)", "hsl(1,2,3)", "hsl(10%,2%,3%)", "hsv(1,2%,3%)", "rgb(nan,1,2)", "rgb(1,2,3,)", "(1,2,3)"} {
		if c, ok := ParseColor(text); ok {
			t.Errorf("ParseColor(%q) = %v", text, c)
		}
	}
}

func TestValues(t *testing.T) {
	object := FromJSON(map[string]any{"b": []any{1.0, "x", nil}, "a": true})
	if got, want := object.String(), `{"a":true,"b":[1,"x",null]}`; got != want {
		t.Errorf("String() = %s, want %s", got, want)
	}
	if v, ok := object.Member("a"); !ok || v != Bool(true) {
		t.Errorf("Member(a) = %v, %v", v, ok)
	}
	if _, ok := object.Member("c"); ok {
		t.Error("an object has a member that it has not")
	}
	if b, _ := object.Member("b"); len(b.List()) != 3 || b.List()[1] != Str("x") {
		t.Errorf("List() = %v", b.List())
	}
	one := 1.0
	if Num(one) != FromJSON(1.0) || Num(one) == Num(2) || Str("1") == Num(1) || Null() != (Value{}) || Bool(false) == Null() || Str("甲") != FromJSON("甲") {
		t.Error("scalars are == when they are the same, and only then")
	}
	for _, v := range []Value{Num(1), Str("a"), Bool(true), {}} {
		if _, ok := v.AsColor(); ok || v.List() != nil {
			t.Errorf("%v is a colour or a list", v)
		}
	}
	for _, tt := range []struct {
		in   string
		want float64
		ok   bool
	}{
		{"", 0, true}, {" 5 ", 5, true}, {"1e3", 1000, true}, {"-Infinity", math.Inf(-1), true}, {"1e999", math.Inf(1), true}, {"0b101", 5, true},
		{"12px", 0, false}, {"inf", 0, false}, {"nan", 0, false}, {"0x1p4", 0, false}, {"1_0", 0, false}, {"--1", 0, false},
	} {
		if got, ok := parseNumber(tt.in); ok != tt.ok || ok && got != tt.want {
			t.Errorf("parseNumber(%q) = %v, %v; want %v, %v", tt.in, got, ok, tt.want, tt.ok)
		}
	}
	if got := Str("a\"\\\n\t\x01<深>").appendJSON(nil); string(got) != `"a\"\\\n\t\u0001<深>"` {
		t.Errorf("quoted: %s", got)
	}
}

// TestMixingColors: a transparent end lends its alpha and not its hue.
func TestMixingColors(t *testing.T) {
	red, clearBlue := Color{1, 0, 0, 1}, Color{0, 0, 1, 0}
	if got, want := mixColors(red, clearBlue, 0.5).NRGBA(), (color.NRGBA{255, 0, 0, 128}); got != want {
		t.Errorf("half way from red to clear blue is %v, want %v", got, want)
	}
	if got := mixColors(clearBlue, Color{}, 0.5); got != (Color{}) {
		t.Errorf("between clear colours there is %v", got)
	}
}
