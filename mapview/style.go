package mapview

import (
	"image/color"
	"math"
)

// Kind says what a layer shows, and with that how it is drawn.
type Kind uint8

// The kinds of layers. The comment says what the class byte of a feature means.
const (
	KindBuilding Kind = iota // polygons; a Use
	KindRegion               // polygons of one Level; the class is not looked at
	KindEvent                // points; what EventClass makes
	KindPlace                // points; not looked at: a small dot
	KindLine                 // lines; not looked at: tracks, routes, links
	KindBase                 // areas and ways of a base map; a BaseClass
	KindStyled               // anything, drawn as a layer of a style document says; the class is not looked at
)

// Use is what a building is used for.
type Use uint8

// The building uses that have a colour of their own.
const (
	UseUnknown      Use = iota // 未分类
	UseResidential             // 住宅小区
	UseSelfBuilt               // 自建房
	UseCommercial              // 商业
	UseOffice                  // 办公
	UsePublic                  // 公共服务
	UseConstruction            // 在建
	UseIndustrial              // 工业
	numUses
)

// legendOrder is the order in which legends list the uses.
var legendOrder = [numUses]Use{UseResidential, UseSelfBuilt, UseCommercial, UseOffice, UseIndustrial, UsePublic, UseConstruction, UseUnknown}

// Level is the rank of a region; a smaller one contains larger ones.
type Level uint8

// The region levels that have a line of their own.
const (
	LevelCity Level = iota
	LevelDistrict
	LevelStreet
	LevelCommunity
	LevelGrid
	LevelFormer // divisions of an earlier date
	numLevels
)

// Light is the state of a case's clock; the shape of its marker shows it.
type Light uint8

// The lights, in drawing order: later ones lie on top.
const (
	LightNormal  Light = iota // white disc
	LightStopped              // grey disc with two bars
	LightNear                 // amber triangle
	LightOverdue              // red diamond
	numLights
)

// Icon is the sign inside an event marker: the class of the case.
type Icon uint8

// The icons of the event catalogue.
const (
	IconDots    Icon = iota // 其他
	IconTrash               // 市容环境
	IconSpeaker             // 宣传广告
	IconCrane               // 施工管理
	IconCart                // 街面秩序
	IconUrgent              // 突发事件
	IconTool                // 部件
	IconFlame               // 消防
	numIcons
)

// EventClass packs what the marker of an event shows into a class byte. Values out of range are taken as normal and dots.
func EventClass(l Light, i Icon) uint8 {
	if l >= numLights {
		l = LightNormal
	}
	if i >= numIcons {
		i = IconDots
	}
	return uint8(l)<<4 | uint8(i)
}

func eventParts(class uint8) (Light, Icon) {
	l, i := Light(class>>4), Icon(class&15)
	if l >= numLights {
		l = LightNormal
	}
	if i >= numIcons {
		i = IconDots
	}
	return l, i
}

// Style is how a scene looks. It is immutable once drawn with: to change it, copy it and hand over the copy.
// Widths and sizes are design pixels; Ratio says how many device pixels one of them has.
type Style struct {
	Ratio float64 // device pixels per design pixel, 1 if 0; zooms at which things appear are shifted by it
	Fonts *Fonts  // nil: no labels

	land              rgba
	halo              rgba
	text, textQuiet   rgba
	accent            rgba
	ink               rgba // administrative
	inkTint           rgba
	red, amber, stop  rgba
	disc, discEdge    rgba
	onRed, onAmber    rgba
	selectionCasing   rgba
	selectedRegion    rgba
	uses              [numUses]useStyle
	levels            [numLevels]levelStyle
	base              [numBaseClasses]baseStyle
	casing            rgba // of ways
	hairline          rgba // ways too narrow for a casing
	wayName           rgba
	dusk              *dusk // what light raster tiles are dimmed with; nil: they are drawn as they are
	buildingLabelZoom float64
	outlineZoom       float64
}

type useStyle struct {
	fill, edge rgba
	hatch      rgba // a 0: none
}

// levelStyle is the line and name of a region level. dash is on, off, on, off … in design pixels; nil is solid.
type levelStyle struct {
	width    float64
	dash     []float64
	band     float64 // width of the tint band under the line
	nameSize float64 // 0: not named
	bold     bool
}

func hex(v uint32) rgba { return rgba{uint8(v >> 16), uint8(v >> 8), uint8(v), 255} }

func (c rgba) alpha(a uint8) rgba { c.a = a; return c }

var levelStyles = [numLevels]levelStyle{
	LevelCity:      {width: 3, band: 8, nameSize: 20, bold: true},
	LevelDistrict:  {width: 2.6, nameSize: 18, bold: true},
	LevelStreet:    {width: 2.6, dash: []float64{7, 2, 2, 2}, nameSize: 16, bold: true},
	LevelCommunity: {width: 1.6, nameSize: 15, bold: true},
	LevelGrid:      {width: 1, dash: []float64{2, 3}, nameSize: 11},
	LevelFormer:    {width: 1, dash: []float64{1, 2}},
}

// LightStyle is the symbology of the desk in daylight (design.md §6).
func LightStyle() *Style {
	return &Style{
		land: hex(0xEFEFEC), halo: hex(0xF4F4F1), text: hex(0x1A2026), textQuiet: hex(0x46515B), accent: hex(0x1257A8),
		ink: hex(0x5B3A74), inkTint: hex(0x5B3A74).alpha(40),
		red: hex(0xBF2419), amber: hex(0xF2B233), stop: hex(0xAEB7C0), disc: hex(0xFFFFFF), discEdge: hex(0x46515B), onRed: hex(0xFFFFFF), onAmber: hex(0x1A2026),
		selectionCasing: hex(0xFFFFFF), selectedRegion: hex(0x1257A8).alpha(20),
		uses: [numUses]useStyle{
			UseUnknown:      {fill: hex(0xD3D3D0), edge: hex(0xB3B3AE)},
			UseResidential:  {fill: hex(0xEAD9B4), edge: hex(0xC7AF7C)},
			UseSelfBuilt:    {fill: hex(0xCDA67C), edge: hex(0xA37F55)},
			UseCommercial:   {fill: hex(0xCDB4E0), edge: hex(0xA386BE)},
			UseOffice:       {fill: hex(0x7E9CC0), edge: hex(0x587AA3)},
			UsePublic:       {fill: hex(0x86BBA4), edge: hex(0x5C967D)},
			UseConstruction: {fill: hex(0xF1EDE4), edge: hex(0xA9A296), hatch: hex(0xA9A296)},
			UseIndustrial:   {fill: hex(0x94A0AC), edge: hex(0x707D8A)},
		},
		base: [numBaseClasses]baseStyle{
			BaseLand:        {fill: hex(0xEFEFEC)},
			BaseSand:        {fill: hex(0xF1E8D3), name: hex(0x6E5F3C)},
			BaseGreen:       {fill: hex(0xDDE7D5), name: hex(0x4B6B45)},
			BaseSquare:      {fill: hex(0xE5E5E0), name: hex(0x5F676E)},
			BaseWater:       {fill: hex(0xC6D8E4), name: hex(0x365E79)},
			BasePier:        {fill: hex(0xE3E3DF)},
			BasePath:        {fill: hex(0xC9CBC8)},
			BaseRail:        {fill: hex(0xF4F4F1), line: hex(0xB3B7BA)},
			BaseResidential: {fill: hex(0xFFFFFF)},
			BaseSecondary:   {fill: hex(0xFFFFFF)},
			BasePrimary:     {fill: hex(0xFFFFFF)},
			BaseMotorway:    {fill: hex(0xFFFFFF)},
		},
		casing: hex(0xD2D4D4), hairline: hex(0xCBCECE), wayName: hex(0x5F676E),
		levels: levelStyles, buildingLabelZoom: 17, outlineZoom: 15,
	}
}

// DarkStyle is the symbology of the desk at night and of the wall.
func DarkStyle() *Style {
	return &Style{
		land: hex(0x1B2024), halo: hex(0x171B1F), text: hex(0xE4E8EB), textQuiet: hex(0xB0BAC3), accent: hex(0x7DB4F0),
		ink: hex(0xB79AD6), inkTint: hex(0xB79AD6).alpha(36),
		red: hex(0xFF6B5E), amber: hex(0xF5BC4B), stop: hex(0x8E9AA5), disc: hex(0x222930), discEdge: hex(0xB0BAC3), onRed: hex(0x1A0503), onAmber: hex(0x1A2026),
		selectionCasing: hex(0x12161A), selectedRegion: hex(0x7DB4F0).alpha(26),
		uses: [numUses]useStyle{
			UseUnknown:      {fill: hex(0x30353A), edge: hex(0x43494F)},
			UseResidential:  {fill: hex(0x3A3931), edge: hex(0x504E43)},
			UseSelfBuilt:    {fill: hex(0x46392D), edge: hex(0x5F4E3E)},
			UseCommercial:   {fill: hex(0x37334A), edge: hex(0x4D4866)},
			UseOffice:       {fill: hex(0x2B3A4A), edge: hex(0x3D5166)},
			UsePublic:       {fill: hex(0x28403A), edge: hex(0x3A5950)},
			UseConstruction: {fill: hex(0x262B30), edge: hex(0x4A5058), hatch: hex(0x4A5058)},
			UseIndustrial:   {fill: hex(0x353E46), edge: hex(0x4C5761)},
		},
		base: [numBaseClasses]baseStyle{
			BaseLand:        {fill: hex(0x1B2024)},
			BaseSand:        {fill: hex(0x2A2922), name: hex(0xAFA588)},
			BaseGreen:       {fill: hex(0x1D2A23), name: hex(0x8FAE8C)},
			BaseSquare:      {fill: hex(0x20262B), name: hex(0x94A0AA)},
			BaseWater:       {fill: hex(0x182935), name: hex(0x85A9C4)},
			BasePier:        {fill: hex(0x252B30)},
			BasePath:        {fill: hex(0x343C43)},
			BaseRail:        {fill: hex(0x1B2024), line: hex(0x444D55)},
			BaseResidential: {fill: hex(0x2D343A)},
			BaseSecondary:   {fill: hex(0x2D343A)},
			BasePrimary:     {fill: hex(0x39424A)},
			BaseMotorway:    {fill: hex(0x39424A)},
		},
		casing: hex(0x14181B), hairline: hex(0x2F373D), wayName: hex(0x94A0AA), dusk: newDusk(hex(0x39424A)),
		levels: levelStyles, buildingLabelZoom: 17, outlineZoom: 15,
	}
}

// ratio is device pixels per design pixel.
func (s *Style) ratio() float64 {
	if s.Ratio > 0 {
		return s.Ratio
	}
	return 1
}

// designZoom is the zoom at which a picture of design pixels would show the same ground.
func (s *Style) designZoom(zoom float64) float64 { return zoom - math.Log2(s.ratio()) }

// Ground is the colour of land, for what shows a map before it is drawn.
func (s *Style) Ground() color.NRGBA { return s.land.nrgba() }

// Accent is the colour of selection.
func (s *Style) Accent() color.NRGBA { return s.accent.nrgba() }

// Alarm is the colour of what is overdue.
func (s *Style) Alarm() color.NRGBA { return s.red.nrgba() }

// Paper is the colour of what floats over the map.
func (s *Style) Paper() color.NRGBA { return s.disc.nrgba() }

// Text is the colour of writing on Paper.
func (s *Style) Text() color.NRGBA { return s.text.nrgba() }

// TextQuiet is the colour of the less important of it.
func (s *Style) TextQuiet() color.NRGBA { return s.textQuiet.nrgba() }

func (c rgba) nrgba() color.NRGBA { return color.NRGBA{c.r, c.g, c.b, c.a} }
