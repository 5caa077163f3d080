// Package check runs a project's own command on a copy of the project, to see
// whether a change breaks it. Nothing is run unless a person asked for it.
package check

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"github.com/unleak-dev/unleak/internal/worktree"
)

// Tree is a copy of a project in a folder of its own.
type Tree struct {
	Dir string
}

// Copy copies a project's files: in a git work tree those that git tracks or
// does not ignore, elsewhere all. Folders of installed packages are linked, not
// copied. Remove takes the copy away.
func Copy(ctx context.Context, root string) (*Tree, error) {
	dir, err := os.MkdirTemp("", "unleak-check-")
	if err != nil {
		return nil, err
	}
	t := &Tree{dir}
	var files []string
	err = worktree.Files(ctx, root, func(f string) { files = append(files, f) })
	if err == nil {
		for _, f := range files {
			if err := copyFile(filepath.Join(root, f), filepath.Join(dir, f)); err != nil {
				return nil, errors.Join(err, t.Remove())
			}
		}
	}
	if err := t.walk(root, err != nil); err != nil {
		return nil, errors.Join(err, t.Remove())
	}
	return t, nil
}

// walk links node_modules folders, and copies the rest if all is set.
func (t *Tree) walk(root string, all bool) error {
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		to := filepath.Join(t.Dir, rel)
		switch {
		case d.IsDir() && (d.Name() == ".git" || path == t.Dir):
			return filepath.SkipDir
		case d.Name() == "node_modules":
			if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
				return err
			}
			if err := os.Symlink(path, to); err != nil && !errors.Is(err, fs.ErrExist) {
				return err
			}
			if d.IsDir() {
				return filepath.SkipDir
			}
			return nil
		case all && !d.IsDir():
			return copyFile(path, to)
		}
		return nil
	})
}

func copyFile(from, to string) error {
	info, err := os.Lstat(from)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // tracked and deleted
	}
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		target, err := os.Readlink(from)
		if err != nil {
			return err
		}
		return os.Symlink(target, to)
	case !info.Mode().IsRegular():
		return nil // a submodule, a socket
	}
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, data, info.Mode().Perm())
}

// Remove deletes the copy.
func (t *Tree) Remove() error { return os.RemoveAll(t.Dir) }

// Put writes contents into the copy, by path relative to the root. Files that are
// not there are made; nil takes a file away.
func (t *Tree) Put(contents map[string][]byte) error {
	for rel, data := range contents {
		if err := put(filepath.Join(t.Dir, filepath.FromSlash(rel)), data); err != nil {
			return err
		}
	}
	return nil
}

func put(file string, data []byte) error {
	if data == nil {
		if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	mode := fs.FileMode(0o644)
	if info, err := os.Stat(file); err == nil {
		mode = info.Mode().Perm()
	} else if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, data, mode)
}

// passed is what the command sees of the environment; nothing else gets there,
// no token above all.
var passed = []string{"PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TERM", "USER", "SHELL", "SystemRoot"}

// Environment is the environment of the command: what a shell needs, and CI.
func Environment() []string {
	env := []string{"CI=true", "NO_COLOR=1"}
	for _, name := range passed {
		if v, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+v)
		}
	}
	slices.Sort(env)
	return env
}

// Outcome is what a command said.
type Outcome struct {
	Passed bool
	Output []byte // both streams, as they came
}

// Run runs a command line by the shell in the copy, for at most limit. A command
// that fails is an Outcome; the error says that it could not be run, or took too
// long.
func (t *Tree) Run(ctx context.Context, command string, limit time.Duration) (Outcome, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "-c", command)
	cmd.Dir, cmd.Env = t.Dir, Environment()
	cmd.WaitDelay = 5 * time.Second
	ownGroup(cmd)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case ctx.Err() == context.DeadlineExceeded:
		return Outcome{Output: out.Bytes()}, fmt.Errorf("%q took longer than %s", command, limit)
	case err == nil:
		return Outcome{true, out.Bytes()}, nil
	case errors.As(err, &exit):
		return Outcome{false, out.Bytes()}, nil
	}
	return Outcome{Output: out.Bytes()}, err
}

// Bisect finds which of n changes make a check fail. good is asked about sets of
// them, by index; all of them together were not good. It returns those that can
// stay together, in order: a change is dropped if it fails beside those that were
// kept before it.
func Bisect(n int, good func([]int) (bool, error)) (kept []int, err error) {
	var try func(list []int) error
	try = func(list []int) error {
		ok, err := good(append(slices.Clone(kept), list...))
		switch {
		case err != nil:
			return err
		case ok:
			kept = append(kept, list...)
			return nil
		case len(list) == 1:
			return nil
		}
		half := len(list) / 2
		if err := try(list[:half]); err != nil {
			return err
		}
		return try(list[half:])
	}
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	if n == 0 {
		return nil, nil
	}
	if n == 1 {
		return nil, nil // it is known to fail
	}
	if err := try(all[:n/2]); err != nil {
		return nil, err
	}
	return kept, try(all[n/2:])
}
