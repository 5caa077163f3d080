// Package worktree asks git about the files of a work tree, for commands that
// look at what changed only or must not write over somebody's work.
package worktree

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// git runs one read-only git command in dir. Nothing of the repository's own
// configuration is executed: no hooks, no file system monitor, no pager.
func git(ctx context.Context, dir string, args ...string) ([]byte, error) {
	cmd := command(ctx, dir, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		if errors.Is(err, exec.ErrNotFound) {
			return nil, errors.New("git is not installed, or not on the PATH")
		}
		if line, _, _ := strings.Cut(strings.TrimSpace(stderr.String()), "\n"); line != "" {
			return nil, errors.New(strings.TrimPrefix(line, "fatal: "))
		}
		return nil, fmt.Errorf("git %s: %w", args[0], err)
	}
	return stdout.Bytes(), nil
}

func command(ctx context.Context, dir string, args ...string) *exec.Cmd {
	base := []string{"-C", dir, "--no-optional-locks", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "--no-pager"}
	return exec.CommandContext(ctx, "git", append(base, args...)...)
}

// Path is where a file or folder of that name stands in the git directory of a work
// tree, as a native, absolute path. Git shows nothing of what is there.
func Path(ctx context.Context, top, name string) (string, error) {
	out, err := git(ctx, top, "rev-parse", "--git-path", name)
	if err != nil {
		return "", err
	}
	path := filepath.FromSlash(strings.TrimSuffix(string(out), "\n"))
	if !filepath.IsAbs(path) {
		path = filepath.Join(top, path)
	}
	return path, nil
}

// Changed lists the files that differ from ref, untracked ones included, as
// paths relative to the top of the work tree. Deleted files are left out.
func Changed(ctx context.Context, top, ref string) ([]string, error) {
	if strings.HasPrefix(ref, "-") {
		return nil, fmt.Errorf("%q is not a revision", ref)
	}
	diff, err := git(ctx, top, "diff", "--name-only", "-z", "--no-ext-diff", "--diff-filter=d", ref, "--")
	if err != nil {
		return nil, err
	}
	others, err := git(ctx, top, "ls-files", "--others", "--exclude-standard", "-z")
	if err != nil {
		return nil, err
	}
	return append(split(diff), split(others)...), nil
}

// Ignored lists which of the given files below dir, relative to it, git ignores. A
// file that is tracked is not ignored. It fails where dir is in no work tree.
func Ignored(ctx context.Context, dir string, files []string) ([]string, error) {
	if len(files) == 0 {
		return nil, nil
	}
	cmd := command(ctx, dir, "check-ignore", "-z", "--stdin")
	cmd.Stdin = strings.NewReader(strings.Join(files, "\x00") + "\x00")
	out, err := cmd.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == 1 { // none is
		err = nil
	}
	if err != nil {
		return nil, fmt.Errorf("git check-ignore: %w", err)
	}
	return split(out), nil
}

// Dirty lists which of the given files, relative to the top, have uncommitted
// changes; with staged set, which differ from what is staged.
func Dirty(ctx context.Context, top string, files []string, staged bool) ([]string, error) {
	if len(files) == 0 {
		return nil, nil
	}
	args := append([]string{"status", "--porcelain", "-z", "--untracked-files=all", "--"}, literal(files)...)
	out, err := git(ctx, top, args...)
	if err != nil {
		return nil, err
	}
	var dirty []string
	entries := split(out)
	for i := 0; i < len(entries); i++ {
		if e := entries[i]; len(e) > 3 {
			if !staged || e[1] != ' ' {
				dirty = append(dirty, e[3:])
			}
			if strings.ContainsAny(e[:2], "RC") {
				i++ // the name before
			}
		}
	}
	return dirty, nil
}

// Files calls found for the files below dir that are tracked, or untracked and not
// ignored, relative to dir, in order and each once. The list is never held as a
// whole. It fails where git is not installed or dir is in no work tree.
func Files(ctx context.Context, dir string, found func(name string)) error {
	out, err := git(ctx, dir, "ls-files", "--others", "--exclude-standard", "-z")
	if err != nil {
		return err
	}
	others := split(out)
	slices.Sort(others)
	cmd := command(ctx, dir, "ls-files", "--cached", "-z")
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	last := ""
	tell := func(name string) {
		if name != last {
			last = name
			found(name)
		}
	}
	r := bufio.NewReader(pipe)
	for {
		name, err := r.ReadString(0)
		if err != nil {
			break // the end, or what Wait tells
		}
		name = name[:len(name)-1]
		for len(others) > 0 && others[0] < name {
			tell(others[0])
			others = others[1:]
		}
		tell(name)
	}
	for _, name := range others {
		tell(name)
	}
	return cmd.Wait()
}

// literal keeps names with magic characters from being read as patterns.
func literal(files []string) []string {
	out := make([]string, len(files))
	for i, f := range files {
		out[i] = ":(literal)" + f
	}
	return out
}

func split(out []byte) []string {
	var names []string
	for _, s := range strings.Split(string(out), "\x00") {
		if s != "" {
			names = append(names, s)
		}
	}
	return names
}
