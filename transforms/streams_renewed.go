package transforms

import (
	"fmt"
	"slices"

	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
)

// A method that makes a subject anew, and subscribes to it together with one that the
// instance has for good, leaves its earlier subscription with that one:
//
//	setData(data) {
//	  this.data = new BehaviorSubject(data);
//	  combineLatest([this.data, this.sorting]).subscribe(..);
//	}

// renewal is such a subscription.
type renewal struct {
	class syntax.Node
	anew  syntax.Node // where the one is made anew
	kept  string      // the field that has the other
}

// renewed reports whether a call subscribes so.
func (s *scan) renewed(call, source syntax.Node) (renewal, bool) {
	fn := call.Function()
	class, member := fn.ThisClass()
	if !isDropped(call) || !class.IsClass() || syntax.FunctionOf(member) != fn || fn.IsConstructor() {
		return renewal{}, false
	}
	in := s.instance(class)
	r := renewal{class: class}
	for _, field := range joined(source, streamHops) {
		if in.hasForGood(field) {
			r.kept = field
		} else if at := in.makesAnew(field, fn); at.OK() {
			r.anew = at
		}
	}
	return r, r.kept != "" && r.anew.OK() && !s.once(call, onceHops)
}

// renewal is an acquisition by a call that subscribes so, nil for none.
func (s *scan) renewal(c candidate, call syntax.Node, b syntax.Bindings) *Obligation {
	r, ok := s.renewed(call, b[c.acquire.Pattern.Receiver()])
	if !ok {
		return nil
	}
	o := s.obligation(c, call, b)
	o.gist = r
	o.acquired([]string{fmt.Sprintf("this.%s keeps what was subscribed to before %s", r.kept, squeeze(r.anew.Field("left")))})
	return o
}

// joined are the fields of the instance of which a stream is made, each of which keeps
// it going; nothing where an operator may end it.
func joined(n syntax.Node, hops int) []string {
	n = n.Inner(false)
	if hops == 0 || !n.OK() {
		return nil
	}
	if name, ok := n.ThisField(); ok {
		return []string{name}
	}
	if sym := n.Symbol(); n.Is("identifier") && sym != nil && sym.Kind == syntax.Variable && sym.Constant() {
		return joined(sym.Init(), hops-1)
	}
	callee := n.Field("function").Inner(false)
	args := slices.Collect(n.Field("arguments").Children())
	if o, ok := callee.Origin(); ok && ofStreams(o.Module) && (o.Last() == "merge" || o.Last() == "combineLatest") {
		if len(args) > 0 && args[0].Is("array") {
			args = slices.Collect(args[0].Children())
		}
		var out []string
		for _, a := range args {
			out = append(out, joined(a, hops-1)...)
		}
		return out
	}
	if callee.Field("property").Text() != "pipe" || slices.ContainsFunc(args, func(a syntax.Node) bool { return !goesThrough(a) }) {
		return nil
	}
	return joined(callee.Field("object"), hops-1)
}

// hasForGood reports whether a field has observers from its declaration on, and nothing
// ends them.
func (in *instance) hasForGood(field string) bool {
	i := slices.IndexFunc(in.members, func(m syntax.Member) bool { return m.Name == field && !m.Method && !m.Static })
	if i < 0 || !hasObservers(syntax.TypeOf(in.members[i].Node.Field("value").Inner(false))) {
		return false
	}
	return !slices.ContainsFunc(in.refs[field], func(ref syntax.Node) bool {
		return syntax.IsWrite(ref) || slices.Contains([]string{"complete", "error", "unsubscribe"}, methodOn(ref))
	})
}

// makesAnew is where a method, fn or one that calls it, fills a field with something
// new that has observers.
func (in *instance) makesAnew(field string, fn syntax.Node) syntax.Node {
	_, member := fn.ThisClass()
	for _, ref := range in.refs[field] {
		p := ref.Outer().Parent()
		home := ref.Function()
		if !p.Is("assignment_expression") || p.Field("left").Inner(false) != ref || home.IsConstructor() || !hasObservers(syntax.TypeOf(p.Field("right").Inner(false))) ||
			!p.Field("right").Inner(false).Is("new_expression") {
			continue
		}
		calls := func(use syntax.Node) bool { return use.Function() == home && use.Start() > p.Start() }
		if home == fn || slices.ContainsFunc(in.refs[syntax.MemberName(member)], calls) {
			return p
		}
	}
	return syntax.Node{}
}

// judgeRenewal judges what is subscribed to so.
func (s *scan) judgeRenewal(o *Obligation) bool {
	r, ok := o.gist.(renewal)
	if !ok {
		return false
	}
	o.Owner = ownerOf(r.class, Handle{})
	o.Handle = Handle{Of: r.class, Value: chain(o.Call)}
	s.unmet(o, Overwritten, []ExitPlace{{r.anew, "it is made anew"}})
	o.Form = formRenewed{}
	return true
}

// formRenewed keeps what a method subscribes to in a field, and ends the one before.
type formRenewed struct{}

func (formRenewed) Name() string { return "renewed" }

func (formRenewed) fix(s *scan, p *Plan) (*Fix, *Refusal) {
	o := p.Obligations[0]
	e, no := s.editClass(s.instance(p.Owner.Node))
	if no != nil {
		return nil, no
	}
	stmt := o.Call.Statement()
	if !inBlock(stmt) {
		return nil, refuse(TooEntangled, "no statement can stand before it")
	}
	field := e.addField(o.Kind.Noun, e.handleType(o), "")
	release := instantiate(o.Kind.Release[0].Pattern, o, field+"?") + ";"
	keep := patch.Edit{Start: o.Call.Start(), End: o.Call.Start(), New: field + " = "}
	e.edits = append(e.edits, appendAt([]patch.Edit{e.st.before(stmt, release)}, keep)...)
	e.notes = []Note{{Unsafe, fmt.Sprintf("what %s() subscribed to before is ended when it subscribes anew: does anything rely on both?", methodName(o.Call.Function()))}}
	return &Fix{
		Plan: p, Edits: e.finish(), Notes: e.notes,
		Message: fmt.Sprintf("End the %s of %s before it subscribes anew", o.Kind.Noun, p.Owner.Name),
	}, nil
}
