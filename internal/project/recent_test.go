package project

import (
	"fmt"
	"strings"
	"testing"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// TestRecent: what stays parsed is bounded by its size, however many files that are; the
// oldest goes first, and what is larger than all may be stays until the next comes.
func TestRecent(t *testing.T) {
	r := newRecent(recentNodes, (*syntax.File).NodeCount)
	parse := func(rel string, statements int) *syntax.File {
		f, err := syntax.Parse(t.Context(), rel, []byte(strings.Repeat("f(1, 2, 3, 4, 5, 6, 7);\n", statements)))
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	add := func(f *syntax.File) { r.add(f.Path, f) }
	for i := range 400 {
		add(parse(fmt.Sprintf("%d.ts", i), 1))
	}
	if !r.contains("0.ts") || r.kept.Len() != 400 {
		t.Errorf("of 400 small files %d are kept", r.kept.Len())
	}
	add(parse("0.ts", 2))
	large := parse("large.ts", 5000)
	for i := 0; i*large.NodeCount() < recentNodes; i++ {
		add(parse(fmt.Sprintf("large%d.ts", i), 5000))
	}
	if r.contains("1.ts") || r.total > recentNodes || r.kept.Len() == 0 {
		t.Errorf("%d files with %d nodes are kept, more than %d", r.kept.Len(), r.total, recentNodes)
	}
	counted := 0
	for _, f := range r.kept.Values() {
		counted += f.NodeCount()
	}
	if counted != r.total {
		t.Errorf("%d nodes are counted, there are %d", r.total, counted)
	}
}
