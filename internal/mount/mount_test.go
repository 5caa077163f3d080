package mount

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/unleak-dev/unleak/internal/project"
	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/transforms"
)

var only = flag.String("cells", "", "only the cells whose name contains this")

// cell is one file that was mended, and how its component is mounted.
type cell struct {
	ID     string `json:"id"`
	Host   string `json:"host"`
	Before string `json:"before"`
	After  string `json:"after"`
	Drive  string `json:"drive"`
}

type count struct {
	Mounted, Left int
	Kinds         []string
}

// result is what the harness says of a cell.
type result struct {
	ID                    string
	Before, After, Strict count
	Problems              []string
}

// TestMounted mounts every example that names a host, before and after its fix: before,
// something is left when it is unmounted; after, nothing, and in strict mode exactly as
// much is alive while it is mounted as else.
func TestMounted(t *testing.T) {
	node, err := exec.LookPath("node")
	if _, missing := os.Stat("node_modules"); err != nil || missing != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("node or its modules are not there: nothing is mounted; run npm ci in internal/mount")
		}
		t.Skip("node or its modules are not there (npm ci in internal/mount): nothing is mounted")
	}
	kinds, err := transforms.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	fromMatrix, table := components(t, kinds)
	cells := bundled(t, node, append(collect(t, kinds), fromMatrix...))
	for _, c := range cells { // by the React before, too
		if c.Host == "react" {
			c.ID, c.Host = c.ID+" in React 18", "react18"
			cells = append(cells, c)
		}
	}
	results := execute(t, node, append(cells, wrong...))
	for _, c := range wrong { // the harness sees what is wrong
		if r := results[c.ID]; len(r.Problems) == 0 {
			t.Errorf("%s: nothing was said", c.ID)
		}
	}
	byHost := map[string]int{}
	for _, c := range cells {
		r, ok := results[c.ID]
		if !ok {
			t.Errorf("%s: was not mounted", c.ID)
			continue
		}
		byHost[c.Host]++
		for _, p := range r.Problems {
			t.Errorf("%s: %s", c.ID, p)
		}
		if testing.Verbose() {
			t.Logf("%s: %+v", c.ID, r)
		}
	}
	for _, host := range slices.Sorted(maps.Keys(byHost)) {
		t.Logf("%s: %d mounted, before and after", host, byHost[host])
	}
	if *only == "" {
		table.check(t)
	}
}

// collect makes a job of every case that names a host and is mended.
func collect(t *testing.T, kinds []*transforms.Kind) []job {
	groups := map[string][]transforms.Case{}
	for _, k := range kinds {
		groups[k.Name] = k.Cases
	}
	files, err := filepath.Glob("../../transforms/testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no cases", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(filepath.Base(file), ".txtar")
		if groups[name], err = transforms.ParseCases(file, data); err != nil {
			t.Fatal(err)
		}
	}
	var out []job
	for _, group := range slices.Sorted(maps.Keys(groups)) {
		for _, c := range groups[group] {
			id := group + "/" + c.Name
			host := hostOf(c.Files["drive.cjs"])
			if host == "" || !strings.Contains(id, *only) {
				continue
			}
			made, files := newJob(t, id, host, kinds, c, c.WantsOffers())
			if made.entry == "" {
				t.Errorf("%s: names a host and has no fix: %v", id, whyNot(files))
				continue
			}
			out = append(out, made)
		}
	}
	return out
}

// wrong are fixes that mend nothing, or too much.
var wrong = []cell{
	{"nothing is left before", "react", tidy, tidy, react},
	{"something is left after", "react", untidy, untidy, react},
	{"nothing is alive after", "react", untidy, empty, react},
	{"none in strict mode", "react", untidy, guarded, react},
}

const (
	react   = `exports.host = 'react';`
	untidy  = `const { useEffect } = require('react'); exports.A = () => { useEffect(() => { setInterval(() => {}, 50); }, []); return null; };`
	tidy    = `const { useEffect } = require('react'); exports.A = () => { useEffect(() => { const t = setInterval(() => {}, 50); return () => clearInterval(t); }, []); return null; };`
	empty   = `exports.A = () => null;`
	guarded = `const { useEffect, useRef } = require('react'); exports.A = () => { const done = useRef(false); useEffect(() => { if (done.current) return; done.current = true; const t = setInterval(() => {}, 50); return () => clearInterval(t); }, []); return null; };`
)

// hostOf is the adapter that a drive names: exports.host = 'react'.
func hostOf(drive string) string {
	_, rest, _ := strings.Cut(drive, "exports.host = '")
	host, _, _ := strings.Cut(rest, "'")
	return host
}

// newJob mends the files of a case, all of them; the first that has a fix is mounted.
func newJob(t *testing.T, id, host string, kinds []*transforms.Kind, c transforms.Case, offers bool) (job, []*transforms.Mended) {
	p, err := project.Open(write(t, c))
	if err != nil {
		t.Fatal(err)
	}
	d := transforms.NewDetector(p, kinds, offers)
	j := job{id, host, "", c.Files["drive.cjs"], c.Files, maps.Clone(c.Files)}
	var files []*transforms.Mended
	for _, rel := range slices.Sorted(maps.Keys(c.Files)) {
		if !syntax.Supported(rel) || rel == "drive.cjs" || strings.Contains(rel, "node_modules/") {
			continue
		}
		f, err := syntax.Parse(context.Background(), rel, []byte(c.Files[rel]))
		if err != nil {
			t.Fatal(err)
		}
		m, err := d.Mend(context.Background(), f, func(*transforms.Fix) bool { return true })
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, m)
		if m.New == nil {
			continue
		}
		if j.after[rel] = string(m.New); j.entry == "" {
			j.entry = rel
		}
	}
	return j, files
}

// write puts the files of a case into a folder.
func write(t *testing.T, c transforms.Case) string {
	dir := t.TempDir()
	if err := c.Put(dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

// execute runs all cells in one node process.
func execute(t *testing.T, node string, cells []cell) map[string]result {
	input, err := json.Marshal(cells)
	if err != nil {
		t.Fatal(err)
	}
	home, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, node, "harness.cjs")
	cmd.Env = append(os.Environ(), "UNLEAK_MOUNT="+home)
	var out, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(input), &out, &stderr
	failed := cmd.Run()
	results := map[string]result{}
	s := bufio.NewScanner(&out)
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		var r result
		if err := json.Unmarshal(s.Bytes(), &r); err != nil {
			t.Fatalf("the harness said %q", s.Text())
		}
		results[r.ID] = r
	}
	if failed != nil {
		t.Fatalf("the harness ended: %v\n%s", failed, stderr.String())
	}
	return results
}
