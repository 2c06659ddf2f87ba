package wire

import (
	"encoding/binary"
	"fmt"

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
)

// EncodeFrame writes parts as one frame. The parts keep their order; runs of one kind compress best. Each belongs to
// h.Stream and has the values of the stream's class in declaration order, or none when it is a Drop, whose values and
// geometry do not travel. A part of another stream, of an undeclared kind, or one too many is ErrInvalid.
func EncodeFrame(set *schema.Set, h FrameHeader, parts []block.Part) ([]byte, error) {
	payload, err := appendFrame(nil, set, h, parts)
	if err != nil {
		return nil, err
	}
	if len(payload) > MaxPlain {
		return nil, fmt.Errorf("frame of %d bytes: %w", len(payload), block.ErrInvalid)
	}
	return pack(payload), nil
}

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
		if _, known := regions[parts[i].Region]; !known {
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
	w.numbers = w.numbers[:0]
	for i := range parts {
		w.numbers = append(w.numbers, of(&parts[i]))
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
		return n
	})
	w.ids = w.ids[:0]
	for i := range parts {
		w.ids = append(w.ids, parts[i].ID)
	}
	w.body = appendIDs(w.body, w.ids, halves)
	w.each(parts, numbersPlain, func(p *block.Part) uint64 { return w.regions[p.Region] })
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
		default:
			geometries.add(p.Geometry)
		}
	}
	w.body = geometries.append(w.body)
	w.body = binary.AppendUvarint(w.body, uint64(len(fields)))
	for k, f := range fields {
		w.values = w.values[:0]
		for i := range parts {
			if !parts[i].Drop {
				w.values = append(w.values, parts[i].Values[k])
			}
		}
		w.column = w.columns.append(w.column[:0], &plan.Kind.Fields[f], w.values)
		w.body = appendSection(w.body, w.column)
	}
	return nil
}

// DecodeFrame reads a frame. Kinds that set does not declare and columns past a kind's fields come from a newer schema
// and are skipped; columns an older schema lacks are Null. So fewer parts than h.Rows may come back. Anything malformed or
// beyond the limits is ErrInvalid. The parts share nothing with b.
func DecodeFrame(set *schema.Set, b []byte) (FrameHeader, []block.Part, error) {
	plain, err := unpack(decoder(), MaxPlain, "frame", b)
	if err != nil {
		return FrameHeader{}, nil, err
	}
	return decodeFrame(set, plain)
}

// PeekFrame reads only the header of a frame.
func PeekFrame(b []byte) (FrameHeader, error) {
	plain, err := unpack(decoder(), MaxPlain, "frame", b)
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

func decodeFrame(set *schema.Set, plain []byte) (FrameHeader, []block.Part, error) {
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
	budget := MaxPlain
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
		if parts, err = readRun(&body, plan, h.Stream, n, regions, &budget, parts); err != nil {
			return h, nil, err
		}
	}
	if len(r.b) != 0 {
		return h, nil, malformed("frame")
	}
	return h, parts, nil
}

// readRun reads one run of n rows and appends its parts.
func readRun(r *reader, plan *schema.Plan, stream block.Stream, n int, regions []block.ID, budget *int, parts []block.Part) ([]block.Part, error) {
	bad := func() ([]block.Part, error) {
		return nil, fmt.Errorf("frame: run of %s is malformed: %w", plan.Kind.Name, block.ErrInvalid)
	}
	flags := readNumbers(r, n)
	ids := readIDs(r, n)
	homes := readNumbers(r, n)
	vers := readNumbers(r, n)
	seqs := readNumbers(r, n)
	if r.bad {
		return bad()
	}
	live := make([]int, 0, n) // positions in parts of the rows that have values
	for i := range n {
		if homes[i] >= uint64(len(regions)) || flags[i] > flagDrop|flagForeign {
			return bad()
		}
		p := block.Part{
			Stream: stream, Seq: seqs[i], Kind: plan.Kind.Name, ID: ids[i], Region: regions[homes[i]], Ver: block.Ver(vers[i]),
			Drop: flags[i]&flagDrop != 0, Foreign: flags[i]&flagForeign != 0,
		}
		if !p.Drop {
			live = append(live, len(parts))
		}
		parts = append(parts, p)
	}
	geometries := readGeometries(r, len(live), budget)
	if r.bad {
		return bad()
	}
	fields := plan.Fields(stream.Class)
	values := make([]block.Value, len(live)*len(fields))
	for k, at := range live {
		parts[at].Geometry = geometries.next()
		parts[at].Values = values[k*len(fields) : (k+1)*len(fields) : (k+1)*len(fields)]
	}
	if geometries.bad {
		return bad()
	}
	columns := r.count(1<<12, 1)
	for k := range columns {
		in := r.section()
		if r.bad {
			return bad()
		}
		if k < len(fields) && !readColumn(&in, &plan.Kind.Fields[fields[k]], len(live), func(row int, v block.Value) {
			parts[live[row]].Values[k] = v
		}) {
			return bad()
		}
	}
	if r.bad || len(r.b) != 0 {
		return bad()
	}
	return parts, nil
}
