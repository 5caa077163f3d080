package propose

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/unleak-dev/unleak/internal/project"
	"github.com/unleak-dev/unleak/internal/settings"
	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/vcs"
)

// Base is the commit that work is computed on, with what an analysis can read of it
// in a folder of its own. Nobody's checkout is read, but for installed packages.
type Base struct {
	Repository *vcs.Repository
	Branch     string   // that it is of
	Commit     vcs.Hash // what Branch holds
	When       time.Time
	Sub        string // the project's folder in the repository, with slashes; "" is the top
	Dir        string // the project's folder in the temporary one

	temporary string
	owners    owners
	folders   map[string]bool // that hold a package.json, relative to the project
}

// maxSettings is the size in bytes above which a settings file of any kind is left
// out.
const maxSettings = 256 << 10

// Read reads the sources and settings of a place into a new folder for temporary
// files. Close removes it.
func Read(ctx context.Context, p *Place) (*Base, error) {
	info, err := p.Repository.Info(p.Commit)
	if err != nil {
		return nil, err
	}
	b := &Base{Repository: p.Repository, Branch: p.Branch, Commit: p.Commit, When: info.Committer.When, Sub: p.Sub, folders: map[string]bool{}}
	if b.owners, err = readOwners(p.Repository, p.Commit); err != nil {
		return nil, err
	}
	named, err := b.named()
	if err != nil {
		return nil, err
	}
	if b.temporary, err = os.MkdirTemp("", "unleak-base-"); err != nil {
		return nil, err
	}
	b.Dir = filepath.Join(b.temporary, filepath.FromSlash(p.Sub))
	err = os.MkdirAll(b.Dir, 0o755)
	if err == nil {
		err = p.Repository.Extract(ctx, p.Commit, b.temporary, func(e vcs.Entry) bool { return b.wanted(e, named) })
	}
	if err == nil {
		err = b.linkInstalled()
	}
	if err != nil {
		return nil, errors.Join(err, b.Close())
	}
	return b, nil
}

// Close removes the temporary folder.
func (b *Base) Close() error { return os.RemoveAll(b.temporary) }

// In is the path in the repository of a file of the project.
func (b *Base) In(rel string) string { return path.Join(b.Sub, rel) }

// named are the files, and folders of files, that the settings name.
func (b *Base) named() ([]string, error) {
	data, err := settingsAt(b.Repository, b.Commit, b.In(settings.Name))
	return settings.Files(data), err
}

// wanted reports whether a file is a source, says how sources hang together, or is
// named by the settings.
func (b *Base) wanted(e vcs.Entry, named []string) bool {
	rel := e.Path
	if b.Sub != "" {
		var in bool
		if rel, in = strings.CutPrefix(e.Path, b.Sub+"/"); !in {
			return false
		}
	}
	if !e.Regular() || e.Size > project.MaxFileSize || strings.Contains("/"+rel, "/node_modules/") {
		return false
	}
	base := path.Base(rel)
	if base == "package.json" {
		b.folders[path.Dir(rel)] = true
	}
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

// linkInstalled lets the project see which packages are installed in the checkout,
// for their declarations: nothing of them is in the commit. A folder is linked only
// where the checkout has one of its own.
func (b *Base) linkInstalled() error {
	top := b.Repository.Top()
	if top == "" {
		return nil
	}
	b.folders["."] = true
	for dir := range b.folders {
		from := filepath.Join(top, filepath.FromSlash(b.Sub), filepath.FromSlash(dir), "node_modules")
		to := filepath.Join(b.Dir, filepath.FromSlash(dir))
		if info, err := os.Lstat(from); err != nil || !info.IsDir() || !reallyBelow(top, from) {
			continue
		}
		if info, err := os.Lstat(to); err != nil || !info.IsDir() {
			continue // its package.json was left out, and so is everything else
		}
		if err := os.Symlink(from, filepath.Join(to, "node_modules")); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	return nil
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
