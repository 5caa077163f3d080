package monitor

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/project"
	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
	"github.com/unleak-dev/unleak/transforms"
)

// Plan is what a project becomes with a monitor.
type Plan struct {
	Changes []patch.Change // the modules, then the files that tell them, each in order of path
	Wired   []Wired
	Unwired []Unwired
	Modules []string // those that are told, new or not
	Servers []Server
}

// Wired is a class that tells the monitor.
type Wired struct {
	Path, Module string
	transforms.Wired
}

// Unwired is something that the monitor is not told of.
type Unwired struct {
	Path string
	transforms.Unwired
}

// Server is a package that serves http, and so could serve what the monitor knows.
type Server struct {
	Path string // of a file that makes a server, or of package.json
	With string // "node:http", "express", "fastify"
}

// wiredFile is a file in which a class has something to tell.
type wiredFile struct {
	file    *syntax.File
	classes int
	lang    Language
	ext     string // of the module that it can import
	module  bool   // its package is one of ES modules
}

// module is one monitor to be, and who tells it.
type module struct {
	path  string
	lang  Language
	there bool
	files []*wiredFile
}

// Add plans a monitor for files of a project, given by their texts: a module for each
// package that holds something, and the calls that tell it. What is planned has been
// read back, with all files that depend on what it changes: the same is owed as before.
// The error is that of a cancelled ctx, or says what was wrong with that proof.
func Add(ctx context.Context, p *project.Project, d *transforms.Detector, texts map[string][]byte) (*Plan, error) {
	p.RememberAsked()
	plan := &Plan{}
	var files []*wiredFile
	dirs := map[string]bool{}
	for _, rel := range slices.Sorted(maps.Keys(texts)) {
		dirs[path.Dir(rel)] = true
		if !d.IsCandidate(texts[rel]) || syntax.IsComponent(rel) {
			continue // of a component, who mounts it can tell more
		}
		f, err := syntax.Parse(ctx, rel, texts[rel])
		if err != nil {
			return nil, err
		}
		if isModule(rel) {
			continue
		}
		lang, ok := languageOf(p, f)
		w := d.Wire(ctx, f, transforms.MonitorImport{Specifier: "./" + transforms.MonitorModule, CommonJS: lang.CommonJS})
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if len(w.Wired) == 0 {
			plan.unwired(rel, w.Unwired...)
			continue
		}
		if !ok {
			plan.unwired(rel, transforms.Unwired{Class: w.Wired[0].Class, Line: w.Wired[0].Line, Text: "its file is no module: nothing is imported or exported"})
			continue
		}
		pkg := p.PackageOf(rel)
		files = append(files, &wiredFile{f, len(w.Wired), lang, moduleExt(rel), pkg != nil && pkg.Type == "module"})
	}
	contents := map[string][]byte{}
	for _, m := range plan.modules(p, files, dirs) {
		plan.write(ctx, d, m, contents)
	}
	plan.sort()
	if err := plan.prove(ctx, p, d, texts, contents); err != nil {
		return nil, err
	}
	plan.servers(ctx, p, d, texts)
	return plan, nil
}

func (plan *Plan) unwired(rel string, list ...transforms.Unwired) {
	for _, u := range list {
		plan.Unwired = append(plan.Unwired, Unwired{rel, u})
	}
}

// isModule reports whether a path is that of a monitor.
func isModule(rel string) bool {
	return strings.TrimSuffix(path.Base(rel), path.Ext(rel)) == transforms.MonitorModule
}

// languageOf is what a module that a file can import is written in; not ok for a file
// that is no module, and must not become one.
func languageOf(p *project.Project, f *syntax.File) (l Language, ok bool) {
	esm, cjs := false, len(f.Imports().Modules) > 0
	for c := range f.Root().Children() {
		esm = esm || c.Is("import_statement", "export_statement")
	}
	for d := range f.Root().Descendants() {
		cjs = cjs || d.Is("identifier") && (d.Text() == "module" || d.Text() == "exports") && d.Symbol() == nil
	}
	pkg := p.PackageOf(f.Path)
	esm = esm || pkg != nil && pkg.Type == "module"
	switch path.Ext(f.Path) {
	case ".mts", ".cts":
		return Language{TypeScript: true}, true
	case ".ts", ".tsx":
		return Language{TypeScript: true}, esm || cjs
	case ".cjs":
		return Language{CommonJS: true}, true
	case ".mjs":
		return Language{}, true
	}
	return Language{CommonJS: !esm}, esm || cjs
}

func moduleExt(rel string) string {
	switch ext := path.Ext(rel); ext {
	case ".tsx":
		return ".ts"
	case ".jsx":
		return ".js"
	default:
		return ext
	}
}

// modules decides which monitors there are, and where. A package has one for each
// language that it is written in, but .ts and .js, or the two sorts of .js, do not go
// together: the fewer have to do without.
func (plan *Plan) modules(p *project.Project, files []*wiredFile, dirs map[string]bool) []*module {
	groups := map[string]map[string][]*wiredFile{} // by package, then by what the module is
	for _, f := range files {
		at := packageDir(p, f.file.Path)
		if groups[at] == nil {
			groups[at] = map[string][]*wiredFile{}
		}
		key := f.ext
		if f.lang.CommonJS {
			key += " cjs"
		}
		groups[at][key] = append(groups[at][key], f)
	}
	var out []*module
	for _, at := range slices.Sorted(maps.Keys(groups)) {
		group := groups[at]
		rivals := []string{".ts", ".js", ".js cjs"}
		slices.SortStableFunc(rivals, func(a, b string) int { return classesIn(group[b]) - classesIn(group[a]) })
		for _, lost := range rivals[1:] {
			for _, f := range group[lost] {
				plan.unwired(f.file.Path, transforms.Unwired{Class: "its classes", Line: 1, Text: "most of the package is in another language, and so is its monitor"})
			}
			delete(group, lost)
		}
		for _, key := range slices.Sorted(maps.Keys(group)) {
			if len(group[key]) == 0 {
				continue
			}
			m, why := placed(p, at, group[key], dirs)
			if why != "" {
				for _, f := range group[key] {
					plan.unwired(f.file.Path, transforms.Unwired{Class: "its classes", Line: 1, Text: why})
				}
				continue
			}
			out = append(out, m)
		}
	}
	return out
}

func classesIn(files []*wiredFile) int {
	n := 0
	for _, f := range files {
		n += f.classes
	}
	return n
}

func packageDir(p *project.Project, rel string) string {
	if pkg := p.PackageOf(rel); pkg != nil {
		return pkg.Dir
	}
	return "."
}

// placed finds the monitor that is there for some files, or a place for one: the
// folder of sources around them all, else the folder that they share.
func placed(p *project.Project, at string, files []*wiredFile, dirs map[string]bool) (*module, string) {
	m := &module{lang: files[0].lang, files: files}
	name := transforms.MonitorModule + files[0].ext
	var known []string
	for dir := range dirs {
		for ; packageDir(p, path.Join(dir, "x")) == at && !slices.Contains(known, dir); dir = path.Dir(dir) {
			known = append(known, dir)
			if dir == "." {
				break
			}
		}
	}
	slices.Sort(known)
	for _, dir := range known {
		text, err := os.ReadFile(p.Abs(path.Join(dir, name)))
		if ours, _ := Ours(text); err == nil && ours {
			m.path, m.there = path.Join(dir, name), true
			return m, ""
		}
	}
	dir := path.Dir(files[0].file.Path)
	for _, f := range files[1:] {
		for dir != "." && !strings.HasPrefix(f.file.Path, dir+"/") {
			dir = path.Dir(dir)
		}
	}
	for up := dir; up != at && up != "."; up = path.Dir(up) {
		if slices.Contains([]string{"src", "lib", "app", "source"}, path.Base(up)) {
			dir = up
		}
	}
	m.path = path.Join(dir, name)
	if _, err := os.Lstat(p.Abs(m.path)); err == nil {
		return nil, m.path + " is there, and is not unleak's: nothing is told to it"
	}
	return m, ""
}

// write wires the files of one module.
func (plan *Plan) write(ctx context.Context, d *transforms.Detector, m *module, contents map[string][]byte) {
	wrote := false
	for _, f := range m.files {
		im := transforms.MonitorImport{Specifier: project.Specifier(path.Dir(f.file.Path), strings.TrimSuffix(m.path, path.Ext(m.path))+extension(f, m)), CommonJS: f.lang.CommonJS}
		w := d.Wire(ctx, f.file, im)
		plan.unwired(f.file.Path, w.Unwired...)
		for _, c := range w.Wired {
			plan.Wired = append(plan.Wired, Wired{f.file.Path, m.path, c})
		}
		wrote = wrote || len(w.Wired) > 0
		if w.Text != nil && !bytes.Equal(w.Text, f.file.Src()) {
			contents[f.file.Path] = w.Text
			plan.Changes = append(plan.Changes, patch.Change{Path: f.file.Path, Old: f.file.Src(), New: w.Text})
		}
	}
	if !wrote {
		return
	}
	plan.Modules = append(plan.Modules, m.path)
	if !m.there {
		text := Module(m.lang, commonManner(m.files))
		contents[m.path] = text
		plan.Changes = append(plan.Changes, patch.Change{Path: m.path, New: text})
	}
}

// commonManner is how most of some files are written.
func commonManner(files []*wiredFile) transforms.Manner {
	votes := map[transforms.Manner]int{}
	var best transforms.Manner
	for _, f := range files {
		m := transforms.MannerOf(f.file)
		votes[m]++
		if votes[m] > votes[best] {
			best = m
		}
	}
	return best
}

// extension is how a file names its monitor: as it names other files, else as the
// others of the package do, else as its language demands.
func extension(f *wiredFile, m *module) string {
	switch path.Ext(m.path) {
	case ".mts", ".mjs":
		return ".mjs"
	case ".cts", ".cjs":
		return ".cjs"
	}
	with := map[string]int{}
	project.CountExtensions(f.file, with)
	for _, other := range m.files {
		if len(with) == 0 {
			project.CountExtensions(other.file, with)
		}
	}
	best := ""
	for _, e := range []string{".js", ".ts"} {
		if n := with[e] + with[e+"x"]; n > with[best] {
			best = e
		}
	}
	switch {
	case best == ".ts" && !m.lang.TypeScript:
		return ".js"
	case len(with) > 0 || m.lang.TypeScript && !f.module || m.lang.CommonJS:
		return best
	}
	return ".js"
}

func (plan *Plan) sort() {
	slices.SortStableFunc(plan.Changes, func(a, b patch.Change) int {
		if a.Creates() != b.Creates() {
			if a.Creates() {
				return -1
			}
			return 1
		}
		return strings.Compare(a.Path, b.Path)
	})
	slices.SortStableFunc(plan.Wired, func(a, b Wired) int { return strings.Compare(a.Path, b.Path) })
	slices.SortStableFunc(plan.Unwired, func(a, b Unwired) int { return strings.Compare(a.Path, b.Path) })
}

// prove looks again at all files that depend on a changed one, as they are with the
// changes: the same must be owed as before.
func (plan *Plan) prove(ctx context.Context, p *project.Project, d *transforms.Detector, texts, contents map[string][]byte) error {
	if len(contents) == 0 {
		return nil
	}
	after := maps.Clone(texts)
	maps.Copy(after, contents)
	then := transforms.NewDetector(p.With(after), d.Kinds, d.Offers)
	then.Style = d.Style
	again := p.Dependents(slices.Collect(maps.Keys(contents)))
	for rel := range contents {
		again[rel] = true
	}
	for _, rel := range slices.Sorted(maps.Keys(again)) {
		if after[rel] == nil {
			continue
		}
		before, err := owed(ctx, d, rel, texts[rel])
		if err != nil {
			return err
		}
		now, err := owed(ctx, then, rel, after[rel])
		if err != nil {
			return err
		}
		if !slices.Equal(before, now) {
			return fmt.Errorf("%s: with the monitor other things would be owed than before; nothing is written; this is a bug of unleak", rel)
		}
	}
	return nil
}

// owed lists what a file leaks; nothing for one that is not there.
func owed(ctx context.Context, d *transforms.Detector, rel string, text []byte) ([]string, error) {
	if text == nil {
		return nil, nil
	}
	f, err := syntax.Parse(ctx, rel, text)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, o := range d.Detect(ctx, f) {
		if o.Status == transforms.Unmet {
			out = append(out, o.Fingerprint())
		}
	}
	slices.Sort(out)
	return out, ctx.Err()
}
