package vcs

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/go-git/go-git/v5/plumbing"
)

const heads = "refs/heads/"

// reference reads a reference, loose or packed, through symbolic ones. The zero
// hash is none.
func (r *Repository) reference(name string) (plumbing.Hash, error) {
	for range 5 {
		h, target, err := r.readReference(name)
		if target == "" || err != nil {
			return h, err
		}
		name = target
	}
	return plumbing.ZeroHash, fmt.Errorf("%s is a symbolic reference that leads nowhere", name)
}

// readReference reads one reference: the hash, or the name that it stands for.
func (r *Repository) readReference(name string) (h plumbing.Hash, target string, err error) {
	file := filepath.Join(r.common, filepath.FromSlash(name))
	switch shared := strings.HasPrefix(name, "refs/"); {
	case !plumbing.ReferenceName(name).IsSafe(), shared && plumbing.ReferenceName(name).Validate() != nil:
		return h, "", nil // no such reference can be
	case !shared:
		file = filepath.Join(r.gitDir, name)
	}
	line, err := readSmall(file)
	if info, statErr := os.Stat(file); errors.Is(err, fs.ErrNotExist) || isNoFolder(err) || statErr == nil && info.IsDir() {
		h, err = r.packedReference(name)
		return h, "", err
	}
	if err != nil {
		return h, "", err
	}
	if target, symbolic := strings.CutPrefix(line, "ref:"); symbolic {
		return h, strings.TrimSpace(target), nil
	}
	first, _, _ := strings.Cut(line, " ")
	if !plumbing.IsHash(first) {
		return h, "", fmt.Errorf("the reference %s is broken", name)
	}
	return plumbing.NewHash(first), "", nil
}

// isNoFolder reports whether a file stands where a folder was looked for.
func isNoFolder(err error) bool {
	return errors.Is(err, syscall.ENOTDIR)
}

func (r *Repository) packedReference(name string) (plumbing.Hash, error) {
	var h plumbing.Hash
	err := r.eachPacked(func(packed string, at plumbing.Hash) {
		if packed == name {
			h = at
		}
	})
	return h, err
}

// eachPacked reads packed-refs.
func (r *Repository) eachPacked(each func(name string, h plumbing.Hash)) error {
	f, err := os.Open(filepath.Join(r.common, "packed-refs"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if h, name, found := strings.Cut(lines.Text(), " "); found && plumbing.IsHash(h) {
			each(name, plumbing.NewHash(h))
		}
	}
	return lines.Err()
}

// references returns the references whose names begin with prefix, which ends in a
// slash or within a name.
func (r *Repository) references(prefix string) (map[string]plumbing.Hash, error) {
	all := map[string]plumbing.Hash{}
	// Loose ones first: what git packs in between is then found packed.
	var loose []string
	dir := prefix[:strings.LastIndex(prefix, "/")]
	err := filepath.WalkDir(filepath.Join(r.common, filepath.FromSlash(dir)), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			if errors.Is(err, fs.ErrNotExist) || err != nil && isNoFolder(err) {
				return nil
			}
			return err
		}
		rel, err := filepath.Rel(r.common, path)
		if name := filepath.ToSlash(rel); strings.HasPrefix(name, prefix) && plumbing.ReferenceName(name).Validate() == nil {
			loose = append(loose, name)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, name := range loose {
		h, err := r.reference(name)
		if err != nil {
			return nil, err
		}
		if !h.IsZero() {
			all[name] = h
		}
	}
	err = r.eachPacked(func(name string, h plumbing.Hash) {
		if _, there := all[name]; !there && strings.HasPrefix(name, prefix) {
			all[name] = h
		}
	})
	return all, err
}

// Branch returns the commit of a branch, "" if there is none.
func (r *Repository) Branch(name string) (Hash, error) {
	h, err := r.reference(heads + name)
	return asHash(h), err
}

// Branches returns the local branches whose names begin with prefix.
func (r *Repository) Branches(prefix string) (map[string]Hash, error) {
	found, err := r.references(heads + prefix)
	if err != nil {
		return nil, err
	}
	all := map[string]Hash{}
	for name, h := range found {
		all[strings.TrimPrefix(name, heads)] = asHash(h)
	}
	return all, nil
}

// Head returns the branch that is checked out, "" if none is, and its commit, ""
// if it has none yet.
func (r *Repository) Head() (branch string, commit Hash, err error) {
	_, target, err := r.readReference("HEAD")
	if err != nil {
		return "", "", err
	}
	branch, isBranch := strings.CutPrefix(target, heads)
	if !isBranch {
		branch = ""
	}
	h, err := r.reference("HEAD")
	return branch, asHash(h), err
}

// Base returns the branch that proposals go to: name, or the remote's default
// branch, or the one that is checked out. The commit is where the remote has it, as
// far as this repository knows, or else where it is here. ErrNotFound if there is none.
func (r *Repository) Base(remote, name string) (branch string, commit Hash, err error) {
	tracking := "refs/remotes/" + remote + "/"
	if name == "" {
		_, target, err := r.readReference(tracking + "HEAD")
		if err != nil {
			return "", "", err
		}
		if to, found := strings.CutPrefix(target, tracking); found {
			name = to
		} else if name, _, err = r.Head(); err != nil {
			return "", "", err
		}
	}
	if name == "" {
		return "", "", fmt.Errorf("no branch is checked out, and the default branch of %s is not known here: %w: name the branch that proposals go to, or run git remote set-head %s --auto", remote, ErrNotFound, remote)
	}
	for _, ref := range []string{tracking + name, heads + name} {
		h, err := r.reference(ref)
		if err != nil {
			return "", "", err
		}
		if !h.IsZero() {
			return name, asHash(h), nil
		}
	}
	return "", "", fmt.Errorf("the branch %s: %w, neither here nor on %s", name, ErrNotFound, remote)
}

// Resolve finds the commit that rev names: HEAD, a branch, a remote branch, a tag,
// a full reference or a hash, shortened to no less than four digits. No ~ or ^.
// ErrNotFound if there is none.
func (r *Repository) Resolve(rev string) (Hash, error) {
	if h, err := parseHash(Hash(rev)); err == nil {
		return r.peel(rev, h)
	}
	for _, form := range []string{"%s", "refs/%s", "refs/tags/%s", "refs/heads/%s", "refs/remotes/%s", "refs/remotes/%s/HEAD"} {
		h, err := r.reference(fmt.Sprintf(form, rev))
		if err != nil {
			return "", err
		}
		if !h.IsZero() {
			return r.peel(rev, h)
		}
	}
	return r.shortHash(rev)
}

// peel follows annotated tags to a commit.
func (r *Repository) peel(rev string, h plumbing.Hash) (Hash, error) {
	for range 10 {
		kind, data, err := r.objects.read(h)
		if errors.Is(err, ErrMissing) {
			return "", fmt.Errorf("%s: %w", rev, ErrNotFound)
		}
		if err != nil {
			return "", err
		}
		if kind == plumbing.CommitObject {
			return asHash(h), nil
		}
		line, _, _ := strings.Cut(string(data), "\n")
		to, found := strings.CutPrefix(line, "object ")
		if kind != plumbing.TagObject || !found {
			break
		}
		h = plumbing.NewHash(to)
	}
	return "", fmt.Errorf("%s is no commit: %w", rev, ErrNotFound)
}

func (r *Repository) shortHash(rev string) (Hash, error) {
	short := strings.ToLower(rev)
	if len(short) < 4 || len(short) > 40 || strings.Trim(short, "0123456789abcdef") != "" {
		return "", fmt.Errorf("%q is no branch, tag or commit: %w", rev, ErrNotFound)
	}
	whole := plumbing.NewHash(short[:len(short)/2*2] + strings.Repeat("0", 40-len(short)/2*2))
	found, err := r.objects.withPrefix(whole[:len(short)/2])
	if err != nil {
		return "", err
	}
	var commits []Hash
	for _, h := range found {
		if strings.HasPrefix(h.String(), short) {
			if c, err := r.peel(rev, h); err == nil && !slices.Contains(commits, c) {
				commits = append(commits, c)
			}
		}
	}
	switch len(commits) {
	case 0:
		return "", fmt.Errorf("%q is no branch, tag or commit: %w", rev, ErrNotFound)
	case 1:
		return commits[0], nil
	}
	return "", fmt.Errorf("%q is the beginning of several commits: %w, give more digits", rev, ErrNotFound)
}
