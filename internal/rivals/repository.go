package main

import (
	"bufio"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/snapshot"
	"github.com/unleak-dev/unleak/internal/syntax"
)

// Repository is one of the list, at one commit.
type Repository struct {
	Name    string   // OWNER/NAME
	Commit  string   // the full hash
	Folders []string // what of it is looked at
}

// readList reads the list. Empty lines and those that begin with # say nothing; a
// line that cannot be right is an error.
func readList(name string) ([]Repository, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var all []Repository
	in := bufio.NewScanner(f)
	for line := 1; in.Scan(); line++ {
		fields := strings.Fields(in.Text())
		if len(fields) == 0 || strings.HasPrefix(fields[0], "#") {
			continue
		}
		switch {
		case len(fields) < 3:
			return nil, fmt.Errorf("%s:%d: want a repository, a commit and folders", name, line)
		case !snapshot.IsRepository(fields[0]):
			return nil, fmt.Errorf("%s:%d: %q is not OWNER/NAME", name, line, fields[0])
		case !snapshot.IsCommit(fields[1]):
			return nil, fmt.Errorf("%s:%d: %q is not the full hash of a commit", name, line, fields[1])
		}
		all = append(all, Repository{fields[0], fields[1], fields[2:]})
	}
	return all, in.Err()
}

// visit extracts the repository's commit, runs the tools on its files, and joins
// what they report.
func (r Repository) visit(ctx context.Context, mirror, home string, tools []tool) ([]*Place, error) {
	from, err := snapshot.GitDir(mirror, r.Name)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "unleak-rivals-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }() // what stays lies among temporary files
	if err := snapshot.Extract(ctx, from, r.Commit, dir); err != nil {
		return nil, err
	}
	// The types that some rules ask for are those that are installed beside the rivals.
	if err := os.Symlink(filepath.Join(home, "node_modules"), filepath.Join(dir, "node_modules")); err != nil {
		return nil, err
	}
	files, err := sources(dir, r.Folders)
	if err != nil {
		return nil, err
	}
	var reports []Report
	for _, t := range tools {
		of, err := t.run(ctx, dir, files)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", t.name, err)
		}
		for _, rep := range of {
			if slices.Contains(files, rep.Path) {
				rep.Tool = t.name
				reports = append(reports, rep)
			}
		}
	}
	return join(ctx, r.Name, dir, reports)
}

// sources returns the files below the folders that all tools are given, with / and
// relative to dir: no declarations, no tests and no stories.
func sources(dir string, folders []string) ([]string, error) {
	var files []string
	for _, folder := range folders {
		err := filepath.WalkDir(filepath.Join(dir, filepath.FromSlash(folder)), func(p string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			rel, err := filepath.Rel(dir, p)
			rel = filepath.ToSlash(rel)
			if err == nil && syntax.Supported(rel) && published(rel) {
				files = append(files, rel)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return files, nil
}

// published reports whether a file is part of what a library publishes.
func published(rel string) bool {
	parts := strings.Split(path.Dir(rel), "/")
	for _, skip := range []string{"__tests__", "__stories__", "test", "tests", "stories", "testing", "demo", "examples"} {
		if slices.Contains(parts, skip) {
			return false
		}
	}
	for _, word := range strings.Split(path.Base(rel), ".")[1:] {
		if slices.Contains([]string{"test", "spec", "stories", "cy", "d"}, word) {
			return false
		}
	}
	return true
}
