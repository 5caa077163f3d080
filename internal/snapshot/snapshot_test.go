package snapshot

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestNames(t *testing.T) {
	for _, s := range []string{"o/n", "a-b/c.js"} {
		if !IsRepository(s) {
			t.Errorf("%q is a repository", s)
		}
	}
	for _, s := range []string{"", "o", "o/", "/n", "../n", "o/..", "o/a/b", "-o/n", `o/a\b`, "o+n/a"} {
		if IsRepository(s) {
			t.Errorf("%q is no repository", s)
		}
	}
	for s, want := range map[string]bool{
		strings.Repeat("a", 40): true, strings.Repeat("a", 39): false, strings.Repeat("A", 40): false, "HEAD": false,
	} {
		if IsCommit(s) != want {
			t.Errorf("IsCommit(%q) is not %v", s, want)
		}
	}
}

// gitIn returns what runs git in a folder, and gives what it said.
func gitIn(t *testing.T, dir string) func(args ...string) string {
	return func(args ...string) string {
		t.Helper()
		cmd := exec.Command("git", append([]string{"-C", dir, "-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"}, args...)...)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("git %s: %v\n%s", args[0], err, out)
		}
		return strings.TrimSpace(string(out))
	}
}

// TestExtract reads two commits of a made-up repository, out of a work tree and
// out of a bare clone.
func TestExtract(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is needed")
	}
	mirror := t.TempDir()
	dir := filepath.Join(mirror, "o", "n")
	git := gitIn(t, dir)
	commit := func(files map[string]string) string {
		t.Helper()
		for name, text := range files {
			if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		git("add", "-A", "-f")
		git("commit", "-qm", "x")
		return git("rev-parse", "HEAD")
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	git("init", "-q")
	if err := os.Symlink("a.ts", filepath.Join(dir, "link.ts")); err != nil {
		t.Fatal(err)
	}
	first := commit(map[string]string{
		"a.ts": "old", "src/b c.js": "", "src/tsconfig.json": "{}", "package.json": "{}",
		"README.md": "x", "data.json": "{}", "node_modules/m/a.js": "x", "dist/a.js": "x", "large.js": strings.Repeat("x", 5<<20),
	})
	second := commit(map[string]string{"a.ts": "new\n"})
	git("clone", "-q", "--bare", dir, filepath.Join(mirror, "bare+n", "repo"))

	for _, repository := range []string{"o/n", "bare/n"} {
		from, err := GitDir(mirror, repository)
		if err != nil {
			t.Fatal(err)
		}
		for revision, want := range map[string]string{first: "old", second: "new\n", second + "^": "old"} {
			to := t.TempDir()
			if err := Extract(t.Context(), from, revision, to); err != nil {
				t.Fatal(err)
			}
			if got, err := os.ReadFile(filepath.Join(to, "a.ts")); err != nil || string(got) != want {
				t.Errorf("%s: got %q, %v, want %q", repository, got, err, want)
			}
			if got := files(t, to); !slices.Equal(got, []string{"a.ts", "package.json", "src/b c.js", "src/tsconfig.json"}) {
				t.Errorf("%s: got %q", repository, got)
			}
		}
		if err := Extract(t.Context(), from, strings.Repeat("a", 40), t.TempDir()); err == nil {
			t.Errorf("%s: a commit that is not there was read", repository)
		}
	}
	if _, err := GitDir(mirror, "o/other"); err == nil {
		t.Error("a clone that is not there was found")
	}
}

func files(t *testing.T, dir string) []string {
	t.Helper()
	var names []string
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}
