//go:build unix

package patch

import (
	"os"
	"syscall"
)

// keepOwner gives f the owner and group of like. Only root may do that for
// others' files; for everybody else the file is theirs already.
func keepOwner(f *os.File, like os.FileInfo) {
	if st, ok := like.Sys().(*syscall.Stat_t); ok {
		_ = f.Chown(int(st.Uid), int(st.Gid))
	}
}
