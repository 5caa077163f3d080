package transforms

import (
	"fmt"
	"slices"

	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
)

// A function that returns an object with a teardown, or a teardown, is the owner
// of what it and its closures keep in its variables.

// closureOwner is what a function returns, if that has an end and can see the
// variables of the function; the zero Node if not, or if it returns several. A
// constructor function is one that returns its instance.
func (s *scan) closureOwner(fn syntax.Node) syntax.Node {
	if !fn.OK() || fn.IsGenerator() {
		return syntax.Node{}
	}
	if fn.IsConstructor() && !fn.Is("method_definition") {
		if t := s.instance(fn).teardown; t != nil && t.own.OK() && t.own.Within(fn) {
			return fn
		}
		return syntax.Node{}
	}
	var found syntax.Node
	look := func(value syntax.Node) {
		if owner := s.returned(value.Inner(false), fn); owner.OK() {
			if found.OK() && found != owner {
				fn = syntax.Node{}
			}
			found = owner
		}
	}
	if body := fn.Field("body"); !body.Is("statement_block") {
		look(body)
	} else {
		for n := range body.Own() {
			if n.Is("return_statement") {
				look(n.Child(0))
			}
		}
	}
	if !fn.OK() {
		return syntax.Node{}
	}
	return found
}

// returned is the owner that a returned expression stands for.
func (s *scan) returned(value, fn syntax.Node) syntax.Node {
	if sym := value.Symbol(); value.Is("identifier") && sym != nil && sym.Constant() && sym.Decl.Function() == fn {
		value = sym.Init().Inner(false)
		if sym.Kind == syntax.Function {
			if fn := sym.Decl; isTeardown(sym.Name) && fn.IsFunction() && !fn.WantsArguments() {
				return fn
			}
			return syntax.Node{}
		}
	}
	switch {
	case value.Is("object") && value.IsOwner() && s.ends(value):
		if t := s.instance(value).teardown; t.own.OK() && t.own.Within(fn) {
			return value
		}
	case value.IsFunction() && isTeardown(ownName(value)) && !value.WantsArguments():
		return value
	}
	return syntax.Node{}
}

// judgeClosure judges a handle in a variable that what the function returns can
// release, where nobody does.
func (s *scan) judgeClosure(o *Obligation) bool {
	sym := o.Handle.Symbol
	if sym.Kind != syntax.Variable {
		return false
	}
	owner := s.closureOwner(sym.Decl.Function())
	if !owner.OK() {
		return false
	}
	for _, u := range s.usesOf(o, sym, maxHops) {
		if u.effect != neutral || u.text == "used: .unref" {
			return false
		}
	}
	if !slices.Contains(o.Acquire.From, "global") && !usedByMember(owner, sym) {
		return false // dropped, or only listened to
	}
	o.Handle.Place, o.Handle.Of = InClosure, owner
	s.judgeInstance(o, owner)
	return true
}

// nameDropped gives a name to what was dropped.
func (e *classEdit) nameDropped(o *Obligation) (string, *Refusal) {
	t, stmt := e.in.teardown, o.Handle.Value.Parent()
	if t.own.Start() < stmt.End() {
		return "", refuse(TooEntangled, "%s() stands before it", t.name)
	}
	if no := e.failsBefore(o); no != nil {
		return "", no
	}
	used := nameTaken(o.Call.Function())
	name := freshName(o.Kind.Noun, func(n string) bool { return used(n) || e.locals[n] })
	e.locals[name] = true
	e.edits = append(e.edits, patch.Edit{Start: stmt.Start(), End: stmt.Start(), New: "const " + name + " = "})
	return name, nil
}

// failsBefore refuses where there is an exit between an acquisition and the
// teardown that is to release it becoming somebody's.
func (e *classEdit) failsBefore(o *Obligation) *Refusal {
	t := e.in.teardown
	if x, fails := e.s.failsBefore(o, t.own); fails {
		line, _ := e.s.f.Position(x.Node.Start())
		return refuse(TooEntangled, "line %d can fail, too, before anybody could call %s()", line, t.name)
	}
	return nil
}

func (s *scan) failsBefore(o *Obligation, own syntax.Node) (ExitPlace, bool) {
	home, holder := o.Call.Function(), syntax.Node{}
	if sym := o.Handle.Symbol; sym != nil {
		if holder = sym.Node; sym.Decl.Function() != home {
			return ExitPlace{}, false
		}
	}
	g, stops := s.graph(home), map[int]bool{}
	for _, l := range s.lift(use{released, holder, own.Field("body"), ""}, home, maxHops) {
		for _, n := range s.settledAlong(l) {
			for _, p := range s.points(g, home, n) {
				stops[p] = true
			}
		}
	}
	begin := s.points(g, home, s.beginning(o))
	if o.Kind.Begins == Called && raisedAt(g, begin) {
		return ExitPlace{o.Call, ""}, true
	}
	var starts []int
	for _, p := range begin {
		for _, e := range g.Points[p].Next {
			if !e.Throw || o.Kind.Begins == Called {
				starts = append(starts, e.To)
			}
		}
	}
	ways := g.Ways(starts, func(p int) bool { return stops[p] }, o.holds)
	if exits := s.exits(g, ways, o); len(exits) > 0 {
		return exits[0], true
	}
	return ExitPlace{}, false
}

// judgeDropped judges what a function drops and what it returns could release.
func (s *scan) judgeDropped(o *Obligation, fn syntax.Node) bool {
	stmt := o.Handle.Value.Parent()
	if o.Handle.Place != Discarded || !stmt.Is("expression_statement") || stmt.Parent() != fn.Field("body") || o.Handle.Value != chain(o.Call) {
		return false
	}
	owner := s.closureOwner(fn)
	if !owner.OK() || owner == fn {
		return false
	}
	o.Handle.Of = owner
	s.judgeInstance(o, owner)
	return true
}

// usedByMember reports whether a method of an owner, or a function around the
// same variable that it calls by name, mentions the variable.
func usedByMember(owner syntax.Node, sym *syntax.Symbol) bool {
	home := sym.Decl.Function()
	for _, r := range sym.Refs {
		for fn := r.Function(); fn.OK() && fn != home; fn = fn.Function() {
			if fn == owner || functionName(fn) != nil || slices.ContainsFunc(syntax.Members(owner), func(m syntax.Member) bool { return m.Function() == fn }) {
				return true
			}
		}
	}
	return false
}

// trackClosure makes sure that the teardown can read the variable.
func (e *classEdit) trackClosure(o *Obligation) (string, *Refusal) {
	sym, t := o.Handle.Symbol, e.in.teardown
	if !sym.Visible(t.own) {
		return "", refuse(TooEntangled, "%s() cannot see %s, or stands before it", t.name, sym.Name)
	}
	if loop := o.Call.Ancestor("for_statement", "for_in_statement", "while_statement", "do_statement"); loop.OK() && sym.Scope().OK() && !sym.Scope().Within(loop) && !loop.Within(t.own) {
		line, _ := e.s.f.Position(loop.Start())
		return "", refuse(TooEntangled, "%s holds the last of those that the loop in line %d acquires", sym.Name, line)
	}
	if e.parameterNamed(t.own, sym.Name) {
		return "", refuse(NameTaken, "%s is something else in %s()", sym.Name, t.name)
	}
	if no := e.failsBefore(o); no != nil {
		return "", no
	}
	if o.Handle.Value.OK() && !sym.Constant() && e.severalSources(o) {
		return "", refuse(Borrowed, "%s may also hold another, which must not be released here", sym.Name)
	}
	if o.Kind.Fails != Never && mentions(t.own, sym) {
		return "", refuse(TooEntangled, "%s() still uses %s", t.name, sym.Name)
	}
	if o.Kind.Begins == Called {
		e.note(Unsafe, fmt.Sprintf("is it legal to release the %s when %s() was never called, or twice?", o.Kind.Noun, o.Acquire.Pattern.Anchor))
	}
	if o.Kind.OneShot {
		e.note(Unsafe, fmt.Sprintf("a pending %s is cancelled when %s() is called: does anything rely on its callback running all the same?", o.Kind.Noun, t.name))
	}
	return sym.Name, nil
}

func (e *classEdit) parameterNamed(fn syntax.Node, name string) bool {
	for d := range fn.Descendants() {
		if d.Is("identifier") && d.Text() == name && d.Symbol() != nil && d.Symbol().Node.Within(fn) {
			return true
		}
	}
	return false
}

// severalSources: the variable is given values of different origin.
func (e *classEdit) severalSources(o *Obligation) bool {
	sources := map[string]bool{}
	for _, ref := range o.Handle.Symbol.Refs {
		p := ref.Parent()
		if value := p.Field("right").Inner(true); p.Is("assignment_expression") && p.Field("left") == ref && !isNothing(value) {
			sources[calleeOrText(value)] = true
		}
	}
	if init := o.Handle.Symbol.Init().Inner(true); init.OK() && !isNothing(init) {
		sources[calleeOrText(init)] = true
	}
	return len(sources) > 1
}
