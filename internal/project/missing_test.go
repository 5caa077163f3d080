package project

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
)

// asking counts the questions for files of a name.
type asking struct {
	fstest.MapFS
	name string
	n    int
}

func (a *asking) Stat(name string) (fs.FileInfo, error) {
	if strings.Contains(name, a.name) {
		a.n++
	}
	return a.MapFS.Stat(name)
}

// TestMissingFolder: what no folder has is not looked for in it.
func TestMissingFolder(t *testing.T) {
	files := fstest.MapFS{"a.ts": {}, "shop/index.mjs": {}, "empty/x.css": {}}
	for specifier, want := range map[string]string{"./shop": "shop/index.mjs", "./empty": "", "./lacking": ""} {
		a := &asking{MapFS: files, name: "/index."}
		p := OpenTree(a)
		if got := p.Resolve("a.ts", specifier); got != want {
			t.Errorf("%s leads to %q, want %q", specifier, got, want)
		}
		if specifier == "./lacking" && a.n > 0 {
			t.Errorf("%d files of a folder that is not there were asked for", a.n)
		}
	}
	p := OpenTree(files).With(map[string][]byte{"new/index.ts": nil})
	if got := p.Resolve("a.ts", "./new"); got != "new/index.ts" {
		t.Errorf("what is not yet written was not found: %q", got)
	}
}
