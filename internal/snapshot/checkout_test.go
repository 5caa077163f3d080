package snapshot

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestCheckout writes a commit with a link, a script and a file that the clone has
// lost.
func TestCheckout(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is needed")
	}
	dir := t.TempDir()
	git := gitIn(t, dir)
	git("init", "-q")
	for name, mode := range map[string]os.FileMode{"a.ts": 0o644, "run.sh": 0o755, "lost.bin": 0o644, "README.md": 0o644} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(name), mode); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("a.ts", filepath.Join(dir, "link.ts")); err != nil {
		t.Fatal(err)
	}
	git("add", "-A")
	git("commit", "-qm", "x")
	commit, lost := git("rev-parse", "HEAD"), git("rev-parse", "HEAD:lost.bin")
	from := filepath.Join(dir, ".git")

	to := t.TempDir()
	if missing, err := Checkout(t.Context(), from, commit, to); err != nil || missing != 0 {
		t.Fatalf("got %d, %v", missing, err)
	}
	if got := files(t, to); !slices.Equal(got, []string{"README.md", "a.ts", "link.ts", "lost.bin", "run.sh"}) {
		t.Errorf("got %q", got)
	}
	if target, err := os.Readlink(filepath.Join(to, "link.ts")); err != nil || target != "a.ts" {
		t.Errorf("the link: %q, %v", target, err)
	}
	if info, err := os.Stat(filepath.Join(to, "run.sh")); err != nil || info.Mode()&0o100 == 0 {
		t.Errorf("the script: %v, %v", info, err)
	}

	if err := os.Remove(filepath.Join(from, "objects", lost[:2], lost[2:])); err != nil {
		t.Fatal(err)
	}
	to = t.TempDir()
	if missing, err := Checkout(t.Context(), from, commit, to); err != nil || missing != 1 {
		t.Errorf("with a lost file: got %d, %v", missing, err)
	}
	if got := files(t, to); !slices.Equal(got, []string{"README.md", "a.ts", "link.ts", "run.sh"}) {
		t.Errorf("with a lost file: got %q", got)
	}
	if _, err := Checkout(t.Context(), from, strings.Repeat("a", 40), t.TempDir()); err == nil {
		t.Error("a commit that is not there was written")
	}
}
