package transforms

import (
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

// ownElements are fields in which the classes of some modules, and what extends them, keep the
// element that is theirs alone.
var ownElements = map[string]string{"@lumino/widgets": "node", "@phosphor/widgets": "node"}

// isInOwnElement reports whether what is listened to is the element that a class above has made
// for the instance, or is looked up in that.
func (s *scan) isInOwnElement(o *Obligation, in *instance) bool {
	top := in.class.Node
	if n := len(in.ancestors); n > 0 {
		top = in.ancestors[n-1].Node
	}
	origin, known := syntax.Extends(top).Origin()
	field := ownElements[origin.Module]
	if !known || field == "" {
		return false
	}
	if s.placeKey(o.target(), 6) == "this."+field {
		return true
	}
	sym := o.target().Inner(false).Symbol()
	call := sym.Init().Inner(true)
	if sym == nil || !sym.Constant() || !call.Is("call_expression") || !looksUp(call) {
		return false
	}
	return s.placeKey(receiver(call), 6) == "this."+field || s.placeKey(call.Field("arguments").Child(0), 6) == "this."+field
}
