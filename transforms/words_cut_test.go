package transforms

import (
	"path/filepath"
	"testing"
	"testing/fstest"

	"golang.org/x/tools/txtar"

	"github.com/unleak-dev/unleak/internal/project"
)

// TestCut: texts that end anywhere are asked, too: an editor has them.
func TestCut(t *testing.T) {
	kinds, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	d := NewDetector(project.OpenTree(fstest.MapFS{}), kinds, true)
	for _, path := range []string{"kinds/subscription.txtar", "kinds/rxjs-subscription.txtar", "kinds/redis-client.txtar", "kinds/debounced-function.txtar"} {
		a, err := txtar.ParseFile(filepath.FromSlash(path))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range a.Files {
			for end := range f.Data {
				text := f.Data[:end:end]
				d.IsCandidate(text)
				(&givers{&scan{Detector: d}, map[string]bool{}}).mayGiveIn(project.Text{Path: "f.ts", Src: text}, "open")
				mayBeGivenFunction(append(text, "('"...), end)
			}
		}
	}
}
