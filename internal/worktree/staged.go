package worktree

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"
)

// Staged lists the files whose staged content differs from the last commit.
func Staged(ctx context.Context, top string) ([]string, error) {
	out, err := git(ctx, top, "diff", "--cached", "--name-only", "-z", "--no-ext-diff", "--diff-filter=d")
	if err != nil {
		return nil, err
	}
	return split(out), nil
}

// StagedContents are what is staged of files that the work tree has otherwise, or not
// at all: what a commit would hold there. wanted chooses, by the path relative to the
// top of the work tree. Files that are in no commit and not staged are not known here.
func StagedContents(ctx context.Context, top string, wanted func(name string) bool) (map[string][]byte, error) {
	out, err := git(ctx, top, "diff", "--name-only", "-z", "--no-ext-diff", "--ignore-submodules=all")
	if err != nil {
		return nil, err
	}
	var names []string
	for _, name := range split(out) {
		if wanted(name) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return nil, nil
	}
	hashes, err := staged(ctx, top, names)
	if err != nil {
		return nil, err
	}
	var asked strings.Builder
	var known []string
	for _, name := range names {
		if hash := hashes[name]; hash != "" {
			known = append(known, name)
			asked.WriteString(hash + "\n")
		}
	}
	cmd := command(ctx, top, "cat-file", "--batch")
	cmd.Stdin = strings.NewReader(asked.String())
	out, err = cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("git cat-file: %w", err)
	}
	contents := map[string][]byte{}
	in := bufio.NewReader(bytes.NewReader(out))
	for _, name := range known {
		if contents[name], err = object(in); err != nil {
			return nil, fmt.Errorf("%s: what is staged cannot be read: %w", name, err)
		}
	}
	return contents, nil
}

// staged are the hashes of what is staged of some files; of those that are links, or
// in conflict, there is none.
func staged(ctx context.Context, top string, names []string) (map[string]string, error) {
	wanted := map[string]bool{}
	for _, name := range names {
		wanted[name] = true
	}
	out, err := git(ctx, top, "ls-files", "--stage", "-z") // all: a command line has its limits
	if err != nil {
		return nil, err
	}
	hashes := map[string]string{}
	for _, entry := range split(out) {
		about, name, _ := strings.Cut(entry, "\t")
		fields := strings.Fields(about) // mode, hash, stage
		if wanted[name] && len(fields) == 3 && strings.HasPrefix(fields[0], "100") && fields[2] == "0" {
			hashes[name] = fields[1]
		}
	}
	return hashes, nil
}

// object reads one answer of `git cat-file --batch`.
func object(in *bufio.Reader) ([]byte, error) {
	head, err := in.ReadString('\n')
	if err != nil {
		return nil, err
	}
	fields := strings.Fields(head) // hash, type, size
	if len(fields) != 3 {
		return nil, fmt.Errorf("git says %q", strings.TrimSpace(head))
	}
	size, err := strconv.Atoi(fields[2])
	if err != nil {
		return nil, err
	}
	data := make([]byte, size+1) // and the line end behind it
	_, err = io.ReadFull(in, data)
	return data[:size], err
}

// Hooks is the folder in which git looks for the hooks of the repository around dir,
// and which folders are the repository's own: the git folder that all its work trees
// share, and the top of this work tree. It fails where dir is in no work tree.
func Hooks(ctx context.Context, dir string) (hooks, common, top string, err error) {
	cmd := exec.CommandContext(ctx, "git", "-C", dir, "rev-parse", "--path-format=absolute", "--git-path", "hooks", "--git-common-dir", "--show-toplevel")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		if line, _, _ := strings.Cut(strings.TrimSpace(stderr.String()), "\n"); line != "" {
			err = errors.New(strings.TrimPrefix(line, "fatal: "))
		}
		return "", "", "", err
	}
	lines := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
	if len(lines) != 3 {
		return "", "", "", fmt.Errorf("git says %q", out)
	}
	return lines[0], lines[1], lines[2], nil
}
