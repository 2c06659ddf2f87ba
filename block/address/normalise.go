package address

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Rule names a repair that Normalise makes. Its text is a key for reports.
type Rule string

// The rules, in the order in which they are applied.
const (
	RuleWidth       Rule = "width"       // full-width and compatibility letters and digits
	RuleTraditional Rule = "traditional" // 號樓棟單層 …
	RuleNote        Rule = "note"        // （…附近）, （原…）: not part of the address
	RuleBracket     Rule = "bracket"     // other brackets; what they hold stays
	RuleBlank       Rule = "blank"       // blanks beside Chinese characters
	RuleDash        Rule = "dash"        // — － 之 附 between numbers
	RuleLetterO     Rule = "letter-o"    // 1O2 → 102
	RuleNumeral     Rule = "numeral"     // 三号楼, 十二层, 一零二室
	RuleBuilding    Rule = "building"    // 幢 座 号楼 → 栋
	RuleUnit        Rule = "unit"        // 梯 门 → 单元
	RuleFloor       Rule = "floor"       // 楼 F → 层
	RuleRoom        Rule = "room"        // 房 户 号房 → 室
	RuleRepeated    Rule = "repeated"    // 深圳市深圳市
)

// Repair is one rule that changed the text, with the text before it: taking the repairs back from the last to the first
// leads to the original.
type Repair struct {
	Rule   Rule
	Before string
}

// maxText bounds the text that is looked at, in bytes; longer text comes back as it is.
const maxText = 1024

// Normalise returns an address in the form in which addresses are compared: half-width capitals, Arabic numerals before
// 栋 单元 层 室 号, one word for each of these, no blanks beside Chinese characters. Normalise of its own result changes
// nothing. It knows no place: 黄浦 for 黄埔 is left to the review of matches.
func Normalise(text string) (string, []Repair) {
	if len(text) > maxText || !utf8.ValidString(text) {
		return text, nil
	}
	var repairs []Repair
	// A repair may lay open work for an earlier rule (a bracket that hid a numeral): again until nothing changes.
	for range 8 {
		before := text
		for _, r := range rules {
			if out := r.apply(text); out != text {
				repairs = append(repairs, Repair{r.rule, text})
				text = out
			}
		}
		if text == before {
			break
		}
	}
	return text, repairs
}

type rule struct {
	rule  Rule
	apply func(string) string
}

// replace makes a rule from a pattern; it is not tried on texts that hold none of the trigger's characters.
func replace(r Rule, trigger, pattern, with string) rule {
	re := regexp.MustCompile(pattern)
	return rule{r, func(s string) string {
		if !strings.ContainsAny(s, trigger) {
			return s
		}
		return re.ReplaceAllString(s, with)
	}}
}

var rules = []rule{
	{RuleWidth, plainWidth},
	{RuleTraditional, simplify},
	replace(RuleNote, "(", `\((?:[^()]*(?:附近|旁边|旁|对面|隔壁)|(?:原|即|曾用)[^()]*)\)`, ""),
	replace(RuleBracket, "()[]【】「」", `[()\[\]【】「」]`, ""),
	{RuleBlank, dropBlanks},
	replace(RuleDash, "—–－‐−~", `[—–－‐−~]+`, "-"),
	replace(RuleDash, "附之", `([0-9A-Z])号?(?:附|之)(?:第)?([0-9]+)号?`, "$1-${2}号"),
	replace(RuleLetterO, "O", `([0-9])O([0-9]|室|房|号|栋|层|$)`, "${1}0$2"),
	{RuleNumeral, numerals},
	replace(RuleBuilding, "幢座楼", `([0-9A-Z])(?:号楼|号栋|幢|座)`, "${1}栋"),
	replace(RuleUnit, "梯门", `(栋[0-9A-Z]{1,2})(?:号?梯|号?门)`, "${1}单元"),
	replace(RuleFloor, "楼F", `([0-9])(?:楼|F)([0-9A-Z]|$)`, "${1}层$2"),
	replace(RuleRoom, "房户", `([0-9][A-Z]?)(?:号房间|号房|房间|房|户)$`, "${1}室"),
	{RuleRepeated, dropRepeats},
}

func plainWidth(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '\u3000' || r == '\u00a0' || r == '\t' || r == '\n' || r == '\r':
			b.WriteByte(' ')
		case r == '\ufeff' || r == '\u200b':
		case r >= '！' && r <= '～':
			b.WriteRune(unicode.ToUpper(r - '！' + '!'))
		case r < utf8.RuneSelf || unicode.Is(unicode.Han, r):
			b.WriteRune(unicode.ToUpper(r))
		case unicode.IsLetter(r) || unicode.IsNumber(r):
			b.WriteString(strings.ToUpper(norm.NFKC.String(string(r))))
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// simple maps the traditional forms that occur in addresses.
var simple = strings.NewReplacer(
	"號", "号", "樓", "楼", "棟", "栋", "單", "单", "層", "层", "區", "区", "鎮", "镇", "鄉", "乡", "灣", "湾", "圍", "围", "龍", "龙",
	"羅", "罗", "寶", "宝", "東", "东", "門", "门", "廣", "广", "園", "园", "業", "业", "廠", "厂", "國", "国", "際", "际", "華", "华",
	"廈", "厦", "場", "场", "橋", "桥", "莊", "庄", "臺", "台", "線", "线", "環", "环", "濱", "滨", "麗", "丽", "嶺", "岭", "與", "与",
	"鹽", "盐", "觀", "观", "衛", "卫", "馬", "马", "蓮", "莲", "豐", "丰", "葉", "叶", "個", "个", "後", "后", "裡", "里", "裏", "里",
)

func simplify(s string) string { return simple.Replace(s) }

// dropBlanks keeps one blank between two ASCII words and drops all others.
func dropBlanks(s string) string {
	if !strings.Contains(s, " ") {
		return s
	}
	fields := strings.Fields(s)
	var b strings.Builder
	for i, f := range fields {
		if i > 0 && fields[i-1][len(fields[i-1])-1] < utf8.RuneSelf && f[0] < utf8.RuneSelf {
			b.WriteByte(' ')
		}
		b.WriteString(f)
	}
	return b.String()
}

// A numeral counts only in front of a word that numbers have: 三联村 and 八卦岭 are names.
var numeralRE = regexp.MustCompile(`[零〇○一二三四五六七八九十百两]+(号楼|号|栋|幢|座|层|楼|单元|室|房|梯|户|期|巷|弄|组|$)`)

func numerals(s string) string {
	if !strings.ContainsAny(s, "零〇○一二三四五六七八九十百两") {
		return s
	}
	return numeralRE.ReplaceAllStringFunc(s, func(m string) string {
		at := strings.IndexFunc(m, func(r rune) bool { return !strings.ContainsRune("零〇○一二三四五六七八九十百两", r) })
		word := ""
		if at >= 0 {
			m, word = m[:at], m[at:]
		}
		n, ok := chineseNumber(m)
		if !ok || word == "" && utf8.RuneCountInString(m) < 3 { // at the end only a room number of three places and more
			return m + word
		}
		return n + word
	})
}

// chineseNumber reads 十二, 一百零三 and 一零二; the last form keeps its zeros.
func chineseNumber(s string) (string, bool) {
	const digits = "零一二三四五六七八九"
	digit := func(r rune) int {
		switch r {
		case '〇', '○':
			return 0
		case '两':
			return 2
		}
		if i := strings.IndexRune(digits, r); i >= 0 {
			return i / 3
		}
		return -1
	}
	if !strings.ContainsAny(s, "十百") {
		var b strings.Builder
		for _, r := range s {
			b.WriteByte(byte('0' + digit(r)))
		}
		return b.String(), true
	}
	total, last, lastUnit := 0, -1, 1000
	for _, r := range s {
		unit := 0
		switch r {
		case '十':
			unit = 10
		case '百':
			unit = 100
		default:
			d := digit(r)
			if last > 0 || last == 0 && d == 0 {
				return "", false // 二三十
			}
			last = d
			continue
		}
		if unit >= lastUnit {
			return "", false
		}
		if last <= 0 {
			if unit == 100 || total == 0 && last == 0 {
				return "", false
			}
			last = 1 // 十二
		}
		total += last * unit
		last, lastUnit = -1, unit
	}
	if last > 0 {
		total += last
	}
	return strconv.Itoa(total), true
}

// dropRepeats takes out an administrative name that stands twice in a row: 广东省深圳市深圳市.
func dropRepeats(s string) string {
	for _, suffix := range [...]string{"省", "市", "区", "县", "街道", "镇", "社区"} {
		for from := 0; ; {
			at := strings.Index(s[from:], suffix)
			if at < 0 {
				break
			}
			end := from + at + len(suffix)
			for n := 2; n <= 8; n++ { // the name with its suffix, in characters
				start := end
				for k := 0; k < n && start > 0; k++ {
					_, w := utf8.DecodeLastRuneInString(s[:start])
					start -= w
				}
				if name := s[start:end]; utf8.RuneCountInString(name) == n && strings.HasPrefix(s[end:], name) {
					s = s[:end] + s[end+len(name):]
					n--
				}
			}
			from = end
		}
	}
	return s
}
