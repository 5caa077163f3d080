package project

import "testing"

// TestMentions: a file is parsed for a name only if it can declare it or lead on.
func TestMayExport(t *testing.T) {
	p := tree(t, map[string]string{
		"barrel.ts": "export * from './a';\nexport * from './b';\n", "a.ts": "export class A {}\n", "b.ts": "export class B {}\n",
		"odd.ts": "export /* all of it */ * from './b';\n", "exports.js": "module.exports = class {};\n", "equals.ts": "export = class {};\n",
		"star.js": "__exportStar(x);\n", "named.ts": "export { A as Z } from './a';\n", "escaped.ts": "export class \\u0042 {}\n",
	})
	for rel, want := range map[string]bool{
		"a.ts": false, "b.ts": true, "barrel.ts": true, "odd.ts": true, "exports.js": true, "equals.ts": true, "star.js": true, "named.ts": false, "escaped.ts": true, "none.ts": false,
	} {
		if got := p.mayExport(rel, "B"); got != want {
			t.Errorf("%s can lead to B: %t, want %t", rel, got, want)
		}
	}
	if f, n := p.Declaration(t.Context(), "barrel.ts", "B"); !n.OK() || f.Path != "b.ts" {
		t.Error("the barrel does not lead to B")
	}
	if _, ok := p.parsed.Get("a.ts"); ok {
		t.Error("a.ts was parsed, though it cannot declare B")
	}
	if !p.mayExport("a.ts", "default") {
		t.Error("a default export has no name")
	}
	for rel, want := range map[string]bool{"a.ts": true, "named.ts": false, "barrel.ts": false, "exports.js": false, "none.ts": false, "": false} {
		if _, got := p.Own(rel, "A"); got != want {
			t.Errorf("%s hands on nothing of others: %t, want %t", rel, got, want)
		}
	}
	if _, got := p.Own("a.ts", "default"); got {
		t.Error("a default export may be imported from elsewhere")
	}
}
