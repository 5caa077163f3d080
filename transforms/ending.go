package transforms

import (
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// A function may say how all ends that it began: by an object with a teardown that it
// returns, by a function that it returns, or by one that it hands to somebody who asks
// for that:
//
//	onCleanup(() => clearInterval(timer));
//
// That is to take away, too, what the function and those in it have registered.

// homeEnd is how that ends which a function began.
type homeEnd struct {
	home syntax.Node   // the function that began it
	fn   syntax.Node   // what runs at the end
	told bool          // it was handed to somebody
	code []syntax.Node // all functions that run then

	wrong syntax.Node // of one registration: what was meant to take it away
}

// called is what runs at the end, for a sentence about it.
func (e homeEnd) called() string {
	switch name := ownName(e.fn); {
	case e.told:
		return "what " + calleeText(callAround(e.fn)) + "() is told"
	case name != "":
		return name + "()"
	}
	return "what it returns"
}

// endingOf is the end of what a function began; false where it shows none.
func (s *scan) endingOf(home syntax.Node) (homeEnd, bool) {
	e := homeEnd{home: home}
	if home.IsConstructor() || isHookName(nameOf(home)) || callsHook(home) {
		return e, false // how those end is a framework's affair
	}
	switch owner := s.closureOwner(home); {
	case owner.Is("object"):
		t := s.instance(owner).teardown
		if s.beganAnew(owner, t.name) {
			return e, false
		}
		e.fn = t.own
	case owner.OK():
		e.fn = owner
	default:
		e.fn = s.endReturned(home)
	}
	if !e.fn.OK() {
		e.fn = s.endTold(home)
		e.told = e.fn.OK()
	}
	if !e.fn.OK() || e.fn.IsGenerator() {
		return e, false
	}
	e.code = s.reachedFrom([]syntax.Node{e.fn})
	return e, true
}

// callsHook reports whether a function calls a hook of a component on the spot.
func callsHook(fn syntax.Node) bool {
	for n := range fn.Field("body").Own() {
		if n.Is("call_expression") && isHookName(calleeName(n)) {
			return true
		}
	}
	return false
}

// beganAnew reports whether an object has a method that begins what its teardown ends:
// it may go on after that.
func (s *scan) beganAnew(object syntax.Node, teardown string) bool {
	return slices.ContainsFunc(syntax.Members(object), func(m syntax.Member) bool {
		words := wordsOf(m.Name)
		return opposite(m.Name, teardown) || !lastTeardowns[teardown] && len(words) > 0 && beginners[words[0]]
	})
}

// lastTeardowns are names of methods after which nothing begins again.
var lastTeardowns = map[string]bool{
	"destroy": true, "_destroy": true, "dispose": true, "[Symbol.dispose]": true, "[Symbol.asyncDispose]": true, "teardown": true, "tearDown": true,
	"cleanup": true, "cleanUp": true, "unmount": true, "terminate": true,
}

// endReturned is the function without a name that is all that another returns, and that
// ends something which that began; the zero Node for none.
func (s *scan) endReturned(home syntax.Node) syntax.Node {
	body := home.Field("body")
	if !body.Is("statement_block") || home.IsAsync() || home.IsGenerator() {
		return syntax.Node{}
	}
	var found syntax.Node
	for n := range body.Own() {
		if !n.Is("return_statement") {
			continue
		}
		value := n.Child(0).Inner(false)
		if value.Is("identifier") {
			value = localFunction(value)
		}
		if n.Parent() != body || !s.endsWhatBegan(value, home) {
			return syntax.Node{}
		}
		found = value
	}
	return found
}

// endTold is the function that a function hands, in a statement of its own, to somebody
// who by his name wants to know how all ends; the zero Node for none.
func (s *scan) endTold(home syntax.Node) syntax.Node {
	for stmt := range home.Field("body").Children() {
		call := stmt.Child(0).Inner(false)
		if !stmt.Is("expression_statement") || !call.Is("call_expression") || call.Field("arguments").Len() != 1 || !asksForEnd(call) {
			continue
		}
		fn := call.Field("arguments").Child(0).Inner(false)
		if fn.IsFunction() && s.endsWhatBegan(fn, home) {
			return fn
		}
	}
	return syntax.Node{}
}

// asksForEnd reports whether a function by its name wants to be told of an end: teardown(f),
// onCleanup(f), add_cleanup(f).
func asksForEnd(call syntax.Node) bool {
	callee := call.Field("function").Inner(false)
	if !callee.Is("identifier", "member_expression") {
		return false
	}
	words := wordsOf(strings.ReplaceAll(calleeName(call), "_", " "))
	for i, w := range words {
		if !endWords[w] {
			continue
		}
		if i == 0 && len(words) == 1 || i > 0 && tellWords[words[0]] {
			return true
		}
	}
	return false
}

var (
	endWords  = map[string]bool{"teardown": true, "cleanup": true, "destroy": true, "dispose": true, "unmount": true, "disposer": true, "disposal": true, "destruction": true}
	tellWords = map[string]bool{"on": true, "add": true, "register": true, "before": true, "at": true, "with": true, "use": true}
)

// endsWhatBegan reports whether a function, without being told anything, ends something
// that the one around it began: it calls a release with a variable of that.
func (s *scan) endsWhatBegan(fn, home syntax.Node) bool {
	if !fn.IsFunction() || fn.WantsArguments() || fn.IsGenerator() || !fn.Within(home) {
		return false
	}
	for _, f := range s.reachedFrom([]syntax.Node{fn}) {
		for n := range f.Field("body").Descendants() {
			if n.Is("call_expression") && s.isRelease(n) && mentionsVariableOf(n, home) {
				return true
			}
		}
	}
	return false
}

// isRelease reports whether a call is, by its name, one that releases something.
func (s *scan) isRelease(call syntax.Node) bool {
	name := calleeName(call)
	if takesAway(call) || isTeardown(name) {
		return true
	}
	return slices.ContainsFunc(s.Kinds, func(k *Kind) bool {
		return slices.ContainsFunc(k.Release, func(r Release) bool { return r.Pattern.Rooted() && r.Pattern.Anchor == name })
	})
}

func mentionsVariableOf(n, home syntax.Node) bool {
	for d := range n.Descendants() {
		if sym := d.Symbol(); d.Is("identifier") && sym != nil && (sym.Decl.Function() == home || sym.Kind == syntax.Parameter && sym.Decl == home) {
			return true
		}
	}
	return false
}
