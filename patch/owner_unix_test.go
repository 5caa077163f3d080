//go:build unix

package patch

import (
	"os"
	"syscall"
	"testing"
)

// A file of somebody else stays theirs, where that is allowed.
func TestWriteKeepsOwner(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root may give files away")
	}
	root := t.TempDir()
	file := put(t, root, "a.ts", "old", 0o640)
	if err := os.Chown(file, 1234, 4321); err != nil {
		t.Fatal(err)
	}
	if err := (Change{"a.ts", []byte("old"), []byte("new")}).Write(root); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	if st := info.Sys().(*syscall.Stat_t); st.Uid != 1234 || st.Gid != 4321 || info.Mode() != 0o640 {
		t.Errorf("the file belongs to %d:%d, mode %v", st.Uid, st.Gid, info.Mode())
	}
}
