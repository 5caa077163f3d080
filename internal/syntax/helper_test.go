package syntax

import (
	"context"
	"strings"
	"testing"
)

// mustParse parses src, which must hold no syntax error.
func mustParse(t testing.TB, path, src string) *File {
	t.Helper()
	f, err := Parse(context.Background(), path, []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	if n := f.Errors(); n != 0 {
		t.Fatalf("%s: %d syntax errors in\n%s", path, n, src)
	}
	return f
}

// nodeOf returns the outermost named node with exactly this text, the first one
// in the source.
func nodeOf(t testing.TB, f *File, text string) Node {
	t.Helper()
	for n := range f.Root().Descendants() {
		if n.Named() && n.ID() != 0 && n.Text() == text {
			return n
		}
	}
	t.Fatalf("no node %q in\n%s", text, f.Src())
	return Node{}
}

// lastOf returns the last identifier-like node with exactly this text.
func lastOf(t testing.TB, f *File, text string) Node {
	t.Helper()
	var found Node
	for n := range f.Root().Descendants() {
		if n.Named() && n.Len() == 0 && n.Text() == text {
			found = n
		}
	}
	if !found.OK() {
		t.Fatalf("no name %q in\n%s", text, f.Src())
	}
	return found
}

// oneLine makes a text fit for a table.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
