package transforms

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/unleak-dev/unleak/internal/project"
	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
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
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no cases", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		cases, err := ParseCases(file, data)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range cases {
			t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar")+"/"+c.Name, func(t *testing.T) { runCase(t, kinds, file, c) })
		}
	}
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
	p, err := project.Open(WriteCase(t, c))
	if err != nil {
		t.Fatal(err)
	}
	d := NewDetector(p, kinds, c.WantsOffers())
	for rel, text := range c.Files {
		if !isExample(rel) {
			continue
		}
		if !d.Offers {
			noOffers(t, NewDetector(p, kinds, true), rel, text)
		}
		m := MendText(t, d, rel, text)
		wants(t, rel, text, m)
		if len(m.Findings) > 0 && !d.IsCandidate([]byte(text)) {
			t.Errorf("%s: has findings, and would not have been looked at", rel)
		}
		got := outcome(m)
		if *update {
			writeGolden(t, file, c.Name+"/"+rel, got)
			continue
		}
		want, ok := c.Goldens[rel]
		switch {
		case !ok && got.Outcome != "":
			t.Errorf("%s: no golden, got %s:\n%s", rel, got.Outcome, got.Text)
		case ok && got.Outcome != want.Outcome:
			t.Errorf("%s: got %q, want %q\n%s%s", rel, got.Outcome, want.Outcome, got.Text, notesOf(m))
		case ok && got.Text != want.Text:
			t.Errorf("%s: got other text than the golden:\n%s", rel, patch.Change{Path: rel, Old: []byte(want.Text), New: []byte(got.Text)}.Unified())
		}
	}
}

// noOffers: none is made in what does not want any, but for methods that may be
// called twice.
func noOffers(t *testing.T, d *Detector, rel, text string) {
	t.Helper()
	f, err := syntax.Parse(t.Context(), rel, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range d.Detect(t.Context(), f) {
		if o.Status == Unmet && o.Standing == Offer && o.Way != Overwritten {
			line, _ := f.Position(o.At.Start())
			t.Errorf("%s:%d: an offer that the case does not want: %s", rel, line, o.Message)
		}
	}
}

// WriteCase puts a case into a folder of its own.
func WriteCase(t *testing.T, c Case) string {
	dir := t.TempDir()
	for rel, text := range c.Files {
		abs := filepath.Join(dir, filepath.FromSlash(rel))
		if err := os.MkdirAll(filepath.Dir(abs), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(abs, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// isExample: a file that is looked at, and no installed package or scenario.
func isExample(rel string) bool {
	return syntax.Supported(rel) && !strings.Contains(rel, "node_modules/") && rel != "drive.cjs"
}

// MendText makes all fixes of one file; a fix that fails its proof, and a second
// run that changes anything, are errors.
func MendText(t *testing.T, d *Detector, rel, text string) *Mended {
	t.Helper()
	f, err := syntax.Parse(context.Background(), rel, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	m, err := d.Mend(context.Background(), f, func(*Fix) bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range m.Bugs {
		t.Errorf("%v\n%s", b, patch.Change{Path: rel, Old: b.Before, New: b.Mangled}.Unified())
	}
	if m.New != nil {
		g, err := syntax.Parse(context.Background(), rel, m.New)
		if err != nil {
			t.Fatal(err)
		}
		again, err := d.Mend(context.Background(), g, func(*Fix) bool { return true })
		if err != nil {
			t.Fatal(err)
		}
		if again.New != nil {
			t.Errorf("%s: a second run changes the file again:\n%s", rel, patch.Change{Path: rel, Old: m.New, New: again.New}.Unified())
		}
	}
	return m
}

// wants compares the findings with the comments `// want WAY` and
// `// want offer WAY` on their lines.
func wants(t *testing.T, rel, text string, m *Mended) {
	t.Helper()
	var want, got []string
	for i, line := range strings.Split(text, "\n") {
		if _, w, ok := strings.Cut(line, "// want "); ok {
			for _, one := range strings.Split(strings.TrimSpace(w), ", ") {
				want = append(want, fmt.Sprintf("%s:%d: %s", rel, i+1, one))
			}
		}
	}
	for _, o := range m.Findings {
		line, _ := o.File.Position(o.At.Start())
		w := string(o.Way)
		if o.Standing == Offer {
			w = "offer " + w
		}
		got = append(got, fmt.Sprintf("%s:%d: %s", rel, line, w))
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(want, got) {
		t.Errorf("findings differ\n got: %s\nwant: %s%s", strings.Join(got, "\n      "), strings.Join(want, "\n      "), steps(m))
	}
}

func steps(m *Mended) string {
	var b strings.Builder
	for _, o := range m.Obligations {
		line, _ := o.File.Position(o.Call.Start())
		fmt.Fprintf(&b, "\n%s line %d: %s", o.Kind.Name, line, o.Status)
		for _, s := range o.Steps {
			fmt.Fprintf(&b, "; %s", s.Text)
		}
	}
	return b.String()
}

func outcome(m *Mended) Golden {
	if len(m.Fixes) > 0 {
		least := Safe
		for _, f := range m.Fixes {
			least = min(least, f.Applicability)
		}
		return Golden{least.String(), string(m.New)}
	}
	for _, o := range m.Findings {
		if o.Refusal != nil {
			return Golden{"refused", string(o.Refusal.Reason) + "\n"}
		}
	}
	return Golden{}
}

func notesOf(m *Mended) string {
	var b strings.Builder
	for _, f := range m.Fixes {
		for _, n := range f.Notes {
			fmt.Fprintf(&b, "\n- %s: %s", n.Cap, n.Text)
		}
	}
	for _, o := range m.Findings {
		if o.Refusal != nil {
			fmt.Fprintf(&b, "\nrefused: %s %s", o.Refusal.Reason, o.Refusal.Text)
		}
	}
	return b.String()
}

// writeGolden replaces the golden of one file in a txtar.
func writeGolden(t *testing.T, file, name string, g Golden) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	ar := txtar.Parse(data)
	var files []txtar.File
	for _, f := range ar.Files {
		stem := strings.TrimSuffix(f.Name, path.Ext(f.Name))
		switch path.Ext(f.Name) {
		case ".safe", ".unsafe", ".display", ".refused":
			if stem == name {
				continue
			}
		}
		files = append(files, f)
		if f.Name == name && g.Outcome != "" {
			files = append(files, txtar.File{Name: name + "." + g.Outcome, Data: []byte(g.Text)})
		}
	}
	ar.Files = files
	if err := os.WriteFile(file, txtar.Format(ar), 0o644); err != nil {
		t.Fatal(err)
	}
}
