package transforms

import (
	"bytes"
	"github.com/unleak-dev/unleak/internal/syntax"
)

// ownerOf names an owner of instances. What is kept in a variable belongs to what
// the function around it returns.
func ownerOf(node syntax.Node, h Handle) Owner {
	form := OwnerClass
	switch {
	case h.inClosure():
		form = OwnerClosure
	case node.Is("object"):
		form = OwnerObject
	}
	return Owner{form, nameOf(node), node}
}

// inClosure: in a variable that a teardown sees, or to be put into one.
func (h Handle) inClosure() bool {
	return h.Place == InClosure || h.Place == Discarded && h.Of.OK()
}

// isInstance reports whether what is owed is owed by an instance.
func (o Owner) isInstance() bool {
	return o.Form == OwnerClass || o.Form == OwnerObject || o.Form == OwnerClosure
}

// ownerAt is the owner whose instance the code at n can reach, and what that is
// called there.
func (s *scan) ownerAt(n syntax.Node) (syntax.Node, string) {
	owner, _, name := n.InstanceAt()
	if !s.ends(owner) {
		return syntax.Node{}, ""
	}
	return owner, name
}

// ends reports whether an owner can end: a class may get a teardown, an object
// literal that has none lives as long as what holds it.
func (s *scan) ends(owner syntax.Node) bool {
	return owner.OK() && (!owner.Is("object") || s.instance(owner).teardown != nil)
}

// opaque returns a member that may be a better teardown than the one that is
// seen: one whose value comes from elsewhere.
func (in *instance) opaque() (syntax.Member, bool) {
	for _, m := range in.members {
		if m.Opaque && isTeardown(m.Name) {
			return m, true
		}
	}
	return syntax.Member{}, false
}

// ownName is the name by which a function is known, "" for none.
func ownName(fn syntax.Node) string {
	if name := functionName(fn); name != nil {
		return name.Name
	}
	return fn.Field("name").Text()
}

// releasedByName: a function of the file releases a field of that name of an
// instance that it was given: end(poller) { clearInterval(poller.timer) }
func (s *scan) releasedByName(o *Obligation, field string) bool {
	for id := range s.f.NodeCount() {
		n := s.f.Node(int32(id))
		if !n.Is("member_expression") || n.Field("property").Text() != field || !n.Field("object").Inner(false).Is("identifier") {
			continue
		}
		if _, own := n.ThisField(); own {
			continue
		}
		if call := s.releaseAt(o, n); call.OK() {
			o.settle(use{released, n, call, "released by " + shorten(call.Text())})
			return true
		}
	}
	return false
}

// toldWhat is wantsArguments, but for arguments that tell how to end, or whom to
// tell, and not what.
func toldWhat(m syntax.Member) bool {
	fn := m.Function()
	switch {
	case fn.IsGenerator():
		return true // what calls it runs nothing
	case hooks[m.Name]: // what it is told is where the instance was, or how it ended
		return false
	}
	if !wantsArguments(m) || m.Getter || !fn.OK() || fn.File().TypeScript() {
		return wantsArguments(m)
	}
	for p := range fn.Field("parameters").Children() {
		if p.Is("identifier") && !tellsHow[p.Text()] {
			return true
		}
	}
	return fn.Field("parameter").OK() && !tellsHow[fn.Field("parameter").Text()]
}

// hooks are told something that is no part of what they end.
var hooks = map[string]bool{"onRemove": true, "removeHooks": true, "_destroy": true}

var tellsHow = map[string]bool{
	"callback": true, "cb": true, "done": true, "next": true, "fn": true, "err": true, "error": true, "code": true, "reason": true,
	"force": true, "options": true, "opts": true, "timeout": true, "signal": true, "immediately": true,
}

var answerNames = map[string]bool{"callback": true, "cb": true, "done": true, "next": true}

// answers reports whether the callback of a one-shot calls one that a function
// around was given for its answer: who gave it would wait for ever if the
// one-shot were cancelled.
func answers(call syntax.Node) bool {
	callback := call.Field("arguments").Child(0)
	isGiven := func(n syntax.Node) bool {
		sym := n.Symbol()
		if isSettle(n) && !sym.Node.Within(callback) {
			return true
		}
		return n.Is("identifier") && sym != nil && sym.Kind == syntax.Parameter && answerNames[sym.Name] && !sym.Node.Within(callback)
	}
	if isGiven(callback) {
		return true
	}
	for d := range callback.Descendants() {
		if d.Is("call_expression") && isGiven(d.Field("function").Inner(false)) {
			return true
		}
	}
	return false
}

// repeatedIn names the methods that an interval of the owner runs each time: what
// is called `cleanup` there is work, and no end.
func repeatedIn(owner syntax.Node) map[string]bool {
	out := map[string]bool{}
	if !owner.OK() || !bytes.Contains(owner.File().Src(), []byte("setInterval")) {
		return out
	}
	for n := range codeOf(owner) {
		if !n.Is("call_expression") {
			continue
		}
		if o, ok := n.Field("function").Origin(); !ok || o.Last() != "setInterval" {
			continue
		}
		callback := n.Field("arguments").Child(0).Inner(false)
		if callee := callback.Field("function").Inner(false); callee.Field("property").Text() == "bind" {
			callback = callee.Field("object").Inner(false) // this.sweep.bind(this)
		}
		out[callback.Field("property").Text()] = true
		body := callback.Field("body")
		if !body.Is("statement_block") {
			out[calledMethod(body)] = true
			continue
		}
		for stmt := range body.Children() {
			if stmt.Is("expression_statement") {
				out[calledMethod(stmt.Child(0))] = true
			}
		}
	}
	return out
}

// calledMethod is the name of the method that an expression calls, "" for none.
func calledMethod(n syntax.Node) string {
	n = n.Inner(true)
	if n.Is("unary_expression") { // void this.sweep()
		n = n.Field("argument").Inner(true)
	}
	return n.Field("function").Inner(false).Field("property").Text()
}

// touches reports whether what an acquisition is given mentions the instance.
func touches(call syntax.Node) bool {
	for d := range call.Field("arguments").Descendants() {
		if d.IsThis() {
			return true
		}
	}
	return false
}

// onlyHides reports whether the callback of a one-shot does nothing but hide the element
// that the instance is: once that is out of the page, it is hidden.
func (in *instance) onlyHides(o *Obligation) bool {
	fn := o.Call.Field("arguments").Child(0).Inner(false)
	call := fn.Field("body").Inner(true)
	if call.Is("unary_expression") { // void this.hide()
		call = call.Field("argument").Inner(true)
	}
	name, own := call.Field("function").Inner(false).ThisField()
	return fn.IsArrow() && call.Is("call_expression") && own && name == "hide" && has(in.members, name) && in.teardown != nil && in.teardown.name == "disconnectedCallback"
}

// letsGo reports whether the callback of a one-shot that fires before long aborts what the
// instance has in a field, and forgets that: it is how it is let go.
//
//	setTimeout(() => { this.request.abort(); this.request = null; }, 5000);
func (s *scan) letsGo(o *Obligation) bool {
	body := o.Call.Field("arguments").Child(0).Inner(false).Field("body")
	call, put := body.Child(0).Child(0), body.Child(1).Child(0)
	callee := call.Field("function").Inner(false)
	field, own := callee.Field("object").Inner(false).ThisField()
	left, same := put.Field("left").Inner(false).ThisField()
	return body.Is("statement_block") && body.Len() == 2 && call.Is("call_expression") && callee.Field("property").Text() == "abort" && own &&
		put.Is("assignment_expression") && same && left == field && isNothing(put.Field("right").Inner(true)) && s.isShort(o)
}

// onlyEnds reports whether a callback does nothing but take listeners away and end
// other things: to cancel it would leave those.
func onlyEnds(fn syntax.Node) bool {
	body := fn.Field("body")
	if !body.Is("statement_block") || body.Len() == 0 {
		return false
	}
	for stmt := range body.Children() {
		call := stmt.Child(0)
		if !stmt.Is("expression_statement") || !call.Is("call_expression") {
			return false
		}
		if name := call.Field("function").Inner(false).Field("property").Text(); !takesAway(call) && !isTeardown(name) {
			return false
		}
	}
	return true
}
