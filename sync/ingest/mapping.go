package ingest

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"kuaitu/block"
	"kuaitu/block/schema"
)

// Mapping says which column of a file feeds which field of a kind. Columns that are not in it are left out.
type Mapping map[string]string

// synonyms are column names met in real files, by the field they mean; compared after fold.
var synonyms = map[string][]string{
	"name":            {"名称", "楼名", "楼栋名称", "建筑名称", "单位名称", "企业名称", "姓名", "mc", "jzmc", "title", "name_zh"},
	"code":            {"编码", "代码", "adcode", "区划代码", "楼栋编码", "统一地址编码", "bm", "dm"},
	"address":         {"地址", "住址", "详细地址", "坐落", "dz", "addr", "addr:full", "full_address", "occur_place"},
	"text":            {"地址", "标准地址", "详细地址", "地址全称", "address", "full_address", "addr:full", "formatted_address"},
	"floors":          {"层数", "地上层数", "楼层数", "levels", "building:levels", "num_floors", "cs"},
	"height":          {"高度", "建筑高度", "gd"},
	"use":             {"用途", "建筑用途", "房屋用途", "building", "yt"},
	"year":            {"年份", "建成年份", "建成年代"},
	"units":           {"单元数"},
	"uscc":            {"统一社会信用代码", "社会信用代码", "信用代码", "credit_code"},
	"document_number": {"身份证号", "证件号码", "身份证号码", "公民身份号码", "sfzh"},
	"phone":           {"电话", "手机", "手机号", "联系电话", "dh"},
	"type":            {"类型", "种类", "类别", "大类", "category", "class", "sub_type_name", "srtype", "event_type"},
	"description":     {"描述", "内容", "问题描述"},
	"number":          {"编号", "案件编号", "housenumber", "addr:housenumber", "house_number", "门牌号", "门牌", "门楼牌号", "report_num", "srrecordid"},
	"reported_at":     {"上报时间", "create_time", "createddate"},
	"due_at":          {"duedate", "截止时间"},
	"closed_at":       {"closedate", "结案时间"},
	"road":            {"道路", "街", "路", "街路巷", "道路名称", "street", "street_name", "road_name", "addr:street"},
	"estate":          {"小区", "小区名称", "楼盘", "addr:place"},
	"building_no":     {"楼栋号", "栋号", "楼号"},
	"room_no":         {"房号", "室号", "房间号"},
	"source_id":       {"id", "osm_id", "objectid", "编号"},
	"unit":            {"承办单位", "dispose_unit_name", "agency"},
}

func fold(s string) string {
	s = strings.ToLower(strings.TrimSpace(s))
	return strings.NewReplacer(" ", "", "_", "", "-", "", "（", "(", "）", ")").Replace(s)
}

// GuessMapping matches column names with a kind's fields: by name, by label in either language, then by names met in
// real files. A field is fed by one column only, the first that fits best.
func GuessMapping(p *schema.Plan, columns []string) Mapping {
	m := Mapping{}
	taken := map[string]bool{}
	match := func(fits func(f *schema.Field, column string) bool) {
		for _, c := range columns {
			if _, done := m[c]; done {
				continue
			}
			for i := range p.Kind.Fields {
				f := &p.Kind.Fields[i]
				if !taken[f.Name] && !f.Retired && f.Type != block.Ref && fits(f, fold(c)) {
					m[c], taken[f.Name] = f.Name, true
					break
				}
			}
		}
	}
	match(func(f *schema.Field, c string) bool { return c == fold(f.Name) })
	match(func(f *schema.Field, c string) bool { return c == fold(f.ZH) || c == fold(f.EN) })
	match(func(f *schema.Field, c string) bool {
		return slices.ContainsFunc(synonyms[f.Name], func(s string) bool { return fold(s) == c })
	})
	return m
}

// Check refuses a mapping that names a field the kind does not have.
func (m Mapping) Check(p *schema.Plan) error {
	for _, column := range slices.Sorted(maps.Keys(m)) {
		if p.Index(m[column]) < 0 {
			return &block.FieldError{Kind: p.Kind.Name, Field: m[column], Reason: "is not a field of this kind"}
		}
	}
	return nil
}

// choiceSynonyms translate other vocabularies (OpenStreetMap's building=* among them) to our codes.
var choiceSynonyms = map[string]map[string]string{
	"use": {
		"apartments": "residential", "residential": "residential", "terrace": "residential", "dormitory": "residential", "house": "village",
		"detached": "village", "bungalow": "village", "semidetached_house": "village", "hut": "village", "commercial": "commercial", "retail": "commercial",
		"hotel": "commercial", "supermarket": "commercial", "kiosk": "commercial", "office": "office", "industrial": "industrial",
		"warehouse": "industrial", "gasometer": "industrial", "manufacture": "industrial", "storage_tank": "industrial", "construction": "construction",
		"school": "public", "kindergarten": "public", "university": "public", "college": "public", "hospital": "public", "train_station": "public",
		"transportation": "public", "government": "public", "civic": "public", "public": "public", "fire_station": "public", "temple": "public",
		"church": "public", "mosque": "public", "stadium": "public", "grandstand": "public", "library": "public", "museum": "public",
		"sports_hall": "public", "sports_centre": "public", "bridge": "public", "yes": "other",
	},
	"sex":   {"男": "1", "女": "2", "male": "1", "female": "2", "m": "1", "f": "2"},
	"state": {"open": "handling", "closed": "closed", "closed(transferred)": "closed", "pending": "submitted", "new": "submitted"},
}

// openVocabulary are choice fields where a foreign word means "something else" and is no error.
var openVocabulary = map[string]string{"use": "other"}

// faults a value can have; they are the report's reasons, together with the field's name.
const (
	faultNumber    = "not-a-number"
	faultDate      = "not-a-date"
	faultChoice    = "unknown-choice"
	faultDestroyed = "number-destroyed-by-spreadsheet"
	faultBool      = "not-yes-or-no"
	faultRange     = "out-of-range"
)

// convert reads a cell's text as a value of field f in the given zone. repaired says that the text was changed on the
// way (blanks, full-width digits); fault is "" or one of the faults, and then the value is Null.
func convert(f *schema.Field, text string, zone *time.Location) (v block.Value, repaired bool, fault string) {
	clean := strings.TrimSpace(text)
	if clean == "" || clean == "-" || strings.EqualFold(clean, "null") {
		return block.Value{}, false, ""
	}
	switch f.Type {
	case block.Text:
		if len(f.Choices) > 0 {
			code, ok := choice(f, clean)
			if !ok {
				return block.Value{}, false, faultChoice
			}
			return block.TextValue(code), false, ""
		}
		if codeLike(f.Name) {
			if destroyed(clean) {
				return block.Value{}, false, faultDestroyed
			}
			narrow := narrowDigits(clean)
			return block.TextValue(narrow), narrow != text, ""
		}
		return block.TextValue(clean), clean != text, ""
	case block.Int:
		narrow := narrowDigits(clean)
		n, err := strconv.ParseInt(narrow, 10, 64)
		if err != nil {
			x, ferr := strconv.ParseFloat(narrow, 64)
			if ferr != nil || x != math.Trunc(x) || math.Abs(x) > 1<<53 {
				return block.Value{}, false, faultNumber
			}
			return block.IntValue(int64(x)), true, ""
		}
		return block.IntValue(n), narrow != text, ""
	case block.Float:
		narrow := narrowDigits(clean)
		x, err := strconv.ParseFloat(narrow, 64)
		if err != nil || math.IsInf(x, 0) || math.IsNaN(x) {
			return block.Value{}, false, faultNumber
		}
		return block.FloatValue(x), narrow != text, ""
	case block.Bool:
		switch strings.ToLower(clean) {
		case "1", "true", "yes", "y", "是", "有":
			return block.BoolValue(true), false, ""
		case "0", "false", "no", "n", "否", "无":
			return block.BoolValue(false), false, ""
		}
		return block.Value{}, false, faultBool
	case block.Date, block.Time:
		at, ok := parseTime(clean, zone)
		if !ok {
			return block.Value{}, false, faultDate
		}
		if f.Type == block.Date {
			return block.DateValue(at), false, ""
		}
		return block.TimeValue(at), false, ""
	}
	v, err := block.ParseValue(f.Type, clean)
	if err != nil {
		return block.Value{}, false, faultChoice
	}
	return v, false, ""
}

func choice(f *schema.Field, text string) (string, bool) {
	for _, c := range f.Choices {
		if text == c.Code || text == c.ZH || strings.EqualFold(text, c.EN) {
			return c.Code, true
		}
	}
	if code, ok := choiceSynonyms[f.Name][strings.ToLower(strings.ReplaceAll(text, " ", ""))]; ok &&
		slices.ContainsFunc(f.Choices, func(c schema.Choice) bool { return c.Code == code }) {
		return code, true
	}
	code, open := openVocabulary[f.Name]
	return code, open
}

// codeLike fields hold digits that a spreadsheet may have turned into a rounded number.
func codeLike(name string) bool {
	switch name {
	case "code", "uscc", "document_number", "phone", "value":
		return true
	}
	return false
}

// destroyed reports text such as 4.40305E+17: a long number after a spreadsheet has rounded it. What it was is lost.
func destroyed(s string) bool {
	mantissa, exponent, ok := strings.Cut(strings.ToUpper(s), "E+")
	if !ok || exponent == "" {
		return false
	}
	if _, err := strconv.ParseFloat(mantissa, 64); err != nil {
		return false
	}
	_, err := strconv.Atoi(exponent)
	return err == nil
}

// narrowDigits turns full-width digits, letters and signs into their ASCII forms and drops blanks.
func narrowDigits(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= '！' && r <= '～':
			return r - '！' + '!'
		case r == ' ' || r == '\u3000' || r == '\u00a0' || r == '\t':
			return -1
		}
		return r
	}, s)
}

var timeLayouts = []string{
	time.RFC3339Nano, "2006-01-02 15:04:05", "2006/1/2 15:04:05", "2006-01-02T15:04:05", "2006-1-2 15:04", "2006/1/2 15:04", "2006-1-2", "2006/1/2", "2006年1月2日",
	"20060102", "01/02/2006 03:04:05 PM", "1/2/2006", "2006.1.2",
}

func parseTime(s string, zone *time.Location) (time.Time, bool) {
	for _, l := range timeLayouts {
		if at, err := time.ParseInLocation(l, s, zone); err == nil {
			return at, true
		}
	}
	return time.Time{}, false
}
