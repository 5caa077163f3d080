package project

import (
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
)

func TestRoleOfPath(t *testing.T) {
	tests := map[Role][]string{
		Source: {
			"src/a.ts", "index.js", "src/testing.ts", "src/latest.ts", "src/contest/a.ts", "src/arc.ts", "src/config.ts", "src/conf/a.ts",
			"src/tools/a.ts", "packages/x/lib/script/a.ts", "src/docs/a.ts", "src/spec.ts", "src/test.ts", "src/configure.ts", "src/webpack/a.ts",
			"src/setup.ts", "src/config/db.ts", "src/inspect.ts", "src/e2e.ts", "src/story.ts", "src/gulp-file.ts", "packages/tests-of-time/a.ts",
		},
		Test: {
			"test/a.ts", "tests/a.ts", "src/__tests__/a.ts", "src/__mocks__/a.ts", "src/a.test.ts", "src/a.spec.tsx", "a_test.js", "a-test.mjs", "src/a_spec.js",
			"src/FooSpec.js", "test/app.e2e-spec.ts", "src/a.cy.ts", "src/a.test-d.ts", "packages/x/e2e/a.ts", "apps/shop-e2e/src/a.ts", "integration-tests/a.ts",
			"a.stories.tsx", "jest.setup.ts", "src/setupTests.ts", "vitest.setup.mts", "scripts/a.test.ts", "cypress/support/a.ts", "src/test-utils/a.ts",
		},
		Script: {
			"scripts/a.ts", "src/scripts/a.ts", "vite.config.ts", "webpack.config.prod.js", "webpack.common.js", "karma.conf.js", "vitest.workspace.ts",
			"gulpfile.js", "gulpfile.babel.js", "Gruntfile.js", "Gulpfile.ts", "dangerfile.ts", ".eslintrc.js", ".pnpmfile.cjs", "examples/x/a.ts",
			"bench/a.js", "packages/x/benchmarks/a.ts", "src/a.bench.ts", "bin/a.js", "src/bin/a.ts", "tools/a.ts", "packages/x/tools/a.ts", "docs/a.js",
			".storybook/main.ts", ".github/a.ts", "samples/a.ts",
		},
	}
	for want, files := range tests {
		for _, rel := range files {
			if got := RoleOf(rel); got != want {
				t.Errorf("%s has the role %d, want %d", rel, got, want)
			}
		}
	}
}

func TestRoleOfPackage(t *testing.T) {
	p := tree(t, map[string]string{
		"package.json": `{"name": "a", "main": "bin/index.js", "exports": {".": {"import": "./scripts/main.mjs"}, "./x": "./tools/x.js", "./y/*": "./bench/*.js"},
			"bin": {"a": "./cli.js", "b": "dist/b.js", "c": "lib/c.js", "both": "src/both.js"}, "module": "src/both.js"}`,
		"tsconfig.json": `{"compilerOptions": {"outDir": "lib", "rootDir": "source"}}`,
		"bin/index.js":  "", "bin/other.js": "", "scripts/main.mjs": "", "scripts/other.mjs": "", "tools/x.ts": "", "bench/y.js": "",
		"cli.js": "", "src/b.ts": "", "source/c.ts": "", "src/both.js": "", "src/plain.ts": "", "test/index.js": "",
		"src/package.json":         `{"type": "module"}`,
		"examples/ex/package.json": `{"name": "ex", "main": "index.js"}`, "examples/ex/index.js": "",
		"packages/tool/package.json": `{"name": "tool", "bin": "./run", "main": "test/main.js"}`, "packages/tool/run.js": "", "packages/tool/test/main.js": "", "packages/tool/cli.js": "",
		"scripts/run/package.json": `{"name": "run"}`, "scripts/run/index.js": "",
		"packages/x.y/package.json": `{"name": "xy", "main": ".", "bin": "./bin"}`, "packages/x.y/index.js": "", "packages/x.y/bin/index.mts": "", "packages/x.y/bin/other.mts": "",
		"packages/kit/package.json": `{"name": "kit", "exports": "./tools/all.v1"}`, "packages/kit/tools/all.v1/index.ts": "", "packages/kit/tools/index.ts": "",
	})
	tests := map[string]Role{
		"bin/index.js": Source, "bin/other.js": Script, "scripts/main.mjs": Source, "scripts/other.mjs": Script, "tools/x.ts": Source, "bench/y.js": Script,
		"cli.js": Script, "src/b.ts": Script, "source/c.ts": Script, "src/both.js": Source, "src/plain.ts": Source, "test/index.js": Test,
		"examples/ex/index.js": Script, "packages/tool/run.js": Script, "packages/tool/test/main.js": Test, "packages/tool/cli.js": Source,
		"scripts/run/index.js": Script, "packages/x.y/index.js": Source, "packages/x.y/bin/index.mts": Script, "packages/x.y/bin/other.mts": Script,
		"packages/kit/tools/all.v1/index.ts": Source, "packages/kit/tools/index.ts": Script,
	}
	for rel, want := range tests {
		if got := p.RoleOf(rel, nil); got != want {
			t.Errorf("%s has the role %d, want %d", rel, got, want)
		}
	}
}

// TestRoleOfManyExports: the system is not asked for each of the files that each of them may be
// made from.
func TestRoleOfManyExports(t *testing.T) {
	var exports strings.Builder
	for i := range 500 {
		fmt.Fprintf(&exports, `, "./f%d": {"types": "./f%[1]d.d.ts", "import": "./f%[1]d.js"}`, i)
	}
	disk := &counted{FS: fstest.MapFS{
		"package.json":  {Data: []byte(`{"name": "many", "exports": {".": "./index.js"` + exports.String() + `}}`)},
		"src/index.ts":  {},
		"src/f7.ts":     {},
		"scripts/f9.ts": {},
	}}
	p := OpenTree(disk)
	for rel, want := range map[string]Role{"src/index.ts": Source, "src/f7.ts": Source, "scripts/f9.ts": Script, "scripts/f900.ts": Script} {
		if got := p.RoleOf(rel, nil); got != want {
			t.Errorf("%s has the role %d, want %d", rel, got, want)
		}
	}
	if n := len(disk.names); n == 0 || n > 200 {
		t.Errorf("%d files were asked for", n)
	}
}

// counted remembers what is opened.
type counted struct {
	fs.FS
	names []string
}

func (c *counted) Open(name string) (fs.File, error) {
	c.names = append(c.names, name)
	return c.FS.Open(name)
}

func TestRoleOfStories(t *testing.T) {
	p := tree(t, map[string]string{
		"package.json":      `{"name": "all", "private": true}`,
		"ui/package.json":   `{"name": "ui", "devDependencies": {"@storybook/react": "^6.0.0"}}`,
		"feed/package.json": `{"name": "feed", "dependencies": {"react": "^16.0.0"}}`,
	})
	for rel, want := range map[string]Role{
		"ui/src/drop/stories/lazy.js": Test, "ui/src/drop/lazy.js": Source, "ui/src/stories.js": Source, "feed/src/stories/list.js": Source,
	} {
		if got := p.RoleOf(rel, nil); got != want {
			t.Errorf("%s has the role %d, want %d", rel, got, want)
		}
	}
}

func TestRoleOfText(t *testing.T) {
	p := tree(t, map[string]string{"package.json": `{"name": "a", "main": "index.js"}`, "index.js": "", "a.js": ""})
	tests := []struct {
		rel, src string
		want     Role
	}{
		{"a.js", "#!/usr/bin/env node\n", Script},
		{"a.js", "\ufeff#!/usr/bin/env node\n", Script},
		{"a.js", "// #!/usr/bin/env node\n", Source},
		{"index.js", "#!/usr/bin/env node\n", Source}, // the package offers it
		{"a.test.js", "#!/usr/bin/env node\n", Test},
	}
	for _, tt := range tests {
		if got := p.RoleOf(tt.rel, []byte(tt.src)); got != tt.want {
			t.Errorf("%s with %q has the role %d, want %d", tt.rel, tt.src, got, tt.want)
		}
	}
}

func TestRoleOfACommandThatIsTheMainFile(t *testing.T) {
	p := tree(t, map[string]string{"package.json": `{"name": "a", "main": "a.js", "bin": {"a": "a.js"}}`, "a.js": ""})
	for src, want := range map[string]Role{
		"run(process.argv);\n":                        Script,
		"module.exports = run;\nrun(process.argv);\n": Source,
		"export function run() {}\n":                  Source,
	} {
		if got := p.RoleOf("a.js", []byte(src)); got != want {
			t.Errorf("a.js with %q has the role %d, want %d", src, got, want)
		}
	}
}

func TestRoleOfFilesThatARunnerRuns(t *testing.T) {
	p := tree(t, map[string]string{"package.json": `{ "name": "x" }`})
	for src, want := range map[string]Role{
		"describe('drivers', () => {});\n":           Test,
		"const a = 1;\ntest('one', () => {});\n":     Test,
		"export const test = (url) => fetch(url);\n": Source,
	} {
		if got := p.RoleOf("drivers/pg/test.js", []byte(src)); got != want {
			t.Errorf("%q is %v, want %v", src, got, want)
		}
	}
}
