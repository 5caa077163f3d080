package leaktest

import (
	"bytes"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/unleak-dev/unleak/internal/project"
	"github.com/unleak-dev/unleak/internal/syntax"
)

// spot is where a test goes.
type spot struct {
	dir       string
	stem, ext string // stem without what marks a test
	mark      string // ".test", "-spec", ..; "" where the folder says it
	specifier string // how the test names the file of the class
}

// marks are how names of files say that they hold tests.
var marks = []string{".test", ".spec", "-test", "_test", "-spec", "_spec"}

// custom is one way in which a project lays its tests out.
type custom struct {
	root string // the folder of tests, relative to the package; "" for none
	own  bool   // a __tests__ folder beside the source
	mark string
}

// place chooses folder and name as the package's own tests have them, else as the
// project's, else as the runner finds them without being told.
func (w *writer) place(source *syntax.File, run runner, from string) (spot, *Refusal) {
	known := w.existing()
	var near []existing
	for _, t := range known {
		if w.p.PackageOf(t.path) == run.pkg {
			near = append(near, t)
		}
	}
	if len(near) == 0 {
		near = known
	}
	if no := speaks(source, run, near); no != nil {
		return spot{}, no
	}
	c := w.customOf(near, run)
	at := spot{dir: c.dir(run.pkg, source.Path, near), stem: stemOf(source.Path), mark: c.mark}
	if from != "" { // what was copied is right beside where it was copied from
		at.dir = path.Dir(from)
	}
	at.ext = map[string]string{".tsx": ".ts", ".jsx": ".js"}[path.Ext(source.Path)]
	if at.ext == "" {
		at.ext = path.Ext(source.Path)
	}
	if at.ext == ".cjs" && run.name == vitest {
		at.ext = ".mjs" // vitest cannot be required
	}
	at.specifier = specifier(at.dir, source, w.extension(source, near, run))
	return at, nil
}

// speaks refuses TypeScript for a runner that nothing shows to understand it.
func speaks(source *syntax.File, run runner, tests []existing) *Refusal {
	if !source.TypeScript() || run.name == vitest {
		return nil
	}
	for _, t := range tests {
		if strings.HasPrefix(path.Ext(t.path), ".ts") || strings.HasPrefix(path.Ext(t.path), ".mts") || strings.HasPrefix(path.Ext(t.path), ".cts") {
			return nil
		}
	}
	return refuse(NoTypeScript, "no test of the project is in TypeScript: what %s would run is not this file", run.name)
}

// customOf is what most tests do.
func (w *writer) customOf(tests []existing, run runner) custom {
	votes := map[custom]int{}
	best := custom{mark: ".test"}
	if run.name == mocha || run.name == nodeTest {
		best.root = "test"
	}
	for _, t := range tests {
		pkg := w.p.PackageOf(t.path)
		if pkg == nil {
			continue
		}
		c := customOfTest(pkg, t.path)
		votes[c]++
		if votes[c] > votes[best] {
			best = c
		}
	}
	return best
}

func customOfTest(pkg *project.Package, rel string) custom {
	var c custom
	for _, m := range marks {
		if strings.HasSuffix(stemOf(rel), m) {
			c.mark = m
		}
	}
	parts := strings.Split(within(pkg, path.Dir(rel)), "/")
	i := slices.IndexFunc(parts, func(p string) bool { return project.RoleOf(p+"/x.js") == project.Test })
	switch {
	case i > 0 && parts[i] == "__tests__":
		c.own = true
	case i >= 0:
		c.root = path.Join(parts[:i+1]...)
	}
	return c
}

// within is a folder relative to that of a package.
func within(pkg *project.Package, dir string) string {
	if pkg == nil || pkg.Dir == "." {
		return dir
	}
	return strings.TrimPrefix(strings.TrimPrefix(dir, pkg.Dir), "/")
}

// dir is the folder for the test of a source. Below a folder of tests it is the
// one that mirrors the source's, if that is there.
func (c custom) dir(pkg *project.Package, source string, tests []existing) string {
	beside := path.Dir(source)
	switch {
	case c.own:
		return path.Join(beside, "__tests__")
	case c.root == "":
		return beside
	}
	root := c.root
	if pkg != nil {
		root = path.Join(pkg.Dir, c.root)
	}
	sub := within(pkg, beside)
	for _, inner := range []string{sub, strings.TrimPrefix(strings.TrimPrefix(sub, "src"), "/"), strings.TrimPrefix(strings.TrimPrefix(sub, "lib"), "/")} {
		dir := path.Join(root, inner)
		if dir != root && slices.ContainsFunc(tests, func(t existing) bool { return path.Dir(t.path) == dir }) {
			return dir
		}
	}
	return root
}

// extension is how imports name a file of the source's language: with ".js" or
// the like, or "" without. The tests say so, else the source, else the language.
func (w *writer) extension(source *syntax.File, tests []existing, run runner) string {
	ext := path.Ext(source.Path)
	switch ext {
	case ".mts":
		return ".mjs"
	case ".cts":
		return ".cjs"
	case ".mjs", ".cjs":
		return ext
	}
	with := map[string]int{}
	for i, t := range tests {
		if i == 20 {
			break // enough to know
		}
		if f, err := w.p.Load(w.ctx, t.path); err == nil && f.TypeScript() == source.TypeScript() {
			project.CountExtensions(f, with)
		}
	}
	if len(with) == 0 {
		project.CountExtensions(source, with)
	}
	if len(with) == 0 {
		module := run.pkg != nil && run.pkg.Type == "module"
		switch {
		case source.TypeScript() && module && run.name != jest:
			return ".js"
		case source.TypeScript():
			return ""
		}
		return ext
	}
	best := ""
	for _, e := range []string{".js", ".jsx", ".ts", ".tsx"} {
		if with[e] > with[best] {
			best = e
		}
	}
	if best == ".ts" || best == ".tsx" {
		return ext
	}
	return best
}

// specifier names a source from a folder.
func specifier(dir string, source *syntax.File, ext string) string {
	return project.Specifier(dir, strings.TrimSuffix(source.Path, path.Ext(source.Path))+ext)
}

// freeName finds a name that nothing has. A file that holds the very same test
// is no reason for a second one.
func (w *writer) freeName(at spot, content []byte) (string, *Refusal) {
	sep := "."
	if at.mark != "" {
		sep = at.mark[:1]
	}
	for i := range 9 {
		stem := at.stem + sep + "leaks"
		if i > 0 {
			stem += sep + strconv.Itoa(i+1)
		}
		rel := path.Join(at.dir, stem+at.mark+at.ext)
		if w.planned[rel] {
			continue
		}
		old, err := os.ReadFile(w.p.Abs(rel))
		if err == nil && bytes.Equal(old, content) {
			return "", refuse(NameTaken, "%s is there already", rel)
		}
		if _, err := os.Lstat(w.p.Abs(rel)); os.IsNotExist(err) {
			return rel, nil
		}
	}
	return "", refuse(NameTaken, "%s and eight more like it are there already", path.Join(at.dir, at.stem+sep+"leaks"+at.mark+at.ext))
}
