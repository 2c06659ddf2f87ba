package syncer

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"time"

	"kuaitu/block"
	"kuaitu/sync/wire"
)

// deviceKey stages the device's name until the enrolment is kept, so that a second try after a lost answer is known to
// be by the same device.
const deviceKey = "enrol-device"

// maxCode bounds what a person types as the one-time code.
const maxCode = 200

// Enrolling is what Enrol needs.
type Enrolling struct {
	Replica Replica
	HTTP    *http.Client     // nil: NewHTTPClient
	Now     func() time.Time // nil: time.Now
	Random  io.Reader        // nil: crypto/rand; 10 bytes name the device
}

// Enrol binds a replica to the server with a one-time code and returns what the server says of the city. name is how
// the device appears in the server's list. A replica that is enrolled already is ErrConflict, a malformed address or
// code ErrInvalid, a spent, unknown or expired code ErrRefused, no answer ErrUnavailable: then asking again with the
// same code is safe.
func Enrol(ctx context.Context, e Enrolling, server, code, name string) (block.Enrolment, wire.Meta, error) {
	fail := func(err error) (block.Enrolment, wire.Meta, error) {
		return block.Enrolment{}, wire.Meta{}, fmt.Errorf("enrol: %w", err)
	}
	server, err := ServerURL(server)
	if err != nil {
		return fail(err)
	}
	if code == "" || len(code) > maxCode {
		return fail(fmt.Errorf("code of %d characters: %w", len(code), block.ErrInvalid))
	}
	if old, ok, err := e.Replica.Enrolment(ctx); err != nil {
		return fail(err)
	} else if ok {
		return fail(fmt.Errorf("this store belongs to region %s of a server already: %w", old.RegionCode, block.ErrConflict))
	}
	device, err := e.device(ctx)
	if err != nil {
		return fail(err)
	}
	if e.HTTP == nil {
		e.HTTP = NewHTTPClient()
	}
	var a wire.EnrolResponse
	c := client{http: e.HTTP, server: server}
	_, fault := c.json(ctx, wire.PathEnrol, wire.EnrolRequest{Code: code, Name: name, Device: device}, &a, wire.MaxJSONBody)
	switch {
	case fault.Reason == Poisoned:
		return fail(fmt.Errorf("the server cannot read the code or the name: %w", block.ErrInvalid))
	case fault.Reason == Refused, fault.Reason == Revoked:
		return fail(fmt.Errorf("the server does not accept this code, it is wrong, used or older than a day: %w", &Error{Reason: fault.Reason}))
	case fault.Reason == Unreachable:
		return fail(fmt.Errorf("no server answers at %s: %w", server, &Error{Reason: fault.Reason}))
	case !fault.OK():
		return fail(&Error{Reason: fault.Reason})
	case a.Device != device || a.Token == "" || a.Region.IsZero() || len(a.Classes) == 0:
		return fail(&Error{Reason: BadAnswer})
	}
	enrolment := a.Enrolment(server)
	if err := e.Replica.SetEnrolment(ctx, enrolment); err != nil {
		return fail(err)
	}
	return enrolment, a.Meta, nil
}

// device returns the device's name: the one staged by an earlier try, else a new one.
func (e *Enrolling) device(ctx context.Context) (block.ID, error) {
	b, ok, err := e.Replica.Staged(ctx, deviceKey)
	if err != nil {
		return block.ID{}, err
	}
	if ok && len(b) == len(block.ID{}) {
		return block.ID(b), nil
	}
	random, now := e.Random, e.Now
	if random == nil {
		random = rand.Reader
	}
	if now == nil {
		now = time.Now
	}
	var r [10]byte
	if _, err := io.ReadFull(random, r[:]); err != nil {
		return block.ID{}, fmt.Errorf("name the device: %w: %w", err, block.ErrUnavailable)
	}
	id := block.NewID(now(), r)
	if err := e.Replica.Stage(ctx, deviceKey, id[:]); err != nil {
		return block.ID{}, err
	}
	return id, nil
}
