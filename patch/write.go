package patch

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
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
// A file that is to be made gets its name last, too, and its folders are made. It
// never replaces another.
//
// It fails with *Moved if the file does not hold the old content any more, or, to
// be made, is there.
func (c Change) Write(root string) error {
	return c.write(root, tempName(), func(string) {})
}

// tempName is a name for a temporary file that nothing else has. It ends in no
// extension of a source.
func tempName() string { return ".unleak-" + rand.Text() + ".tmp" }

// write is Write by way of a temporary file of that name. step is told before
// each thing that a killed program would leave done.
func (c Change) write(root, temp string, step func(string)) error {
	if c.Creates() {
		return c.create(root, temp, step)
	}
	target, err := c.target(root)
	if err != nil {
		return err
	}
	info, err := os.Stat(target)
	if err != nil {
		return fmt.Errorf("%s: %w", c.Path, cause(err))
	}
	step("temporary")
	tmp, err := openTemp(filepath.Join(filepath.Dir(target), temp))
	if err != nil {
		return fmt.Errorf("%s: cannot write beside it: %w", c.Path, cause(err))
	}
	defer os.Remove(tmp.Name()) // fails, as it should, once the file was renamed
	step("fill")
	if err := fill(tmp, c.New, info); err != nil {
		return fmt.Errorf("%s: %w", c.Path, cause(err))
	}
	step("rename")
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
	step("renamed")
	return syncDir(filepath.Dir(target))
}

// create writes a new file beside its place, whole, and links it there, which
// fails if the name was taken meanwhile.
func (c Change) create(root, temp string, step func(string)) error {
	step("folder")
	dir, err := c.folder(root)
	if err != nil {
		return err
	}
	target := filepath.Join(dir, path.Base(c.Path))
	step("temporary")
	tmp, err := openTemp(filepath.Join(dir, temp))
	if err != nil {
		return fmt.Errorf("%s: cannot write beside it: %w", c.Path, cause(err))
	}
	defer os.Remove(tmp.Name())
	step("fill")
	if err := fill(tmp, c.New, nil); err != nil {
		return fmt.Errorf("%s: %w", c.Path, cause(err))
	}
	step("link")
	if err := os.Link(tmp.Name(), target); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return &Moved{c.Path}
		}
		return fmt.Errorf("%s: %w", c.Path, cause(err))
	}
	step("linked")
	return syncDir(dir)
}

func openTemp(name string) (*os.File, error) {
	return os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
}

// folder makes the folders of a new file below root, one by one: none of them may
// lead outside.
func (c Change) folder(root string) (string, error) {
	dir := root
	parts := strings.Split(path.Dir(path.Clean(c.Path)), "/")
	if parts[0] == ".." || path.IsAbs(c.Path) {
		return "", fmt.Errorf("%s: leads outside of %s; not written", c.Path, root)
	}
	for i, part := range parts {
		dir = filepath.Join(dir, part)
		if part != "." {
			if err := os.Mkdir(dir, 0o777); err != nil && !errors.Is(err, fs.ErrExist) {
				return "", fmt.Errorf("%s: %w", c.Path, cause(err))
			}
		}
		if _, err := (Change{Path: path.Join(parts[:i+1]...)}).target(root); err != nil {
			return "", err
		}
	}
	return dir, nil
}

// fill writes a temporary file with the mode and owner of another one, or, where
// there is none, those of a file that anybody makes.
func fill(tmp *os.File, content []byte, like os.FileInfo) error {
	_, err := tmp.Write(content)
	mode := newFile
	if like != nil {
		mode = like.Mode().Perm()
	}
	if err == nil {
		err = tmp.Chmod(mode)
	}
	if err == nil {
		if like != nil {
			keepOwner(tmp, like)
		}
		err = tmp.Sync()
	}
	return errors.Join(err, tmp.Close())
}

// newFile is the mode of a file that was not there: what git would check out.
const newFile fs.FileMode = 0o644

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
