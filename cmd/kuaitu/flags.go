package main

import (
	"slices"
	"strings"

	"kuaitu/cmd/internal/cli"
	"kuaitu/cmd/internal/console"
)

// languages are what --lang may say.
var languages = []string{"zh", "en"}

// check refuses a command line that would be followed in part only; args are what is left of it after the flags.
func (c config) check(args []string) error {
	if len(args) > 0 {
		return cli.Usagef("%q is no flag; a store is named with --store FILE", args[0])
	}
	if c.lang != "" && !slices.Contains(languages, c.lang) {
		return cli.Usagef("--lang %s: it is %s", c.lang, strings.Join(languages, " or "))
	}
	if c.pack != "" {
		return console.CheckPack(c.pack)
	}
	return nil
}
