package run

import (
	"context"
	"os"
	"path/filepath"
	"testing"
)

// TestRunMentions: whether an instance is made once, for good, is told by another file,
// also by one that is not itself looked at, and however much of the project is.
func TestRunMentions(t *testing.T) {
	const poll = "export class Poll {\n  constructor(ask) {\n    setInterval(ask, 1000);\n  }\n}\n"
	const once = "import { Poll } from '../src/poll.js';\n\nexport const poll = new Poll(console.log);\n"
	const perCall = "import { Poll } from '../src/poll.js';\n\nexport const watch = (ask) => new Poll(ask);\n"
	for _, tt := range []struct {
		name, file, text string
		leaks            int
	}{
		{"nowhere", "src/other.js", "", 1},
		{"once by a script", "bin/main.js", once, 0},
		{"once by a file that is left out", "left-out/main.js", once, 0},
		{"for each call", "lib/watch.js", perCall, 1},
		{"once by a test", "test/poll.js", once, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			for file, text := range map[string]string{"src/poll.js": poll, tt.file: tt.text} {
				file = filepath.Join(dir, filepath.FromSlash(file))
				if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			for name, paths := range map[string][]string{"all": nil, "its root": {dir}, "a folder": {filepath.Join(dir, "src")}} {
				exclude := func(rel string) bool { return filepath.Dir(filepath.FromSlash(rel)) == "left-out" }
				r, err := Run(context.Background(), detector(t, dir), Options{Paths: paths, Exclude: exclude})
				if err != nil {
					t.Fatal(err)
				}
				got := 0
				for _, f := range r.Files {
					got += len(f.Findings)
				}
				if got != tt.leaks || len(r.Problems) != 0 {
					t.Errorf("of %s %d leaks are reported, want %d; problems: %v", name, got, tt.leaks, r.Problems)
				}
			}
		})
	}
}
