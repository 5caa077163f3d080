package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/unleak-dev/unleak/internal/report"
)

// watched is a folder with a scan that watches it.
type watched struct {
	t      testing.TB
	dir    string
	lines  chan string
	stop   context.CancelFunc
	ended  chan error
	stderr *lockedBuffer
	found  map[string]bool // path and kind: what the changes add up to
	leaks  int
}

type lockedBuffer struct {
	sync.Mutex
	bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.Lock()
	defer b.Unlock()
	return b.Buffer.Write(p)
}

func (b *lockedBuffer) text() string {
	b.Lock()
	defer b.Unlock()
	return b.String()
}

func startWatch(t testing.TB, dir, format string, flags ...string) *watched {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	r, out := io.Pipe()
	w := &watched{t: t, dir: dir, lines: make(chan string, 10000), stop: cancel, ended: make(chan error, 1), stderr: &lockedBuffer{}, found: map[string]bool{}}
	c := &cli{in: strings.NewReader(""), out: out, err: w.stderr}
	root := c.rootCommand()
	root.SetArgs(append([]string{"scan", "--watch", "--format", format, "--root", dir, "--color", "never"}, flags...))
	go func() {
		w.ended <- root.ExecuteContext(ctx)
		out.Close()
	}()
	go func() {
		in := bufio.NewReader(r)
		for {
			line, err := in.ReadString('\n')
			if err != nil {
				close(w.lines)
				return
			}
			w.lines <- line
		}
	}()
	t.Cleanup(func() {
		cancel()
		for range w.lines { // lets it write what it still has to
		}
	})
	return w
}

// next is the next change.
func (w *watched) next() report.Change {
	w.t.Helper()
	select {
	case line, ok := <-w.lines:
		if !ok {
			w.t.Fatalf("the watch ended: %s", w.stderr.text())
		}
		var c report.Change
		if err := json.Unmarshal([]byte(line), &c); err != nil {
			w.t.Fatalf("%q: %v", line, err)
		}
		for _, f := range c.Went {
			if !w.found[f.Path+" "+f.Fingerprint] {
				w.t.Errorf("%s went and had not come", f.Path)
			}
			delete(w.found, f.Path+" "+f.Fingerprint)
		}
		for _, f := range c.Came {
			w.found[f.Path+" "+f.Fingerprint] = true
		}
		if w.leaks = c.Leaks; c.Leaks != len(w.found) {
			w.t.Errorf("it says %d leaks, and the changes add up to %d", c.Leaks, len(w.found))
		}
		return c
	case <-time.After(time.Minute):
		w.t.Fatalf("nothing comes: %s", w.stderr.text())
		panic("not reached")
	}
}

// until waits for the leaks to be in these files, each as often as it leaks.
func (w *watched) until(what string, files ...string) {
	w.t.Helper()
	slices.Sort(files)
	for {
		var now []string
		for f := range w.found {
			now = append(now, strings.Fields(f)[0])
		}
		if slices.Sort(now); slices.Equal(now, files) {
			return
		}
		if testing.Verbose() {
			w.t.Logf("%s: leaks in %v", what, now)
		}
		w.next()
	}
}

func (w *watched) write(name, text string) {
	w.t.Helper()
	file := filepath.Join(w.dir, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		w.t.Fatal(err)
	}
}

// save writes a file as editors do that want it old or new: beside it, then renamed.
func (w *watched) save(name, text string) {
	w.t.Helper()
	w.write(name+".tmp~", text)
	if err := os.Rename(filepath.Join(w.dir, name+".tmp~"), filepath.Join(w.dir, name)); err != nil {
		w.t.Fatal(err)
	}
}

func (w *watched) git(args ...string) {
	w.t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = w.dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.org", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.org")
	if out, err := cmd.CombinedOutput(); err != nil {
		w.t.Fatalf("git %q: %v\n%s", args, err, out)
	}
}

const (
	leaking = "export class A {\n  go() {\n    setInterval(() => {}, 1);\n  }\n  stop() {}\n}\n"
	mended  = "export class A {\n  go() {}\n  stop() {}\n}\n"
	calling = "import { every } from './helper';\nexport const set = setInterval;\nexport class B {\n  go() {\n    every();\n  }\n  stop() {}\n}\n"
	keeping = "export function every() {\n  return null;\n}\n"
	making  = "export function every() {\n  return setInterval(() => {}, 1);\n}\n"
)

func inTree(t *testing.T, git bool, files map[string]string) string {
	t.Helper()
	w := &watched{t: t, dir: t.TempDir()}
	for name, text := range files {
		w.write(name, text)
	}
	if git {
		w.git("init", "-q")
	}
	return w.dir
}

// TestWatch goes through what can happen to files, in a work tree and outside of one.
func TestWatch(t *testing.T) {
	for _, git := range []bool{true, false} {
		t.Run(fmt.Sprintf("git %v", git), func(t *testing.T) {
			dir := inTree(t, git, map[string]string{
				"src/a.ts": leaking, "src/b.ts": calling, "src/helper.ts": keeping, "src/c.test.ts": leaking, "legacy/d.ts": leaking,
				".gitignore": "ignored/\n*.gen.ts\n", ".unleak.yaml": "paths:\n  exclude: [legacy/**]\n", "node_modules/m/a.ts": leaking, "ignored/a.ts": leaking,
			})
			w := startWatch(t, dir, "json")
			first := w.next()
			if len(first.Came) != 1 || first.Came[0].Path != "src/a.ts" {
				t.Fatalf("at first: %+v", first)
			}
			w.write("src/a.ts", mended)
			w.until("mended")
			w.save("src/a.ts", leaking)
			w.until("saved by renaming", "src/a.ts")
			w.save("src/a.ts", "\n\n"+leaking)
			if c := w.next(); len(c.Came)+len(c.Went) != 0 || !slices.Equal(c.Files, []string{"src/a.ts"}) {
				t.Errorf("only moved: %+v", c)
			}

			w.write("src/helper.ts", making)
			w.until("a file that another asks", "src/a.ts", "src/b.ts")
			w.write("src/helper.ts", keeping)
			w.until("and back", "src/a.ts")

			// None of these is looked at: the next change is that of a file that is.
			for _, name := range []string{"ignored/a.ts", "src/x.gen.ts", "node_modules/m/a.ts", "legacy/d.ts", "legacy/new.ts", "dist/a.ts", "src/notes.txt", "src/c.test.ts", "node_modules/n/deep/a.ts"} {
				w.write(name, leaking+"// changed\n")
			}
			w.write("new/deep/er/e.ts", leaking)
			w.until("in new folders", "src/a.ts", "new/deep/er/e.ts")
			w.write("new/deep/er/f.ts", leaking)
			w.until("in a folder that was new", "src/a.ts", "new/deep/er/e.ts", "new/deep/er/f.ts")

			if err := os.Remove(filepath.Join(dir, "new/deep/er/f.ts")); err != nil {
				t.Fatal(err)
			}
			w.until("deleted", "src/a.ts", "new/deep/er/e.ts")
			if err := os.Rename(filepath.Join(dir, "new"), filepath.Join(dir, "renamed")); err != nil {
				t.Fatal(err)
			}
			w.until("a folder with another name", "src/a.ts", "renamed/deep/er/e.ts")
			if err := os.RemoveAll(filepath.Join(dir, "renamed")); err != nil {
				t.Fatal(err)
			}
			w.until("a folder deleted", "src/a.ts")

			// An import that led nowhere.
			w.write("src/b.ts", strings.ReplaceAll(calling, "./helper", "./later"))
			w.write("src/later.ts", making)
			w.until("a file that was missing", "src/a.ts", "src/b.ts")

			w.write(".unleak.yaml", "nonsense: 1\n")
			w.write("src/a.ts", mended)
			w.until("with settings that are wrong", "src/b.ts")
			w.write(".unleak.yaml", "kinds:\n  off: [interval]\n")
			w.until("a kind that is off")
			w.write(".unleak.yaml", "include-tests: true\n")
			w.until("other settings", "src/b.ts", "src/c.test.ts", "legacy/d.ts", "legacy/new.ts")
			if got := w.stderr.text(); strings.Count(got, "unknown key") != 1 {
				t.Errorf("standard error: %s", got)
			}
			w.stop()
			if err := <-w.ended; err != nil {
				t.Errorf("it ended with %v", err)
			}
		})
	}
}

// TestWatchBranches: a change of branches is looked at as a whole.
func TestWatchBranches(t *testing.T) {
	dir := inTree(t, true, map[string]string{"keep.ts": leaking, "changes.ts": leaking})
	w := &watched{t: t, dir: dir}
	w.git("add", "-A")
	w.git("commit", "-qm", "one")
	w.git("branch", "one")
	w.git("checkout", "-qb", "two")
	want := []string{"keep.ts"}
	for i := range 300 {
		name := fmt.Sprintf("many/d%d/f%d.ts", i%30, i)
		w.write(name, leaking)
		want = append(want, name)
	}
	w.write("changes.ts", mended)
	w.git("add", "-A")
	w.git("commit", "-qm", "two")
	w.git("checkout", "-q", "one")

	w = startWatch(t, dir, "json")
	w.until("one", "keep.ts", "changes.ts")
	w.git("checkout", "-q", "two")
	w.until("two", want...)
	w.git("checkout", "-q", "one")
	w.until("one again", "keep.ts", "changes.ts")
}

func TestWatchText(t *testing.T) {
	dir := inTree(t, false, map[string]string{"a.ts": leaking})
	w := startWatch(t, dir, "text")
	var seen strings.Builder
	until := func(text string) {
		t.Helper()
		for !strings.Contains(seen.String(), text) {
			select {
			case line, ok := <-w.lines:
				if !ok {
					t.Fatalf("the watch ended: %s", w.stderr.text())
				}
				seen.WriteString(line)
			case <-time.After(time.Minute):
				t.Fatalf("%q does not come; there is\n%s", text, seen.String())
			}
		}
		seen.Reset()
	}
	until("1 leak in 1 file (1 critical); 1 can be fixed.\n")
	w.write("a.ts", mended)
	until("interval of A is never released: it outlives the instance\n")
	until("0 leaks; 0 new, 1 gone (")
	w.write("a.ts", leaking)
	until("acquired here\n")
	until("1 leak; 1 new, 0 gone (")
}

func TestWatchFlags(t *testing.T) {
	dir := inTree(t, true, map[string]string{"a.ts": mended})
	for _, flags := range [][]string{{"--staged"}, {"--changed"}, {"--stdin-filepath", "a.ts"}} {
		if err := <-startWatch(t, dir, "text", flags...).ended; err == nil || !strings.Contains(err.Error(), "leave --staged") {
			t.Errorf("%q: %v", flags, err)
		}
	}
}

// TestWatchEnds: without its folder there is nothing to watch.
func TestWatchEnds(t *testing.T) {
	dir := filepath.Join(inTree(t, false, map[string]string{"in/a.ts": leaking}), "in")
	w := startWatch(t, dir, "json")
	w.next()
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	for range w.lines {
	}
	if err := <-w.ended; err == nil || !strings.Contains(err.Error(), "is gone") {
		t.Errorf("it ended with %v", err)
	}
}

// BenchmarkWatch saves files of a project of 5,000, one after the other, and tells how
// long it takes until the change is printed: in the middle, and at most.
func BenchmarkWatch(b *testing.B) {
	w := startWatch(b, manyFiles(b).dir, "json")
	w.next()
	var took []time.Duration
	i := 0
	for b.Loop() {
		name := fmt.Sprintf("packages/p%d/src/d%d/f%d.ts", i%20, 0, i%20*250)
		old, err := os.ReadFile(filepath.Join(w.dir, name))
		if err != nil {
			b.Fatal(err)
		}
		text := strings.Replace(string(old), "setInterval", "setNothing", 1)
		if text == string(old) {
			text = strings.Replace(string(old), "setNothing", "setInterval", 1)
		}
		began := time.Now()
		w.save(name, text)
		for len(w.next().Files) == 0 {
		}
		took = append(took, time.Since(began))
		i++
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[len(took)-1].Microseconds())/1000, "max-ms")
}

// BenchmarkStaged scans what is staged, ten files of a project of 5,000, half of them
// with other contents in the work tree.
func BenchmarkStaged(b *testing.B) {
	w := manyFiles(b)
	w.git("add", "-A")
	w.git("commit", "-qm", "all")
	for i := range 10 {
		w.write(fmt.Sprintf("packages/p%d/src/d0/f%d.ts", i, i*250), leaking)
	}
	w.git("add", "-A")
	for i := range 5 {
		w.write(fmt.Sprintf("packages/p%d/src/d0/f%d.ts", i, i*250), mended)
	}
	for b.Loop() {
		var out bytes.Buffer
		c := &cli{in: strings.NewReader(""), out: &out, err: io.Discard}
		root := c.rootCommand()
		root.SetArgs([]string{"scan", "--staged", "--root", w.dir, "--exit-zero"})
		if err := root.Execute(); err != nil || !strings.Contains(out.String(), "10 leaks in 10 files") {
			b.Fatalf("%v: %s", err, out.String())
		}
	}
}

// manyFiles is a work tree of 5,000 files, each of which imports another.
func manyFiles(b *testing.B) *watched {
	b.Helper()
	w := &watched{t: b, dir: b.TempDir()}
	for i := range 5000 {
		text := fmt.Sprintf("import { f%d } from './f%d';\nexport function f%d(x: number) {\n  return f%d(x);\n}\n", max(0, i-1), max(0, i-1), i, max(0, i-1))
		for j := range 15 {
			text += fmt.Sprintf("export function g%d(a: string, b: number) {\n  return a.repeat(b).trim();\n}\n", j)
		}
		if i%10 == 0 {
			text += leaking
		}
		w.write(fmt.Sprintf("packages/p%d/src/d%d/f%d.ts", i/250, i/50%5, i), text)
	}
	w.git("init", "-q")
	return w
}
