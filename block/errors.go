package block

import (
	"errors"
	"fmt"
)

// The four kinds of error decide behaviour: whether to retry, what to tell the user, which exit code or HTTP status.
// They are tested with errors.Is; wrap them with what was attempted.
var (
	ErrInvalid     = errors.New("invalid")
	ErrNotFound    = errors.New("not found")
	ErrConflict    = errors.New("conflict")
	ErrUnavailable = errors.New("unavailable")
	// ErrRefused is ErrUnavailable's sharper sibling: asking again will not help, the right is missing.
	ErrRefused = errors.New("refused")
)

// ConflictError says which version an edit was based on and which one is current.
type ConflictError struct {
	ID            ID
	Base, Current Ver
}

func (e *ConflictError) Error() string {
	return fmt.Sprintf("%s: based on version %d, current is %d", e.ID, e.Base, e.Current)
}

// Is makes a ConflictError an ErrConflict.
func (e *ConflictError) Is(target error) bool { return target == ErrConflict }

// FieldError says which field of a kind holds a value it must not hold. The value itself is never in the message:
// it may be a name or an identity number.
type FieldError struct {
	Kind   Kind
	Field  string
	Reason string
}

func (e *FieldError) Error() string { return fmt.Sprintf("%s.%s: %s", e.Kind, e.Field, e.Reason) }

// Is makes a FieldError an ErrInvalid.
func (e *FieldError) Is(target error) bool { return target == ErrInvalid }

// HoleError says that a part carries only what changed of a record of which the replica does not hold the rest: its stream
// has to come whole.
type HoleError struct {
	Stream Stream
	Kind   Kind
	ID     ID
}

func (e *HoleError) Error() string {
	return "a change of " + string(e.Kind) + " " + e.ID.String() + " came before the record"
}

// Is answers for ErrInvalid: the fault is the data's.
func (e *HoleError) Is(target error) bool { return target == ErrInvalid }
