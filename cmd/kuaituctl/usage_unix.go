//go:build unix

package main

import (
	"runtime"
	"syscall"
)

// usage returns the CPU seconds and the peak resident megabytes of this process.
func usage() (cpu, rssMB float64) {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return 0, 0
	}
	seconds := func(t syscall.Timeval) float64 { return float64(t.Sec) + float64(t.Usec)/1e6 }
	unit := 1024.0 // kilobytes, but bytes on macOS
	if runtime.GOOS == "darwin" {
		unit = 1024 * 1024
	}
	return seconds(r.Utime) + seconds(r.Stime), float64(r.Maxrss) / unit
}
