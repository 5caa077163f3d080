package vcs

import (
	"container/heap"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
)

// node is a commit on a walk through history.
type node struct {
	hash, tree plumbing.Hash
	parents    []plumbing.Hash
	when       time.Time
	known      bool // the other side has it
	popped     bool
}

// byDate is a heap of commits, the newest on top.
type byDate []*node

func (q byDate) Len() int           { return len(q) }
func (q byDate) Less(i, j int) bool { return q[i].when.After(q[j].when) }
func (q byDate) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }
func (q *byDate) Push(n any)        { *q = append(*q, n.(*node)) }
func (q *byDate) Pop() any {
	last := len(*q) - 1
	n := (*q)[last]
	*q = (*q)[:last]
	return n
}

// walker goes through history, newest commits first.
type walker struct {
	r       *Repository
	nodes   map[plumbing.Hash]*node
	queue   byDate
	unknown int // commits in the queue that the other side may lack
}

// add puts a commit on the queue, if it was not there yet.
func (w *walker) add(h plumbing.Hash, known bool) error {
	n := w.nodes[h]
	if n != nil {
		if known && !n.known {
			n.known = true
			if !n.popped {
				w.unknown--
			}
		}
		return nil
	}
	c, err := w.r.commit(h)
	if err != nil {
		return err
	}
	n = &node{hash: h, tree: c.TreeHash, parents: c.ParentHashes, when: c.Committer.When, known: known}
	w.nodes[h] = n
	if !known {
		w.unknown++
	}
	heap.Push(&w.queue, n)
	return nil
}

// newCommits returns the commits that lead to tips and not to known, as git
// rev-list does. Where dates lie it may return some that known lead to as well.
func (r *Repository) newCommits(tips, known []plumbing.Hash) ([]*node, error) {
	shallow, err := r.shallow()
	if err != nil {
		return nil, err
	}
	w := walker{r: r, nodes: map[plumbing.Hash]*node{}}
	for _, h := range known {
		if err := w.add(h, true); err != nil {
			return nil, err
		}
	}
	for _, h := range tips {
		if err := w.add(h, false); err != nil {
			return nil, err
		}
	}
	var found []*node
	for w.unknown > 0 {
		n := heap.Pop(&w.queue).(*node)
		n.popped = true
		if !n.known {
			w.unknown--
			found = append(found, n)
			if shallow[n.hash] {
				return nil, fmt.Errorf("the remote lacks %s, and this clone is too shallow to push it: git fetch --unshallow helps", n.hash)
			}
		}
		if shallow[n.hash] {
			continue
		}
		for _, p := range n.parents {
			if err := w.add(p, n.known); err != nil && (!n.known || !errors.Is(err, ErrMissing)) {
				return nil, err
			}
		}
	}
	var lacking []*node
	for _, n := range found {
		if !n.known {
			lacking = append(lacking, n)
		}
	}
	return lacking, nil
}

// shallow lists the commits whose parents a shallow clone left out.
func (r *Repository) shallow() (map[plumbing.Hash]bool, error) {
	data, err := os.ReadFile(filepath.Join(r.common, "shallow"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	all := map[plumbing.Hash]bool{}
	for line := range strings.FieldsSeq(string(data)) {
		all[plumbing.NewHash(line)] = true
	}
	return all, err
}

// newObjects returns the commits that lead to tips and not to known, with the trees
// and blobs that none of their parents has in the same place.
func (r *Repository) newObjects(tips, known []plumbing.Hash) ([]plumbing.Hash, error) {
	commits, err := r.newCommits(tips, known)
	if err != nil {
		return nil, err
	}
	c := collector{differ{r: r}, map[plumbing.Hash]bool{}, nil}
	for _, n := range commits {
		c.take(n.hash)
		var parents []plumbing.Hash
		for _, p := range n.parents {
			parent, err := r.commit(p)
			if err != nil {
				return nil, err
			}
			parents = append(parents, parent.TreeHash)
		}
		if err := c.collect(n.tree, parents, 0); err != nil {
			return nil, err
		}
	}
	return c.objects, nil
}

// collector gathers objects, each once.
type collector struct {
	differ
	has     map[plumbing.Hash]bool
	objects []plumbing.Hash
}

func (c *collector) take(h plumbing.Hash) bool {
	if c.has[h] {
		return false
	}
	c.has[h] = true
	c.objects = append(c.objects, h)
	return true
}

// collect takes a tree and what is in it, but for what trees that the other side
// has hold under the same name.
func (c *collector) collect(tree plumbing.Hash, others []plumbing.Hash, depth int) error {
	if depth > maxDepth || len(c.objects) > maxEntries {
		return errTooMuch
	}
	for _, o := range others {
		if o == tree {
			return nil
		}
	}
	if !c.take(tree) {
		return nil
	}
	entries, err := c.list(tree)
	if err != nil {
		return err
	}
	there := map[string][]treeEntry{}
	for _, o := range others {
		theirs, err := c.list(o)
		if err != nil {
			return err
		}
		for _, e := range theirs {
			there[e.name] = append(there[e.name], e)
		}
	}
	for _, e := range entries {
		var below []plumbing.Hash
		same := e.mode == ModeSubmodule // its commit is in another repository
		for _, t := range there[e.name] {
			same = same || t.hash == e.hash
			if t.isTree() {
				below = append(below, t.hash)
			}
		}
		switch {
		case same:
		case e.isTree():
			if err := c.collect(e.hash, below, depth+1); err != nil {
				return err
			}
		default:
			c.take(e.hash)
		}
	}
	return nil
}
