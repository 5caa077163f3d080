package patch

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
)

// git runs git in dir, without anybody's own settings.
func git(t testing.TB, dir string, args ...string) (string, error) {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1", "GIT_CEILING_DIRECTORIES="+filepath.Dir(dir), "LC_ALL=C")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// checkGitApply lets the real git apply the diffs of the changes, forward and back.
func checkGitApply(t *testing.T, changes []Change) {
	t.Helper()
	dir := t.TempDir()
	diff := ""
	for _, c := range changes {
		file := filepath.Join(dir, filepath.FromSlash(c.Path))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if !c.Creates() {
			if err := os.WriteFile(file, c.Old, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		diff += c.Unified()
	}
	patchFile := filepath.Join(dir, "changes.diff")
	if err := os.WriteFile(patchFile, []byte(diff), 0o644); err != nil {
		t.Fatal(err)
	}
	compare := func(side func(Change) []byte) {
		t.Helper()
		for _, c := range changes {
			got, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(c.Path)))
			if side(c) == nil && c.Creates() {
				if !os.IsNotExist(err) {
					t.Errorf("%q is there: %q, %v", c.Path, got, err)
				}
				continue
			}
			if err != nil || string(got) != string(side(c)) {
				t.Errorf("%q holds %q, %v, want %q\n%s", c.Path, got, err, side(c), diff)
			}
		}
	}
	if out, err := git(t, dir, "apply", "--whitespace=nowarn", "changes.diff"); err != nil {
		t.Fatalf("git apply: %v\n%s\n%s", err, out, diff)
	}
	compare(func(c Change) []byte { return c.New })
	if out, err := git(t, dir, "apply", "--whitespace=nowarn", "-R", "changes.diff"); err != nil {
		t.Fatalf("git apply -R: %v\n%s\n%s", err, out, diff)
	}
	compare(func(c Change) []byte { return c.Old })
}

func TestGitApply(t *testing.T) {
	tests := []struct{ name, path, old, new string }{
		{"plain", "src/a.ts", "a\nb\nc\n", "a\nx\nc\n"},
		{"no final newline", "a.ts", "a\nb", "a\nc"},
		{"loses the final newline", "a.ts", "a\nb\n", "a\nb"},
		{"gains the final newline", "a.ts", "a\nb", "a\nb\n"},
		{"CRLF", "a.ts", "a\r\nb\r\n", "a\r\nb\r\nc\r\n"},
		{"CRLF to LF", "a.ts", "a\r\nb\r\n", "a\nb\r\n"},
		{"byte order mark", "a.ts", "\ufeffa\nb\n", "\ufeffa\nc\n"},
		{"into an empty file", "a.ts", "", "a\n"},
		{"into an empty file, no newline", "a.ts", "", "a"},
		{"space", "my folder/a b.ts", "a\n", "b\n"},
		{"space at the end", "a.ts ", "a\n", "b\n"},
		{"double quote", `q"uote.ts`, "a\n", "b\n"},
		{"quote and space", `q"uote d.ts`, "a\n", "b\n"},
		{"single quote", "it's.ts", "a\n", "b\n"},
		{"backslash", `back\slash.ts`, "a\n", "b\n"},
		{"letters beyond ASCII", "été/名前😀.ts", "a\n", "b\n"},
		{"letters and space", "é t é.ts", "a\n", "b\n"},
		{"tab", "a\tb.ts", "a\n", "b\n"},
		{"newline", "a\nb.ts", "a\n", "b\n"},
		{"escape", "a\x1bb.ts", "a\n", "b\n"},
		{"invalid UTF-8", "a\xffb.ts", "a\n", "b\n"},
		{"dollar and star", "[id]/$a*.ts", "a\n", "b\n"},
		{"dash", "-a.ts", "a\n", "b\n"},
		{"b within", "a b/a b.ts", "a\n", "b\n"},
		{"like a header", "a.ts", "-- a/x\n++ b/x\n", "-- a/y\n++ b/x\n"},
	}
	for _, tt := range tests {
		if tt.name == "invalid UTF-8" && runtime.GOOS != "linux" {
			continue // other systems have no such names
		}
		t.Run(tt.name, func(t *testing.T) {
			checkGitApply(t, []Change{{tt.path, []byte(tt.old), []byte(tt.new)}})
		})
	}
}

// Many random changes in one diff, for the price of one run of git.
func TestGitApplyRandom(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	var changes []Change
	for i := range 300 {
		old, new := randomChange(rng)
		if new == "" && old != "" {
			new = "z\n" // emptying a file is another test
		}
		changes = append(changes, Change{fmt.Sprintf("d%d/f %d.ts", i%7, i), []byte(old), []byte(new)})
	}
	checkGitApply(t, changes)
}

func TestGitApplyNew(t *testing.T) {
	checkGitApply(t, []Change{
		{"test/a b.test.ts", nil, []byte("a\nb\n")},
		{"été/q\"uote.ts", nil, []byte("a\r\nb")},
		{"src/a.ts", []byte("a\n"), []byte("b\n")},
	})
}

func TestGitApplyEmptied(t *testing.T) {
	for _, old := range []string{"a\n", "a\nb\n", "a"} {
		checkGitApply(t, []Change{{"a.ts", []byte(old), nil}})
	}
}
