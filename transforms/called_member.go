package transforms

import (
	"slices"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// A method is not always called by its name behind a dot.

// calledMember is the member that a call calls, also by way of call and apply on the very
// object that it belongs to: bus.close.apply(bus, args).
func calledMember(call syntax.Node) syntax.Node {
	fn := call.Field("function").Inner(false)
	name, method := fn.Field("property").Text(), fn.Field("object").Inner(false)
	if name != "apply" && name != "call" || !method.Is("member_expression", "subscript_expression") {
		return fn
	}
	if this := call.Field("arguments").Child(0); this.OK() && syntax.SameExpression(this.Inner(false), method.Field("object").Inner(false)) {
		return method
	}
	return fn
}

// memberNames are the names that a member which is called may have: one behind a dot, and all
// that a variable of the function around may hold, if those are written down. Nil where they
// are not known.
//
//	let how = 'end'; if (idle) how = 'destroy'; socket[how]();
func memberNames(member syntax.Node) []string {
	if member.Is("member_expression") {
		return []string{member.Field("property").Text()}
	}
	index := member.Field("index").Inner(false)
	if name, literal := index.StringValue(); literal {
		return []string{name}
	}
	sym := index.Symbol()
	if !member.Is("subscript_expression") || !index.Is("identifier") || sym == nil || sym.Kind != syntax.Variable {
		return nil
	}
	given, known := valuesGiven(sym)
	if !known {
		return nil
	}
	values := alternatives(sym.Init())
	for _, v := range given {
		values = append(values, alternatives(v)...)
	}
	var names []string
	for _, v := range values {
		name, literal := v.Inner(false).StringValue()
		if !literal {
			return nil
		}
		names = append(names, name)
	}
	return names
}

// endsItsOwner reports whether a member that is called ends what it belongs to, by whatever of
// its names.
func endsItsOwner(member syntax.Node) bool {
	names := memberNames(member)
	return len(names) > 0 && !slices.ContainsFunc(names, func(name string) bool {
		return !isTeardown(name) && !enders[name] && (len(names) == 1 || name != "end")
	})
}
