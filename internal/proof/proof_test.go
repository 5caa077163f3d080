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
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/evanw/esbuild/pkg/api"
	"golang.org/x/sync/errgroup"

	"github.com/unleak-dev/unleak/internal/project"
	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/transforms"
)

var (
	update = flag.Bool("update", false, "write docs/proof.md anew")
	only   = flag.String("kinds", "", "only these kinds, with commas between, each in one style; no table")
)

// chosen lists all kinds, and those that -kinds leaves.
func chosen(t *testing.T) (all, some []*transforms.Kind) {
	all, err := transforms.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range all {
		if *only == "" || slices.Contains(strings.Split(*only, ","), k.Name) {
			some = append(some, k)
		}
	}
	return all, some
}

//go:embed *.cjs
var scripts embed.FS

// cell is one file that was mended: an example of a kind, or a program of the
// matrix with a kind in it.
type cell struct {
	ID     string `json:"id"`
	Before string `json:"before"`
	After  string `json:"after"`
	Drive  string `json:"drive"`
	Rounds *int   `json:"rounds,omitempty"` // nil: a hundred

	Monitored bool `json:"monitored,omitempty"` // a monitor must have counted something

	kind, form, name, applicability string
	matrix                          bool
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

// TestExecuted runs everything that has a fix, before and after, and counts
// what is still alive. What is mended is mended anew here, so that a golden that
// is wrong proves nothing. The cells are those that the kinds and the programs
// give: none is listed.
func TestExecuted(t *testing.T) {
	t.Parallel()
	node, err := exec.LookPath("node")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("node is not on the PATH: nothing can be executed")
		}
		t.Skip("node is not on the PATH: nothing is executed")
	}
	all, kinds := chosen(t)
	cells := examples(t, all, kinds)
	generated, left := fromMatrix(t, all, kinds)
	cells = append(cells, generated...)
	results := executeIn(t, node, cells, 4)
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
	if *only == "" {
		table(t, kinds, cells, results, left)
	}
}

// isMounted: internal/mount mounts it, with a framework.
func isMounted(c transforms.Case) bool {
	return strings.Contains(c.Files["drive.cjs"], "exports.host = ")
}

// examples makes a cell of every file in the kinds' cases that can be mended.
// One that cannot be driven is an error.
func examples(t *testing.T, all, kinds []*transforms.Kind) []cell {
	var out []cell
	for _, k := range kinds {
		for _, c := range k.Cases {
			if isMounted(c) {
				continue
			}
			for rel := range c.Files {
				if !mendable(rel) {
					continue
				}
				m := mend(t, all, c, rel)
				if m.New == nil {
					continue
				}
				id := k.Name + "/" + c.Name + "/" + rel
				made := newCell(t, id, c, rel, m)
				if made.Drive == "" {
					t.Errorf("%s: has a fix and no drive.cjs to execute it", id)
					continue
				}
				made.kind, made.name = k.Name, c.Name
				out = append(out, made)
			}
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].ID < out[j].ID })
	return out
}

func mendable(rel string) bool {
	return syntax.Supported(rel) && rel != "drive.cjs" && !strings.Contains(rel, "node_modules/")
}

// newCell bundles a case before and after the fixes of one of its files.
func newCell(t *testing.T, id string, c transforms.Case, rel string, m *transforms.Mended) cell {
	after := maps.Clone(c.Files)
	after[rel] = string(m.New)
	least := transforms.Safe
	for _, f := range m.Fixes {
		least = min(least, f.Applicability)
	}
	return cell{
		ID: id, Drive: c.Files["drive.cjs"], Before: bundle(t, id, c.Files, rel), After: bundle(t, id, after, rel),
		form: m.Fixes[0].Plan.Form.Name(), applicability: least.String(),
	}
}

// mend makes all fixes of one file of a case.
func mend(t *testing.T, kinds []*transforms.Kind, c transforms.Case, rel string) *transforms.Mended {
	return mendIn(t, transforms.Style{}, kinds, c, rel)
}

func mendIn(t *testing.T, style transforms.Style, kinds []*transforms.Kind, c transforms.Case, rel string) *transforms.Mended {
	p, err := project.Open(write(t, c.Files))
	if err != nil {
		t.Fatal(err)
	}
	f, err := syntax.Parse(context.Background(), rel, []byte(c.Files[rel]))
	if err != nil {
		t.Fatal(err)
	}
	d := transforms.NewDetector(p, kinds, c.WantsOffers())
	d.Style = style
	m, err := d.Mend(context.Background(), f, func(*transforms.Fix) bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range m.Bugs {
		t.Errorf("%s/%s: %v", c.Name, rel, b)
	}
	return m
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
	return executeIn(t, node, cells, 1)
}

// executeIn runs all cells in several node processes: with fakes, they wait most of the time.
func executeIn(t *testing.T, node string, cells []cell, processes int) map[string]result {
	dir := t.TempDir()
	if err := os.CopyFS(dir, scripts); err != nil {
		t.Fatal(err)
	}
	shares := make([][]cell, processes)
	for i, c := range cells {
		shares[i%processes] = append(shares[i%processes], c)
	}
	results := map[string]result{}
	var (
		all    errgroup.Group
		access sync.Mutex
	)
	for _, share := range shares {
		all.Go(func() error {
			part, err := executeShare(node, dir, share)
			access.Lock()
			defer access.Unlock()
			maps.Copy(results, part)
			return err
		})
	}
	if err := all.Wait(); err != nil {
		t.Fatal(err)
	}
	return results
}

// executeShare runs some cells, one after the other, in a node process.
func executeShare(node, dir string, cells []cell) (map[string]result, error) {
	input, err := json.Marshal(cells)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Minute)
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
			return nil, fmt.Errorf("the harness said %q", s.Text())
		}
		last = r.ID
		if !r.Begun {
			results[r.ID] = r
		}
	}
	if failed != nil {
		return nil, fmt.Errorf("the harness ended in %s: %w\n%s", last, failed, stderr.String())
	}
	return results, nil
}
