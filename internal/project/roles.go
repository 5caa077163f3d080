package project

import (
	"bytes"
	"path"
	"slices"
	"strings"
	"sync"
)

// Role says what a file is for.
type Role int

// The roles. Leaks in anything but Source end with the process that runs it,
// so they are reported on request only.
const (
	Source Role = iota
	Test
	Script // build scripts, configuration files, benchmarks, examples, the entry points of commands
)

// testFolders are where the test runners look, and where people put what tests
// need.
var testFolders = map[string]bool{
	"test": true, "tests": true, "__tests__": true, "__mocks__": true, "spec": true, "specs": true, "e2e": true,
	"fixtures": true, "__fixtures__": true, "goldens": true, "golden": true, "__snapshots__": true, "cypress": true, "playwright": true,
	"testing": true, "perfTest": true, "perf-test": true, "loadtest": true, "load-test": true, "test-utils": true, "testutils": true, "test-helpers": true,
}

// testFolderEnds are how packages of tests are called: app-e2e, unit-tests.
var testFolderEnds = []string{"-e2e", "-tests", "_tests"}

// testEnds are how the runners want the names of tests to end.
var testEnds = []string{
	".test", ".tests", "-test", "_test", "-tests", "_tests", ".spec", ".specs", "-spec", "_spec", "Spec", ".e2e", ".cy", ".test-d",
	".stories", ".story", // run by the runner of the storybook
	"jest.setup", "jest-setup", "vitest.setup", "vitest-setup", "test-setup", "test.setup", "setup-jest", "setupJest", "setupTests", "setup-tests", "setup-vitest",
}

// scriptFolders hold scripts wherever they are.
var scriptFolders = map[string]bool{
	"scripts": true, "bin": true, "examples": true, "example": true, "samples": true,
	"bench": true, "benches": true, "benchmark": true, "benchmarks": true, "benchmarking": true, "internal-scripts": true, "build-scripts": true,
	".github": true, ".circleci": true, ".husky": true, ".storybook": true, ".vscode": true, ".vitepress": true,
}

// toolFolders hold scripts beside the sources; among the sources these are
// words like others.
var toolFolders = map[string]bool{
	"script": true, "tools": true, "tooling": true, "docs": true, "website": true, "gulp": true, "grunt": true, "webpack": true,
	"dev": true, "playground": true, "playgrounds": true, "sandbox": true,
	"stories": true, // of a storybook
}

var sourceFolders = map[string]bool{"src": true, "source": true, "lib": true, "app": true}

// configFiles are programs that tools run for their settings, by the name up to
// its first dot, in small letters.
var configFiles = map[string]bool{
	"gulpfile": true, "gruntfile": true, "jakefile": true, "cakefile": true, "rakefile": true, "dangerfile": true,
	"webpackfile": true, "rollupfile": true,
}

// RoleOf tells the role of a file from its path relative to the root. Project's
// own RoleOf knows more.
func RoleOf(rel string) Role {
	if inFolder(rel, func(part string) bool {
		return testFolders[part] || endsIn(part, testFolderEnds) || strings.Contains("-"+part+"-", "-smoke-test")
	}) {
		return Test
	}
	name := path.Base(rel)
	stem := strings.TrimSuffix(name, path.Ext(name))
	if endsIn(stem, testEnds) {
		return Test
	}
	sources := false
	for part := range strings.SplitSeq(path.Dir(rel), "/") {
		if scriptFolders[part] || toolFolders[part] && !sources {
			return Script
		}
		sources = sources || sourceFolders[part]
	}
	if isConfig(stem) || strings.HasSuffix(stem, ".bench") || strings.HasSuffix(stem, ".benchmark") {
		return Script
	}
	return Source
}

// inFolder reports whether one of the folders in a path is such a one.
func inFolder(rel string, is func(part string) bool) bool {
	for part := range strings.SplitSeq(path.Dir(rel), "/") {
		if is(part) {
			return true
		}
	}
	return false
}

// isConfig: vite.config, webpack.config.prod, karma.conf, vitest.workspace,
// gulpfile.babel, and every name with a dot in front, as .eslintrc.
func isConfig(stem string) bool {
	name, rest, more := strings.Cut(stem, ".")
	if name == "" || configFiles[strings.ToLower(name)] {
		return true
	}
	for w := range strings.SplitSeq(rest, ".") {
		if w == "config" || w == "conf" {
			return true
		}
	}
	switch name {
	case "webpack", "rollup": // webpack.prod, webpack.common
		return more
	case "vitest":
		return rest == "workspace"
	}
	return false
}

func endsIn(s string, ends []string) bool {
	for _, e := range ends {
		if rest, ok := strings.CutSuffix(s, e); ok && (rest != "" || e[0] != '.' && e[0] != '-' && e[0] != '_' && e != "Spec") {
			return true
		}
	}
	return false
}

// RoleOf tells the role of a file from its path, from what the package around it
// says of it, and, if its text is given, from a first line that names the
// program to run it. What a package offers as its main file or among its
// exports is no script, whatever it is called, unless the package as a whole is an
// example or the like, or the file is a command, too, and exports nothing.
func (p *Project) RoleOf(rel string, src []byte) Role {
	role := RoleOf(rel)
	if role == Test {
		return role
	}
	if isRunByRunner(rel, src) || p.isStory(rel) {
		return Test
	}
	e := p.entriesAround(rel)
	isCommand := e != nil && e.commands.lead(rel)
	if role == Source && !isCommand && !bytes.HasPrefix(bytes.TrimPrefix(src, bom), []byte("#!")) {
		return Source
	}
	if e != nil && !e.script && e.offered.lead(rel) && !(isCommand && givesNothing(src)) {
		return Source
	}
	return Script
}

// isStory reports whether a file is in a folder of stories that a package with a storybook has
// among its sources. Elsewhere that is a word like others.
func (p *Project) isStory(rel string) bool {
	if !inFolder(rel, func(part string) bool { return part == "stories" }) {
		return false
	}
	for _, at := range []string{rel, "package.json"} {
		pkg := p.PackageOf(at)
		if pkg == nil {
			continue
		}
		for name := range pkg.Dependencies {
			if strings.HasPrefix(name, "@storybook/") || name == "storybook" {
				return true
			}
		}
	}
	return false
}

// givesNothing reports whether a text exports nothing.
func givesNothing(src []byte) bool {
	return len(src) > 0 && !bytes.Contains(src, []byte("exports")) && !bytes.Contains(src, []byte("export "))
}

// isRunByRunner reports whether a file that is called test.js or spec.js beside what it
// tests describes tests. The name alone says little: it may be a word of the domain.
func isRunByRunner(rel string, src []byte) bool {
	name := path.Base(rel)
	switch strings.TrimSuffix(name, path.Ext(name)) {
	case "test", "tests", "spec", "specs":
		return bytes.Contains(src, []byte("describe(")) || bytes.Contains(src, []byte("\ttest(")) || bytes.Contains(src, []byte("\ntest("))
	}
	return false
}

// entries are the files that a package names.
type entries struct {
	offered  targets // main, module, exports
	commands targets // bin
	script   bool    // the package is an example, a benchmark or the like
}

// targets are names that a package gives files, by what such a file is called (see calledAs).
// Where they lead is only looked for when somebody asks for a file that is called so: there may
// be thousands, and each may have one of dozens of names.
type targets map[string][]func() []string

// lead reports whether one of them leads to a file. rel is relative to the root.
func (t targets) lead(rel string) bool {
	if len(t) == 0 {
		return false
	}
	name, dir := calledAs(rel), path.Dir(rel)
	leads := func(files func() []string) bool { return slices.Contains(files(), rel) }
	return slices.ContainsFunc(t[name], leads) || name == "index" && slices.ContainsFunc(t[calledAs(dir)], leads)
}

// calledAs is the last name in a path, up to its first dot: what a file and those that it may be
// made from have in common.
func calledAs(rel string) string {
	name, _, _ := strings.Cut(path.Base(rel), ".")
	return name
}

// entriesAround is of the nearest package that has a name: others only say how
// files are to be read.
func (p *Project) entriesAround(rel string) *entries {
	return p.entriesFrom(path.Dir(rel))
}

func (p *Project) entriesFrom(dir string) *entries {
	if e, ok := p.around.Get(dir); ok {
		return e
	}
	var e *entries
	if pkg := p.packageIn(dir); pkg != nil && pkg.Name != "" {
		e = pkg.entries()
	} else if dir != "." && dir != "/" {
		e = p.entriesFrom(path.Dir(dir))
	}
	p.around.Add(dir, e)
	return e
}

func (p *Project) entriesOf(pkg *Package) *entries {
	e := &entries{
		offered:  p.targetsOf(pkg, append(leaves(pkg.Exports), pkg.Main, pkg.Module, pkg.Source)),
		commands: p.targetsOf(pkg, leaves(pkg.Bin)),
	}
	e.script = inFolder(pkg.Dir+"/", func(part string) bool { return scriptFolders[part] })
	return e
}

func (p *Project) targetsOf(pkg *Package, named []string) targets {
	t := targets{}
	dir, configs := pkg.Dir, pkg.configs // the rest of a package need not be kept for them
	for _, target := range named {
		if target != "" && !strings.Contains(target, "*") {
			name := calledAs(path.Join(dir, target))
			t[name] = append(t[name], sync.OnceValue(func() []string { return p.sourcesFor(dir, configs, target) }))
		}
	}
	return t
}

// sourcesFor lists the files that the package in a folder means by a name: the file itself,
// and the source that it is made from, which may be somewhere else.
func (p *Project) sourcesFor(dir string, configs func() []string, target string) []string {
	file := path.Join(dir, target)
	var out []string
	add := func(f string) {
		if f != "" {
			out = append(out, f)
		}
	}
	add(p.sourceAt(file))
	for _, c := range configs() {
		add(p.sourceOfOutput(p.tsconfig(c), dir, file))
	}
	if len(out) == 0 {
		// Nothing says where it comes from: dist/cli.js is made from src/cli.ts,
		// or from cli.ts.
		inside := strings.TrimPrefix(path.Clean(target), "/")
		if _, rest, ok := strings.Cut(inside, "/"); ok {
			add(p.sourceAt(path.Join(dir, "src", rest)))
			add(p.sourceAt(path.Join(dir, rest)))
		}
	}
	return out
}
