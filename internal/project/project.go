// Package project is a repository as the program sees it: its files, its
// packages and their settings, where an import leads, which class extends
// which. It never writes.
package project

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/sync/singleflight"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// knownFiles bounds for how many paths it is remembered whether a file is there.
const knownFiles = 4096

// knownOutlines bounds of how many files it is remembered what they export: a few
// hundred bytes each.
const knownOutlines = 2048

// knownFolders bounds of how many folders, and files in them, the settings are
// remembered.
const knownFolders = 1024

// knownPackages bounds how many packages are kept: some thousand bytes each, that are soon read
// again.
const knownPackages = 256

func bounded[V any](size int) *lru.Cache[string, V] {
	c, err := lru.New[string, V](size)
	if err != nil {
		panic(err) // not for a positive size
	}
	return c
}

// Project is one repository. It is safe for concurrent use.
type Project struct {
	Root string // absolute

	files   files
	gitTop  string // top of the git work tree around the root, or ""
	real    string // the root with links resolved
	parsed  *recent[*syntax.File]
	newly   newlyParsed
	texts   *recent[[]byte]
	parsing singleflight.Group

	mu         sync.Mutex
	workspaces map[string]func() map[string]string // folders of packages by folder of the workspace, then by name
	packages   *lru.Cache[string, *Package]        // by folder; nil where there is none
	configs    *lru.Cache[string, *TSConfig]       // by file; nil where unreadable
	pnpm       *lru.Cache[string, []string]        // by folder: the globs of pnpm's workspace
	exists     *lru.Cache[string, bool]
	resolved   *lru.Cache[string, string] // folder and specifier: the file
	outlines   *lru.Cache[string, *outline]
	declared   *lru.Cache[string, declared] // file and name
	modules    *lru.Cache[string, bool]     // folders with installed packages
	settings   *lru.Cache[string, string]   // by folder: the nearest that says where packages are
	around     *lru.Cache[string, *entries] // by folder: of the nearest package
	overlay    map[string][]byte
	asked      *asked // nil: nobody wants to know
	mentioned  *mentioned
	seen       seen
}

// Open prepares the project at root, a folder. It fails if and only if root is
// not a folder that can be read.
func Open(root string) (*Project, error) {
	abs, err := filepath.Abs(root)
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(abs)
	if err != nil {
		return nil, &PathError{root, plain(err)}
	}
	if !info.IsDir() {
		return nil, &PathError{root, errors.New("is not a folder")}
	}
	p := newProject(abs)
	p.files = onDisk{abs}
	if real, err := filepath.EvalSymlinks(abs); err == nil {
		p.real = real
	}
	p.gitTop = findUp(abs, ".git")
	return p, nil
}

func newProject(root string) *Project {
	return &Project{
		Root: root, real: root, workspaces: map[string]func() map[string]string{},
		parsed: newRecent(recentNodes, (*syntax.File).NodeCount), texts: newRecent(recentBytes, textWeight), exists: bounded[bool](knownFiles), resolved: bounded[string](knownFiles), outlines: bounded[*outline](knownOutlines), declared: bounded[declared](knownFiles),
		packages: bounded[*Package](knownPackages), configs: bounded[*TSConfig](knownFolders), modules: bounded[bool](knownFolders), pnpm: bounded[[]string](knownFolders), settings: bounded[string](knownFolders), around: bounded[*entries](knownFolders),
		mentioned: newMentioned(),
	}
}

// OpenTree is Open for a tree of files that lies in no folder: those of a commit. All
// of them count, git is not asked what it ignores, and nothing outside of the tree is
// read. Root is only a name.
func OpenTree(tree fs.FS) *Project {
	p := newProject(string(filepath.Separator))
	p.files = inTree{tree}
	return p
}

// RootFor chooses the folder that a run over the given paths is about: the top
// of the git work tree around the first of them; outside of one the current
// folder if the path lies in it, else the folder itself or the file's folder.
func RootFor(paths []string) string {
	first := "."
	if len(paths) > 0 {
		first = paths[0]
	}
	abs, err := filepath.Abs(first)
	if err != nil {
		return first
	}
	if info, err := os.Stat(abs); err != nil || !info.IsDir() {
		abs = filepath.Dir(abs)
	}
	if top := findUp(abs, ".git"); top != "" {
		return top
	}
	if cwd, err := os.Getwd(); err == nil {
		if rel, err := filepath.Rel(cwd, abs); err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
			return cwd
		}
	}
	return abs
}

// GitTop is the top of the git work tree around the root, "" outside of one.
func (p *Project) GitTop() string { return p.gitTop }

// WorkTree is the top of the git work tree around a folder, "" outside of one.
func WorkTree(dir string) string { return findUp(dir, ".git") }

func findUp(dir, name string) string {
	for {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return ""
		}
		dir = parent
	}
}

// Abs turns a path relative to the root into a native, absolute one.
func (p *Project) Abs(rel string) string { return filepath.Join(p.Root, filepath.FromSlash(rel)) }

// Rel is the reverse of Abs; paths outside the root are refused, also those
// that get there by a link.
func (p *Project) Rel(abs string) (string, error) {
	rel, err := filepath.Rel(p.Root, abs)
	if err != nil || rel == ".." || strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
		return "", errors.New("lies outside of " + p.Root)
	}
	if real, err := filepath.EvalSymlinks(abs); err == nil {
		r, err := filepath.Rel(p.real, real)
		if err != nil || r == ".." || strings.HasPrefix(r, ".."+string(filepath.Separator)) {
			return "", errors.New("leads outside of " + p.Root)
		}
	}
	return filepath.ToSlash(rel), nil
}

// With returns the same project as it would be with other contents of some
// files, given by relative path, and no others than these. Nothing is written, and
// nothing is remembered of what p was asked.
func (p *Project) With(contents map[string][]byte) *Project {
	q := newProject(p.Root)
	q.files, q.real, q.gitTop, q.overlay = p.files, p.real, p.gitTop, contents
	q.mentioned = p.mentioned // of the files as they are
	return q
}

// Load parses a file of the project, or of a package installed in it, for a
// question that another file asks. Recent files are kept.
func (p *Project) Load(ctx context.Context, rel string) (*syntax.File, error) {
	if f, ok := p.parsed.get(rel); ok {
		return f, nil
	}
	v, err, _ := p.parsing.Do(rel, func() (any, error) {
		src, err := p.text(rel)
		if err != nil {
			return nil, err
		}
		f, err := syntax.Parse(ctx, rel, src)
		if err != nil {
			return nil, err
		}
		p.Keep(f)
		p.newly.add(rel)
		return f, nil
	})
	if err != nil {
		return nil, err
	}
	return v.(*syntax.File), nil
}

// text is that of a file which another one asks about.
func (p *Project) text(rel string) ([]byte, error) {
	if src, ok := p.overlay[rel]; ok {
		return src, nil
	}
	if src, ok := p.texts.get(rel); ok {
		return src, nil
	}
	src, err := p.files.source(rel, nil)
	if err != nil {
		return nil, &PathError{rel, plain(err)}
	}
	p.texts.add(rel, src)
	return src, nil
}

// textWeight counts what the table needs for each, too.
func textWeight(src []byte) int { return cap(src) + 200 }

// IsFile reports whether there is a regular file at a path, and remembers it.
func (p *Project) IsFile(rel string) bool {
	if _, ok := p.overlay[rel]; ok {
		return true
	}
	if is, known := p.seen.isFile(rel); known {
		return is
	}
	known, ok := p.exists.Get(rel)
	if !ok {
		info, err := p.files.stat(rel)
		known = err == nil && info.Mode().IsRegular()
		p.exists.Add(rel, known)
	}
	return known
}
