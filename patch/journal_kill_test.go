//go:build unix

package patch

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// killAt makes a journal that kills its own program, as kill -9 does, at the nth of
// the things that it does; the parent set n.
func killAt(j Journal) Journal {
	n, _ := strconv.Atoi(os.Getenv("UNLEAK_KILL_AT"))
	j.step = func(string) {
		if n--; n == 0 {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
	}
	return j
}

// TestKilledChild is not a test: it is run by the others, to be killed.
func TestKilledChild(t *testing.T) {
	root := os.Getenv("UNLEAK_KILL_ROOT")
	if root == "" {
		t.Skip("is run by other tests")
	}
	j := killAt(Journal{Dir: filepath.Join(root, ".kept"), Base: root})
	if os.Getenv("UNLEAK_KILL_UNDO") != "" {
		if got := undone(t, j, ""); strings.Contains(got, " moved\n") {
			t.Error(got)
		}
		return
	}
	wrote(t, j, root, killed[:4], killed[4:])
}

var killed = []Change{
	{"a.ts", []byte("old a"), []byte("new a, and more")},
	{"link.ts", []byte("old b"), []byte("")},
	{"made/deep/new.ts", nil, []byte("made")},
	{"sub/c.ts", []byte{}, []byte("new c")},
	{"a.ts", []byte("new a, and more"), []byte("newest a")},
	{"made/other.ts", nil, []byte("made, too")},
}

// child runs TestKilledChild, and reports whether it was killed.
func child(t *testing.T, root string, n int, undo string) bool {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestKilledChild$")
	cmd.Env = append(os.Environ(), "UNLEAK_KILL_ROOT="+root, "UNLEAK_KILL_AT="+strconv.Itoa(n), "UNLEAK_KILL_UNDO="+undo)
	out, err := cmd.CombinedOutput()
	if err == nil {
		return false
	}
	if cmd.ProcessState.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Fatalf("at %d: %v\n%s", n, err, out)
	}
	return true
}

// tree is what is below root, but for the journal: paths, modes, contents.
func tree(t *testing.T, root string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.Name() == ".kept" {
			return filepath.SkipDir
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		content := []byte{}
		if info.Mode().IsRegular() {
			content, err = os.ReadFile(file)
		}
		rel, _ := filepath.Rel(root, file)
		fmt.Fprintf(&b, "%s %v %q\n", rel, info.Mode(), content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func killedTree(t *testing.T) string {
	root := t.TempDir()
	put(t, root, "a.ts", "old a", 0o640)
	put(t, root, "b/b.ts", "old b", 0o755)
	put(t, root, "sub/c.ts", "", 0o444)
	link(t, "b/b.ts", filepath.Join(root, "link.ts"))
	return root
}

// TestKilled kills the program at each thing that it does while it writes. Every
// file is old or new; undo restores them all, and nothing is left of the run. It is
// the same where undo is killed, and undone again.
func TestKilled(t *testing.T) {
	before := tree(t, killedTree(t))
	points := 0
	for n := 1; ; n++ {
		root := killedTree(t)
		if !child(t, root, n, "") {
			break
		}
		points++
		wantWhole(t, root, n)
		j := Journal{Dir: filepath.Join(root, ".kept"), Base: root}
		for m := 1 + n%3; child(t, root, m, "yes"); m += 3 {
			wantWhole(t, root, n)
		}
		if got := undone(t, j, ""); got != ErrNoRun.Error() {
			t.Errorf("killed at %d, there was still something to undo: %s", n, got)
		}
		if after := tree(t, root); after != before {
			t.Errorf("killed at %d, undone:\n%swant\n%s", n, after, before)
		}
	}
	if points < 30 {
		t.Errorf("it was killed at %d points only", points)
	}
}

// The next run removes what a killed one left.
func TestKilledThenRun(t *testing.T) {
	for n := 1; ; n++ {
		root := killedTree(t)
		if !child(t, root, n, "") {
			break
		}
		put(t, root, "next.ts", "x", 0o644)
		j := Journal{Dir: filepath.Join(root, ".kept"), Base: root}
		wrote(t, j, root, []Change{{"next.ts", []byte("x"), []byte("y")}})
		if after := tree(t, root); strings.Contains(after, ".unleak-") {
			t.Errorf("killed at %d, this is left:\n%s", n, after)
		}
	}
}

// wantWhole checks that every file holds one of the texts that it may.
func wantWhole(t *testing.T, root string, n int) {
	t.Helper()
	may := map[string][]string{"a.ts": {"old a"}, "link.ts": {"old b"}, "sub/c.ts": {""}}
	for _, c := range killed {
		may[c.Path] = append(may[c.Path], string(c.New))
	}
	for file, texts := range may {
		got, err := os.ReadFile(filepath.Join(root, file))
		if os.IsNotExist(err) && strings.HasPrefix(file, "made/") {
			continue
		}
		ok := err == nil
		if ok {
			ok = false
			for _, text := range texts {
				ok = ok || text == string(got)
			}
		}
		if !ok {
			t.Errorf("killed at %d, %s holds %q, %v", n, file, got, err)
		}
	}
}
