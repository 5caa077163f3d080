package transforms

import (
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/project"
	"github.com/unleak-dev/unleak/internal/syntax"
)

// What a program acquires once, and holds for as long as it runs, is no leak: its
// server, its watcher, what the one instance of a class has that is made where the
// program begins. To end that in an orderly way is an offer.

// onceHops bounds over how many functions and classes it is followed who calls and
// makes them.
const onceHops = 6

// judgeLasting takes what is acquired once in the life of the program, and never
// released, for an offer. Where the instance has an end of its own, that holds only
// for what customarily lasts as long, and for what ends by itself.
func (s *scan) judgeLasting(o *Obligation) {
	if o.Status != Unmet || o.Standing != Leak || o.Way != NeverReleased {
		return
	}
	solo := false
	switch {
	case o.Owner.Form == OwnerFunction:
	case !o.Owner.isInstance(), o.Owner.Form == OwnerObject, len(o.releases) > 0, o.Form == (formBeside{}) && !listensToPageEnd(o):
		return
	case o.Form != (formBeside{}) && s.madeAlone(o.Owner.Node) && (o.Kind.OneShot || !s.recurs(o.Call, onceHops, false)):
		solo = true
	case o.Kind.Registers() && (o.Call.Function().IsConstructor() || isInMaking(o)):
		// only one ever listens, for as long as it is there
	case o.Kind.Registers(), !o.endless && !o.Kind.Lasts && !o.Kind.OneShot:
		return
	}
	ends := o.Kind.OneShot && o.Owner.Form == OwnerClass && s.lasts(o.Owner.Node, onceHops)
	keeps := o.endless && o.Handle.Place == InField && s.lasts(o.Owner.Node, onceHops) // one at a time
	alone := (o.endless || o.Kind.Registers()) && o.Owner.Node.IsClass() && !s.recurs(o.Call, onceHops, true)
	if !solo && !ends && !keeps && !alone && !s.once(o.Call, onceHops) && !s.leftToRun(o) {
		return
	}
	if !s.Offers || o.Owner.Form == OwnerFunction || o.Kind.OneShot || o.Form == (formBeside{}) {
		o.Status, o.Form, o.Exits, o.Refusal = Moved, nil, nil, nil
		o.step(o.Call, "moved: acquired once, and held as long as the program runs")
		return
	}
	o.Standing = Offer
	o.step(o.Call, "acquired once, and held as long as the program runs")
}

// listensToPageEnd reports whether something is only told that the page goes: with others of
// the same it is taken away for nothing.
func listensToPageEnd(o *Obligation) bool {
	event, _ := o.Bindings["EVENT"].StringValue()
	return slices.Contains([]string{"beforeunload", "unload", "pagehide"}, event)
}

// leftToRun: what customarily lasts as long as the program is in an instance of a
// class that is made by functions that keep the instance to
// themselves; or, of a class that nothing ends, by no place of an application that can be
// seen.
func (s *scan) leftToRun(o *Obligation) bool {
	class := o.Owner.Node
	if !o.Kind.Lasts || !class.IsClass() && !class.IsConstructor() || !isInMaking(o) {
		return false
	}
	made, known := s.makings(class, onceHops)
	if len(made) > 0 && o.endless && known && !slices.ContainsFunc(made, func(n syntax.Node) bool {
		return s.at(n).recurs(n, onceHops, false) || widen(n).Parent().Is("return_statement", "arrow_function", "arguments", "pair", "array") // somebody else's
	}) {
		return true
	}
	if len(made) > 0 {
		return known && !slices.ContainsFunc(made, func(n syntax.Node) bool { return !s.at(n).keepsToItself(n) })
	}
	return known && o.endless && isApplication(s.Project, s.f.Path)
}

// isInMaking reports whether an acquisition is part of how an instance begins: in its
// constructor, or a method that starts it.
func isInMaking(o *Obligation) bool {
	_, member, _ := o.Call.InstanceAt()
	fn := syntax.FunctionOf(member)
	name := syntax.MemberName(member)
	return !fn.OK() || name == "constructor" || fn.IsConstructor() || isPrivate(member) || isStarter(name, fn) || !fn.WantsArguments()
}

// keepsToItself reports whether a function makes an instance, and neither returns it
// nor hands it on, and does not do so again and again as far as can be seen.
func (s *scan) keepsToItself(made syntax.Node) bool {
	v := widen(made)
	switch p := v.Parent(); p.Kind() {
	case "expression_statement", "member_expression":
	case "assignment_expression":
		if !isKeptOutside(p.Field("left")) {
			return false
		}
	case "variable_declarator":
		sym := p.Field("name").Symbol()
		if sym == nil {
			return false
		}
		for _, r := range sym.Refs {
			m := r.Outer().Parent()
			if !m.Is("member_expression") || m.Field("object").Inner(false) != r.Inner(false) {
				return false
			}
		}
	default:
		return false
	}
	for p := made.Parent(); p.OK(); p = p.Parent() {
		if p.Is("for_statement", "for_in_statement", "while_statement", "do_statement", "class_body") {
			return false
		}
		if !p.IsFunction() {
			continue
		}
		if _, again := s.runsAgain(p); again || callbackOf(p).repeats {
			return false
		}
	}
	return true
}

// isApplication reports whether the package of a file is one that nobody else can
// use, or that is there to be run: a script of it starts it by node, and it has no types or
// commands for others.
func isApplication(p *project.Project, rel string) bool {
	pkg := p.PackageOf(rel)
	if pkg == nil {
		return false
	}
	for name, script := range pkg.Scripts {
		if (name == "start" || strings.HasPrefix(name, "start:")) && strings.HasPrefix(script, "node ") && pkg.Types == "" && pkg.Exports == nil && pkg.Bin == nil {
			return true
		}
	}
	return pkg.Private || pkg.Main == "" && pkg.Module == "" && pkg.Exports == nil
}
