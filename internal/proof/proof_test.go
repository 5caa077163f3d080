// Package proof holds the tests that execute what the forms write.
package proof

import (
	"bufio"
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/evanw/esbuild/pkg/api"

	"github.com/unleak-dev/unleak/internal/project"
	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/transforms"
)

var update = flag.Bool("update", false, "write docs/proof.md anew")

//go:embed *.cjs
var scripts embed.FS

// cell is one example that was mended: a kind in a form.
type cell struct {
	ID     string `json:"id"`
	Before string `json:"before"`
	After  string `json:"after"`
	Drive  string `json:"drive"`
	Rounds *int   `json:"rounds,omitempty"` // nil: a hundred

	kind, form, applicability string
}

// result is what the harness says of a cell.
type result struct {
	ID        string
	Begun     bool
	Before    int
	After     int
	Scenarios int
	Problems  []string
}

// TestExecuted runs every example that has a fix, before and after, and counts
// what is still alive. The cells are those that the kinds' examples give.
func TestExecuted(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("node is not on the PATH: nothing can be executed")
		}
		t.Skip("node is not on the PATH: nothing is executed")
	}
	cells := collect(t)
	results := execute(t, node, cells)
	for _, c := range cells {
		r, ok := results[c.ID]
		if !ok {
			t.Errorf("%s: was not run", c.ID)
			continue
		}
		for _, p := range r.Problems {
			t.Errorf("%s: %s", c.ID, p)
		}
	}
	table(t, cells, results)
}

// collect makes a cell of every file in the kinds' cases that has a golden with
// a fix. An example that cannot be driven is an error.
func collect(t *testing.T) []cell {
	kinds, err := transforms.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	var out []cell
	for _, k := range kinds {
		for _, c := range k.Cases {
			for rel, golden := range c.Goldens {
				if golden.Outcome == "refused" {
					continue
				}
				id := k.Name + "/" + c.Name + "/" + rel
				drive, ok := c.Files["drive.cjs"]
				if !ok {
					t.Errorf("%s: has a fix and no drive.cjs to execute it", id)
					continue
				}
				after := map[string]string{}
				for name, text := range c.Files {
					after[name] = text
				}
				after[rel] = golden.Text
				out = append(out, cell{
					ID: id, Drive: drive, Before: bundle(t, id, c.Files, rel), After: bundle(t, id, after, rel),
					kind: k.Name, form: formOf(t, kinds, c, rel), applicability: golden.Outcome,
				})
			}
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].ID < out[j].ID })
	return out
}

// formOf asks the program which form mends the file.
func formOf(t *testing.T, kinds []*transforms.Kind, c transforms.Case, rel string) string {
	dir := write(t, c.Files)
	p, err := project.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	f, err := syntax.Parse(context.Background(), rel, []byte(c.Files[rel]))
	if err != nil {
		t.Fatal(err)
	}
	m, err := transforms.NewDetector(p, kinds, true).Mend(context.Background(), f, func(*transforms.Fix) bool { return true })
	if err != nil || len(m.Fixes) == 0 {
		t.Fatalf("%s: no fix (%v)", rel, err)
	}
	return m.Fixes[0].Plan.Form.Name()
}

func write(t *testing.T, files map[string]string) string {
	dir := t.TempDir()
	for name, text := range files {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// bundle makes one CommonJS text of an example; libraries stay `require`d.
func bundle(t *testing.T, id string, files map[string]string, entry string) string {
	r := api.Build(api.BuildOptions{
		EntryPoints: []string{filepath.Join(write(t, files), filepath.FromSlash(entry))},
		Bundle:      true, Platform: api.PlatformNode, Format: api.FormatCommonJS, LogLevel: api.LogLevelSilent,
		Packages: api.PackagesExternal, Target: api.ES2022,
		TsconfigRaw: `{"compilerOptions":{"experimentalDecorators":true}}`,
	})
	if len(r.Errors) > 0 {
		t.Fatalf("%s: %s", id, r.Errors[0].Text)
	}
	return string(r.OutputFiles[0].Contents)
}

// execute runs all cells in one node process.
func execute(t *testing.T, node string, cells []cell) map[string]result {
	dir := t.TempDir()
	if err := os.CopyFS(dir, scripts); err != nil {
		t.Fatal(err)
	}
	input, err := json.Marshal(cells)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, node, filepath.Join(dir, "harness.cjs"))
	var out, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(input), &out, &stderr
	failed := cmd.Run()
	results := map[string]result{}
	last := ""
	s := bufio.NewScanner(&out)
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		var r result
		if err := json.Unmarshal(s.Bytes(), &r); err != nil {
			t.Fatalf("harness said %q", s.Text())
		}
		last = r.ID
		if !r.Begun {
			results[r.ID] = r
		}
	}
	if failed != nil {
		t.Fatalf("the harness ended in %s: %v\n%s", last, failed, stderr.String())
	}
	return results
}

// table holds docs/proof.md to what was executed.
func table(t *testing.T, cells []cell, results map[string]result) {
	var b strings.Builder
	b.WriteString("# Proof\n\nGenerated by `go generate ./...` from the kinds' examples; do not edit. Each row is an example that was run under Node\n" +
		"before and after its fix: through every way out, then a hundred times. *Left* counts what was still alive at the end\n" +
		"of all its scenarios.\n\n| kind | form | example | applicability | proved | scenarios | left before | left after |\n|---|---|---|---|---|--:|--:|--:|\n")
	for _, c := range cells {
		r := results[c.ID]
		fmt.Fprintf(&b, "| %s | %s | %s | %s | executed | %d | %d | %d |\n", c.kind, c.form, path.Base(path.Dir(c.ID)), c.applicability, r.Scenarios, r.Before, r.After)
	}
	const file = "../../docs/proof.md"
	if *update && !t.Failed() {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != b.String() {
		t.Errorf("%s is stale: run go generate ./...", file)
	}
}
