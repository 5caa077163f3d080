//go:build unix

package main

import (
	"bytes"
	"flag"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

var kills = flag.Int("kills", 20, "how often TestFixKilled kills: more often for more certainty")

// TestFixKilled kills `unleak fix` of 500 files time and again, with kill -9: half of the
// times a while after its start, half as soon as a certain file has changed. Every
// file is old or new then, and undo restores all of them, byte for byte.
func TestFixKilled(t *testing.T) {
	files, kills := 500, *kills
	if testing.Short() {
		files, kills = 60, 6
	}
	root := fastDir(t)
	old := map[string]string{}
	for i := range files {
		name := fmt.Sprintf("src/%d/f%03d.js", i%7, i)
		old[name] = fmt.Sprintf("export class A%d {\n  go() { setInterval(() => {}, %d); }\n\n  stop() {}\n}\n", i, i)
		file := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(old[name]), []fs.FileMode{0o644, 0o600, 0o755}[i%3]); err != nil {
			t.Fatal(err)
		}
	}
	before := modes(t, root)
	took := time.Now()
	if out, err := unleakCommand(root, "fix").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	whole := time.Since(took)
	fixed := map[string]string{}
	for name := range old {
		fixed[name] = read(t, root, name)
		if fixed[name] == old[name] {
			t.Fatalf("%s was not fixed", name)
		}
	}
	undo(t, root, before, old)

	random := rand.New(rand.NewPCG(7, 7))
	some := 0 // times that it was killed with some files written, and some not
	for n := range kills {
		cmd := unleakCommand(root, "fix")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if n%2 == 0 {
			time.Sleep(time.Duration(random.Int64N(int64(whole))))
		} else {
			at := random.IntN(files)
			awaitChange(t, root, fmt.Sprintf("src/%d/f%03d.js", at%7, at), old)
		}
		_ = cmd.Process.Signal(syscall.SIGKILL)
		_ = cmd.Wait()
		written := 0
		for name := range old {
			switch read(t, root, name) {
			case fixed[name]:
				written++
			case old[name]:
			default:
				t.Fatalf("killed, %s is neither old nor new:\n%s", name, read(t, root, name))
			}
		}
		if written > 0 && written < files {
			some++
		}
		undo(t, root, before, old)
	}
	if some < kills/4 {
		t.Errorf("of %d kills %d came while files were written; too few to show anything", kills, some)
	}
	t.Logf("%d of %d kills came while files were written", some, kills)
}

// fastDir is a folder in memory, where there is one: a kill ends a program and not
// the machine, so a disk would only make waiting.
func fastDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "unleak-killed-*")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// unleakCommand is the program itself: the test binary plays it under its name.
func unleakCommand(dir string, args ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	cmd.Args = append([]string{"unleak"}, args...)
	cmd.Dir = dir
	return cmd
}

// awaitChange waits until a file is not what it was.
func awaitChange(t *testing.T, root, name string, old map[string]string) {
	t.Helper()
	for end := time.Now().Add(time.Minute); read(t, root, name) == old[name]; time.Sleep(100 * time.Microsecond) {
		if time.Now().After(end) {
			t.Fatalf("%s does not change", name)
		}
	}
}

// undo undoes, if there is anything to undo, and checks that all is as it was.
func undo(t *testing.T, root, before string, old map[string]string) {
	t.Helper()
	out, err := unleakCommand(root, "undo").CombinedOutput()
	if err != nil && !bytes.Contains(out, []byte("there is no run to undo")) {
		t.Fatalf("undo: %v\n%s", err, out)
	}
	for name, text := range old {
		if got := read(t, root, name); got != text {
			t.Fatalf("undone, %s holds\n%s", name, got)
		}
	}
	if after := modes(t, root); after != before {
		t.Fatalf("undone, the files are\n%swant\n%s", after, before)
	}
}

func read(t *testing.T, root, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// modes lists all below root but the journal, with the modes.
func modes(t *testing.T, root string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.Name() == ".unleak" {
			return errSkip(err)
		}
		info, err := d.Info()
		if err == nil {
			fmt.Fprintln(&b, strings.TrimPrefix(file, root), info.Mode())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func errSkip(err error) error {
	if err != nil {
		return err
	}
	return filepath.SkipDir
}
