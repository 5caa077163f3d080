package project

import (
	"cmp"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// Resolve finds the file of the project that an import in the file from leads
// to, as a path relative to the root: a source where there is one, else a
// declaration file. "" means that the import leaves the project, or leads
// nowhere.
func (p *Project) Resolve(from, specifier string) string {
	dir := path.Dir(from) // what matters of a file is its folder
	if !strings.HasPrefix(specifier, ".") {
		dir = p.settingFor(dir)
	}
	key := dir + "\x00" + specifier
	to, ok := p.resolved.Get(key)
	if !ok {
		to = p.resolve(from, specifier)
		p.resolved.Add(key, to)
	}
	p.asked.add(from, to)
	return to
}

// settingFor is the nearest folder, from dir upwards, that says anything of where
// packages are: all below it find the same.
func (p *Project) settingFor(dir string) string {
	if known, ok := p.settings.Get(dir); ok {
		return known
	}
	at := dir
	if dir != "." && dir != "/" && !p.hasModules(dir) && p.packageIn(dir) == nil && len(p.pnpmGlobs(dir)) == 0 &&
		p.tsconfig(path.Join(dir, "tsconfig.json")) == nil && p.tsconfig(path.Join(dir, "jsconfig.json")) == nil {
		at = p.settingFor(path.Dir(dir))
	}
	p.settings.Add(dir, at)
	return at
}

// isSetting reports whether an entry of a folder may say where packages are, on any system.
func isSetting(e fs.DirEntry) bool {
	name := e.Name()
	is := func(setting string) bool { return strings.EqualFold(name, setting) }
	return slices.ContainsFunc([]string{"node_modules", "package.json", "pnpm-workspace.yaml", "jsconfig.json"}, is) ||
		len(name) > len("tsconfig") && strings.EqualFold(name[:len("tsconfig")], "tsconfig")
}

func (p *Project) resolve(from, specifier string) string {
	if specifier == "" {
		return ""
	}
	if strings.HasPrefix(specifier, ".") {
		return p.sourceAt(path.Join(path.Dir(from), specifier))
	}
	if strings.HasPrefix(specifier, "/") || strings.HasPrefix(specifier, "node:") {
		return ""
	}
	c := p.TSConfigOf(from)
	if f := p.byPaths(c, specifier); f != "" {
		return f
	}
	if c.BaseURL != "" {
		if f := p.sourceAt(path.Join(c.BaseURL, specifier)); f != "" {
			return f
		}
	}
	name, sub := splitPackage(specifier)
	if pkg := p.PackageOf(from); strings.HasPrefix(specifier, "#") && pkg != nil {
		return ""
	}
	if dir, ok := p.workspacesAround(from)[name]; ok {
		if pkg := p.packageIn(dir); pkg != nil {
			return p.inPackage(pkg, sub)
		}
	}
	return p.installed(from, name, sub)
}

func splitPackage(specifier string) (name, sub string) {
	parts := strings.SplitN(specifier, "/", 3)
	n := 1
	if strings.HasPrefix(specifier, "@") {
		n = 2
	}
	if len(parts) <= n {
		return specifier, "."
	}
	return strings.Join(parts[:n], "/"), "./" + strings.Join(parts[n:], "/")
}

// sourcesOf says, by the extension of a compiled file, what it may be compiled from.
var sourcesOf = map[string][]string{
	".js":  {".ts", ".tsx", ".js", ".jsx", ".d.ts"},
	".jsx": {".tsx", ".jsx", ".d.tsx"},
	".mjs": {".mts", ".mjs", ".d.mts"},
	".cjs": {".cts", ".cjs", ".d.cts"},
}

// sourceAt finds the file for a path without or with an extension: sources
// first, also where the import names the compiled file.
func (p *Project) sourceAt(base string) string {
	if base == "" || strings.HasPrefix(base, "..") {
		return ""
	}
	ext := path.Ext(base)
	stem := strings.TrimSuffix(base, ext)
	for _, s := range sourcesOf[ext] {
		if p.IsFile(stem + s) {
			return stem + s
		}
	}
	if !syntax.Supported(base) && p.IsFile(base+".ts") { // nearly all lead to one: `./shop.service`
		return base + ".ts"
	}
	if ext != "" && p.IsFile(base) {
		return base
	}
	for _, s := range []string{".tsx", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs", ".d.ts", ".d.mts", ".d.cts"} {
		if p.IsFile(base + s) {
			return base + s
		}
	}
	if !p.mayBeFolder(base) {
		return ""
	}
	for _, s := range []string{".ts", ".tsx", ".mts", ".js", ".jsx", ".mjs", ".d.ts"} {
		if f := path.Join(base, "index"+s); p.IsFile(f) {
			return f
		}
	}
	return ""
}

// mayBeFolder reports whether there is a folder at a path, or may be one: for who would else ask
// for each of several files in it.
func (p *Project) mayBeFolder(rel string) bool {
	if len(p.overlay) > 0 || p.seen.isWhole(rel) {
		return true
	}
	info, err := p.files.stat(rel)
	return err == nil && info.IsDir()
}

// byPaths applies tsconfig's `paths`, the longest matching pattern first.
func (p *Project) byPaths(c *TSConfig, specifier string) string {
	type match struct{ pattern, rest string }
	var matches []match // one or two of hundreds
	for k := range c.Paths {
		before, after, star := strings.Cut(k, "*")
		switch {
		case !star && k == specifier:
			matches = append(matches, match{k, ""})
		case star && len(specifier) >= len(before)+len(after) && strings.HasPrefix(specifier, before) && strings.HasSuffix(specifier, after):
			matches = append(matches, match{k, specifier[len(before) : len(specifier)-len(after)]})
		}
	}
	slices.SortFunc(matches, func(a, b match) int {
		return cmp.Or(len(b.pattern)-len(a.pattern), strings.Compare(a.pattern, b.pattern))
	})
	base := c.BaseURL
	if base == "" {
		base = c.pathsBase
	}
	for _, m := range matches {
		for _, target := range c.Paths[m.pattern] {
			if f := p.sourceAt(path.Join(base, strings.Replace(target, "*", m.rest, 1))); f != "" {
				return f
			}
		}
	}
	return ""
}

// inPackage finds the source behind an export of a workspace package. What it
// names is usually the compiled file, perhaps not built: its tsconfigs say from
// which source it would be.
func (p *Project) inPackage(pkg *Package, sub string) string {
	var targets []string
	targets = append(targets, exportTargets(pkg.Exports, sub)...)
	if sub == "." {
		targets = append(targets, pkg.Source, pkg.Types, pkg.Module, pkg.Main)
	} else {
		targets = append(targets, sub)
	}
	for _, t := range targets {
		if t == "" {
			continue
		}
		file := path.Join(pkg.Dir, t)
		for _, c := range pkg.configs() {
			if f := p.sourceOfOutput(p.tsconfig(c), pkg.Dir, file); f != "" {
				return f
			}
		}
		if f := p.sourceAt(file); f != "" && !strings.Contains(f, ".d.") {
			return f
		}
	}
	for _, guess := range []string{path.Join("src", sub), sub, path.Join("src", sub, "index"), path.Join(sub, "index"), path.Join("lib", sub)} {
		if f := p.sourceAt(path.Join(pkg.Dir, guess)); f != "" {
			return f
		}
	}
	for _, t := range targets {
		if t != "" {
			if f := p.sourceAt(path.Join(pkg.Dir, t)); f != "" {
				return f
			}
		}
	}
	return ""
}

// sourceOfOutput maps a file below outDir back below rootDir.
func (p *Project) sourceOfOutput(c *TSConfig, pkgDir, file string) string {
	if c == nil || c.OutDir == "" || !strings.HasPrefix(file, c.OutDir+"/") {
		return ""
	}
	rest := strings.TrimPrefix(file, c.OutDir+"/")
	rest = strings.Replace(rest, ".d.ts", ".js", 1)
	roots := []string{c.RootDir, path.Join(pkgDir, "src"), pkgDir}
	for _, root := range roots {
		if root == "" {
			continue
		}
		if f := p.sourceAt(path.Join(root, rest)); f != "" {
			return f
		}
	}
	return ""
}

// exportTargets lists the files that `exports` gives for a subpath, whatever
// the condition.
func exportTargets(exports any, sub string) []string {
	switch e := exports.(type) {
	case string:
		if sub == "." {
			return []string{e}
		}
	case map[string]any:
		if v, ok := e[sub]; ok {
			return leaves(v)
		}
		keys := slices.Collect(maps.Keys(e))
		slices.SortFunc(keys, func(a, b string) int { return len(b) - len(a) }) // the longest prefix wins
		for _, k := range keys {
			v := e[k]
			before, after, star := strings.Cut(k, "*")
			if star && strings.HasPrefix(sub, before) && strings.HasSuffix(sub, after) && len(sub) >= len(before)+len(after) {
				rest := sub[len(before) : len(sub)-len(after)]
				var out []string
				for _, t := range leaves(v) {
					out = append(out, strings.ReplaceAll(t, "*", rest))
				}
				return out
			}
		}
		for k := range e {
			if strings.HasPrefix(k, ".") {
				return nil
			}
		}
		if sub == "." {
			return leaves(e)
		}
	}
	return nil
}

func leaves(v any) []string {
	switch x := v.(type) {
	case string:
		return []string{x}
	case map[string]any:
		keys := make([]string, 0, len(x))
		for k := range x {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		var out []string
		for _, k := range keys {
			out = append(out, leaves(x[k])...)
		}
		return out
	case []any:
		var out []string
		for _, y := range x {
			out = append(out, leaves(y)...)
		}
		return out
	}
	return nil
}

// installed finds the declarations of a package in a node_modules folder.
func (p *Project) installed(from, name, sub string) string {
	types := "@types/" + strings.ReplaceAll(strings.TrimPrefix(name, "@"), "/", "__")
	for dir := path.Dir(from); ; dir = path.Dir(dir) {
		names := []string{name, types}
		if !p.hasModules(dir) {
			names = nil
		}
		for _, n := range names {
			at := path.Join(dir, "node_modules", n)
			pkg := p.packageIn(at)
			if pkg == nil {
				continue
			}
			targets := exportTargets(pkg.Exports, sub)
			if sub == "." {
				targets = append(targets, pkg.Types, pkg.Main, "index.d.ts")
			} else {
				targets = append(targets, sub)
			}
			for _, t := range targets {
				if t == "" {
					continue
				}
				stem := strings.TrimSuffix(path.Join(at, t), path.Ext(t))
				for _, f := range []string{p.sourceAt(path.Join(at, t)), stem + ".d.ts", stem + ".d.mts", stem + ".d.cts"} {
					if strings.Contains(f, ".d.") && p.IsFile(f) {
						return f
					}
				}
			}
		}
		if dir == "." || dir == "/" {
			return ""
		}
	}
}

// hasModules reports whether packages are installed in a folder: most have none,
// and need not be asked for every name that is imported below them.
func (p *Project) hasModules(dir string) bool {
	if p.seen.isPlain(dir) {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	has, ok := p.modules.Get(dir)
	if !ok {
		info, err := p.files.stat(path.Join(dir, "node_modules"))
		has = err == nil && info.IsDir()
		for rel := range p.overlay {
			has = has || strings.HasPrefix(rel, path.Join(dir, "node_modules")+"/")
		}
		p.modules.Add(dir, has)
	}
	return has
}
