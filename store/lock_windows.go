//go:build windows

package store

import (
	"os"

	"golang.org/x/sys/windows"
)

// tryLock takes the whole file for this process; the system lets go of it when the process ends, however it ends.
func tryLock(f *os.File) error {
	const all = ^uint32(0)
	return windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY,
		0, all, all, new(windows.Overlapped))
}
