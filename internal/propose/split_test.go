package propose

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/unleak-dev/unleak/patch"
	"github.com/unleak-dev/unleak/transforms"
)

func never(string) bool { return false }

func manyFiles(n int) []string {
	var out []string
	for i := range n {
		out = append(out, fmt.Sprintf("pkg%d/src/f%d.ts", i/7, i))
	}
	return out
}

// TestCut: all files, each once, in pieces that are not too large.
func TestCut(t *testing.T) {
	for _, n := range []int{0, 1, 5, 100, 1000} {
		for _, most := range []int{0, 1, 3, 20, 5000} {
			files := manyFiles(n)
			pieces := cut(files, "", most, never)
			var all []string
			for _, p := range pieces {
				if most > 0 && len(p.files) > most || len(p.files) == 0 {
					t.Errorf("%d files, at most %d: a piece of %d", n, most, len(p.files))
				}
				all = append(all, p.files...)
			}
			slices.Sort(all)
			slices.Sort(files)
			if !slices.Equal(all, files) {
				t.Errorf("%d files, at most %d: not all of them, or not once", n, most)
			}
			if most > 1 && len(pieces) > 1+4*n/most {
				t.Errorf("%d files, at most %d: %d pieces", n, most, len(pieces))
			}
		}
	}
	// A folder that fits stays together.
	for _, p := range cut(manyFiles(70), "", 35, never) {
		for _, f := range p.files {
			folder, _, _ := strings.Cut(f, "/")
			if n := len(slices.DeleteFunc(slices.Clone(p.files), func(g string) bool { return !strings.HasPrefix(g, folder+"/") })); n != 7 {
				t.Errorf("%s: only %d of its 7 files are in one piece", folder, n)
			}
		}
	}
}

// TestCutIsStable: night after night files come and go, and pull requests are merged;
// what stays is where it was as long as branches tell how it was cut.
func TestCutIsStable(t *testing.T) {
	files := manyFiles(200)
	where := func(pieces []piece) map[string]string {
		out := map[string]string{}
		for _, p := range pieces {
			for _, f := range p.files {
				out[f] = p.at
			}
		}
		return out
	}
	before := where(cut(files, "", 20, never))
	open := map[string]bool{}
	for _, at := range before {
		open[at] = true
	}
	below := func(at string) bool {
		for o := range open {
			if len(o) > len(at) && strings.HasPrefix(o, at) {
				return true
			}
		}
		return false
	}
	moved := func(what string, most int) {
		t.Helper()
		now := where(cut(files, "", 20, below))
		n := 0
		for f, at := range now {
			if was, ok := before[f]; ok && was != at {
				n++
			}
		}
		if n > most {
			t.Errorf("%s: %d files moved to another piece", what, n)
		}
		before = now
		open = map[string]bool{}
		for _, at := range now {
			open[at] = true
		}
	}
	moved("the same again", 0)
	files = append(files, "pkg900/new.ts", "pkg901/new.ts")
	moved("two more", 20) // they may divide the pieces that they come into
	for len(open) > 1 {
		merged := slices.Min(slices.Collect(maps.Keys(open)))
		files = slices.DeleteFunc(files, func(f string) bool { return before[f] == merged })
		delete(open, merged)
		moved("after "+merged+" was merged", 0)
	}
}

func TestSlugs(t *testing.T) {
	keys := []string{"", "api", "@harbor/berths", "@harbor/api-2", "api-2", "2", "@a/b", "a.b", "a/b", "A", "@ada", "@org/team @bo", noOwner, "日本", "part-ab", "@x/part-ab", "x", strings.Repeat("long", 40), "..", "-", "a b", "x.lock", ".git"}
	seen := map[string]string{}
	for k, s := range slugs(keys) {
		branch := "unleak/critical"
		if s != "" {
			branch += "." + s
		}
		if other, ok := seen[branch]; ok {
			t.Errorf("%q and %q are both called %s", k, other, branch)
		}
		seen[branch] = k
		if wanted(branch) != branch || strings.ContainsAny(branch, " \\@~^:?*[") || strings.HasSuffix(branch, ".lock") || strings.HasSuffix(branch, ".") || strings.Contains(branch, "..") || len(branch) > 120 {
			t.Errorf("%q gives the branch %q", k, branch)
		}
	}
	got := slugs([]string{"@harbor/berths", "api"})
	if got["@harbor/berths"] != "harbor.berths" || got["api"] != "api" {
		t.Errorf("got %v", got)
	}
}

func TestNames(t *testing.T) {
	n := newNames(Options{Prefix: "unleak/", Phases: []transforms.Phase{transforms.Critical, transforms.High}},
		[]string{"unleak/critical-2", "unleak/high", "unleak/high.api", "unleak/medium", "unleak/web/critical", "unleak/other", "unleak/critical.part-aab", "unleak/critical.part-aab.after-high"})
	if got, want := n.gone([]*Part{{Branch: "unleak/high"}}), []string{"unleak/critical", "unleak/critical.part-aab", "unleak/critical.part-aab.after-high", "unleak/high.api"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	for at, want := range map[string]bool{"": true, "a": true, "aa": true, "aab": false, "ab": false} {
		if n.cutBelow("unleak/critical", at) != want {
			t.Errorf("cutBelow %q is not %v", at, want)
		}
	}
	for branch, want := range map[string]string{"unleak/critical-12": "unleak/critical", "unleak/critical": "unleak/critical", "unleak/x-y": "unleak/x-y", "unleak/x-": "unleak/x-"} {
		if got := wanted(branch); got != want {
			t.Errorf("wanted(%q) = %q", branch, got)
		}
	}
}

// TestSplit: by package and by owner, and cut by number of files.
func TestSplit(t *testing.T) {
	tree := map[string]string{
		"p/package.json": `{"name": "@h/pier"}`, "p/a.ts": interval, "q/package.json": `{"name": "quay"}`, "q/a.ts": interval, "q/b.ts": interval, "z.ts": interval,
		".github/CODEOWNERS": "*.ts @h/all\n/q/ @ada\n/q/b.ts\n", "CODEOWNERS": "* @nobody-reads-this\n",
	}
	r := newRepo(t, tree)
	o := usual()
	o.Split, o.Scope = ByPackage, "p"
	wantSummary(t, r.propose(o, nil), "create unleak/p/critical.root-xyeqab z.ts", "create unleak/p/critical.h.pier p/a.ts", "create unleak/p/critical.quay q/a.ts q/b.ts")
	o.Split, o.Scope = ByOwner, "o"
	all := r.propose(o, nil)
	wantSummary(t, all, "create unleak/o/critical.ada q/a.ts", "create unleak/o/critical.h.all p/a.ts z.ts", "create unleak/o/critical.no-owner-bmhmfr q/b.ts")
	if all[1].Proposal.Title != "Release what leaks in h/all (critical)" {
		t.Errorf("title %q", all[1].Proposal.Title)
	}
	o = usual()
	o.MaxFiles, o.Scope = 2, "n"
	all = r.propose(o, nil)
	if len(all) < 2 || len(all) > 4 {
		t.Fatalf("got %s", summary(all))
	}
	for _, p := range all {
		if len(p.Work.Part.Files) > 2 || !strings.Contains(p.Work.Part.Branch, partMark) || !strings.Contains(p.Proposal.Title, ", part ") {
			t.Errorf("got %s", summary(all))
		}
	}
	// What was cut stays cut when the rest would fit into one.
	rest := all[len(all)-1].Work.Part
	gone := map[string]string{}
	for _, p := range all[:len(all)-1] {
		for _, f := range p.Work.Part.Files {
			gone[f] = "export {};\n"
		}
	}
	r.commit(gone)
	again := r.propose(o, nil)
	if again[0].Work.Part.Branch != rest.Branch || again[0].Action != "update" {
		t.Errorf("what is left of %s: %s", summary(all), summary(again))
	}
}

func TestOwners(t *testing.T) {
	o := parseOwners("# who\n* @all\n*.js @js # scripts\n/build/ @ops\ndocs/* docs@example.org\napps/ @apps @more\n/apps/github\n**/logs @logs\n/src/**/x.ts @deep\n/a\\ b/ @space\nno-owner-at-all\n" +
		"!x @not\n[ab].ts @class\n/ @root\n*** @stars\nbad.ts @not:valid\n")
	for file, want := range map[string]string{
		"a.ts": "@all", "x/y.js": "@js", "build/a.ts": "@ops", "x/build/a.ts": "@all", "docs/a.ts": "docs@example.org", "docs/x/a.ts": "@all", "x/apps/y/a.ts": "@apps @more",
		"apps/github/a.ts": "", "x/logs/y/a.ts": "@logs", "src/x.ts": "@deep", "src/a/b/x.ts": "@deep", "a b/c.ts": "@space", "bad.ts": "@all", "no-owner-at-all": "",
	} {
		if got := o.of(file); got != want {
			t.Errorf("%s: got %q, want %q", file, got, want)
		}
	}
	if got := owners(nil).of("a.ts"); got != "" {
		t.Errorf("without the file: %q", got)
	}
}

// TestDigests: lines that move elsewhere change nothing, what changes near does.
func TestDigests(t *testing.T) {
	change := func(before, old, new string) []patch.Change {
		rest := "\n1\n2\n3\n4\n5\n"
		return []patch.Change{{Path: "a.ts", Old: []byte(before + rest + old + rest), New: []byte(before + rest + new + rest)}}
	}
	one := patchDigest(change("x", "old", "new"))
	if patchDigest(change("much\nmore\nbefore", "old", "new")) != one {
		t.Error("it depends on the number of the line")
	}
	for _, other := range [][]patch.Change{change("x", "old", "newer"), change("x", "older", "new"), nil, append(change("x", "old", "new"), change("x", "a", "b")...)} {
		if patchDigest(other) == one {
			t.Errorf("another patch has the same digest: %v", other)
		}
	}
	if setDigest([]string{"a", "b"}) != setDigest([]string{"b", "a", "a"}) || setDigest([]string{"a"}) == setDigest([]string{"a", "b"}) || setDigest([]string{"ab"}) == setDigest([]string{"a", "b"}) {
		t.Error("a set's digest is about its order, or not about what it holds")
	}
}
