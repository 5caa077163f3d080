package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/unleak-dev/unleak/internal/project"
	"github.com/unleak-dev/unleak/internal/propose"
	"github.com/unleak-dev/unleak/internal/run"
	"github.com/unleak-dev/unleak/transforms"
	"github.com/unleak-dev/unleak/vcs"
	"github.com/unleak-dev/unleak/vcs/forge"
)

// branches proposes the table's commit out of a clone, pushes the branches to a bare
// repository and checks each of them out anew: nothing of its phase is left to mend,
// and what it changes is what `diff --phase` shows of the commit.
func (c *checker) branches(gitDir string) error {
	work := filepath.Dir(c.dir)
	bare, clone := filepath.Join(work, "bare.git"), filepath.Join(work, "clone")
	for _, args := range [][]string{
		{"clone", "-q", "--bare", "--shared", gitDir, bare}, {"--git-dir=" + bare, "update-ref", "refs/heads/base", c.table.Commit},
		{"clone", "-q", "--shared", "--no-checkout", "--branch", "base", bare, clone},
	} {
		if _, err := git(args...); err != nil {
			return err
		}
	}
	for _, unsafe := range []bool{false, true} {
		if err := c.proposed(bare, clone, unsafe); err != nil {
			return err
		}
	}
	return nil
}

func (c *checker) proposed(bare, clone string, unsafe bool) error {
	what := "safe"
	if unsafe {
		what = "unsafe"
	}
	began := time.Now()
	all, err := c.propose(clone, what, unsafe)
	if err != nil {
		return err
	}
	fmt.Printf("  %s: %d branches in %s\n", what, len(all), time.Since(began).Round(time.Millisecond))
	if _, err := git("-C", clone, "push", "-q", "origin", "refs/heads/unleak/*:refs/heads/unleak/*"); err != nil {
		return err
	}
	base, err := c.fresh(bare, "base")
	if err != nil {
		return err
	}
	for _, phase := range transforms.Phases {
		accept := func(f *transforms.Fix) bool {
			return f.Phase() == phase && (f.Applicability == transforms.Safe || unsafe && f.Applicability == transforms.Unsafe)
		}
		want, err := c.texts(base, accept)
		if err != nil {
			return err
		}
		branch := fmt.Sprintf("unleak/%s/%s", what, phase)
		if !slices.ContainsFunc(all, func(w *propose.Work) bool { return w.Part.Branch == branch }) {
			c.check(len(want) == 0, "%s: no branch, and nothing to change", branch)
			continue
		}
		dir, err := c.fresh(bare, branch)
		if err != nil {
			return err
		}
		left, err := c.texts(dir, accept)
		if err != nil {
			return err
		}
		c.check(len(left) == 0, "%s: nothing is left to mend", branch)
		changed, err := git("--git-dir="+bare, "diff", "--name-only", "base", branch)
		if err != nil {
			return err
		}
		names := strings.Fields(changed)
		equal := len(names) == len(want)
		for _, name := range names {
			is, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
			equal = equal && err == nil && want[name] != nil && bytes.Equal(is, want[name])
		}
		count, err := git("--git-dir="+bare, "rev-list", "--count", "base.."+branch)
		if err != nil {
			return err
		}
		c.check(equal, "%s: %s commits change %d files, as the diff of the phase does", branch, strings.TrimSpace(count), len(names))
	}
	return nil
}

// propose makes the branches in a clone.
func (c *checker) propose(clone, scope string, unsafe bool) ([]*propose.Work, error) {
	repo, err := vcs.Open(clone)
	if err != nil {
		return nil, err
	}
	base, err := propose.Read(c.ctx, &propose.Place{Repository: repo, Branch: "base", Commit: vcs.Hash(c.table.Commit)})
	if err != nil {
		return nil, err
	}
	kinds, err := transforms.Builtin()
	if err != nil {
		return nil, err
	}
	who := vcs.Person{Name: "Acceptance", Email: "acceptance@example.org"}
	plan, err := propose.Make(c.ctx, base, &propose.Look{Detector: transforms.NewDetector(project.OpenTree(base.Files), kinds, false)},
		propose.Options{Prefix: "unleak/", Scope: scope, Unsafe: unsafe, Split: propose.Whole, Author: who, Committer: who}, nil)
	if err != nil {
		return nil, err
	}
	defer plan.Close()
	var all []*propose.Work
	err = plan.Hand(c.ctx, repo, &propose.Local{Repository: repo}, func(w *propose.Work, o forge.Outcome) error {
		if o.Action != forge.Create {
			return fmt.Errorf("%s: %s: %s", w.Part.Branch, o.Action, o.Reason)
		}
		all = append(all, w)
		return nil
	})
	return all, err
}

// fresh checks a branch out anew. Files that the clone lacks, as large ones may be,
// stay away.
func (c *checker) fresh(bare, branch string) (string, error) {
	dir, err := os.MkdirTemp(filepath.Dir(c.dir), "fresh-")
	if err != nil {
		return "", err
	}
	if _, err := git("clone", "-q", "--shared", "--no-checkout", "--branch", branch, bare, dir); err != nil {
		return "", err
	}
	if _, err := git("-C", dir, "checkout", "-q", "-f"); err != nil {
		fmt.Println("  " + err.Error())
	}
	return dir, nil
}

// texts are the files with the fixes that are accepted.
func (c *checker) texts(dir string, accept func(*transforms.Fix) bool) (map[string][]byte, error) {
	p, err := project.Open(dir)
	if err != nil {
		return nil, err
	}
	kinds, err := transforms.Builtin()
	if err != nil {
		return nil, err
	}
	r, err := run.Run(c.ctx, transforms.NewDetector(p, kinds, false), run.Options{Paths: []string{dir}, Accept: accept})
	if err != nil {
		return nil, err
	}
	out := map[string][]byte{}
	for _, m := range r.Files {
		if m.New != nil {
			out[m.Path] = m.New
		}
	}
	return out, nil
}

func git(args ...string) (string, error) {
	cmd := exec.Command("git", args...)
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1", "GIT_NO_LAZY_FETCH=1")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		line, _, _ := strings.Cut(strings.TrimSpace(stderr.String()), "\n")
		return "", fmt.Errorf("git %s: %s", args[0], line)
	}
	return string(out), nil
}
