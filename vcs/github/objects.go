package github

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"unicode/utf8"

	"github.com/google/go-github/v60/github"

	"github.com/unleak-dev/unleak/vcs"
	"github.com/unleak-dev/unleak/vcs/forge"
)

// largestInTree is the size in bytes up to which the text of a file goes into the
// request that makes its tree. Others are requests of their own.
const largestInTree = 1 << 20

// zero is how GitHub writes that a branch does not exist.
const zero = "0000000000000000000000000000000000000000"

// makeCommits makes a commit through the Git Data API, and those before it that
// GitHub lacks, and returns its hash there. Making an object twice makes one, so
// these requests are repeated without a look.
func (g *GitHub) makeCommits(ctx context.Context, tip vcs.Hash) (vcs.Hash, error) {
	var chain []vcs.Hash
	for at := tip; g.made[at] == ""; {
		_, _, err := g.client.Git.GetCommit(ctx, g.head.Owner, g.head.Name, string(at))
		if err == nil {
			g.made[at] = at
			break
		}
		if s := status(plainError(err)); s != http.StatusNotFound && s != http.StatusUnprocessableEntity {
			return "", fmt.Errorf("looking for the commit %s: %w", at, plainError(err))
		}
		chain = append(chain, at)
		info, err := g.o.Repository.Info(at)
		if err != nil {
			return "", err
		}
		if len(info.Parents) != 1 {
			return "", &forge.UnableError{Reason: fmt.Sprintf("GitHub lacks %s, on which the work was done: push it first", at)}
		}
		at = info.Parents[0]
		if len(chain) > 1000 {
			return "", &forge.UnableError{Reason: "GitHub lacks the last 1000 commits: push the base first"}
		}
	}
	for _, c := range slices.Backward(chain) {
		if err := g.makeCommit(ctx, c); err != nil {
			return "", fmt.Errorf("making the commit %s on GitHub: %w", c, refusal(err))
		}
	}
	return g.made[tip], nil
}

// makeCommit makes one commit whose parent is there.
func (g *GitHub) makeCommit(ctx context.Context, c vcs.Hash) error {
	info, err := g.o.Repository.Info(c)
	if err != nil {
		return err
	}
	parent := info.Parents[0]
	before, err := g.o.Repository.Info(parent)
	if err != nil {
		return err
	}
	var entries []*github.TreeEntry
	err = g.o.Repository.Changed(parent, c, func(was, is vcs.Entry) error {
		e, err := g.treeEntry(ctx, was, is)
		entries = append(entries, e)
		return err
	})
	if err != nil {
		return err
	}
	tree := string(before.Tree)
	if len(entries) > 0 {
		var made *github.Tree
		err := g.post(ctx, func() (err error) {
			made, _, err = g.client.Git.CreateTree(ctx, g.head.Owner, g.head.Name, string(before.Tree), entries)
			return err
		}, notLooked)
		if err != nil {
			return err
		}
		tree = made.GetSHA()
	}
	if vcs.Hash(tree) != info.Tree {
		return fmt.Errorf("the tree came out as %s and should be %s", tree, info.Tree)
	}
	was, sha := string(g.made[parent]), string(info.Tree)
	request := &github.Commit{Message: &info.Message, Tree: &github.Tree{SHA: &sha}, Parents: []*github.Commit{{SHA: &was}},
		Author: person(info.Author), Committer: person(info.Committer)}
	signature, err := g.o.Repository.Signature(c)
	if err != nil {
		return err
	}
	if signature != "" {
		request.Verification = &github.SignatureVerification{Signature: &signature}
	}
	var made *github.Commit
	err = g.post(ctx, func() (err error) {
		made, _, err = g.client.Git.CreateCommit(ctx, g.head.Owner, g.head.Name, request, nil)
		return err
	}, notLooked)
	if err != nil {
		return err
	}
	if signature != "" && made.GetSHA() != string(c) {
		return &forge.UnableError{Reason: "GitHub makes another commit than the one that was signed: push instead, with --via push"}
	}
	g.made[c] = vcs.Hash(made.GetSHA())
	return nil
}

func notLooked() (bool, error) { return false, nil }

func person(p vcs.Person) *github.CommitAuthor {
	return &github.CommitAuthor{Name: &p.Name, Email: &p.Email, Date: &github.Timestamp{Time: p.When}}
}

// treeEntry is a change of a file, with the file's mode. Content that is not UTF-8
// becomes a blob first.
func (g *GitHub) treeEntry(ctx context.Context, was, is vcs.Entry) (*github.TreeEntry, error) {
	if is.Path == "" {
		// Without hash and content, it goes out of the tree.
		return &github.TreeEntry{Path: &was.Path, Mode: github.String(fmt.Sprintf("%06o", was.Mode)), Type: github.String("blob")}, nil
	}
	e := &github.TreeEntry{Path: &is.Path, Mode: github.String(fmt.Sprintf("%06o", is.Mode)), Type: github.String("blob")}
	if is.Mode == vcs.ModeSubmodule {
		e.Type, e.SHA = github.String("commit"), github.String(string(is.Blob))
		return e, nil
	}
	if was.Blob == is.Blob {
		e.SHA = github.String(string(is.Blob))
		return e, nil
	}
	data, err := g.o.Repository.Blob(is.Blob)
	if err != nil {
		return nil, err
	}
	if utf8.Valid(data) && len(data) <= largestInTree && len(data) > 0 {
		e.Content = github.String(string(data))
		return e, nil
	}
	err = g.post(ctx, func() error {
		b, _, err := g.client.Git.CreateBlob(ctx, g.head.Owner, g.head.Name,
			&github.Blob{Content: github.String(base64.StdEncoding.EncodeToString(data)), Encoding: github.String("base64")})
		if err == nil {
			e.SHA = b.SHA
		}
		return err
	}, notLooked)
	return e, err
}

// setBranch moves a branch with a lease. The REST interface cannot do that: it
// makes a branch only if there is none, but moves and deletes one wherever it is.
func (g *GitHub) setBranch(ctx context.Context, u vcs.Update) error {
	if u.New == u.Old {
		return nil
	}
	var err error
	if u.Old == "" {
		ref := &github.Reference{Ref: github.String("refs/heads/" + u.Branch), Object: &github.GitObject{SHA: github.String(string(u.New))}}
		_, _, err = g.client.Git.CreateRef(ctx, g.head.Owner, g.head.Name, ref)
		err = plainError(err)
	} else {
		err = g.updateRef(ctx, u)
	}
	if err == nil {
		return nil
	}
	// Whatever it says, where the branch is tells whether it was done.
	at, lerr := g.branch(ctx, g.head, u.Branch)
	switch {
	case lerr != nil:
		return errors.Join(err, lerr)
	case at == u.New:
		return nil
	case at != u.Old:
		return fmt.Errorf("moving %s: %w", u.Branch, vcs.ErrLease)
	}
	if e, ok := err.(*graphqlError); ok {
		return &forge.UnableError{Reason: explain(e.message)}
	}
	return fmt.Errorf("moving %s: %w", u.Branch, refusal(err))
}

func (g *GitHub) updateRef(ctx context.Context, u vcs.Update) error {
	repo := g.repo
	if g.forked {
		fork, _, err := g.client.Repositories.Get(ctx, g.head.Owner, g.head.Name)
		if err != nil {
			return plainError(err)
		}
		repo = fork
	}
	after := string(u.New)
	if after == "" {
		after = zero
	}
	return g.mutate(ctx, `mutation($repo: ID!, $name: GitRefname!, $before: GitObjectID!, $after: GitObjectID!) {
  updateRefs(input: {repositoryId: $repo, refUpdates: [{name: $name, beforeOid: $before, afterOid: $after, force: true}]}) { clientMutationId }
}`, map[string]any{"repo": repo.GetNodeID(), "name": "refs/heads/" + u.Branch, "before": string(u.Old), "after": after})
}
