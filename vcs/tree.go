package vcs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
)

// treeEntry is a line of a tree object.
type treeEntry struct {
	mode uint32
	name string
	hash plumbing.Hash
	at   int // where the hash stands in the object
}

func (e treeEntry) isTree() bool { return e.mode == modeTree }

// parseTree reads a tree object. go-git's decoder would do, but writes modes back
// in its own way; here the bytes stay what they are.
func parseTree(data []byte) ([]treeEntry, error) {
	const hashSize = 20
	var entries []treeEntry
	for at := 0; at < len(data); {
		space := bytes.IndexByte(data[at:], ' ')
		end := bytes.IndexByte(data[at:], 0)
		if space < 0 || end < space || at+end+1+hashSize > len(data) {
			return nil, errors.New("malformed tree")
		}
		mode, err := strconv.ParseUint(string(data[at:at+space]), 8, 32)
		if err != nil {
			return nil, errors.New("malformed tree")
		}
		e := treeEntry{mode: uint32(mode), name: string(data[at+space+1 : at+end]), at: at + end + 1}
		copy(e.hash[:], data[e.at:])
		entries = append(entries, e)
		at = e.at + hashSize
	}
	return entries, nil
}

// Limits on what a commit may hold. They are far beyond what people check in, and
// keep a tree that holds itself many times over from being read for ever.
const (
	maxDepth   = 500
	maxEntries = 5_000_000
)

var errTooMuch = fmt.Errorf("the commit holds more than %d files, or folders in more than %d levels", maxEntries, maxDepth)

// walk calls each for the files, links and submodules of a tree, in git's order.
func walk(read func(plumbing.Hash) ([]byte, error), root plumbing.Hash, each func(path string, e treeEntry) error) error {
	seen := 0
	recent := map[plumbing.Hash][]treeEntry{} // folders that are the same are many in a hostile tree
	list := func(h plumbing.Hash) ([]treeEntry, error) {
		if entries, found := recent[h]; found {
			return entries, nil
		}
		data, err := read(h)
		if err != nil {
			return nil, err
		}
		entries, err := parseTree(data)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", h, err)
		}
		if len(recent) == 1000 {
			clear(recent)
		}
		recent[h] = entries
		return entries, nil
	}
	var down func(h plumbing.Hash, prefix string, depth int) error
	down = func(h plumbing.Hash, prefix string, depth int) error {
		entries, err := list(h)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if seen++; seen > maxEntries || depth > maxDepth {
				return errTooMuch
			}
			if e.isTree() {
				err = down(e.hash, prefix+e.name+"/", depth+1)
			} else {
				err = each(prefix+e.name, e)
			}
			if err != nil {
				return err
			}
		}
		return nil
	}
	return down(root, "", 0)
}

// commit reads a commit.
func (r *Repository) commit(h plumbing.Hash) (*object.Commit, error) {
	data, err := r.objects.readAs(plumbing.CommitObject, h)
	if err != nil {
		return nil, err
	}
	raw := &plumbing.MemoryObject{}
	raw.SetType(plumbing.CommitObject)
	_, _ = raw.Write(data) // into memory
	c := &object.Commit{}
	if err := c.Decode(raw); err != nil {
		return nil, fmt.Errorf("%s: %w", h, err)
	}
	return c, nil
}

// root returns the tree of a commit.
func (r *Repository) root(commit Hash) (plumbing.Hash, error) {
	h, err := parseHash(commit)
	if err != nil {
		return h, err
	}
	c, err := r.commit(h)
	if err != nil {
		return h, err
	}
	return c.TreeHash, nil
}

// Files calls each for every file, link and submodule of a commit, in git's order,
// and stops at the first error, which it returns.
func (r *Repository) Files(commit Hash, each func(Entry) error) error {
	return r.files(context.Background(), commit, each)
}

func (r *Repository) files(ctx context.Context, commit Hash, each func(Entry) error) error {
	root, err := r.root(commit)
	if err != nil {
		return err
	}
	read, stop, err := r.treeReader(ctx)
	if err != nil {
		return err
	}
	defer stop()
	// Sizes are asked for many at a time, without holding millions of entries.
	var pending []Entry
	var blobs []plumbing.Hash
	flush := func() error {
		told := 0
		tell := func(upTo int) error {
			for ; told < upTo; told++ {
				if err := each(pending[told]); err != nil {
					return err
				}
			}
			return nil
		}
		at := 0 // of the entry with the next blob
		err := r.sizes(ctx, blobs, func(_ int, size int64) error {
			for pending[at].Mode == ModeSubmodule {
				at++
			}
			pending[at].Size = size
			at++
			return tell(at)
		})
		if err == nil {
			err = tell(len(pending))
		}
		pending, blobs = pending[:0], blobs[:0]
		return err
	}
	err = walk(read, root, func(path string, e treeEntry) error {
		pending = append(pending, Entry{Path: path, Mode: e.mode, Blob: asHash(e.hash), Size: -1})
		if e.mode != ModeSubmodule {
			blobs = append(blobs, e.hash)
		}
		if len(pending) < 1<<16 {
			return nil
		}
		return flush()
	})
	if err == nil {
		err = flush()
	}
	return err
}

// File finds one file, link or submodule of a commit. ErrNotFound if there is none.
func (r *Repository) File(commit Hash, path string) (Entry, error) {
	root, err := r.root(commit)
	if err != nil {
		return Entry{}, err
	}
	at := treeEntry{mode: modeTree, hash: root}
	for name := range strings.SplitSeq(path, "/") {
		if !at.isTree() {
			return Entry{}, fmt.Errorf("%s: %w", path, ErrNotFound)
		}
		data, err := r.objects.readAs(plumbing.TreeObject, at.hash)
		if err != nil {
			return Entry{}, err
		}
		entries, err := parseTree(data)
		if err != nil {
			return Entry{}, fmt.Errorf("%s: %w", at.hash, err)
		}
		at = treeEntry{}
		for _, e := range entries {
			if e.name == name {
				at = e
			}
		}
	}
	if at.mode == 0 || at.isTree() {
		return Entry{}, fmt.Errorf("%s: %w", path, ErrNotFound)
	}
	entry := Entry{Path: path, Mode: at.mode, Blob: asHash(at.hash), Size: -1}
	if at.mode != ModeSubmodule {
		entry.Size, err = r.objects.size(at.hash)
	}
	return entry, err
}

// Blob returns the content of a file, of no more than MaxFileSize. ErrMissing if it
// is not in this repository.
func (r *Repository) Blob(h Hash) ([]byte, error) {
	hash, err := parseHash(h)
	if err != nil {
		return nil, err
	}
	return r.objects.readAs(plumbing.BlobObject, hash)
}
