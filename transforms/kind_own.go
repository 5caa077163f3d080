package transforms

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// ReadKinds reads kind files, and all those below folders, in the order of their
// names. Paths are relative to fsys, with slashes; an error about a file's content
// is a *KindError.
func ReadKinds(fsys fs.FS, paths []string) ([]*Kind, error) {
	var files []string
	for _, p := range paths {
		p = path.Clean(p)
		info, err := fs.Stat(fsys, p)
		if err != nil {
			return nil, fmt.Errorf("kinds: %s: %w", p, causeOf(err))
		}
		if !info.IsDir() {
			files = append(files, p)
			continue
		}
		before := len(files)
		err = fs.WalkDir(fsys, p, func(file string, e fs.DirEntry, err error) error {
			if err == nil && !e.IsDir() && strings.HasSuffix(file, ".txtar") {
				files = append(files, file)
			}
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("kinds: %s: %w", p, causeOf(err))
		}
		if len(files) == before {
			return nil, fmt.Errorf("kinds: %s: holds no .txtar file", p)
		}
	}
	var kinds []*Kind
	for i, file := range files {
		if slices.Contains(files[:i], file) {
			continue // named twice
		}
		data, err := fs.ReadFile(fsys, file)
		if err != nil {
			return nil, fmt.Errorf("kinds: %s: %w", file, causeOf(err))
		}
		k, err := ParseKind(file, data)
		if err != nil {
			return nil, err
		}
		k.Own = true
		kinds = append(kinds, k)
	}
	return kinds, nil
}

func causeOf(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}
