package patch

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Moved says that a file is not what it was when the change was made.
type Moved struct{ Path string }

func (e *Moved) Error() string {
	return e.Path + ": changed since it was read; nothing was written, run again"
}

// Write puts the new content of a change in place of the old: a temporary file
// beside it, written and synced, then renamed, so that the file is always
// either old or new. Mode and, where allowed, owner are kept. A symbolic link
// is followed if its target lies inside root, and the target is written.
//
// It fails with *Moved if the file does not hold the old content any more.
func (c Change) Write(root string) error {
	target, err := c.target(root)
	if err != nil {
		return err
	}
	info, err := os.Stat(target)
	if err != nil {
		return fmt.Errorf("%s: %w", c.Path, cause(err))
	}
	tmp, err := os.CreateTemp(filepath.Dir(target), ".unleak-*")
	if err != nil {
		return fmt.Errorf("%s: cannot write beside it: %w", c.Path, cause(err))
	}
	defer os.Remove(tmp.Name()) // fails, as it should, once the file was renamed
	if err := fill(tmp, c.New, info); err != nil {
		return fmt.Errorf("%s: %w", c.Path, cause(err))
	}
	now, err := os.ReadFile(target)
	if err != nil {
		return fmt.Errorf("%s: %w", c.Path, cause(err))
	}
	if !bytes.Equal(now, c.Old) {
		return &Moved{c.Path}
	}
	if err := os.Rename(tmp.Name(), target); err != nil {
		return fmt.Errorf("%s: %w", c.Path, cause(err))
	}
	return syncDir(filepath.Dir(target))
}

func fill(tmp *os.File, content []byte, like os.FileInfo) error {
	_, err := tmp.Write(content)
	if err == nil {
		err = tmp.Chmod(like.Mode().Perm())
	}
	if err == nil {
		keepOwner(tmp, like)
		err = tmp.Sync()
	}
	return errors.Join(err, tmp.Close())
}

// syncDir makes the rename last; file systems that cannot say so are believed.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return nil
	}
	defer d.Close()
	_ = d.Sync()
	return nil
}

// target resolves links and refuses what lies outside of root.
func (c Change) target(root string) (string, error) {
	realRoot, err := filepath.EvalSymlinks(root)
	if err != nil {
		return "", fmt.Errorf("%s: %w", root, cause(err))
	}
	real, err := filepath.EvalSymlinks(filepath.Join(root, filepath.FromSlash(c.Path)))
	if err != nil {
		return "", fmt.Errorf("%s: %w", c.Path, cause(err))
	}
	rel, err := filepath.Rel(realRoot, real)
	if err != nil || !filepath.IsLocal(rel) {
		return "", fmt.Errorf("%s: leads outside of %s; not written", c.Path, root)
	}
	return real, nil
}

func cause(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	var le *os.LinkError
	if errors.As(err, &le) {
		return le.Err
	}
	return err
}
