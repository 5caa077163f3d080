package propose

import (
	"errors"
	"io/fs"
	"path/filepath"
	"testing"
	"testing/fstest"
)

// TestTree asks the standard library's own test of file systems.
func TestTree(t *testing.T) {
	x := newTree()
	for _, name := range []string{"a.ts", "b/c.ts", "b/d/e.ts", "b/d/f.ts", "b.ts", "package.json"} {
		x.add(name, []byte(name))
	}
	x.complete()
	if err := fstest.TestFS(x, "a.ts", "b/c.ts", "b/d/e.ts", "b/d/f.ts", "b.ts", "package.json"); err != nil {
		t.Fatal(err)
	}
	if err := fstest.TestFS(func() *tree { x := newTree(); x.complete(); return x }()); err != nil {
		t.Fatal(err)
	}
}

// TestTreeInstalled: below node_modules the tree shows a folder on disk, where there
// is one, and lists nothing of it.
func TestTreeInstalled(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "lib", "index.d.ts"), "installed")
	x := newTree()
	x.add("p/a.ts", nil)
	x.complete()
	x.install("p", dir)
	for name, want := range map[string]string{
		"p/node_modules/lib/index.d.ts": "installed", "p/node_modules/lib/none.d.ts": "", "node_modules/lib/index.d.ts": "", "q/node_modules/lib/index.d.ts": "",
		"p/node_modules/../a.ts": "", "p/node_modules/lib/../../../x": "", "/p/node_modules/lib/index.d.ts": "",
	} {
		data, err := fs.ReadFile(x, name)
		if string(data) != want || (err == nil) != (want != "") {
			t.Errorf("%s: %q, %v", name, data, err)
		}
		info, err := fs.Stat(x, name)
		if (err == nil) != (want != "") || err == nil && info.Size() != int64(len(want)) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if info, err := fs.Stat(x, "p/node_modules"); err != nil || !info.IsDir() {
		t.Errorf("the folder itself: %v", err)
	}
	err := fs.WalkDir(x, ".", func(name string, d fs.DirEntry, err error) error {
		if d.Name() == "lib" || d.Name() == modules {
			return errors.New(name + " is listed")
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
