package main

import (
	"bufio"
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/project"
	"github.com/unleak-dev/unleak/internal/snapshot"
	"github.com/unleak-dev/unleak/transforms"
)

// Repository is one of the list, at one commit.
type Repository struct {
	Name   string // OWNER/NAME
	Commit string // the full hash
}

// readList returns the repositories of a set, in the order of the list. Each line of
// it names a set, a repository and a commit, of which a set may have several; empty lines and those that begin with #
// say nothing. A line that cannot be right is an error, and so is a set without any.
func readList(name, set string) ([]Repository, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var of []Repository
	var sets []string
	seen := map[string]bool{}
	in := bufio.NewScanner(f)
	for line := 1; in.Scan(); line++ {
		fields := strings.Fields(in.Text())
		if len(fields) == 0 || strings.HasPrefix(fields[0], "#") {
			continue
		}
		fail := func(format string, args ...any) ([]Repository, error) {
			return nil, fmt.Errorf("%s:%d: %s", name, line, fmt.Sprintf(format, args...))
		}
		switch {
		case len(fields) != 3:
			return fail("want a set, a repository and a commit")
		case !snapshot.IsRepository(fields[1]):
			return fail("%q is not OWNER/NAME", fields[1])
		case !snapshot.IsCommit(fields[2]):
			return fail("%q is not the full hash of a commit", fields[2])
		case seen[fields[1]+fields[2]]:
			return fail("%s stands there twice with this commit", fields[1])
		}
		seen[fields[1]+fields[2]] = true
		if !slices.Contains(sets, fields[0]) {
			sets = append(sets, fields[0])
		}
		if fields[0] == set {
			of = append(of, Repository{fields[1], fields[2]})
		}
	}
	if err := in.Err(); err != nil {
		return nil, err
	}
	if len(of) == 0 {
		return nil, fmt.Errorf("%s: has no set %q; it has %s", name, set, strings.Join(sets, ", "))
	}
	return of, nil
}

// seedOf is the SHA-256 of the commits' hashes, one after the other in the order of
// the list with nothing between: nobody chose it.
func seedOf(repositories []Repository) [sha256.Size]byte {
	var all strings.Builder
	for _, r := range repositories {
		all.WriteString(r.Commit)
	}
	return sha256.Sum256([]byte(all.String()))
}

// visit extracts the sources and settings of the repository's commit into a temporary
// folder, which do is called with, and which is gone afterwards.
func (r Repository) visit(ctx context.Context, mirror string, do func(dir string) error) error {
	return r.inFolder(mirror, func(from, dir string) error {
		if err := snapshot.Extract(ctx, from, r.Commit, dir); err != nil {
			return err
		}
		return do(dir)
	})
}

// visitWhole is visit with all files of the commit that the clone has, and says how
// many it lacks.
func (r Repository) visitWhole(ctx context.Context, mirror string, do func(dir string, missing int) error) error {
	return r.inFolder(mirror, func(from, dir string) error {
		missing, err := snapshot.Checkout(ctx, from, r.Commit, dir)
		if err != nil {
			return err
		}
		return do(dir, missing)
	})
}

// inFolder calls do with the git directory of the clone and an empty temporary folder,
// which is gone afterwards.
func (r Repository) inFolder(mirror string, do func(from, dir string) error) error {
	from, err := snapshot.GitDir(mirror, r.Name)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "unleak-audit-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }() // what stays lies among temporary files
	return do(from, dir)
}

// detector looks for leaks in a folder with the default options: all kinds, no
// offers, and no settings of the project's own.
func detector(dir string) (*transforms.Detector, error) {
	p, err := project.Open(dir)
	if err != nil {
		return nil, err
	}
	kinds, err := transforms.Builtin()
	if err != nil {
		return nil, err
	}
	return transforms.NewDetector(p, kinds, false), nil
}
