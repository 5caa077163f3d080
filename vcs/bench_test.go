package vcs

import (
	"bytes"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// longHistory makes a bare repository of 10,000 files, packed, in which each commit
// but the first changes one of them.
func longHistory(b *testing.B, commits int) repo {
	b.Helper()
	cleanEnv(b)
	r := repo{b, filepath.Join(b.TempDir(), "long.git")}
	if err := os.Mkdir(r.dir, 0o755); err != nil {
		b.Fatal(err)
	}
	r.git("init", "-q", "--bare", "-b", "main")
	var in bytes.Buffer
	file := func(i, revision int) {
		var text strings.Builder
		for k := range 40 {
			fmt.Fprintf(&text, "export const value%d_%d = %d; // of a made-up file\n", i, k, (i*7919+k*104729)%1000003)
		}
		fmt.Fprintf(&text, "// revision %d\n", revision)
		fmt.Fprintf(&in, "M 100644 inline %s\ndata %d\n%s\n", benchPath(i), text.Len(), text.String())
	}
	for c := range commits {
		fmt.Fprintf(&in, "commit refs/heads/main\ncommitter A <a@example.com> %d +0000\ndata 2\nc\n", 1600000000+c*60)
		if c == 0 {
			for i := range 10000 {
				file(i, 0)
			}
		} else {
			file(c*7919%10000, c)
		}
	}
	in.WriteString("done\n")
	r.gitIn(in.String(), "fast-import", "--quiet", "--done")
	r.git("repack", "-adq")
	return r
}

func benchPath(i int) string { return fmt.Sprintf("src/p%d/m%d/file%d.ts", i/500, i/50%10, i) }

// BenchmarkBranches opens a repository of 10,000 files and makes three branches of a
// commit with three changed files each.
func BenchmarkBranches(b *testing.B) {
	r := longHistory(b, 200)
	for n := 0; b.Loop(); n++ {
		open := r.open()
		base, err := open.Resolve("main")
		if err != nil {
			b.Fatal(err)
		}
		for branch := range 3 {
			var files []string
			for i := range 3 {
				files = append(files, benchPath((branch*3+i)*1009), fmt.Sprintf("changed %d\n", n))
			}
			h, err := open.Commit(commitOf(base, "a change", files...))
			if err != nil {
				b.Fatal(err)
			}
			if err := open.SetBranch(fmt.Sprintf("unleak/%d/%d", n, branch), h, ""); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// BenchmarkRead lists and writes out 10,000 files, with git's help and without.
func BenchmarkRead(b *testing.B) {
	r := longHistory(b, 200)
	for _, name := range []string{"git", "go-git"} {
		if name == "go-git" {
			b.Setenv("PATH", b.TempDir())
		}
		b.Run("files/"+name, func(b *testing.B) {
			for b.Loop() {
				open := r.open()
				base, err := open.Resolve("main")
				if err != nil {
					b.Fatal(err)
				}
				n := 0
				if err := open.Files(base, func(Entry) error { n++; return nil }); err != nil || n != 10000 {
					b.Fatal(n, err)
				}
			}
		})
		b.Run("extract/"+name, func(b *testing.B) {
			for b.Loop() {
				open := r.open()
				base, err := open.Resolve("main")
				if err != nil {
					b.Fatal(err)
				}
				if err := open.Extract(b.Context(), base, b.TempDir(), func(Entry) bool { return true }); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkPush pushes three files on a history of 20,000 commits from a process of
// its own, and says how much memory that took at most.
func BenchmarkPush(b *testing.B) {
	r := longHistory(b, 20000)
	far := repo{b, filepath.Join(b.TempDir(), "far.git")}
	r.git("clone", "-q", "--bare", r.dir, far.dir)
	server := httptest.NewServer(backend(b, filepath.Dir(far.dir)))
	defer server.Close()
	for name, url := range map[string]string{"local": far.dir, "http": server.URL + "/far.git"} {
		b.Run(name, func(b *testing.B) {
			peak := 0.0
			for n := 0; b.Loop(); n++ {
				cmd := exec.Command(os.Args[0], "-test.run=^TestPushAlone$")
				cmd.Env = append(os.Environ(), "VCS_TEST_PUSH="+strings.Join([]string{r.dir, url, fmt.Sprint(name, n)}, "\n"))
				out, err := cmd.CombinedOutput()
				if err != nil {
					b.Fatalf("%v: %s", err, out)
				}
				for line := range strings.Lines(string(out)) {
					var kB float64
					if _, err := fmt.Sscanf(line, "VmHWM: %f kB", &kB); err == nil {
						peak = max(peak, kB/1024)
					}
				}
			}
			b.ReportMetric(peak, "MB-peak")
		})
	}
}

// TestPushAlone is the process that BenchmarkPush measures.
func TestPushAlone(t *testing.T) {
	how := os.Getenv("VCS_TEST_PUSH")
	if how == "" {
		t.Skip("run by BenchmarkPush")
	}
	args := strings.Split(how, "\n")
	r, err := Open(args[0])
	if err != nil {
		t.Fatal(err)
	}
	base, err := r.Resolve("main")
	if err != nil {
		t.Fatal(err)
	}
	h := change(t, r, base, args[2], benchPath(1), args[2], benchPath(5000), args[2], benchPath(9999), args[2])
	if err := r.Push(t.Context(), Remote{URL: args[1]}, Credentials{Token: token}, []Update{{Branch: "unleak/" + args[2], New: h}}); err != nil {
		t.Fatal(err)
	}
	// The peak that a parent is told of counts what the parent had when it forked.
	if status, err := os.ReadFile("/proc/self/status"); err == nil {
		fmt.Println(string(status))
	}
}
