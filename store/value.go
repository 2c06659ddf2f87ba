package store

import (
	"database/sql/driver"
	"time"

	"kuaitu/block"
)

// Column forms, one a type: whole numbers, booleans (0, 1) and floats as SQLite has them, Text as TEXT, Bytes and Ref as
// BLOB, Date as "2006-01-02" and Time as "2006-01-02T15:04:05.000Z", which are what GeoPackage prescribes and QGIS
// shows. A Date or Time outside the years 0000 to 9999 has no such text and is kept as its number, so that every value
// comes back exactly as it was.

const timeText = "2006-01-02T15:04:05.000Z"

// The first and last moments that have a text of four year digits.
var (
	minTextMS = time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli()
	maxTextMS = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli() - 1
)

const dayMS = 86400 * 1000

// toDriver returns a value in its column form.
func toDriver(v block.Value) driver.Value {
	switch v.Type() {
	case block.Bool, block.Int:
		return v.Num()
	case block.Float:
		return v.Float()
	case block.Text:
		return v.Raw()
	case block.Bytes, block.Ref:
		return []byte(v.Raw())
	case block.Time:
		if n := v.Num(); n >= minTextMS && n <= maxTextMS {
			return v.Time().Format(timeText)
		}
		return v.Num()
	case block.Date:
		if n := v.Num(); n >= minTextMS/dayMS && n <= maxTextMS/dayMS {
			return v.Date().Format(time.DateOnly)
		}
		return v.Num()
	}
	return nil
}

// fromDriver reads a column of a field of type t. What does not fit the type, because somebody wrote to the file by other
// means, comes back as the value that it is, so that its leaf differs and the proof finds it.
func fromDriver(t block.Type, v driver.Value) block.Value {
	switch x := v.(type) {
	case nil:
		return block.Value{}
	case int64:
		switch t {
		case block.Bool:
			if x == 0 || x == 1 {
				return block.BoolValue(x == 1)
			}
		case block.Float:
			return block.FloatValue(float64(x))
		case block.Time, block.Date:
			return block.NumValue(t, x)
		}
		return block.IntValue(x)
	case float64:
		return block.FloatValue(x)
	case string:
		switch t {
		case block.Time:
			if at, err := time.Parse(time.RFC3339Nano, x); err == nil {
				return block.NumValue(block.Time, at.UnixMilli())
			}
		case block.Date:
			if at, err := time.Parse(time.DateOnly, x); err == nil {
				return block.NumValue(block.Date, at.UnixMilli()/dayMS)
			}
		}
		return block.TextValue(x)
	case []byte:
		if t == block.Ref && len(x) == 16 {
			return block.RefValue(block.ID(x))
		}
		return block.BytesValue(x)
	}
	return block.Value{}
}

// columnType returns the GeoPackage type of a field's column.
func columnType(t block.Type) string {
	switch t {
	case block.Bool:
		return "BOOLEAN"
	case block.Int:
		return "INTEGER"
	case block.Float:
		return "DOUBLE"
	case block.Text:
		return "TEXT"
	case block.Time:
		return "DATETIME"
	case block.Date:
		return "DATE"
	case block.Ref:
		return "BLOB(16)"
	}
	return "BLOB"
}
