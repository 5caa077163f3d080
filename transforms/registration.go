package transforms

import (
	"fmt"
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// A registration is an acquisition without a handle: its release names again
// what it was made of, the target, the event and the function. Two of those are
// compared part by part, and a part that cannot be told may be any.

// handlerHole is the hole of a pattern that stands for a function.
const handlerHole = "F"

// likeness says whether two expressions denote the same thing.
type likeness int

const (
	different likeness = iota
	perhaps
	same
)

// target is what the registration is with.
func (o *Obligation) target() syntax.Node { return o.Bindings[o.Kind.Retainer] }

// handler is the function that is registered, as it is written.
func (o *Obligation) handler() syntax.Node { return o.Bindings[handlerHole] }

// handlerFunction is that function itself, where it stands in the same
// function or class; else the zero Node.
func (o *Obligation) handlerFunction() syntax.Node {
	n := o.handler().Inner(false)
	if n.IsFunction() {
		return n
	}
	if sym := n.Symbol(); sym != nil {
		if sym.Kind == syntax.Function {
			return sym.Decl
		}
		if init := sym.Init().Inner(false); init.IsFunction() {
			return init
		}
	}
	return syntax.Node{}
}

// evidenceOfRegistration asks whether a call has the shape of a registration: an
// event, or a signal, and something that can be a function.
func (s *scan) evidenceOfRegistration(c candidate, n syntax.Node, b syntax.Bindings) []string {
	f := b[handlerHole].Inner(false)
	if f.Is("string", "number", "object", "array", "template_string", "true", "false", "null", "undefined", "spread_element", "regex") {
		return nil
	}
	o := Obligation{Kind: c.kind, Bindings: b, Call: n}
	if o.target().Is("string", "number", "function", "arrow_function", "object") {
		return nil // .on('click', '.row', f)
	}
	if e := o.event().Inner(false); e.OK() && !e.Is("string", "identifier", "member_expression", "template_string") {
		return nil
	}
	if len(c.acquire.From) > 0 && len(c.acquire.Types) == 0 && !c.acquire.Pattern.Rooted() && !s.isPartOfModule(c.acquire, o.target()) {
		return nil
	}
	if len(c.acquire.Types) == 0 {
		return []string{shorten(squeeze(n.Field("function")))}
	}
	if len(c.acquire.From) > 0 && !slices.Contains(c.acquire.From, "global") {
		return evidenceOfPart(c.acquire, o.target())
	}
	t := syntax.TypeOf(o.target())
	if slices.Contains(c.acquire.Types, t.Name()) && t.Module == "" {
		return []string{"type " + t.Name()}
	}
	name := o.target().Inner(false)
	if name.Is("member_expression") {
		name = name.Field("property")
	}
	named := strings.HasSuffix(strings.ToLower(c.acquire.Types[0]), strings.ToLower(name.Text())) && name.Text() != ""
	if named && t.Module == "" && strings.HasPrefix(t.Name(), c.acquire.Types[0]) { // AbortSignalLike, of the project's own
		return []string{"type " + t.Name() + ", as that of an " + c.acquire.Types[0]}
	}
	if (!t.OK() || t.Derived) && named {
		return []string{"the name " + name.Text() + ", as that of an " + c.acquire.Types[0]}
	}
	return nil
}

// evidenceOfPart asks whether the target of a registration is what a module has under one
// of the names given, or of a type of that module.
func evidenceOfPart(a *Acquire, target syntax.Node) []string {
	if o, ok := target.Inner(false).Origin(); ok && a.fromModule(o) && slices.Contains(a.Types, o.Last()) {
		return []string{"import " + o.Module}
	}
	if t := syntax.TypeOf(target); t.Module != "" && !t.Derived && a.fromModule(syntax.Origin{Module: t.Module}) && slices.Contains(a.Types, t.Name()) {
		return []string{fmt.Sprintf("type %s from %s", t.Name(), t.Module)}
	}
	return nil
}

// sameEvent compares what says which event it is.
func sameEvent(a, b syntax.Node) likeness {
	a, b = a.Inner(false), b.Inner(false)
	x, literal := a.StringValue()
	y, too := b.StringValue()
	switch {
	case literal && too && x == y, squeeze(a) == squeeze(b):
		return same
	case literal && too && strings.HasPrefix(y, "."): // all of a namespace: 'click.menu' by '.menu'
		if slices.ContainsFunc(strings.Fields(x), func(event string) bool { return !strings.HasSuffix(event, y) }) {
			return perhaps
		}
		return same
	case literal && too:
		return different
	case a.Is("member_expression") && b.Is("member_expression") && squeeze(a.Field("object")) == squeeze(b.Field("object")):
		return different // Events.ADD and Events.REMOVE
	}
	return perhaps
}

// event is what the registration is for: the argument before the function, a hole
// of the pattern or written in it.
func (o *Obligation) event() syntax.Node {
	if event, named := o.Bindings["EVENT"]; named && event.OK() {
		return event
	}
	var before syntax.Node
	for a := range o.Call.Field("arguments").Children() {
		if o.handler().Within(a) {
			return before
		}
		before = a
	}
	return syntax.Node{}
}

// options are the arguments behind the function.
func (o *Obligation) options() []syntax.Node {
	var out []syntax.Node
	for c := range o.Call.Field("arguments").Children() {
		if c.Start() > o.handler().Start() && !c.Is("comment") && !o.handler().Within(c) {
			out = append(out, c)
		}
	}
	return out
}

// firesOnce reports whether nothing is owed any more once it has fired.
func (o *Obligation) firesOnce() bool {
	if o.Kind.OneShot || !o.Kind.Registers() {
		return o.Kind.OneShot
	}
	for _, n := range o.options() {
		for c := range n.Inner(false).Children() {
			if c.Field("key").Text() == "once" && c.Field("value").Is("true") {
				return true
			}
		}
	}
	return false
}

// isTakenOnce reports whether what is registered again with the same target is no other: a
// part of the page, or a signal, takes one function once.
func (o *Obligation) isTakenOnce() bool {
	return o.Acquire.Pattern.Anchor == "addEventListener" || o.isSignal()
}

// endedBySignal reports whether the options of a registration hold a signal, or
// cannot be seen.
func (o *Obligation) endedBySignal() bool {
	for _, n := range o.options() {
		if o.Kind.Acquire[0].Pattern.Anchor != "addEventListener" {
			return false
		}
		if slices.ContainsFunc(alternatives(n), func(v syntax.Node) bool { return mayHaveSignal(v) && !takenAwayWith(v) }) {
			return true
		}
	}
	return false
}

func mayHaveSignal(n syntax.Node) bool {
	if sym := n.Symbol(); sym != nil && sym.Init().OK() {
		n = sym.Init().Inner(false)
	}
	switch {
	case n.Is("true", "false", "undefined", "null"):
		return false
	case n.Is("object"):
		for c := range n.Children() {
			if c.Is("spread_element") || c.Field("key").Text() == "signal" || c.Is("shorthand_property_identifier") && c.Text() == "signal" {
				return true
			}
		}
		return false
	}
	return true
}

// takenAwayWith reports whether options of the whole file, that cannot be seen, are also
// given where a listener is taken away: with a signal nobody would do that.
func takenAwayWith(n syntax.Node) bool {
	sym := rootOf(n).Symbol()
	if sym == nil || n.File().TopLevel(sym.Name) != sym || !sym.Constant() {
		return false
	}
	return slices.ContainsFunc(sym.Refs, func(r syntax.Node) bool {
		v := r.Outer()
		for v.Parent().Is("member_expression") {
			v = v.Parent().Outer()
		}
		call := v.Parent().Parent()
		return v.Parent().Is("arguments") && squeeze(v) == squeeze(n) && calleeName(call) == "removeEventListener"
	})
}

// swallows reports whether what is registered does nothing: it is there so that an
// error is not thrown, whenever it comes.
func (o *Obligation) swallows() bool {
	n := o.handler().Inner(false)
	if fn := o.handlerFunction(); fn.OK() {
		return fn.Field("body").Is("statement_block") && fn.Field("body").Len() == 0
	}
	return strings.HasSuffix(strings.ToLower(n.Text()), "noop")
}

// handlerKept reports whether the function that is registered is also put
// somewhere else, whence it may be taken to be removed.
func (o *Obligation) handlerKept() bool {
	n := o.handler().Inner(false)
	sym := n.Symbol()
	if sym == nil || n.File().TopLevel(sym.Name) == sym || sym.Kind == syntax.Parameter {
		return false
	}
	return slices.ContainsFunc(sym.Refs, func(r syntax.Node) bool {
		p := r.Outer().Parent()
		switch p.Kind() {
		case "array":
			return !isDependencies(p)
		case "pair", "return_statement", "spread_element", "shorthand_property_identifier":
			return true
		case "assignment_expression":
			return p.Field("right").Inner(false) == r
		case "arguments":
			callee := p.Parent().Field("function").Inner(false)
			return adders[callee.Field("property").Text()]
		}
		return r.Is("shorthand_property_identifier")
	})
}
