package vcs

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// oddNames are file names that a careless reader of git's output gets wrong.
var oddNames = []string{"a b.ts", " lead.ts", "it's.ts", `q"uote.ts`, "été/名前😀.ts", "tab\t.ts", "new\nline.ts", "[id].ts", ":colon.ts", "-dash.ts", "..dots", "...", "a..b", ".gitx", ".github/x.yml", "git~2", "x.git/y"}

func everything(t testing.TB, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(filepath.Join(dir, name))
		info, statErr := d.Info()
		all[name] = fmt.Sprintf("%v %s", info.Mode(), data)
		return errors.Join(err, statErr)
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestExtract(t *testing.T) {
	r := newRepo(t)
	want := map[string]string{}
	for _, name := range append(slices.Clone(oddNames), "src/deep/er/a.ts", "src/a.ts", "src-b.ts") {
		r.write(name, name)
		want[name] = "-rw-r--r-- " + name
	}
	r.write("run.sh", "x")
	want["run.sh"] = "-rwxr-xr-x x"
	r.write("empty.ts", "")
	want["empty.ts"] = "-rw-r--r-- "
	r.write("unwanted.md", "x")
	r.write("large.ts", strings.Repeat("x", MaxFileSize+1))
	if err := os.Chmod(filepath.Join(r.dir, "run.sh"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/etc/passwd", filepath.Join(r.dir, "link.ts")); err != nil {
		t.Fatal(err)
	}
	base := r.commit("first")
	r.git("update-index", "--add", "--cacheinfo", "160000,"+string(base)+",sub")
	r.git("commit", "-q", "-m", "a submodule")
	base = Hash(r.git("rev-parse", "HEAD"))
	list := func(e Entry) string { return fmt.Sprintf("%06o %s %d %s", e.Mode, e.Blob, e.Size, e.Path) }
	var asGit []string
	for line := range strings.SplitSeq(r.git("ls-tree", "-r", "-z", "-l", string(base)), "\x00") {
		if about, path, found := strings.Cut(line, "\t"); found {
			f := strings.Fields(strings.ReplaceAll(about, " - ", " -1 "))
			if f[1] == "commit" {
				f[3] = "-1"
			}
			asGit = append(asGit, f[0]+" "+f[2]+" "+f[3]+" "+path)
		}
	}
	check := func(t *testing.T, open *Repository) {
		var got []string
		if err := open.Files(base, func(e Entry) error { got = append(got, list(e)); return nil }); err != nil {
			t.Error(err)
		}
		if !slices.Equal(got, asGit) {
			t.Errorf("the files are\n%s\ngit says\n%s", strings.Join(got, "\n"), strings.Join(asGit, "\n"))
		}
		to := t.TempDir()
		if err := open.Extract(t.Context(), base, to, func(e Entry) bool { return e.Path != "unwanted.md" }); err != nil {
			t.Fatal(err)
		}
		all := everything(t, to)
		for name := range want {
			if all[name] != want[name] {
				t.Errorf("%q is %q, want %q", name, all[name], want[name])
			}
		}
		if len(all) != len(want) {
			t.Errorf("%d files were written, want %d", len(all), len(want))
		}
		stop := errors.New("stop")
		n := 0
		if err := open.Files(base, func(Entry) error { n++; return stop }); !errors.Is(err, stop) || n != 1 {
			t.Errorf("after %d files: %v", n, err)
		}
		cancelled, cancel := context.WithCancel(t.Context())
		cancel()
		if err := open.Extract(cancelled, base, t.TempDir(), func(Entry) bool { return true }); !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled: %v", err)
		}
		none := Hash(strings.Repeat("12", 20))
		if err := open.Extract(t.Context(), none, t.TempDir(), func(Entry) bool { return true }); !errors.Is(err, ErrMissing) {
			t.Errorf("no commit: %v", err)
		}
	}
	bothWays(t, r.open(), check)
	r.git("gc", "-q")
	bothWays(t, r.open(), check)

	open := r.open()
	e, err := open.File(base, "src/deep/er/a.ts")
	if err != nil || e.Size != 16 || e.Mode != ModeFile {
		t.Errorf("got %+v, %v", e, err)
	}
	if data, err := open.Blob(e.Blob); err != nil || string(data) != "src/deep/er/a.ts" {
		t.Errorf("got %q, %v", data, err)
	}
	for _, path := range []string{"none", "src", "src/", "src/a.ts/x", "", "/src/a.ts", "src/../src-b.ts"} {
		if e, err := open.File(base, path); !errors.Is(err, ErrNotFound) {
			t.Errorf("%q: %+v, %v", path, e, err)
		}
	}
	large, err := open.File(base, "large.ts")
	if err != nil || large.Size != MaxFileSize+1 {
		t.Errorf("got %+v, %v", large, err)
	}
	if data, err := open.Blob(large.Blob); err == nil {
		t.Errorf("%d bytes were read", len(data))
	}
}

// rawTree writes a tree as an attacker would, entries as mode, name and hash.
func (r repo) rawTree(entries ...[3]string) string {
	r.t.Helper()
	raw := ""
	for _, e := range entries {
		h, err := parseHash(Hash(e[2]))
		if err != nil {
			r.t.Fatal(err)
		}
		raw += e[0] + " " + e[1] + "\x00" + string(h[:])
	}
	return r.gitIn(raw, "hash-object", "-w", "-t", "tree", "--literally", "--stdin")
}

// A path that leads out, or into a git directory on some system, is never written.
func TestExtractHostileNames(t *testing.T) {
	r := newRepo(t)
	blob := r.gitIn("evil", "hash-object", "-w", "--stdin")
	in := func(names ...string) string { // a file below folders
		at := [3]string{"100644", names[len(names)-1], blob}
		for i := len(names) - 2; i >= 0; i-- {
			at = [3]string{"40000", names[i], r.rawTree(at)}
		}
		return r.rawTree(at)
	}
	bad := map[string]string{}
	for _, git := range []string{".git", ".GIT", ".Git", "git~1", "GIT~1", ".git.", ".git ", ".git. .", ".git::$INDEX_ALLOCATION", ".git:x", ".g\u200cit", "\ufeff.git", ".gi\u200dt", ".git\u206f", "..", "."} {
		bad[git+" as a folder"] = in(git, "config")
		bad[git+" in a folder"] = in("sub", git, "hooks", "post-checkout")
		bad[git+" as a file"] = in("sub", git)
	}
	for _, name := range []string{"../out", "a/../../out", "/etc/x", "a//b", `..\out`, `a\..\..\out`, `.git\config`, "a/.git/config", "", "x/"} {
		bad[name+" as a name"] = in(name)
		bad[name+" below a folder"] = in("a", name)
	}
	outside := t.TempDir()
	for name, tree := range bad {
		commit := Hash(r.gitIn(name, "commit-tree", tree))
		bothWays(t, r.open(), func(t *testing.T, open *Repository) {
			to := filepath.Join(outside, "to")
			if err := os.MkdirAll(to, 0o755); err != nil {
				t.Fatal(err)
			}
			err := open.Extract(t.Context(), commit, to, func(Entry) bool { return true })
			var unfit *UnfitError
			if !errors.As(err, &unfit) {
				t.Errorf("%q: %v", name, err)
			}
			if all := everything(t, outside); len(all) > 0 {
				t.Fatalf("%q: %q was written", name, all)
			}
			if err := open.Extract(t.Context(), commit, to, func(Entry) bool { return false }); err != nil {
				t.Errorf("%q, not wanted: %v", name, err)
			}
		})
	}
}

// A tree that is a link and a folder by turns leads nowhere either.
func TestExtractThroughLinks(t *testing.T) {
	r := newRepo(t)
	outside := t.TempDir()
	link := r.gitIn(outside, "hash-object", "-w", "--stdin")
	blob := r.gitIn("evil", "hash-object", "-w", "--stdin")
	tree := r.rawTree([3]string{"120000", "a", link}, [3]string{"40000", "a", r.rawTree([3]string{"100644", "x", blob})})
	commit := Hash(r.gitIn("x", "commit-tree", tree))
	to := t.TempDir()
	if err := os.Symlink(outside, filepath.Join(to, "b")); err != nil { // in case the folder is not empty
		t.Fatal(err)
	}
	if err := r.open().Extract(t.Context(), commit, to, func(Entry) bool { return true }); err != nil {
		t.Error(err)
	}
	there := Hash(r.gitIn("x", "commit-tree", r.rawTree([3]string{"40000", "b", r.rawTree([3]string{"100644", "x", blob})})))
	if err := r.open().Extract(t.Context(), there, to, func(Entry) bool { return true }); err == nil {
		t.Error("a link was followed")
	}
	if all := everything(t, outside); len(all) > 0 {
		t.Errorf("%q was written", all)
	}
}

// Trees that are too deep, too many or broken end in an error, soon.
func TestHostileTrees(t *testing.T) {
	r := newRepo(t)
	blob := r.gitIn("x", "hash-object", "-w", "--stdin")
	deep := r.rawTree([3]string{"100644", "x", blob})
	for range maxDepth + 2 {
		deep = r.rawTree([3]string{"40000", "d", deep})
	}
	bomb := r.gitIn("", "hash-object", "-w", "-t", "tree", "--stdin") // no file at all
	for range 12 {
		var same [][3]string
		for i := range 10 {
			same = append(same, [3]string{"40000", fmt.Sprint(i), bomb})
		}
		bomb = r.rawTree(same...)
	}
	broken := r.gitIn("100644 x\x00short", "hash-object", "-w", "-t", "tree", "--literally", "--stdin")
	for name, tree := range map[string]string{"deep": deep, "bomb": bomb, "broken": broken, "not a tree": blob, "missing": strings.Repeat("12", 20)} {
		raw := "tree " + tree + "\nauthor a <a> 0 +0000\ncommitter a <a> 0 +0000\n\nx\n"
		commit := Hash(r.gitIn(raw, "hash-object", "-w", "-t", "commit", "--literally", "--stdin"))
		bothWays(t, r.open(), func(t *testing.T, open *Repository) {
			if err := open.Files(commit, func(Entry) error { return nil }); err == nil {
				t.Errorf("%s was listed", name)
			}
			if h, err := open.Commit(commitOf(commit, "x", "x", "y")); err == nil {
				t.Errorf("%s was changed: %s", name, h)
			}
		})
	}
}

func TestChanged(t *testing.T) {
	r := newRepo(t)
	for _, name := range []string{"same.ts", "edited.ts", "gone.ts", "dir/a.ts", "dir/same.ts", "file", "folder/x.ts", "mode.sh", "a.b", "a/c"} {
		r.write(name, name)
	}
	from := r.commit("first")
	r.write("edited.ts", "new")
	r.write("dir/a.ts", "new")
	r.write("dir/new/b.ts", "new")
	r.git("rm", "-q", "gone.ts", "file", "folder/x.ts", "a.b")
	r.write("file/is/folder.ts", "x")
	r.write("folder", "is a file")
	r.write("a-c", "x")
	if err := os.Chmod(filepath.Join(r.dir, "mode.sh"), 0o755); err != nil {
		t.Fatal(err)
	}
	to := r.commit("second")
	open := r.open()
	for _, pair := range [][2]Hash{{from, to}, {to, from}, {from, from}} {
		var got []string
		err := open.Changed(pair[0], pair[1], func(was, is Entry) error {
			zero := strings.Repeat("0", 40)
			line := fmt.Sprintf(":%06o %06o %s %s %s", was.Mode, is.Mode, max(string(was.Blob), zero), max(string(is.Blob), zero), max(was.Path, is.Path))
			got = append(got, line)
			return nil
		})
		var want []string
		for line := range strings.Lines(r.git("diff-tree", "-r", "--no-renames", string(pair[0]), string(pair[1]))) {
			f := strings.Fields(line) // modes, hashes, status, path
			want = append(want, strings.Join(append(f[:4:4], f[5]), " "))
		}
		slices.Sort(got)
		slices.Sort(want)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%v\n%s\ngit says\n%s", err, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}
