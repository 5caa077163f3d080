package transforms

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the goldens of the kinds' cases anew")

// TestKinds runs the cases of every kind: what must be found, what must come
// of it, and that a second run changes nothing.
func TestKinds(t *testing.T) {
	kinds, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	if len(kinds) == 0 {
		t.Fatal("no kinds")
	}
	for _, k := range kinds {
		if len(k.Cases) == 0 {
			t.Errorf("%s: no cases", k.Name)
		}
		for _, c := range k.Cases {
			t.Run(k.Name+"/"+c.Name, func(t *testing.T) { runCase(t, kinds, k.File, c) })
		}
	}
}

// TestTraps runs the cases that belong to no single kind: shapes to stay
// silent on, and traps for the rewriter.
func TestTraps(t *testing.T) {
	kinds, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	for file, cases := range trapCases(t) {
		for _, c := range cases {
			t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar")+"/"+c.Name, func(t *testing.T) { runCase(t, kinds, file, c) })
		}
	}
}

// trapCases are the cases that belong to no single kind, by their files.
func trapCases(t *testing.T) map[string][]Case {
	t.Helper()
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no cases", err)
	}
	all := map[string][]Case{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if all[file], err = ParseCases(file, data); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// TestWrongFixesAreAllHere: fifteen fixes that were really proposed and were
// wrong, numbered; each is an example of what must not come out.
func TestWrongFixesAreAllHere(t *testing.T) {
	const file = "testdata/wrong.txtar"
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	cases, err := ParseCases(file, data)
	if err != nil {
		t.Fatal(err)
	}
	for i := 1; i <= 15; i++ {
		number := fmt.Sprintf("w%02d-", i)
		if !slices.ContainsFunc(cases, func(c Case) bool { return strings.HasPrefix(c.Name, number) }) {
			t.Errorf("%s: no case begins with %s", file, number)
		}
	}
}

func runCase(t *testing.T, kinds []*Kind, file string, c Case) {
	t.Helper()
	testCaseIn(t, Style{}, kinds, file, c)
}

func testCaseIn(t *testing.T, style Style, kinds []*Kind, file string, c Case) {
	t.Helper()
	r, err := runCaseIn(t.Context(), t.TempDir(), kinds, style, c)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range r.Differences {
		if !*update || !d.Stale {
			t.Errorf("%s: %s\n%s", d.Path, d.Text, d.Diff)
		}
	}
	if *update {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for rel, got := range r.Goldens {
			data = WithGolden(data, c.Name+"/"+rel, got)
		}
		if err := os.WriteFile(file, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// WriteCase puts a case into a folder of its own.
func WriteCase(t *testing.T, c Case) string {
	dir := t.TempDir()
	if err := c.Put(dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

// MendText makes all fixes of one file; a fix that fails its proof, and a second
// run that changes anything, are errors.
func MendText(t *testing.T, d *Detector, rel, text string) *Mended {
	t.Helper()
	m, bad, err := mendCase(t.Context(), d, rel, text)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range bad {
		t.Errorf("%s: %s\n%s", b.Path, b.Text, b.Diff)
	}
	return m
}

func wants(t *testing.T, rel, text string, m *Mended) {
	t.Helper()
	var r Report
	r.wants(rel, text, m)
	for _, d := range r.Differences {
		t.Errorf("%s: %s", d.Path, d.Text)
	}
}

// TestReasons: every reason to leave a leak alone is that of a case. failed-proof is that of
// TestVerifyDropsBrokenFixes: no fix that is made fails its proof.
func TestReasons(t *testing.T) {
	kinds, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	all := slices.Concat(slices.Collect(maps.Values(trapCases(t)))...)
	for _, k := range kinds {
		all = append(all, k.Cases...)
	}
	seen := map[string]bool{string(FailedProof): true}
	for _, c := range all {
		for _, g := range c.Goldens {
			if g.Outcome == "refused" {
				seen[strings.TrimSpace(g.Text)] = true
			}
		}
	}
	for _, r := range reasonsOf(t, "model.go") {
		if !seen[r] {
			t.Errorf("no case is left alone for %s", r)
		}
	}
}

// reasonsOf are the constants of a file that are reasons.
func reasonsOf(t *testing.T, file string) []string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	ast.Inspect(parsed, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok && len(spec.Values) == 1 {
			if of, ok := spec.Type.(*ast.Ident); ok && of.Name == "Reason" {
				text, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
				if err != nil {
					t.Fatal(err)
				}
				out = append(out, text)
			}
		}
		return true
	})
	if len(out) == 0 {
		t.Fatalf("%s has no reasons", file)
	}
	return out
}
