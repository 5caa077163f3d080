package worktree

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"time"
)

// Branch is a branch, here or as a remote had it last.
type Branch struct {
	Name   string // without refs/heads/, or with the remote's name: origin/unleak/critical
	Commit string
}

// Branches lists the branches below a prefix of names, and those that remotes had when
// they were fetched last. One that a remote has at the same commit is listed once.
func Branches(ctx context.Context, top, prefix string) ([]Branch, error) {
	prefix = strings.TrimSuffix(prefix, "/")
	out, err := git(ctx, top, "for-each-ref", "--format=%(refname)%00%(objectname)", "refs/heads/"+prefix+"/**", "refs/remotes/*/"+prefix+"/**")
	if err != nil {
		return nil, err
	}
	var all []Branch
	seen := map[string]bool{}
	for line := range bytes.Lines(out) {
		name, commit, ok := strings.Cut(strings.TrimSuffix(string(line), "\n"), "\x00")
		if !ok {
			continue
		}
		short, local := strings.CutPrefix(name, "refs/heads/")
		if !local {
			short = strings.TrimPrefix(name, "refs/remotes/")
			_, plain, _ := strings.Cut(short, "/")
			if seen[plain+"\x00"+commit] {
				continue
			}
		}
		seen[short+"\x00"+commit] = true
		all = append(all, Branch{short, commit})
	}
	return all, nil
}

// ChangedBy lists the files that a commit changes and still has, beside what it and
// the current commit have in common. None if they have nothing in common.
func ChangedBy(ctx context.Context, top, commit string) ([]string, error) {
	if strings.HasPrefix(commit, "-") {
		return nil, fmt.Errorf("%q is not a commit", commit)
	}
	base, err := git(ctx, top, "merge-base", "HEAD", commit)
	if err != nil {
		return nil, nil
	}
	out, err := git(ctx, top, "diff", "--name-only", "-z", "--no-ext-diff", "--diff-filter=d", strings.TrimSpace(string(base)), commit, "--")
	if err != nil {
		return nil, err
	}
	return split(out), nil
}

// Show is what a commit has under a path, relative to the top.
func Show(ctx context.Context, top, commit, path string) ([]byte, error) {
	return git(ctx, top, "cat-file", "blob", commit+":"+path)
}

// Head is the current commit, "" where there is none.
func Head(ctx context.Context, top string) string {
	out, err := git(ctx, top, "rev-parse", "-q", "--verify", "HEAD^{commit}")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}

// Commit is one of a history.
type Commit struct {
	Hash    string
	Date    time.Time // of the committer
	Subject string
}

// Marked lists the newest n commits of the current branch with a trailer, which is
// given by its name.
func Marked(ctx context.Context, top, trailer string, n int) ([]Commit, error) {
	out, err := git(ctx, top, "log", "-z", "--fixed-strings", "--grep="+trailer+": ", fmt.Sprintf("--max-count=%d", n),
		"--format=%H%x1f%cI%x1f%(trailers:key="+trailer+",valueonly,separator=%x2C)%x1f%s", "HEAD", "--")
	if err != nil {
		return nil, err
	}
	var all []Commit
	for _, record := range split(out) {
		fields := strings.SplitN(record, "\x1f", 4)
		if len(fields) < 4 || fields[2] == "" { // the words stand elsewhere in the message
			continue
		}
		date, err := time.Parse(time.RFC3339, fields[1])
		if err != nil {
			return nil, fmt.Errorf("git gives %q as a date", fields[1])
		}
		all = append(all, Commit{fields[0], date, fields[3]})
	}
	return all, nil
}

// Modified reports whether a tracked file differs from the last commit, in the work
// tree or as staged.
func Modified(ctx context.Context, top string) (bool, error) {
	out, err := git(ctx, top, "diff", "--name-only", "-z", "--no-ext-diff", "HEAD", "--")
	return len(out) > 0, err
}
