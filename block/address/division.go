package address

import "strconv"

// DivisionCode is a statistical division code (统计用区划代码): 6 digits of GB/T 2260, 3 of township, 3 of village. It is
// kept with all 12. The digits are never used to find a parent: 大鹏's streets carry 龙岗's prefix, and 深汕's towns even
// another city's.
type DivisionCode string

const divisionScheme = "division"

// ParseDivision reads 12 digits; 2, 4, 6 or 9 digits are filled up with zeros as the statistical office does. Errors are
// *[CodeError].
func ParseDivision(text string) (DivisionCode, error) {
	t, err := plainCode(divisionScheme, text)
	if err != nil {
		return "", err
	}
	switch len(t) {
	case 2, 4, 6, 9, 12:
	default:
		return "", &CodeError{divisionScheme, 0, "has " + strconv.Itoa(len(t)) + " characters, not 12"}
	}
	for i := range len(t) {
		if t[i] < '0' || t[i] > '9' {
			return "", &CodeError{divisionScheme, i + 1, "holds a character that is no digit"}
		}
	}
	for len(t) < 12 {
		t += "0"
	}
	return DivisionCode(t), nil
}

// County returns the six digits of GB/T 2260.
func (c DivisionCode) County() string { return string(c[:6]) }

// Township and Village return the three digits of the township and of the village or community segment, "000" for none.
func (c DivisionCode) Township() string { return string(c[6:9]) }

// Village returns the last three digits.
func (c DivisionCode) Village() string { return string(c[9:12]) }

// TownshipType returns what the township segment stands for: "street" (001–099), "town" (100–199), "township" (200–399),
// "functional" (400–599: development zones and the like), empty for none or an unassigned number.
func (c DivisionCode) TownshipType() string {
	switch n, _ := strconv.Atoi(c.Township()); {
	case n == 0 || n >= 600:
		return ""
	case n < 100:
		return "street"
	case n < 200:
		return "town"
	case n < 400:
		return "township"
	}
	return "functional"
}

// VillageType returns "residents" (001–199, 居委会), "villagers" (200–399, 村委会), "other" (400 on), empty for none.
func (c DivisionCode) VillageType() string {
	switch n, _ := strconv.Atoi(c.Village()); {
	case n == 0:
		return ""
	case n < 200:
		return "residents"
	case n < 400:
		return "villagers"
	}
	return "other"
}

// GridCode is the code of a grid: opaque characters together with the scheme they are from. Schemes in use have 14, 15 and
// 20 digits, and nothing is read from any of them.
type GridCode struct {
	Scheme string
	Code   string
}

// ParseGrid reads a grid code of a scheme: 1 to 32 letters and digits after width, case, blanks and hyphens are put right.
// Errors are *[CodeError].
func ParseGrid(scheme, text string) (GridCode, error) {
	t, err := plainCode(scheme, text)
	if err != nil {
		return GridCode{}, err
	}
	if len(t) > 32 {
		return GridCode{}, &CodeError{scheme, 0, "is longer than 32 characters"}
	}
	for i := range len(t) {
		if !Alnum.holds(t[i]) {
			return GridCode{}, &CodeError{scheme, i + 1, "holds a character that no code has"}
		}
	}
	return GridCode{scheme, t}, nil
}

func (g GridCode) String() string { return g.Scheme + ":" + g.Code }
