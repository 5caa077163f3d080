package report

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/unleak-dev/unleak/transforms"
)

func TestReproduction(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	dir, err := Reproduction(&transforms.Bug{Path: "a/b.tsx", Fix: &transforms.Fix{Message: "Mend it"}, Reason: "it broke", Before: []byte("x"), Mangled: []byte("y")})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"before.tsx": "x", "after.tsx": "y", "bug.txt": "a/b.tsx\nMend it\nit broke\n"} {
		got, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || string(got) != want {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
	}
}

// TestPrintable: nothing in a scanned file can play with the terminal.
func TestPrintable(t *testing.T) {
	for in, want := range map[string]string{
		"a\tb":                  "a  b",
		"\x1b[31mred\x1b[0m":    "[31mred[0m",
		"x\u202ey\u2066z\u0085": "xyz",
		"\ufeffimport":          "import",
	} {
		if got := printable(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestColumns(t *testing.T) {
	for _, c := range []struct {
		text   string
		column int
		want   int
	}{{"abc", 1, 0}, {"abc", 3, 2}, {"\tab", 2, 2}, {"😀a", 3, 1}} {
		if got := columns(c.text, c.column); got != c.want {
			t.Errorf("columns(%q, %d) = %d, want %d", c.text, c.column, got, c.want)
		}
	}
}
