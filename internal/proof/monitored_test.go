package proof

import (
	"context"
	"maps"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"github.com/unleak-dev/unleak/internal/monitor"
	"github.com/unleak-dev/unleak/internal/project"
	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/transforms"
)

// TestMonitored runs every example of which a monitor is told, mended and told, as
// TestExecuted does: it must do what it did, leave nothing alive, and the monitor must
// have counted what was acquired, and nothing in the end.
func TestMonitored(t *testing.T) {
	t.Parallel()
	node, err := exec.LookPath("node")
	if err != nil {
		missing(t, "node is not on the PATH")
	}
	all, kinds := chosen(t)
	var cells []cell
	for _, k := range kinds {
		for _, c := range k.Cases {
			for rel := range c.Files {
				if !mendable(rel) || c.Files["drive.cjs"] == "" || isMounted(c) {
					continue
				}
				m := mend(t, all, c, rel)
				if m.New == nil {
					continue
				}
				files := maps.Clone(c.Files)
				files[rel] = string(m.New)
				after, told := monitored(t, all, files)
				if !told[rel] {
					continue
				}
				id := k.Name + "/" + c.Name + "/" + rel
				cells = append(cells, cell{ID: id, Drive: c.Files["drive.cjs"], Before: bundle(t, id, c.Files, rel), After: bundle(t, id, after, rel), Monitored: true})
			}
		}
	}
	sort.Slice(cells, func(i, j int) bool { return cells[i].ID < cells[j].ID })
	results := executeIn(t, node, cells, 4)
	scenarios := 0
	for _, c := range cells {
		r, ok := results[c.ID]
		if !ok {
			t.Errorf("%s: was not run", c.ID)
		}
		scenarios += r.Scenarios
		for _, p := range r.Problems {
			t.Errorf("%s: %s", c.ID, p)
		}
	}
	if *only == "" && len(cells) < 50 {
		t.Errorf("only %d examples tell a monitor", len(cells))
	}
	t.Logf("%d examples with a monitor, %d scenarios", len(cells), scenarios)
}

// monitored adds a monitor to a project, and says which files tell it.
func monitored(t *testing.T, kinds []*transforms.Kind, files map[string]string) (after map[string]string, told map[string]bool) {
	t.Helper()
	p, err := project.Open(write(t, files))
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string][]byte{}
	for rel, text := range files {
		if mendable(rel) {
			texts[rel] = []byte(text)
		}
	}
	plan, err := monitor.Add(context.Background(), p, transforms.NewDetector(p, kinds, false), texts)
	if err != nil {
		t.Fatal(err)
	}
	after, told = maps.Clone(files), map[string]bool{}
	for _, ch := range plan.Changes {
		after[ch.Path] = string(ch.New)
		told[ch.Path] = !ch.Creates()
	}
	return after, told
}

// TestMonitoredCompiles type-checks every example with a monitor under strict, and the
// monitor with it, in some styles. The others are in transforms/testdata/wire.
func TestMonitoredCompiles(t *testing.T) {
	t.Parallel()
	dir := compilerFolder(t)
	all, kinds := chosen(t)
	told := 0
	put := func(side, folder string, files map[string]string) {
		for rel, text := range files {
			if rel != "drive.cjs" && rel != "package.json" && rel != "tsconfig.json" {
				put(t, dir, filepath.ToSlash(filepath.Join(side, folder, rel)), []byte(text))
			}
		}
	}
	for _, k := range kinds {
		for _, c := range k.Cases {
			for _, style := range []string{"as written", "no semicolons", "CRLF"} {
				apply, files := styles[style], map[string]string{}
				for rel, text := range c.Files {
					if golden, ok := c.Goldens[rel]; ok && golden.Outcome != "refused" {
						text = golden.Text
					}
					if syntax.Supported(rel) && rel != "drive.cjs" {
						if text = apply(text); broken(rel, text) {
							continue
						}
					}
					files[rel] = text
				}
				after, changed := monitored(t, all, files)
				if len(changed) == 0 {
					continue
				}
				told++
				folder := filepath.Join(k.Name, c.Name, strings.ReplaceAll(style, " ", "-"))
				put("before", folder, files)
				put("after", folder, after)
				for rel := range changed {
					if old := files[rel]; old != "" && sameStyle(old) != sameStyle(after[rel]) {
						t.Errorf("%s/%s: style changed: %s became %s\n%s", folder, rel, sameStyle(old), sameStyle(after[rel]), after[rel])
					}
				}
			}
		}
	}
	config := `{"compilerOptions": {"strict": true, "noEmit": true, "target": "es2022", "lib": ["es2022", "dom"], "module": "esnext",
  "moduleResolution": "bundler", "moduleDetection": "force", "skipLibCheck": true, "allowJs": true, "esModuleInterop": true,
  "experimentalDecorators": true, "types": ["node"],
  "paths": {"puppeteer": ["./node_modules/puppeteer-core"], "playwright": ["./node_modules/playwright-core"]}},
  "include": ["before", "after"]}`
	before, after := diagnostics(t, dir, config)
	for _, d := range fresh(before, after) {
		t.Error(d)
	}
	t.Logf("%d projects with a monitor compiled", told)
}
