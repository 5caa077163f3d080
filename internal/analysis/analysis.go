// Package analysis turns a scan into the memory analysis of a repository: what leaks
// by priority, what it may cost, what is done about it, and what to look at. It is
// pure: what a scan, git and a forge know is given to it.
package analysis

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/unleak-dev/unleak/internal/report"
	"github.com/unleak-dev/unleak/transforms"
)

// Version of the JSON format. Fields are only ever added.
const Version = 1

// Input is what is known of a repository.
type Input struct {
	Name     string // of the repository, for the title
	Commit   string // that was looked at, "" where there is none
	Dirty    bool   // there are uncommitted changes
	Made     time.Time
	Program  string // this program and its version
	Document *report.Document
	Kinds    []*transforms.Kind
	Since    *Since            // nil: not compared
	States   map[string]State  // of findings, by fingerprint; those without are open
	Merged   []Merged          // what was merged before, the newest first
	History  []Record          // earlier analyses, the oldest first; this one is added
	Times    [2]int            // how often each leak is assumed to have happened: little use, heavy use
	Reviewed map[string]string // fingerprint -> the unified diff of its fix
}

// State says where what is to be done about a finding stands.
type State struct {
	State string `json:"state"` // open, proposed, refused
	Where string `json:"where"` // the branch or pull request, or why it was refused
}

// Merged is a fix that was merged.
type Merged struct {
	Commit  string    `json:"commit"`
	Date    time.Time `json:"date"`
	Subject string    `json:"subject"`
}

// Since is what changed since a baseline. Came and stayed are fingerprints.
type Since struct {
	Name   string          `json:"baseline"`
	Came   map[string]bool `json:"-"`
	Stayed int             `json:"stayed"`
	Went   []Went          `json:"went"`
}

// Went is a finding of a baseline that is found no more.
type Went struct {
	Kind string `json:"kind"`
	Path string `json:"path"`
}

// Analysis is the document. It is written as it is by JSON, and given to templates.
type Analysis struct {
	Version  int       `json:"version"`
	Name     string    `json:"name"`
	Commit   string    `json:"commit"`
	Dirty    bool      `json:"uncommittedChanges"`
	Made     time.Time `json:"made"`
	Program  string    `json:"program"`
	Overview Overview  `json:"overview"`
	Since    *Changes  `json:"since"`
	Phases   []Phase   `json:"phases"`
	Families []Family  `json:"patterns"`
	Impact   Impact    `json:"impact"`
	Merged   []Merged  `json:"merged"`
	Advice   []Advice  `json:"recommendations"`
	Example  *Example  `json:"example"`
	Trend    []Record  `json:"trend"`
	Checks   []Check   `json:"checklist"`
	Scanned  Scanned   `json:"scanned"`
}

// Overview counts.
type Overview struct {
	Leaks    int `json:"leaks"`
	Offers   int `json:"offers"`
	Packages int `json:"packages"` // with leaks
	Files    int `json:"files"`    // with leaks
	Safe     int `json:"safe"`     // leaks with a fix that changes nothing else
	Unsafe   int `json:"unsafe"`   // leaks with a fix that needs a person's yes
	Refused  int `json:"refused"`  // leaks without one
}

// Phase is what is to be done together.
type Phase struct {
	Phase  transforms.Phase `json:"phase"`
	Leaks  int              `json:"leaks"`
	Offers int              `json:"offers"`
	Issues []Issue          `json:"issues"`
	States map[string]int   `json:"states"` // how many leaks are open, proposed, refused
}

// Issue is what leaks of one kind in one package.
type Issue struct {
	Number   int                 `json:"number"`
	Package  string              `json:"package"` // its name, or its folder
	Kind     string              `json:"kind"`
	Noun     string              `json:"noun"`
	Standing transforms.Standing `json:"standing"`
	Risk     string              `json:"risk"` // why it matters, prose of the kind
	Cost     *transforms.Cost    `json:"cost"` // of one
	CostOf   string              `json:"costOf"`
	Places   []Place             `json:"places"`
}

// Place is one finding.
type Place struct {
	Path          string   `json:"path"`
	Line          int      `json:"line"`
	Message       string   `json:"message"`
	Fingerprint   string   `json:"fingerprint"`
	Applicability string   `json:"applicability"` // safe, unsafe, display, or "" without a fix
	Fix           string   `json:"fix"`           // what it does, or why there is none
	Notes         []string `json:"notes"`
	New           bool     `json:"new"` // it came since the baseline
	State         State    `json:"state"`
	Diff          string   `json:"diff,omitempty"`
}

// Scanned says how the analysis was made.
type Scanned struct {
	Files      int     `json:"files"`
	Candidates int     `json:"candidates"`
	Parsed     int     `json:"parsed"`
	WithErrors int     `json:"withErrors"`
	Kinds      int     `json:"kinds"`
	Seconds    float64 `json:"seconds"`
}

// New makes the analysis.
func New(in Input) *Analysis {
	a := &Analysis{
		Version: Version, Name: in.Name, Commit: in.Commit, Dirty: in.Dirty, Made: in.Made.UTC().Truncate(time.Second), Program: in.Program,
		Merged: append([]Merged{}, in.Merged...),
	}
	s := in.Document.Summary
	a.Scanned = Scanned{s.Files, s.Candidates, s.Parsed, s.WithErrors, len(in.Kinds), s.Seconds}
	kinds := map[string]*transforms.Kind{}
	for _, k := range in.Kinds {
		kinds[k.Name] = k
	}
	a.count(in.Document)
	a.Phases = phasesOf(in, kinds)
	a.Families = familiesOf(in.Document, kinds)
	a.Impact = impactOf(in, kinds)
	a.Advice = adviceFor(in.Document, kinds)
	a.Example = exampleOf(in)
	a.Checks = checksFor(in.Document, kinds)
	if in.Since != nil {
		a.Since = changesOf(in)
	}
	a.Trend = trend(in.History, a.record())
	return a
}

func (a *Analysis) count(d *report.Document) {
	packages, files := map[string]bool{}, map[string]bool{}
	o := &a.Overview
	for i := range d.Findings {
		f := &d.Findings[i]
		if f.Standing == transforms.Offer {
			o.Offers++
			continue
		}
		o.Leaks++
		packages[packageOf(f)], files[f.Path] = true, true
		switch {
		case f.Fix == nil:
			o.Refused++
		case f.Fix.Applicability == transforms.Safe:
			o.Safe++
		default:
			o.Unsafe++
		}
	}
	o.Packages, o.Files = len(packages), len(files)
}

// packageOf names the package of a finding, by its folder if it has no name.
func packageOf(f *report.Finding) string {
	if f.Package != "" {
		return f.Package
	}
	dir, _, ok := strings.Cut(f.Path, "/")
	if !ok {
		return "."
	}
	return dir
}

// phasesOf groups what is found by phase, package and kind: what costs most first.
func phasesOf(in Input, kinds map[string]*transforms.Kind) []Phase {
	number := 0
	var out []Phase
	for _, phase := range transforms.Phases {
		p := Phase{Phase: phase, Issues: []Issue{}, States: map[string]int{}}
		byKey := map[string]*Issue{}
		var order []string
		for i := range in.Document.Findings {
			f := &in.Document.Findings[i]
			if f.Phase != phase {
				continue
			}
			key := strings.Join([]string{string(f.Standing), packageOf(f), f.Kind}, "\x00")
			issue := byKey[key]
			if issue == nil {
				issue = issueOf(f, kinds[f.Kind])
				byKey[key] = issue
				order = append(order, key)
			}
			place := placeOf(in, f)
			issue.Places = append(issue.Places, place)
			if f.Standing == transforms.Offer {
				p.Offers++
			} else {
				p.Leaks++
				p.States[place.State.State]++
			}
		}
		for _, key := range order {
			p.Issues = append(p.Issues, *byKey[key])
		}
		slices.SortStableFunc(p.Issues, func(a, b Issue) int {
			return cmp.Or(cmp.Compare(standings[a.Standing], standings[b.Standing]), cmp.Compare(dear(b), dear(a)), strings.Compare(a.Package, b.Package), strings.Compare(a.Kind, b.Kind))
		})
		for i := range p.Issues {
			number++
			p.Issues[i].Number = number
		}
		out = append(out, p)
	}
	return out
}

var standings = map[transforms.Standing]int{transforms.Leak: 0, transforms.Offer: 1}

func dear(i Issue) int64 {
	if i.Cost == nil {
		return 0
	}
	return i.Cost.High
}

func issueOf(f *report.Finding, k *transforms.Kind) *Issue {
	i := &Issue{Package: packageOf(f), Kind: f.Kind, Standing: f.Standing, Cost: f.Cost, Noun: f.Kind}
	if k != nil {
		i.Noun = strings.ReplaceAll(k.Name, "-", " ")
		i.Risk = paragraph(k.Prose)
		if k.Cost != nil {
			i.CostOf = k.Cost.Source
		}
	}
	return i
}

// paragraph is the first of a text, on one line.
func paragraph(prose string) string {
	first, _, _ := strings.Cut(prose, "\n\n")
	return strings.Join(strings.Fields(first), " ")
}

func placeOf(in Input, f *report.Finding) Place {
	p := Place{Path: f.Path, Line: f.Line, Message: f.Message, Fingerprint: f.Fingerprint, Notes: []string{}, State: State{State: "open"}, Diff: in.Reviewed[f.Fingerprint]}
	if s, ok := in.States[f.Fingerprint]; ok {
		p.State = s
	}
	switch {
	case f.Fix != nil:
		p.Applicability, p.Fix, p.Notes = f.Fix.Applicability.String(), f.Fix.Message, f.Fix.Notes
	case f.Refusal != nil:
		p.Fix = f.Refusal.Text
		if p.State.State == "open" {
			p.State = State{"refused", string(f.Refusal.Reason)}
		}
	}
	if in.Since != nil {
		p.New = in.Since.Came[f.Fingerprint]
	}
	return p
}
