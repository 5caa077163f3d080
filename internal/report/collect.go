package report

import (
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/project"
	"github.com/unleak-dev/unleak/internal/run"
	"github.com/unleak-dev/unleak/patch"
	"github.com/unleak-dev/unleak/transforms"
)

// Collector turns what came of single files into a document. Of a file it keeps
// what is printed, and not its text or its tree.
type Collector struct {
	Project  *project.Project
	Frames   bool // keep the code around each finding, for Text
	Paint    Paint
	Edits    bool // keep what each fix does, for SARIF
	Diffs    bool // keep what each fix changes, for Changes
	Baseline bool // keep what a baseline needs

	findings []Finding
	marks    map[string]*marks
	diffs    map[string]string
}

// Add takes the findings of a file. It is to be called by one goroutine at a time.
func (c *Collector) Add(m *transforms.Mended) {
	for _, o := range m.Findings {
		f := newFinding(c.Project, m, o)
		if c.Frames {
			f.frame = frameOf(o, &f, c.Paint)
		}
		if fix := m.ByFinding[f.Fingerprint]; c.Edits && fix != nil {
			f.replaced = replacedBy(o.File, fix)
		}
		if fix := m.ByFinding[f.Fingerprint]; c.Diffs && fix != nil {
			if text, err := patch.Apply(m.Old, fix.Edits); err == nil {
				if c.diffs == nil {
					c.diffs = map[string]string{}
				}
				c.diffs[f.Fingerprint] = patch.Change{Path: m.Path, Old: m.Old, New: text}.Unified()
			}
		}
		c.findings = append(c.findings, f)
	}
	if c.Baseline && len(m.Findings) > 0 {
		if c.marks == nil {
			c.marks = map[string]*marks{}
		}
		c.marks[m.Path] = marksOf(m)
	}
}

// Changes are unified diffs of the fixes, each alone, by what they settle.
func (c *Collector) Changes() map[string]string { return c.diffs }

// Document is what was collected, in order of path, with the counts of the run.
func (c *Collector) Document(r *run.Result) *Document {
	// The findings of a file came in order.
	slices.SortStableFunc(c.findings, func(a, b Finding) int { return strings.Compare(a.Path, b.Path) })
	d := &Document{Version: Version, Root: r.Project.Root, Findings: c.findings, marks: c.marks, incomplete: len(r.Problems) > 0}
	if d.Findings == nil {
		d.Findings = []Finding{}
	}
	d.Summary = Summary{
		Files: r.Summary.Files, Candidates: r.Summary.Candidates, Parsed: r.Summary.Parsed, WithErrors: r.Summary.WithErrors,
		Seconds: r.Summary.Seconds,
	}
	d.count()
	return d
}

func (d *Document) count() {
	s := &d.Summary
	s.Findings, s.Fixable, s.ByPhase, s.ByKind = len(d.Findings), 0, map[transforms.Phase]int{}, map[string]int{}
	for i := range d.Findings {
		f := &d.Findings[i]
		s.ByPhase[f.Phase]++
		s.ByKind[f.Kind]++
		if f.Fix != nil {
			s.Fixable++
		}
	}
}

// Leaks counts the findings that are leaks.
func (d *Document) Leaks() int {
	n := 0
	for i := range d.Findings {
		if d.Findings[i].Standing == transforms.Leak {
			n++
		}
	}
	return n
}

// Without takes out the findings with these fingerprints: a baseline has them.
func (d *Document) Without(known map[string]bool) {
	before := len(d.Findings)
	d.Findings = slices.DeleteFunc(d.Findings, func(f Finding) bool { return known[f.Fingerprint] })
	d.Summary.Known = before - len(d.Findings)
	d.count()
}
