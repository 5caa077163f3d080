package vcs

import (
	"fmt"

	"github.com/go-git/go-git/v5/plumbing"
)

// Changed calls each for every file, link and submodule that differs between two
// commits, in git's order: what it was and what it is. A zero Entry is none.
func (r *Repository) Changed(from, to Hash, each func(was, is Entry) error) error {
	a, err := r.root(from)
	if err != nil {
		return err
	}
	b, err := r.root(to)
	if err != nil {
		return err
	}
	d := differ{r: r, each: each}
	return d.trees(a, b, "", 0)
}

// differ compares trees, looking only into those that differ.
type differ struct {
	r    *Repository
	each func(was, is Entry) error
	seen int
}

func (d *differ) trees(a, b plumbing.Hash, prefix string, depth int) error {
	if depth > maxDepth {
		return errTooMuch
	}
	was, err := d.list(a)
	if err != nil {
		return err
	}
	is, err := d.list(b)
	if err != nil {
		return err
	}
	for len(was) > 0 || len(is) > 0 {
		var old, new treeEntry
		switch {
		case len(is) == 0 || len(was) > 0 && sortKey(was[0]) < sortKey(is[0]):
			old, was = was[0], was[1:]
		case len(was) == 0 || sortKey(was[0]) > sortKey(is[0]):
			new, is = is[0], is[1:]
		default:
			old, new, was, is = was[0], is[0], was[1:], is[1:]
		}
		if old.mode == new.mode && old.hash == new.hash {
			continue
		}
		if d.seen++; d.seen > maxEntries {
			return errTooMuch
		}
		if old.isTree() || new.isTree() { // the keys see to it that no other is a file
			err = d.trees(old.hash, new.hash, prefix+max(old.name, new.name)+"/", depth+1) // one name, or the same
		} else {
			err = d.tell(prefix, old, new)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (d *differ) tell(prefix string, old, new treeEntry) error {
	was, err := d.entry(prefix, old)
	if err != nil {
		return err
	}
	is, err := d.entry(prefix, new)
	if err != nil {
		return err
	}
	return d.each(was, is)
}

func (d *differ) entry(prefix string, e treeEntry) (entry Entry, err error) {
	if e.mode == 0 {
		return Entry{}, nil
	}
	entry = Entry{Path: prefix + e.name, Mode: e.mode, Blob: asHash(e.hash), Size: -1}
	if e.mode != ModeSubmodule {
		entry.Size, err = d.r.objects.size(e.hash)
	}
	return entry, err
}

// list reads a tree; the zero hash is an empty one.
func (d *differ) list(h plumbing.Hash) ([]treeEntry, error) {
	if h.IsZero() {
		return nil, nil
	}
	data, err := d.r.objects.readAs(plumbing.TreeObject, h)
	if err != nil {
		return nil, err
	}
	entries, err := parseTree(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", h, err)
	}
	return entries, nil
}

// sortKey orders entries as trees do: folders as if their names ended in a slash.
func sortKey(e treeEntry) string {
	if e.isTree() {
		return e.name + "/"
	}
	return e.name
}
