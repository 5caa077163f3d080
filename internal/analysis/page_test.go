package analysis

import (
	"encoding/json"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/unleak-dev/unleak/internal/report"
	"github.com/unleak-dev/unleak/transforms"
)

// TestPage opens the page in Chromium, in both themes.
func TestPage(t *testing.T) {
	chromium, err := exec.LookPath("chromium")
	modules, _ := filepath.Abs("../proof/node_modules/puppeteer-core")
	if _, missing := os.Stat(modules); err != nil || missing != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("chromium or puppeteer-core is not installed: npm ci in internal/proof")
		}
		t.Skip("chromium or puppeteer-core is not installed: npm ci in internal/proof")
	}
	var all []report.Finding
	for _, k := range builtin(t) {
		all = append(all, finding(t, k.Name, "@harbour/"+k.Name, "packages/"+k.Name+"/src/a very long name of a file that somebody gave to it.ts", 7, unsafe))
	}
	all[0].Fix, all[0].Refusal = nil, &report.Refusal{Reason: transforms.NoOwner, Text: "nothing ends it"}
	in := input(t, all...)
	in.Reviewed = map[string]string{all[1].Fingerprint: "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n-was\n+is " + strings.Repeat("long ", 60) + "\n kept\n"}
	in.Since = &Since{Name: "old.json", Came: map[string]bool{all[2].Fingerprint: true}, Stayed: 3, Went: []Went{{"interval", "gone.ts"}}}
	in.Merged = []Merged{{Commit: "0123456789abcdef", Date: in.Made, Subject: "Release the interval"}}
	for d := range 4 {
		in.History = append(in.History, Record{Made: in.Made.Add(time.Duration(d-9) * 24 * time.Hour), Commit: string(rune('a' + d)), Leaks: 90 - d, ByPhase: map[string]int{"high": 40 - d}})
	}
	file := filepath.Join(t.TempDir(), "the report, 100% & more.html")
	out, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := New(in).HTML(out); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("node", "testdata/drive.cjs", (&url.URL{Scheme: "file", Path: file}).String())
	cmd.Env = append(os.Environ(), "UNLEAK_CHROMIUM="+chromium, "UNLEAK_PUPPETEER="+modules)
	cmd.Stderr = os.Stderr
	said, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Problems             []string
		Grounds              map[string]string
		Issues, Bars, Points int
		Wide                 map[string]int
	}
	if err := json.Unmarshal(said, &got); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	for _, p := range got.Problems {
		t.Error(p)
	}
	if got.Grounds["light"] == got.Grounds["dark"] || got.Wide["light"] < 10_000 || got.Wide["dark"] < 10_000 {
		t.Errorf("the themes do not differ: %v", got.Grounds)
	}
	if got.Issues != len(all) || got.Bars < maxBars || got.Points != 5 {
		t.Errorf("%d issues, %d bars, %d points", got.Issues, got.Bars, got.Points)
	}
}
