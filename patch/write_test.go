package patch

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// put writes a file below root and returns its path.
func put(t *testing.T, root, rel, content string, mode fs.FileMode) string {
	t.Helper()
	file := filepath.Join(root, filepath.FromSlash(rel))
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(file, mode); err != nil { // past the umask
		t.Fatal(err)
	}
	return file
}

func link(t *testing.T, target, name string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, name); err != nil {
		t.Fatal(err)
	}
}

// wantFile checks content and that nothing but the named files lies beside it.
func wantFile(t *testing.T, file, content string, beside ...string) {
	t.Helper()
	got, err := os.ReadFile(file)
	if err != nil || string(got) != content {
		t.Errorf("%s holds %q, %v, want %q", file, got, err, content)
	}
	entries, err := os.ReadDir(filepath.Dir(file))
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{filepath.Base(file): true}
	for _, b := range beside {
		known[b] = true
	}
	for _, e := range entries {
		if !known[e.Name()] {
			t.Errorf("%s was left behind", e.Name())
		}
	}
}

func TestWrite(t *testing.T) {
	for _, mode := range []fs.FileMode{0o644, 0o600, 0o755, 0o664, 0o444} {
		root := t.TempDir()
		file := put(t, root, "src/a b.ts", "old\r\n", mode)
		if err := (Change{"src/a b.ts", []byte("old\r\n"), []byte("new\r\n")}).Write(root); err != nil {
			t.Fatal(err)
		}
		wantFile(t, file, "new\r\n")
		info, err := os.Stat(file)
		if err != nil || info.Mode() != mode {
			t.Errorf("the mode is %v, want %v", info.Mode(), mode)
		}
	}
}

func TestWriteEmpty(t *testing.T) {
	root := t.TempDir()
	file := put(t, root, "a.ts", "", 0o644)
	if err := (Change{"a.ts", []byte{}, []byte("x")}).Write(root); err != nil {
		t.Fatal(err)
	}
	wantFile(t, file, "x")
	if err := (Change{"a.ts", []byte("x"), nil}).Write(root); err != nil {
		t.Fatal(err)
	}
	wantFile(t, file, "")
}

func TestWriteMoved(t *testing.T) {
	for _, now := range []string{"other\n", "old", "old\n\n", "", "new\n"} {
		root := t.TempDir()
		file := put(t, root, "src/a.ts", now, 0o640)
		before, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		err = (Change{"src/a.ts", []byte("old\n"), []byte("new\n")}).Write(root)
		var moved *Moved
		if !errors.As(err, &moved) || moved.Path != "src/a.ts" {
			t.Fatalf("over %q: %v", now, err)
		}
		if !strings.Contains(err.Error(), "src/a.ts") {
			t.Errorf("the message is %q", err)
		}
		wantFile(t, file, now)
		after, err := os.Stat(file)
		if err != nil || !os.SameFile(before, after) || after.Mode() != before.Mode() || !after.ModTime().Equal(before.ModTime()) {
			t.Error("the file was touched")
		}
	}
}

func TestWriteMissing(t *testing.T) {
	root := t.TempDir()
	put(t, root, "b.ts", "", 0o644)
	for _, path := range []string{"a.ts", "no/a.ts", "b.ts/a.ts"} {
		err := (Change{path, []byte("old"), []byte("new")}).Write(root)
		if err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", path, err)
		}
	}
	wantFile(t, filepath.Join(root, "b.ts"), "")
	if err := (Change{"a.ts", nil, nil}).Write(filepath.Join(root, "none")); err == nil {
		t.Error("there is no such root")
	}
}

func TestWriteFolder(t *testing.T) {
	root := t.TempDir()
	put(t, root, "a.ts/b.ts", "x", 0o644)
	if err := (Change{"a.ts", nil, []byte("new")}).Write(root); err == nil {
		t.Error("a folder was written")
	}
	wantFile(t, filepath.Join(root, "a.ts", "b.ts"), "x")
	if entries, _ := os.ReadDir(root); len(entries) != 1 {
		t.Errorf("%d entries are left in the root", len(entries))
	}
}

func TestWriteNew(t *testing.T) {
	root := t.TempDir()
	c := Change{"test/deep/a b.test.ts", nil, []byte("new\r\n")}
	if err := c.Write(root); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(root, "test", "deep", "a b.test.ts")
	wantFile(t, file, "new\r\n")
	if info, err := os.Stat(file); err != nil || info.Mode() != 0o644 {
		t.Errorf("the mode is %v, %v", info.Mode(), err)
	}
	// What is there already is never replaced, whatever it is.
	put(t, root, "empty.ts", "", 0o644)
	link(t, "nowhere", filepath.Join(root, "dangling.ts"))
	for _, taken := range []string{"test/deep/a b.test.ts", "empty.ts", "dangling.ts", "test"} {
		var moved *Moved
		if err := (Change{taken, nil, []byte("other")}).Write(root); !errors.As(err, &moved) {
			t.Errorf("over %s: %v", taken, err)
		}
	}
	wantFile(t, file, "new\r\n")
	if _, err := os.Stat(filepath.Join(root, "nowhere")); err == nil {
		t.Error("a link was followed")
	}
}

func TestWriteNewOutside(t *testing.T) {
	root, outside := t.TempDir(), t.TempDir()
	link(t, outside, filepath.Join(root, "out"))
	link(t, "src", filepath.Join(root, "in"))
	put(t, root, "src/a.ts", "x", 0o644)
	put(t, root, "file", "x", 0o644)
	for _, bad := range []string{"out/a.ts", "out/deep/a.ts", "../a.ts", "src/../../a.ts", "/a.ts", "file/a.ts"} {
		if err := (Change{bad, nil, []byte("x")}).Write(root); err == nil {
			t.Errorf("%s was written", bad)
		}
	}
	if entries, _ := os.ReadDir(outside); len(entries) != 0 {
		t.Errorf("%d entries were made outside", len(entries))
	}
	if err := (Change{"in/b.ts", nil, []byte("x")}).Write(root); err != nil {
		t.Error(err)
	}
	wantFile(t, filepath.Join(root, "src", "b.ts"), "x", "a.ts")
}

func TestWriteLink(t *testing.T) {
	tests := []struct{ name, target string }{
		{"relative", "../real/a.ts"}, {"through another link", "second.ts"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			root := t.TempDir()
			file := put(t, root, "real/a.ts", "old", 0o604)
			link(t, "../real/a.ts", filepath.Join(root, "links", "second.ts"))
			name := filepath.Join(root, "links", "first.ts")
			link(t, tt.target, name)
			if err := (Change{"links/first.ts", []byte("old"), []byte("new")}).Write(root); err != nil {
				t.Fatal(err)
			}
			wantFile(t, file, "new")
			wantFile(t, name, "new", "second.ts")
			if info, err := os.Lstat(name); err != nil || info.Mode()&fs.ModeSymlink == 0 {
				t.Error("the link became a file")
			}
			if info, err := os.Stat(file); err != nil || info.Mode() != 0o604 {
				t.Errorf("the mode of the target is %v", info.Mode())
			}
		})
	}
}

// A root that is a link itself, as temporary folders often are.
func TestWriteLinkedRoot(t *testing.T) {
	dir := t.TempDir()
	file := put(t, dir, "real/a.ts", "old", 0o644)
	link(t, "real", filepath.Join(dir, "root"))
	if err := (Change{"a.ts", []byte("old"), []byte("new")}).Write(filepath.Join(dir, "root")); err != nil {
		t.Fatal(err)
	}
	wantFile(t, file, "new")
}

func TestWriteOutside(t *testing.T) {
	dir := t.TempDir()
	outside := put(t, dir, "outside/a.ts", "old", 0o644)
	similar := put(t, dir, "root2/a.ts", "old", 0o644)
	root := filepath.Join(dir, "root")
	put(t, dir, "root/real.ts", "old", 0o644)
	link(t, "../outside/a.ts", filepath.Join(root, "link.ts"))
	link(t, "../outside", filepath.Join(root, "folder"))
	link(t, outside, filepath.Join(root, "absolute.ts"))
	link(t, "../root2", filepath.Join(root, "similar"))
	link(t, "..", filepath.Join(root, "up"))
	for _, path := range []string{"link.ts", "folder/a.ts", "absolute.ts", "similar/a.ts", "../outside/a.ts", "../root2/a.ts", "up", ".."} {
		err := (Change{path, []byte("old"), []byte("new")}).Write(root)
		if err == nil || !strings.Contains(err.Error(), "leads outside") {
			t.Errorf("%s: %v", path, err)
		}
		var moved *Moved
		if errors.As(err, &moved) {
			t.Errorf("%s: %v", path, err)
		}
	}
	wantFile(t, outside, "old")
	wantFile(t, similar, "old")
	wantFile(t, filepath.Join(root, "real.ts"), "old", "link.ts", "folder", "absolute.ts", "similar", "up")
}

// Names that start with dots lie inside.
func TestWriteDots(t *testing.T) {
	root := t.TempDir()
	file := put(t, root, "..a/..b.ts", "old", 0o644)
	if err := (Change{"..a/..b.ts", []byte("old"), []byte("new")}).Write(root); err != nil {
		t.Fatal(err)
	}
	wantFile(t, file, "new")
}
