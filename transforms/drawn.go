package transforms

import (
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// What a function writes into an element anew is gone when that is written over, and
// with it whatever listens to a part of it:
//
//	box.innerHTML = template;
//	box.querySelector('.save').addEventListener('click', save);

// drawnHere reports whether a registration is with a part of what the functions around it
// have written into an element.
func (s *scan) drawnHere(o *Obligation) bool {
	from := foundIn(o.target(), 4)
	if !from.OK() {
		return false
	}
	key := s.placeKey(from, 6)
	if key == "?" || strings.HasPrefix(key, "global ") {
		return false
	}
	for fn := o.Call.Function(); fn.OK(); fn = fn.Function() {
		for n := range fn.Field("body").Own() {
			left := n.Field("left").Inner(false)
			if n.Is("assignment_expression") && n.End() <= o.Call.Start() && left.Field("property").Text() == "innerHTML" && s.placeKey(left.Field("object"), 6) == key {
				return true
			}
		}
	}
	return false
}

// foundIn is the element in which an element is looked up by a selector, also for all
// that are found and for what is kept in a constant; the zero Node for others.
func foundIn(n syntax.Node, hops int) syntax.Node {
	n = n.Inner(true)
	if hops == 0 {
		return syntax.Node{}
	}
	switch n.Kind() {
	case "call_expression":
		switch callee := n.Field("function").Inner(false); callee.Field("property").Text() {
		case "querySelector", "querySelectorAll", "getElementsByClassName", "getElementsByTagName":
			return callee.Field("object")
		}
	case "subscript_expression":
		return foundIn(n.Field("object"), hops-1)
	case "identifier":
		sym := n.Symbol()
		switch {
		case sym == nil:
		case sym.Decl.Is("for_in_statement"):
			return foundIn(sym.Decl.Field("right"), hops-1)
		case sym.Kind == syntax.Parameter && isInline(sym.Node.Function()):
			return foundIn(receiver(callAround(sym.Node.Function())), hops-1)
		case sym.Constant():
			return foundIn(sym.Init(), hops-1)
		}
	}
	return syntax.Node{}
}
