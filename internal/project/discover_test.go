package project

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestDiscover(t *testing.T) {
	p := tree(t, map[string]string{
		"a.ts": "", "b.tsx": "", "c.mts": "", "d.cts": "", "e.js": "", "f.jsx": "", "g.mjs": "", "h.cjs": "", "i.vue": "", "j.svelte": "", "readme.md": "", "x.json": "", "noext": "",
		"src/a.ts": "", "src/deep/er/b.ts": "", "src/été/名 前.ts": "",
		"node_modules/m/index.js": "", "src/node_modules/m/index.js": "", "dist/a.js": "", "src/dist/a.js": "", "build/a.js": "", "coverage/a.js": "",
		".git/hooks/x.js": "", ".next/a.js": "", "vendor/a.js": "",
		"a.d.ts": "", "a.d.mts": "", "a.d.cts": "", "a.min.js": "", "src/a.min.mjs": "", "src/a.bundle.js": "", "src/a.generated.ts": "", "src/a_pb.js": "", ".pnp.cjs": "",
		"src/d.ts": "", "src/min.js": "", "distance/a.ts": "", "src/.hidden.ts": "", ".github/a.ts": "",
	})
	found, problems := discover(t, p)
	wantFound(t, "everything", found, ".github/a.ts", "a.ts", "b.tsx", "c.mts", "d.cts", "distance/a.ts", "e.js", "f.jsx", "g.mjs", "h.cjs", "i.vue", "j.svelte",
		"src/.hidden.ts", "src/a.ts", "src/d.ts", "src/deep/er/b.ts", "src/min.js", "src/été/名 前.ts")
	if len(problems) > 0 {
		t.Errorf("problems: %v", problems)
	}
	for rel, want := range map[string]bool{"a.ts": true, "src/.hidden.ts": true, "a.d.ts": false, "src/dist/a.js": false, "x.json": false, "node_modules/m/index.js": false, "distance/a.ts": true} {
		if got := IsSource(rel); got != want {
			t.Errorf("%s by itself: %v, want %v", rel, got, want)
		}
	}
}

func TestDiscoverPaths(t *testing.T) {
	p := tree(t, map[string]string{
		"a.ts": "", "src/a.ts": "", "src/b.ts": "", "src/x.d.ts": "", "node_modules/m/index.js": "", "node_modules/m/dist/a.js": "", "dist/a.js": "", "x.json": "",
	})
	tests := []struct {
		name  string
		paths []string
		want  []string
	}{
		{"a folder", []string{"src"}, []string{"src/a.ts", "src/b.ts"}},
		{"a file", []string{"src/b.ts"}, []string{"src/b.ts"}},
		{"twice", []string{"src/b.ts", "src", "src/b.ts"}, []string{"src/b.ts", "src/a.ts"}},
		{"the root", []string{""}, []string{"a.ts", "src/a.ts", "src/b.ts"}},
		{"a skipped folder by name", []string{"dist"}, []string{"dist/a.js"}},
		{"within a skipped folder", []string{"node_modules/m"}, []string{"node_modules/m/index.js"}},
		{"a declaration file by name", []string{"src/x.d.ts"}, []string{"src/x.d.ts"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var paths []string
			for _, path := range tt.paths {
				paths = append(paths, p.Abs(path))
			}
			found, problems := discover(t, p, paths...)
			wantFound(t, tt.name, found, tt.want...)
			if len(problems) > 0 {
				t.Errorf("problems: %v", problems)
			}
		})
	}
	for _, path := range []string{"none.ts", "none", "x.json"} {
		found, problems := discover(t, p, p.Abs(path), p.Abs("a.ts"))
		wantFound(t, path, found, "a.ts")
		var pe *PathError
		if len(problems) != 1 || !errors.As(problems[0], &pe) || !strings.Contains(pe.Path, path) {
			t.Errorf("%s: problems %v", path, problems)
		}
	}
}

func TestDiscoverOutside(t *testing.T) {
	dir := t.TempDir()
	writeTree(t, dir, map[string]string{"root/a.ts": "", "root2/b.ts": "", "outside/c.ts": ""})
	root := filepath.Join(dir, "root")
	symlink(t, "../outside", filepath.Join(root, "folder"))
	symlink(t, "../outside/c.ts", filepath.Join(root, "link.ts"))
	p := open(t, root)
	for _, path := range []string{"../root2", "../root2/b.ts", "../outside/c.ts", "..", "folder", "folder/c.ts", "link.ts"} {
		found, problems := discover(t, p, filepath.Join(root, path))
		if len(found) > 0 || len(problems) != 1 || !strings.Contains(problems[0].Error(), "outside") {
			t.Errorf("%s: found %q, problems %v", path, found, problems)
		}
		if rel, err := p.Rel(filepath.Join(root, path)); err == nil {
			t.Errorf("%s is %q in the project", path, rel)
		}
	}
	found, _ := discover(t, p)
	wantFound(t, "the root", found, "a.ts")
}

func TestDiscoverLinks(t *testing.T) {
	dir := t.TempDir()
	writeTree(t, dir, map[string]string{"real/src/a.ts": "", "real/b.ts": ""})
	real := filepath.Join(dir, "real")
	symlink(t, "..", filepath.Join(real, "src", "up"))
	symlink(t, "self", filepath.Join(real, "self"))
	symlink(t, "src", filepath.Join(real, "again"))
	symlink(t, "loop.ts", filepath.Join(real, "loop.ts"))
	symlink(t, "none.ts", filepath.Join(real, "dangling.ts"))
	found, problems := discover(t, open(t, real))
	wantFound(t, "with loops", found, "b.ts", "src/a.ts")
	if len(problems) > 0 {
		t.Errorf("problems: %v", problems)
	}
	found, problems = discover(t, open(t, real), filepath.Join(real, "loop.ts"), filepath.Join(real, "dangling.ts"))
	if len(found) > 0 || len(problems) != 2 {
		t.Errorf("links that lead nowhere: found %q, problems %v", found, problems)
	}
	// The root may be a link itself.
	symlink(t, "real", filepath.Join(dir, "linked"))
	found, problems = discover(t, open(t, filepath.Join(dir, "linked")))
	wantFound(t, "through a linked root", found, "b.ts", "src/a.ts")
	if len(problems) > 0 {
		t.Errorf("problems: %v", problems)
	}
}

func TestDiscoverCancelled(t *testing.T) {
	p := tree(t, map[string]string{"a.ts": ""})
	why := errors.New("somebody pressed a key")
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(why)
	err := p.Discover(ctx, nil, func(rel string) { t.Errorf("found %s", rel) }, func(err error) { t.Error(err) })
	if !errors.Is(err, why) {
		t.Errorf("ended with %v, want %v", err, why)
	}
}

// ignoreTests are trees of .gitignore files; what is left is asked of git.
var ignoreTests = []struct {
	name  string
	files map[string]string // ignore files; sources are in ignoreSources
}{
	{"none", nil},
	{"name", map[string]string{".gitignore": "a.ts\n"}},
	{"folder by name", map[string]string{".gitignore": "lib\n"}},
	{"folder only", map[string]string{".gitignore": "lib/\na.ts/\n"}},
	{"anchored", map[string]string{".gitignore": "/lib\n/a.ts\n"}},
	{"anchored by a slash within", map[string]string{".gitignore": "src/lib\nlib/a.ts\n"}},
	{"star", map[string]string{".gitignore": "*.js\n"}},
	{"star stays in its folder", map[string]string{".gitignore": "src/*.ts\n"}},
	{"star for a folder", map[string]string{".gitignore": "*/lib/\n"}},
	{"question mark and set", map[string]string{".gitignore": "?.ts\n[x-z]*.js\n"}},
	{"leading **", map[string]string{".gitignore": "**/lib\n**/deep/a.ts\n"}},
	{"stars around a part", map[string]string{".gitignore": "*an*\n**/d*p\n!**/dee*\n"}},
	{"trailing **", map[string]string{".gitignore": "src/lib/**\n"}},
	{"** between", map[string]string{".gitignore": "src/**/a.ts\n"}},
	{"negation", map[string]string{".gitignore": "*.ts\n!a.ts\n"}},
	{"negation of a folder", map[string]string{".gitignore": "/*\n!/src\n"}},
	{"negation needs its folder", map[string]string{".gitignore": "lib/\n!lib/a.ts\n"}},
	{"contents but one", map[string]string{".gitignore": "lib/*\n!lib/a.ts\n"}},
	{"contents but one folder", map[string]string{".gitignore": "/src/*\n!/src/deep/\n"}},
	{"negated and ignored again", map[string]string{".gitignore": "*.ts\n!a.ts\nsrc/a.ts\n"}},
	{"nested", map[string]string{"src/.gitignore": "a.ts\n/lib\n"}},
	{"nested negates", map[string]string{".gitignore": "a.ts\n", "src/.gitignore": "!a.ts\n", "src/deep/.gitignore": "a.ts\n"}},
	{"nested anchored", map[string]string{"src/.gitignore": "/a.ts\ndeep/a.ts\n"}},
	{"nested in an ignored folder", map[string]string{".gitignore": "src\n", "src/.gitignore": "!*\n"}},
	{"nested **", map[string]string{"src/.gitignore": "**/a.ts\n"}},
	{"exclude file", map[string]string{".git/info/exclude": "/lib\nb.ts\n"}},
	{"exclude file is weaker", map[string]string{".git/info/exclude": "a.ts\n", ".gitignore": "!a.ts\n"}},
	{"comments and empty lines", map[string]string{".gitignore": "# lib\n\n  \n\\#hash.ts\n"}},
	{"escaped mark", map[string]string{".gitignore": "\\!bang.ts\n"}},
	{"CRLF", map[string]string{".gitignore": "lib\r\na.ts\r\n"}},
	{"no final newline", map[string]string{".gitignore": "lib\na.ts"}},
	{"space within", map[string]string{".gitignore": "with space.ts\n"}},
}

var ignoreSources = []string{
	"a.ts", "b.ts", "x.js", "#hash.ts", "!bang.ts", "with space.ts", "lib/a.ts", "lib/b.js", "lib/deep/c.ts", "src/a.ts", "src/b.ts", "src/y.js",
	"src/lib/a.ts", "src/lib/deep/a.ts", "src/deep/a.ts", "src/deep/b.ts", "src/deep/lib/z.js", "other/lib/a.ts", "other/src/lib/a.ts",
}

func TestDiscoverIgnored(t *testing.T) {
	for _, tt := range ignoreTests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			gitIn(t, dir, "init", "-q")
			for _, s := range ignoreSources {
				writeTree(t, dir, map[string]string{s: ""})
			}
			writeTree(t, dir, tt.files)
			want := sources(gitIn(t, dir, "ls-files", "-z", "-c", "-o", "--exclude-standard"))
			got, problems := discover(t, open(t, dir))
			slices.Sort(got)
			wantFound(t, "against git ls-files", got, want...)
			if len(problems) > 0 {
				t.Errorf("problems: %v", problems)
			}
			// A folder within: the ignore files above it count.
			for _, at := range []string{"src", "src/deep", "lib"} {
				var within []string
				for _, w := range want {
					if strings.HasPrefix(w, at+"/") {
						within = append(within, w)
					}
				}
				if len(within) == 0 {
					continue
				}
				got, _ = discover(t, open(t, dir), filepath.Join(dir, at))
				slices.Sort(got)
				wantFound(t, "below "+at, got, within...)

				p := open(t, filepath.Join(dir, at))
				got, _ = discover(t, p)
				for i := range got {
					got[i] = at + "/" + got[i]
				}
				slices.Sort(got)
				wantFound(t, "with the root "+at, got, within...)
			}

			// Without a work tree the ignore files are read here.
			if tt.files[".git/info/exclude"] != "" {
				return
			}
			if err := os.RemoveAll(filepath.Join(dir, ".git")); err != nil {
				t.Fatal(err)
			}
			got, _ = discover(t, open(t, dir))
			slices.Sort(got)
			wantFound(t, "without a work tree", got, want...)
		})
	}
}

// sources splits what git printed and keeps the source files.
func sources(out string) []string {
	var names []string
	for _, name := range strings.Split(strings.TrimSuffix(out, "\x00"), "\x00") {
		if slices.Contains(ignoreSources, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
