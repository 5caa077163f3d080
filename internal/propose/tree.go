package propose

import (
	"bytes"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"time"
)

// tree is the files of a commit that an analysis reads, in memory. Below folders that
// are called node_modules it shows what is installed in a checkout: nothing of that
// is in a commit.
type tree struct {
	files     map[string][]byte
	folders   map[string][]string // names in them, sorted once the tree is complete
	installed map[string]fs.FS    // by the folder that has node_modules
}

func newTree() *tree {
	return &tree{files: map[string][]byte{}, folders: map[string][]string{".": nil}, installed: map[string]fs.FS{}}
}

// add adds a file. Its path is one that fs.ValidPath allows.
func (t *tree) add(name string, data []byte) {
	t.files[name] = data
	for name != "." {
		dir := path.Dir(name)
		names, known := t.folders[dir]
		t.folders[dir] = append(names, path.Base(name))
		if known {
			return
		}
		name = dir
	}
}

// complete sorts the folders.
func (t *tree) complete() {
	for _, names := range t.folders {
		slices.Sort(names)
	}
}

// install lets a folder have the packages of a folder on disk.
func (t *tree) install(dir, from string) { t.installed[dir] = os.DirFS(from) }

const modules = "node_modules"

// elsewhere finds the folder of installed packages that a path lies in.
func (t *tree) elsewhere(name string) (fs.FS, string) {
	before, after, ok := strings.Cut("/"+name+"/", "/"+modules+"/")
	if !ok {
		return nil, ""
	}
	in := t.installed[path.Clean(strings.TrimPrefix(before, "/"))]
	return in, path.Clean("./" + after)
}

// Open opens a file or a folder.
func (t *tree) Open(name string) (fs.File, error) {
	if in, rest := t.elsewhere(name); in != nil && fs.ValidPath(name) {
		return in.Open(rest)
	}
	if data, ok := t.files[name]; ok {
		return &openFile{entry{path.Base(name), int64(len(data)), false}, bytes.NewReader(data)}, nil
	}
	if names, ok := t.folders[name]; ok {
		return &openFolder{entry{path.Base(name), 0, true}, t, name, names}, nil
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

// ReadFile returns a copy of a file, which may be changed.
func (t *tree) ReadFile(name string) ([]byte, error) {
	if in, rest := t.elsewhere(name); in != nil && fs.ValidPath(name) {
		return fs.ReadFile(in, rest)
	}
	if data, ok := t.files[name]; ok {
		return append(make([]byte, 0, len(data)), data...), nil
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

// Stat describes a file or a folder.
func (t *tree) Stat(name string) (fs.FileInfo, error) {
	if in, rest := t.elsewhere(name); in != nil && fs.ValidPath(name) {
		return fs.Stat(in, rest)
	}
	if data, ok := t.files[name]; ok {
		return entry{path.Base(name), int64(len(data)), false}, nil
	}
	if _, ok := t.folders[name]; ok {
		return entry{path.Base(name), 0, true}, nil
	}
	return nil, &fs.PathError{Op: "stat", Path: name, Err: fs.ErrNotExist}
}

// entry is a file or a folder of a tree.
type entry struct {
	name   string
	size   int64
	folder bool
}

func (e entry) Name() string               { return e.name }
func (e entry) Size() int64                { return e.size }
func (e entry) IsDir() bool                { return e.folder }
func (e entry) ModTime() time.Time         { return time.Time{} }
func (e entry) Sys() any                   { return nil }
func (e entry) Info() (fs.FileInfo, error) { return e, nil }
func (e entry) Type() fs.FileMode          { return e.Mode().Type() }

func (e entry) Mode() fs.FileMode {
	if e.folder {
		return fs.ModeDir | 0o555
	}
	return 0o444
}

type openFile struct {
	entry
	*bytes.Reader
}

func (f *openFile) Size() int64                { return f.entry.Size() }
func (f *openFile) Stat() (fs.FileInfo, error) { return f.entry, nil }
func (f *openFile) Close() error               { return nil }

type openFolder struct {
	entry
	tree *tree
	name string
	rest []string
}

func (f *openFolder) Stat() (fs.FileInfo, error) { return f.entry, nil }
func (f *openFolder) Close() error               { return nil }

func (f *openFolder) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: f.name, Err: fs.ErrInvalid}
}

// ReadDir lists a folder. What is installed is not listed: nobody edits that.
func (f *openFolder) ReadDir(n int) ([]fs.DirEntry, error) {
	if n <= 0 {
		n = len(f.rest)
	} else if len(f.rest) == 0 {
		return nil, io.EOF
	}
	n = min(n, len(f.rest))
	var out []fs.DirEntry
	for _, name := range f.rest[:n] {
		at := path.Join(f.name, name)
		_, file := f.tree.files[at]
		out = append(out, entry{name, int64(len(f.tree.files[at])), !file})
	}
	f.rest = f.rest[n:]
	return out, nil
}
