package store

import "syscall"

// onShare reports whether the folder is on a network file system, by the magic numbers of statfs(2).
func onShare(dir string) bool {
	var st syscall.Statfs_t
	if syscall.Statfs(dir, &st) != nil {
		return false
	}
	switch uint32(st.Type) {
	case 0x6969, // NFS
		0x517b, 0xff534d42, 0xfe534d42, // SMB, CIFS, SMB2
		0x564c, 0x5346414f, 0x73757245, 0x00c36400, 0x0bd00bd0: // NCP, AFS, CODA, Ceph, Lustre
		return true
	}
	return false
}
