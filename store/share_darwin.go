package store

import "syscall"

// onShare reports whether the folder is on a volume that is not local.
func onShare(dir string) bool {
	var st syscall.Statfs_t
	const mntLocal = 0x1000
	return syscall.Statfs(dir, &st) == nil && st.Flags&mntLocal == 0
}
