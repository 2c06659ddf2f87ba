package wire

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"

	"kuaitu/block"
)

// Codes say what a refusal means to a program. New ones may appear; a client that does not know a code goes by the
// status.
const (
	CodeInvalid     = "invalid"       // 400: the request is malformed
	CodeUnknown     = "unknown-token" // 401: no such device, or it was revoked
	CodeRefused     = "refused"       // 403: the code is spent, expired or unknown
	CodeOutOfScope  = "out-of-scope"  // 403: the stream is not in the device's scope
	CodeNotFound    = "not-found"     // 404
	CodeMoved       = "moved"         // 409: the heads have moved on; say hello again
	CodeCloned      = "cloned"        // 409: another op has this device's counter; the device's folder was copied
	CodeCounterGap  = "counter-gap"   // 409: ops are missing before this one; Counter is the last one known
	CodeConflict    = "conflict"      // 409
	CodePruned      = "pruned"        // 410: the log begins later; take a snapshot
	CodeTooLarge    = "too-large"     // 413
	CodeBusy        = "busy"          // 429: try again after Retry-After
	CodeProtocol    = "protocol"      // 426: no common protocol version
	CodeInternal    = "internal"      // 500
	CodeUnavailable = "unavailable"   // 503: stopping, or the disk is full
)

// Error is a refusal on its way over the network. It is one of block's kinds (errors.Is) by its status. Messages hold
// no name, number or token.
type Error struct {
	Status  int    `json:"-"`
	Code    string `json:"code"`
	Message string `json:"message"`
	Counter uint64 `json:"counter,omitempty"` // with CodeCounterGap
	Retry   int    `json:"-"`                 // seconds of the Retry-After header, 0 for none
}

func (e *Error) Error() string { return fmt.Sprintf("%s (%d %s)", e.Message, e.Status, e.Code) }

// Is reports whether the error is of the given kind of block.
func (e *Error) Is(target error) bool { return target == kindOf(e.Status) }

// kindOf and statusOf are the one place where statuses and kinds meet.
func kindOf(status int) error {
	switch {
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return block.ErrRefused
	case status == http.StatusNotFound, status == http.StatusGone:
		return block.ErrNotFound
	case status == http.StatusConflict:
		return block.ErrConflict
	case status == http.StatusTooManyRequests, status >= 500:
		return block.ErrUnavailable
	}
	return block.ErrInvalid
}

func statusOf(err error) (status int, code string) {
	switch {
	case errors.Is(err, block.ErrRefused):
		return http.StatusForbidden, CodeRefused
	case errors.Is(err, block.ErrInvalid):
		return http.StatusBadRequest, CodeInvalid
	case errors.Is(err, block.ErrNotFound):
		return http.StatusNotFound, CodeNotFound
	case errors.Is(err, block.ErrConflict):
		return http.StatusConflict, CodeConflict
	case errors.Is(err, block.ErrUnavailable):
		return http.StatusServiceUnavailable, CodeUnavailable
	}
	return http.StatusInternalServerError, CodeInternal
}

// ErrorOf returns err as it travels: an *Error in it as it is, else one by its kind. What has no kind is an internal
// error, and its text stays at home.
func ErrorOf(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	status, code := statusOf(err)
	if status == http.StatusInternalServerError {
		return &Error{Status: status, Code: code, Message: "internal error"}
	}
	return &Error{Status: status, Code: code, Message: err.Error()}
}

// WriteError answers a request with err.
func WriteError(w http.ResponseWriter, err error) {
	e := ErrorOf(err)
	if e.Retry > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(e.Retry))
	}
	w.Header().Del("ETag")
	w.Header().Set("Cache-Control", "no-store")
	WriteJSON(w, e.Status, e)
}

// ReadError returns the refusal in an answer whose status is not 2xx. A body that is not ours (a proxy's page) still
// gives an *Error with the status and the code "foreign"; a 2xx status that a caller did not expect is unavailable.
func ReadError(resp *http.Response) *Error {
	e := &Error{Status: resp.StatusCode}
	e.Retry, _ = strconv.Atoi(resp.Header.Get("Retry-After"))
	b, _ := io.ReadAll(io.LimitReader(resp.Body, 4096))
	if json.Unmarshal(b, e) != nil || e.Code == "" {
		e.Code, e.Message = "foreign", "the answer is not from a Kuaitu server"
	}
	if e.Status < 400 {
		e.Status = http.StatusBadGateway
	}
	return e
}
