package githubtest

import (
	"fmt"
	"os"
	"os/exec"
	"strings"

	"github.com/go-git/go-billy/v5/osfs"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/cache"
	"github.com/go-git/go-git/v5/storage/filesystem"
)

// Git runs git in the repository and returns what it prints.
func (r *Repo) Git(args ...string) (string, error) {
	cmd := exec.Command("git", append([]string{"--git-dir=" + r.Dir}, args...)...)
	cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull,
		"GIT_AUTHOR_NAME=A Person", "GIT_AUTHOR_EMAIL=person@example.invalid", "GIT_COMMITTER_NAME=A Person", "GIT_COMMITTER_EMAIL=person@example.invalid")
	out, err := cmd.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("git %s: %w: %s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out)), err
}

// fixed is Git for what is asked of objects by their hashes: the answer stays what it is.
func (r *Repo) fixed(args ...string) (string, error) {
	key := strings.Join(args, "\x00")
	if out, ok := r.answers.Load(key); ok {
		return out.(string), nil
	}
	out, err := r.Git(args...)
	if err == nil {
		r.answers.Store(key, out)
	}
	return out, err
}

// store reads and writes what is asked so often that a program for each would take most of
// a test's time.
func (r *Repo) store() *filesystem.Storage {
	return filesystem.NewStorage(osfs.New(r.Dir), cache.NewObjectLRUDefault())
}

// has says whether there is such a commit.
func (r *Repo) has(sha string) bool {
	_, err := r.store().EncodedObject(plumbing.CommitObject, plumbing.NewHash(sha))
	return err == nil
}

// Head is the commit that a branch holds, "" if there is none.
func (r *Repo) Head(branch string) string {
	return r.heads()[branch]
}

// at is the commit that a reference holds, "" if there is none.
func (r *Repo) at(ref string) string {
	if branch, ok := strings.CutPrefix(ref, "refs/heads/"); ok {
		return r.Head(branch)
	}
	out, _ := r.Git("rev-parse", "-q", "--verify", ref) // which fails where there is none
	return out
}

// heads are the branches of a repository.
func (r *Repo) heads() map[string]string {
	out := map[string]string{}
	// Not asked of git as a rule, which takes long for what is asked so often. It is while a
	// reference is written: the empty file that locks it is an error here.
	refs, err := r.store().IterReferences()
	if err != nil {
		list, _ := r.Git("for-each-ref", "--format=%(refname:lstrip=2) %(objectname)", "refs/heads")
		for line := range strings.Lines(list) {
			name, hash, _ := strings.Cut(strings.TrimSpace(line), " ")
			out[name] = hash
		}
		return out
	}
	_ = refs.ForEach(func(ref *plumbing.Reference) error { // which fails only if the function does
		if ref.Name().IsBranch() {
			out[ref.Name().Short()] = ref.Hash().String()
		}
		return nil
	})
	return out
}
