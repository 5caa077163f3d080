package vcs

import (
	"bytes"
	"container/heap"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
)

// Commit writes a commit and the objects that it needs, and no reference. Only the
// trees above changed files are written anew, and of those only the names of what
// changed. It fails with an UnfitError for what cannot be changed, ErrNotFound for
// a file that the parent lacks, ErrUnchanged if nothing would change.
func (r *Repository) Commit(c Commit) (Hash, error) {
	parent, err := parseHash(c.Parent)
	if err != nil {
		return "", err
	}
	base, err := r.commit(parent)
	if err != nil {
		return "", err
	}
	message, err := tidyMessage(c.Message)
	if err != nil {
		return "", err
	}
	author, err := c.Author.header()
	if err != nil {
		return "", fmt.Errorf("author: %w", err)
	}
	committer, err := c.Committer.header()
	if err != nil {
		return "", fmt.Errorf("committer: %w", err)
	}
	changes, err := asEdit(c.Changes)
	if err != nil {
		return "", err
	}
	tree, err := r.rewrite(base.TreeHash, changes, "")
	if err != nil {
		return "", err
	}
	if tree == base.TreeHash {
		return "", fmt.Errorf("a commit on %s: %w", c.Parent, ErrUnchanged)
	}
	head := fmt.Sprintf("tree %s\nparent %s\nauthor %s\ncommitter %s\n", tree, parent, author, committer)
	if c.Signer != nil {
		signature, err := c.Signer.Sign([]byte(head + "\n" + message))
		if err != nil {
			return "", fmt.Errorf("signing a commit: %w", err)
		}
		head += "gpgsig " + strings.ReplaceAll(strings.TrimRight(signature, "\n"), "\n", "\n ") + "\n"
	}
	h, err := r.objects.write(plumbing.CommitObject, []byte(head+"\n"+message))
	return asHash(h), err
}

// edit is what becomes of a file, or of the files in a folder.
type edit struct {
	data  []byte // of a file
	below map[string]*edit
}

func asEdit(changes []Change) (*edit, error) {
	root := &edit{below: map[string]*edit{}}
	for _, c := range changes {
		at := root
		names := strings.Split(c.Path, "/")
		for i, name := range names {
			next, there := at.below[name]
			last := i == len(names)-1
			if there && (last || next.below == nil) {
				return nil, &UnfitError{c.Path, "is changed twice"}
			}
			if !there {
				next = &edit{}
				if !last {
					next.below = map[string]*edit{}
				}
				at.below[name] = next
			}
			at = next
		}
		at.data = c.Data
	}
	return root, nil
}

// rewrite stores a tree with edits and returns its name.
func (r *Repository) rewrite(tree plumbing.Hash, e *edit, prefix string) (plumbing.Hash, error) {
	data, err := r.objects.readAs(plumbing.TreeObject, tree)
	if err != nil {
		return tree, err
	}
	entries, err := parseTree(data)
	if err != nil {
		return tree, fmt.Errorf("%s: %w", tree, err)
	}
	data = bytes.Clone(data) // it may be shared
	done := 0
	for _, entry := range entries {
		next, wanted := e.below[entry.name]
		if !wanted {
			continue
		}
		done++
		path := prefix + entry.name
		var h plumbing.Hash
		if next.below != nil && entry.isTree() {
			h, err = r.rewrite(entry.hash, next, path+"/")
		} else if err = r.fit(path, entry, next); err == nil {
			h, err = r.objects.write(plumbing.BlobObject, next.data)
		}
		if err != nil {
			return tree, err
		}
		copy(data[entry.at:], h[:])
	}
	if done < len(e.below) {
		for name := range e.below {
			if !slices.ContainsFunc(entries, func(t treeEntry) bool { return t.name == name }) {
				return tree, fmt.Errorf("%s%s: %w", prefix, name, ErrNotFound)
			}
		}
	}
	return r.objects.write(plumbing.TreeObject, data)
}

// fit says why an entry cannot be changed, if it cannot.
func (r *Repository) fit(path string, entry treeEntry, e *edit) error {
	switch {
	case entry.mode == ModeLink:
		return &UnfitError{path, "is a symbolic link"}
	case entry.mode == ModeSubmodule:
		return &UnfitError{path, "is a submodule"}
	case entry.isTree():
		return &UnfitError{path, "is a folder"}
	case e.below != nil:
		return fmt.Errorf("%s is a file and has nothing below it: %w", path, ErrNotFound)
	case isPointer(e.data):
		return &UnfitError{path, "would become a pointer of Git LFS"}
	}
	size, err := r.objects.size(entry.hash)
	if err != nil || size < 0 || size > maxPointer {
		return err
	}
	old, err := r.objects.readAs(plumbing.BlobObject, entry.hash)
	if err == nil && isPointer(old) {
		return &UnfitError{path, "is kept by Git LFS"}
	}
	return err
}

// maxPointer is the size that no pointer of Git LFS reaches, in bytes.
const maxPointer = 1024

// isPointer reports whether a blob stands for a file that Git LFS keeps.
func isPointer(blob []byte) bool {
	return len(blob) < maxPointer && bytes.HasPrefix(blob, []byte("version https://git-lfs.github.com/spec/"))
}

// tidyMessage does to a message what git does before it commits: no space at the
// ends of lines, no empty lines around it and no two in a row, a newline at the end.
func tidyMessage(s string) (string, error) {
	if strings.ContainsRune(s, 0) {
		return "", errors.New("a commit message cannot hold a NUL byte")
	}
	var out strings.Builder
	empty := false
	for line := range strings.SplitSeq(strings.ToValidUTF8(s, "\uFFFD"), "\n") {
		line = strings.TrimRight(line, " \t\r")
		if line == "" {
			empty = out.Len() > 0
			continue
		}
		if empty {
			out.WriteByte('\n')
			empty = false
		}
		out.WriteString(line + "\n")
	}
	if out.Len() == 0 {
		return "", errors.New("a commit needs a message")
	}
	return out.String(), nil
}

// header is how a person stands in a commit.
func (p Person) header() (string, error) {
	name, email := tidyName(p.Name), tidyName(p.Email)
	if name == "" {
		return "", errors.New("a commit needs a name")
	}
	if p.When.Unix() < 0 {
		return "", fmt.Errorf("%s is too long ago for a commit", p.When)
	}
	return fmt.Sprintf("%s <%s> %d %s", name, email, p.When.Unix(), p.When.Format("-0700")), nil
}

// tidyName leaves out what git leaves out of names and addresses.
func tidyName(s string) string {
	s = strings.TrimFunc(strings.ToValidUTF8(s, "\uFFFD"), func(c rune) bool {
		return c <= ' ' || strings.ContainsRune(`.,:;<>"\'`, c)
	})
	return strings.Map(func(c rune) rune {
		if c == '\n' || c == '<' || c == '>' || c == 0 {
			return -1
		}
		return c
	}, s)
}

// Info is what a commit says of itself.
type Info struct {
	Tree              Hash
	Parents           []Hash
	Author, Committer Person
	Message           string
	Signed            bool // it has a signature, which nobody checked
}

// Info reads a commit.
func (r *Repository) Info(commit Hash) (Info, error) {
	h, err := parseHash(commit)
	if err != nil {
		return Info{}, err
	}
	c, err := r.commit(h)
	if err != nil {
		return Info{}, err
	}
	person := func(s object.Signature) Person { return Person{s.Name, s.Email, s.When} }
	info := Info{Tree: asHash(c.TreeHash), Author: person(c.Author), Committer: person(c.Committer), Message: c.Message, Signed: c.PGPSignature != ""}
	for _, p := range c.ParentHashes {
		info.Parents = append(info.Parents, asHash(p))
	}
	return info, nil
}

// Ancestor reports whether a is b or a commit that b builds on, by what is here of
// the history. Commits that are a day older than a are not looked behind.
func (r *Repository) Ancestor(a, b Hash) (bool, error) {
	from, err := parseHash(b)
	if err != nil {
		return false, err
	}
	to, err := parseHash(a)
	if err != nil {
		return false, err
	}
	target, err := r.commit(to)
	if err != nil {
		return false, err
	}
	oldest := target.Committer.When.Add(-24 * time.Hour)
	w := walker{r: r, nodes: map[plumbing.Hash]*node{}}
	if err := w.add(from, false); err != nil {
		return false, err
	}
	for len(w.queue) > 0 {
		n := heap.Pop(&w.queue).(*node)
		if n.hash == to {
			return true, nil
		}
		if n.when.Before(oldest) {
			continue
		}
		for _, p := range n.parents {
			if err := w.add(p, false); err != nil && !errors.Is(err, ErrMissing) {
				return false, err
			}
		}
	}
	return false, nil
}
