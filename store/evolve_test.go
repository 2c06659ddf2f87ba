package store

import (
	"errors"
	"path/filepath"
	"testing"

	"kuaitu/block"
	"kuaitu/block/schema"
)

// kinds copies the shipped declarations for changing.
func kinds(change func(k *schema.Kind)) []schema.Kind {
	var out []schema.Kind
	for _, p := range schema.Builtin().Plans() {
		k := *p.Kind
		k.Fields = append([]schema.Field(nil), k.Fields...)
		change(&k)
		out = append(out, k)
	}
	return out
}

// A file made by a version that knew fewer fields and kinds gains them; one declared otherwise is refused.
func TestDeclarationsGrow(t *testing.T) {
	set := func(change func(k *schema.Kind)) *schema.Set {
		s, err := schema.NewSet(kinds(change))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	path := filepath.Join(t.TempDir(), "old.gpkg")
	old := set(func(k *schema.Kind) {
		if k.Name == "building" {
			k.Fields = k.Fields[:12]
		}
	})
	s, err := Create(ctx, path, Meta{}, Options{Set: old})
	if err != nil {
		t.Fatal(err)
	}
	r := building(3)
	r.Values = r.Values[:12]
	load(t, s, "building", r)
	s.Close()
	s, err = Open(ctx, path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.Reader().Get(ctx, "building", r.ID)
	if err != nil || len(got.Values) != 14 || got.Values[2] != r.Values[2] || !got.Values[13].IsNull() {
		t.Errorf("record of an older version: %v, %v", got, err)
	}
	if _, err := s.Writer().Edit(ctx, []block.Edit{{Verb: block.Update, Kind: "building", ID: r.ID, Fields: []block.FieldSet{fieldSet("building", "note", block.TextValue("新"))}}}, "甲"); err != nil {
		t.Error(err)
	}
	mustTallies(t, s)
	s.Close()
	for name, change := range map[string]func(k *schema.Kind){
		"retyped": func(k *schema.Kind) {
			if k.Name == "building" {
				k.Fields[5].Type = block.Float
			}
		},
		"shorter": func(k *schema.Kind) {
			if k.Name == "building" {
				k.Fields = k.Fields[:13]
			}
		},
		"without geometry": func(k *schema.Kind) {
			if k.Name == "facility" {
				k.Geometry = schema.NoGeometry
			}
		},
	} {
		if s, err := Open(ctx, path, Options{Set: set(change)}); !errors.Is(err, block.ErrInvalid) {
			t.Errorf("%s: %v, want ErrInvalid", name, err)
			if err == nil {
				s.Close()
			}
		}
	}
}
