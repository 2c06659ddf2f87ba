//go:build unix

package console

import "golang.org/x/sys/unix"

// DiskFree returns the bytes that are free for this user on the file system of dir, -1 when unknown.
func DiskFree(dir string) int64 {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return -1
	}
	return int64(s.Bavail) * int64(s.Bsize)
}
