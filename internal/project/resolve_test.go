package project

import (
	"os"
	"testing"
	"testing/fstest"
)

// resolveTests ask in one tree where imports of the file from lead.
var resolveTests = []struct {
	name  string
	files map[string]string
	cases [][3]string // from, specifier, want
}{
	{"relative", map[string]string{
		"src/a.ts": "", "src/b.ts": "", "src/c.tsx": "", "src/d.js": "", "src/e.mts": "", "src/f.cts": "", "src/g.jsx": "", "src/h.d.ts": "", "src/both.ts": "", "src/both.js": "",
		"src/dir/index.ts": "", "src/dir2/index.js": "", "src/dir.ts": "", "src/dotted.name.ts": "", "src/data.json": "", "root.ts": "", "src/only.jsx": "",
	}, [][3]string{
		{"src/a.ts", "./b", "src/b.ts"}, {"src/a.ts", "./b.js", "src/b.ts"}, {"src/a.ts", "./b.ts", "src/b.ts"}, {"src/a.ts", "./c", "src/c.tsx"}, {"src/a.ts", "./c.js", "src/c.tsx"},
		{"src/a.ts", "./c.jsx", "src/c.tsx"}, {"src/a.ts", "./d", "src/d.js"}, {"src/a.ts", "./d.js", "src/d.js"}, {"src/a.ts", "./e.mjs", "src/e.mts"}, {"src/a.ts", "./f.cjs", "src/f.cts"},
		{"src/a.ts", "./g", "src/g.jsx"}, {"src/a.ts", "./h", "src/h.d.ts"}, {"src/a.ts", "./h.js", "src/h.d.ts"}, {"src/a.ts", "./both", "src/both.ts"}, {"src/a.ts", "./both.js", "src/both.ts"},
		{"src/a.ts", "./dir", "src/dir.ts"}, {"src/a.ts", "./dir/", "src/dir.ts"}, {"src/a.ts", "./dir/index", "src/dir/index.ts"}, {"src/a.ts", "./dir/index.js", "src/dir/index.ts"},
		{"src/a.ts", "./dir2", "src/dir2/index.js"}, {"src/dir2/index.js", ".", "src/dir2/index.js"}, {"src/dir2/index.js", "..", ""}, {"src/a.ts", "../root", "root.ts"},
		{"src/a.ts", "./dotted.name", "src/dotted.name.ts"}, {"src/a.ts", "./only.js", "src/only.jsx"},
		{"src/a.ts", "./none", ""}, {"src/a.ts", "../../out", ""}, {"root.ts", "../x", ""}, {"src/a.ts", "/src/b", ""}, {"src/a.ts", "", ""}, {"src/a.ts", "node:fs", ""}, {"src/a.ts", "fs", ""}, {"src/a.ts", "b", ""},
	}},
	{"paths", map[string]string{
		"tsconfig.json": `{"compilerOptions": {"paths": {"@/*": ["./src/*"], "@/special/*": ["./other/*", "./src/special/*"], "exact": ["./src/exact.ts"], "*-suffix": ["./suffix/*"], "@lib": ["./lib"]}}}`,
		"src/a.ts":      "", "src/exact.ts": "", "src/special/x.ts": "", "other/y.ts": "", "suffix/z.ts": "", "lib/index.ts": "", "src/deep/b.ts": "",
	}, [][3]string{
		{"src/deep/b.ts", "@/a", "src/a.ts"}, {"src/a.ts", "@/a.js", "src/a.ts"}, {"src/a.ts", "@/special/y", "other/y.ts"}, {"src/a.ts", "@/special/x", "src/special/x.ts"}, {"src/a.ts", "exact", "src/exact.ts"},
		{"src/a.ts", "exact/x", ""}, {"src/a.ts", "z-suffix", "suffix/z.ts"}, {"src/a.ts", "@lib", "lib/index.ts"}, {"src/a.ts", "@/none", ""}, {"src/a.ts", "src/a", ""},
	}},
	{"baseUrl", map[string]string{
		"tsconfig.json": `{"compilerOptions": {"baseUrl": "./src", "paths": {"~/*": ["app/*"]}}}`, "src/a.ts": "", "src/app/b.ts": "", "app/b.ts": "",
	}, [][3]string{
		{"src/app/b.ts", "a", "src/a.ts"}, {"src/a.ts", "app/b", "src/app/b.ts"}, {"src/a.ts", "~/b", "src/app/b.ts"}, {"src/a.ts", "none", ""},
	}},
	{"workspaces", map[string]string{
		"package.json":                  `{"name": "root", "workspaces": ["packages/*", "./apps/*/"]}`,
		"apps/web/package.json":         `{"name": "web"}`,
		"apps/web/src/a.ts":             "",
		"packages/main/package.json":    `{"name": "@x/main", "main": "dist/index.js"}`,
		"packages/main/tsconfig.json":   `{"compilerOptions": {"outDir": "dist", "rootDir": "source"}}`,
		"packages/main/source/index.ts": "", "packages/main/source/sub/y.ts": "",
		"packages/exports/package.json":        `{"name": "exports", "exports": {".": {"types": "./lib/main.d.ts", "import": "./lib/main.js"}, "./sub": "./lib/deep/sub.js", "./features/*": {"default": "./lib/features/*.js"}, "./package.json": "./package.json"}}`,
		"packages/exports/tsconfig.build.json": `{"extends": "../../base.json", "compilerOptions": {"outDir": "./lib"}}`,
		"packages/exports/src/main.ts":         "", "packages/exports/src/deep/sub.ts": "", "packages/exports/src/features/one.ts": "", "packages/exports/src/features/two/three.tsx": "", "packages/exports/src/private.ts": "",
		"packages/source/package.json": `{"name": "source", "source": "code/entry.ts", "main": "build/x.js"}`, "packages/source/code/entry.ts": "",
		"packages/plain/package.json": `{"name": "plain"}`, "packages/plain/index.ts": "", "packages/plain/other.ts": "",
		"packages/guess/package.json": `{"name": "guess", "main": "dist/index.js"}`, "packages/guess/src/index.tsx": "", "packages/guess/src/part.ts": "",
		"packages/built/package.json": `{"name": "built", "main": "out/x.js", "types": "out/x.d.ts"}`, "packages/built/out/x.d.ts": "",
		"packages/js/package.json": `{"name": "js", "main": "./lib/js.js"}`, "packages/js/lib/js.js": "",
		"elsewhere/package.json": `{"name": "elsewhere"}`, "elsewhere/index.ts": "",
		"base.json": `{}`,
	}, [][3]string{
		{"apps/web/src/a.ts", "@x/main", "packages/main/source/index.ts"}, {"apps/web/src/a.ts", "@x/main/dist/sub/y", "packages/main/source/sub/y.ts"},
		{"apps/web/src/a.ts", "exports", "packages/exports/src/main.ts"}, {"apps/web/src/a.ts", "exports/sub", "packages/exports/src/deep/sub.ts"},
		{"apps/web/src/a.ts", "exports/features/one", "packages/exports/src/features/one.ts"}, {"apps/web/src/a.ts", "exports/features/two/three", "packages/exports/src/features/two/three.tsx"},
		{"apps/web/src/a.ts", "source", "packages/source/code/entry.ts"}, {"apps/web/src/a.ts", "plain", "packages/plain/index.ts"}, {"apps/web/src/a.ts", "plain/other", "packages/plain/other.ts"},
		{"apps/web/src/a.ts", "guess", "packages/guess/src/index.tsx"}, {"apps/web/src/a.ts", "guess/part", "packages/guess/src/part.ts"}, {"apps/web/src/a.ts", "built", "packages/built/out/x.d.ts"},
		{"apps/web/src/a.ts", "js", "packages/js/lib/js.js"}, {"apps/web/src/a.ts", "elsewhere", ""}, {"apps/web/src/a.ts", "@x/none", ""}, {"packages/plain/index.ts", "@x/main", "packages/main/source/index.ts"},
		{"apps/web/src/a.ts", "plain/none", ""},
	}},
	{"pnpm", map[string]string{
		"pnpm-workspace.yaml": "packages:\n  - 'libs/**'\n", "libs/a/package.json": `{"name": "a"}`, "libs/a/src/index.ts": "", "libs/deep/er/b/package.json": `{"name": "b"}`, "libs/deep/er/b/index.ts": "",
		"libs/a/node_modules/c/package.json": `{"name": "c"}`, "libs/a/node_modules/c/index.ts": "", "app/x.ts": "",
	}, [][3]string{{"app/x.ts", "a", "libs/a/src/index.ts"}, {"libs/a/src/index.ts", "b", "libs/deep/er/b/index.ts"}, {"app/x.ts", "c", ""}}},
	{"two workspaces in one repository", map[string]string{
		"one/package.json": `{"workspaces": ["p/*"]}`, "one/p/lib/package.json": `{"name": "lib"}`, "one/p/lib/index.ts": "",
		"two/package.json": `{"workspaces": ["p/*"]}`, "two/p/lib/package.json": `{"name": "lib"}`, "two/p/lib/index.ts": "",
	}, [][3]string{{"one/p/lib/index.ts", "lib", "one/p/lib/index.ts"}, {"two/p/x/a.ts", "lib", "two/p/lib/index.ts"}}},
	{"installed", map[string]string{
		"node_modules/typed/package.json": `{"name": "typed", "main": "x.js", "types": "./types/main.d.ts"}`, "node_modules/typed/types/main.d.ts": "", "node_modules/typed/x.js": "", "node_modules/typed/sub.d.ts": "",
		"node_modules/typings/package.json": `{"name": "typings", "typings": "t"}`, "node_modules/typings/t.d.ts": "",
		"node_modules/index/package.json": `{"name": "index"}`, "node_modules/index/index.d.ts": "",
		"node_modules/exp/package.json": `{"name": "exp", "exports": {".": {"import": {"types": "./d/i.d.mts", "default": "./d/i.mjs"}}, "./deep/*": {"types": "./d/deep/*.d.ts"}}}`, "node_modules/exp/d/i.d.mts": "", "node_modules/exp/d/i.mjs": "", "node_modules/exp/d/deep/x.d.ts": "",
		"node_modules/untyped/package.json": `{"name": "untyped", "main": "index.js"}`, "node_modules/untyped/index.js": "",
		"node_modules/@types/untyped/package.json": `{"name": "@types/untyped", "types": "index.d.ts"}`, "node_modules/@types/untyped/index.d.ts": "", "node_modules/@types/untyped/sub/y.d.ts": "",
		"node_modules/@types/scope__name/package.json": `{"name": "@types/scope__name"}`, "node_modules/@types/scope__name/index.d.ts": "",
		"node_modules/bare/package.json": `{"name": "bare"}`, "node_modules/bare/index.js": "",
		"packages/p/node_modules/typed/package.json": `{"name": "typed", "types": "near.d.ts"}`, "packages/p/node_modules/typed/near.d.ts": "",
	}, [][3]string{
		{"src/a.ts", "typed", "node_modules/typed/types/main.d.ts"}, {"src/a.ts", "typings", "node_modules/typings/t.d.ts"}, {"src/a.ts", "index", "node_modules/index/index.d.ts"}, {"src/a.ts", "exp", "node_modules/exp/d/i.d.mts"},
		{"src/a.ts", "exp/deep/x", "node_modules/exp/d/deep/x.d.ts"}, {"src/a.ts", "untyped", "node_modules/@types/untyped/index.d.ts"},
		{"src/a.ts", "@scope/name", "node_modules/@types/scope__name/index.d.ts"}, {"src/a.ts", "bare", ""}, {"src/a.ts", "none", ""}, {"packages/p/src/a.ts", "typed", "packages/p/node_modules/typed/near.d.ts"},
		{"packages/q/src/a.ts", "typed", "node_modules/typed/types/main.d.ts"},
	}},
}

func TestResolve(t *testing.T) {
	for _, tt := range resolveTests {
		t.Run(tt.name, func(t *testing.T) {
			p := tree(t, tt.files)
			inMemory := fstest.MapFS{}
			for name, text := range tt.files {
				inMemory[name] = &fstest.MapFile{Data: []byte(text)}
			}
			for where, p := range map[string]*Project{"in a folder": p, "in a tree of a folder": OpenTree(os.DirFS(p.Root)), "in memory": OpenTree(inMemory)} {
				for _, c := range tt.cases {
					if got := p.Resolve(c[0], c[1]); got != c[2] {
						t.Errorf("%s: %q in %s leads to %q, want %q", where, c[1], c[0], got, c[2])
					}
				}
			}
		})
	}
}

// Contents that are not written yet are part of the project.
func TestResolveWith(t *testing.T) {
	p := tree(t, map[string]string{"a.ts": "export class Old {}"})
	q := p.With(map[string][]byte{"b.ts": []byte("export class New {}"), "a.ts": []byte("export class Newer {}")})
	if got := p.Resolve("a.ts", "./b"); got != "" {
		t.Errorf("the project itself has %q", got)
	}
	if got := q.Resolve("a.ts", "./b"); got != "b.ts" {
		t.Errorf("./b leads to %q", got)
	}
	for _, c := range []struct {
		p         *Project
		rel, name string
		want      bool
	}{{p, "a.ts", "Old", true}, {p, "a.ts", "Newer", false}, {q, "a.ts", "Newer", true}, {q, "a.ts", "Old", false}, {q, "b.ts", "New", true}} {
		if _, n := c.p.Declaration(t.Context(), c.rel, c.name); n.OK() != c.want {
			t.Errorf("%s of %s is there: %t", c.name, c.rel, n.OK())
		}
	}
}
