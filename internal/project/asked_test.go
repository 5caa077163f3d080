package project

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestDependents(t *testing.T) {
	p := tree(t, map[string]string{
		"a.ts": "import { B } from './b'; export class A extends B {}", "b.ts": "export * from './c';", "c.ts": "export class B {}",
		"d.ts": "import { A } from './a';", "e.ts": "export {}", "f.ts": "import { A } from './a';",
	})
	p.RememberAsked()
	if _, n := p.Declaration(t.Context(), "d.ts", "A"); n.OK() {
		t.Fatal("d.ts exports nothing")
	}
	p.Declaration(t.Context(), p.Resolve("d.ts", "./a"), "A")
	if _, n := p.Declaration(t.Context(), p.Resolve("a.ts", "./b"), "B"); !n.OK() {
		t.Fatal("B was not found through b.ts")
	}
	p.Resolve("e.ts", "./nothing")
	for _, c := range []struct{ of, want []string }{
		{[]string{"c.ts"}, []string{"a.ts", "b.ts", "c.ts", "d.ts"}}, // f.ts never asked
		{[]string{"a.ts"}, []string{"a.ts", "d.ts"}},
		{[]string{"e.ts", "d.ts"}, []string{"d.ts", "e.ts"}},
	} {
		if got := slices.Sorted(maps.Keys(p.Dependents(c.of))); !slices.Equal(got, c.want) {
			t.Errorf("of %v: got %v, want %v", c.of, got, c.want)
		}
	}
}

// TestOpenTree: a tree of files below a work tree that ignores it is all there.
func TestOpenTree(t *testing.T) {
	dir := t.TempDir()
	writeTree(t, dir, map[string]string{".gitignore": "tmp/\n", "tmp/a.ts": "", "tmp/sub/b.ts": ""})
	if err := os.Mkdir(filepath.Join(dir, ".git"), 0o755); err != nil {
		t.Fatal(err)
	}
	p, err := OpenTree(filepath.Join(dir, "tmp"))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []*Project{p, p.With(map[string][]byte{"a.ts": []byte("new")})} {
		found, _ := discover(t, p)
		wantFound(t, "below an ignored folder", found, "a.ts", "sub/b.ts")
	}
	if src, err := p.With(map[string][]byte{"a.ts": []byte("new")}).Read("a.ts"); err != nil || string(src) != "new" {
		t.Errorf("Read of a file with other contents: %q, %v", src, err)
	}
}
