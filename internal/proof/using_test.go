package proof

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/unleak-dev/unleak/transforms"
)

var using = transforms.Style{Using: true}

func usingCases(t *testing.T) []transforms.Case {
	const file = "../../transforms/testdata/using/cases.txtar"
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	cases, err := transforms.ParseCases(file, data)
	if err != nil {
		t.Fatal(err)
	}
	return cases
}

// TestUsingExecuted runs what is declared by using as a compiler for older
// engines has it: what is left, what is thrown, and that nothing is released
// twice, as in TestExecuted.
func TestUsingExecuted(t *testing.T) {
	t.Parallel()
	node, err := exec.LookPath("node")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("node is not on the PATH: nothing can be executed")
		}
		t.Skip("node is not on the PATH: nothing is executed")
	}
	all, _ := chosen(t)
	var cells []cell
	for _, c := range usingCases(t) {
		if c.Files["drive.cjs"] == "" {
			continue
		}
		for rel := range c.Files {
			if !mendable(rel) {
				continue
			}
			m := mendIn(t, using, all, c, rel)
			if m.New == nil || !strings.Contains(string(m.New), "using ") {
				t.Errorf("%s/%s: is driven, and nothing in it is declared by using", c.Name, rel)
				continue
			}
			cells = append(cells, newCell(t, c.Name+"/"+rel, c, rel, m))
		}
	}
	results := execute(t, node, cells)
	for _, c := range cells {
		r, ok := results[c.ID]
		if !ok {
			t.Errorf("%s: was not run", c.ID)
		}
		for _, p := range r.Problems {
			t.Errorf("%s: %s", c.ID, p)
		}
		t.Logf("%s: %d scenarios, %d left before, %d after", c.ID, r.Scenarios, r.Before, r.After)
	}
}

// TestUsingCompiles type-checks the same, in every style, with the libraries'
// own types: whoever is not disposable is a diagnostic.
func TestUsingCompiles(t *testing.T) {
	t.Parallel()
	dir := compilerFolder(t)
	if _, err := os.Stat(filepath.Join(dir, "node_modules", "puppeteer-core-25")); err != nil && os.Getenv("CI") == "" {
		t.Skip("the puppeteer with using is not installed (npm ci in internal/proof)")
	}
	all, _ := chosen(t)
	mended := 0
	for _, c := range usingCases(t) {
		for style, apply := range styles {
			mended += compileCase(t, using, all, dir, filepath.Join(c.Name, strings.ReplaceAll(style, " ", "-")), c, apply, true)
		}
	}
	before, after := diagnostics(t, dir, `{"compilerOptions": {"strict": true, "noEmit": true, "target": "esnext", "lib": ["esnext"], "module": "esnext",
  "moduleResolution": "bundler", "moduleDetection": "force", "skipLibCheck": true, "allowJs": true, "esModuleInterop": true, "types": ["node"],
  "paths": {"puppeteer": ["./node_modules/puppeteer-core-25"], "playwright": ["./node_modules/playwright-core"], "playwright/test": ["./node_modules/playwright-core"]}},
  "include": ["before", "after"]}`)
	for d := range before {
		t.Errorf("an example does not compile as it is: %s", d)
	}
	for _, d := range fresh(before, after) {
		t.Error(d)
	}
	if mended == 0 {
		t.Fatal("nothing was mended")
	}
}
