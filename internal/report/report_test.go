package report

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/unleak-dev/unleak/internal/diffview"
	"github.com/unleak-dev/unleak/patch"
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

// TestSpans: rows are coloured only if anything is.
func TestSpans(t *testing.T) {
	spans := []diffview.Span{{Text: "const", Class: diffview.Keyword}, {Text: " a "}, {Text: "b", Changed: true}}
	for _, c := range []struct {
		paint Paint
		op    patch.Op
		want  string
	}{
		{Paint{}, patch.Insert, "const a b"},
		{Paint{On: true}, patch.Insert, "\x1b[32;1mconst\x1b[0m\x1b[32m a \x1b[0m\x1b[32;7mb\x1b[0m"},
		{Paint{On: true}, patch.Delete, "\x1b[31;1mconst\x1b[0m\x1b[31m a \x1b[0m\x1b[31;7mb\x1b[0m"},
		{Paint{On: true}, patch.Keep, "\x1b[35mconst\x1b[0m a b"},
	} {
		if got := c.paint.Spans(c.op, spans); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
	if got := (Paint{On: true}).Sign(patch.Delete, "-"); got != "\x1b[31m-\x1b[0m" {
		t.Errorf("%q", got)
	}
}
