package watch

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/unleak-dev/unleak/internal/report"
	"github.com/unleak-dev/unleak/transforms"
)

// TestLimit: what the system says about its limits is put as what to do.
func TestLimit(t *testing.T) {
	for err, want := range map[error]string{
		syscall.ENOSPC: "max_user_watches", fmt.Errorf("x: %w", syscall.EMFILE): "max_user_instances", errors.New("other"): "other",
	} {
		if got := limit(err).Error(); !strings.Contains(got, want) || strings.Contains(got, "\n") {
			t.Errorf("%v: got %q", err, got)
		}
	}
}

func nothing(context.Context, []string) map[string]bool { return nil }

// TestTree: whatever happens in one go is told together, with what is in folders that
// came meanwhile.
func TestTree(t *testing.T) {
	dir := t.TempDir()
	put := func(name string) {
		t.Helper()
		file := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(name), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	put("a.ts")
	put("sub/b.ts")
	put("skipped/c.ts")
	tree, files, err := Open(t.Context(), dir, func(_ context.Context, dirs []string) map[string]bool {
		return map[string]bool{"skipped": slices.Contains(dirs, "skipped")}
	})
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	if slices.Sort(files); !slices.Equal(files, []string{"a.ts", "sub/b.ts"}) {
		t.Errorf("there are %q", files)
	}
	want := map[string]bool{}
	for _, name := range []string{"a.ts", "sub/d.ts", "deep/er/and/er/e.ts"} {
		put(name)
		want[name] = true
	}
	put("skipped/f.ts")
	if err := os.Remove(filepath.Join(dir, "sub/b.ts")); err != nil {
		t.Fatal(err)
	}
	want["sub/b.ts"] = true
	until(t, tree, want)
	put("deep/er/and/er/g.ts")
	until(t, tree, map[string]bool{"deep/er/and/er/g.ts": true})

	// Nobody is told twice.
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Millisecond)
	defer cancel()
	if b, err := tree.Next(ctx); err == nil {
		t.Errorf("again: %q", b.Files)
	}
	if _, _, err := Open(t.Context(), filepath.Join(dir, "none"), nothing); err == nil {
		t.Error("a folder that is not there is watched")
	}
}

func until(t *testing.T, tree *Tree, want map[string]bool) {
	t.Helper()
	for len(want) > 0 {
		b, err := tree.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range b.Files {
			if strings.HasPrefix(f, "skipped/") {
				t.Errorf("%s is told", f)
			}
			delete(want, f)
		}
	}
}

func TestState(t *testing.T) {
	f := func(path, print string) report.Finding {
		return report.Finding{Path: path, Fingerprint: print, Standing: transforms.Leak}
	}
	var s State
	names := func(found []report.Finding) string {
		var out []string
		for _, f := range found {
			out = append(out, f.Path+f.Fingerprint)
		}
		return strings.Join(out, " ")
	}
	for _, c := range []struct {
		files      []string
		found      []report.Finding
		came, went string
		leaks      int
	}{
		{nil, []report.Finding{f("a", "1"), f("b", "1")}, "a1 b1", "", 2},
		{[]string{"a"}, []report.Finding{f("a", "1"), f("a", "2")}, "a2", "", 3},
		{[]string{"a", "c"}, []report.Finding{f("c", "1")}, "c1", "a1 a2", 2}, // b is not spoken of
		{[]string{"x"}, nil, "", "", 2},
		{nil, []report.Finding{f("b", "1")}, "", "c1", 1},
		{nil, nil, "", "b1", 0},
	} {
		came, went := s.Update(c.files, c.found)
		if names(came) != c.came || names(went) != c.went || s.Leaks() != c.leaks {
			t.Errorf("%q, %q: came %q, went %q, %d leaks", c.files, names(c.found), names(came), names(went), s.Leaks())
		}
	}
}
