package transforms

import (
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// What an instance has for each element of a collection, its teardown releases for
// each. A method that takes one element out has to release that one's: the teardown
// does not come to it any more.

// takesOut are verbs of methods that take something out for whoever calls them.
var takesOut = map[string]bool{
	"remove": true, "delete": true, "unsubscribe": true, "unregister": true, "detach": true, "drop": true, "evict": true, "forget": true,
}

// judgeTakenOut looks at what the teardown of an instance releases for each element:
// does a method take one out, and leave it?
func (s *scan) judgeTakenOut(o *Obligation) {
	if o.Status != Met || o.Standing != Leak || o.Kind.OneShot || !o.Owner.isInstance() || len(o.releases) == 0 {
		return
	}
	in := s.instance(o.Owner.Node)
	t := in.teardown
	field := s.keptPerElement(o)
	if field == "" || t == nil || !t.own.OK() || len(in.computed) > 0 {
		return
	}
	runs := s.reached(in)
	if !runs.runs(o.releases[0]) {
		return
	}
	for _, ref := range in.refs[field] {
		call := ref.Outer().Parent().Parent()
		_, member, _ := ref.InstanceAt()
		fn, name := syntax.FunctionOf(member), syntax.MemberName(member)
		if !isDelete(call, ref) || call.Function() != fn || runs.runs(call) || isPrivate(member) || !takesOut[verbOf(name)] ||
			len(in.refs[name]) > 0 || s.endsElement(o, fn) {
			continue
		}
		o.Form = formClass{}
		s.unmet(o, MissingPath, []ExitPlace{{call, name + "() takes one out, and leaves it"}})
		o.Refusal = refuse(TooEntangled, "%s() has to release what belongs to the element before it takes that out", name)
		return
	}
}

// keptPerElement is the collection of the instance for whose elements something is
// acquired, and released in a loop over the same; "" for none.
func (s *scan) keptPerElement(o *Obligation) string {
	if o.Handle.Place == InSet {
		return o.Handle.Field
	}
	if !o.Kind.Registers() {
		return ""
	}
	field := elementOf(o.target())
	for _, at := range o.releases {
		if elementOf(at.Field("function").Inner(false).Field("object")) != field {
			return ""
		}
	}
	return field
}

// elementOf is the field of the instance over which a function or a loop runs that has
// n for the element; "" for none.
func elementOf(n syntax.Node) string {
	sym := unchained(n).Symbol()
	if sym == nil {
		return ""
	}
	if fn := sym.Decl.Function(); sym.Kind == syntax.Parameter && parameter(fn, 0).Symbol() == sym {
		callee := fn.Outer().Parent().Parent().Field("function").Inner(false)
		if field, ok := callee.Field("object").ThisField(); ok && callee.Field("property").Text() == "forEach" {
			return field
		}
	}
	if loop := sym.Decl.Ancestor("for_in_statement"); loop.Field("left").OK() && sym.Node.Within(loop.Field("left")) {
		over := loop.Field("right").Inner(false)
		if over.Is("call_expression") && over.Field("function").Field("property").Text() == "values" {
			over = over.Field("function").Field("object")
		}
		field, _ := over.ThisField()
		return field
	}
	return ""
}

// isDelete reports whether a call takes one element out of the collection at ref.
func isDelete(call, ref syntax.Node) bool {
	method := ref.Outer().Parent()
	return call.Is("call_expression") && call.Field("function") == method && method.Field("property").Text() == "delete" && call.Field("arguments").Len() == 1
}

func verbOf(name string) string {
	words := wordsOf(name)
	if len(words) == 0 {
		return ""
	}
	return words[0]
}

// endsElement reports whether a function ends something, or hands the element on: then
// it may release what belongs to that.
func (s *scan) endsElement(o *Obligation, fn syntax.Node) bool {
	for n := range fn.Field("body").Descendants() {
		if !n.Is("call_expression") {
			continue
		}
		name := calleeName(n)
		if isTeardown(name) || takesAway(n) || strings.HasPrefix(name, "clear") || slices.ContainsFunc(o.Kind.Release, func(r Release) bool { return r.Pattern.Anchor == name }) {
			return true
		}
		if callee := n.Field("function").Inner(false); callee.Is("identifier") && !speaks(callee) && !onlyLooks(n) || callee.Field("object").Inner(false).IsThis() && !emits[name] {
			return true
		}
	}
	return false
}

// speaks reports whether a function, by its name, only says what goes on.
func speaks(fn syntax.Node) bool { return logLevels[fn.Text()] }
