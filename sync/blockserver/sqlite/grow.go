package sqlite

import (
	"context"
	"fmt"
	"os"

	"kuaitu/sync/wire"
)

// grow follows declarations that changed since the folder was open last. A leaf covers every declared field, so the
// tallies are counted anew from the rows; frames made before are forgotten.
func (s *Storage) grow(ctx context.Context) error {
	now := wire.Fingerprint(s.set).String()
	err := s.update(ctx, func(t *txn) error {
		var was string
		found, err := t.one(ctx, "SELECT value FROM setting WHERE name = 'declared'", nil, &was)
		if err != nil || was == now {
			return err
		}
		if err := t.exec(ctx, "INSERT INTO setting (name, value) VALUES ('declared', ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", now); err != nil {
			return err
		}
		var rows int64
		if found {
			if err := os.RemoveAll(s.CacheDir()); err != nil {
				return fmt.Errorf("forget frames: %w", err)
			}
		}
		want, _, err := t.recount(ctx, &rows, func(string, ...any) {})
		if err != nil {
			return err
		}
		if err := t.exec(ctx, "DELETE FROM tally"); err != nil {
			return err
		}
		return t.addTallies(ctx, want)
	})
	if err != nil {
		return fmt.Errorf("count the tallies for changed declarations: %w", err)
	}
	return nil
}
