package githubtest

import (
	"fmt"
	"os"
)

// What people do on GitHub's pages and with git, beside whoever uses the interface.

// View is a pull request as a person sees it.
type View struct {
	Number                              int
	Title, Body, Branch, Base, Head     string
	Open, Draft, Merged                 bool
	Author                              string
	Labels, Assignees, Reviewers, Teams []string
	Milestone, AutoMerge                string
	Comments                            []string
}

// Pulls returns the pull requests of a repository, oldest first.
func (s *Server) Pulls(r *Repo) []View {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle(r)
	var out []View
	for _, p := range r.pulls {
		v := View{Number: p.number, Title: p.title, Body: p.body, Branch: p.branch, Base: p.base, Head: p.head, Open: p.open, Draft: p.draft, Merged: p.merged, Author: p.author.Login,
			Labels: p.labels, Assignees: p.assignees, Reviewers: p.reviewers, Teams: p.teams, Milestone: p.milestone, AutoMerge: p.autoMerge}
		for _, c := range p.comments {
			v.Comments = append(v.Comments, c.body)
		}
		out = append(out, v)
	}
	return out
}

// pulled is a pull request that must be there.
func (s *Server) pulled(r *Repo, number int) *pull {
	p := r.find(number)
	if p == nil {
		s.t.Fatalf("%s has no pull request %d", r.full(), number)
	}
	s.settle(r)
	return p
}

// Close closes a pull request, and with deletion its branch.
func (s *Server) Close(r *Repo, number int, deletion bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.pulled(r, number)
	p.open, p.closed = false, s.Now()
	if deletion {
		s.must(p.from.Git("update-ref", "-d", "refs/heads/"+p.branch))
	}
}

// Reopen opens a closed one again, if its branch is what it was.
func (s *Server) Reopen(r *Repo, number int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.pulled(r, number)
	if p.from.Head(p.branch) != p.head {
		s.t.Fatalf("%s#%d cannot be reopened: its branch was moved or deleted", r.full(), number)
	}
	p.open = true
}

// Merge merges a pull request, as one commit if squash is set, and with deletion
// deletes its branch. What goes to that branch is led to where this one went, as
// GitHub does.
func (s *Server) Merge(r *Repo, number int, squash, deletion bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.pulled(r, number)
	tree, err := r.Git("merge-tree", "--write-tree", "refs/heads/"+p.base, p.head)
	if err != nil {
		s.t.Fatalf("%s#%d does not merge: %v", r.full(), number, err)
	}
	args := []string{"commit-tree", tree, "-m", fmt.Sprintf("Merge #%d", number), "-p", "refs/heads/" + p.base}
	if !squash {
		args = append(args, "-p", p.head)
	}
	p.mergeCommit = s.must(r.Git(args...))
	s.must(r.Git("update-ref", "refs/heads/"+p.base, p.mergeCommit))
	p.open, p.merged, p.closed = false, true, s.Now()
	if deletion {
		for _, other := range r.pulls {
			if other.open && other.base == p.branch && p.from == r {
				other.base = p.base
			}
		}
		s.must(p.from.Git("update-ref", "-d", "refs/heads/"+p.branch))
	}
}

// Edit changes what a pull request says, and where it goes. "" leaves as it is.
func (s *Server) Edit(r *Repo, number int, title, body, base string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.pulled(r, number)
	if title != "" {
		p.title = title
	}
	if body != "" {
		p.body = body
	}
	if base != "" {
		p.base = base
	}
}

// Rewrite changes the text of a pull request. It may be called by Fault.Do.
func (r *Repo) Rewrite(number int, change func(body string) string) {
	if p := r.find(number); p != nil {
		p.body = change(p.body)
	}
}

// Fork copies a repository for somebody, as the button of that name does.
func (s *Server) Fork(of *Repo, login string) *Repo {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.account(login)
	return s.fork(of, login, of.Name)
}

// Comment says something in a pull request, and returns the number of the comment.
func (s *Server) Comment(r *Repo, number int, login, text string) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.pulled(r, number)
	m := &comment{id: s.id(), author: s.account(login), body: text, created: s.Now()}
	p.comments = append(p.comments, m)
	return m.id
}

// First begins the default branch, with a commit by a person that holds nothing.
func (r *Repo) First() error {
	tree, err := r.Git("write-tree")
	if err != nil {
		return err
	}
	commit, err := r.Git("commit-tree", tree, "-m", "First")
	if err != nil {
		return err
	}
	_, err = r.Git("update-ref", "refs/heads/"+r.Default, commit)
	return err
}

// Commit writes a file on a branch, in a commit by a person, and returns it.
func (r *Repo) Commit(branch, path, content string) (string, error) {
	return r.commitOn(branch, "refs/heads/"+branch, path, content)
}

// Branch makes a branch that is another one with a file written.
func (r *Repo) Branch(name, from, path, content string) (string, error) {
	return r.commitOn(name, "refs/heads/"+from, path, content)
}

func (r *Repo) commitOn(branch, from, path, content string) (string, error) {
	index, err := os.CreateTemp("", "index")
	if err != nil {
		return "", err
	}
	index.Close()
	os.Remove(index.Name())
	defer os.Remove(index.Name())
	env := []string{"GIT_INDEX_FILE=" + index.Name()}
	if _, err := r.pipe(nil, env, "read-tree", from); err != nil {
		return "", err
	}
	blob, err := r.pipe([]byte(content), nil, "hash-object", "-w", "--stdin")
	if err != nil {
		return "", err
	}
	if _, err := r.pipe(nil, env, "update-index", "--add", "--cacheinfo", "100644,"+blob+","+path); err != nil {
		return "", err
	}
	tree, err := r.pipe(nil, env, "write-tree")
	if err != nil {
		return "", err
	}
	commit, err := r.Git("commit-tree", tree, "-m", "Change "+path, "-p", from)
	if err != nil {
		return "", err
	}
	_, err = r.Git("update-ref", "refs/heads/"+branch, commit)
	return commit, err
}

// UpdateBranch merges a pull request's base into its branch, as the button of that
// name does.
func (s *Server) UpdateBranch(r *Repo, number int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.pulled(r, number)
	tree := s.must(r.Git("merge-tree", "--write-tree", p.head, "refs/heads/"+p.base))
	commit := s.must(r.Git("commit-tree", tree, "-m", "Merge branch "+p.base, "-p", p.head, "-p", "refs/heads/"+p.base))
	s.must(p.from.Git("update-ref", "refs/heads/"+p.branch, commit))
}

func (s *Server) must(out string, err error) string {
	if err != nil {
		s.t.Fatal(err)
	}
	return out
}
