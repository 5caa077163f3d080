package vcs

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// repo is a repository of a test, kept by the real git.
type repo struct {
	t   testing.TB
	dir string
}

// cleanEnv keeps the machine's configuration and agents out of a test.
func cleanEnv(t testing.TB) {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	t.Setenv("GIT_CONFIG_GLOBAL", os.DevNull)
	t.Setenv("GIT_CONFIG_NOSYSTEM", "1")
	t.Setenv("SSH_AUTH_SOCK", "")
	t.Setenv("LC_ALL", "C")
	t.Setenv("HOME", t.TempDir())
	for _, who := range []string{"AUTHOR", "COMMITTER"} {
		t.Setenv("GIT_"+who+"_NAME", "Some Body")
		t.Setenv("GIT_"+who+"_EMAIL", "some@example.com")
		t.Setenv("GIT_"+who+"_DATE", "1700000000 +0100")
	}
}

func newRepo(t testing.TB) repo {
	t.Helper()
	cleanEnv(t)
	r := repo{t, t.TempDir()}
	r.git("init", "-q", "-b", "main")
	return r
}

func (r repo) git(args ...string) string {
	r.t.Helper()
	out, err := r.try(args...)
	if err != nil {
		r.t.Fatalf("git %q: %v\n%s", args, err, out)
	}
	return strings.TrimSuffix(out, "\n")
}

func (r repo) try(args ...string) (string, error) {
	cmd := exec.Command("git", args...)
	cmd.Dir = r.dir
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	return out.String() + errs.String(), err
}

// gitIn runs git with an input.
func (r repo) gitIn(in string, args ...string) string {
	r.t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir, cmd.Stdin = r.dir, strings.NewReader(in)
	out, err := cmd.Output()
	if err != nil {
		r.t.Fatalf("git %q: %v", args, err)
	}
	return strings.TrimSuffix(string(out), "\n")
}

func (r repo) write(name, content string) {
	r.t.Helper()
	writeFile(r.t, filepath.Join(r.dir, filepath.FromSlash(name)), content)
}

func writeFile(t testing.TB, file, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// commit commits everything and returns the commit.
func (r repo) commit(message string) Hash {
	r.t.Helper()
	r.git("add", "-A")
	r.git("commit", "-q", "--allow-empty", "-m", message)
	return Hash(r.git("rev-parse", "HEAD"))
}

func (r repo) open() *Repository {
	r.t.Helper()
	got, err := Open(r.dir)
	if err != nil {
		r.t.Fatal(err)
	}
	return got
}

// fsck is git's own opinion.
func (r repo) fsck() {
	r.t.Helper()
	r.git("fsck", "--strict", "--no-dangling")
}

// someone is a person at a fixed time.
func someone() Person {
	return Person{"Some Body", "some@example.com", time.Unix(1700000000, 0).In(time.FixedZone("", 3600))}
}

// change makes a commit that changes files, given as path and content in turns.
func change(t testing.TB, r *Repository, parent Hash, message string, files ...string) Hash {
	t.Helper()
	h, err := r.Commit(commitOf(parent, message, files...))
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func commitOf(parent Hash, message string, files ...string) Commit {
	c := Commit{Parent: parent, Message: message, Author: someone(), Committer: someone()}
	for pair := range slices.Chunk(files, 2) {
		c.Changes = append(c.Changes, Change{pair[0], []byte(pair[1])})
	}
	return c
}

// bothWays runs a test with git for reading many objects, and without.
func bothWays(t *testing.T, r *Repository, test func(t *testing.T, r *Repository)) {
	for name, bulk := range map[string]bool{"with git": true, "without": false} {
		t.Run(name, func(t *testing.T) {
			r.bulk = bulk
			test(t, r)
		})
	}
}

// state is all that must not change in a checkout.
func (r repo) state() string {
	r.t.Helper()
	index, err := os.ReadFile(r.git("rev-parse", "--path-format=absolute", "--git-path", "index"))
	if err != nil {
		r.t.Fatal(err)
	}
	return strings.Join([]string{r.git("--no-optional-locks", "status", "--porcelain=v2", "--branch", "-uall"), string(index),
		r.git("symbolic-ref", "HEAD"), r.git("--no-optional-locks", "diff"), r.git("--no-optional-locks", "diff", "--cached")}, "\x00")
}
