package run

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/unleak-dev/unleak/internal/project"
)

// TestQueue: a candidate that a question has had parsed comes before those in order, and
// each comes once.
func TestQueue(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a.ts", "b.ts", "c.ts", "other.ts"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("export const x = 1;\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	p, err := project.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	q := newQueue(p, []string{"c.ts", "b.ts", "a.ts"})
	var got []string
	for rel, ok := q.next(); ok; rel, ok = q.next() {
		if got = append(got, rel); rel == "a.ts" {
			for _, asked := range []string{"a.ts", "other.ts", "c.ts"} {
				if _, err := p.Load(t.Context(), asked); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	if want := []string{"a.ts", "c.ts", "b.ts"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
