package synth

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"kuaitu/block"
	"kuaitu/block/address"
	"kuaitu/block/idcode"
	"kuaitu/geo"
)

// room is one room being made.
type room struct {
	site
	id                  block.ID
	unit, number, state string
	floor, serial       int
}

func (rm *room) text() string {
	t := rm.site.text
	if rm.unit != "" {
		t += rm.unit + "单元"
	}
	return t + rm.number + "室"
}

// room makes a room and who lives there, and returns for how many people entities are owed: 2 on the average, so that
// offices and shops, where nobody lives, have their share of entities.
func (m *maker) room(rm *room, r *rand.Rand) float64 {
	home := true
	switch rm.Use {
	case "office", "industrial", "public", "commercial":
		home = r.IntN(4) == 0 // dormitories and flats above shops
	}
	household := 0
	switch d := r.IntN(100); {
	case !home && d < 90:
		rm.state = "shop"
	case !home:
		rm.state = "facility"
	case d < 5:
		rm.state = "empty"
	case d < 9:
		rm.state = "unverified"
	case d < 14 && rm.floor == 1:
		rm.state = "shop"
	case d < 45 && rm.Use != "village":
		rm.state = "own"
		household = 1 + min(5, r.IntN(4)+r.IntN(2))
	default:
		rm.state = "let"
		household = 1 + min(4, r.IntN(3))
	}
	p, rec := m.draft("room", rm.Region)
	rm.id = rec.ID
	if rm.code != "" {
		if width := m.Scheme.Width(address.NamesRoom) - len(rm.code); width > 0 {
			p.Set(&rec, "code", block.TextValue(fmt.Sprintf("%s%0*d", rm.code, width, rm.serial)))
		}
	}
	p.Set(&rec, "building", block.RefValue(rm.ID))
	if rm.unit != "" {
		p.Set(&rec, "unit", block.TextValue(rm.unit))
	}
	p.Set(&rec, "floor", block.IntValue(int64(rm.floor)))
	p.Set(&rec, "number", block.TextValue(rm.number))
	p.Set(&rec, "state", block.TextValue(rm.state))
	p.Set(&rec, "area", block.FloatValue(float64(28+r.IntN(95))))
	p.Set(&rec, "persons", block.IntValue(int64(household)))
	verified := block.DateValue(m.Now.AddDate(0, 0, -r.IntN(400)))
	if rm.state != "unverified" {
		p.Set(&rec, "verified_on", verified)
	}
	if !m.put(rec) {
		return 0
	}
	m.household(rm, household, verified, r)
	if household == 0 && rm.state == "shop" {
		return 2
	}
	return float64(household)
}

// household makes the people of a room.
func (m *maker) household(rm *room, n int, verified block.Value, r *rand.Rand) {
	headMale := r.IntN(2) == 0
	headAge := 22 + r.IntN(30) + r.IntN(20)
	family := surname(r)
	category := "migrant"
	if rm.state == "own" && r.IntN(4) > 0 {
		category = "registered"
	}
	since := block.DateValue(m.Now.AddDate(0, 0, -30-r.IntN(3000)))
	for i := range n {
		name, male, age, relation := family, headMale, headAge, "本人"
		switch {
		case i == 0:
		case rm.state == "let" && r.IntN(3) == 0:
			name, male, age, relation = surname(r), r.IntN(2) == 0, 18+r.IntN(30), "合租"
		case i == 1:
			name, male, age, relation = surname(r), !headMale, max(20, headAge+r.IntN(9)-4), "配偶"
		case i < 4 && headAge >= 24:
			male, age, relation = r.IntN(2) == 0, r.IntN(max(1, headAge-23)), "子女"
		default:
			male, age, relation = r.IntN(2) == 0, min(95, headAge+22+r.IntN(12)), "父母"
		}
		name += given(r, male)
		birth, number := m.identity(age, male, r)
		p, rec := m.draft("person", rm.Region)
		p.Set(&rec, "category", block.TextValue(category))
		p.Set(&rec, "synthetic", block.BoolValue(true))
		p.Set(&rec, "name", block.TextValue(name))
		p.Set(&rec, "sex", block.TextValue(number.Sex()))
		p.Set(&rec, "birth", block.DateValue(birth))
		p.Set(&rec, "document_type", block.TextValue("居民身份证"))
		p.Set(&rec, "document_number", block.TextValue(number.Reveal()))
		phone := ""
		if age >= 12 && age < 88 {
			phone = m.phone()
			p.Set(&rec, "phone", block.TextValue(phone))
		}
		p.Set(&rec, "nationality", block.TextValue("汉族"))
		person := rec.ID
		if !m.put(rec) {
			return
		}
		p, rec = m.draft("residency", rm.Region)
		p.Set(&rec, "room", block.RefValue(rm.id))
		manner := "rent"
		if rm.state == "own" {
			manner = "own"
		}
		p.Set(&rec, "manner", block.TextValue(manner))
		p.Set(&rec, "main", block.BoolValue(true))
		p.Set(&rec, "since", since)
		p.Set(&rec, "verified_on", verified)
		p.Set(&rec, "person", block.RefValue(person))
		p.Set(&rec, "relation", block.TextValue(relation))
		if !m.put(rec) {
			return
		}
		if i == 0 && phone != "" && r.IntN(3) > 0 {
			m.contact("mobile", phone, rm, "person", person, verified)
		}
	}
}

func (m *maker) contact(kind, value string, rm *room, owner string, id block.ID, verified block.Value) {
	p, rec := m.draft("contact", rm.Region)
	p.Set(&rec, "type", block.TextValue(kind))
	p.Set(&rec, "source", block.TextValue("合成"))
	p.Set(&rec, "verified_on", verified)
	p.Set(&rec, "consent", block.BoolValue(true))
	p.Set(&rec, "value", block.TextValue(value))
	p.Set(&rec, owner, block.RefValue(id))
	p.Set(&rec, "room", block.RefValue(rm.id))
	m.put(rec)
}

// identity finds a day of birth for an age and a number that nobody has got yet.
func (m *maker) identity(age int, male bool, r *rand.Rand) (time.Time, idcode.IdentityNumber) {
	birth := m.Now.AddDate(-age, 0, -1-r.IntN(364))
	sex := 0
	if male {
		sex = 1
	}
	for { // a day has 500 numbers for each sex
		day := int32(birth.Unix() / 86400)
		used := m.born[day]
		if used == nil {
			used = new([2]uint16)
			m.born[day] = used
		}
		if used[sex] < 500 {
			used[sex]++
			// Spread over the day's numbers by a step that has no factor in common with 500.
			sequence := int(uint32(used[sex])*237+uint32(day)*61) % 500
			return birth, idcode.SyntheticIdentity(birth, sequence*2+sex)
		}
		birth = birth.AddDate(0, 0, -1)
	}
}

// phone returns numbers that begin with 142 and are all different, up to a hundred million of them.
func (m *maker) phone() string {
	m.phones++
	return fmt.Sprintf("142%08d", uint64(m.phones)*61803399%100000000)
}

// entity makes an organisation in a room, or in the building when the room has no ID.
func (m *maker) entity(rm *room, r *rand.Rand) {
	t := pickTrade(r)
	m.entities++
	name := shortPlace(rm.city.Name)
	name = strings.TrimSuffix(name, "市") + "市"
	if t.form == "" {
		name += strings.TrimSuffix(rm.district.Name, "区")
		if rm.district.Name != "" {
			name += "区"
		}
	}
	name += pick(r, firmHead) + pick(r, firmTail) + t.word + t.form
	category := byte('1')
	if t.form == "" {
		category = '2'
	}
	state := "active"
	if r.IntN(25) == 0 {
		state = "closed"
	}
	text := rm.site.text
	if rm.number != "" {
		text = rm.text()
	}
	p, rec := m.draft("legal_entity", rm.Region)
	rec.Geometry = geo.AppendWKB(nil, geo.Quantise(rm.At))
	p.Set(&rec, "name", block.TextValue(name))
	p.Set(&rec, "uscc", block.TextValue(idcode.SyntheticCredit(category, m.entities*7919%887503681).String()))
	p.Set(&rec, "type", block.TextValue(t.kind))
	p.Set(&rec, "state", block.TextValue(state))
	p.Set(&rec, "industry", block.TextValue(t.industry))
	p.Set(&rec, "address", block.TextValue(text))
	p.Set(&rec, "building", block.RefValue(rm.ID))
	p.Set(&rec, "staff", block.IntValue(int64(1+r.IntN(2*t.staff))))
	p.Set(&rec, "synthetic", block.BoolValue(true))
	p.Set(&rec, "representative", block.TextValue(surname(r)+given(r, r.IntN(3) > 0)))
	phone := m.phone()
	p.Set(&rec, "phone", block.TextValue(phone))
	id := rec.ID
	if !m.put(rec) {
		return
	}
	p, rec = m.draft("premises", rm.Region)
	p.Set(&rec, "entity", block.RefValue(id))
	p.Set(&rec, "room", block.RefValue(rm.id))
	p.Set(&rec, "building", block.RefValue(rm.ID))
	p.Set(&rec, "type", block.TextValue("经营地"))
	p.Set(&rec, "small_place", block.BoolValue(t.small))
	p.Set(&rec, "since", block.DateValue(m.Now.AddDate(0, 0, -r.IntN(4000))))
	if !m.put(rec) {
		return
	}
	if r.IntN(4) == 0 {
		m.contact("mobile", phone, rm, "entity", id, block.DateValue(m.Now.AddDate(0, 0, -r.IntN(300))))
	}
}
