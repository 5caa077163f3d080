package leaktest

import (
	"path"
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/project"
)

// The runners that tests are written for.
const (
	vitest   = "vitest"
	jest     = "jest"
	mocha    = "mocha"
	nodeTest = "node:test"
)

// runner is what a package runs its tests by.
type runner struct {
	name    string
	globals bool // jest: its functions are there without an import
	pkg     *project.Package
}

// runnerOf asks the package around a file, then those around that one: the
// script that is called test, the other scripts for tests, the dependencies. The
// first that names one runner decides.
func (w *writer) runnerOf(rel string) (runner, *Refusal) {
	nearest := w.p.PackageOf(rel)
	for pkg := nearest; pkg != nil; pkg = w.above(pkg) {
		for _, names := range [][]string{inScripts(pkg, func(s string) bool { return s == "test" }), inScripts(pkg, isTestScript), inDependencies(pkg)} {
			switch len(names) {
			case 0:
				continue
			case 1:
				return runner{name: names[0], globals: w.hasGlobals(nearest), pkg: nearest}, nil
			}
			return runner{}, refuse(NoRunner, "%s names several runners: %s", path.Join(pkg.Dir, "package.json"), strings.Join(names, ", "))
		}
	}
	return runner{}, refuse(NoRunner, "no package.json around it names vitest, jest, mocha or node --test")
}

// above is the package around a package, or nil.
func (w *writer) above(pkg *project.Package) *project.Package {
	if pkg.Dir == "." {
		return nil
	}
	return w.p.PackageOf(pkg.Dir)
}

func isTestScript(name string) bool {
	return strings.HasPrefix(name, "test") || strings.HasSuffix(name, ":test")
}

// inScripts lists the runners that the chosen scripts call.
func inScripts(pkg *project.Package, chosen func(string) bool) []string {
	var out []string
	for name, line := range pkg.Scripts {
		if !chosen(name) {
			continue
		}
		for _, r := range called(line) {
			if !slices.Contains(out, r) {
				out = append(out, r)
			}
		}
	}
	slices.Sort(out)
	return out
}

// called lists the runners that a command line calls.
func called(line string) []string {
	var out []string
	for _, command := range strings.FieldsFunc(line, func(r rune) bool { return strings.ContainsRune("&|;()", r) }) {
		words := strings.Fields(command)
		for i, word := range words {
			switch base := strings.TrimSuffix(path.Base(word), ".js"); base {
			case vitest, jest, mocha:
				out = append(out, base)
			case "ts-mocha", "_mocha":
				out = append(out, mocha)
			case "node", "tsx":
				if slices.Contains(words[i:], "--test") {
					out = append(out, nodeTest)
				}
			default:
				continue
			}
			break // what follows are its arguments
		}
	}
	return out
}

func inDependencies(pkg *project.Package) []string {
	var out []string
	for _, name := range []string{vitest, jest, mocha} {
		if _, ok := pkg.Dependencies[name]; ok {
			out = append(out, name)
		}
	}
	return out
}

// hasGlobals: jest's functions are imported where the package that exports them
// is depended upon, and else are global.
func (w *writer) hasGlobals(pkg *project.Package) bool {
	for ; pkg != nil; pkg = w.above(pkg) {
		if _, ok := pkg.Dependencies["@jest/globals"]; ok {
			return false
		}
	}
	return true
}
