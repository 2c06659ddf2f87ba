package address

import (
	"regexp"
	"strconv"
	"strings"
)

// Layers is an address text taken apart. Missing layers are empty; numbers are without leading zeros, so that 03栋 and 3栋
// compare equal and 3栋 and 13栋 do not.
type Layers struct {
	Province, City, District, Street, Community string
	Road, Number                                string // 滨河路, 3001 or 12-3
	Estate                                      string // 小区, 村, 工业园, 大厦: what remains between road and building
	Building, Unit                              string // 3, A, 2
	Floor                                       int    // -1 is the first below ground, 0 unknown
	Room                                        string // 1203, 12A
}

const han = `\p{Han}`

var (
	provinceRE  = regexp.MustCompile(`^` + han + `{2,7}?(?:省|自治区|特别行政区)`)
	cityRE      = regexp.MustCompile(`^` + han + `{2,6}?市`)
	districtRE  = regexp.MustCompile(`^` + han + `{1,6}?(?:新区|区|县|合作区)`)
	streetRE    = regexp.MustCompile(`^` + han + `{1,8}?(?:街道办事处|街道办|街道|镇|乡)`)
	communityRE = regexp.MustCompile(`^` + han + `{1,12}?(?:社区居民委员会|社区居委会|社区|居民委员会|居委会|村民委员会|村委会)`)
	roadRE      = regexp.MustCompile(`^(.{1,15}?(?:大道|大街|公路|路|街|巷|道|弄|胡同|横街)(?:[东南西北中]段?)?)([0-9]+(?:-[0-9]+)*)号`)
	bareRoadRE  = regexp.MustCompile(`^(` + han + `{1,12}?(?:大道|大街|公路|路|街|巷|胡同))`)
	numberRE    = regexp.MustCompile(`([0-9]+(?:-[0-9]+)*)号`)
	buildingRE  = regexp.MustCompile(`([0-9]+[A-Z]?|[A-Z][0-9]*)栋`)
	unitRE      = regexp.MustCompile(`([0-9]+|[A-Z])单元`)
	floorRE     = regexp.MustCompile(`(负|-|地下|B)?([0-9]+)层`)
	roomRE      = regexp.MustCompile(`([0-9]{1,5}[A-Z]?|[A-Z][0-9]{1,4})室$`)
	bareRoomRE  = regexp.MustCompile(`^-?([0-9]{2,5}[A-Z]?|[A-Z][0-9]{1,4})$`)
)

// notDistrict are endings in 区 that are no districts.
var notDistrict = []string{"小区", "社区", "园区", "工业区", "宿舍区", "住宅区", "生活区", "片区", "校区", "保税区", "别墅区", "花园区"}

// Parse takes an address apart. The text is normalised first. What it cannot place becomes part of the estate.
func Parse(text string) Layers {
	s, _ := Normalise(text)
	if len(s) > maxText {
		return Layers{}
	}
	var l Layers
	take := func(re *regexp.Regexp) string {
		m := re.FindString(s)
		s = s[len(m):]
		return m
	}
	l.Province = take(provinceRE)
	l.City = take(cityRE)
	if m := districtRE.FindString(s); m != "" && !anySuffix(m, notDistrict) {
		l.District, s = m, s[len(m):]
	}
	if m := streetRE.FindString(s); m != "" && !(strings.HasSuffix(m, "街道") && strings.HasPrefix(s[len(m):], "路")) {
		l.Street, s = m, s[len(m):]
	}
	l.Community = take(communityRE)

	// From the end: room, floor, unit, building; each is looked for behind the one above it.
	tail := ""
	if at := buildingRE.FindStringSubmatchIndex(s); at != nil {
		l.Building = trimZeros(s[at[2]:at[3]])
		s, tail = s[:at[0]], s[at[1]:]
	} else {
		s, tail = cutTail(s)
	}
	if at := unitRE.FindStringSubmatchIndex(tail); at != nil {
		l.Unit = trimZeros(tail[at[2]:at[3]])
		tail = tail[:at[0]] + tail[at[1]:]
	}
	if at := floorRE.FindStringSubmatchIndex(tail); at != nil {
		if n, err := strconv.Atoi(tail[at[4]:at[5]]); err == nil && n < 1000 {
			l.Floor = n
			if at[2] >= 0 && at[2] < at[3] && (tail[at[2]:at[3]] != "-" || at[2] == 0) {
				l.Floor = -n
			}
		}
		tail = tail[:at[0]] + tail[at[1]:]
	}
	if at := roomRE.FindStringSubmatchIndex(tail); at != nil {
		l.Room = trimZeros(tail[at[2]:at[3]])
		tail = tail[:at[0]]
	} else if at := bareRoomRE.FindStringSubmatchIndex(tail); at != nil {
		l.Room = trimZeros(tail[at[2]:at[3]])
		tail = ""
	}

	if at := roadRE.FindStringSubmatchIndex(s); at != nil {
		l.Road, l.Number = s[at[2]:at[3]], s[at[4]:at[5]]
		s = s[at[1]:]
	} else if at := bareRoadRE.FindStringIndex(s); at != nil && at[1] < len(s) {
		l.Road, s = s[:at[1]], s[at[1]:]
	} else if at := numberRE.FindStringSubmatchIndex(s); at != nil && at[1] == len(s) && at[0] > 0 {
		l.Number, s = s[at[2]:at[3]], s[:at[0]] // 下沙村12号
	}
	l.Estate = strings.Trim(s+strings.Trim(tail, "-"), "-, ")
	return l
}

// cutTail splits a text without a building where its unit, floor or room begins.
func cutTail(s string) (head, tail string) {
	cut := len(s)
	for _, re := range []*regexp.Regexp{unitRE, floorRE, roomRE} {
		if at := re.FindStringIndex(s); at != nil {
			cut = min(cut, at[0])
		}
	}
	return s[:cut], s[cut:]
}

func anySuffix(s string, suffixes []string) bool {
	for _, x := range suffixes {
		if strings.HasSuffix(s, x) {
			return true
		}
	}
	return false
}

func trimZeros(s string) string {
	t := strings.TrimLeft(s, "0")
	if t == "" || t[0] < '0' || t[0] > '9' {
		return s
	}
	return t
}
