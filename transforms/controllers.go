package transforms

import (
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// A controller is an object that an element of Lit calls when it comes into the page and
// when it leaves it: host.addController(this). The element is its host, and ends with it.

// controllers is what ends a controller.
var controllers = classHost{teardown: "hostDisconnected", view: true, onces: []string{"hostConnected"}, lost: []string{"constructor", "", "hostUpdated", "hostUpdate"}}

// isController reports whether a class has what an element calls of a controller.
func isController(class syntax.Node) bool {
	return slices.ContainsFunc(syntax.Members(class), func(m syntax.Member) bool {
		return (m.Name == "hostConnected" || m.Name == "hostDisconnected") && m.Method && !m.Static
	})
}

// hostOfController reports whether the place where something is registered is the element
// that calls the controller.
func (in *instance) hostOfController(key string) bool {
	if in.host != &controllers {
		return false
	}
	for n := range codeOf(in.class.Node) {
		callee := n.Field("function").Inner(false)
		if !n.Is("call_expression") || callee.Field("property").Text() != "addController" || !n.Field("arguments").Child(0).Inner(false).IsThis() {
			continue
		}
		host := callee.Field("object").Inner(false)
		if host.Is("assignment_expression") { // (this.host = host).addController(this)
			host = host.Field("left").Inner(false)
		}
		if name, ok := host.ThisField(); ok && "this."+name == key {
			return true
		}
		if sym := host.Symbol(); sym != nil && "this."+keptIn(sym) == key {
			return true
		}
	}
	return key == "this.host" || key == "this._host"
}

// ofOwnElement reports whether something is the element that a component or directive of
// Angular stands at, which ends with it: new (private el: ElementRef) { this.el.nativeElement }.
func (in *instance) ofOwnElement(key string) bool {
	if in.host == nil || !slices.Contains(in.host.from, angular[0]) {
		return false
	}
	if strings.HasSuffix(key, ".nativeElement") {
		return true
	}
	field, ok := strings.CutPrefix(key, "this.")
	isElement := func(v syntax.Node) bool {
		return v.Inner(true).Is("member_expression") && v.Inner(true).Field("property").Text() == "nativeElement"
	}
	return ok && (slices.ContainsFunc(in.members, func(m syntax.Member) bool { return m.Name == field && isElement(m.Node.Field("value")) }) ||
		slices.ContainsFunc(in.refs[field], func(r syntax.Node) bool {
			p := r.Outer().Parent()
			return p.Is("assignment_expression") && p.Field("left").Inner(false) == r && isElement(p.Field("right"))
		}))
}
