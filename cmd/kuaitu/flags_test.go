package main

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"kuaitu/cmd/internal/cli"
)

func TestCommandLineIsChecked(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct {
		config config
		args   []string
		code   int
		want   string
	}{
		{config{}, nil, 0, ""},
		{config{lang: "en", pack: dir}, nil, 0, ""},
		{config{}, []string{"a.gpkg"}, 2, "--store FILE"},
		{config{lang: "xx"}, nil, 2, "zh or en"},
		{config{pack: filepath.Join(dir, "nosuch")}, nil, 4, "there is no pack"},
	} {
		err := c.config.check(c.args)
		if cli.ExitCode(err) != c.code || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v %q: %v, want code %d and %q", c.config, c.args, err, c.code, c.want)
		}
	}
	if _, err := openStore(context.Background(), filepath.Join(dir, "nosuch")); cli.ExitCode(err) != 4 || !strings.HasPrefix(err.Error(), "there is no store") {
		t.Errorf("no store: %v", err)
	}
}
