package transforms

import (
	"fmt"
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// An instance that is made anew by each call of somebody else's method, and given what
// that one keeps, leaves a listener on it with every call:
//
//	query(sql) { return new Query(this.client, sql).run(); }
//
// Whether anything ends the instance does not matter then: what it listens to stays, and
// hears of one more each time.

// judgePerCall judges a registration of a constructor with what it was given, of a class
// whose instances others make again and again. It says nothing (false) where that does
// not show.
func (s *scan) judgePerCall(o *Obligation, in *instance) bool {
	fn := o.handlerFunction()
	ctor := o.Call.Function()
	if !ctor.IsConstructor() || !s.emits(o) || !touches(o.Call) || !fn.OK() && !isBind(o.handler().Inner(false)) {
		return false
	}
	index := s.givenAs(o, in, ctor)
	if index < 0 {
		return false
	}
	made := s.madeBy(in.class.Node)
	i := slices.IndexFunc(made, func(n syntax.Node) bool { return s.at(n).perCall(n, index) })
	if i < 0 {
		return false
	}
	o.Evidence = append(o.Evidence, fmt.Sprintf("each call of %s makes another, for what stays: line %d of %s", nameOf(homeOf(made[i])), lineOfNode(made[i]), made[i].File().Path))
	s.unmet(o, NeverReleased, in.left())
	if o.Form = (formClass{}); !in.ended() {
		o.Form, o.Refusal = nil, refuse(NoOwner, "nothing ends %s: give it an end that takes the %s away, or register once for all of them", o.Owner.Name, o.Kind.Noun)
	}
	return true
}

// madeBy are the places that can be seen where instances of a class are made.
func (s *scan) madeBy(class syntax.Node) []syntax.Node {
	name := className(class)
	if name == nil {
		return nil
	}
	var made []syntax.Node
	for _, r := range s.at(class).mentionsIn(class, name) {
		if p := r.Outer().Parent(); p.Is("new_expression") && p.Field("constructor").Inner(false) == r.Inner(false) {
			made = append(made, p)
		}
	}
	return made
}

// givenAs is which argument of the constructor the target of a registration is, or is a
// field's that the constructor fills with it; -1 for none.
func (s *scan) givenAs(o *Obligation, in *instance, ctor syntax.Node) int {
	target := o.target().Inner(false)
	sym := target.Symbol()
	if field, own := target.ThisField(); own {
		var values []syntax.Node
		for _, ref := range in.refs[field] {
			if syntax.IsWrite(ref) && !ref.Function().IsConstructor() {
				return -1
			}
		}
		values = valuesIn(in.refs[field])
		if len(values) > 1 {
			return -1
		}
		if len(values) == 1 {
			sym = values[0].Inner(true).Symbol()
		}
		for i := range ctor.Field("parameters").Len() {
			if p := parameter(ctor, i); syntax.Accessibility(p) != "" && p.Field("pattern").Text() == field {
				return i
			}
		}
	}
	if sym == nil {
		return -1
	}
	return parameterIndex(ctor, sym)
}

// perCall reports whether an instance is made by a method of another that may run any
// number of times, is given what that other one keeps, or that one itself, and is not
// kept by it.
func (s *scan) perCall(made syntax.Node, index int) bool {
	given := made.Field("arguments").Child(index).Inner(false)
	fn := homeOf(made)
	maker, member, _ := made.InstanceAt()
	name := syntax.MemberName(member)
	if !maker.OK() || fn.IsConstructor() || isTeardown(name) || isStarter(name, fn) {
		return false
	}
	field, isField := given.ThisField()
	if isField && (strings.HasPrefix(name, "set") || slices.ContainsFunc(s.refsIn(maker)[field], func(r syntax.Node) bool { return syntax.IsWrite(r) && r.Within(fn) })) {
		return false // it makes another one of those, too
	}
	return (isField || given.IsThis()) && !keptByMaker(made) && !asksOwn(made, fn) &&
		(syntax.FunctionOf(member) == fn && fn.WantsArguments() && !isPrivate(member) || s.recurs(made, onceHops, false))
}

// keptByMaker reports whether an instance that is made goes into a field, a variable of
// the module, or a collection.
func keptByMaker(made syntax.Node) bool {
	v := widen(made)
	p := v.Parent()
	if p.Is("variable_declarator") {
		sym := p.Field("name").Symbol()
		return sym != nil && slices.ContainsFunc(sym.Refs, func(r syntax.Node) bool { return r != p.Field("name") && isPutAway(r.Outer()) })
	}
	return isPutAway(v)
}

// isPutAway reports whether a value is assigned to something, or given to a collection.
func isPutAway(v syntax.Node) bool {
	p := v.Parent()
	if p.Is("assignment_expression") {
		return p.Field("right") == v
	}
	switch calleeName(p.Parent()) {
	case "push", "add", "set", "unshift":
		return p.Is("arguments")
	}
	return false
}

// asksOwn reports whether an evaluation hangs on a condition that asks a field of the
// instance for being there.
func asksOwn(n, fn syntax.Node) bool {
	for p := n.Parent(); p.OK() && p != fn; p = p.Parent() {
		if !p.Is("if_statement", "ternary_expression") || n.Within(p.Field("condition")) {
			continue
		}
		for d := range p.Field("condition").Descendants() {
			if _, own := d.ThisField(); own && d.Outer().Parent().Is("unary_expression", "parenthesized_expression") {
				return true
			}
		}
	}
	return false
}
