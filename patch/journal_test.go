package patch

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gofrs/flock"
)

// wrote runs one run over root, and fails if a change is not written.
func wrote(t *testing.T, j Journal, root string, batches ...[]Change) {
	t.Helper()
	r, err := j.NewRun(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range batches {
		if _, err := r.Write(t.Context(), b, mustWrite(t)); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
}

func mustWrite(t *testing.T) func(Change, error) {
	return func(c Change, err error) {
		t.Helper()
		if err != nil {
			t.Errorf("%s: %v", c.Path, err)
		}
	}
}

// undone undoes a run and says what came of each file.
func undone(t *testing.T, j Journal, name string) string {
	t.Helper()
	var b strings.Builder
	err := j.Undo(t.Context(), name, func(path string, what Restored, err error) {
		var moved *Moved
		var between *Between
		word := [...]string{"same", "back", "removed"}[what]
		switch {
		case errors.As(err, &moved):
			word = "moved"
		case errors.As(err, &between):
			word += " between"
		case err != nil:
			word = err.Error()
		}
		fmt.Fprintf(&b, "%s %s\n", path, word)
	})
	if err != nil {
		return b.String() + err.Error()
	}
	return b.String()
}

func newJournal(t *testing.T) (Journal, string) {
	root := t.TempDir()
	return Journal{Dir: filepath.Join(root, ".kept", "journal"), Base: root}, root
}

func TestUndo(t *testing.T) {
	j, root := newJournal(t)
	if got := undone(t, j, ""); got != ErrNoRun.Error() {
		t.Errorf("with nothing to undo: %q", got)
	}
	if _, err := os.Stat(filepath.Join(root, ".kept")); err == nil {
		t.Error("asking made the journal")
	}
	a := put(t, root, "pkg/a b.ts", "old\r\n", 0o640)
	b := put(t, root, "pkg/src/b.ts", "", 0o755)
	c := put(t, root, "pkg/c.ts", "old c", 0o644)
	d := put(t, root, "pkg/d.ts", "old d", 0o644)
	e := put(t, root, "pkg/e.ts", "old e", 0o644)
	wrote(t, j, filepath.Join(root, "pkg"), []Change{
		{"a b.ts", []byte("old\r\n"), []byte("new\r\n")}, {"src/b.ts", []byte{}, []byte("b")}, {"c.ts", []byte("old c"), []byte("new c")},
		{"d.ts", []byte("old d"), []byte("new d")}, {"e.ts", []byte("old e"), []byte{}},
	}, []Change{
		{"test/deep/new.ts", nil, []byte("new")}, {"test/changed.ts", nil, []byte("new")}, {"a b.ts", []byte("new\r\n"), []byte("newer\r\n")},
	})
	wantFile(t, a, "newer\r\n", "src", "test", "c.ts", "d.ts", "e.ts")
	put(t, root, "pkg/c.ts", "somebody's c", 0o644)
	put(t, root, "pkg/test/changed.ts", "somebody's", 0o644)
	if err := os.Remove(d); err != nil {
		t.Fatal(err)
	}
	want := "pkg/a b.ts back\npkg/c.ts moved\npkg/d.ts moved\npkg/e.ts back\npkg/src/b.ts back\npkg/test/changed.ts moved\npkg/test/deep/new.ts removed\n"
	if got := undone(t, j, ""); got != want {
		t.Errorf("undone:\n%swant\n%s", got, want)
	}
	wantFile(t, a, "old\r\n", "src", "test", "c.ts", "e.ts")
	wantFile(t, b, "")
	wantFile(t, c, "somebody's c", "a b.ts", "src", "test", "e.ts")
	wantFile(t, e, "old e", "a b.ts", "src", "test", "c.ts")
	wantFile(t, filepath.Join(root, "pkg/test/changed.ts"), "somebody's")
	for file, mode := range map[string]fs.FileMode{a: 0o640, b: 0o755} {
		if info, err := os.Stat(file); err != nil || info.Mode() != mode {
			t.Errorf("%s: mode %v, %v, want %v", file, info.Mode(), err, mode)
		}
	}
	if _, err := os.Stat(d); err == nil {
		t.Error("a file that somebody removed came back")
	}

	// What was left can be undone once it holds again what it was given.
	put(t, root, "pkg/c.ts", "new c", 0o644)
	put(t, root, "pkg/test/changed.ts", "new", 0o644)
	put(t, root, "pkg/d.ts", "new d", 0o644)
	want = "pkg/a b.ts same\npkg/c.ts back\npkg/d.ts back\npkg/e.ts same\npkg/src/b.ts same\npkg/test/changed.ts removed\npkg/test/deep/new.ts same\n"
	if got := undone(t, j, ""); got != want {
		t.Errorf("undone again:\n%swant\n%s", got, want)
	}
	if _, err := os.Stat(filepath.Join(root, "pkg/test")); err == nil {
		t.Error("a folder that the run made is left")
	}
	if got := undone(t, j, ""); got != ErrNoRun.Error() {
		t.Errorf("a run was undone twice: %q", got)
	}
}

// Somebody changed a file between two writes of one run.
func TestUndoBetween(t *testing.T) {
	j, root := newJournal(t)
	a := put(t, root, "a.ts", "one", 0o644)
	r, err := j.NewRun(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []Change{{"a.ts", []byte("one"), []byte("two")}, {"a.ts", []byte("somebody's"), []byte("three")}, {"a.ts", []byte("three"), []byte("four")}} {
		if string(c.Old) == "somebody's" {
			put(t, root, "a.ts", "somebody's", 0o644)
		}
		if _, err := r.Write(t.Context(), []Change{c}, mustWrite(t)); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if got := undone(t, j, ""); got != "a.ts back between\n" {
		t.Errorf("got %q", got)
	}
	wantFile(t, a, "somebody's", ".kept")
}

// Runs are undone from the last to the first, or by name.
func TestUndoRuns(t *testing.T) {
	j, root := newJournal(t)
	a := put(t, root, "a.ts", "0", 0o644)
	for i := range 3 {
		wrote(t, j, root, []Change{{"a.ts", fmt.Append(nil, i), fmt.Append(nil, i+1)}, {fmt.Sprintf("%d.ts", i), nil, []byte("x")}})
	}
	runs, err := j.Runs()
	if err != nil || len(runs) != 3 || !slices.Equal(runs[1].Paths, []string{"1.ts", "a.ts"}) || runs[0].Live || time.Since(runs[2].Time) > time.Hour {
		t.Fatalf("runs: %v, %v", runs, err)
	}
	if got := undone(t, j, "nothing"); got != ErrNoRun.Error() {
		t.Errorf("undone: %q", got)
	}
	if got := undone(t, j, ""); got != "2.ts removed\na.ts back\n" {
		t.Errorf("undone: %q", got)
	}
	if got := undone(t, j, runs[0].Name); got != "0.ts removed\na.ts moved\n" {
		t.Errorf("undone: %q", got)
	}
	wantFile(t, a, "2", ".kept", "1.ts")
	if got := undone(t, j, runs[1].Name); got != "1.ts removed\na.ts back\n" {
		t.Errorf("undone: %q", got)
	}
	if got := undone(t, j, ""); got != "0.ts same\na.ts back\n" {
		t.Errorf("undone: %q", got)
	}
	wantFile(t, a, "0", ".kept")
}

// What was not written, as somebody changed the file, is not undone.
func TestWriteKeepsNoRefused(t *testing.T) {
	j, root := newJournal(t)
	put(t, root, "a.ts", "a", 0o644)
	put(t, root, "b.ts", "somebody's", 0o644)
	r, err := j.NewRun(root)
	if err != nil {
		t.Fatal(err)
	}
	var moved []string
	tell := func(c Change, err error) {
		if err != nil {
			moved = append(moved, c.Path)
		}
	}
	if b, err := r.Write(t.Context(), []Change{{"b.ts", []byte("b"), []byte("B")}}, tell); b != nil || err != nil {
		t.Errorf("got %v, %v", b, err)
	}
	if b, err := r.Write(t.Context(), []Change{{"a.ts", []byte("a"), []byte("A")}, {"b.ts", []byte("b"), []byte("B")}}, tell); b == nil || err != nil {
		t.Errorf("got %v, %v", b, err)
	}
	if !slices.Equal(moved, []string{"b.ts", "b.ts"}) {
		t.Errorf("moved: %q", moved)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if got := undone(t, j, ""); got != "a.ts back\n" {
		t.Errorf("undone: %q", got)
	}
	// A run that wrote nothing is none.
	r, _ = j.NewRun(root)
	if _, err := r.Write(t.Context(), []Change{{"b.ts", []byte("b"), []byte("B")}}, tell); err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if got := undone(t, j, ""); got != ErrNoRun.Error() {
		t.Errorf("undone: %q", got)
	}
}

func TestTakeBack(t *testing.T) {
	j, root := newJournal(t)
	a := put(t, root, "a.ts", "one", 0o600)
	r, err := j.NewRun(root)
	if err != nil {
		t.Fatal(err)
	}
	first, _ := r.Write(t.Context(), []Change{{"a.ts", []byte("one"), []byte("two")}}, mustWrite(t))
	second, _ := r.Write(t.Context(), []Change{{"a.ts", []byte("two"), []byte("three")}}, mustWrite(t))
	var moved *Moved
	if err := r.TakeBack(t.Context(), first); !errors.As(err, &moved) {
		t.Errorf("taken back out of order: %v", err)
	}
	wantFile(t, a, "three", ".kept")
	for _, b := range []*Batch{second, first} {
		if err := r.TakeBack(t.Context(), b); err != nil {
			t.Error(err)
		}
	}
	wantFile(t, a, "one", ".kept")
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if got := undone(t, j, ""); got != ErrNoRun.Error() {
		t.Errorf("undone: %q", got)
	}
}

// The number of runs is bounded, and none goes that is still going on.
func TestRunsAreBounded(t *testing.T) {
	j, root := newJournal(t)
	put(t, root, "a.ts", "0", 0o644)
	put(t, root, "long.ts", "0", 0o644)
	long, err := j.NewRun(root)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := long.Write(t.Context(), []Change{{"long.ts", []byte("0"), []byte("1")}}, mustWrite(t)); err != nil {
		t.Fatal(err)
	}
	for i := range 2 * keptRuns {
		wrote(t, j, root, []Change{{"a.ts", fmt.Append(nil, i), fmt.Append(nil, i+1)}})
	}
	runs, err := j.Runs()
	if err != nil || len(runs) != keptRuns+1 || !runs[0].Live {
		t.Fatalf("%d runs are kept, %v", len(runs), err)
	}
	if got := undone(t, j, runs[0].Name); !strings.Contains(got, "still goes on") {
		t.Errorf("undone: %q", got)
	}
	if _, err := long.Write(t.Context(), []Change{{"long.ts", []byte("1"), []byte("2")}}, mustWrite(t)); err != nil {
		t.Fatal(err)
	}
	if err := long.Close(); err != nil {
		t.Fatal(err)
	}
	if got := undone(t, j, runs[0].Name); got != "long.ts back\n" {
		t.Errorf("undone: %q", got)
	}
	wantFile(t, filepath.Join(root, "long.ts"), "0", ".kept", "a.ts")
}

// What is damaged, or leads out of the base, restores nothing.
func TestUndoRefuses(t *testing.T) {
	j, root := newJournal(t)
	a := put(t, root, "a.ts", "one", 0o644)
	wrote(t, j, root, []Change{{"a.ts", []byte("one"), []byte("two")}})
	batches, _ := filepath.Glob(filepath.Join(j.Dir, "*", "*"+batchEnd))
	if len(batches) != 1 {
		t.Fatalf("batches: %q", batches)
	}
	whole, _ := os.ReadFile(batches[0])
	for _, data := range []string{"", "[", string(whole[:len(whole)-1]), strings.Replace(string(whole), "one", "eno", 1)} {
		if err := os.WriteFile(batches[0], []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := undone(t, j, ""); !strings.Contains(got, "is damaged; nothing is restored from it") {
			t.Errorf("undone out of %q: %q", data, got)
		}
	}
	wantFile(t, a, "two", ".kept")

	outside := put(t, t.TempDir(), "a.ts", "two", 0o644)
	rel, _ := filepath.Rel(root, outside)
	if err := os.WriteFile(batches[0], []byte(strings.ReplaceAll(string(whole), `"a.ts"`, `"`+filepath.ToSlash(rel)+`"`)), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := undone(t, j, ""); !strings.Contains(got, "leads outside") {
		t.Errorf("undone: %q", got)
	}
	wantFile(t, outside, "two")
	if _, err := j.NewRun(filepath.Dir(outside)); err == nil || !strings.Contains(err.Error(), "leads outside") {
		t.Errorf("a run outside of the base: %v", err)
	}
}

// Nothing is written where nothing can be kept, or while another program writes.
func TestWriteWaits(t *testing.T) {
	j, root := newJournal(t)
	a := put(t, root, "a.ts", "one", 0o644)
	change := []Change{{"a.ts", []byte("one"), []byte("two")}}
	never := func(c Change, err error) { t.Errorf("%s: told %v", c.Path, err) }
	put(t, root, ".kept/journal", "a file where the folder should be", 0o644)
	r, _ := j.NewRun(root)
	if _, err := r.Write(t.Context(), change, never); err == nil || !strings.Contains(err.Error(), "cannot keep") {
		t.Errorf("got %v", err)
	}
	if err := os.Remove(j.Dir); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(j.Dir, 0o700); err != nil {
		t.Fatal(err)
	}
	other := flock.New(filepath.Join(j.Dir, lockName))
	if err := other.Lock(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("enough"))
	if _, err := r.Write(ctx, change, never); err == nil || err.Error() != "enough" {
		t.Errorf("got %v", err)
	}
	wantFile(t, a, "one", ".kept")
	done := make(chan error)
	go func() {
		_, err := r.Write(t.Context(), change, mustWrite(t))
		done <- err
	}()
	if err := other.Unlock(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	wantFile(t, a, "two", ".kept")
}

// Several runs at once keep what they need each, and can all be undone.
func TestRunsAtOnce(t *testing.T) {
	j, root := newJournal(t)
	const runs, writes = 6, 5
	done := make(chan error, runs)
	for i := range runs {
		name := fmt.Sprintf("%d.ts", i)
		put(t, root, name, "0", 0o644)
		r, err := j.NewRun(root)
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			var failed error
			for k := range writes {
				_, err := r.Write(context.Background(), []Change{{name, fmt.Append(nil, k), fmt.Append(nil, k+1)}}, func(_ Change, err error) { failed = errors.Join(failed, err) })
				failed = errors.Join(failed, err)
			}
			done <- errors.Join(failed, r.Close())
		}()
	}
	for range runs {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	for range runs {
		if got := undone(t, j, ""); !strings.HasSuffix(got, ".ts back\n") {
			t.Errorf("undone: %q", got)
		}
	}
	for i := range runs {
		if got, err := os.ReadFile(filepath.Join(root, fmt.Sprintf("%d.ts", i))); string(got) != "0" {
			t.Errorf("%d.ts holds %q, %v", i, got, err)
		}
	}
}
