package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/unleak-dev/unleak/internal/report"
	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
	"github.com/unleak-dev/unleak/transforms"
)

func TestList(t *testing.T) {
	seen := 0
	for _, set := range []string{"first", "second", "third", "fourth", "fifth", "front", "sixth", "seventh", "front-early", "early", "front-between", "eighth", "front-autumn", "autumn", "front-other", "spring", "front-spring", "front-far"} {
		repositories, err := readList("repositories.txt", set)
		if err != nil {
			t.Fatal(err)
		}
		seen += len(repositories)
	}
	if seen != 749 {
		t.Errorf("got %d repositories", seen)
	}
	if _, err := readList("repositories.txt", "nobody-has"); err == nil || !strings.Contains(err.Error(), "first, second") {
		t.Errorf("a set that is not there: got %v", err)
	}
}

func TestBadLines(t *testing.T) {
	hash := strings.Repeat("a", 40)
	for _, bad := range []string{"", "s o/n", "s o " + hash, "s ../n " + hash, "s o/n abc", "s o/n " + hash + " x", "s o/n " + hash + "\nt o/n " + hash} {
		name := filepath.Join(t.TempDir(), "list")
		if err := os.WriteFile(name, []byte("# a list\n\n"+bad+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := readList(name, "s"); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

// TestDraw holds the algorithm: a draw that was judged must stay the same.
func TestDraw(t *testing.T) {
	var from []Leak
	for i := range 10 {
		from = append(from, Leak{Finding: report.Finding{Line: i}})
	}
	lines := func(leaks []Leak) string {
		var all []int
		for _, l := range leaks {
			all = append(all, l.Line)
		}
		return fmt.Sprint(all)
	}
	seed := seedOf([]Repository{{"o/n", strings.Repeat("a", 40)}, {"o/m", strings.Repeat("b", 40)}})
	if got, want := fmt.Sprintf("%x", seed[:8]), "e2b0cbb905bf82ce"; got != want {
		t.Errorf("got the seed %s, want %s", got, want)
	}
	if got, want := lines(draw(from, seed, 4)), "[2 5 3 4]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	whole := draw(from, seed, 20)
	if lines(whole[:4]) != lines(draw(from, seed, 4)) {
		t.Error("a smaller draw is another one")
	}
	slices.SortFunc(whole, func(a, b Leak) int { return a.Line - b.Line })
	if lines(whole) != lines(from) {
		t.Errorf("not each was drawn once: %s", lines(whole))
	}
	if got := draw(nil, seed, 3); len(got) != 0 {
		t.Errorf("drawn from nothing: %s", lines(got))
	}
}

func TestPool(t *testing.T) {
	leak := func(name, path string, line int, kind string) Leak {
		return Leak{Repository{Name: name}, report.Finding{Path: path, Line: line, Kind: kind}}
	}
	want := []Leak{leak("a/a", "b.js", 2, "x"), leak("a/b", "a.js", 9, "z"), leak("a/b", "a.js", 10, "x"), leak("a/b", "a.js", 10, "y"), leak("a/b", "b.js", 1, "x")}
	got := pool([]*Scan{{Leaks: []Leak{want[4], want[3], want[1], want[2]}}, {Leaks: want[:1]}})
	for i := range want {
		if g, w := got[i], want[i]; g.Name != w.Name || g.Path != w.Path || g.Line != w.Line || g.Kind != w.Kind {
			t.Errorf("%d: got %+v, want %+v", i, g, w)
		}
	}
}

// TestPoolOfTimes: a repository that was looked at at two commits.
func TestPoolOfTimes(t *testing.T) {
	leak := func(commit, print string) Leak {
		return Leak{Repository{"a/a", commit}, report.Finding{Path: "b.js", Fingerprint: print}}
	}
	got := pool([]*Scan{{Leaks: []Leak{leak("new", "1"), leak("new", "2")}}, {Leaks: []Leak{leak("old", "2"), leak("old", "3")}}})
	var all []string
	for _, l := range got {
		all = append(all, l.Commit+l.Fingerprint)
	}
	slices.Sort(all)
	if want := "[new1 new2 old3]"; fmt.Sprint(all) != want {
		t.Errorf("got %s, want %s", all, want)
	}
}

const leaky = `export class Poller {
  start() {
    setInterval(() => this.ask(), 10);
  }
  ask() {}
  stop() {}
}
`

// made makes a mirror with two repositories and a list of them.
func made(t *testing.T) (mirror, list string) {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is needed")
	}
	mirror = t.TempDir()
	list = filepath.Join(mirror, "list")
	var lines strings.Builder
	for name, files := range map[string]map[string]string{
		"o/one": {
			"package.json": "{}", "src/a.ts": leaky, "src/c.ts": "export const c = 1;\n", "test/a.test.ts": leaky, "tsconfig.json": "{}",
			"src/b.js": "export async function poll(ask) {\n  const timer = setInterval(ask, 10)\n  await ask()\n  clearInterval(timer)\n}\n",
		},
		"o/two": {"a.js": leaky + strings.ReplaceAll(leaky, "Poller", "Other")},
	} {
		dir := filepath.Join(mirror, strings.ReplaceAll(name, "/", "+"))
		for path, text := range files {
			path = filepath.Join(dir, path)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		git := func(args ...string) string {
			t.Helper()
			cmd := exec.Command("git", append([]string{"-C", dir, "-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"}, args...)...)
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("git %s: %v\n%s", args[0], err, out)
			}
			return strings.TrimSpace(string(out))
		}
		git("init", "-q")
		git("add", "-A")
		git("commit", "-qm", "x")
		fmt.Fprintf(&lines, "made %s %s\n", name, git("rev-parse", "HEAD"))
	}
	if err := os.WriteFile(list, []byte(lines.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	return mirror, list
}

func TestSample(t *testing.T) {
	mirror, list := made(t)
	text, err := audit(t.Context(), list, "made", mirror, 3, false)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"| 3 | 2 |\n", "| 1 | 2 |\n", "| **all** | | 4 | 4 |\n", "## 3 of 4 findings\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing:\n%s", want, text)
		}
	}
	if n := strings.Count(text, " | | |\n"); n != 3 {
		t.Errorf("%d rows are to be judged:\n%s", n, text)
	}
	if strings.Contains(text, ".test.ts") || strings.Contains(text, os.TempDir()) {
		t.Errorf("that is not to stand there:\n%s", text)
	}
	for range 3 {
		if again, err := audit(t.Context(), list, "made", mirror, 3, false); err != nil || again != text {
			t.Fatalf("another run: %v\n%s", err, again)
		}
	}
	if _, err := audit(t.Context(), list, "made", t.TempDir(), 3, false); err == nil {
		t.Error("a set without clones was measured")
	}
}

func TestFix(t *testing.T) {
	mirror, list := made(t)
	text, err := audit(t.Context(), list, "made", mirror, 0, true)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"| 3 | 2 | 2 | 0 | 0 | 0 | 0 | 0 | 0 |", "| 1 | 1 | 2 | 0 | 0 | 0 | 0 | 0 | 0 |", "| **all** |  | 4 | 3 | 4 | 0 | 0 | 0 | 0 | 0 | 0 |"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing:\n%s", want, text)
		}
	}
	if strings.Contains(text, "\n## ") {
		t.Errorf("something is wrong:\n%s", text)
	}
}

// TestChecks damages files after they were mended, to see that it is noticed.
func TestChecks(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"a.js": leaky, "b.js": "export {}\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	before, err := sums(dir)
	if err != nil {
		t.Fatal(err)
	}
	o := &Outcome{}
	if err := o.second(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	if len(o.Again) != 1 || !strings.HasPrefix(o.Again[0], "a.js:3: interval: ") {
		t.Errorf("what a run would mend: got %q", o.Again)
	}
	m := mend(t, "a.js", leaky)
	for _, c := range []struct {
		now                    string
		worse, esbuild, strays int
	}{
		{string(m.New), 0, 0, 0},
		{strings.Replace(string(m.New), "ask() {}", "Ask() {}", 1), 0, 0, 1},
		{string(m.New) + "}", 1, 1, 1},
	} {
		o := &Outcome{}
		if err := os.WriteFile(filepath.Join(dir, "a.js"), []byte(c.now), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := o.check(t.Context(), filepath.Join(dir, "a.js"), m); err != nil {
			t.Fatal(err)
		}
		if len(o.Worse) != c.worse || len(o.WorseByEsbuild) != c.esbuild || o.Outside != c.strays {
			t.Errorf("%s\ngot %+v", c.now, o)
		}
	}
	delete(before, "a.js")
	if err := os.WriteFile(filepath.Join(dir, "b.js"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if o = (&Outcome{}); o.untouched(dir, before) != nil || o.Outside != 10 || len(o.OutsideFiles) != 1 {
		t.Errorf("a file that no fix is about: got %+v", o)
	}
}

// TestOutside follows fixes that were made in several rounds.
func TestOutside(t *testing.T) {
	text := leaky + "export class Later extends Poller {\n  start() {\n    super.start();\n    setInterval(() => this.ask(), 20);\n  }\n}\n"
	m := mend(t, "a.js", text)
	rounds := map[*syntax.File]bool{}
	for _, f := range m.Fixes {
		rounds[f.Plan.Obligations[0].File] = true
	}
	if len(m.Fixes) < 2 || len(rounds) < 2 {
		t.Fatalf("%d fixes in %d rounds show nothing", len(m.Fixes), len(rounds))
	}
	if n := outside(m, m.New); n != 0 {
		t.Errorf("%d bytes were changed by nobody", n)
	}
	m.Fixes[0].Edits = append(m.Fixes[0].Edits, patch.Edit{Start: 0, End: 0, New: "//"})
	if n := outside(m, m.New); n == 0 {
		t.Error("an edit that was not made is missed by nobody")
	}
}

func mend(t *testing.T, path, text string) *transforms.Mended {
	t.Helper()
	d, err := detector(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	f, err := syntax.Parse(context.Background(), path, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	m, err := d.Mend(context.Background(), f, wanted)
	if err != nil || m.New == nil {
		t.Fatalf("%s was not mended: %v", path, err)
	}
	return m
}
