package syntax

import (
	"context"
	"strings"
	"testing"
)

// TestWaysAreBounded: a function with thousands of ways out is told apart into
// maxWays of them. Without the bound, and with each way copied as it was found,
// such a function once took minutes.
func TestWaysAreBounded(t *testing.T) {
	src := "function f() {\n" + strings.Repeat("  work();\n", 3000) + "}\n"
	f, err := Parse(context.Background(), "f.js", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	g := BuildGraph(f.Root().Child(0), func(Node) bool { return true })
	ways := g.Ways([]int{Entry}, func(int) bool { return false }, func(Edge) bool { return true })
	if len(ways) != maxWays {
		t.Fatalf("%d ways, want %d", len(ways), maxWays)
	}
	for i, w := range ways {
		if w.Points[0] != Entry || len(w.Points) != i+2 || !w.Raised {
			t.Fatalf("way %d has %d points, raised %v", i, len(w.Points), w.Raised)
		}
	}
}
