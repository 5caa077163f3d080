package project

import (
	"slices"
	"testing"
)

// TestMentionsByText: a file that imports another class of the same name is not parsed for the
// one that is asked for; one that may mean it, in whatever way, is.
func TestMentionsByText(t *testing.T) {
	texts := map[string]string{
		"a/bus.ts":   "export class Bus {}\nexport default class {}\n",
		"b/bus.ts":   "export class Bus {}\n",
		"index.ts":   "export * from './a/bus';\n",
		"given.ts":   "import { Bus } from './a/bus';\nexport { Bus };\n",
		"direct.ts":  "import { Bus } from './a/bus';\nnew Bus();\n",
		"marked.ts":  "\ufeffimport { Bus } from './a/bus';\nnew Bus();\n",
		"type.ts":    "import type { Bus } from './a/bus';\nlet x: Bus;\n",
		"through.ts": "import { Bus } from './index';\nnew Bus();\n",
		"handed.ts":  "import { Bus } from './given';\nnew Bus();\n",
		"whole.ts":   "import * as all from './a/bus';\nnew all.Bus();\n",
		"second.ts":  "import { Bus as Coach } from './b/bus';\nimport { Bus } from './a/bus';\nnew Bus(new Coach());\n",
		"prose.ts":   "import { Bus } from './b/bus';\n// We import the other one, too.\nnew Bus();\n",
		"other.ts":   "import { Bus } from './b/bus';\nnew Bus();\n",
		"default.ts": "import Bus, { type Size } from './b/bus';\nnew Bus();\n",
		"coach.ts":   "import type, { Bus as Coach } from './a/bus';\nclass Bus {}\nnew Bus(Coach);\n",
		"later.ts":   "const { Bus } = await import('./a/bus');\nnew Bus();\n",
		"meta.ts":    "import { Bus } from './b/bus';\nimport './index';\nnew Bus(import.meta.url);\n",
	}
	p := tree(t, texts)
	f, n := p.Declaration(t.Context(), "a/bus.ts", "Bus")
	if f == nil {
		t.Fatal("a/bus.ts declares no Bus")
	}
	var files []string
	for _, ref := range p.MentionsOf(t.Context(), n, "Bus") {
		files = append(files, ref.File().Path)
	}
	want := []string{"direct.ts", "given.ts", "handed.ts", "later.ts", "marked.ts", "second.ts", "through.ts", "type.ts", "whole.ts"}
	if got := slices.Compact(files); !slices.Equal(got, want) {
		t.Errorf("mentioned in %q, want %q", got, want)
	}
	for _, rel := range []string{"other.ts", "default.ts", "meta.ts"} {
		if p.IsParsed(rel) {
			t.Errorf("%s was parsed", rel)
		}
	}
	if !p.IsParsed("prose.ts") {
		t.Error("prose.ts was not parsed, and an import statement in it was not understood")
	}
}

func TestImported(t *testing.T) {
	for _, c := range []struct {
		text, module, as string
		ok               bool
	}{
		{"import { bus } from './a';\nbus();\n", "./a", "bus", true},
		{"import { coach as bus, type Size } from './a';\n", "./a", "coach", true},
		{"import bus, { coach } from './a';\nall.bus();\n", "./a", "default", true},
		{"import { coach } from './a';\n", "", "", true},
		{"import * as bus from './a';\n", "", "", false},
		{"const { bus } = require('./a');\n", "", "", false},
		{"const { bus } = await import('./a');\n", "", "", false},
		{"import { bus } from './a';\nimport bus from './b';\n", "", "", false},
	} {
		if module, as, ok := Imported([]byte(c.text), "bus"); module != c.module || as != c.as || ok != c.ok {
			t.Errorf("%q: %q, %q, %v", c.text, module, as, ok)
		}
	}
}
