package vcs

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
)

// SetBranch moves a branch from old to commit; old "" creates it. ErrMoved if it is
// not at old. It refuses a branch that is checked out in some work tree, and a name
// that git does not allow or that another branch is in the way of (x and x/y).
func (r *Repository) SetBranch(name string, commit, old Hash) error {
	ref, err := r.branchToWrite(name)
	if err != nil {
		return err
	}
	h, err := parseHash(commit)
	if err != nil {
		return err
	}
	if _, err := r.commit(h); err != nil {
		return err
	}
	if err := r.clash(ref); err != nil { // before folders are made
		return err
	}
	l, err := takeLock(r.path(ref))
	if err != nil {
		return fmt.Errorf("the branch %s cannot be written: %w", name, err)
	}
	if err := r.fill(l, ref, h, old); err != nil {
		l.release()
		removeParents(r.path(ref), r.path(heads))
		return err
	}
	return nil
}

// fill writes a reference whose lock is taken.
func (r *Repository) fill(l *lock, ref string, h plumbing.Hash, old Hash) error {
	if old == "" {
		// While git packs no references, a name below this one or above it is a folder
		// or a file, and the file system allows only one of them.
		packed, err := takeLock(r.path("packed-refs"))
		if err != nil {
			return err
		}
		defer packed.release()
	}
	if err := r.verify(ref, old); err != nil {
		return err
	}
	if err := r.clash(ref); err != nil {
		return err
	}
	if _, err := fmt.Fprintln(l.file, h); err != nil {
		return err
	}
	return l.commit()
}

// DeleteBranch deletes a branch that is at old, and its log. ErrMoved if it is not
// there. It refuses a branch that is checked out.
func (r *Repository) DeleteBranch(name string, old Hash) error {
	ref, err := r.branchToWrite(name)
	if err != nil {
		return err
	}
	if _, err := parseHash(old); err != nil {
		return err
	}
	if h, err := r.reference(ref); err != nil || asHash(h) != old {
		return errors.Join(err, moved(ref, asHash(h), old))
	}
	l, err := takeLock(r.path(ref))
	if err != nil {
		return fmt.Errorf("the branch %s cannot be deleted: %w", name, err)
	}
	defer removeParents(r.path(ref), r.path(heads))
	defer l.release()
	if err := r.verify(ref, old); err != nil {
		return err
	}
	// Packed first, or the branch would be back for a moment where it was packed.
	if err := r.unpackReference(ref); err != nil {
		return err
	}
	if err := os.Remove(r.path(ref)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	// A log that stays would be in the way of a branch NAME/MORE.
	if err := os.Remove(r.path("logs/" + ref)); err != nil && !errors.Is(err, fs.ErrNotExist) && !isNoFolder(err) {
		return err
	}
	removeParents(r.path("logs/"+ref), r.path("logs/"+heads))
	return nil
}

func (r *Repository) path(ref string) string {
	return filepath.Join(r.common, filepath.FromSlash(ref))
}

// branchToWrite returns the reference of a branch that may be written.
func (r *Repository) branchToWrite(name string) (string, error) {
	ref := heads + name
	if name == "HEAD" || strings.HasPrefix(name, "-") || plumbing.ReferenceName(ref).Validate() != nil || !plumbing.ReferenceName(ref).IsSafe() {
		return "", fmt.Errorf("%q is not a name for a branch", name)
	}
	_, target, err := r.readReference(ref)
	if err != nil {
		return "", err
	}
	if target != "" {
		return "", fmt.Errorf("the branch %s stands for %s and is left alone", name, target)
	}
	at, err := r.checkedOut(ref)
	if err == nil && at != "" {
		err = fmt.Errorf("the branch %s is checked out in %s and is left alone", name, at)
	}
	return ref, err
}

// checkedOut returns the git directory of a work tree whose HEAD is on a branch, or
// will be again after a rebase.
func (r *Repository) checkedOut(ref string) (string, error) {
	linked, err := os.ReadDir(filepath.Join(r.common, "worktrees"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	var dirs []string
	for _, l := range linked {
		dirs = append(dirs, filepath.Join(r.common, "worktrees", l.Name()))
	}
	if !r.bare {
		dirs = append(dirs, r.common)
	}
	for _, dir := range dirs {
		for _, file := range []string{"HEAD", "rebase-merge/head-name", "rebase-apply/head-name"} {
			line, err := readSmall(filepath.Join(dir, filepath.FromSlash(file)))
			if err == nil && strings.TrimSpace(strings.TrimPrefix(line, "ref:")) == ref {
				return dir, nil
			}
		}
	}
	return "", nil
}

// clash refuses a reference that another one is in the way of.
func (r *Repository) clash(ref string) error {
	below, err := r.references(ref + "/")
	if err != nil {
		return err
	}
	for other := range below {
		return fmt.Errorf("the branch %s cannot be beside %s", strings.TrimPrefix(ref, heads), strings.TrimPrefix(other, heads))
	}
	for at := strings.LastIndex(ref, "/"); at >= len(heads); at = strings.LastIndex(ref[:at], "/") {
		h, target, err := r.readReference(ref[:at])
		if err != nil {
			return err
		}
		if !h.IsZero() || target != "" {
			return fmt.Errorf("the branch %s cannot be beside %s", strings.TrimPrefix(ref, heads), strings.TrimPrefix(ref[:at], heads))
		}
	}
	return nil
}

// verify fails if a reference is not where the caller thinks.
func (r *Repository) verify(ref string, old Hash) error {
	h, err := r.reference(ref)
	if err != nil {
		return err
	}
	return moved(ref, asHash(h), old)
}

func moved(ref string, is, old Hash) error {
	name := func(h Hash) string {
		if h == "" {
			return "nowhere"
		}
		return "at " + string(h)
	}
	if is == old {
		return nil
	}
	return fmt.Errorf("%s is %s, not %s: %w", strings.TrimPrefix(ref, heads), name(is), name(old), ErrMoved)
}

// unpackReference takes a reference out of packed-refs. The caller has its lock.
func (r *Repository) unpackReference(ref string) error {
	if h, err := r.packedReference(ref); err != nil || h.IsZero() {
		return err
	}
	name := filepath.Join(r.common, "packed-refs")
	l, err := takeLock(name)
	if err != nil {
		return err
	}
	defer l.release()
	data, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	var kept strings.Builder
	dropped := false
	for line := range strings.Lines(string(data)) {
		if strings.HasPrefix(line, "^") && dropped {
			continue // what the tag that was dropped stands for
		}
		_, is, _ := strings.Cut(strings.TrimRight(line, "\r\n"), " ")
		if dropped = is == ref; !dropped {
			kept.WriteString(line)
		}
	}
	if _, err := l.file.WriteString(kept.String()); err != nil {
		return err
	}
	return l.commit()
}
