package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"kuaitu/block"
	"kuaitu/cmd/internal/cli"
	"kuaitu/cmd/internal/console"
	"kuaitu/mapview"
	"kuaitu/store"
	"kuaitu/store/tilenet"
	"kuaitu/store/tileset"

	"github.com/paulmach/orb"
)

// offlinePlanJSON is what offline answers before it begins.
type offlinePlanJSON struct {
	Tiles   int64 `json:"tiles"`
	Bytes   int64 `json:"bytes"`   // of tiles, estimated
	Sampled int   `json:"sampled"` // tiles that the estimate is from
	Have    int64 `json:"have"`    // bytes of the file already
	Free    int64 `json:"free"`    // bytes on the disk, -1 when unknown
	MinZoom int   `json:"min_zoom"`
	MaxZoom int   `json:"max_zoom"`
}

// offlineJSON is what it answers at the end.
type offlineJSON struct {
	File    string           `json:"file"`
	Plan    *offlinePlanJSON `json:"plan,omitempty"`
	Fetched int64            `json:"fetched"`
	Kept    int64            `json:"kept"`
	Check   offlineCheckJSON `json:"check"`
	Seconds float64          `json:"seconds"`
}

type offlineCheckJSON struct {
	OK      bool     `json:"ok"`
	Tiles   int64    `json:"tiles"`
	Present int64    `json:"present"`
	Absent  int64    `json:"absent"`
	Missing int64    `json:"missing"`
	Broken  int64    `json:"broken"`
	First   []string `json:"first,omitempty"` // missing and broken ones, z/x/y
	Bytes   int64    `json:"bytes"`           // of the file
	LeftOut int      `json:"left_out"`        // parts that could not be drawn
	Picture string   `json:"picture,omitempty"`
}

// offlineFlags are the command line of offline.
type offlineFlags struct {
	source, id, store, region, bbox, zooms, out, picture string
	quota                                                int64
	plan, check, asJSON                                  bool
}

func offlineCommand() cli.Command {
	return cli.Command{
		Name: "offline", Args: "--source FILE|CONFIG.json --bbox W,S,E,N | --store FILE --region CODE, --zooms A-B --out AREA.mbtiles [--plan|--check] [--quota MB] [--json]",
		Summary: "keep an area of a base map in a file for when there is no network; the same command goes on where it was stopped",
		Setup: func(fs *flag.FlagSet) func(context.Context, *cli.Env, []string) error {
			var f offlineFlags
			fs.StringVar(&f.source, "source", "", "tiles: a `FILE` or folder of docs/sources.md §1, or CONFIG.json with declarations of §2")
			fs.StringVar(&f.id, "id", "", "which `source` of CONFIG.json, when it has several")
			fs.StringVar(&f.store, "store", "", "the local store that --region is looked up in, a GeoPackage `file`")
			fs.StringVar(&f.region, "region", "", "`code` of the region to take")
			fs.StringVar(&f.bbox, "bbox", "", "the box to take, `W,S,E,N` in degrees")
			fs.StringVar(&f.zooms, "zooms", "", "levels, `A-B`; default: all that the source has")
			fs.StringVar(&f.out, "out", "", "MBTiles `file`, made or gone on with")
			fs.StringVar(&f.picture, "picture", "", "after the check, draw the area from the file alone into this PNG `file`")
			fs.Int64Var(&f.quota, "quota", 0, "most `MB` (millions of bytes) of tiles in the file; 0: no end")
			fs.BoolVar(&f.plan, "plan", false, "only say how many tiles and bytes it would be")
			fs.BoolVar(&f.check, "check", false, "only prove that the file has all of it: reads and draws it without any network")
			fs.BoolVar(&f.asJSON, "json", false, "print one JSON document")
			return func(ctx context.Context, env *cli.Env, args []string) error {
				if err := f.sound(args); err != nil {
					return err
				}
				return f.run(ctx, env)
			}
		},
	}
}

// sound refuses a command line that cannot be meant.
func (f *offlineFlags) sound(args []string) error {
	switch {
	case len(args) > 0:
		return cli.Usagef("%q is too much", args[0])
	case f.out == "":
		return cli.Usagef("--out AREA.mbtiles is needed")
	case f.plan && f.check:
		return cli.Usagef("either --plan or --check")
	case f.source == "" && !f.check:
		return cli.Usagef("--source FILE|CONFIG.json is needed")
	case (f.region == "") == (f.bbox == ""):
		return cli.Usagef("either --region CODE with --store FILE, or --bbox W,S,E,N is needed")
	case f.region != "" && f.store == "":
		return cli.Usagef("--region is looked up in a store: --store FILE is missing")
	case f.quota < 0:
		return cli.Usagef("--quota %d: it is not less than 0", f.quota)
	}
	if f.picture != "" {
		if err := checkExtension(f.picture, ".png"); err != nil {
			return err
		}
	}
	return checkExtension(f.out, ".mbtiles")
}

func (f *offlineFlags) run(ctx context.Context, env *cli.Env) error {
	lo, hi, err := levels(f.zooms)
	if err != nil {
		return err
	}
	area, err := f.area(ctx)
	if err != nil {
		return err
	}
	start := time.Now()
	answer := offlineJSON{File: f.out}
	if !f.check {
		src, closer, err := openTiles(ctx, f.source, f.id)
		if err != nil {
			return err
		}
		defer func() { _ = closer.Close() }() // read only
		take := console.Offline{Source: src, Area: area, MinZoom: lo, MaxZoom: hi, File: f.out, Quota: f.quota * 1e6}
		plan, err := f.plans(ctx, env, take)
		if err != nil {
			return err
		}
		if f.plan {
			if f.asJSON {
				return env.JSON(plan)
			}
			return nil
		}
		answer.Plan, lo, hi = &plan, plan.MinZoom, plan.MaxZoom
		got, err := take.Take(ctx, progressLines(env))
		if errors.Is(err, context.Canceled) {
			return fmt.Errorf("stopped at %d of %d tiles; the same command goes on: %w", got.Done, got.Tiles, err)
		}
		if err != nil {
			return err
		}
		answer.Fetched, answer.Kept = got.Fetched, got.Kept
	}
	if err := f.prove(ctx, env, area, lo, hi, &answer.Check); err != nil {
		return err
	}
	answer.Seconds = time.Since(start).Seconds()
	if f.asJSON {
		if err := env.JSON(answer); err != nil {
			return err
		}
	}
	if !answer.Check.OK {
		return fmt.Errorf("%s lacks %d tiles of the area and %d cannot be shown: %w", filepath.Base(f.out), answer.Check.Missing, answer.Check.Broken, block.ErrNotFound)
	}
	return nil
}

// plans says what there is to take and refuses what does not fit, before a tile is written.
func (f *offlineFlags) plans(ctx context.Context, env *cli.Env, take console.Offline) (offlinePlanJSON, error) {
	p, err := take.Plan(ctx)
	if err != nil {
		return offlinePlanJSON{}, err
	}
	out := offlinePlanJSON{Tiles: p.Tiles, Bytes: p.Bytes, Sampled: p.Sampled, Have: p.Have, Free: p.Free, MinZoom: p.MinZoom, MaxZoom: p.MaxZoom}
	fits := take.Fits(p)
	if p.Sampled == 0 && fits != nil {
		return out, fits // a guess from nothing is not worth saying
	}
	line := fmt.Sprintf("%d tiles of levels %d to %d, about %.1f MB (from %d of them)", p.Tiles, p.MinZoom, p.MaxZoom, float64(p.Bytes)/1e6, p.Sampled)
	if p.Free >= 0 {
		line += fmt.Sprintf("; %.0f MB free on the disk", float64(p.Free)/1e6)
	}
	env.Say("%s", line)
	return out, fits
}

// prove checks the file, with nothing but the file, and draws it.
func (f *offlineFlags) prove(ctx context.Context, env *cli.Env, area orb.Geometry, lo, hi int, out *offlineCheckJSON) error {
	proof, err := console.ProveOffline(ctx, f.out, area, lo, hi)
	if err != nil {
		return err
	}
	*out = offlineCheckJSON{
		OK: proof.OK(), Tiles: proof.Tiles, Present: proof.Present, Absent: proof.Absent, Missing: proof.Missing, Broken: proof.Broken, Bytes: proof.Bytes, LeftOut: proof.LeftOut,
	}
	for _, t := range proof.First {
		out.First = append(out.First, fmt.Sprintf("%d/%d/%d", t.Z, t.X, t.Y))
	}
	env.Say("checked without the network: %d of %d tiles can be shown, %d the source does not have, %d are missing, %d broken; %.1f MB", out.Present, out.Tiles, out.Absent, out.Missing, out.Broken, float64(out.Bytes)/1e6)
	if f.picture == "" {
		return nil
	}
	out.Picture = f.picture
	return writePNG(f.picture, proof.Picture)
}

// area is the polygon of the region, or the box.
func (f *offlineFlags) area(ctx context.Context) (g orb.Geometry, err error) {
	if f.bbox != "" {
		return box(f.bbox)
	}
	err = withStore(ctx, f.store, func(st *store.Store) error {
		tree, err := st.Reader().Tree(ctx)
		if err != nil {
			return err
		}
		r, err := console.RegionByCode(tree, f.region)
		if err != nil {
			return err
		}
		g, err = console.RegionArea(r)
		return err
	})
	return g, err
}

// levels reads A-B, or one level; "" is all there are.
func levels(text string) (lo, hi int, err error) {
	if text == "" {
		return 0, mapview.MaxZoom, nil
	}
	first, last, ok := strings.Cut(text, "-")
	if !ok {
		last = first
	}
	lo, errLo := strconv.Atoi(strings.TrimSpace(first))
	hi, errHi := strconv.Atoi(strings.TrimSpace(last))
	if errLo != nil || errHi != nil {
		return 0, 0, cli.Usagef("--zooms %q: levels as 10-16", text)
	}
	if lo < 0 || lo > hi || hi > mapview.MaxZoom {
		return 0, 0, fmt.Errorf("--zooms %s: levels are 0 to %d, the coarser first: %w", text, mapview.MaxZoom, block.ErrInvalid)
	}
	return lo, hi, nil
}

// maxConfig bounds a file of declarations, bytes.
const maxConfig = 1 << 20

// openTiles opens what areas are taken from: a set of tiles, or a declared service.
func openTiles(ctx context.Context, path, id string) (tilenet.Encoded, io.Closer, error) {
	if !strings.EqualFold(filepath.Ext(path), ".json") {
		if id != "" {
			return nil, nil, cli.Usagef("--id goes with --source CONFIG.json")
		}
		set, closer, err := tileset.Open(path)
		if err != nil {
			if !errors.Is(err, os.ErrNotExist) {
				err = errors.Join(err, block.ErrInvalid)
			}
			return nil, nil, fmt.Errorf("source: %w", err)
		}
		return set.(tilenet.Encoded), closer, nil // both kinds of set are
	}
	c, err := declared(path, id)
	if err != nil {
		return nil, nil, err
	}
	src, err := tilenet.Open(ctx, c, tilenet.Options{})
	if err != nil {
		return nil, nil, fmt.Errorf("source: %w", console.OfflineError(err))
	}
	return src, src, nil
}

// declared reads one declaration from a file that has a list of them, or one alone.
func declared(path, id string) (c tilenet.Config, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return c, fmt.Errorf("source: %w", err)
	}
	if info.Size() > maxConfig {
		return c, fmt.Errorf("source: %s is no list of sources: %w", filepath.Base(path), block.ErrInvalid)
	}
	doc, err := os.ReadFile(path)
	if err != nil {
		return c, fmt.Errorf("source: %w", err)
	}
	if doc = bytes.TrimSpace(doc); len(doc) > 0 && doc[0] == '{' {
		doc = slices.Concat([]byte("["), doc, []byte("]"))
	}
	if !json.Valid(doc) {
		return c, fmt.Errorf("source: %s is no JSON: %w", filepath.Base(path), block.ErrInvalid)
	}
	list, err := tilenet.ParseConfigs(doc)
	if err != nil {
		return c, fmt.Errorf("source: %s: %w", filepath.Base(path), errors.Join(err, block.ErrInvalid))
	}
	var ids []string
	for _, c := range list {
		if c.ID == id || id == "" && len(list) == 1 {
			return c, nil
		}
		ids = append(ids, c.ID)
	}
	if id == "" {
		return c, cli.Usagef("%s has %d sources: --id names one of %s", filepath.Base(path), len(list), strings.Join(ids, ", "))
	}
	return c, fmt.Errorf("source: there is no %q in %s; there are %s: %w", id, filepath.Base(path), strings.Join(ids, ", "), block.ErrNotFound)
}

// progressLines says on stderr, every two seconds, how far it is.
func progressLines(env *cli.Env) func(tilenet.Progress) {
	const pause = 2 * time.Second
	start, next := time.Now(), time.Now().Add(pause)
	first := int64(-1) // tiles that were there at the start cost no time
	return func(p tilenet.Progress) {
		now := time.Now()
		if p.Fetched+p.Absent+p.Failed <= 1 && p.Done < p.Tiles {
			first, start = p.Kept, now
		}
		if now.Before(next) {
			return
		}
		next = now.Add(pause)
		line := fmt.Sprintf("%d of %d tiles, %.1f MB", p.Done, p.Tiles, float64(p.Bytes)/1e6)
		if done := p.Done - max(0, first); done > 0 {
			left := time.Duration(float64(now.Sub(start)) / float64(done) * float64(p.Tiles-p.Done))
			line += ", " + left.Round(time.Second).String() + " left"
		}
		if p.Waiting {
			line += "; the server does not answer, waiting for it"
		}
		env.Say("%s", line)
	}
}
