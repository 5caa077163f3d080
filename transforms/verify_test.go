package transforms

import (
	"context"
	"strings"
	"testing"

	"github.com/unleak-dev/unleak/internal/project"
	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
)

// formBroken writes what it is told, whatever that breaks.
type formBroken struct{ edits []patch.Edit }

func (formBroken) Name() string { return "broken" }

func (f formBroken) fix(_ *scan, p *Plan) (*Fix, *Refusal) {
	return &Fix{Plan: p, Edits: f.edits, Message: "Break it"}, nil
}

// TestVerifyDropsBrokenFixes: a fix that does not parse, settles nothing, owes
// anew or cannot be applied is dropped, told as a bug, and refused; the text
// stays as it is.
func TestVerifyDropsBrokenFixes(t *testing.T) {
	const text = "export class T {\n  go() {\n    setInterval(() => {}, 10);\n  }\n  stop() {}\n}\n"
	at := strings.Index(text, "setInterval")
	end := strings.Index(text, "  stop")
	for name, edits := range map[string][]patch.Edit{
		"the result does not parse": {{Start: at, End: at, New: "{ ( "}},
		"still owes":                {{Start: end, End: end, New: "  more() {}\n"}},
		"owes anew": {
			{Start: at, End: at, New: "this.t = "}, {Start: end, End: end, New: "  again() { setInterval(() => {}, 5); }\n  t;\n"},
			{Start: len(text) - 4, End: len(text) - 4, New: " clearInterval(this.t); "},
		},
		"does not parse for esbuild": {
			{Start: at, End: at, New: "const a = 1; const a = 2; this.t = "}, {Start: len(text) - 4, End: len(text) - 4, New: " clearInterval(this.t); "},
		},
		"edits conflict": {{Start: at, End: at, New: "a"}, {Start: at, End: at, New: "b"}},
	} {
		t.Run(name, func(t *testing.T) {
			kinds, err := Builtin()
			if err != nil {
				t.Fatal(err)
			}
			p, err := project.Open(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			f, err := syntax.Parse(context.Background(), "t.js", []byte(text))
			if err != nil {
				t.Fatal(err)
			}
			d := NewDetector(p, kinds, false)
			s := newScan(context.Background(), d, f)
			s.found = d.Detect(context.Background(), f)
			if len(s.found) != 1 || s.found[0].Status != Unmet {
				t.Fatalf("found %d", len(s.found))
			}
			s.found[0].Form = formBroken{edits}
			m := &Mended{Path: f.Path, Findings: s.found, ByFinding: map[string]*Fix{}}
			next, err := d.round(s, m, s.found, func(*Fix) bool { return true }, map[string]bool{})
			if err != nil || next != nil || len(m.Fixes) != 0 {
				t.Fatalf("a broken fix was made: %v %v", next, err)
			}
			if len(m.Bugs) != 1 || !strings.Contains(m.Bugs[0].Reason, strings.TrimPrefix(name, "owes anew")) {
				t.Fatalf("got bugs %v", m.Bugs)
			}
			if s.found[0].Refusal == nil || s.found[0].Refusal.Reason != FailedProof {
				t.Fatalf("got refusal %v", s.found[0].Refusal)
			}
		})
	}
}
