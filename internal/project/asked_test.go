package project

import (
	"maps"
	"slices"
	"testing"
	"testing/fstest"
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
	// With another text of a file, what is asked is remembered together.
	q := p.Again(map[string][]byte{"e.ts": []byte("import './a';")})
	q.Declaration(t.Context(), q.Resolve("e.ts", "./a"), "A")
	if got := slices.Sorted(maps.Keys(p.Dependents([]string{"a.ts"}))); !slices.Equal(got, []string{"a.ts", "d.ts", "e.ts"}) {
		t.Errorf("with another text of e.ts: %v", got)
	}
}

// TestOpenTree: a tree in no folder has all sources, whatever some file says is
// ignored, and nothing that lies outside.
func TestOpenTree(t *testing.T) {
	p := OpenTree(fstest.MapFS{
		".gitignore": {Data: []byte("sub/\n*.ts\n")}, "a.ts": {}, "sub/b.ts": {}, "sub/c.d.ts": {}, "dist/d.ts": {}, "node_modules/m/e.ts": {}, "x.md": {},
		"tsconfig.json": {Data: []byte(`{"extends": "../../etc/tsconfig.json"}`)}, "package.json": {Data: []byte(`{"name": "x", "main": "../../x.js", "workspaces": ["../*", "/*", "sub"]}`)},
	})
	for _, p := range []*Project{p, p.With(map[string][]byte{"a.ts": []byte("new")})} {
		found, problems := discover(t, p)
		wantFound(t, "in the tree", found, "a.ts", "sub/b.ts")
		if len(problems) > 0 {
			t.Error(problems)
		}
		if got := p.Resolve("a.ts", "x"); got != "" {
			t.Errorf("a package leads to %q", got)
		}
		if _, err := p.Read("../a.ts"); err == nil {
			t.Error("a file outside was read")
		}
	}
	if src, err := p.With(map[string][]byte{"a.ts": []byte("new")}).Read("a.ts"); err != nil || string(src) != "new" {
		t.Errorf("Read of a file with other contents: %q, %v", src, err)
	}
}
