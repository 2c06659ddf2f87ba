package state

import (
	"context"
	"errors"
	"io/fs"

	"kuaitu/block"
)

// Notice is what a panel says when it has no rows: what happened, what is safe and what to do.
type Notice struct {
	Title string
	Text  string
	Code  string // for support
	Bad   bool   // drawn with the octagon, not as a plain empty state
}

// IsZero reports whether there is nothing to say.
func (n Notice) IsZero() bool { return n == Notice{} }

// failureKind names the kind of an error: the end of the text keys "fail.<kind>" and the start of the support code.
func failureKind(err error) (kind, code string) {
	switch {
	case errors.Is(err, context.Canceled):
		return "cancelled", "KT-1000"
	case errors.Is(err, block.ErrInvalid):
		return "invalid", "KT-3000"
	case errors.Is(err, block.ErrNotFound), errors.Is(err, fs.ErrNotExist):
		return "notfound", "KT-4000"
	case errors.Is(err, block.ErrConflict):
		return "conflict", "KT-5000"
	case errors.Is(err, block.ErrRefused):
		return "refused", "KT-7000"
	case errors.Is(err, block.ErrUnavailable), errors.Is(err, context.DeadlineExceeded):
		return "unavailable", "KT-6000"
	default:
		return "other", "KT-1001"
	}
}

// Failure is the sentence for people about an error, made from its kind alone: what happened, what is kept, what to do.
// The error's own words are for the log, not for the screen. A nil error has no notice.
func Failure(l *Lang, err error) Notice {
	if err == nil {
		return Notice{}
	}
	kind, code := failureKind(err)
	return Notice{Title: l.T("fail." + kind), Text: l.T("fail." + kind + ".do"), Code: code, Bad: kind != "cancelled"}
}

// FieldProblem names the field at fault when the error says which one; the reason is the schema's.
func FieldProblem(err error) (field, reason string, ok bool) {
	var fe *block.FieldError
	if errors.As(err, &fe) {
		return fe.Field, fe.Reason, true
	}
	return "", "", false
}
