package project

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// TestMissingFolder: what no folder has is not looked for in it.
func TestMissingFolder(t *testing.T) {
	files := fstest.MapFS{"a.ts": {}, "shop/index.mjs": {}, "empty/x.css": {}}
	for specifier, want := range map[string]string{"./shop": "shop/index.mjs", "./empty": "", "./lacking": ""} {
		disk := &counted{FS: files}
		p := OpenTree(disk)
		if got := p.Resolve("a.ts", specifier); got != want {
			t.Errorf("%s leads to %q, want %q", specifier, got, want)
		}
		inFolder := func(name string) bool { return strings.Contains(name, "/index.") }
		if asked := slices.ContainsFunc(disk.names, inFolder); asked != (specifier != "./lacking") {
			t.Errorf("%s: files of a folder were asked for: %t", specifier, asked)
		}
	}
	p := OpenTree(files).With(map[string][]byte{"new/index.ts": nil})
	if got := p.Resolve("a.ts", "./new"); got != "new/index.ts" {
		t.Errorf("what is not yet written was not found: %q", got)
	}
}
