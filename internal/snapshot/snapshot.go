// Package snapshot reads one commit out of a clone, bare or not: its sources and
// settings, or all of it. Nothing of a repository is executed, and nothing is
// fetched: what is wanted is read from its objects and written into a folder.
package snapshot

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/unleak-dev/unleak/internal/project"
	"github.com/unleak-dev/unleak/internal/syntax"
)

// GitDir finds the clone of a repository, OWNER/NAME, in a folder of clones, with
// or without a work tree, and returns its git directory. The clone may be called
// OWNER/NAME, OWNER/NAME.git, OWNER+NAME, OWNER+NAME.git or OWNER+NAME/repo.
func GitDir(mirror, repository string) (string, error) {
	flat := strings.ReplaceAll(repository, "/", "+")
	for _, rel := range []string{repository, repository + ".git", flat, flat + ".git", flat + "/repo"} {
		dir := filepath.Join(mirror, filepath.FromSlash(rel))
		for _, d := range []string{filepath.Join(dir, ".git"), dir} {
			if info, err := os.Stat(filepath.Join(d, "HEAD")); err == nil && info.Mode().IsRegular() {
				return d, nil
			}
		}
	}
	return "", errors.New("there is no clone of it")
}

// gitCommand prepares a command that only reads objects that are there: nothing
// is fetched, and nothing that the clone's configuration names is executed.
func gitCommand(ctx context.Context, dir string, args ...string) *exec.Cmd {
	base := []string{"--git-dir=" + dir, "--no-optional-locks", "--no-pager", "-c", "core.hooksPath=/dev/null"}
	cmd := exec.CommandContext(ctx, "git", append(base, args...)...)
	cmd.Env = append(os.Environ(), "GIT_NO_LAZY_FETCH=1", "GIT_TERMINAL_PROMPT=0")
	return cmd
}

// blob is a file of a commit.
type blob struct{ path, hash string }

// list names the sources and settings of a commit.
func list(ctx context.Context, dir, revision string) ([]blob, error) {
	cmd := gitCommand(ctx, dir, "ls-tree", "-r", "-z", "--full-tree", revision)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		line, _, _ := strings.Cut(strings.TrimSpace(stderr.String()), "\n")
		return nil, fmt.Errorf("%s cannot be listed: %s", revision, strings.TrimPrefix(line, "fatal: "))
	}
	var blobs []blob
	for _, entry := range strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00") {
		about, name, _ := strings.Cut(entry, "\t")
		fields := strings.Fields(about) // mode, type, hash
		if len(fields) != 3 || !strings.HasPrefix(fields[0], "100") || !wanted(name) {
			continue
		}
		blobs = append(blobs, blob{name, fields[2]})
	}
	return blobs, nil
}

// IsRepository reports whether s can be the OWNER/NAME of a repository: no part of
// it leads out of a folder of clones, or is taken for an option.
func IsRepository(s string) bool {
	owner, name, cut := strings.Cut(s, "/")
	return cut && isName(owner) && isName(name)
}

func isName(s string) bool {
	return s != "" && !strings.HasPrefix(s, ".") && !strings.HasPrefix(s, "-") && !strings.ContainsAny(s, `/\+`)
}

// IsCommit reports whether s is the full hash of a commit, and no other revision.
func IsCommit(s string) bool {
	return len(s) == 40 && strings.Trim(s, "0123456789abcdef") == ""
}

// wanted reports whether a file is a source or says how sources hang together.
func wanted(name string) bool {
	parts := strings.Split(name, "/")
	if !filepath.IsLocal(filepath.FromSlash(name)) || slices.Contains(parts, "node_modules") ||
		slices.Contains(parts, "dist") || slices.Contains(parts, ".git") {
		return false
	}
	base := parts[len(parts)-1]
	return syntax.Supported(name) || strings.HasSuffix(base, ".component.html") || base == "app.html" || base == "package.json" || base == "pnpm-workspace.yaml" ||
		strings.HasSuffix(base, ".json") && (strings.HasPrefix(base, "tsconfig") || strings.HasPrefix(base, "jsconfig"))
}

// Extract writes the sources and settings of a revision of the clone with the git
// directory dir below the folder to, which is there. Files that the clone lacks, or
// that are too large to be looked at, are left out. It fails if the clone has no
// such revision.
func Extract(ctx context.Context, dir, revision, to string) error {
	blobs, err := list(ctx, dir, revision)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // ends git if reading ends early
	cmd := gitCommand(ctx, dir, "cat-file", "--batch")
	var asked bytes.Buffer
	for _, b := range blobs {
		asked.WriteString(b.hash + "\n")
	}
	cmd.Stdin = &asked
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	if err := unpack(bufio.NewReaderSize(out, 1<<16), blobs, to); err != nil {
		cancel()
		_ = cmd.Wait() // it was ended, which is not the error to tell
		return err
	}
	return cmd.Wait()
}

// unpack reads the answers of `git cat-file --batch`.
func unpack(in *bufio.Reader, blobs []blob, to string) error {
	for _, b := range blobs {
		head, err := in.ReadString('\n')
		if err != nil {
			return fmt.Errorf("%s: %w", b.path, err)
		}
		fields := strings.Fields(head) // hash, type, size
		if len(fields) == 2 && fields[1] == "missing" {
			continue
		}
		if len(fields) != 3 || fields[1] != "blob" {
			return fmt.Errorf("%s: git says %q", b.path, strings.TrimSpace(head))
		}
		size, err := strconv.ParseInt(fields[2], 10, 64)
		if err != nil {
			return fmt.Errorf("%s: %w", b.path, err)
		}
		if size > project.MaxFileSize {
			if _, err := io.CopyN(io.Discard, in, size+1); err != nil {
				return fmt.Errorf("%s: %w", b.path, err)
			}
			continue
		}
		data := make([]byte, size+1) // with the newline after it
		if _, err := io.ReadFull(in, data); err != nil {
			return fmt.Errorf("%s: %w", b.path, err)
		}
		name := filepath.Join(to, filepath.FromSlash(b.path))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(name, data[:size], 0o644); err != nil {
			return err
		}
	}
	return nil
}

// Checkout writes all files of a revision of the clone with the git directory dir
// below the folder to, links and modes as they are, and returns how many the clone
// lacks. Attributes of the repository are obeyed as far as they name no command
// that the clone's or the user's configuration would have to say.
func Checkout(ctx context.Context, dir, revision, to string) (missing int, err error) {
	index, err := os.MkdirTemp("", "unleak-index-")
	if err != nil {
		return 0, err
	}
	defer func() { _ = os.RemoveAll(index) }() // what stays lies among temporary files
	git := func(args ...string) (string, error) {
		cmd := gitCommand(ctx, dir, args...)
		cmd.Env = append(cmd.Env, "GIT_INDEX_FILE="+filepath.Join(index, "index"), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1", "LC_ALL=C")
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		err := cmd.Run()
		return stderr.String(), err
	}
	if said, err := git("read-tree", revision); err != nil {
		return 0, fmt.Errorf("%s cannot be read: %s", revision, strings.TrimSpace(said))
	}
	said, err := git("checkout-index", "--all", "--prefix="+to+string(filepath.Separator))
	for line := range strings.Lines(said) {
		if strings.Contains(line, "unable to read sha1 file of ") {
			missing++
		}
	}
	if err != nil && missing == 0 {
		return 0, fmt.Errorf("%s cannot be written: %s", revision, strings.TrimSpace(said))
	}
	return missing, nil
}
