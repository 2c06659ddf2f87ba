package block

import (
	"time"
)

// Kind names a kind of record: "building", "event", … as package schema declares them.
type Kind string

// Ver counts the changes of one record on the server, from 1. A record that the server has not seen has Ver 0.
type Ver uint64

// WKB is a geometry as ISO well-known binary: 2-D, little endian, lon/lat in CGCS2000 degrees rounded to 1e-7
// (about 1 cm). The rounding makes the bytes canonical: two equal geometries have equal WKB on every machine, so
// they can be compared, hashed and sent. Nil means no geometry. Decode it with geo.ParseWKB.
type WKB []byte

// Record is one row of any kind. Values lie in the order of the kind's fields; a Record that came by a narrower
// scope has Null where a field's class was not in it (see Parts).
type Record struct {
	Kind     Kind
	ID       ID
	Region   ID // home region, usually a grid; zero means outside every region
	Ver      Ver
	Parts    ClassSet // classes of fields that are really here
	Deleted  bool
	Geometry WKB
	Values   []Value
}

// Clone returns a copy that may be changed. Geometry is shared: WKB is never written in place.
func (r Record) Clone() Record {
	r.Values = append([]Value(nil), r.Values...)
	return r
}

// Class is how far a field may travel.
type Class uint8

// Public is for everyone in the city's scope chain, Work for staff of the street, Sensitive for named rights only.
// Masked is the server-made twin of Sensitive; a device holds Masked or Sensitive of a grid, never both.
const (
	Public Class = iota
	Work
	Sensitive
	Masked
	NumClasses = 4
)

var classNames = [NumClasses]string{"public", "work", "sensitive", "masked"}

func (c Class) String() string {
	if int(c) < len(classNames) {
		return classNames[c]
	}
	return "unknown"
}

// Field returns the class that the fields of a part of class c are declared with: Masked parts carry the Sensitive fields.
func (c Class) Field() Class {
	if c == Masked {
		return Sensitive
	}
	return c
}

// ParseClass reads what String writes.
func ParseClass(s string) (Class, error) {
	for i, n := range classNames {
		if n == s {
			return Class(i), nil
		}
	}
	return 0, ErrInvalid
}

// ClassSet is a set of classes as bits 1<<class.
type ClassSet uint8

// AllParts is what the maker of a record holds: every class, unmasked.
const AllParts = ClassSet(1<<Public | 1<<Work | 1<<Sensitive)

// Has reports whether c is in the set.
func (s ClassSet) Has(c Class) bool { return s&(1<<c) != 0 }

// With returns the set with c.
func (s ClassSet) With(c Class) ClassSet { return s | 1<<c }

// Without returns the set without c.
func (s ClassSet) Without(c Class) ClassSet { return s &^ (1 << c) }

// OpVerb is what an op does to one record.
type OpVerb uint8

// Insert makes a record, Update sets some of its fields, Delete removes it.
const (
	Insert OpVerb = iota + 1
	Update
	Delete
)

func (v OpVerb) String() string {
	switch v {
	case Insert:
		return "insert"
	case Update:
		return "update"
	case Delete:
		return "delete"
	}
	return "unknown"
}

// FieldSet is one field an edit sets, by the field's index in its kind, with the value it had before as the author saw it.
type FieldSet struct {
	Field int
	Old   Value
	New   Value
}

// Edit is one record's share of an op. Base is the server version the author saw (0 for Insert). Region is the home
// region for Insert, and for an Update the new home when it moves (zero: unchanged). SetGeometry says that Geometry
// replaces the geometry.
type Edit struct {
	Verb        OpVerb
	Kind        Kind
	ID          ID
	Base        Ver
	Region      ID
	Fields      []FieldSet
	SetGeometry bool
	Geometry    WKB
}

// Op is one act of a user: made on a device, immutable, sent at least once, applied exactly once. It may touch several
// records (a report: an event and its first step); all of its edits are applied or none.
type Op struct {
	ID      ID
	Device  ID
	Counter uint64 // counts the ops of a device from 1 without a gap
	Made    time.Time
	Author  string // account, for the log; never decides a right
	Edits   []Edit
}

// Fate is how an op ended.
type Fate uint8

// FatePending: not answered by the server yet. FateApplied: as made. FateMerged: beside changes of others to other
// fields. FateConflict: kept for the conflict desk, nothing applied. FateRejected: refused for a reason, kept for its
// author.
const (
	FatePending Fate = iota
	FateApplied
	FateMerged
	FateConflict
	FateRejected
)

var fateNames = [...]string{"pending", "applied", "merged", "conflict", "rejected"}

func (f Fate) String() string {
	if int(f) < len(fateNames) {
		return fateNames[f]
	}
	return "unknown"
}

// Receipt is the server's answer to one op. It is the same however often the op is sent.
type Receipt struct {
	Op     ID
	Fate   Fate
	Reason string // machine-readable words for FateConflict and FateRejected: "field-changed: floors", "unknown-type", "out-of-scope", …
	Seq    uint64 // log position in the op's first shard that carries the effect; 0 when there is none
}
