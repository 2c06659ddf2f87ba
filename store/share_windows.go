package store

import (
	"path/filepath"
	"strings"

	"golang.org/x/sys/windows"
)

// onShare reports whether the folder is on a network drive or named as \\host\share.
func onShare(dir string) bool {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return false
	}
	volume := filepath.VolumeName(abs)
	if strings.HasPrefix(volume, `\\`) {
		return true
	}
	root, err := windows.UTF16PtrFromString(volume + `\`)
	return err == nil && windows.GetDriveType(root) == windows.DRIVE_REMOTE
}
