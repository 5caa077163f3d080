package propose

import (
	"context"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/unleak-dev/unleak/internal/project"
	"github.com/unleak-dev/unleak/internal/settings"
	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/vcs"
)

// Base is the commit that work is computed on, with what an analysis can read of it.
// Nobody's checkout is read, but for the declarations of installed packages.
type Base struct {
	Repository *vcs.Repository
	Branch     string   // that it is of
	Commit     vcs.Hash // what Branch holds
	When       time.Time
	Sub        string // the project's folder in the repository, with slashes; "" is the top
	Files      fs.FS  // of the project: sources, settings, and what those name

	owners    owners
	installed []installed
}

// installed is a folder of installed packages in the checkout.
type installed struct {
	dir  string // the folder of the project that has it
	from string // native
}

// maxSettings is the size in bytes above which a settings file of any kind is left
// out.
const maxSettings = 256 << 10

// Read reads the sources and settings of a place into memory.
func Read(ctx context.Context, p *Place) (*Base, error) {
	info, err := p.Repository.Info(p.Commit)
	if err != nil {
		return nil, err
	}
	t := newTree()
	b := &Base{Repository: p.Repository, Branch: p.Branch, Commit: p.Commit, When: info.Committer.When, Sub: p.Sub, Files: t}
	if b.owners, err = readOwners(p.Repository, p.Commit); err != nil {
		return nil, err
	}
	named, err := b.named()
	if err != nil {
		return nil, err
	}
	folders := map[string]bool{".": true}
	err = p.Repository.Contents(ctx, p.Commit, func(e vcs.Entry) bool { return b.wanted(e, named) }, func(e vcs.Entry, data []byte) error {
		rel := b.rel(e.Path)
		t.add(rel, data)
		if path.Base(rel) == "package.json" {
			folders[path.Dir(rel)] = true
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	t.complete()
	b.installed = findInstalled(p.Repository.Top(), p.Sub, folders)
	for _, i := range b.installed {
		t.install(i.dir, i.from)
	}
	return b, nil
}

// In is the path in the repository of a file of the project.
func (b *Base) In(rel string) string { return path.Join(b.Sub, rel) }

// named are the files, and folders of files, that the settings name.
func (b *Base) named() ([]string, error) {
	data, err := settingsAt(b.Repository, b.Commit, b.In(settings.Name))
	return settings.Files(data), err
}

// rel is the path in the project of a file of the repository, "" if it lies outside.
func (b *Base) rel(file string) string {
	if b.Sub == "" {
		return file
	}
	rel, _ := strings.CutPrefix(file, b.Sub+"/")
	if rel == file {
		return ""
	}
	return rel
}

// wanted reports whether a file is a source, says how sources hang together, or is
// named by the settings.
func (b *Base) wanted(e vcs.Entry, named []string) bool {
	rel := b.rel(e.Path)
	if rel == "" || !fs.ValidPath(rel) || !e.Regular() || e.Size < 0 || e.Size > project.MaxFileSize || strings.Contains("/"+rel, "/"+modules+"/") {
		return false
	}
	base := path.Base(rel)
	if syntax.Supported(rel) || base == "package.json" {
		return true
	}
	for _, n := range named {
		if rel == n || strings.HasPrefix(rel, n+"/") {
			return true
		}
	}
	return e.Size <= maxSettings && (rel == settings.Name || base == "pnpm-workspace.yaml" || strings.HasSuffix(base, ".json") && base != "package-lock.json")
}

// findInstalled finds where packages are installed in the checkout: beside the
// package.json files of the commit, where the checkout has a folder of its own.
func findInstalled(top, sub string, folders map[string]bool) []installed {
	if top == "" {
		return nil
	}
	var out []installed
	for _, dir := range slices.Sorted(maps.Keys(folders)) {
		from := filepath.Join(top, filepath.FromSlash(sub), filepath.FromSlash(dir), modules)
		if info, err := os.Lstat(from); err == nil && info.IsDir() && reallyBelow(top, from) {
			out = append(out, installed{dir, from})
		}
	}
	return out
}

// reallyBelow reports whether no link on the way leads out of the checkout.
func reallyBelow(top, dir string) bool {
	realTop, err := filepath.EvalSymlinks(top)
	if err != nil {
		return false
	}
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return false
	}
	rel, err := filepath.Rel(realTop, real)
	return err == nil && filepath.IsLocal(rel)
}
