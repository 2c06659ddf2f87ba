package wire

import (
	"encoding/binary"
	"math"
	"slices"

	"kuaitu/block"
	"kuaitu/block/schema"
)

// Modes of a column of numbers.
const (
	numbersSame  = 0 // one uvarint for all rows
	numbersPlain = 1 // a uvarint a row
	numbersSteps = 2 // a zigzag step a row, from 0
)

func appendNumbers(dst []byte, mode byte, v []uint64) []byte {
	if len(v) == 0 {
		return append(dst, numbersSame, 0)
	}
	if !slices.ContainsFunc(v, func(n uint64) bool { return n != v[0] }) {
		return binary.AppendUvarint(append(dst, numbersSame), v[0])
	}
	dst = append(dst, mode)
	var last uint64
	for _, n := range v {
		if mode == numbersSteps {
			dst = binary.AppendVarint(dst, int64(n-last)) // wraps round both ways
			last = n
		} else {
			dst = binary.AppendUvarint(dst, n)
		}
	}
	return dst
}

// readNumbers returns n numbers or makes r bad.
func readNumbers(r *reader, n int) []uint64 {
	out := make([]uint64, n)
	switch r.byte() {
	case numbersSame:
		v := r.uvarint()
		for i := range out {
			out[i] = v
		}
	case numbersPlain:
		for i := range out {
			out[i] = r.uvarint()
		}
	case numbersSteps:
		var last uint64
		for i := range out {
			last += uint64(r.varint())
			out[i] = last
		}
	default:
		r.fail()
	}
	return out
}

// Modes of a column of IDs.
const (
	idsSteps = 0 // high halves as steps, then low halves as steps
	idsRaw   = 1 // 16 bytes each
)

// appendIDs writes 16-byte ids: as steps where that is shorter (bulk ids, references to the row before), else raw.
func appendIDs[T ~string | block.ID](dst []byte, ids []T, half func(T) (hi, lo uint64)) []byte {
	start := len(dst)
	dst = append(dst, idsSteps)
	var last uint64
	for _, id := range ids {
		hi, _ := half(id)
		dst = binary.AppendVarint(dst, int64(hi-last))
		last = hi
	}
	last = 0
	for _, id := range ids {
		_, lo := half(id)
		dst = binary.AppendVarint(dst, int64(lo-last))
		last = lo
	}
	if len(dst)-start-1 < 14*len(ids) {
		return dst
	}
	dst = append(dst[:start], idsRaw)
	for _, id := range ids {
		hi, lo := half(id)
		dst = binary.BigEndian.AppendUint64(dst, hi)
		dst = binary.BigEndian.AppendUint64(dst, lo)
	}
	return dst
}

func halves(id block.ID) (hi, lo uint64) {
	return binary.BigEndian.Uint64(id[:8]), binary.BigEndian.Uint64(id[8:])
}

func rawHalves(s string) (hi, lo uint64) { return halves(block.ID([]byte(s))) }

func readIDs(r *reader, n int) []block.ID {
	out := make([]block.ID, n)
	switch r.byte() {
	case idsSteps:
		for _, half := range [2]int{0, 8} {
			var last uint64
			for i := range out {
				last += uint64(r.varint())
				binary.BigEndian.PutUint64(out[i][half:], last)
			}
		}
	case idsRaw:
		for i := range out {
			out[i] = r.id()
		}
	default:
		r.fail()
	}
	return out
}

// Modes of a column of values. All but the first two are followed by the presence of values.
const (
	valuesNull    = 0 // every row is Null
	valuesSame    = 1 // one value for all rows, as schema.AppendValue
	valuesTagged  = 2 // schema.AppendValue of each row: types that are not the field's
	valuesNumber  = 3 // zigzag varints: Int
	valuesSteps   = 4 // zigzag steps: Time, Date
	valuesBits    = 5 // a bit a row: Bool
	valuesFloat   = 6 // eight bytes a row
	valuesDecimal = 7 // a count of decimal places, then zigzag varints: Float
	valuesText    = 8 // lengths, then bytes: Text, Bytes
	valuesChoice  = 9 // a counted list of texts, then a byte a row: Text
	valuesRef     = 10
)

const maxChoices = 64

// columnWriter keeps its buffers between columns.
type columnWriter struct {
	present []block.Value
	raws    []string
}

// append writes the values of one field, one of each row.
func (w *columnWriter) append(dst []byte, f *schema.Field, values []block.Value) []byte {
	w.present = w.present[:0]
	same, typed := true, true
	for _, v := range values {
		same = same && v == values[0]
		if !v.IsNull() {
			w.present = append(w.present, v)
			typed = typed && v.Type() == f.Type
		}
	}
	switch {
	case len(w.present) == 0:
		return append(dst, valuesNull)
	case same:
		return schema.AppendValue(append(dst, valuesSame), values[0])
	case !typed:
		dst = append(dst, valuesTagged)
		for _, v := range values {
			dst = schema.AppendValue(dst, v)
		}
		return dst
	}
	mode, arg := w.mode(f)
	dst = append(dst, mode)
	dst = appendPresence(dst, values, len(w.present))
	switch mode {
	case valuesNumber:
		for _, v := range w.present {
			dst = binary.AppendVarint(dst, v.Num())
		}
	case valuesSteps:
		var last int64
		for _, v := range w.present {
			dst = binary.AppendVarint(dst, v.Num()-last)
			last = v.Num()
		}
	case valuesBits:
		dst = appendBits(dst, len(w.present), func(i int) bool { return w.present[i].Bool() })
	case valuesFloat:
		for _, v := range w.present {
			dst = binary.LittleEndian.AppendUint64(dst, uint64(v.Num()))
		}
	case valuesDecimal:
		dst = append(dst, byte(arg))
		for _, v := range w.present {
			dst = binary.AppendVarint(dst, int64(math.Round(v.Float()*powers[arg])))
		}
	case valuesChoice:
		dst = appendSection(dst, w.choices())
	case valuesText:
		for _, v := range w.present {
			dst = binary.AppendUvarint(dst, uint64(len(v.Raw())))
		}
		for _, v := range w.present {
			dst = append(dst, v.Raw()...)
		}
	case valuesRef:
		w.raws = w.raws[:0]
		for _, v := range w.present {
			w.raws = append(w.raws, v.Raw())
		}
		dst = appendIDs(dst, w.raws, rawHalves)
	}
	return dst
}

var powers = [...]float64{1, 10, 100, 1000}

// mode chooses how the present values, all of the field's type, are written.
func (w *columnWriter) mode(f *schema.Field) (mode byte, arg int) {
	switch f.Type {
	case block.Bool:
		return valuesBits, 0
	case block.Int:
		return valuesNumber, 0
	case block.Time, block.Date:
		return valuesSteps, 0
	case block.Float:
		for places, p := range powers {
			if !slices.ContainsFunc(w.present, func(v block.Value) bool {
				n := math.Round(v.Float() * p)
				return !(math.Abs(n) < 1<<52) || n/p != v.Float()
			}) {
				return valuesDecimal, places
			}
		}
		return valuesFloat, 0
	case block.Ref:
		return valuesRef, 0
	}
	if f.Type == block.Text && len(f.Choices) > 0 && w.few() {
		return valuesChoice, 0
	}
	return valuesText, 0
}

// few collects the distinct texts in raws and reports whether a byte can number them.
func (w *columnWriter) few() bool {
	w.raws = w.raws[:0]
	for _, v := range w.present {
		if !slices.Contains(w.raws, v.Raw()) {
			if len(w.raws) == maxChoices {
				return false
			}
			w.raws = append(w.raws, v.Raw())
		}
	}
	return true
}

func (w *columnWriter) choices() []byte {
	b := binary.AppendUvarint(nil, uint64(len(w.raws)))
	for _, s := range w.raws {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	for _, v := range w.present {
		b = append(b, byte(slices.Index(w.raws, v.Raw())))
	}
	return b
}

// appendPresence writes 0 when no row is Null, else 1 and a bit a row.
func appendPresence(dst []byte, values []block.Value, present int) []byte {
	if present == len(values) {
		return append(dst, 0)
	}
	return appendBits(append(dst, 1), len(values), func(i int) bool { return !values[i].IsNull() })
}

func appendBits(dst []byte, n int, bit func(int) bool) []byte {
	for i := 0; i < n; i += 8 {
		var b byte
		for j := i; j < min(i+8, n); j++ {
			if bit(j) {
				b |= 1 << (j - i)
			}
		}
		dst = append(dst, b)
	}
	return dst
}

// readColumn reads one field of n rows and gives each value to set. It reports a malformed column.
func readColumn(r *reader, f *schema.Field, n int, set func(row int, v block.Value)) bool {
	mode := r.byte()
	switch mode {
	case valuesNull:
		return !r.bad
	case valuesSame, valuesTagged:
		var v block.Value
		for i := range n {
			if i == 0 || mode == valuesTagged {
				var err error
				if v, r.b, err = schema.DecodeValue(r.b); err != nil {
					return false
				}
			}
			set(i, v)
		}
		return !r.bad
	}
	rows := make([]int, 0, n) // the rows that have a value
	switch r.byte() {
	case 0:
		for i := range n {
			rows = append(rows, i)
		}
	case 1:
		bits := r.take(uint64(n+7) / 8)
		for i := range n {
			if !r.bad && bits[i/8]&(1<<(i%8)) != 0 {
				rows = append(rows, i)
			}
		}
	default:
		return false
	}
	switch mode {
	case valuesNumber, valuesSteps:
		var last int64
		for _, i := range rows {
			v := r.varint()
			if mode == valuesSteps {
				v += last
				last = v
			}
			set(i, block.NumValue(f.Type, v))
		}
	case valuesBits:
		bits := r.take(uint64(len(rows)+7) / 8)
		for k, i := range rows {
			set(i, block.BoolValue(!r.bad && bits[k/8]&(1<<(k%8)) != 0))
		}
	case valuesFloat:
		raw := r.take(uint64(8 * len(rows)))
		for k, i := range rows {
			if r.bad {
				return false
			}
			set(i, block.NumValue(block.Float, int64(binary.LittleEndian.Uint64(raw[8*k:]))))
		}
	case valuesDecimal:
		places := r.byte()
		if int(places) >= len(powers) {
			return false
		}
		for _, i := range rows {
			set(i, block.FloatValue(float64(r.varint())/powers[places]))
		}
	case valuesText:
		readTexts(r, f, rows, set)
	case valuesChoice:
		return readChoices(r, rows, set)
	case valuesRef:
		for k, id := range readIDs(r, len(rows)) {
			set(rows[k], block.RefValue(id))
		}
	default:
		return false
	}
	return !r.bad
}

func readTexts(r *reader, f *schema.Field, rows []int, set func(int, block.Value)) {
	lengths := make([]uint64, len(rows))
	for k := range lengths {
		if lengths[k] = r.uvarint(); lengths[k] > schema.MaxValueBytes {
			r.fail()
		}
	}
	for k, i := range rows {
		raw := r.take(lengths[k])
		if r.bad {
			return
		}
		if f.Type == block.Bytes {
			set(i, block.BytesValue(raw))
		} else {
			set(i, block.TextValue(string(raw)))
		}
	}
}

func readChoices(r *reader, rows []int, set func(int, block.Value)) bool {
	in := r.section()
	list := make([]block.Value, in.count(maxChoices, 1))
	for k := range list {
		list[k] = block.TextValue(in.text(schema.MaxValueBytes))
	}
	for _, i := range rows {
		k := int(in.byte())
		if in.bad || k >= len(list) {
			return false
		}
		set(i, list[k])
	}
	return !in.bad && !r.bad
}
