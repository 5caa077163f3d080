package project

import (
	"context"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// files is where the files of a project are. Paths are relative to the root, with
// slashes.
type files interface {
	// source reads a regular file of at most MaxFileSize bytes, into a slice if that has room.
	source(rel string, into []byte) ([]byte, error)
	read(rel string) ([]byte, error)
	stat(rel string) (fs.FileInfo, error)
	settings(dir string) []string // names of the tsconfig files in a folder
	below(dir string) fs.FS
}

// onDisk is a folder. Links are followed.
type onDisk struct{ root string }

func (d onDisk) abs(rel string) string { return filepath.Join(d.root, filepath.FromSlash(rel)) }

func (d onDisk) source(rel string, into []byte) ([]byte, error) {
	return readSource(d.abs(rel), into)
}
func (d onDisk) read(rel string) ([]byte, error)      { return os.ReadFile(d.abs(rel)) }
func (d onDisk) stat(rel string) (fs.FileInfo, error) { return os.Stat(d.abs(rel)) }
func (d onDisk) below(dir string) fs.FS               { return os.DirFS(d.abs(dir)) }

func (d onDisk) settings(dir string) []string {
	found, _ := filepath.Glob(filepath.Join(d.abs(dir), "tsconfig*.json"))
	for i, f := range found {
		found[i] = filepath.Base(f)
	}
	return found
}

// inTree is a tree without a folder. A path that leads out of it is not there.
type inTree struct{ tree fs.FS }

func (t inTree) source(rel string, _ []byte) ([]byte, error) {
	if err := readable(t.stat(rel)); err != nil {
		return nil, err
	}
	return t.read(rel)
}

func (t inTree) read(rel string) ([]byte, error)      { return fs.ReadFile(t.tree, path.Clean(rel)) }
func (t inTree) stat(rel string) (fs.FileInfo, error) { return fs.Stat(t.tree, path.Clean(rel)) }

func (t inTree) below(dir string) fs.FS {
	sub, err := fs.Sub(t.tree, path.Clean(dir))
	if err != nil {
		return nothing{}
	}
	return sub
}

func (t inTree) settings(dir string) []string {
	entries, _ := fs.ReadDir(t.tree, path.Clean(dir)) // a folder that is not there has none
	var found []string
	for _, e := range entries {
		if ok, _ := path.Match("tsconfig*.json", e.Name()); ok {
			found = append(found, e.Name())
		}
	}
	return found
}

// nothing is a folder that is not there.
type nothing struct{}

func (nothing) Open(name string) (fs.File, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

// discover finds the sources of the tree.
func (t inTree) discover(ctx context.Context, found func(rel string)) error {
	return fs.WalkDir(t.tree, ".", func(rel string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case d.IsDir():
			if slices.Contains(skippedFolders, d.Name()) {
				return fs.SkipDir
			}
		case d.Type().IsRegular() && syntax.Supported(rel) && !isProduct(d.Name()):
			found(rel)
		}
		return nil
	})
}
