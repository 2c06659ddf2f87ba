package wire

import (
	"encoding/binary"
	"fmt"
	"slices"

	"kuaitu/block"
	"kuaitu/block/schema"
)

// FrameHeader says what a frame holds: parts of one stream, either every change in (From, Upto] (a segment; the last
// part of each record) or present parts as of Upto (a snapshot chunk or a repair; then From is 0 by custom).
type FrameHeader struct {
	Stream block.Stream
	From   uint64
	Upto   uint64
	Rows   int // parts in the frame; EncodeFrame sets it
}

const (
	flagDrop    = 1
	flagForeign = 2
	flagPartial = 4 // from VersionChanged on
)

// EncodeFrame writes parts as one frame. The parts keep their order; runs of one kind compress best. Each belongs to
// h.Stream and has the values of the stream's class in declaration order, or none when it is a Drop, whose values and
// geometry do not travel; nor does what a part's Have leaves out. The frame is of VersionChanged when a part has a Have.
// A part of another stream, of an undeclared kind, or one too many is ErrInvalid.
func EncodeFrame(set *schema.Set, h FrameHeader, parts []block.Part) ([]byte, error) {
	payload, err := appendFrame(nil, set, h, parts)
	if err != nil {
		return nil, err
	}
	if len(payload) > MaxPlain {
		return nil, fmt.Errorf("frame of %d bytes: %w", len(payload), block.ErrInvalid)
	}
	if slices.ContainsFunc(parts, func(p block.Part) bool { return partial(&p) }) {
		return packAs(VersionChanged, payload), nil
	}
	return pack(payload), nil
}

// partial reports whether a part carries only some of its state.
func partial(p *block.Part) bool { return p.Have != 0 && !p.Drop }

// homed reports whether a part tells its home region.
func homed(p *block.Part) bool { return p.Drop || p.Have.Region() }

func appendFrame(dst []byte, set *schema.Set, h FrameHeader, parts []block.Part) ([]byte, error) {
	if len(parts) > MaxFrameRows {
		return nil, fmt.Errorf("frame of %d rows: %w", len(parts), block.ErrInvalid)
	}
	dst = append(dst, h.Stream.Region[:]...)
	dst = append(dst, byte(h.Stream.Class))
	dst = binary.AppendUvarint(dst, h.From)
	dst = binary.AppendUvarint(dst, h.Upto)
	dst = binary.AppendUvarint(dst, uint64(len(parts)))
	regions := map[block.ID]uint64{}
	var dictionary []byte
	for i := range parts {
		if parts[i].Stream != h.Stream {
			return nil, fmt.Errorf("frame: %s %s is of another stream: %w", parts[i].Kind, parts[i].ID, block.ErrInvalid)
		}
		if _, known := regions[parts[i].Region]; !known && homed(&parts[i]) {
			regions[parts[i].Region] = uint64(len(regions))
			dictionary = append(dictionary, parts[i].Region[:]...)
		}
	}
	dst = binary.AppendUvarint(dst, uint64(len(regions)))
	dst = append(dst, dictionary...)
	w := runWriter{class: h.Stream.Class, regions: regions}
	for len(parts) > 0 {
		n := 1
		for n < len(parts) && parts[n].Kind == parts[0].Kind {
			n++
		}
		plan, err := set.Plan(parts[0].Kind)
		if err != nil {
			return nil, fmt.Errorf("frame: %w", err)
		}
		if err := w.write(plan, parts[:n]); err != nil {
			return nil, fmt.Errorf("frame: %w", err)
		}
		dst = binary.AppendUvarint(dst, uint64(plan.Kind.No))
		dst = binary.AppendUvarint(dst, uint64(n))
		dst = appendSection(dst, w.body)
		parts = parts[n:]
	}
	return dst, nil
}

// runWriter writes runs of one kind and keeps its buffers between them.
type runWriter struct {
	class   block.Class
	regions map[block.ID]uint64
	body    []byte
	column  []byte
	numbers []uint64
	ids     []block.ID
	values  []block.Value
	columns columnWriter
}

func (w *runWriter) each(parts []block.Part, mode byte, of func(*block.Part) uint64) {
	w.some(parts, mode, func(*block.Part) bool { return true }, of)
}

// some writes a number of each part that has one.
func (w *runWriter) some(parts []block.Part, mode byte, has func(*block.Part) bool, of func(*block.Part) uint64) {
	w.numbers = w.numbers[:0]
	for i := range parts {
		if has(&parts[i]) {
			w.numbers = append(w.numbers, of(&parts[i]))
		}
	}
	w.body = appendNumbers(w.body, mode, w.numbers)
}

func (w *runWriter) write(plan *schema.Plan, parts []block.Part) error {
	w.body = w.body[:0]
	fields := plan.Fields(w.class)
	w.each(parts, numbersPlain, func(p *block.Part) (n uint64) {
		if p.Drop {
			n |= flagDrop
		}
		if p.Foreign {
			n |= flagForeign
		}
		if partial(p) {
			n |= flagPartial
		}
		return n
	})
	w.masks(parts)
	w.ids = w.ids[:0]
	for i := range parts {
		w.ids = append(w.ids, parts[i].ID)
	}
	w.body = appendIDs(w.body, w.ids, halves)
	w.some(parts, numbersPlain, homed, func(p *block.Part) uint64 { return w.regions[p.Region] })
	w.each(parts, numbersPlain, func(p *block.Part) uint64 { return uint64(p.Ver) })
	w.each(parts, numbersSteps, func(p *block.Part) uint64 { return p.Seq })
	var geometries geomWriter
	for i := range parts {
		switch p := &parts[i]; {
		case p.Drop:
		case len(p.Values) != len(fields):
			return fmt.Errorf("%s %s has %d values for %d fields: %w", p.Kind, p.ID, len(p.Values), len(fields), block.ErrInvalid)
		case len(p.Geometry) > MaxGeometry:
			return fmt.Errorf("%s %s has a geometry of %d bytes: %w", p.Kind, p.ID, len(p.Geometry), block.ErrInvalid)
		case p.Have.Geometry():
			geometries.add(p.Geometry)
		}
	}
	w.body = geometries.append(w.body)
	w.body = binary.AppendUvarint(w.body, uint64(len(fields)))
	for k, f := range fields {
		w.values = w.values[:0]
		for i := range parts {
			if !parts[i].Drop && parts[i].Have.Has(k) {
				w.values = append(w.values, parts[i].Values[k])
			}
		}
		w.column = w.columns.append(w.column[:0], &plan.Kind.Fields[f], w.values)
		w.body = appendSection(w.body, w.column)
	}
	return nil
}

// masks writes the distinct masks of a run's partial parts, and of each which it is; nothing when there are none.
func (w *runWriter) masks(parts []block.Part) {
	numbers := map[block.Mask]uint64{}
	var list []byte
	for i := range parts {
		if _, known := numbers[parts[i].Have]; !known && partial(&parts[i]) {
			numbers[parts[i].Have] = uint64(len(numbers))
			list = binary.AppendUvarint(list, parts[i].Have.Packed())
		}
	}
	if len(numbers) == 0 {
		return
	}
	w.body = binary.AppendUvarint(w.body, uint64(len(numbers)))
	w.body = append(w.body, list...)
	w.some(parts, numbersPlain, partial, func(p *block.Part) uint64 { return numbers[p.Have] })
}

// DecodeFrame reads a frame. Kinds that set does not declare and columns past a kind's fields come from a newer schema
// and are skipped; columns an older schema lacks are Null. So fewer parts than h.Rows may come back. Anything malformed or
// beyond the limits is ErrInvalid. The parts share nothing with b.
func DecodeFrame(set *schema.Set, b []byte) (FrameHeader, []block.Part, error) {
	plain, err := unpackUpTo(VersionChanged, decoder(), MaxPlain, "frame", b)
	if err != nil {
		return FrameHeader{}, nil, err
	}
	return decodeFrame(set, b[0], plain)
}

// PeekFrame reads only the header of a frame.
func PeekFrame(b []byte) (FrameHeader, error) {
	plain, err := unpackUpTo(VersionChanged, decoder(), MaxPlain, "frame", b)
	if err != nil {
		return FrameHeader{}, err
	}
	r := &reader{b: plain}
	return readHeader(r)
}

func readHeader(r *reader) (FrameHeader, error) {
	var h FrameHeader
	h.Stream.Region = r.id()
	h.Stream.Class = block.Class(r.byte())
	h.From, h.Upto = r.uvarint(), r.uvarint()
	rows := r.uvarint()
	if r.bad || h.Stream.Class >= block.NumClasses || rows > MaxFrameRows || h.From > h.Upto {
		return FrameHeader{}, malformed("frame header")
	}
	h.Rows = int(rows)
	return h, nil
}

func decodeFrame(set *schema.Set, version byte, plain []byte) (FrameHeader, []block.Part, error) {
	r := &reader{b: plain}
	h, err := readHeader(r)
	if err != nil {
		return h, nil, err
	}
	regions := make([]block.ID, r.count(h.Rows, 16))
	for i := range regions {
		regions[i] = r.id()
	}
	var parts []block.Part
	in := runReader{version: version, stream: h.Stream, regions: regions, budget: MaxPlain}
	for rows := 0; rows < h.Rows; {
		no := r.uvarint()
		n := r.count(h.Rows-rows, 0)
		body := r.section()
		if r.bad || n == 0 || no > 0xffff {
			return h, nil, malformed("frame")
		}
		rows += n
		plan, err := set.PlanNo(uint16(no))
		if err != nil {
			continue // a kind of a newer schema
		}
		if parts == nil {
			parts = make([]block.Part, 0, n)
		}
		if parts, err = in.read(&body, plan, n, parts); err != nil {
			return h, nil, err
		}
	}
	if len(r.b) != 0 {
		return h, nil, malformed("frame")
	}
	return h, parts, nil
}

// runReader reads the runs of one frame.
type runReader struct {
	version byte
	stream  block.Stream
	regions []block.ID
	budget  int // bytes of geometry that may still be made
}

// read reads one run of n rows and appends its parts.
func (in *runReader) read(r *reader, plan *schema.Plan, n int, parts []block.Part) ([]block.Part, error) {
	first := len(parts)
	parts = append(parts, make([]block.Part, n)...)
	if !in.rows(r, plan, parts[first:]) || !in.contents(r, plan, parts[first:]) || len(r.b) != 0 {
		return nil, fmt.Errorf("frame: run of %s is malformed: %w", plan.Kind.Name, block.ErrInvalid)
	}
	return parts, nil
}

// rows reads what every row has, and the masks of partial ones.
func (in *runReader) rows(r *reader, plan *schema.Plan, parts []block.Part) bool {
	allowed := uint64(flagDrop | flagForeign)
	if in.version >= VersionChanged {
		allowed |= flagPartial
	}
	some := make([]int, 0, len(parts)) // the partial rows
	for i, f := range readNumbers(r, len(parts)) {
		if f > allowed || f&flagDrop != 0 && f&flagPartial != 0 {
			return false
		}
		parts[i] = block.Part{Stream: in.stream, Kind: plan.Kind.Name, Drop: f&flagDrop != 0, Foreign: f&flagForeign != 0}
		if f&flagPartial != 0 {
			some = append(some, i)
		}
	}
	if !readMasks(r, len(plan.Fields(in.stream.Class)), parts, some) {
		return false
	}
	for i, id := range readIDs(r, len(parts)) {
		parts[i].ID = id
	}
	home := make([]int, 0, len(parts))
	for i := range parts {
		if homed(&parts[i]) {
			home = append(home, i)
		}
	}
	for k, n := range readNumbers(r, len(home)) {
		if n >= uint64(len(in.regions)) {
			return false
		}
		parts[home[k]].Region = in.regions[n]
	}
	for i, n := range readNumbers(r, len(parts)) {
		parts[i].Ver = block.Ver(n)
	}
	for i, n := range readNumbers(r, len(parts)) {
		parts[i].Seq = n
	}
	return !r.bad
}

// readMasks reads the masks of the partial rows. Fields past the declaration's come from a newer schema.
func readMasks(r *reader, fields int, parts []block.Part, some []int) bool {
	if len(some) == 0 {
		return true
	}
	list := make([]block.Mask, r.count(len(some), 1))
	for i := range list {
		m, err := block.UnpackMask(r.uvarint())
		if err != nil {
			return false
		}
		list[i] = m
	}
	for k, n := range readNumbers(r, len(some)) {
		if n >= uint64(len(list)) {
			return false
		}
		parts[some[k]].Have = list[n]
	}
	return !r.bad && fields <= block.MaskFields
}

// contents reads geometries and values.
func (in *runReader) contents(r *reader, plan *schema.Plan, parts []block.Part) bool {
	live := make([]int, 0, len(parts)) // rows that have values
	drawn := make([]int, 0, len(parts))
	for i := range parts {
		if p := &parts[i]; !p.Drop {
			live = append(live, i)
			if p.Have.Geometry() {
				drawn = append(drawn, i)
			}
		}
	}
	geometries := readGeometries(r, len(drawn), &in.budget)
	if r.bad {
		return false
	}
	for _, at := range drawn {
		parts[at].Geometry = geometries.next()
	}
	if geometries.bad {
		return false
	}
	fields := plan.Fields(in.stream.Class)
	values := make([]block.Value, len(live)*len(fields))
	for k, at := range live {
		parts[at].Values = values[k*len(fields) : (k+1)*len(fields) : (k+1)*len(fields)]
	}
	rows := make([]int, 0, len(live))
	for k := range r.count(1<<12, 1) {
		column := r.section()
		if r.bad {
			return false
		}
		if k >= len(fields) {
			continue
		}
		rows = rows[:0]
		for _, at := range live {
			if parts[at].Have.Has(k) {
				rows = append(rows, at)
			}
		}
		if !readColumn(&column, &plan.Kind.Fields[fields[k]], len(rows), func(row int, v block.Value) { parts[rows[row]].Values[k] = v }) {
			return false
		}
	}
	return !r.bad
}
