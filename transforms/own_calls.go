package transforms

import (
	"slices"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// called reports whether a call stays in the component: it asks something, tells of an event
// of the component, changes what that has, or goes on by a function of it that does no more.
func (e *ownEffects) called(call, fn syntax.Node) bool {
	callee := call.Field("function").Inner(false)
	if name, own := callee.ThisField(); own {
		return e.in != nil && e.calledOwn(call, name, fn)
	}
	switch {
	case callee.Is("identifier"):
		return e.calledByName(call, callee, fn)
	case callee.Is("super"), !callee.Is("member_expression"):
		return false
	}
	object, method := callee.Field("object").Inner(true), callee.Field("property").Text()
	if root := rootOf(object); root.Is("identifier") && root.Symbol() == nil && isBuiltin[root.Text()] {
		return true
	}
	if asksThings[method] || asksElement[method] || asksByName(method) {
		return handsNoCode(call, fn)
	}
	name, own := object.ThisField()
	switch {
	case method == "preventDefault" || method == "stopPropagation":
		return call.Field("arguments").Len() == 0
	case own && e.in != nil && method == "emit":
		return isOwnOutput(e.in, name)
	case own && e.in != nil && (method == "set" || method == "update") && isBox(e.in, name):
		return !(call.Field("arguments").Child(0).Inner(true).Is("true") && isShowing(name)) && handsNoCode(call, fn)
	case own && (method == "detectChanges" || method == "markForCheck") && call.Field("arguments").Len() == 0:
		return true
	case own && (method == "run" || method == "runOutsideAngular") && call.Field("arguments").Len() == 1:
		return call.Field("arguments").Child(0).IsFunction()
	}
	return (changesThings[method] || ofLists[method]) && e.owns(object, fn) && handsNoCode(call, fn)
}

// calledOwn is called for a member of the instance.
func (e *ownEffects) calledOwn(call syntax.Node, name string, fn syntax.Node) bool {
	switch {
	case isBox(e.in, name):
		return call.Field("arguments").Len() == 0
	case has(e.in.members, name):
		return e.method(name) && handsNoCode(call, fn)
	case e.in.hosted:
		e.tells = e.tells || name == "$emit"
		return name == "$emit" || name == "$forceUpdate" || name == "$nextTick" && call.Field("arguments").Child(0).IsFunction()
	case e.in.host == nil || !e.in.host.view:
		return false
	case name == "setState":
		return e.s.setsOwnState(call, e.in)
	}
	return e.in.host.teardown == "disconnectedCallback" && (name == "requestUpdate" || name == "dispatchEvent" || asksElement[name] || changesThings[name])
}

// calledByName is called for what is called by a plain name.
func (e *ownEffects) calledByName(call, callee, fn syntax.Node) bool {
	sym, name := callee.Symbol(), callee.Text()
	if sym == nil {
		switch name {
		case "setTimeout", "requestAnimationFrame":
			given := call.Field("arguments").Child(0).Inner(false)
			ms, known := millis(call.Field("arguments").Child(1), 3)
			return given.IsFunction() && (!call.Field("arguments").Child(1).OK() || known && ms <= shortGrace)
		}
		return plainFunctions[name]
	}
	if local := localFunction(callee); local.OK() {
		return local.Within(fn) || e.within(local) && handsNoCode(call, fn)
	}
	origin, known := callee.Origin()
	if e.setup != nil && known && slices.Contains(e.setup.host.from, origin.Module) {
		return origin.Last() == "nextTick" && call.Field("arguments").Child(0).IsFunction()
	}
	if e.setup != nil && name == "emit" && sym.Kind != syntax.Function {
		_, imported := sym.Import()
		e.tells = true
		return !imported
	}
	if _, imported := sym.Import(); !imported || !handsNoCode(call, fn) {
		return false
	}
	return asksByName(name) || changesLook[name] && e.owns(call.Field("arguments").Child(0), fn)
}

// changesLook are functions of libraries that change the element which they are given first.
var changesLook = map[string]bool{"focus": true, "blur": true, "addClass": true, "removeClass": true, "setStyle": true, "addStyle": true, "setAttribute": true, "setAttributes": true}

// handsNoCode reports whether a call is given no function but those that stand there, which are
// looked at with the rest.
func handsNoCode(call, fn syntax.Node) bool {
	for arg := range call.Field("arguments").Children() {
		if arg = arg.Inner(false); arg.Is("identifier") && localFunction(arg).OK() && !localFunction(arg).Within(fn) {
			return false
		}
	}
	return true
}

// isOwnOutput reports whether a field of an instance is what it tells its parent by, who hears nothing
// of one that is gone.
func isOwnOutput(in *instance, name string) bool {
	return slices.ContainsFunc(in.members, func(m syntax.Member) bool {
		value := m.Node.Field("value").Inner(true)
		return m.Name == name && (value.Is("new_expression") && value.Field("constructor").Text() == "EventEmitter" || calleeName(value) == "output")
	})
}

// isShowing reports whether a name says that something is there to be seen, or goes on.
func isShowing(name string) bool {
	return slices.ContainsFunc(wordsOf(name), func(w string) bool { return showingWords[w] })
}

var showingWords = map[string]bool{
	"open": true, "opened": true, "show": true, "shown": true, "visible": true, "visibility": true, "active": true, "expanded": true, "expand": true,
	"running": true, "started": true, "playing": true, "connected": true, "present": true, "mounted": true, "popup": true, "overlay": true,
}

// asksByName reports whether a function or method is called as one that only asks.
func asksByName(name string) bool {
	words := wordsOf(name)
	return len(words) > 1 && (words[0] == "is" || words[0] == "has" || words[0] == "get" || words[0] == "find" || words[0] == "to" || words[0] == "calculate")
}

// asksThings are methods of strings, numbers, lists and maps that change nothing.
var asksThings = map[string]bool{
	"trim": true, "split": true, "toString": true, "toFixed": true, "toLowerCase": true, "toUpperCase": true, "startsWith": true, "endsWith": true, "replace": true, "charAt": true,
	"substring": true, "substr": true, "slice": true, "indexOf": true, "includes": true, "some": true, "every": true, "filter": true, "map": true, "find": true, "findIndex": true,
	"reduce": true, "forEach": true, "join": true, "concat": true, "keys": true, "values": true, "entries": true, "has": true, "get": true, "at": true, "flat": true, "flatMap": true, "match": true, "test": true,
	"querySelectorAll": true, "toArray": true, "item": true,
}

// changesThings are methods of elements, lists and maps that change nothing else.
var changesThings = map[string]bool{
	"add": true, "remove": true, "toggle": true, "setAttribute": true, "removeAttribute": true, "toggleAttribute": true, "setProperty": true, "removeProperty": true,
	"focus": true, "blur": true, "scrollTo": true, "scrollIntoView": true, "delete": true, "set": true, "clear": true, "sort": true, "reverse": true, "removeChild": true,
}

// plainFunctions are functions of the language that only compute, and those that take timers away.
var plainFunctions = map[string]bool{
	"parseInt": true, "parseFloat": true, "isNaN": true, "isFinite": true, "String": true, "Number": true, "Boolean": true, "Array": true,
	"getComputedStyle": true, "clearTimeout": true, "clearInterval": true, "cancelAnimationFrame": true,
}
