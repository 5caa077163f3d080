package transforms

import (
	"testing"
	"testing/fstest"

	"github.com/unleak-dev/unleak/internal/project"
)

// givenIn reports whether f.ts may give something by a name, beside other files.
func givenIn(t *testing.T, kinds []*Kind, src, name string, others fstest.MapFS) bool {
	t.Helper()
	tree := fstest.MapFS{"f.ts": {Data: []byte(src)}}
	for rel, f := range others {
		tree[rel] = f
	}
	g := givers{&scan{Detector: NewDetector(project.OpenTree(tree), kinds, false)}, map[string]bool{}}
	return g.mayGive("f.ts", name)
}

// TestMayGive: a file is parsed for what one of its functions returns only where that may be
// something to end.
func TestMayGive(t *testing.T) {
	kinds, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	others := fstest.MapFS{
		"beat.ts": {Data: []byte("export function beat() { return setInterval(f, 9); }\nexport default function () { return setInterval(f, 9); }\n")},
		"name.ts": {Data: []byte("export function name() { return 'f'; }\nexport function other() { return setInterval(f, 9); }\n")},
	}
	ask := func(name string, texts map[string]bool) {
		for src, want := range texts {
			if got := givenIn(t, kinds, src, name, others); got != want {
				t.Errorf("%s of %q: %v", name, src, got)
			}
		}
	}
	ask("f", map[string]bool{
		"export function f() { return setInterval(g, 9); }":                                                               true,
		"export function f(): Timer { return setInterval(g, 9); }":                                                        true,
		"export function f(): Promise<{ a: 1 }> { setInterval(g, 9); }":                                                   true, // not sure
		"export function f(): { a: 1 } { setInterval(g, 9); }":                                                            true,
		"export function f() { setInterval(g, 9); }":                                                                      false,
		"export async function f<T>(a: { b: T } = {}): Promise<void> { setInterval(a, 9); }":                              false,
		"export function f(): string | undefined { return setInterval(g, 9).name; }":                                      false,
		"export function f(): Promise<void> { return new Promise((done) => setTimeout(done, 9)); }":                       true,
		"export function f(a): a is string { return setInterval(a, 9); }":                                                 true, // not sure
		"export function f() { if (a) return; setInterval(g, 9); return }":                                                false,
		"export function f() { const t = setInterval(g, 9); all(() => { return t; }); }":                                  true,
		"export function* f() { yield setInterval(g, 9); }":                                                               true,
		"export const f = () => { setInterval(g, 9); };":                                                                  false,
		"export const f = (a: string): void => { return setInterval(a, 9); };":                                            false,
		"export const f = async (a: string) => { return setInterval(a, 9); };":                                            true,
		"export const f = () => setInterval(g, 9);":                                                                       true,
		"export const f = () => ({ a: setInterval(g, 9) });":                                                              true,
		"export const f = wrap(() => { setInterval(g, 9); });":                                                            true,
		"export const f = (setInterval(g, 9), function () { close(); });":                                                 true,
		"export function f(a: string): void; export function f(a) { return setInterval(a, 9); }":                          true,
		"function f() { setInterval(g, 9); } export { g as f };":                                                          true,
		"export { f } from './f'; // export function f() { setInterval(g, 9); }":                                          false,
		"export function f() { setInterval(g, 9); } a /* not sure":                                                        true,
		"export class A { f() { setInterval(g, 9); } }":                                                                   false,
		"export function f() { return 1; }\nfunction g() { return setInterval(h, 9); }":                                   false,
		"export function f() { return g(); }\nfunction g() { return setInterval(h, 9); }":                                 true,
		"export function f() { return g(); }\nconst g = () => setInterval(h, 9);":                                         true,
		"export function f() { return g(); }\nfunction g() { setInterval(h, 9); return 1; }":                              false,
		"export function f() { return g(); }\nlet g = () => setInterval(h, 9);":                                           true, // not sure
		"export function f() { return g(); }\nconst { g } = all(() => setInterval(h, 9));":                                true, // not sure
		"export function f() { const g = () => 1; return g(); }\nfunction k() { return setInterval(h, 9); }":              false,
		"export function f() { return f(); }\nfunction k() { return setInterval(h, 9); }":                                 false,
		"import { beat } from './beat';\nexport function f() { return beat(); }\nclass A { a = setInterval(h, 9); }":      true,
		"import { beat as b } from './beat';\nexport function f() { return b(); }\nclass A { a = setInterval(h, 9); }":    true,
		"import b from './beat';\nexport const f = () => b();\nclass A { a = setInterval(h, 9); }":                        true,
		"import { name } from './name';\nexport function f() { return name(); }\nclass A { a = setInterval(h, 9); }":      false,
		"import { use } from 'lib';\nexport function f() { return use(); }\nclass A { a = setInterval(h, 9); }":           false,
		"const { beat } = require('./beat');\nexport function f() { return beat(); }\nclass A { a = setInterval(h, 9); }": true,
		"import { fork as k } from 'node:child_process';\nexport function f() { return k('x'); }":                         true,
		"const k = setInterval;\nexport function f() { return k(h, 9); }":                                                 true,
		"export function f() { setTimeout(h, 9); return 1; }":                                                             false,
		"export function f() { h.on('a', k); return h; }":                                                                 true,
		"export function f() { setInterval(h, 9)\n  return g }\nfunction k() { setInterval(h, 9) }":                       false,
		"export function f() { return new Promise((done) => { setTimeout(done, 9); }); }":                                 true,
		"export const f = () => 1;\nfunction g() { return setInterval(h, 9); }":                                           false,
		"export const f = () => a(\n  () => setInterval(h, 9),\n);\nexport const g = 1;":                                  true,
	})
	ask("default", map[string]bool{
		"export default function f() { return setInterval(g, 9); }":                                 true,
		"export default function () { return 1; }\nfunction g() { return setInterval(h, 9); }":      false,
		"export default async function f() { setInterval(g, 9); }":                                  false,
		"export default () => setInterval(g, 9);":                                                   true,
		"const f = () => 1;\nexport default f;\nfunction g() { return setInterval(h, 9); }":         false,
		"const f = <T,>(a: T) => setInterval(a, 9);\nexport default f;\n":                           true,
		"const f = () => 1;\nexport default wrap(f);\nfunction g() { return setInterval(h, 9); }":   true, // not sure
		"export default class A { f() { return setInterval(g, 9); } }":                              true, // not sure
		"import f from './beat';\nexport default f;\nfunction g() { return setInterval(h, 9); }":    true, // not sure
		"export default function () { return setInterval(g, 9); } // }\n/* and */ function g() { }": true,
	})
}
