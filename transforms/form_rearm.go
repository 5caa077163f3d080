package transforms

import (
	"fmt"
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
)

// formRearm releases what a field holds right before it is given another.
type formRearm struct{}

func (formRearm) Name() string { return "rearm" }

func (formRearm) fix(s *scan, p *Plan) (*Fix, *Refusal) {
	o := p.Obligations[0]
	way := o.gist.([]syntax.Node)
	write := way[0]
	in := s.instance(p.Owner.Node)
	e := &classEdit{s: s, in: in, st: styleOf(s.f), taken: map[string]bool{}, locals: map[string]bool{}, again: true}
	field := write.Field("left").Text()
	if in.borrowed(o.Handle.Field) || e.borrows(o) {
		return nil, refuse(Borrowed, "%s may also hold one that belongs to somebody else, which must not be released here", field)
	}
	if no := e.releasable(o); no != nil {
		return nil, no
	}
	stmt, fn := write.Statement(), write.Function()
	if stmt.Function() != fn || !inBlock(stmt) || stmt.Is("for_statement", "while_statement", "if_statement", "do_statement") {
		return nil, refuse(TooEntangled, "%s is filled where no statement can stand before", field)
	}
	if write.Parent().Is("binary_expression", "ternary_expression") {
		return nil, refuse(TooEntangled, "%s is filled in the middle of an expression", field)
	}
	for _, n := range way {
		if emptied := emptiedBefore(n, in.refs[o.Handle.Field]); emptied.OK() {
			line, _ := s.f.Position(emptied.Start())
			return nil, refuse(TooEntangled, "%s is emptied before, in line %d", field, line)
		}
	}
	for d := range fn.Descendants() {
		if d.Is("identifier") {
			e.locals[d.Text()] = true
		}
	}
	var w work
	e.release(&w, o, field, "")
	e.notes = nil // they are about an end
	if w.async && !fn.IsAsync() {
		return nil, refuse(NotAsync, "%s() is not async, and the release of the one before must be awaited", methodName(fn))
	}
	var code []string
	for _, step := range w.steps {
		if step.tidies && o.Kind.Fails == Never && !awaits(stmt) {
			continue // it is given its new value at once
		}
		code = append(code, strings.Split(step.plain, "\n")...)
	}
	if o.Call.End() <= write.Start() && o.Kind.Fails != Never {
		// const h = open(); this.h = h: what fails between the two would lose the new one
		made := o.Call.Statement()
		if made.Parent() != stmt.Parent() || s.leavesBetween(o.Call, write) {
			return nil, refuse(TooEntangled, "%s is not always filled once there is another for it, and the release of the one before can fail", field)
		}
		stmt = made
	}
	e.doubtAgain(o, fn)
	return &Fix{
		Plan: p, Edits: []patch.Edit{e.st.before(stmt, code...)}, Notes: e.notes,
		Message: fmt.Sprintf("Release the %s of %s before %s is filled anew", o.Kind.Noun, p.Owner.Name, field),
	}, nil
}

// leavesBetween reports whether the function can be left, other than by an error,
// behind the evaluation from and without the evaluation to.
func (s *scan) leavesBetween(from, to syntax.Node) bool {
	fn := from.Function()
	g := s.graph(fn)
	ends := s.points(g, fn, to)
	ways := g.Ways(s.points(g, fn, from), func(p int) bool { return slices.Contains(ends, p) }, func(e syntax.Edge) bool { return !e.Throw })
	return len(ways) > 0
}

// doubtAgain notes what may rely on two at a time.
func (e *classEdit) doubtAgain(o *Obligation, fn syntax.Node) {
	noun := o.Kind.Noun
	_, member := fn.ThisClass()
	switch {
	case o.Kind.OneShot:
		e.note(Unsafe, fmt.Sprintf("a %s that is pending is cancelled when another is started: does anything rely on its callback running all the same?", noun))
	case o.Kind.Fails != Never:
		e.note(Unsafe, fmt.Sprintf("the %s before is released, which can fail, before there is another", noun))
	case syntax.FunctionOf(member) == fn && !isPrivate(member):
		e.note(Unsafe, fmt.Sprintf("a second %s() ends the %s of the first: does anything rely on both?", methodName(fn), noun))
	}
}

// emptiedBefore is where a function gives the field nothing before it fills it, or
// has it filled, at n.
func emptiedBefore(n syntax.Node, refs []syntax.Node) syntax.Node {
	for _, ref := range refs {
		p := ref.Outer().Parent()
		if p.Is("assignment_expression") && p.Field("left").Inner(false) == ref && isNothing(p.Field("right")) && homeOf(ref) == homeOf(n) && p.End() <= n.Start() {
			return p
		}
	}
	return syntax.Node{}
}

// methodName is what a function is called by, without its class.
func methodName(fn syntax.Node) string {
	name := nameOf(fn)
	return name[strings.LastIndex(name, ".")+1:]
}

func awaits(stmt syntax.Node) bool {
	for n := range stmt.Own() {
		if n.Is("await_expression") {
			return true
		}
	}
	return false
}
