package ui

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"

	"kuaitu/assets"
	"kuaitu/ui/state"
)

// palette is the colours of a theme by the part they play. The values and their contrast ratios are the design's.
type palette struct {
	dark                                            bool
	bg, panel, raised, sunk                         color.NRGBA
	line, strong                                    color.NRGBA
	text1, text2, text3                             color.NRGBA
	accent, onAccent, tint, hover                   color.NRGBA
	red, redFill, redPale, onRed                    color.NRGBA
	amber, amberText, onAmber                       color.NRGBA
	green, admin                                    color.NRGBA
	land, estate, selfBuilt, shop, office, industry color.NRGBA
	public, works, hatch, noUse                     color.NRGBA
}

func rgb(v uint32) color.NRGBA {
	return color.NRGBA{R: uint8(v >> 16), G: uint8(v >> 8), B: uint8(v), A: 0xff}
}

var lightPalette = palette{
	bg: rgb(0xE8EBEE), panel: rgb(0xF7F8F9), raised: rgb(0xFFFFFF), sunk: rgb(0xEEF1F3),
	line: rgb(0xD4D9DE), strong: rgb(0xAEB7C0),
	text1: rgb(0x1A2026), text2: rgb(0x46515B), text3: rgb(0x5F6B76),
	accent: rgb(0x1257A8), onAccent: rgb(0xFFFFFF), tint: rgb(0xE1EBF6), hover: rgb(0xEDF1F5),
	red: rgb(0xBF2419), redFill: rgb(0xBF2419), redPale: rgb(0xDF918C), onRed: rgb(0xFFFFFF),
	amber: rgb(0xF2B233), amberText: rgb(0x8A5200), onAmber: rgb(0x1A2026),
	green: rgb(0x1B6E3F), admin: rgb(0x5B3A74),
	land: rgb(0xEFEFEC), estate: rgb(0xEAD9B4), selfBuilt: rgb(0xCDA67C), shop: rgb(0xCDB4E0), office: rgb(0x7E9CC0), industry: rgb(0x94A0AC),
	public: rgb(0x86BBA4), works: rgb(0xF1EDE4), hatch: rgb(0xA9A296), noUse: rgb(0xD3D3D0),
}

var darkPalette = palette{
	dark: true,
	bg:   rgb(0x12161A), panel: rgb(0x191E23), raised: rgb(0x222930), sunk: rgb(0x14191D),
	line: rgb(0x2E373F), strong: rgb(0x4A5661),
	text1: rgb(0xE4E8EB), text2: rgb(0xB0BAC3), text3: rgb(0x8E9AA5),
	accent: rgb(0x7DB4F0), onAccent: rgb(0x0E1A27), tint: rgb(0x1D3147), hover: rgb(0x20272D),
	red: rgb(0xFF7A6E), redFill: rgb(0xFF6B5E), redPale: rgb(0x7A3F3B), onRed: rgb(0x1A0503),
	amber: rgb(0xF5BC4B), amberText: rgb(0xF5BC4B), onAmber: rgb(0x1A2026),
	green: rgb(0x67C08A), admin: rgb(0xB79AD6),
	land: rgb(0x1B2024), estate: rgb(0x3A3931), selfBuilt: rgb(0x46392D), shop: rgb(0x37334A), office: rgb(0x2B3A4A), industry: rgb(0x353E46),
	public: rgb(0x28403A), works: rgb(0x2A2C2C), hatch: rgb(0x5A6068), noUse: rgb(0x33393E),
}

// tone is the colour of a text or icon by its part.
func (p *palette) tone(t state.Tone) color.NRGBA {
	switch t {
	case state.ToneLesser:
		return p.text3
	case state.ToneGood:
		return p.green
	case state.ToneNear:
		return p.amberText
	case state.ToneLate:
		return p.red
	case state.ToneAccent:
		return p.accent
	default:
		return p.text2
	}
}

// light is the colour of a light's sign.
func (p *palette) light(l state.Light) color.NRGBA {
	switch l {
	case state.InTime:
		return p.green
	case state.Near:
		return p.amber
	case state.Late, state.Urged:
		return p.redFill
	default:
		return p.text3
	}
}

// Sizes of type, in device-independent units: design §3.
const (
	sizeTitle   = 20
	sizeHeading = 14
	sizeBody    = 13
	sizeSmall   = 12
	sizeMicro   = 11
	rowHeight   = 28
)

// Theme is the console's theme: the embedded faces, the design's colours in light or dark, and tight sizes. It pays no
// heed to the system's variant; the user chooses.
type Theme struct {
	pal           *palette
	regular, bold fyne.Resource
}

// NewTheme returns the light or the dark theme.
func NewTheme(dark bool) *Theme {
	t := &Theme{pal: &lightPalette, regular: fontRegular, bold: fontBold}
	if dark {
		t.pal = &darkPalette
	}
	return t
}

// Faces are shared by all themes: Fyne keeps what it parsed by the resource.
var (
	fontRegular = fyne.NewStaticResource("KuaituSans-Regular.ttf", assets.FontRegular())
	fontBold    = fyne.NewStaticResource("KuaituSans-Bold.ttf", assets.FontBold())
)

// Font implements fyne.Theme. There is no italic and no monospace face: the digits are of equal width anyway.
func (t *Theme) Font(style fyne.TextStyle) fyne.Resource {
	if style.Symbol {
		return theme.DefaultTheme().Font(style)
	}
	if style.Bold {
		return t.bold
	}
	return t.regular
}

// Icon implements fyne.Theme with Fyne's own icons; ours are drawn from assets.
func (t *Theme) Icon(name fyne.ThemeIconName) fyne.Resource { return theme.DefaultTheme().Icon(name) }

// Color implements fyne.Theme.
func (t *Theme) Color(name fyne.ThemeColorName, _ fyne.ThemeVariant) color.Color {
	p := t.pal
	switch name {
	case theme.ColorNameBackground:
		return p.panel
	case theme.ColorNameOverlayBackground, theme.ColorNameMenuBackground, theme.ColorNameInputBackground, theme.ColorNameButton:
		return p.raised
	case theme.ColorNameHeaderBackground:
		return p.panel
	case theme.ColorNameForeground:
		return p.text1
	case theme.ColorNamePlaceHolder:
		return p.text3
	case theme.ColorNameDisabled:
		return p.text3
	case theme.ColorNameDisabledButton:
		return p.sunk
	case theme.ColorNamePrimary, theme.ColorNameHyperlink:
		return p.accent
	case theme.ColorNameForegroundOnPrimary:
		return p.onAccent
	case theme.ColorNameFocus, theme.ColorNameSelection:
		return p.tint
	case theme.ColorNameHover, theme.ColorNamePressed:
		return p.hover
	case theme.ColorNameInputBorder:
		return p.strong
	case theme.ColorNameSeparator:
		return p.line
	case theme.ColorNameError:
		return p.red
	case theme.ColorNameForegroundOnError:
		return p.onRed
	case theme.ColorNameWarning:
		return p.amber
	case theme.ColorNameSuccess:
		return p.green
	case theme.ColorNameShadow:
		return color.NRGBA{A: 0x30}
	case theme.ColorNameScrollBar:
		return p.strong
	case theme.ColorNameScrollBarBackground:
		return color.Transparent
	}
	variant := theme.VariantLight
	if p.dark {
		variant = theme.VariantDark
	}
	return theme.DefaultTheme().Color(name, variant)
}

// Size implements fyne.Theme.
func (t *Theme) Size(name fyne.ThemeSizeName) float32 {
	switch name {
	case theme.SizeNameText:
		return sizeBody
	case theme.SizeNameCaptionText:
		return sizeMicro
	case theme.SizeNameHeadingText:
		return sizeTitle
	case theme.SizeNameSubHeadingText:
		return 16
	case theme.SizeNamePadding:
		return 4
	case theme.SizeNameInnerPadding:
		return 6
	case theme.SizeNameInlineIcon:
		return 16
	case theme.SizeNameLineSpacing:
		return 2
	case theme.SizeNameSeparatorThickness, theme.SizeNameInputBorder:
		return 1
	case theme.SizeNameScrollBar:
		return 10
	case theme.SizeNameScrollBarSmall:
		return 4
	case theme.SizeNameInputRadius, theme.SizeNameSelectionRadius, theme.SizeNameButtonRadius, theme.SizeNameDialogRadius,
		theme.SizeNamePopupRadius, theme.SizeNameMenuRadius:
		return 4
	case theme.SizeNameModalBlurRadius:
		return 0
	}
	return theme.DefaultTheme().Size(name)
}

// bareTheme is a Theme whose entries have no frame of their own, because a sheet draws it.
type bareTheme struct{ *Theme }

func (t bareTheme) Color(name fyne.ThemeColorName, v fyne.ThemeVariant) color.Color {
	switch name {
	case theme.ColorNameInputBorder, theme.ColorNameInputBackground, theme.ColorNameFocus:
		return color.Transparent
	case theme.ColorNamePrimary: // the frame of a focused entry, and its caret
		return t.Theme.Color(theme.ColorNameForeground, v)
	}
	return t.Theme.Color(name, v)
}

func (t bareTheme) Size(name fyne.ThemeSizeName) float32 {
	switch name {
	case theme.SizeNameInputBorder:
		return 0
	case theme.SizeNameInnerPadding:
		return 5
	}
	return t.Theme.Size(name)
}
