package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"kuaitu/cmd/internal/cli"
)

// figure is one measured number. Last, Ratio and Worse compare it with the run before.
type figure struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Best  float64 `json:"best,omitempty"` // where Value is the middle of several: the least, nearest to what a quiet machine gives
	Unit  string  `json:"unit,omitempty"`
	CPU   float64 `json:"cpu_ms,omitempty"` // of the process meanwhile
	Limit float64 `json:"limit,omitempty"`  // what it is to stay below
	Over  bool    `json:"over,omitempty"`
	Last  float64 `json:"last,omitempty"`
	Ratio float64 `json:"ratio,omitempty"`
	Worse bool    `json:"worse,omitempty"` // by more than worseBy
	Load  float64 `json:"load,omitempty"`  // average of the machine over the last minute
}

const worseBy = 1.2

// limits are the figures to stay below, in milliseconds, of what has no other place.
var limits = map[string]float64{
	"open.cold": 2500, "open.warm": 100, "first.cold": 2000, "first.warm": 500,
	"view.z10": 150, "view.z11": 150, "view.z12": 150, "view.z13": 100, "view.z14": 40, "view.z14.else": 40, "view.z15": 25,
	"view.z16": 12, "view.z16.else": 12, "view.z17": 40, "view.z18": 6, "view.z19": 6, "view.4k.city": 300,
}

// benchRun prints figures as they come, and keeps them in a file with which the next run is compared.
type benchRun struct {
	env    *cli.Env
	asJSON bool
	last   map[string]figure
	file   *os.File
	out    *bufio.Writer
	worse  int
	over   int
}

// newBenchRun begins a run of a name in a folder of runs; "" is one in the user's cache folder.
func newBenchRun(env *cli.Env, dir, name string, asJSON bool) (*benchRun, error) {
	if dir == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return nil, fmt.Errorf("folder of the runs: %w", err)
		}
		dir = filepath.Join(cache, "kuaitu", "bench")
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("folder of the runs: %w", err)
	}
	r := &benchRun{env: env, asJSON: asJSON, last: map[string]figure{}}
	stem := strings.TrimSuffix(name, filepath.Ext(name))
	before, err := filepath.Glob(filepath.Join(dir, stem+"-*.jsonl"))
	if err != nil {
		return nil, fmt.Errorf("runs before: %w", err)
	}
	slices.Sort(before)
	if len(before) > 0 {
		if err := r.readLast(before[len(before)-1]); err != nil {
			return nil, err
		}
	}
	path := filepath.Join(dir, stem+"-"+time.Now().UTC().Format("20060102T150405")+".jsonl")
	if r.file, err = os.Create(path); err != nil {
		return nil, fmt.Errorf("keep the run: %w", err)
	}
	r.out = bufio.NewWriter(r.file)
	env.Say("%d cores, %s, load %.1f; kept in %s", runtime.GOMAXPROCS(0), runtime.Version(), machineLoad(), path)
	if !asJSON {
		env.Say("%-20s %12s %10s %12s %10s %10s %7s", "", "measured", "best", "cpu ms", "limit", "last", "ratio")
	}
	return r, nil
}

func (r *benchRun) readLast(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("run before: %w", err)
	}
	defer f.Close()
	in := bufio.NewScanner(f)
	for in.Scan() {
		var v figure
		if json.Unmarshal(in.Bytes(), &v) == nil {
			r.last[v.Name] = v
		}
	}
	return in.Err()
}

// put prints and keeps a figure. Larger is worse.
func (r *benchRun) put(f figure) {
	f.Load = machineLoad()
	f.Over = f.Limit > 0 && f.Value > f.Limit
	if last, ok := r.last[f.Name]; ok && last.Value > 0 {
		f.Last, f.Ratio = last.Value, f.Value/last.Value
		f.Worse = f.Limit > 0 && f.Ratio > worseBy
	}
	if f.Over {
		r.over++
	}
	if f.Worse {
		r.worse++
	}
	line, err := json.Marshal(f)
	if err != nil {
		return // numbers and texts always can
	}
	r.out.Write(append(line, '\n')) // its error comes with Flush
	if r.asJSON {
		fmt.Fprintf(r.env.Stdout, "%s\n", line)
		return
	}
	optional := func(v float64, format string) string {
		if v == 0 {
			return ""
		}
		return fmt.Sprintf(format, v)
	}
	mark := ""
	if f.Over {
		mark += " over"
	}
	if f.Worse {
		mark += " WORSE"
	}
	fmt.Fprintf(r.env.Stdout, "%-20s %12.2f %10s %12s %10s %10s %7s %s%s\n", f.Name, f.Value, optional(f.Best, "%.2f"), optional(f.CPU, "%.1f"), optional(f.Limit, "%g"), optional(f.Last, "%.2f"), optional(f.Ratio, "%.2f"), f.Unit, mark)
}

func (r *benchRun) add(name string, v float64, unit string, limit float64) {
	r.put(figure{Name: name, Value: v, Unit: unit, Limit: limit})
}

// say is add of a number that is neither good nor bad.
func (r *benchRun) say(name string, v float64, unit string) { r.add(name, v, unit, 0) }

// measure takes the wall and processor time of fn.
func (r *benchRun) measure(name string, limit float64, fn func() error) error {
	return r.median(name, limit, 1, fn)
}

// median takes the middle wall time of n calls of fn, and the processor time of that call.
func (r *benchRun) median(name string, limit float64, n int, fn func() error) error {
	type took struct{ wall, cpu float64 }
	var all []took
	for range n {
		cpu, start := cpuSeconds(), time.Now()
		if err := fn(); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		all = append(all, took{1000 * time.Since(start).Seconds(), 1000 * (cpuSeconds() - cpu)})
	}
	slices.SortFunc(all, func(a, b took) int {
		if a.wall < b.wall {
			return -1
		}
		return 1
	})
	f := figure{Name: name, Value: all[n/2].wall, Unit: "ms", CPU: all[n/2].cpu, Limit: limit}
	if n > 1 {
		f.Best = all[0].wall
	}
	r.put(f)
	return nil
}

// close keeps the run.
func (r *benchRun) close() error {
	if err := errors.Join(r.out.Flush(), r.file.Close()); err != nil {
		return fmt.Errorf("keep the run: %w", err)
	}
	r.env.Say("%d figures over their limit, %d worse than the last run by a fifth, load %.1f", r.over, r.worse, machineLoad())
	return nil
}

// machineLoad is how many processes were running or waiting over the last minute, 0 where the system does not tell.
func machineLoad() float64 {
	b, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return 0
	}
	first, _, _ := strings.Cut(string(b), " ")
	v, err := strconv.ParseFloat(first, 64)
	if err != nil {
		return 0
	}
	return v
}

// residentMB is the resident memory of this process now; where the system does not tell, the largest it had.
func residentMB() float64 {
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return peakRSS()
	}
	fields := strings.Fields(string(b))
	if len(fields) < 2 {
		return peakRSS()
	}
	pages, err := strconv.ParseFloat(fields[1], 64)
	if err != nil {
		return peakRSS()
	}
	return pages * float64(os.Getpagesize()) / (1 << 20)
}
