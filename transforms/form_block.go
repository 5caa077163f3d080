package transforms

import (
	"fmt"
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
)

// formBlock settles what a call acquired before the call ends: by `finally`,
// by a `catch` that releases and rethrows where the call only fails half-way,
// or by nesting the releases of a `finally` in which one can prevent the next.
type formBlock struct{}

func (formBlock) Name() string { return "block" }

func (formBlock) fix(s *scan, p *Plan) (*Fix, *Refusal) {
	var fragile []*Obligation
	var clause syntax.Node
	for _, o := range p.Obligations {
		if c := fragileFinally(o); c.OK() && (!clause.OK() || c == clause) {
			clause = c
			fragile = append(fragile, o)
		}
	}
	if clause.OK() {
		return s.nestReleases(p.only(fragile...), clause)
	}
	// One at a time: the next round sees what this one wrote.
	var first *Refusal
	for _, o := range p.Obligations {
		settle := s.wrapRest
		switch {
		case o.Kind.Begins == Called:
			settle = s.catchFailure
		case s.Style.Using:
			settle = s.declareUsing
		}
		fix, no := (*Fix)(nil), s.renamed(o)
		if no == nil {
			fix, no = settle(p.only(o), o)
		}
		if no == nil {
			return fix, nil
		}
		o.Refusal = no
		if first == nil {
			first = no
		}
	}
	return nil, first
}

// catchFailure releases what a failing acquisition may hold already:
//
//	try {
//		await h.connect();
//	} catch (err) {
//		release, its own failure reported;
//		throw err;
//	}
func (s *scan) catchFailure(p *Plan, o *Obligation) (*Fix, *Refusal) {
	if o.again {
		return nil, refuse(TooEntangled, "it is acquired again and again")
	}
	for _, x := range o.Exits {
		if x.Node != o.Call {
			line, _ := s.f.Position(x.Node.Start())
			return nil, refuse(TooEntangled, "line %d can fail, too, before anybody else has it", line)
		}
	}
	stmt := o.Call.Statement()
	if !stmt.Is("expression_statement") || stmt.Child(0) != o.Call.Outer() || !inBlock(stmt) {
		return nil, refuse(TooEntangled, "the result of %s is used", calleeText(o.Call))
	}
	st := styleOf(s.f)
	handle := o.Handle.Value.Text()
	release, no := s.writeRelease(o, handle)
	if no != nil {
		return nil, no
	}
	if o.Kind.Fails == Rejects {
		if !p.Owner.Node.IsAsync() {
			return nil, refuse(NotAsync, "%s is not async, and the release must be awaited", p.Owner.Name)
		}
		release = "await " + release
	}
	report := "// the error of " + o.Acquire.Pattern.Anchor + "() says more"
	if class, _ := o.Call.ThisClass(); class.OK() {
		if log := logger(class); log != "" {
			report = log + "(`cannot release " + o.Kind.Noun + ": ${failed}`);"
		}
	}
	indent := indentAt(s.f, stmt.Start())
	err := freshName("err", nameTaken(o.Bindings["HANDLE"]))
	failed, binding := freshName("failed", nameTaken(p.Owner.Node)), ""
	if !strings.HasPrefix(report, "//") {
		binding = " (" + failed + ")"
		report = strings.ReplaceAll(report, "${failed}", "${"+failed+"}")
	}
	tail := fmt.Sprintf("} catch (%s) {\n\ttry {\n\t\t%s;\n\t} catch%s {\n\t\t%s\n\t}\n\tthrow %s;\n}", err, release, binding, report, err)
	fix := &Fix{Plan: p, Message: fmt.Sprintf("Release the %s when %s() fails", o.Kind.Noun, o.Acquire.Pattern.Anchor)}
	at := insertionPoint(stmt)
	end := lineEndAfter(s.f, stmt.End())
	fix.Edits = append(fix.Edits, st.openTry(s.f, s.f.LineStart(at), end, indent, 1)...)
	fix.Edits = append(fix.Edits, patch.Edit{Start: end, End: end, New: st.eol + st.lines(indent, st.fit(tail))})
	if strings.TrimSpace(string(s.f.Src()[s.f.LineStart(at):at])) != "" {
		return nil, refuse(TooEntangled, "it shares its line with other code")
	}
	fix.Notes = append(fix.Notes, Note{Unsafe, fmt.Sprintf("is it legal to release the %s after its %s() has failed?", o.Kind.Noun, o.Acquire.Pattern.Anchor)})
	if loopAround(o.Call) {
		fix.Notes = append(fix.Notes, Note{Unsafe, "those acquired by earlier passes of the loop stay: is the teardown that releases them called when this fails?"})
	}
	return fix, nil
}

func loopAround(n syntax.Node) bool {
	for p := n.Parent(); p.OK() && !p.IsFunction(); p = p.Parent() {
		if p.Is("for_statement", "for_in_statement", "while_statement", "do_statement") {
			return true
		}
	}
	return false
}

// openTry puts `try {` before the line at start, and moves the lines up to end
// by some levels.
func (st style) openTry(f *syntax.File, start, end int, indent string, levels int) []patch.Edit {
	open := patch.Edit{Start: start, End: start, New: indent + "try {" + st.eol}
	edits := st.reindent(f, start, end, levels)
	for i, e := range edits {
		if e.Start != start {
			continue
		}
		if off := len(indentAt(f, start)); off > 0 {
			edits[i].Start, edits[i].End = start+off, start+off
		} else { // two insertions at one point are one
			open.New += e.New
			edits = slices.Delete(edits, i, i+1)
		}
		break
	}
	return append([]patch.Edit{open}, edits...)
}

// wrapRest puts what follows the acquisition into a try whose finally releases,
// and takes the old releases out.
func (s *scan) wrapRest(p *Plan, o *Obligation) (*Fix, *Refusal) {
	home := p.Owner.Node
	st := styleOf(s.f)
	rejects := o.Kind.Fails == Rejects
	at, no := s.remainderOf(p, o)
	if no != nil {
		return nil, no
	}
	stmt, rest, r := at.stmt, at.rest, at.release
	for _, x := range o.Exits {
		if x.Node.Within(stmt) && x.Node.End() >= o.Call.End() && x.Node.Inner(true) != o.Call {
			line, _ := s.f.Position(x.Node.Start())
			return nil, refuse(TooEntangled, "line %d can fail in the same statement, when it is there already", line)
		}
	}
	if no := inScope(rest); no != nil {
		return nil, no
	}
	fix := &Fix{Plan: p, Notes: at.notes, Message: fmt.Sprintf("Release the %s on every way out", o.Kind.Noun)}
	deleted, no := s.removeReleases(o, fix, rest)
	if no != nil {
		return nil, no
	}
	if no := s.awaitReturns(o, home, rest, fix); no != nil {
		return nil, no
	}
	release := ""
	if o.Kind.Registers() {
		handler, edits, no := s.hoistHandler(o)
		if no != nil {
			return nil, no
		}
		fix.Edits = append(fix.Edits, edits...)
		release = s.writeRemoval(o, o.targetText(), handler, syntax.Node{})
	} else {
		if release, no = s.writeRelease(o, o.Handle.Symbol.Name); no != nil {
			return nil, no
		}
	}
	if o.Kind.Fails != Never && !r.Done {
		fix.Notes = append(fix.Notes, Note{Safe, fmt.Sprintf("where both fail, the error of the release is thrown, not that of the work with the %s", o.Kind.Noun)})
	}
	if r.Done {
		release = strings.TrimSuffix(awaitNarrowed(s.typing(), o.Handle.Symbol.Node, o, true, nameTaken(home)), ";")
		fix.Notes = append(fix.Notes, Note{Unsafe, fmt.Sprintf("the release of the %s is waited for from now on", o.Kind.Noun)})
	} else if rejects {
		release = "await " + release
	}
	indent := indentAt(s.f, stmt.Start())
	start := s.f.LineStart(firstLine(rest[0]))
	end := lineEndAfter(s.f, rest[len(rest)-1].End())
	if start <= s.f.LineStart(stmt.End()-1) {
		return nil, refuse(TooEntangled, "the acquisition shares its line with other code")
	}
	for _, e := range st.openTry(s.f, start, end, indent, 1) {
		if !slices.ContainsFunc(deleted, func(d patch.Edit) bool { return e.Start >= d.Start && e.Start < d.End }) {
			fix.Edits = append(fix.Edits, e)
		}
	}
	tail := st.lines(indent, "} finally {", st.fit("\t"+strings.ReplaceAll(release, "\n", "\n\t")+";"), "}")
	// A release that was the last statement leaves its line to the finally.
	closing := patch.Edit{Start: end, End: end, New: st.eol + tail}
	if d := lastDeleted(deleted, end); d >= 0 {
		before, after := "", ""
		if s.f.LineStart(deleted[d].Start) != deleted[d].Start {
			before = st.eol
		}
		if strings.HasSuffix(string(s.f.Src()[:deleted[d].End]), "\n") {
			after = st.eol
		}
		for i, e := range fix.Edits {
			if e == deleted[d] {
				fix.Edits[i].New = before + tail + after
			}
		}
		closing = patch.Edit{}
	}
	if closing.New != "" {
		fix.Edits = appendAt(fix.Edits, closing)
	}
	return fix, nil
}

// remainder is what a call does after an acquisition, and what would release
// the handle at the end of that.
type remainder struct {
	stmt    syntax.Node // the acquisition
	rest    []syntax.Node
	release Release
	notes   []Note
}

// remainderOf asks everything that must hold for a release at the end of the
// block, however that is written.
func (s *scan) remainderOf(p *Plan, o *Obligation) (*remainder, *Refusal) {
	home := p.Owner.Node
	stmt := s.beginning(o).Statement()
	if o.Call.Function() != home || !inBlock(stmt) || !stmt.Parent().Is("statement_block") {
		return nil, refuse(TooEntangled, "there is no list of statements to put into a try")
	}
	if home.IsGenerator() && !isIterated(home) {
		return nil, refuse(TooEntangled, "%s is a generator, which may never be resumed", p.Owner.Name)
	}
	if o.Kind.Fails == Rejects && !home.IsAsync() {
		return nil, refuse(NotAsync, "%s is not async, and the release must be awaited", p.Owner.Name)
	}
	var rest []syntax.Node
	for n := stmt.NextNamed(); n.OK(); n = n.NextNamed() {
		if len(rest) == 0 && n.Is("comment") && s.f.LineStart(n.Start()) == s.f.LineStart(stmt.End()) {
			continue // it belongs to the acquisition
		}
		rest = append(rest, n)
	}
	for len(rest) > 0 && rest[len(rest)-1].Is("comment") {
		rest = rest[:len(rest)-1]
	}
	if len(rest) == 0 {
		return nil, refuse(TooEntangled, "nothing follows the acquisition")
	}
	if o.goesOn {
		return nil, refuse(TooEntangled, "where nothing fails the %s is meant to stay", o.Kind.Noun)
	}
	r, notes, no := s.fitsBlock(o, home)
	if no != nil {
		return nil, no
	}
	if no := s.boundTo(o, stmt, rest); no != nil {
		return nil, no
	}
	return &remainder{stmt, rest, r, notes}, nil
}

// fitsBlock chooses how to release at the end of a call, or refuses: where
// something else would then be left with a released one.
func (s *scan) fitsBlock(o *Obligation, home syntax.Node) (Release, []Note, *Refusal) {
	if o.Kind.Registers() {
		return Release{}, nil, nil
	}
	r, ok := s.chooseRelease(o)
	if !ok {
		return r, nil, s.unknownRelease(o)
	}
	for _, u := range s.usesOf(o, o.Handle.Symbol, maxHops) {
		if slices.Contains(o.lent, u.at) {
			continue
		}
		for _, l := range s.lift(u, home, maxHops) {
			if l.effect == moved {
				return r, nil, refuse(DerivedEscapes, "on some ways %s becomes somebody else's, who would be left with a released one", o.Handle.Symbol.Name)
			}
		}
	}
	notes, no := s.outlives(o, home)
	if home.IsGenerator() {
		notes = append(notes, Note{Unsafe, fmt.Sprintf("%s is a generator, which a loop ends that is left: does whoever calls next() by hand call return(), too?", nameOf(home))})
	}
	return r, notes, no
}

// appendAt adds an insertion behind what is inserted at the same place already.
func appendAt(edits []patch.Edit, e patch.Edit) []patch.Edit {
	for i, old := range edits {
		if old.Start == e.Start && old.End == e.Start {
			edits[i].New += e.New
			return edits
		}
	}
	return append(edits, e)
}

func lastDeleted(deleted []patch.Edit, end int) int {
	for i, d := range deleted {
		if d.Start < end && d.End >= end {
			return i
		}
	}
	return -1
}

// firstLine is where a statement begins, comments right above it included.
func firstLine(stmt syntax.Node) int { return insertionPoint(stmt) }
