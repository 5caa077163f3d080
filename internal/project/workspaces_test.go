package project

import (
	"strings"
	"testing"
	"testing/fstest"
)

// TestWorkspacesOfAnyDepth: a glob that goes down to any depth leads into no folder of what is
// installed, and to no file.
func TestWorkspacesOfAnyDepth(t *testing.T) {
	disk := &counted{FS: fstest.MapFS{
		"pnpm-workspace.yaml":                       {Data: []byte("packages:\n  - 'libs/**/*'\n  - '!libs/old/**'\n")},
		"libs/deep/a/package.json":                  {Data: []byte(`{"name": "a"}`)},
		"libs/deep/a/index.ts":                      {},
		"libs/old/b/package.json":                   {Data: []byte(`{"name": "b"}`)},
		"libs/old/b/index.ts":                       {},
		"libs/deep/a/node_modules/c/d/index.js":     {},
		"libs/deep/a/node_modules/c/d/package.json": {Data: []byte(`{"name": "d"}`)},
	}}
	p := OpenTree(disk)
	for name, want := range map[string]string{"a": "libs/deep/a/index.ts", "b": "", "d": ""} {
		if got := p.Resolve("app/x.ts", name); got != want {
			t.Errorf("%s leads to %q, want %q", name, got, want)
		}
	}
	for _, name := range disk.names {
		if strings.Contains(name, "node_modules/c") || strings.Contains(name, "index.ts/") {
			t.Errorf("%s was asked for", name)
		}
	}
}
