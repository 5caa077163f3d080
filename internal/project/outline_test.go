package project

import (
	"slices"
	"testing"
)

// TestMentions: a file is parsed for a name only if it can declare it or lead on.
func TestMayExport(t *testing.T) {
	p := tree(t, map[string]string{
		"barrel.ts": "export * from './a';\nexport * from './b';\n", "a.ts": "export class A {}\n", "b.ts": "export class B {}\n",
		"odd.ts": "export /* all of it */ * from './b';\n", "exports.js": "module.exports = class {};\n", "equals.ts": "export = class {};\n",
		"star.js": "__exportStar(x);\n", "named.ts": "export { A as Z } from './a';\n", "module.ts": "@NgModule({ exports: [Z] })\nexport class ZModule {}\n", "words.ts": "export const z = [required, exported, module_exports];\n", "required.js": "exports.z = require('z');\n", "escaped.ts": "export class \\u0042 {}\n", "mark.ts": "\ufeffexport class B {}\n",
		"types.ts": "const x = 1;\nexport type { Z, B } from './b';\n", "stars.ts": "const x = 1;\nexport type * from './b';\n", "both.ts": "export * from './b';\nexport * as all from './a';\nexport const x = 1;\n", "keys.ts": "const A = 1, B = 2;\nexport { A as export, B };\n",
		"text.ts": "export const x = 1; const s = '\\u0042';\n", "middle.ts": "export class cl\\u0061ss {}\n", "comment.ts": "// they require it\nexport const x = 1;\n", "open.ts": "export * from b;\n", "handed.ts": "import type { A } from './a';\nexport type { Z, A };\n",
	})
	noted := open(t, p.Root)
	note(t, noted)
	for rel, want := range map[string]bool{
		"a.ts": false, "b.ts": true, "barrel.ts": true, "odd.ts": true, "exports.js": true, "equals.ts": true, "star.js": true, "named.ts": false, "module.ts": false, "words.ts": false, "required.js": true, "escaped.ts": true, "mark.ts": true, "none.ts": false, "types.ts": true, "stars.ts": true, "handed.ts": false, "both.ts": true, "keys.ts": true, "text.ts": false, "middle.ts": true, "comment.ts": false, "open.ts": true,
	} {
		if got := p.mayExport(rel, "B"); got != want {
			t.Errorf("%s can lead to B: %t, want %t", rel, got, want)
		}
		if got := noted.mayExport(rel, "B"); got != want {
			t.Errorf("%s, which was noted, can lead to B: %t, want %t", rel, got, want)
		}
	}
	if !slices.ContainsFunc([]string{"B", "C", "D", "E"}, func(name string) bool { return noted.seen.exportsNone("a.ts", name) }) {
		t.Error("what a.ts exports was not noted")
	}
	if f, n := p.Declaration(t.Context(), "barrel.ts", "B"); !n.OK() || f.Path != "b.ts" {
		t.Error("the barrel does not lead to B")
	}
	if _, ok := p.parsed.get("a.ts"); ok {
		t.Error("a.ts was parsed, though it cannot declare B")
	}
	if !p.mayExport("a.ts", "default") {
		t.Error("a default export has no name")
	}
	for rel, want := range map[string]int{"a.ts": 1, "b.ts": 0, "barrel.ts": 1, "named.ts": 0, "exports.js": 1, "odd.ts": 0, "escaped.ts": -1, "none.ts": 0, "": -1, "handed.ts": -1, "both.ts": 0, "keys.ts": -1, "text.ts": 0, "middle.ts": -1, "open.ts": -1} {
		texts, ok := p.Sources(rel, "A")
		if ok && len(texts) != want || !ok && want >= 0 {
			t.Errorf("%d files behind %s can declare A (%t), want %d", len(texts), rel, ok, want)
		}
	}
	if texts, ok := p.Sources("named.ts", "Z"); !ok || len(texts) != 1 {
		t.Error("Z leads to a.ts")
	}
}
