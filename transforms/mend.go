package transforms

import (
	"bytes"
	"context"

	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
)

// Mended is what came of one file.
type Mended struct {
	Path        string
	Obligations []*Obligation // of the file as it was, all of them
	Findings    []*Obligation // the unmet ones that no comment silences
	Fixes       []*Fix        // verified, in the order in which they were made
	ByFinding   map[string]*Fix
	Old         []byte
	New         []byte // the text with all the accepted fixes; nil: unchanged
	Bugs        []*Bug
	Useless     []Ignore // comments that silence nothing

	rounds []madeRound
}

// madeRound is what one round made: the fixes are edits of one text.
type madeRound struct {
	file  *syntax.File
	found []*Obligation
	fixes []*Fix
	after []byte
}

// maxRounds bounds how often a file is looked at again: two fixes that want
// the same place are made one after the other.
const maxRounds = 64

// Mend finds what a file owes, makes the fixes that accept says yes to, and
// verifies each, and all of them together. It runs until a further round would
// change nothing. The error is that of a cancelled ctx.
func (d *Detector) Mend(ctx context.Context, f *syntax.File, accept func(*Fix) bool) (*Mended, error) {
	m := &Mended{Path: f.Path, Old: f.Src(), ByFinding: map[string]*Fix{}}
	dropped := map[string]bool{}
	at := f
	for round := range maxRounds {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		s := d.scan(ctx, at, maxHops)
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		found := s.found
		silenced := ignoresOf(at)
		open := silenced.filter(found)
		if round == 0 {
			m.Obligations, m.Findings, m.Useless = found, open, silenced.useless()
		}
		next, err := d.round(s, m, open, accept, dropped)
		if err != nil {
			return nil, err
		}
		m.explain(found)
		if next == nil {
			break
		}
		at = next
	}
	if !bytes.Equal(at.Src(), f.Src()) {
		m.New = at.Src()
	}
	return m, nil
}

// round makes what fixes it can in one text, and returns the text with them;
// nil if there were none.
func (d *Detector) round(s *scan, m *Mended, open []*Obligation, accept func(*Fix) bool, dropped map[string]bool) (*syntax.File, error) {
	var edits []patch.Edit
	var settled []*Obligation
	var fixes []*Fix
	var first *syntax.File      // the text with the first fix alone
	touched := map[int32]bool{} // classes that a fix of this round adds members to
	for _, p := range plans(open) {
		if s.related(p.Owner.Node, touched) {
			continue // members of one hierarchy must not clash: next round
		}
		fix := s.mend(p)
		if fix == nil {
			continue
		}
		if dropped[fix.ID()] || !accept(fix) {
			m.offer(fix)
			continue
		}
		alone, mangled, why := d.verify(s.ctx, s.f, s.found, fix.Edits, fix.Plan.Obligations)
		if s.ctx.Err() != nil {
			return nil, context.Cause(s.ctx)
		}
		if why != "" {
			m.drop(s, fix, why, mangled, dropped)
			continue
		}
		merged, err := patch.Merge(edits, fix.Edits)
		if err != nil {
			continue // it wants the same place: next round
		}
		if edits = merged; first == nil {
			first = alone
		}
		if p.Owner.isInstance() {
			touched[p.Owner.Node.ID()] = true
		}
		settled = append(settled, fix.Plan.Obligations...)
		fixes = append(fixes, fix)
	}
	if len(fixes) == 0 {
		return nil, nil
	}
	after, _, why := d.verify(s.ctx, s.f, s.found, edits, settled)
	if s.ctx.Err() != nil {
		return nil, context.Cause(s.ctx)
	}
	if why != "" {
		// Each is right alone and they are not together, as when both want one
		// name: make the first, and look again.
		after, fixes = first, fixes[:1]
	}
	for _, fix := range fixes {
		m.Fixes = append(m.Fixes, fix)
		m.offer(fix)
	}
	m.rounds = append(m.rounds, madeRound{s.f, s.found, fixes, after.Src()})
	return after, nil
}

// related reports whether a class has an ancestor, or a descendant, of this
// file among those that were touched, or was touched itself.
func (s *scan) related(class syntax.Node, touched map[int32]bool) bool {
	if !class.IsOwner() {
		return false
	}
	if touched[class.ID()] {
		return true
	}
	for _, c := range s.instance(class).ancestors {
		if c.File == s.f && touched[c.Node.ID()] {
			return true
		}
	}
	for id := range touched {
		for _, c := range s.instance(s.f.Node(id)).ancestors {
			if c.Node == class {
				return true
			}
		}
	}
	return false
}

// ID identifies a fix across runs: the form, and what it settles first.
func (f *Fix) ID() string { return f.Plan.Form.Name() + " " + f.Plan.Obligations[0].Fingerprint() }

// offer remembers which fix belongs to which finding.
func (m *Mended) offer(fix *Fix) {
	for _, o := range fix.Plan.Obligations {
		if _, ok := m.ByFinding[o.Fingerprint()]; !ok {
			m.ByFinding[o.Fingerprint()] = fix
		}
	}
}

func (m *Mended) drop(s *scan, fix *Fix, why string, mangled []byte, dropped map[string]bool) {
	no := refuse(FailedProof, "%s", why)
	if s.f.Errors() > 0 || len(esbuildErrors(s.f.Path, s.f.Src())) > 0 {
		// What looks whole may stand in a string that never ends. In another round
		// it may be read otherwise.
		no = refuse(SyntaxError, "the file does not parse, and neither does what would become of it")
	} else {
		dropped[fix.ID()] = true
		m.Bugs = append(m.Bugs, &Bug{Path: m.Path, Fix: fix, Reason: why, Before: s.f.Src(), Mangled: mangled})
	}
	for _, o := range m.Findings {
		for _, p := range fix.Plan.Obligations {
			if o.Fingerprint() == p.Fingerprint() {
				o.Refusal = no
			}
		}
	}
}

// explain copies what planning said to the findings that are shown: of what had
// to wait for a later round, that is said of another Obligation.
func (m *Mended) explain(found []*Obligation) {
	for _, o := range found {
		for _, f := range m.Findings {
			if f.Refusal == nil && m.ByFinding[f.Fingerprint()] == nil && f.Fingerprint() == o.Fingerprint() {
				f.Refusal = o.Refusal
			}
		}
	}
}
