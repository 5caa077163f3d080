package transforms

import (
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// Nearly every call can throw. Who reads of a way out by an error wants to know what
// fails there: something that is waited for, that reads what it is given, or that is
// somebody else's. An element that cannot be made is no such thing.

// likelyHops bounds over how many functions it is followed what they call.
const likelyHops = 3

// likely reports whether somebody would reckon with an error of an evaluation.
func (s *scan) likely(o *Obligation, n syntax.Node, hops int) bool {
	if o.asksForMore(n) {
		return false // what cannot be read on has ended, too
	}
	if n.Is("throw_statement", "await_expression") || waitsFor(n) || n == o.Call.Outer() {
		return true
	}
	if n.Ancestor("finally_clause").OK() {
		return true // a step of a cleanup must not keep the next from being done
	}
	n = n.Inner(true)
	if n.Is("new_expression") {
		return s.likelyMade(o, n, hops)
	}
	if !n.Is("call_expression") {
		return true
	}
	for arg := range n.Field("arguments").Children() {
		if fn := arg.Inner(false); fn.IsFunction() && isInline(fn) && s.likelyIn(o, fn, hops) {
			return true
		}
	}
	callee := n.Field("function").Inner(false)
	name := calleeName(n)
	if callee.Field("object").Inner(false).Is("regex", "string", "template_string") {
		return false // of what stands there
	}
	if strings.HasSuffix(name, "Sync") || readsOrRuns(name) {
		return true
	}
	if fn := syntax.CalledFunction(n); fn.OK() {
		return s.likelyIn(o, fn, hops)
	}
	origin, known := callee.Origin()
	switch {
	case s.isBookkeeping(callee):
		return false
	case known && origin.Module == "":
		return callee.Is("identifier") && callee.Symbol() == nil && !harmlessFunctions[name]
	case known:
		if fn := s.declared(callee, origin); fn.OK() {
			return s.likelyIn(o, fn, hops)
		}
		return strings.HasPrefix(origin.Module, ".") || s.gives(o, n) && !strings.HasPrefix(name, "create")
	case callee.Is("identifier"):
		return !isMaker(name) // a callback of somebody
	}
	if method, ok := callee.ThisField(); ok {
		if class, _ := callee.FieldOwner(); class.OK() && class.File() == s.f {
			for _, m := range s.instance(class).members {
				if m.Name == method && m.Function().OK() {
					return s.likelyIn(o, m.Function(), hops)
				}
			}
		}
		return true
	}
	if root := rootOf(callee); isHandle(root, o.Handle) {
		return !o.Kind.Promised && !quiet[name]
	}
	return s.gives(o, n)
}

// isMaker reports whether a function is called as one is that makes something.
func isMaker(name string) bool {
	words := wordsOf(name)
	return len(words) > 1 && (words[0] == "make" || words[0] == "create" || words[0] == "build" || words[0] == "generate")
}

// isBookkeeping reports whether a call is one of a map or set that another file of the
// project keeps.
func (s *scan) isBookkeeping(callee syntax.Node) bool {
	im, ok := callee.Field("object").Inner(false).Symbol().Import()
	if !ok {
		return false
	}
	_, decl := s.declarationOf(im)
	made := decl.Field("value").Inner(false)
	return decl.Is("variable_declarator") && made.Is("new_expression") && slices.Contains([]string{"Map", "Set", "WeakMap", "WeakSet"}, made.Field("constructor").Text())
}

// readsOrRuns reports whether a function is called as one is that reads, checks or runs
// what it is given.
func readsOrRuns(name string) bool {
	name = strings.ToLower(name)
	return slices.ContainsFunc([]string{"parse", "load", "decode", "compile", "validate", "assert", "require", "exec", "run", "apply", "call", "invoke", "handle", "process", "transform", "read", "work"}, func(verb string) bool {
		return strings.HasPrefix(name, verb)
	})
}

// quiet are methods of handles that only tell, or hand over what is sent later.
var quiet = map[string]bool{
	"write": true, "pipe": true, "version": true, "address": true, "setEncoding": true, "setTimeout": true, "setKeepAlive": true, "setNoDelay": true,
	"cork": true, "uncork": true, "then": true,
}

// harmlessFunctions are globals that do not throw in earnest.
var harmlessFunctions = map[string]bool{"isNaN": true, "parseInt": true, "parseFloat": true, "Symbol": true, "encodeURIComponent": true, "fetch": true, "BigInt": true}

// gives reports whether a call is given the handle.
func (s *scan) gives(o *Obligation, call syntax.Node) bool {
	for d := range call.Field("arguments").Descendants() {
		if d.Is("identifier") && isHandle(d, o.Handle) {
			return true
		}
	}
	return false
}

// declared is the function of another file of the project that a name stands for.
func (s *scan) declared(callee syntax.Node, origin syntax.Origin) syntax.Node {
	if !callee.Is("identifier") {
		return syntax.Node{}
	}
	im, ok := callee.Symbol().Import()
	if !ok {
		return syntax.Node{}
	}
	_, decl := s.Project.Declaration(s.ctx, s.Project.Resolve(s.f.Path, origin.Module), im.Name)
	if decl.Is("variable_declarator") {
		decl = decl.Field("value").Inner(false)
	}
	if !decl.IsFunction() || !decl.Field("body").OK() {
		return syntax.Node{}
	}
	return decl
}

// likelyIn is likely for what a function does. One that is async only rejects, and
// nobody waits for it here.
func (s *scan) likelyIn(o *Obligation, fn syntax.Node, hops int) bool {
	return s.likelyInBut(o, fn, hops, func(syntax.Node) bool { return false })
}

// likelyInBut is likelyIn without what somebody need not reckon with.
func (s *scan) likelyInBut(o *Obligation, fn syntax.Node, hops int, but func(syntax.Node) bool) bool {
	if fn.IsAsync() || fn.IsGenerator() {
		return false
	}
	if hops == 0 {
		return false // nobody reckons with what is that far away
	}
	if !fn.Field("body").OK() {
		return true
	}
	in := s.at(fn)
	for n := range fn.Field("body").Own() {
		if but(n) || n.Ancestor("try_statement").Within(fn) && n.Ancestor("try_statement").OK() {
			continue
		}
		if n.Is("throw_statement") || n.Is("call_expression", "new_expression") && in.throws(n) && in.likely(o, n, hops-1) {
			return true
		}
	}
	return false
}

// likelyMade is likely for what `new` makes.
func (s *scan) likelyMade(o *Obligation, n syntax.Node, hops int) bool {
	if s.gives(o, n) && !o.Kind.Readable {
		return true
	}
	constructor := n.Field("constructor").Inner(false)
	if origin, ok := constructor.Origin(); ok && origin.Module == "" {
		switch origin.Last() {
		case "URL", "RegExp", "Function", "Worker", "SharedWorker", "WebSocket", "EventSource":
			return true
		}
		return false
	}
	class, ok := s.Project.ClassOf(s.ctx, s.f, syntax.TypeOf(n))
	if !ok {
		return false
	}
	for _, m := range syntax.Members(class.Node) {
		if m.Name == "constructor" && m.Function().OK() {
			return s.likelyIn(o, m.Function(), hops)
		}
	}
	return false
}
