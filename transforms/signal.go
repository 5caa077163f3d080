package transforms

import (
	"strings"

	"github.com/unleak-dev/unleak/internal/project"
	"github.com/unleak-dev/unleak/internal/syntax"
)

// A signal is an object of its own for each thing that can be told of, to which functions
// are connected: model.changed.connect(f). What ends tells of it by a signal, too.

// isSignal reports whether a registration connects a function to a signal.
func (o *Obligation) isSignal() bool { return o.Acquire.Pattern.Anchor == "connect" }

// isPartOfModule reports whether the target of a registration is a part of something whose
// type is one of a module, or whose type is the project's own, in a file that uses the module.
func (s *scan) isPartOfModule(a *Acquire, target syntax.Node) bool {
	of := map[string]bool{}
	for _, m := range a.From {
		of[m] = true
	}
	uses := target.Inner(true).Is("member_expression") && len(modulesIn(s.f.Src(), of)) > 0
	for n := target.Inner(true); n.OK(); n = n.Field("object").Inner(true) {
		switch t := syntax.TypeOf(n); {
		case t.Module == "":
		case a.fromModule(syntax.Origin{Module: t.Module}):
			return true
		case !strings.HasPrefix(t.Module, "."):
			return false // of another module
		}
	}
	return uses
}

// endsWithGiven reports whether an instance ends itself when something that it was given
// has ended, which then has taken along what belongs to it:
//
//	this.widget.disposed.connect(this.dispose, this);
func (in *instance) endsWithGiven() bool {
	for _, c := range append([]project.Class{in.class}, in.ancestors...) {
		for n := range codeOf(c.Node) {
			if n.Is("call_expression") && in.endsBy(n) {
				return true
			}
		}
	}
	return false
}

// endsBy reports whether a call connects an end of the instance to a signal by which
// something that it was given tells of its own.
func (in *instance) endsBy(call syntax.Node) bool {
	callee := call.Field("function").Inner(false)
	signal := callee.Field("object").Inner(false)
	given := signal.Field("object").Inner(false)
	root := rootOf(given)
	if callee.Field("property").Text() != "connect" || !endEvents[strings.ToLower(signal.Field("property").Text())] || given.IsThis() ||
		!root.IsThis() && (root.Symbol() == nil || root.Symbol().Kind != syntax.Parameter) {
		return false
	}
	f := call.Field("arguments").Child(0).Inner(false)
	if name, own := f.ThisField(); own {
		return isTeardown(name)
	}
	for n := range functionGiven(f).Field("body").Own() {
		if name, own := n.Field("function").ThisField(); n.Is("call_expression") && own && isTeardown(name) {
			return true
		}
	}
	return false
}

// isEndedByHolder reports whether somebody who keeps an instance of a class ends it by its
// teardown, which a class above has: in a variable, a parameter or a field that is given a new
// one, or is declared to be one. Who does that when he hears that what he made it of has ended
// ends nothing that goes on:
//
//	const marks = new Marks(panel);
//	panel.disposed.connect(() => marks.dispose());
func (s *scan) isEndedByHolder(in *instance) bool {
	name := className(in.class.Node)
	if name == nil || in.teardown == nil {
		return false
	}
	for r := range s.at(in.class.Node).mentions(in.class.Node, name, "") {
		made := r.Parent()
		if !made.Is("new_expression") {
			made = syntax.Node{}
		}
		for _, held := range s.at(r).heldAs(r) {
			for n := range held.Statement().Descendants() {
				if n.Is("member_expression") && n.Field("property").Text() == in.teardown.name && n.Start() >= held.Start() && !endsWithMaking(n, made) {
					return true
				}
			}
		}
	}
	return false
}

// heldAs are the mentions of what is given a new instance of a class that is named at r, or is
// declared to hold one, or several, there.
func (s *scan) heldAs(r syntax.Node) []syntax.Node {
	field := func(owner syntax.Node, name string) []syntax.Node {
		if !owner.OK() || owner.File() != s.f {
			return nil
		}
		return s.instance(owner).refs[name]
	}
	at := r.Ancestor("type_annotation").Parent()
	if p := r.Parent(); p.Is("new_expression") {
		at = widen(p).Parent()
	}
	switch at.Kind() {
	case "assignment_expression":
		left := at.Field("left").Inner(false)
		if name, own := left.ThisField(); own {
			owner, _ := left.FieldOwner()
			return field(owner, name)
		}
		return left.Symbol().Mentions()
	case "public_field_definition":
		return field(at.Class(), syntax.MemberName(at))
	case "variable_declarator":
		return at.Field("name").Symbol().Mentions()
	case "required_parameter", "optional_parameter":
		sym := at.Field("pattern").Symbol()
		if at.Function().IsConstructor() && sym != nil {
			return append(sym.Mentions(), field(at.Class(), sym.Name)...)
		}
		return sym.Mentions()
	}
	return nil
}

// endsWithMaking reports whether an end stands in a function that is connected to the signal
// by which one tells of its own end of whom an instance was made.
func endsWithMaking(end, made syntax.Node) bool {
	for fn := end.Function(); fn.OK(); fn = fn.Function() {
		signal := fn.Outer().Parent().Parent().Field("function").Inner(false).Field("object").Inner(false)
		if !endEvents[strings.ToLower(signal.Field("property").Text())] {
			continue
		}
		for arg := range made.Field("arguments").Children() {
			if squeeze(arg.Inner(false)) == squeeze(signal.Field("object")) {
				return true
			}
		}
	}
	return false
}

// givesWay reports whether a call ends what a field holds right before that is given what
// comes in its place, as by one who ends whatever it is given:
//
//	set session(session) { this.current?.dispose(); this.current = session; }
func givesWay(call syntax.Node, refs []syntax.Node) bool {
	for _, ref := range refs {
		p := ref.Outer().Parent()
		if p.Is("assignment_expression") && p.Field("left").Inner(false) == ref && p.Function() == call.Function() && p.Start() > call.End() && !isNothing(p.Field("right")) {
			return true
		}
	}
	return false
}
