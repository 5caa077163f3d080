package transforms

import (
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// isDrawn reports whether a value is an element that an instance of a component draws and
// has by a ref: it goes with the instance, and the ref is emptied then.
//
//	this.refs.list    <ul ref="list">
//	this.list.current <ul ref={this.list}>
//	this.list         <ul ref={(el) => (this.list = el)}>
func (in *instance) isDrawn(n syntax.Node) bool {
	if in.host == nil || len(in.host.draws) == 0 {
		return false
	}
	n = n.Inner(false)
	if name, own := n.ThisField(); own {
		return in.isSetByRef(name)
	}
	name, own := n.Field("object").Inner(false).ThisField()
	return n.Is("member_expression") && own && (name == "refs" || n.Field("property").Text() == "current" && in.isRefCallback(name))
}

// isSetByRef reports whether a field is only ever set to the element that a function is told
// of which a ref of the instance is.
func (in *instance) isSetByRef(field string) bool {
	set := false
	for _, r := range in.refs[field] {
		if !syntax.IsWrite(r) || r.Parent().Is("public_field_definition", "field_definition") || isNothing(r.Outer().Parent().Field("right").Inner(true)) {
			continue
		}
		value := r.Outer().Parent().Field("right").Inner(true).Symbol()
		fn := r.Function()
		if value == nil || value.Kind != syntax.Parameter || value.Node.Function() != fn {
			return false
		}
		_, member := fn.ThisClass()
		attribute := fn.Outer().Parent().Parent()
		inline := attribute.Is("jsx_attribute") && strings.HasSuffix(strings.ToLower(attribute.Child(0).Text()), "ref")
		if !inline && (syntax.FunctionOf(member) != fn || !in.isRefCallback(syntax.MemberName(member))) {
			return false
		}
		set = true
	}
	return set
}

// isOwnElement reports whether all that is listened to is an element that the instance
// draws, or was found in one just before.
func (o *Obligation) isOwnElement(in *instance) bool {
	target := o.target().Inner(false)
	if init := target.Symbol().Init(); init.OK() && target.Symbol().Constant() {
		target = init.Inner(false)
	}
	return in.isDrawn(target)
}

// standsForSame are bindings with those arguments of a call in their place that are
// parameters of a local function which is only ever given the same.
func standsForSame(b syntax.Bindings, call syntax.Node) syntax.Bindings {
	var out syntax.Bindings
	for arg := range call.Field("arguments").Children() {
		arg = arg.Inner(false)
		sym := arg.Symbol()
		if !arg.Is("identifier") || sym == nil || sym.Kind != syntax.Parameter {
			continue
		}
		fn := sym.Node.Function()
		name := functionName(fn)
		index := slices.Index(parametersOf(fn), sym)
		if name == nil || index < 0 || fn.File().TopLevel(name.Name) == name {
			continue
		}
		for v, bound := range b {
			if v == "HANDLE" || !bound.Inner(false).Is("identifier") || bound.Inner(false).Symbol() == nil {
				continue
			}
			calls := 0
			same := !slices.ContainsFunc(name.Refs, func(r syntax.Node) bool {
				if r == name.Node {
					return false
				}
				calls++
				at := r.Parent()
				return !at.Is("call_expression") || at.Field("function") != r || at.Field("arguments").Child(index).Inner(false).Symbol() != bound.Inner(false).Symbol()
			})
			if same && calls > 0 {
				if out == nil {
					out = syntax.Bindings{}
					for k, v := range b {
						out[k] = v
					}
				}
				out[v] = arg
			}
		}
	}
	return out
}
