package transforms

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/unleak-dev/unleak/internal/project"
	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
)

// TestSaid holds what is said of every example to testdata/said: of each
// obligation its history, of each finding its sentence, exits and evidence, of
// each fix its message and notes. `-update` writes it anew.
func TestSaid(t *testing.T) {
	kinds, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range kinds {
		said(t, kinds, k.Name, k.Cases)
	}
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		t.Fatal(err)
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
		said(t, kinds, strings.TrimSuffix(filepath.Base(file), ".txtar"), cases)
	}
}

func said(t *testing.T, kinds []*Kind, name string, cases []Case) {
	t.Helper()
	saidIn(t, Style{}, kinds, name, cases)
}

func saidIn(t *testing.T, style Style, kinds []*Kind, name string, cases []Case) {
	t.Helper()
	var b strings.Builder
	for _, c := range cases {
		p, err := project.Open(WriteCase(t, c))
		if err != nil {
			t.Fatal(err)
		}
		d := NewDetector(p, kinds, c.WantsOffers())
		d.Style = style
		var files []string
		for rel := range c.Files {
			if isExample(rel) {
				files = append(files, rel)
			}
		}
		slices.Sort(files)
		for _, rel := range files {
			b.WriteString(About(c.Name+"/"+rel, MendText(t, d, rel, c.Files[rel])))
		}
	}
	file := filepath.Join("testdata", "said", name+".txt")
	if *update {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != b.String() {
		t.Errorf("%s: something else is said now:\n%s", name, patch.Change{Path: file, Old: want, New: []byte(b.String())}.Unified())
	}
}

// About writes down all that is said of one file.
func About(title string, m *Mended) string {
	var b strings.Builder
	line := func(n syntax.Node) int {
		l, _ := n.File().Position(n.Start())
		return l
	}
	fmt.Fprintf(&b, "== %s\n", title)
	for _, o := range m.Obligations {
		fmt.Fprintf(&b, "%s, line %d, of %s %s: %s\n", o.Kind.Name, line(o.At), o.Owner.Form, o.Owner.Name, o.Status)
		for _, s := range o.Steps {
			fmt.Fprintf(&b, "    %d %s\n", line(s.Node), s.Text)
		}
	}
	for _, o := range m.Findings {
		fmt.Fprintf(&b, "%s %s, line %d: %s (%s; %s)\n", o.Phase, o.Standing, line(o.At), o.Message, o.Way, strings.Join(o.Evidence, ", "))
		for _, x := range o.Exits {
			fmt.Fprintf(&b, "    exit in line %d: %s\n", line(x.Node), x.How)
		}
		if o.Refusal != nil {
			fmt.Fprintf(&b, "    refused, %s: %s\n", o.Refusal.Reason, o.Refusal.Text)
		}
	}
	for _, i := range m.Useless {
		fmt.Fprintf(&b, "useless comment in line %d: %v %q %t\n", line(i.Node), i.Kinds, i.Reason, i.Unknown)
	}
	for _, f := range m.Fixes {
		fmt.Fprintf(&b, "%s fix: %s\n", f.Applicability, f.Message)
		for _, n := range f.Notes {
			fmt.Fprintf(&b, "    %s: %s\n", n.Cap, n.Text)
		}
	}
	return b.String()
}
