//go:build unix

package store

import (
	"os"
	"syscall"
)

// tryLock takes the whole file for this process; the kernel lets go of it when the process ends, however it ends.
func tryLock(f *os.File) error {
	return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
}
