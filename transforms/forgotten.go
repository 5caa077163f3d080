package transforms

import (
	"fmt"
	"iter"
	"slices"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// What is registered only where the target does not have a mark yet, and gives it that, is
// there once, as long as the mark is:
//
//	if (!socket.job) socket.on('timeout', giveUp);
//	socket.job = job;
//
// Code that takes the mark off again, and leaves the registration, has the next one come
// on top of it:
//
//	if (socket.job === job) socket.job = null;

// judgeForgotten judges a registration that hangs on a mark of its target, which is taken off
// elsewhere. It says nothing (false) where that does not show, or the registration goes there, too.
func (s *scan) judgeForgotten(o *Obligation) bool {
	home := homeOf(o.Call)
	if o.firesOnce() || !home.OK() || !s.steadyTarget(o) || o.target().Inner(false).Is("identifier") && s.madeWithin(o.target(), home) || !s.emits(o) || o.isTakenOnce() && !s.madeIn(o, home) {
		return false
	}
	branch, mark := o.markOfTarget(home)
	if mark == "" || slices.ContainsFunc(s.removals(o, s.f.Root().Descendants()), removal.works) {
		return false
	}
	var at syntax.Node
	for f := range s.emptying(mark) {
		for n := range f.Root().Descendants() {
			if !o.takesMarkOff(n, mark) {
				continue
			}
			if o.isTakenAwayIn(f.Root()) {
				return false
			}
			if !at.OK() {
				at = n
			}
		}
	}
	if !at.OK() {
		return false
	}
	where := fmt.Sprintf("line %d", lineOfNode(at))
	if at.File() != s.f {
		where += " of " + at.File().Path
	}
	o.Owner = Owner{OwnerBlock, nameOf(home), home}
	o.Evidence = append(o.Evidence, where+" takes off the mark by which it is known to be there")
	s.unmet(o, NeverReleased, []ExitPlace{{branch, "it is asked anew when " + where + " has taken off the mark"}})
	o.Refusal = refuse(NoOwner, "take it away in %s, too, or leave the mark on", where)
	return true
}

// markOfTarget is the property of its target that a registration waits not to be there, and the
// if that asks; "" for none. The function around gives the target that.
func (o *Obligation) markOfTarget(home syntax.Node) (branch syntax.Node, mark string) {
	target := squeeze(o.target())
	for p := o.Call.Parent(); p.OK() && p != home; p = p.Parent() {
		asked := p.Field("condition").Inner(false)
		left := asked.Field("argument").Inner(false)
		if !p.Is("if_statement") || !o.Call.Within(p.Field("consequence")) || !asked.Is("unary_expression") || asked.Field("operator").Text() != "!" ||
			!left.Is("member_expression") || squeeze(left.Field("object")) != target {
			continue
		}
		for n := range home.Field("body").Own() {
			given := n.Field("left").Inner(false)
			value := n.Field("right").Inner(true)
			if n.Is("assignment_expression") && n.Start() > p.Start() && squeeze(given) == squeeze(left) && !isNothing(value) && !value.Is("false") {
				return p, left.Field("property").Text()
			}
		}
	}
	return syntax.Node{}, ""
}

// takesMarkOff reports whether an evaluation takes a mark off what has the name of the target,
// where it has one, and goes on to be there: it is not its end that is told.
func (o *Obligation) takesMarkOff(n syntax.Node, mark string) bool {
	left := n.Field("left").Inner(false)
	if n.Is("unary_expression") && n.Field("operator").Text() == "delete" {
		left = n.Field("argument").Inner(false)
	} else if value := n.Field("right").Inner(true); !n.Is("assignment_expression") || !isNothing(value) && !value.Is("false") {
		return false
	}
	name := lastName(o.target().Inner(false))
	if !left.Is("member_expression") || left.Field("property").Text() != mark || lastName(left.Field("object").Inner(false)) != name {
		return false
	}
	asked := false
	for p := n.Parent(); p.OK() && !p.IsFunction(); p = p.Parent() {
		if p.Is("if_statement") && n.Within(p.Field("consequence")) && mentionsProperty(p.Field("condition"), mark) {
			asked = true
		}
	}
	return asked && !tellsEndOf(homeOf(n), name)
}

func mentionsProperty(n syntax.Node, name string) bool {
	for d := range n.Descendants() {
		if d.Is("member_expression") && d.Field("property").Text() == name && !d.Outer().Parent().Is("unary_expression") {
			return true
		}
	}
	return false
}

// tellsEndOf reports whether a function ends what has a name, or is told of its end.
func tellsEndOf(fn syntax.Node, name string) bool {
	told := func(at syntax.Node) bool {
		args := at.Outer().Parent()
		callee := args.Parent().Field("function").Inner(false)
		event, _ := args.Child(0).StringValue()
		return args.Is("arguments") && overEvents[event] > 0 && lastName(callee.Field("object").Inner(false)) == name
	}
	if told(fn) {
		return true
	}
	if sym := functionName(fn); sym != nil && slices.ContainsFunc(sym.Refs, told) {
		return true
	}
	for n := range fn.Descendants() {
		callee := n.Field("function").Inner(false)
		if n.Is("call_expression") && isTeardown(callee.Field("property").Text()) && lastName(callee.Field("object").Inner(false)) == name {
			return true
		}
	}
	return false
}

// isTakenAwayIn reports whether some code takes away what listens for the event of a
// registration, whatever that is, and whoever runs it.
func (o *Obligation) isTakenAwayIn(code syntax.Node) bool {
	event, literal := o.event().Inner(false).StringValue()
	for n := range code.Descendants() {
		name := calleeName(n)
		if !n.Is("call_expression") || !takesAway(n) && name != "removeAllListeners" {
			continue
		}
		given, told := n.Field("arguments").Child(0).StringValue()
		if !literal || !told || given == event {
			return true
		}
	}
	return false
}

// emptying yields the file, and others of its package in which something is taken off that has the
// name of a mark.
func (s *scan) emptying(mark string) iter.Seq[*syntax.File] {
	return func(yield func(*syntax.File) bool) {
		if !yield(s.f) {
			return
		}
		for _, rel := range s.Project.Emptying(s.ctx, s.f.Path, mark) {
			if here, there := s.Project.PackageOf(s.f.Path), s.Project.PackageOf(rel); here != nil && there != nil && here.Dir != there.Dir {
				continue
			}
			if f, err := s.Project.Load(s.ctx, rel); err == nil && !yield(f) {
				return
			}
		}
	}
}
