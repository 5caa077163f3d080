package project

import (
	"maps"
	"slices"
	"testing"
)

func TestReadBarrel(t *testing.T) {
	src := "/* all\n of it */\nexport * from './a';\nexport * as b from \"./b\" // a namespace\n" +
		"export { C, type D, default as E, type } from './c'\nexport type { F as G, } from './f';;\nexport type * from './h';\nexport {} from './i';\n"
	b := readBarrel([]byte(src))
	if b == nil {
		t.Fatal("it is no barrel")
	}
	if want := []string{"./a", "./h"}; !slices.Equal(b.stars, want) {
		t.Errorf("all is handed on of %v, want %v", b.stars, want)
	}
	want := map[string]handedOn{"C": {"./c", "C"}, "D": {"./c", "D"}, "E": {"./c", "default"}, "type": {"./c", "type"}, "G": {"./f", "F"}}
	if !maps.Equal(b.named, want) {
		t.Errorf("handed on by name: %v, want %v", b.named, want)
	}
	for _, other := range []string{
		"", "// nothing\n", "export * from './a'; const b = 1;", "import './x';\nexport * from './a';", "export { a };", "export const a = 1;",
		"export * from './a' with { type: 'json' };", "export * from a;", "export { 'a b' as c } from './a';", "export * from './\\u0061';", "export { a from './a';",
		"export * from './a", "export {", "export", "export default a;",
	} {
		if readBarrel([]byte(other)) != nil {
			t.Errorf("taken for a barrel: %q", other)
		}
	}
}

func TestExportedIn(t *testing.T) {
	for src, want := range map[string][]string{
		"export class A<T> extends B {}":                  {"A"},
		"export default abstract class A {}":              {"A"},
		"export async function* f(a) {}":                  {"f"},
		"export const a = 1, b = g(), { c, d: [e] } = x;": {"a", "b", "c", "e"},
		"export let a,\n  b":                              {"a", "b"},
		"export { a, b as c };\nexport type { T };":       {"a", "c", "T"},
		"export const enum E { F }":                       {"E"},
		"export declare namespace N {}":                   {"N"},
		"export type T = A | B":                           {"T"},
		"const exported = 1; reexport; export\n  class A": {"A"},
	} {
		var got []string
		exportedIn([]byte(src), func(name []byte) { got = append(got, string(name)) })
		for _, name := range want {
			if !slices.Contains(got, name) {
				t.Errorf("%q exports %s, and only %v are seen", src, name, got)
			}
		}
		for _, no := range []string{"B", "F", "exported"} {
			if slices.Contains(got, no) {
				t.Errorf("%q does not export %s", src, no)
			}
		}
	}
}
