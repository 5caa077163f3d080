package project

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"testing"
)

// note has a project see all its files, as a run does.
func note(t *testing.T, p *Project) {
	t.Helper()
	err := p.Discover(t.Context(), nil, func(rel string) {
		src, err := p.Read(rel)
		if err != nil {
			t.Fatal(err)
		}
		p.Note(rel, src)
	}, func(err error) { t.Fatal(err) })
	if err != nil {
		t.Fatal(err)
	}
	p.Noted()
}

// TestSeen: what was seen of files and folders answers as the system does.
func TestSeen(t *testing.T) {
	files := map[string]string{
		"package.json": `{"name": "shop", "workspaces": ["parts/*"]}`, "tsconfig.json": `{"compilerOptions": {"paths": {"@/*": ["./src/*"]}}}`,
		"src/main.ts": "import { a } from '@/a';\n", "src/a.ts": "export const a = 1;\n", "src/a.service.ts": "export const s = 1;\n",
		"src/deep/deeper/b.ts": "import '../../a.service';\nimport './style.css';\n", "src/deep/deeper/style.css": "",
		"src/folder.ts/x.ts": "", "src/a.test.ts": "", "src/app/tsconfig.app.json": `{}`, "src/app/c.ts": "export {};\n",
		"parts/one/package.json": `{"name": "one", "main": "one.ts"}`, "parts/one/one.ts": "export const one = 1;\n",
		"lib/node_modules/two/package.json": `{"types": "two.d.ts"}`, "lib/node_modules/two/two.d.ts": "export const two: 1;\n", "lib/l.ts": "import 'two';\n",
	}
	p := tree(t, files)
	seen := open(t, p.Root)
	note(t, seen)
	for _, q := range []struct{ from, specifier string }{
		{"src/main.ts", "@/a"}, {"src/main.ts", "./a"}, {"src/main.ts", "./b"}, {"src/main.ts", "one"}, {"src/main.ts", "two"}, {"lib/l.ts", "two"},
		{"src/deep/deeper/b.ts", "../../a.service"}, {"src/deep/deeper/b.ts", "./style.css"}, {"src/deep/deeper/b.ts", "@/main"}, {"src/app/c.ts", "@/a"},
	} {
		if got, want := seen.Resolve(q.from, q.specifier), p.Resolve(q.from, q.specifier); got != want {
			t.Errorf("%s of %s leads to %q, want %q", q.specifier, q.from, got, want)
		}
	}
	for dir, want := range map[string]bool{".": false, "src": true, "src/deep": true, "src/deep/deeper": true, "src/app": false, "parts": true, "parts/one": false, "lib": false, "nowhere": false} {
		if got := seen.seen.isPlain(dir); got != want {
			t.Errorf("%s is plain: %t, want %t", dir, got, want)
		}
	}
	for rel, want := range map[string][2]bool{
		"src/a.ts": {true, true}, "src/b.ts": {false, false}, "src/deep/b.ts": {false, true}, "src/style.css": {false, false}, "src/deep": {false, false}, "nowhere/a.ts": {false, false},
		"lib/node_modules/two/two.d.ts": {false, false}, "src/folder.ts": {false, false}, "src/\u00e9.ts": {false, false}, "src/a.test.ts": {true, true},
	} {
		if is, known := seen.seen.isFile(rel); is != want[0] || known != want[1] {
			t.Errorf("%s is a file: %t, known: %t, want %v", rel, is, known, want)
		}
	}
	if seen.IsFile("src/folder.ts") {
		t.Error("a folder is taken for a file")
	}
	if q := seen.With(map[string][]byte{"src/tsconfig.json": nil, "src/a.ts": nil}); q.seen.isPlain("src") {
		t.Error("a changed project has seen nothing yet")
	}
}

// TestNoting: one pass over the words tells of a text what outlines tell, and no less is told
// of a file that begins with a byte order mark.
func TestNoting(t *testing.T) {
	texts := map[string]string{
		"list": "import x from 'x';\nconst a = 1, b = 2;\nexport { a, b as c };\n", "variables": "export const d = f(1), e = 2; let g = 3;\n",
		"class": "export abstract class H {}\nexport default class I {}\n", "types": "export type { J } from './j';\nexport type K = 1;\n",
		"star": "const x = 1;\nexport * from './l';\n", "common": "exports.m = 1;\n", "module": "module.exports = { n: 1 };\n", "angular": "@NgModule({ exports: [O] })\nexport class P {}\n",
		"assigned": "export = q;\n", "escaped": "export const \\u0071 = 1;\n", "commented": "export /* all */ * from './r';\n",
	}
	for name, text := range maps.Clone(texts) {
		texts[name+" with a mark"] = "\ufeff" + text
	}
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		text := texts[name]
		p := tree(t, map[string]string{"f.ts": text})
		note(t, p)
		o := outlineText("f.ts", []byte(text))
		for c := 'a'; c <= 'z'; c++ {
			for _, word := range []string{string(c), string(bytes.ToUpper([]byte(string(c))))} {
				if o.exports(word) && p.seen.exportsNone("f.ts", word) {
					t.Errorf("%s: %s is not noted", name, word)
				}
			}
		}
		none := 0
		for i := range 100 {
			if word := fmt.Sprint("other", i); !o.exports(word) && p.seen.exportsNone("f.ts", word) {
				none++
			}
		}
		if want := !o.any && o.barrel == nil && len(o.stars) == 0; (none > 90) != want {
			t.Errorf("%s: %d of 100 names were ruled out, want most: %t", name, none, want)
		}
	}
	p := tree(t, map[string]string{"f.ts": "\ufeffimport { S } from './s';\n"})
	note(t, p)
	if got := p.mentioned.of("S"); len(got) != 1 {
		t.Errorf("the mark hides an import: %v", got)
	}
}
