package project

import (
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/bmatcuk/doublestar/v4"
)

// workspacesAround maps the names of the packages of the nearest workspace
// around a file to their folders; one repository may hold several workspaces.
func (p *Project) workspacesAround(rel string) map[string]string {
	for dir := path.Dir(rel); ; dir = path.Dir(dir) {
		pkg := p.packageIn(dir)
		if pkg != nil && len(pkg.Workspaces) > 0 || len(p.pnpmGlobs(dir)) > 0 {
			p.mu.Lock()
			find, ok := p.workspaces[dir]
			if !ok {
				find = sync.OnceValue(func() map[string]string { return p.findWorkspaces(dir, pkg) })
				p.workspaces[dir] = find
			}
			p.mu.Unlock()
			return find()
		}
		if dir == "." || dir == "/" {
			return nil
		}
	}
}

// Prepare looks for the packages of the workspace at the root, for which the first questions
// would wait.
func (p *Project) Prepare() { p.workspacesAround("package.json") }

// findWorkspaces reads npm's and yarn's globs in package.json, pnpm's in its
// own file.
func (p *Project) findWorkspaces(at string, root *Package) map[string]string {
	out := map[string]string{}
	var globs []string
	if root != nil {
		globs = append(globs, root.Workspaces...)
		if root.Name != "" {
			out[root.Name] = at
		}
	}
	globs = append(globs, p.pnpmGlobs(at)...)
	fsys := folders{p.files.below(at)}
	for _, g := range globs {
		g = strings.TrimSuffix(strings.TrimPrefix(g, "./"), "/")
		if not, ok := strings.CutPrefix(g, "!"); ok {
			for name, dir := range out {
				if match, _ := doublestar.Match(strings.TrimPrefix(not, "./"), strings.TrimPrefix(dir, at+"/")); match {
					delete(out, name)
				}
			}
			continue
		}
		if !doublestar.ValidatePattern(g) {
			continue
		}
		dirs, _ := doublestar.Glob(fsys, g, doublestar.WithNoFollow())
		for _, d := range dirs {
			if pkg := p.packageIn(path.Join(at, d)); pkg != nil && pkg.Name != "" {
				out[pkg.Name] = pkg.Dir
			}
		}
	}
	return out
}

// pnpmGlobs are what pnpm's own file in a folder names as packages.
func (p *Project) pnpmGlobs(dir string) []string {
	if p.seen.isPlain(dir) {
		return nil
	}
	globs, ok := p.pnpm.Get(dir)
	if !ok {
		if data, err := p.files.read(path.Join(dir, "pnpm-workspace.yaml")); err == nil {
			globs = pnpmPackages(data)
		}
		p.pnpm.Add(dir, globs)
	}
	return globs
}

// folders is what globs of packages are looked for in: folders, and links, which may lead to
// some. Not what is installed, of which a glob of any depth would go through everything, nor
// the repositories' own.
type folders struct{ fs.FS }

func (f folders) ReadDir(name string) ([]fs.DirEntry, error) {
	entries, err := fs.ReadDir(f.FS, name)
	return slices.DeleteFunc(entries, func(e fs.DirEntry) bool {
		return !e.IsDir() && e.Type()&fs.ModeSymlink == 0 || e.Name() == "node_modules" || e.Name() == ".git"
	}), err
}

func (f folders) Stat(name string) (fs.FileInfo, error) { return fs.Stat(f.FS, name) }
