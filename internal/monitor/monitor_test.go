package monitor

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/unleak-dev/unleak/internal/project"
	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/transforms"
)

const beat = `export class Beat {
  go() {
    this.timer = setInterval(() => {}, 10);
  }

  close() {
    clearInterval(this.timer);
  }
}
`

// plan adds a monitor to all files of a folder.
func plan(t *testing.T, dir string) *Plan {
	t.Helper()
	kinds, err := transforms.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	p, err := project.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string][]byte{}
	err = p.Discover(context.Background(), []string{dir}, func(rel string) {
		if texts[rel], err = p.Read(rel); err != nil {
			t.Error(err)
		}
	}, func(err error) { t.Error(err) })
	if err != nil {
		t.Fatal(err)
	}
	plan, err := Add(context.Background(), p, transforms.NewDetector(p, kinds, false), texts)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

func put(t *testing.T, dir, rel, text string) {
	t.Helper()
	file := filepath.Join(dir, filepath.FromSlash(rel))
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestPlaces: where monitors go, and how files import them.
func TestPlaces(t *testing.T) {
	archive, err := txtar.ParseFile("testdata/places.txtar")
	if err != nil {
		t.Fatal(err)
	}
	dirs, wants := map[string]string{}, map[string]string{}
	for _, f := range archive.Files {
		name, rel, _ := strings.Cut(f.Name, "/")
		if dirs[name] == "" {
			dirs[name] = t.TempDir()
		}
		if rel == "want" {
			wants[name] = string(f.Data)
			continue
		}
		old := strings.TrimPrefix(beat, "export ") + "\nmodule.exports = Beat;\n"
		put(t, dirs[name], rel, strings.NewReplacer("@cjs\n", old, "@script\n", strings.TrimPrefix(beat, "export "), "@\n", beat).Replace(string(f.Data)))
	}
	for name, dir := range dirs {
		t.Run(name, func(t *testing.T) {
			first := plan(t, dir)
			var got []string
			for _, ch := range first.Changes {
				put(t, dir, ch.Path, string(ch.New))
				if ch.Creates() {
					got = append(got, ch.Path)
					continue
				}
				for line := range strings.Lines(string(ch.New)) {
					if strings.Contains(line, "unleak-monitor") {
						got = append(got, ch.Path+": "+strings.TrimSpace(line))
					}
				}
			}
			for _, u := range first.Unwired {
				got = append(got, fmt.Sprintf("%s:%d %s: %s", u.Path, u.Line, u.Class, u.Text))
			}
			for _, s := range first.Servers {
				got = append(got, s.Path+" serves "+s.With)
			}
			slices.Sort(got)
			if said := strings.Join(got, "\n") + "\n"; said != wants[name] {
				t.Errorf("got\n%s, want\n%s", said, wants[name])
			}
			if again := plan(t, dir); len(again.Changes) > 0 || len(again.Modules) != len(first.Modules) {
				t.Errorf("a second run would change %v", again.Changes[0].Unified())
			}
			for _, ch := range first.Changes { // one that is new finds the monitor that is there
				if rel := filepath.ToSlash(filepath.Join(filepath.Dir(ch.Path), "new"+filepath.Ext(ch.Path))); !ch.Creates() {
					put(t, dir, rel, string(ch.Old))
				}
			}
			for _, ch := range plan(t, dir).Changes {
				if ch.Creates() {
					t.Errorf("a second monitor comes to %s", ch.Path)
				}
			}
		})
	}
}

// TestModule: in every language and manner the module parses, says what it is, holds
// no type that its language has not, and leaks nothing itself.
func TestModule(t *testing.T) {
	kinds, err := transforms.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	for rel, l := range map[string]Language{"a.ts": {TypeScript: true}, "a.mjs": {}, "a.cjs": {CommonJS: true}} {
		for _, m := range []transforms.Manner{
			{Indent: "  ", EOL: "\n", Semicolon: ";", Quote: "'"}, {Indent: "\t", EOL: "\r\n", Quote: `"`}, {Indent: "    ", EOL: "\n", Quote: "'"},
		} {
			text := Module(l, m)
			if ours, untouched := Ours(text); !ours || !untouched {
				t.Errorf("%s: is not recognised", rel)
			}
			if ours, untouched := Ours(append(text, ' ')); !ours || untouched {
				t.Errorf("%s: a change is not noticed", rel)
			}
			f, err := syntax.Parse(context.Background(), rel, text)
			if err != nil || f.Errors() > 0 {
				t.Fatalf("%s: does not parse: %v", rel, err)
			}
			if got := transforms.MannerOf(f); got != m {
				t.Errorf("%s: is written as %q, want %q", rel, got, m)
			}
			if strings.ContainsAny(string(text), "⟨⟩") {
				t.Errorf("%s: a mark is left", rel)
			}
			dir := t.TempDir()
			p, err := project.Open(dir)
			if err != nil {
				t.Fatal(err)
			}
			for _, o := range transforms.NewDetector(p, kinds, true).Detect(context.Background(), f) {
				if o.Status == transforms.Unmet {
					t.Errorf("%s: %s", rel, o.Message)
				}
			}
		}
	}
	if ours, _ := Ours([]byte("// another\n")); ours {
		t.Error("another file counts as ours")
	}
}

// TestSoak: the script goes among the scripts of the package, and over nothing.
func TestSoak(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "package.json", "{}")
	put(t, dir, "packages/a/package.json", "{}")
	put(t, dir, "packages/a/scripts/x.js", "")
	p, err := project.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	for at, want := range map[string]string{".": "unleak-soak.mjs", "packages": "unleak-soak.mjs", "packages/a/scripts": "packages/a/scripts/unleak-soak.mjs"} {
		if rel, changes, err := Soak(p, at); rel != want || len(changes) != 1 || err != nil {
			t.Errorf("%s: %s, %d changes, %v", at, rel, len(changes), err)
		}
	}
	put(t, dir, "unleak-soak.mjs", string(SoakScript))
	if _, changes, err := Soak(p, "."); len(changes) != 0 || err != nil {
		t.Errorf("the same is written again: %v", err)
	}
	put(t, dir, "unleak-soak.mjs", "mine")
	if _, _, err := Soak(p, "."); err == nil {
		t.Error("another is replaced")
	}
}
