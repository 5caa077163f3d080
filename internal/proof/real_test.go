package proof

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/unleak-dev/unleak/transforms"
)

// TestRealBrowser runs examples of the kind browser with puppeteer-core and a
// real Chromium: what is counted are its processes.
func TestRealBrowser(t *testing.T) {
	chromium, err := exec.LookPath("chromium")
	modules, _ := filepath.Abs("node_modules/puppeteer-core")
	if _, missing := os.Stat(modules); err != nil || missing != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("chromium or puppeteer-core is not installed: nothing real is run")
		}
		t.Skip("chromium or puppeteer-core is not installed: nothing real is run")
	}
	node, err := exec.LookPath("node")
	if err != nil {
		t.Fatal(err)
	}
	drives := map[string]string{
		"closed-only-on-success": `
const shoot = (url) => ({ shot }) => shot(url).then((png) => png.length > 100);
exports['works'] = shoot('data:text/html,hi');
exports['the work fails'] = shoot('http://127.0.0.1:1/');`,
		"fragile-finally": `
exports['works'] = ({ render }) => render('hi', () => {}).then((pdf) => pdf.length > 100);
exports['the report fails'] = ({ render }) => render('hi', () => { throw new Error('no paper'); });`,
		"field": `
exports['open, close'] = async ({ Renderer }) => {
  const renderer = new Renderer();
  await renderer.open();
  await renderer.close();
};`,
	}
	t.Setenv("UNLEAK_CHROMIUM", chromium)
	t.Setenv("UNLEAK_PUPPETEER", modules)
	kinds, err := transforms.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	var cells []cell
	rounds := 0 // one way through is one browser: each takes seconds to begin
	for _, k := range kinds {
		for _, c := range k.Cases {
			drive, ok := drives[c.Name]
			if k.Name != "browser" || !ok {
				continue
			}
			for rel, golden := range c.Goldens {
				after := map[string]string{rel: golden.Text}
				cells = append(cells, cell{ID: c.Name, Drive: drive, Rounds: &rounds, Before: bundle(t, c.Name, c.Files, rel), After: bundle(t, c.Name, after, rel)})
			}
		}
	}
	if len(cells) != len(drives) {
		t.Fatalf("%d cells for %d drives", len(cells), len(drives))
	}
	for id, r := range execute(t, node, cells) {
		t.Logf("%s: %d processes left before, %d after", id, r.Before, r.After)
		if len(r.Problems) > 0 {
			t.Errorf("%s: %s", id, strings.Join(r.Problems, "; "))
		}
	}
}
