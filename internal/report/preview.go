package report

import (
	"cmp"
	"encoding/json"
	"io"
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/project"
	"github.com/unleak-dev/unleak/internal/run"
	"github.com/unleak-dev/unleak/patch"
	"github.com/unleak-dev/unleak/transforms"
)

// Preview is what `diff --format json` prints, and what a page or a comment about
// fixes is made of.
type Preview struct {
	Version int           `json:"version"`
	Root    string        `json:"root"`
	Fixes   []PreviewFix  `json:"fixes"`
	Tests   []PreviewTest `json:"tests"` // leak tests that would be written
	Left    []Left        `json:"left"`  // what leaks and is not mended here
	Summary PreviewCounts `json:"summary"`

	Why map[string]string `json:"-"` // by kind: why it leaks, in Markdown
}

// PreviewFix is one fix. Lines and columns are those of the file as it is.
type PreviewFix struct {
	Fingerprints  []string                 `json:"fingerprints"` // of what it settles
	Path          string                   `json:"path"`
	Line          int                      `json:"line"` // of the first thing that it settles
	Column        int                      `json:"column"`
	Package       string                   `json:"package"`
	Phase         transforms.Phase         `json:"phase"`
	Kinds         []string                 `json:"kinds"`
	Owner         Owner                    `json:"owner"`
	Applicability transforms.Applicability `json:"applicability"`
	Message       string                   `json:"message"`
	Notes         []string                 `json:"notes"`
	Settles       []Settled                `json:"settles"`
	Diff          string                   `json:"diff"`  // of the file, with all the fixes shown
	Alone         string                   `json:"alone"` // of this fix by itself; "": it is made on top of others

	// Change is this fix by itself, made on top of what came before it in the file
	// if OnTop is set. Marks are on the lines of its old text.
	Change patch.Change `json:"-"`
	OnTop  bool         `json:"-"`
	Marks  []Mark       `json:"-"`
}

// Settled is a finding that a fix mends.
type Settled struct {
	Fingerprint string              `json:"fingerprint"`
	Kind        string              `json:"kind"`
	Phase       transforms.Phase    `json:"phase"`
	Standing    transforms.Standing `json:"standing"`
	Message     string              `json:"message"`
	Line        int                 `json:"line"`
	Column      int                 `json:"column"`
	Way         transforms.Way      `json:"way"`
	Exits       []Exit              `json:"exits"`
}

// PreviewTest is a leak test that would be made.
type PreviewTest struct {
	Path  string `json:"path"`
	For   string `json:"for"` // the file of the class
	Class string `json:"class"`
	Diff  string `json:"diff"`

	Change patch.Change `json:"-"`
}

// Left is a finding that none of the fixes settles.
type Left struct {
	Finding
	Source []byte `json:"-"` // of its file
	Marks  []Mark `json:"-"`
}

// PreviewCounts counts what a preview holds.
type PreviewCounts struct {
	Fixes           int                              `json:"fixes"`
	Files           int                              `json:"files"` // that change
	Left            int                              `json:"left"`
	ByPhase         map[transforms.Phase]int         `json:"byPhase"` // fixes
	ByApplicability map[transforms.Applicability]int `json:"byApplicability"`
}

// NewPreview collects the fixes that a run made, and what it found and left, in
// order of path and line. kinds are those that the run knew.
func NewPreview(r *run.Result, kinds []*transforms.Kind, tests []PreviewTest) *Preview {
	p := &Preview{Version: Version, Root: r.Project.Root, Fixes: []PreviewFix{}, Tests: append([]PreviewTest{}, tests...), Left: []Left{}, Why: map[string]string{}}
	for _, m := range r.Files {
		p.add(r.Project, m)
	}
	slices.SortStableFunc(p.Fixes, func(a, b PreviewFix) int {
		return cmp.Or(strings.Compare(a.Path, b.Path), a.Line-b.Line, a.Column-b.Column)
	})
	slices.SortStableFunc(p.Left, func(a, b Left) int {
		return cmp.Or(strings.Compare(a.Path, b.Path), a.Line-b.Line, a.Column-b.Column)
	})
	s := &p.Summary
	s.ByPhase, s.ByApplicability = map[transforms.Phase]int{}, map[transforms.Applicability]int{}
	s.Fixes, s.Left = len(p.Fixes), len(p.Left)
	used := map[string]bool{}
	files := map[string]bool{}
	for _, f := range p.Fixes {
		s.ByPhase[f.Phase]++
		s.ByApplicability[f.Applicability]++
		files[f.Path] = true
		for _, k := range f.Kinds {
			used[k] = true
		}
	}
	s.Files = len(files)
	for _, l := range p.Left {
		used[l.Kind] = true
	}
	for _, k := range kinds {
		if used[k.Name] {
			first, _, _ := strings.Cut(strings.TrimSpace(k.Prose), "\n\n")
			p.Why[k.Name] = strings.Join(strings.Fields(first), " ")
		}
	}
	return p
}

func (p *Preview) add(project *project.Project, m *transforms.Mended) {
	found := map[string]*transforms.Obligation{}
	for _, o := range m.Obligations {
		found[o.Fingerprint()] = o
	}
	diff := ""
	if m.New != nil {
		diff = patch.Change{Path: m.Path, Old: m.Old, New: m.New}.Unified()
	}
	settled := map[string]bool{}
	for _, fix := range m.Fixes {
		f := PreviewFix{
			Path: m.Path, Phase: fix.Phase(), Applicability: fix.Applicability, Message: fix.Message, Notes: []string{}, Diff: diff,
			Owner: Owner{Form: fix.Plan.Owner.Form, Name: fix.Plan.Owner.Name},
		}
		if pkg := project.PackageOf(m.Path); pkg != nil {
			f.Package = pkg.Name
		}
		for _, n := range fix.Notes {
			f.Notes = append(f.Notes, n.Text)
		}
		for _, o := range fix.Plan.Obligations {
			f.Marks = append(f.Marks, MarksOf(o)...)
			settled[o.Fingerprint()] = true
			if first := found[o.Fingerprint()]; first != nil {
				o = first // that of a later round has the lines of a text that is nowhere
			}
			f.settle(o)
		}
		f.Line, f.Column = f.Settles[0].Line, f.Settles[0].Column
		f.apply(fix, m.Old)
		p.Fixes = append(p.Fixes, f)
	}
	for _, o := range m.Findings {
		if !settled[o.Fingerprint()] {
			p.Left = append(p.Left, Left{newFinding(project, m, o), m.Old, MarksOf(o)})
		}
	}
}

func (f *PreviewFix) settle(o *transforms.Obligation) {
	s := Settled{
		Fingerprint: o.Fingerprint(), Kind: o.Kind.Name, Phase: o.Phase, Standing: o.Standing, Message: o.Message, Way: o.Way, Exits: []Exit{},
	}
	s.Line, s.Column = o.File.Position(o.At.Start())
	for _, x := range o.Exits {
		line, _ := o.File.Position(x.Node.Start())
		s.Exits = append(s.Exits, Exit{line, x.How})
	}
	if n := o.Owner.Node; n.OK() && f.Owner.Line == 0 {
		f.Owner.Line, _ = n.File().Position(n.Start())
	}
	f.Fingerprints = append(f.Fingerprints, s.Fingerprint)
	if !slices.Contains(f.Kinds, s.Kind) {
		f.Kinds = append(f.Kinds, s.Kind)
	}
	f.Settles = append(f.Settles, s)
}

// apply makes the fix by itself. Its edits are of the text that it was planned in.
func (f *PreviewFix) apply(fix *transforms.Fix, original []byte) {
	before := fix.Plan.Obligations[0].File.Src()
	after, err := patch.Apply(before, fix.Edits)
	if err != nil {
		return // a fix that cannot be applied was never made
	}
	f.Change = patch.Change{Path: f.Path, Old: before, New: after}
	if f.OnTop = string(before) != string(original); !f.OnTop {
		f.Alone = f.Change.Unified()
	}
}

// WriteJSON writes the preview, indented.
func (p *Preview) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(p)
}
