package run

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/unleak-dev/unleak/internal/project"
)

// TestRunHoldsNothing: of a file that was read and is no candidate it is known afterwards that
// nothing in it is looked for, unless not all was, or it hands on what is another's.
func TestRunHoldsNothing(t *testing.T) {
	files := map[string]string{
		"plain.ts": "export const a = 1;\n", "default.ts": "export default function () { return 1; }\n", "timer.ts": "export const b = () => setInterval(f, 9);\n",
		"list.ts": "import { b } from './timer';\nconst c = 1;\nexport { b, c };\n", "all.ts": "export * from './timer';\n", "typed.ts": "export type { B } from './timer';\n",
		"common.js": "exports.a = 1;\n", "plain.test.ts": "export const a = 1;\n",
	}
	dir := t.TempDir()
	for file, text := range files {
		if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	run := func(kinds []string, opts Options) *project.Project {
		d := detector(t, dir)
		if kinds != nil {
			d.Only(kinds)
		}
		if _, err := Run(context.Background(), d, opts); err != nil {
			t.Fatal(err)
		}
		return d.Project
	}
	p := run(nil, Options{})
	for file := range files {
		if got, want := p.HoldsNothing(file), file == "plain.ts" || file == "default.ts"; got != want {
			t.Errorf("%s holds nothing: %t, want %t", file, got, want)
		}
	}
	for name, p := range map[string]*project.Project{
		"only some kinds": run([]string{"listener"}, Options{}), "only some files": run(nil, Options{Paths: []string{filepath.Join(dir, "timer.ts")}}),
		"left out": run(nil, Options{Exclude: func(rel string) bool { return rel == "plain.ts" }}),
	} {
		if p.HoldsNothing("plain.ts") {
			t.Errorf("%s: not all of plain.ts was looked at", name)
		}
	}
}
