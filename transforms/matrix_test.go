package transforms_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/unleak-dev/unleak/internal/matrix"
	"github.com/unleak-dev/unleak/internal/project"
	"github.com/unleak-dev/unleak/patch"
	"github.com/unleak-dev/unleak/transforms"
)

// TestMatrix holds what becomes of every kind in every program, and what is said
// of it, to testdata/matrix. That it is right is shown by internal/proof, which
// executes and compiles the same.
func TestMatrix(t *testing.T) {
	kinds, err := transforms.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	cells, err := matrix.Cells(kinds)
	if err != nil {
		t.Fatal(err)
	}
	byKind := map[string]*strings.Builder{}
	for _, c := range cells {
		p, err := project.Open(transforms.WriteCase(t, c.Case))
		if err != nil {
			t.Fatal(err)
		}
		m := transforms.MendText(t, transforms.NewDetector(p, kinds, c.Case.WantsOffers()), c.File, c.Case.Files[c.File])
		b := byKind[c.Kind.Name]
		if b == nil {
			b = &strings.Builder{}
			byKind[c.Kind.Name] = b
		}
		b.WriteString(transforms.About(c.Form+"/"+c.Name, m))
		if m.New != nil {
			b.WriteString(patch.Change{Path: c.File, Old: m.Old, New: m.New}.Unified())
		}
	}
	update := flag.Lookup("update").Value.String() == "true"
	for kind, b := range byKind {
		file := filepath.Join("testdata", "matrix", kind+".txt")
		if update {
			if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if string(want) != b.String() {
			t.Errorf("%s: something else comes of it now:\n%s", kind, patch.Change{Path: file, Old: want, New: []byte(b.String())}.Unified())
		}
	}
}
