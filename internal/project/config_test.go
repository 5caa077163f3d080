package project

import (
	"reflect"
	"testing"
)

func TestTSConfig(t *testing.T) {
	yes, no := true, false
	tests := []struct {
		name  string
		files map[string]string
		of    string
		want  TSConfig
	}{
		{"none", nil, "src/a.ts", TSConfig{}},
		{"plain", map[string]string{"tsconfig.json": `{"compilerOptions": {"target": "ES2022", "outDir": "dist", "rootDir": "./src", "noImplicitOverride": true}}`},
			"src/deep/a.ts", TSConfig{Path: "tsconfig.json", Target: "es2022", OutDir: "dist", RootDir: "src", NoImplicitOverride: true}},
		{"comments and commas", map[string]string{"tsconfig.json": "// first\n{\n /* more */ \"compilerOptions\": { // why\n  \"target\": \"es5\", /* , */\n  \"paths\": { \"@/*\": [\"src/*\",], },\n },\n}\n"},
			"a.ts", TSConfig{Path: "tsconfig.json", Target: "es5", Paths: map[string][]string{"@/*": {"src/*"}}, pathsBase: "."}},
		{"comment in a string", map[string]string{"tsconfig.json": `{"compilerOptions": {"outDir": "a//b", "target": "/*x*/"}}`},
			"a.ts", TSConfig{Path: "tsconfig.json", OutDir: "a/b", Target: "/*x*/"}},
		{"nearest", map[string]string{"tsconfig.json": `{"compilerOptions": {"target": "es5"}}`, "packages/a/tsconfig.json": `{"compilerOptions": {"target": "es6", "outDir": "lib"}}`},
			"packages/a/src/x.ts", TSConfig{Path: "packages/a/tsconfig.json", Target: "es6", OutDir: "packages/a/lib"}},
		{"not the neighbour's", map[string]string{"tsconfig.json": `{"compilerOptions": {"target": "es5"}}`, "packages/a/tsconfig.json": `{}`},
			"packages/b/x.ts", TSConfig{Path: "tsconfig.json", Target: "es5"}},
		{"jsconfig", map[string]string{"jsconfig.json": `{"compilerOptions": {"baseUrl": "./src"}}`}, "a.js", TSConfig{Path: "jsconfig.json", BaseURL: "src"}},
		{"baseUrl is the folder itself", map[string]string{"tsconfig.json": `{"compilerOptions": {"baseUrl": "."}}`}, "a.ts", TSConfig{Path: "tsconfig.json", BaseURL: "."}},
		{"broken, then the one above", map[string]string{"tsconfig.json": `{"compilerOptions": {"target": "es5"}}`, "src/tsconfig.json": `{"compilerOptions": `},
			"src/a.ts", TSConfig{Path: "tsconfig.json", Target: "es5"}},

		{"extends", map[string]string{"config/base.json": `{"compilerOptions": {"target": "es6", "outDir": "out", "noImplicitOverride": true}}`, "tsconfig.json": `{"extends": "./config/base.json", "compilerOptions": {"target": "es5"}}`},
			"a.ts", TSConfig{Path: "tsconfig.json", Target: "es5", OutDir: "config/out", NoImplicitOverride: true}},
		{"extends without an extension", map[string]string{"base.json": `{"compilerOptions": {"target": "es6"}}`, "src/tsconfig.json": `{"extends": "../base"}`},
			"src/a.ts", TSConfig{Path: "src/tsconfig.json", Target: "es6"}},
		{"extends chain", map[string]string{
			"a.json": `{"compilerOptions": {"target": "es3", "outDir": "from-a", "useDefineForClassFields": true}}`,
			"b.json": `{"extends": "./a.json", "compilerOptions": {"rootDir": "from-b", "useDefineForClassFields": false}}`, "tsconfig.json": `{"extends": "./b.json", "compilerOptions": {"verbatimModuleSyntax": true, "exactOptionalPropertyTypes": true}}`},
			"x.ts", TSConfig{Path: "tsconfig.json", Target: "es3", OutDir: "from-a", RootDir: "from-b", DefineFields: &no, Verbatim: true, ExactOptional: true}},
		{"false over true", map[string]string{"a.json": `{"compilerOptions": {"noImplicitOverride": true, "verbatimModuleSyntax": true}}`, "tsconfig.json": `{"extends": "./a.json", "compilerOptions": {"noImplicitOverride": false}}`},
			"x.ts", TSConfig{Path: "tsconfig.json", Verbatim: true}},
		{"inherited paths belong to their file", map[string]string{"config/base.json": `{"compilerOptions": {"paths": {"@/*": ["../src/*"]}}}`, "tsconfig.json": `{"extends": "./config/base.json"}`},
			"x.ts", TSConfig{Path: "tsconfig.json", Paths: map[string][]string{"@/*": {"../src/*"}}, pathsBase: "config"}},
		{"the last of several wins", map[string]string{"a.json": `{"compilerOptions": {"target": "es3"}}`, "b.json": `{"compilerOptions": {"target": "es6"}}`, "tsconfig.json": `{"extends": ["./a.json", "./b.json"]}`},
			"x.ts", TSConfig{Path: "tsconfig.json", Target: "es6"}},
		{"extends a package", map[string]string{"node_modules/@tsconfig/node20/tsconfig.json": `{"compilerOptions": {"target": "es2022"}}`, "packages/a/tsconfig.json": `{"extends": "@tsconfig/node20/tsconfig.json"}`},
			"packages/a/x.ts", TSConfig{Path: "packages/a/tsconfig.json", Target: "es2022"}},
		{"extends a package by name", map[string]string{"node_modules/@tsconfig/node20/tsconfig.json": `{"compilerOptions": {"target": "es2022"}}`, "tsconfig.json": `{"extends": "@tsconfig/node20"}`},
			"x.ts", TSConfig{Path: "tsconfig.json", Target: "es2022"}},
		{"extends what is not there", map[string]string{"tsconfig.json": `{"extends": "./none.json", "compilerOptions": {"useDefineForClassFields": true}}`},
			"x.ts", TSConfig{Path: "tsconfig.json", DefineFields: &yes}},
		{"extends itself", map[string]string{"tsconfig.json": `{"extends": "./tsconfig.json", "compilerOptions": {"target": "es5"}}`},
			"x.ts", TSConfig{Path: "tsconfig.json", Target: "es5"}},
		{"circle", map[string]string{"a.json": `{"extends": "./tsconfig.json", "compilerOptions": {"outDir": "from-a"}}`, "tsconfig.json": `{"extends": "./a.json", "compilerOptions": {"target": "es5"}}`},
			"x.ts", TSConfig{Path: "tsconfig.json", Target: "es5", OutDir: "from-a"}},
		{"a solution", map[string]string{
			"tsconfig.json":      `{"files": [], "references": [{"path": "./tsconfig.app.json"}, {"path": "./tsconfig.spec.json"}]}`,
			"tsconfig.app.json":  `{"compilerOptions": {"target": "es6", "paths": {"@/*": ["src/*"]}}, "files": ["src/main.ts"]}`,
			"tsconfig.spec.json": `{"compilerOptions": {"target": "es3"}}`},
			"src/x.ts", TSConfig{Path: "tsconfig.json", Target: "es6", Paths: map[string][]string{"@/*": {"src/*"}}, pathsBase: "."}},
		{"a solution that its part extends", map[string]string{
			"tsconfig.json":     `{"files": [], "references": [{"path": "./tsconfig.app.json"}], "compilerOptions": {"target": "es6"}}`,
			"tsconfig.app.json": `{"extends": "./tsconfig.json", "compilerOptions": {"outDir": "out"}}`},
			"src/x.ts", TSConfig{Path: "tsconfig.json", Target: "es6", OutDir: "out"}},
		{"a solution of packages", map[string]string{
			"tsconfig.json":            `{"files": [], "references": [{"path": "./packages/a"}, {"path": "./packages/b/tsconfig.json"}], "compilerOptions": {"target": "es6"}}`,
			"packages/a/tsconfig.json": `{"compilerOptions": {"target": "es3"}}`, "packages/b/tsconfig.json": `{"compilerOptions": {"target": "es3"}}`},
			"x.ts", TSConfig{Path: "tsconfig.json", Target: "es6"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := tree(t, tt.files)
			for range 2 { // read, and remembered
				if got := p.TSConfigOf(tt.of); !reflect.DeepEqual(*got, tt.want) {
					t.Errorf("got  %+v\nwant %+v", *got, tt.want)
				}
			}
		})
	}
}

func TestPackageOf(t *testing.T) {
	p := tree(t, map[string]string{
		"package.json":            `{"name": "root", "workspaces": ["packages/*"], "dependencies": {"a": "1"}, "devDependencies": {"b": "2", "a": "0"}, "peerDependencies": {"c": "3"}, "scripts": {"test": "run it", "odd": 1}}`,
		"packages/x/package.json": `{"name": "@scope/x", "type": "module", "main": "dist/index.js", "exports": {".": "./dist/index.js"}, "types": "dist/index.d.ts"}`,
		"packages/y/package.json": `{"name": "y", "workspaces": {"packages": ["sub/*"]}}`,
		"packages/z/package.json": `{ broken`,
		"packages/x/src/a.ts":     "", "packages/z/src/a.ts": "",
	})
	for rel, want := range map[string]string{"a.ts": "root", "packages/x/src/deep/a.ts": "@scope/x", "packages/x/b.ts": "@scope/x", "packages/z/src/a.ts": "root", "other/a.ts": "root"} {
		if pkg := p.PackageOf(rel); pkg == nil || pkg.Name != want {
			t.Errorf("%s belongs to %+v, want %s", rel, pkg, want)
		}
	}
	root := p.PackageOf("a.ts")
	if want := map[string]string{"test": "run it"}; !reflect.DeepEqual(root.Scripts, want) {
		t.Errorf("scripts are %v, want %v", root.Scripts, want)
	}
	if want := map[string]string{"a": "1", "b": "2", "c": "3"}; !reflect.DeepEqual(root.Dependencies, want) {
		t.Errorf("dependencies are %v, want %v", root.Dependencies, want)
	}
	x := p.PackageOf("packages/x/src/a.ts")
	if x.Dir != "packages/x" || x.Type != "module" || x.Main != "dist/index.js" || x.Types != "dist/index.d.ts" {
		t.Errorf("the package is %+v", *x)
	}
	if y := p.PackageOf("packages/y/a.ts"); !reflect.DeepEqual(y.Workspaces, []string{"sub/*"}) {
		t.Errorf("the long form of workspaces is read as %q", y.Workspaces)
	}
	if pkg := tree(t, nil).PackageOf("src/a.ts"); pkg != nil {
		t.Errorf("without a package.json: %+v", *pkg)
	}
}
