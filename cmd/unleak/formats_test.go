package main

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"
)

const meterSource = `// 💧 a drop before it, for columns
export class Meter {
  start(read: () => number) {
    /* 💧💧 */ setInterval(() => read(), 1000);
  }

  dispose() {}
}
`

// leakyRepository is a git repository whose project lies below its top and has names
// that need escaping.
func leakyRepository(t *testing.T) (top string, files []string) {
	t.Helper()
	top = filepath.Join(t.TempDir(), "the top, 100%")
	files = []string{"sub/packages/ünder score/src/a b#1.ts", "sub/packages/other/src/50%.ts"}
	for _, f := range append(slices.Clone(files), "sub/packages/ünder score/package.json") {
		text := meterSource
		if strings.HasSuffix(f, ".json") {
			text = `{"name": "@scope/<under> & \"score\""}`
		}
		f = filepath.Join(top, filepath.FromSlash(f))
		if err := os.MkdirAll(filepath.Dir(f), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(f, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := exec.Command("git", "-C", top, "init", "-q").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return top, files
}

// unleak runs a command line whose status is 0 or 1.
func unleak(t *testing.T, args ...string) string {
	t.Helper()
	var out bytes.Buffer
	c := &cli{in: strings.NewReader(""), out: &out, err: os.Stderr}
	cmd := c.rootCommand()
	cmd.SetArgs(args)
	if err := cmd.ExecuteContext(context.Background()); err != nil && err != exitStatus(1) {
		t.Fatal(err)
	}
	return out.String()
}

// TestSARIF: the log is what its official validator and an independent reader take,
// and whoever applies its fixes gets what the program would write.
func TestSARIF(t *testing.T) {
	top, files := leakyRepository(t)
	root := filepath.Join(top, "sub")
	log := unleak(t, "scan", "--root", root, "--format", "sarif", root)
	read, err := sarif.FromString(log)
	if err != nil {
		t.Fatal(err)
	}
	run := read.Runs[0]
	if len(run.Results) != 2 || len(run.Tool.Driver.Rules) != 1 || !*run.Invocations[0].ExecutionSuccessful {
		t.Fatalf("not two results of one rule:\n%s", log)
	}
	var found []string
	for _, r := range run.Results {
		base, err := url.Parse(*run.OriginalUriBaseIds["%SRCROOT%"].URI)
		if err != nil {
			t.Fatal(err)
		}
		place := r.Locations[0].PhysicalLocation
		at, err := base.Parse(*place.ArtifactLocation.URI)
		if err != nil {
			t.Fatal(err)
		}
		if place.Region.StartLine == nil || *place.Region.StartLine != 4 || *place.Region.StartColumn != 16 {
			t.Errorf("the place is %+v", place.Region)
		}
		rel, err := filepath.Rel(top, at.Path)
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, filepath.ToSlash(rel))
		if r.PartialFingerprints["unleak/v1"] == "" || *r.RuleID != "interval" || r.Level != "error" {
			t.Errorf("%+v", r)
		}
		text := meterSource
		changes := slices.Clone(r.Fixes[0].ArtifactChanges[0].Replacements)
		slices.SortStableFunc(changes, func(a, b *sarif.Replacement) int { return offsetOf(t, b, false) - offsetOf(t, a, false) })
		for _, c := range changes { // the last comes first, so that the others stay where they are
			text = text[:offsetOf(t, c, false)] + *c.InsertedContent.Text + text[offsetOf(t, c, true):]
		}
		in, err := os.Open(at.Path)
		if err != nil {
			t.Fatal(err)
		}
		defer in.Close()
		var out bytes.Buffer
		c := &cli{in: in, out: &out, err: os.Stderr}
		cmd := c.rootCommand()
		cmd.SetArgs([]string{"fix", "--root", root, "--stdin-filepath", at.Path})
		if err := cmd.Execute(); err != nil {
			t.Fatal(err)
		}
		if out.String() != text || text == meterSource {
			t.Errorf("the fix of the log makes\n%s\nand fix\n%s", text, out.String())
		}
	}
	if slices.Sort(found); !slices.Equal(found, []string{files[1], files[0]}) {
		t.Errorf("found in %q", found)
	}

	validator := filepath.Join("..", "..", "internal", "report", "node_modules", "@microsoft", "sarif-multitool-linux", "Sarif.Multitool")
	if _, err := os.Stat(validator); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("the validator is not there: npm ci in internal/report")
		}
		t.Skip("the validator is not there: npm ci in internal/report")
	}
	if err := os.Chmod(validator, 0o755); err != nil { // no script of a package made it so
		t.Fatal(err)
	}
	dir := t.TempDir()
	demo := unleak(t, "scan", "--offers", "--format", "sarif", filepath.Join("..", "..", "testdata", "demo"))
	for name, text := range map[string]string{"names": log, "demo": demo, "nothing": unleak(t, "scan", "--format", "sarif", "../../testdata/demo/packages/quiet")} {
		in, out := filepath.Join(dir, name+".sarif"), filepath.Join(dir, name+".out.sarif")
		if err := os.WriteFile(in, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		said, err := exec.Command(validator, "validate", in, "--rule-kind", "Sarif;Ghas", "-o", out).CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, said)
		}
		var verdict struct {
			Runs []struct{ Results []json.RawMessage }
		}
		if data, err := os.ReadFile(out); err != nil || json.Unmarshal(data, &verdict) != nil || len(verdict.Runs) != 1 {
			t.Fatalf("%v: %s", err, data)
		}
		for _, r := range verdict.Runs[0].Results {
			t.Errorf("%s: %s", name, r)
		}
	}
}

// offsetOf is where in meterSource a replacement begins or ends.
func offsetOf(t *testing.T, r *sarif.Replacement, end bool) int {
	t.Helper()
	line, column := *r.DeletedRegion.StartLine, *r.DeletedRegion.StartColumn
	if end {
		line, column = *r.DeletedRegion.EndLine, *r.DeletedRegion.EndColumn
	}
	lines := strings.SplitAfter(meterSource, "\n")
	units := utf16.Encode([]rune(lines[line-1]))
	return len(strings.Join(lines[:line-1], "")) + len(string(utf16.Decode(units[:column-1])))
}

func TestAnnotations(t *testing.T) {
	top, _ := leakyRepository(t)
	root := filepath.Join(top, "sub")
	out := unleak(t, "scan", "--root", root, "--format", "github", root)
	want := "::error file=sub/packages/ünder score/src/a b#1.ts,line=4,endLine=4,col=16,endColumn=47,title=unleak%3A interval::" +
		"interval of Meter is never released: it outlives the instance%0Afix (safe): Release the intervals of Meter in dispose()\n"
	if !strings.Contains(out, want) || !strings.Contains(out, "file=sub/packages/other/src/50%25.ts,") || strings.Count(out, "\n") != 2 {
		t.Errorf("got\n%s\nwant among others\n%s", out, want)
	}
}

func TestJUnit(t *testing.T) {
	top, _ := leakyRepository(t)
	root := filepath.Join(top, "sub")
	type suites struct {
		Tests    int `xml:"tests,attr"`
		Failures int `xml:"failures,attr"`
		Suites   []struct {
			Name  string `xml:"name,attr"`
			Cases []struct {
				Class   string `xml:"classname,attr"`
				Failure *struct {
					Type string `xml:"type,attr"`
					Text string `xml:",chardata"`
				} `xml:"failure"`
				Skipped *struct{} `xml:"skipped"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	read := func(args ...string) suites {
		var s suites
		if err := xml.Unmarshal([]byte(unleak(t, append(args, "--format", "junit")...)), &s); err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := read("scan", "--root", root, root)
	if s.Tests != 2 || s.Failures != 2 || len(s.Suites) != 2 || s.Suites[0].Name != `@scope/<under> & "score"` ||
		s.Suites[0].Cases[0].Class != "packages/ünder score/src/a b#1.ts" || s.Suites[0].Cases[0].Failure.Type != "interval" {
		t.Errorf("%+v", s)
	}
	if s := read("scan", "../../testdata/demo/packages/quiet"); s.Tests != 1 || s.Failures != 0 || s.Suites[0].Cases[0].Failure != nil {
		t.Errorf("nothing leaks there: %+v", s)
	}
	if s := read("scan", "--offers", "../../testdata/demo/packages/radio"); s.Failures != 0 || s.Suites[0].Cases[0].Skipped == nil {
		t.Errorf("an offer is no failure: %+v", s)
	}
}
