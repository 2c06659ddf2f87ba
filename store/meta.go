package store

import (
	"context"
	"encoding/json"
	"fmt"

	"kuaitu/block"
)

// Meta is what a store says about the city it holds: where its pack came from and how it wants to be named.
type Meta struct {
	Name        string            `json:"name"`           // of the city pack: 深圳
	NameEN      string            `json:"name_en"`        // Shenzhen
	TZ          string            `json:"tz"`             // IANA name of the city's time zone
	Attribution string            `json:"attribution"`    // what the map must show
	LevelZH     [6]string         `json:"level_zh"`       // labels by block.Level; empty: the usual ones
	LevelEN     [6]string         `json:"level_en"`       //
	Demo        bool              `json:"demo"`           // made-up data, to be marked everywhere
	More        map[string]string `json:"more,omitempty"` // further keys of the pack, as they are
}

func readKey(c *conn, key string, into any) (bool, error) {
	row, err := c.one("SELECT value FROM kt_meta WHERE key = ?", key)
	if err != nil || row == nil {
		return false, err
	}
	if err := json.Unmarshal([]byte(asText(row[0])), into); err != nil {
		return false, fmt.Errorf("kt_meta %s: %v: %w", key, err, block.ErrInvalid)
	}
	return true, nil
}

func (t *tx) writeKey(key string, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return t.c.exec("INSERT INTO kt_meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value", key, string(text))
}

func (t *tx) setMeta(m Meta) error { return t.writeKey("meta", m) }

// SetMeta replaces what the store says about its city.
func (w *Writer) SetMeta(ctx context.Context, m Meta) error {
	return w.tx(ctx, func(t *tx) error { return t.setMeta(m) })
}

// Meta returns what the store says about its city.
func (r *Reader) Meta(ctx context.Context) (m Meta, err error) {
	err = r.view(ctx, func(c *conn) error {
		_, err := readKey(c, "meta", &m)
		return err
	})
	return m, err
}

// Mode is what a store is for: one mode never turns into the other.
type Mode string

// A new store is empty. The first load or edit makes it standalone, an enrolment enrolled.
const (
	New        Mode = "new"
	Standalone Mode = "standalone"
	Enrolled   Mode = "enrolled"
)

func readMode(c *conn) (Mode, error) {
	m := New
	_, err := readKey(c, "mode", &m)
	return m, err
}

// Mode returns what the store is for.
func (r *Reader) Mode(ctx context.Context) (m Mode, err error) {
	err = r.view(ctx, func(c *conn) error {
		m, err = readMode(c)
		return err
	})
	return m, err
}

// enrolmentRow is kt_meta's form of an enrolment.
type enrolmentRow struct {
	Server     string
	Device     block.ID
	Token      string
	Region     block.ID
	RegionCode string
	Post       string
	Classes    block.ClassSet
	Epoch      block.Epoch
}

func readEnrolment(c *conn) (block.Enrolment, bool, error) {
	var e enrolmentRow
	ok, err := readKey(c, "enrolment", &e)
	return block.Enrolment(e), ok, err
}

// LastSync returns what the last sync came to; false when there was none.
func (r *Reader) LastSync(ctx context.Context) (rec block.SyncRecord, ok bool, err error) {
	err = r.view(ctx, func(c *conn) error {
		ok, err = readKey(c, "sync", &rec)
		return err
	})
	return rec, ok, err
}
