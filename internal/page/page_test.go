package page

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	_ "image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/unleak-dev/unleak/internal/project"
	"github.com/unleak-dev/unleak/internal/report"
	"github.com/unleak-dev/unleak/internal/run"
	"github.com/unleak-dev/unleak/transforms"
)

// previewOf is a preview of all fixes below a folder.
func previewOf(tb testing.TB, root string, paths ...string) *report.Preview {
	tb.Helper()
	kinds, err := transforms.Builtin()
	if err != nil {
		tb.Fatal(err)
	}
	p, err := project.Open(root)
	if err != nil {
		tb.Fatal(err)
	}
	r, err := run.Run(context.Background(), transforms.NewDetector(p, kinds, true), run.Options{
		Paths: paths, Accept: func(f *transforms.Fix) bool { return f.Applicability > transforms.Display },
	})
	if err != nil {
		tb.Fatal(err)
	}
	return report.NewPreview(r, kinds, nil)
}

// demo is the README's example, with its offers.
func demo(tb testing.TB) *report.Preview {
	return previewOf(tb, "../..", "../../testdata/demo")
}

func put(tb testing.TB, dir, rel, text string) {
	tb.Helper()
	file := filepath.Join(dir, rel)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		tb.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		tb.Fatal(err)
	}
}

// thousand is a project of so many fixes, in packages, with code around each.
func thousand(tb testing.TB) *report.Preview {
	tb.Helper()
	dir := tb.TempDir()
	for i := range 1000 {
		pkg := fmt.Sprintf("packages/p%d", i%20)
		put(tb, dir, pkg+"/package.json", fmt.Sprintf(`{"name": "@many/p%d"}`, i%20))
		timer := []string{"setInterval(() => this.tell('tick'), 1000)", "setTimeout(() => this.tell('late'), 60_000)"}[i%2]
		put(tb, dir, fmt.Sprintf("%s/src/part%d.ts", pkg, i), fmt.Sprintf(`// What part %d does.
export class Part%d {
  private said: string[] = [];

  public start(): void {
    /* every so often */
    %s;
  }

  protected tell(what: string): void {
    this.said.push(`+"`part %d says ${what}`"+`);
  }

  public stop(): void {
    this.said.length = 0;
  }
}
`, i, i, timer, i))
	}
	return previewOf(tb, dir)
}

// hostile is code that would rather be something else than text.
func hostile(tb testing.TB) *report.Preview {
	tb.Helper()
	dir := tb.TempDir()
	put(tb, dir, "package.json", `{"name": "<b>bold</b>"}`)
	put(tb, dir, "<svg onload=pwned=1>.ts", "export class Evil {\n"+
		"  // </script><img src=x onerror=pwned=1>\n"+
		"  start() {\n"+
		"    const a = '<!-- <script>';\n"+
		"    setInterval(() => '\x1b[31m</script><img src=x onerror=pwned=1>', 10); // \u202eesrever \u2066\n"+
		"    i &lt; b; i &gt; b;\n"+
		"    const b = '\u2028'; // it's <b>bold</b>\n"+
		"  }\n"+
		"  stop() {}\n"+
		"}\n")
	return previewOf(tb, dir)
}

func written(tb testing.TB, p *report.Preview) string {
	tb.Helper()
	var b bytes.Buffer
	if err := Write(&b, p); err != nil {
		tb.Fatal(err)
	}
	return b.String()
}

// TestBreaksOut: whatever the source holds, the data ends where it should, and the page
// holds nothing of the source that is not spelled out.
func TestBreaksOut(t *testing.T) {
	p := hostile(t)
	if len(p.Fixes) != 1 {
		t.Fatalf("%d fixes", len(p.Fixes))
	}
	page := written(t, p)
	if n := strings.Count(page, "</script"); n != 2 {
		t.Errorf("%d ends of a script", n)
	}
	_, after, _ := strings.Cut(page, `id="data">`)
	raw, _, _ := strings.Cut(after, "</script>")
	for _, bad := range []string{"<", ">", "&", "\u2028", "\u202e", "\x1b"} {
		if strings.Contains(raw, bad) {
			t.Errorf("%q stands in the data", bad)
		}
	}
	var d data
	if err := json.Unmarshal([]byte(raw), &d); err != nil || len(d.Items) != 1 || d.Items[0].Path != "<svg onload=pwned=1>.ts" {
		t.Errorf("the data: %v %v", err, d.Items)
	}
}

// TestBrowser drives pages in a real browser.
func TestBrowser(t *testing.T) {
	chromium, err := exec.LookPath("chromium")
	modules, _ := filepath.Abs("../proof/node_modules/puppeteer-core")
	if _, missing := os.Stat(modules); err != nil || missing != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("chromium or puppeteer-core is not installed: no page is looked at")
		}
		t.Skip("chromium or puppeteer-core is not installed (npm ci in internal/proof): no page is looked at")
	}
	for _, c := range []struct {
		name      string
		preview   func(testing.TB) *report.Preview
		scenarios []string
	}{
		{"demo", demo, []string{"filters", "keyboard", "views", "themes", "access", "print", "policy"}},
		{"hostile", hostile, []string{"hostile"}},
		{"thousand", thousand, []string{"thousand"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.name == "thousand" && testing.Short() {
				t.Skip("makes a thousand fixes")
			}
			shots := t.TempDir()
			if keep := os.Getenv("UNLEAK_SHOTS"); keep != "" {
				shots = keep // to be looked at
			}
			file := filepath.Join(t.TempDir(), "page.html")
			if err := os.WriteFile(file, []byte(written(t, c.preview(t))), 0o644); err != nil {
				t.Fatal(err)
			}
			ctx, stop := context.WithTimeout(context.Background(), 5*time.Minute)
			defer stop()
			cmd := exec.CommandContext(ctx, "node", append([]string{"drive.cjs", file, shots}, c.scenarios...)...)
			cmd.Env = append(os.Environ(), "UNLEAK_CHROMIUM="+chromium, "UNLEAK_PUPPETEER="+modules)
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			out, err := cmd.Output()
			var got struct {
				Problems []string
				Figures  map[string]any
			}
			if err != nil || json.Unmarshal(out, &got) != nil {
				t.Fatalf("%v\n%s\n%s", err, out, stderr.String())
			}
			for _, p := range got.Problems {
				t.Error(p)
			}
			t.Logf("%v", got.Figures)
			if c.name == "demo" {
				shotsDiffer(t, shots)
			}
		})
	}
}

// shotsDiffer: the page is light, and dark, where the picture says so, not the styles.
func shotsDiffer(t *testing.T, dir string) {
	t.Helper()
	for name, dark := range map[string]bool{"light": false, "dark": true, "toggled-light": false, "toggled-dark": true} {
		f, err := os.Open(filepath.Join(dir, name+".png"))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		img, _, err := image.Decode(f)
		if err != nil {
			t.Fatal(err)
		}
		b := img.Bounds()
		sum, n := 0, 0
		for y := b.Min.Y; y < b.Max.Y; y += 5 {
			for x := b.Min.X; x < b.Max.X; x += 5 {
				r, g, bl, _ := img.At(x, y).RGBA()
				sum += int(r+g+bl) / 3 >> 8
				n++
			}
		}
		if mean := sum / n; dark && mean > 60 || !dark && mean < 200 {
			t.Errorf("%s: brightness %d", name, mean)
		}
	}
}

func BenchmarkWrite(b *testing.B) {
	p := thousand(b)
	b.ResetTimer()
	for range b.N {
		if n := len(written(b, p)); n < 100_000 {
			b.Fatal(n)
		}
	}
}
