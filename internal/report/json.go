// Package report writes what a run found.
package report

import (
	"encoding/json"
	"io"

	"github.com/unleak-dev/unleak/internal/project"
	"github.com/unleak-dev/unleak/transforms"
)

// Version of the JSON format. Fields are only ever added.
const Version = 1

// Document is what `scan --format json` prints.
type Document struct {
	Version  int       `json:"version"`
	Root     string    `json:"root"`
	Findings []Finding `json:"findings"`
	Summary  Summary   `json:"summary"`

	incomplete bool              // some path could not be looked at
	marks      map[string]*marks // by path; for a baseline
}

// Finding is one unmet obligation.
type Finding struct {
	Fingerprint string              `json:"fingerprint"`
	Kind        string              `json:"kind"`
	Phase       transforms.Phase    `json:"phase"`
	Standing    transforms.Standing `json:"standing"`
	Message     string              `json:"message"`
	Path        string              `json:"path"`
	Line        int                 `json:"line"`
	Column      int                 `json:"column"`
	EndLine     int                 `json:"endLine"`
	EndColumn   int                 `json:"endColumn"`
	Package     string              `json:"package"`
	Owner       Owner               `json:"owner"`
	Way         transforms.Way      `json:"way"`
	Evidence    []string            `json:"evidence"`
	Exits       []Exit              `json:"exits"`
	Made        int                 `json:"made,omitempty"` // the line in which that was made which acquires, where that is another
	Cost        *transforms.Cost    `json:"cost"`
	Fix         *Fix                `json:"fix"`
	Refusal     *Refusal            `json:"refusal"`

	frame    string     // the code around it, for people
	replaced []replaced // what its fix does, for programs
}

// Owner is the construct whose end should pay.
type Owner struct {
	Form transforms.OwnerForm `json:"form"`
	Name string               `json:"name"`
	Line int                  `json:"line"`
}

// Exit is a place where the owner is left without the release.
type Exit struct {
	Line int    `json:"line"`
	How  string `json:"how"`
}

// Fix says what can be done.
type Fix struct {
	Applicability transforms.Applicability `json:"applicability"`
	Message       string                   `json:"message"`
	Notes         []string                 `json:"notes"`
}

// Refusal says why nothing can.
type Refusal struct {
	Reason transforms.Reason `json:"reason"`
	Text   string            `json:"text"`
}

// Summary counts the findings.
type Summary struct {
	Files      int                      `json:"files"`
	Candidates int                      `json:"candidates"`
	Parsed     int                      `json:"parsed"`
	WithErrors int                      `json:"withErrors"`
	Findings   int                      `json:"findings"`
	Known      int                      `json:"known"` // left out: a baseline has them
	Fixable    int                      `json:"fixable"`
	ByPhase    map[transforms.Phase]int `json:"byPhase"`
	ByKind     map[string]int           `json:"byKind"`
	Seconds    float64                  `json:"seconds"`
}

func newFinding(p *project.Project, m *transforms.Mended, o *transforms.Obligation) Finding {
	f := Finding{
		Fingerprint: o.Fingerprint(), Kind: o.Kind.Name, Phase: o.Phase, Standing: o.Standing, Message: o.Message,
		Path: m.Path, Way: o.Way, Evidence: o.Evidence, Exits: []Exit{}, Cost: o.Kind.Cost,
		Owner: Owner{Form: o.Owner.Form, Name: o.Owner.Name},
	}
	f.Line, f.Column = o.File.Position(o.At.Start())
	f.EndLine, f.EndColumn = o.File.Position(o.At.End())
	if o.Owner.Node.OK() {
		f.Owner.Line, _ = o.File.Position(o.Owner.Node.Start())
	}
	f.Made = madeIn(o)
	if pkg := p.PackageOf(m.Path); pkg != nil {
		f.Package = pkg.Name
	}
	for _, x := range o.Exits {
		line, _ := o.File.Position(x.Node.Start())
		f.Exits = append(f.Exits, Exit{line, x.How})
	}
	if fix := m.ByFinding[f.Fingerprint]; fix != nil {
		f.Fix = &Fix{Applicability: fix.Applicability, Message: fix.Message, Notes: []string{}}
		for _, n := range fix.Notes {
			f.Fix.Notes = append(f.Fix.Notes, n.Text)
		}
	} else if o.Refusal != nil {
		f.Refusal = &Refusal{o.Refusal.Reason, o.Refusal.Text}
	}
	return f
}

// JSON writes the document, indented.
func JSON(w io.Writer, d *Document) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(d)
}
