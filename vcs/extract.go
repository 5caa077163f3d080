package vcs

import (
	"context"
	"errors"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
)

// MaxFileSize is the size in bytes above which Extract leaves a file out and other
// methods refuse to read an object into memory.
const MaxFileSize = 64 << 20

// maxExtracted bounds what Extract and Contents read, in bytes.
const maxExtracted = 8 << 30

// Extract writes the regular files of a commit that are wanted below dir, which is
// there and should be empty. It leaves out and refuses what Contents does.
func (r *Repository) Extract(ctx context.Context, commit Hash, dir string, wanted func(Entry) bool) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	made := map[string]bool{".": true}
	return r.Contents(ctx, commit, wanted, func(e Entry, data []byte) error {
		if in := path.Dir(e.Path); !made[in] {
			if err := root.MkdirAll(filepath.FromSlash(in), 0o755); err != nil {
				return err
			}
			made[in] = true
		}
		mode := os.FileMode(0o644)
		if e.Mode == ModeExecutable {
			mode = 0o755
		}
		return root.WriteFile(filepath.FromSlash(e.Path), data, mode)
	})
}

// Contents calls each with the regular files of a commit that are wanted, in git's
// order; the data is each's own. Links and submodules are left out, and files larger
// than MaxFileSize. A path that would lead out of a folder or into a git directory,
// in any spelling that some file system understands, is an UnfitError.
func (r *Repository) Contents(ctx context.Context, commit Hash, wanted func(Entry) bool, each func(Entry, []byte) error) error {
	var files []Entry
	var blobs []plumbing.Hash
	total := int64(0)
	err := r.files(ctx, commit, func(e Entry) error {
		if !e.Regular() || e.Size > MaxFileSize || !wanted(e) {
			return ctx.Err()
		}
		if reason := unsafe(e.Path); reason != "" {
			return &UnfitError{e.Path, reason}
		}
		if total += e.Size; total > maxExtracted {
			return errors.New("the files of the commit are too large together")
		}
		files = append(files, e)
		blobs = append(blobs, plumbing.NewHash(string(e.Blob)))
		return nil
	})
	if err != nil {
		return err
	}
	return r.contents(ctx, blobs, func(i int, data []byte) error { return each(files[i], data) })
}

// unsafe says why a path is not written, "" if it may be. What one system takes for
// a plain name leads elsewhere on another, so all their ways are refused.
func unsafe(path string) string {
	if len(path) > 4096 {
		return "is too long a path"
	}
	if !filepath.IsLocal(filepath.FromSlash(path)) {
		return "leads out of the folder"
	}
	for part := range strings.FieldsFuncSeq(path, func(c rune) bool { return c == '/' || c == '\\' }) {
		if part == ".." || part == "." {
			return "leads out of the folder"
		}
		if isDotGit(part) {
			return "leads into a git directory"
		}
	}
	if strings.HasPrefix(path, "/") || strings.Contains(path, "//") || strings.HasSuffix(path, "/") || strings.ContainsRune(path, 0) {
		return "is no path"
	}
	return ""
}

// isDotGit reports whether some file system takes a name for .git: those without
// case, HFS+, which ignores some characters, and NTFS, with its short names, streams
// and trailing dots.
func isDotGit(name string) bool {
	name = strings.ToLower(strings.Map(func(c rune) rune {
		switch {
		case c >= 0x200c && c <= 0x200f, c >= 0x202a && c <= 0x202e, c >= 0x206a && c <= 0x206f, c == 0xfeff:
			return -1
		}
		return c
	}, name))
	name, _, _ = strings.Cut(name, ":")
	name = strings.TrimRight(name, ". ")
	return name == ".git" || name == "git~1"
}
