package run

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/unleak-dev/unleak/transforms"
)

// TestRunTogether looks at the examples of all kinds at a time, as one project, and mends
// them: the race detector sees all that the files share.
func TestRunTogether(t *testing.T) {
	kinds, err := transforms.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, k := range kinds {
		for _, c := range k.Cases {
			for rel, text := range c.Files {
				file := filepath.Join(dir, k.Name, c.Name, filepath.FromSlash(rel))
				if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	d := detector(t, dir)
	d.Offers = true
	accept := func(f *transforms.Fix) bool { return f.Applicability > transforms.Display }
	r, err := Run(context.Background(), d, Options{Paths: []string{dir}, Accept: accept})
	if err != nil {
		t.Fatal(err)
	}
	mended := 0
	for _, m := range r.Files {
		if m.New != nil {
			mended++
		}
		for _, b := range m.Bugs {
			t.Errorf("%s: %v", m.Path, b)
		}
	}
	if mended < len(kinds) {
		t.Errorf("%d files were mended, of %d kinds", mended, len(kinds))
	}
}
