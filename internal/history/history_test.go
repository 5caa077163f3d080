package main

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/unleak-dev/unleak/internal/report"
)

// TestTables: the tables can be read, no place stands in two of them, and no
// repository has more than its share of one.
func TestTables(t *testing.T) {
	seen := map[string]bool{}
	for _, table := range []string{"commits.tsv", "more.tsv", "fresh.tsv", "front.tsv", "front-unread.tsv"} {
		t.Run(table, func(t *testing.T) { checkTable(t, table, seen) })
	}
}

func checkTable(t *testing.T, table string, seen map[string]bool) {
	rows, err := readRows(table)
	if err != nil {
		t.Fatal(err)
	}
	commits := map[string]map[string]bool{}
	for _, r := range rows {
		key := fmt.Sprint(r.Commit, r.Path, r.Line, r.What)
		if seen[key] {
			t.Errorf("%s %s:%d stands there twice", r.Repository, r.Path, r.Line)
		}
		seen[key] = true
		if commits[r.Repository] == nil {
			commits[r.Repository] = map[string]bool{}
		}
		commits[r.Repository][r.Commit] = true
	}
	for repository, of := range commits {
		if len(of) > 6 {
			t.Errorf("%s: %d commits are more than its share", repository, len(of))
		}
	}
}

// TestSplit: which commits of front-end repositories may be read was not chosen but
// drawn, by the hashes of all of them.
func TestSplit(t *testing.T) {
	in := map[string]string{}
	for _, table := range []string{"front.tsv", "front-unread.tsv"} {
		rows, err := readRows(table)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rows {
			in[r.Commit] = table
		}
	}
	commits := slices.Sorted(maps.Keys(in))
	seed := hash(strings.Join(commits, "\n"))
	slices.SortFunc(commits, func(a, b string) int { return strings.Compare(hash(seed+a), hash(seed+b)) })
	for i, c := range commits {
		want := "front-unread.tsv"
		if i < len(commits)/2 {
			want = "front.tsv"
		}
		if in[c] != want {
			t.Errorf("%s stands in %s, was drawn for %s", c, in[c], want)
		}
	}
}

func hash(s string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(s))) }

func TestBadRows(t *testing.T) {
	good := []string{"o/n", strings.Repeat("a", 40), "a.js", "1", "a.js", "0", "timer", "overwritten", "It ran on."}
	if _, err := newRow(good); err != nil {
		t.Fatal(err)
	}
	for i, bad := range []string{"o", "abc", "../a.js", "0", "/a.js", "-1", "thing", "lost", ""} {
		rec := append([]string{}, good...)
		rec[i] = bad
		if _, err := newRow(rec); err == nil {
			t.Errorf("%s: %q was taken", columns[i], bad)
		}
	}
}

// TestHeldOut: of several tables each has its own line of totals, and of one that was
// held out the page says what it gave before it was read.
func TestHeldOut(t *testing.T) {
	rows := []Verdict{
		{Row: Row{Repository: "o/n", Path: "a.js", Line: 1, Resource: "timer", Way: "overwritten", Table: "front.tsv"}, Reported: true},
		{Row: Row{Repository: "o/n", Path: "b.js", Line: 1, Resource: "timer", Way: "overwritten", Table: "front-unread.tsv"}, Silent: true},
	}
	page := markdown(rows)
	for _, want := range []string{"a.js:1", "b.js:1", "12 of 38 (32 %)", "| **all** | 2 | 0 | 1 (50 %) | 1 (50 %) | 0 (0 %) |",
		"| front.tsv | 1 | 0 | 1 (100 %) | 0 (0 %) |", "| front-unread.tsv | 1 | 0 | 0 (0 %) | 1 (100 %) |"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q:\n%s", want, page)
		}
	}
	if page := markdown(rows[:1]); strings.Contains(page, "held out") {
		t.Errorf("the page tells of a table that it was not given:\n%s", page)
	}
}

// TestMade: a finding that tells where an observer was made is at that place, too.
func TestMade(t *testing.T) {
	row := Row{Line: 40, FixedLine: 41, Resource: "observer"}
	at := func(line, made int) []report.Finding {
		return []report.Finding{{Kind: "observer", Line: line, Made: made}}
	}
	for _, c := range []struct {
		before, after    []report.Finding
		reported, silent bool
	}{
		{at(90, 40), nil, true, true},
		{at(40, 0), nil, true, true},
		{at(90, 0), nil, false, true},
		{at(90, 60), nil, false, true},
		{at(90, 40), at(90, 41), true, false},
		{at(90, 40), at(90, 0), true, true},
	} {
		v := Verdict{Row: row}
		v.judge(c.before, c.after)
		if v.Reported != c.reported || v.Silent != c.silent {
			t.Errorf("%+v, %+v: reported %v, silent %v", c.before, c.after, v.Reported, v.Silent)
		}
	}
}

// TestMeasure measures a made-up repository: a leak that is mended, one whose
// acquisition is taken out, one that stays, and a place without any.
func TestMeasure(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is needed")
	}
	mirror := t.TempDir()
	dir := filepath.Join(mirror, "o+n")
	git := func(args ...string) string {
		t.Helper()
		cmd := exec.Command("git", append([]string{"-C", dir, "-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"}, args...)...)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("git %s: %v\n%s", args[0], err, out)
		}
		return strings.TrimSpace(string(out))
	}
	commit := func(files map[string]string) string {
		t.Helper()
		for name, text := range files {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		git("add", "-A")
		git("commit", "-qm", "x")
		return git("rev-parse", "HEAD")
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	git("init", "-q")
	leak := "export async function poll(ask) {\n  const timer = setInterval(ask, 10)\n  await ask()\n  clearInterval(timer)\n}\n"
	mended := strings.Replace(leak, "  await ask()\n  clearInterval(timer)\n", "  try {\n    await ask()\n  } finally {\n    clearInterval(timer)\n  }\n", 1)
	commit(map[string]string{"mended.js": leak, "gone.js": leak, "stays.js": leak, "none.js": mended, "package.json": "{}"})
	hash := commit(map[string]string{"mended.js": mended, "gone.js": "export async function poll(ask) {\n  await ask()\n}\n", "none.js": leak})

	m := &measurer{mirror: mirror}
	defer m.close()
	for _, c := range []struct {
		path, resource   string
		fixed            int
		reported, silent bool
	}{
		{"mended.js", "timer", 2, true, true},
		{"gone.js", "timer", 0, true, true},
		{"stays.js", "timer", 2, true, false},
		{"none.js", "timer", 2, false, false},
		{"mended.js", "socket", 2, false, true},
	} {
		v := m.measure(t.Context(), Row{Repository: "o/n", Commit: hash, Path: c.path, Line: 2, FixedPath: c.path, FixedLine: c.fixed, Resource: c.resource})
		if v.Problem != "" || v.Reported != c.reported || v.Silent != c.silent || (v.Fix == "safe") != c.reported {
			t.Errorf("%s, %s: got %+v", c.path, c.resource, v)
		}
	}
	if v := m.measure(t.Context(), Row{Repository: "o/other", Commit: hash, Path: "a.js"}); v.Problem == "" {
		t.Error("a repository without a clone was measured")
	}
	if v := m.measure(t.Context(), Row{Repository: "o/n", Commit: strings.Repeat("a", 40), Path: "a.js"}); v.Problem == "" {
		t.Error("a commit that is not there was measured")
	}
}
