package main

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

// TestRecipes: each recipe is of a repository that is on the list.
func TestRecipes(t *testing.T) {
	recipes, err := readRecipes("builds.txtar")
	if err != nil {
		t.Fatal(err)
	}
	listed, err := os.ReadFile("repositories.txt")
	if err != nil {
		t.Fatal(err)
	}
	for name := range recipes {
		if !strings.Contains(string(listed), " "+name+" ") {
			t.Errorf("%s is not on the list", name)
		}
	}
	for _, bad := range []string{"-- o/n/check --\ntrue\n", "-- o/n/install --\ntrue\n", "-- o/n/test --\ntrue\n", "-- install --\ntrue\n-- check --\ntrue\n"} {
		name := filepath.Join(t.TempDir(), "recipes")
		if err := os.WriteFile(name, []byte(bad), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := readRecipes(name); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

func TestDiagnostics(t *testing.T) {
	output := "src/a.ts(1,2): error TS2322: Type 'string' is not assignable to type 'number'.\n" +
		"  and more of it\n" +
		"src/(b)/c.ts:30:1 - \x1b[31merror\x1b[0m\x1b[90m TS2304: \x1b[0mCannot find name 'x'.\n" +
		"Error: /w/src/d.html:3:4 - error NG8001: 'nb-x' is not a known element:\n" +
		"error TS5053: Option 'a' cannot be specified with option 'b'.\n" +
		"src/a.ts(9,2): error TS2322: Type 'string' is not assignable to type 'number'.\n" +
		"src/e.ts(4,2): error TS2345: Type '\"b\" | \"a\"' is not 'c'.\n" +
		"src/errors/error.ts is fine\n"
	d := Diagnostics{}
	d.read("/w", []byte(output))
	want := Diagnostics{
		{"src/a.ts", "TS2322", "Type 'string' is not assignable to type 'number'."}: 2,
		{"src/(b)/c.ts", "TS2304", "Cannot find name 'x'."}:                         1,
		{"src/d.html", "NG8001", "'nb-x' is not a known element:"}:                  1,
		{"src/e.ts", "TS2345", `Type '"a" | "b"' is not 'c'.`}:                      1,
		{"", "TS5053", "Option 'a' cannot be specified with option 'b'."}:           1,
	}
	if new, gone := d.Without(want), want.Without(d); len(new)+len(gone) > 0 {
		t.Errorf("too many: %q\ntoo few: %q", new, gone)
	}
	if got := d.probed([]string{"src/a.ts", "src/d.ts"}); !slices.Equal(got, []string{"src/a.ts"}) {
		t.Errorf("seen in %q", got)
	}
}

// TestBuild installs a compiler that knows two errors, and sees what is told of a
// fix that brings one of them.
func TestBuild(t *testing.T) {
	install := "mkdir -p node_modules/.bin && cp tsc node_modules/.bin/ && chmod +x node_modules/.bin/tsc\n"
	for _, tt := range []struct {
		name, recipe string
		want         []string
	}{
		{"nothing new", "-- check --\ntsc\n-- build --\n! grep unleakProbe src/*.ts\n", nil},
		{"a diagnostic", "-- check --\ntsc clearInterval\n", []string{"src/poll.ts: TS9999: clearInterval is not allowed", "the check failed"}},
		{"a build", "-- check --\ntsc\n-- build --\n! grep clearInterval src/poll.ts\n", []string{"the build failed"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			for _, f := range txtar.Parse([]byte(toBuild)).Files {
				name := filepath.Join(dir, f.Name)
				if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(name, f.Data, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			recipe := Recipe{Install: install}
			for _, f := range txtar.Parse([]byte(tt.recipe)).Files {
				if f.Name == "check" {
					recipe.Check = string(f.Data)
				} else {
					recipe.Build = string(f.Data)
				}
			}
			b, err := buildAll(context.Background(), Repository{"o/n", strings.Repeat("a", 40)}, recipe, dir)
			if err != nil {
				t.Fatal(err)
			}
			if got := b.Broken(); !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if b.Fixes != 1 || !slices.Equal(b.Changed, []string{"src/poll.ts"}) || !slices.Equal(b.Checked, b.Changed) {
				t.Errorf("%d fixes in %q, checked %q", b.Fixes, b.Changed, b.Checked)
			}
			if b.Before.Diagnostics.Count() != 1 {
				t.Errorf("before: %v", b.Before.Diagnostics)
			}
		})
	}
}

// toBuild has one leak, and for a compiler a shell script that tells of one error
// always, of a wrong type, and of a word that it is given.
const toBuild = `
-- package.json --
{"name": "n", "dependencies": {}}
-- tsc --
#!/bin/sh
echo "src/old.ts(1,1): error TS1: It was there before."
if grep -q 'unleakProbe: number = ""' src/poll.ts; then
	echo "src/poll.ts(9,7): error TS2322: Type 'string' is not assignable to type 'number'."
fi
if [ -n "$1" ] && grep -q "$1" src/poll.ts; then
	echo "src/poll.ts(2,1): error TS9999: $1 is not allowed"
	exit 1
fi
-- src/poll.ts --
export class Poller {
  start() {
    setInterval(() => this.ask(), 1000);
  }
  stop() {
    console.log("stopped");
  }
  ask() {}
}
`

func TestWithProbe(t *testing.T) {
	for _, tt := range []struct{ path, src, want string }{
		{"a.ts", "a\n", "a\n\nconst unleakProbe: number = \"\"\n"},
		{"a.js", "a\n", "a\n\n/** @type {number} */\nconst unleakProbe = \"\"\n"},
		{"a.vue", "<script lang=\"ts\">\na\n</script>\n<style/>\n", "<script lang=\"ts\">\na\n\nconst unleakProbe: number = \"\"\n</script>\n<style/>\n"},
	} {
		if got := withProbe(tt.path, tt.src); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.path, got, tt.want)
		}
	}
}
