package console

import "golang.org/x/sys/windows"

// DiskFree returns the bytes that are free for this user on the volume of dir, -1 when unknown.
func DiskFree(dir string) int64 {
	name, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return -1
	}
	var free uint64
	if err := windows.GetDiskFreeSpaceEx(name, &free, nil, nil); err != nil {
		return -1
	}
	return int64(free)
}
