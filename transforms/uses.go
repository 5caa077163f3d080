package transforms

import (
	"fmt"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// effect is what one use of a handle does to the debt.
type effect int

const (
	neutral effect = iota
	released
	moved
)

// use is one use of a handle.
type use struct {
	effect effect
	ref    syntax.Node // the mention of the handle
	at     syntax.Node // the evaluation that has the effect
	text   string
}

// usingText marks a declaration that releases at the end of its block.
const usingText = "using"

// returnedText marks the move to a caller.
const returnedText = "returned"

// readText marks what ends because somebody reads it.
const readText = "read to its end"

// maxHops bounds how far a handle is followed through aliases and functions.
const maxHops = 6

// usesOf classifies every mention of a variable that holds the handle, aliases
// included.
func (s *scan) usesOf(o *Obligation, sym *syntax.Symbol, hops int) []use {
	if hops == 0 {
		return nil
	}
	var out []use
	if sym.Using() {
		out = append(out, use{released, sym.Node, sym.Decl, usingText})
	}
	for _, ref := range sym.Refs {
		out = append(out, s.useOf(o, ref, hops)...)
	}
	return out
}

// useOf classifies one mention of the handle.
func (s *scan) useOf(o *Obligation, ref syntax.Node, hops int) []use {
	one := func(e effect, at syntax.Node, format string, args ...any) []use {
		return []use{{e, ref, at, fmt.Sprintf(format, args...)}}
	}
	if ref.Is("shorthand_property_identifier") {
		if forACall(ref.Parent()) {
			return one(neutral, ref, "an option of a call that is waited for")
		}
		return one(moved, ref, "part of an object")
	}
	if call := s.releaseAt(o, ref); call.OK() {
		return one(released, call, "released by %s", shorten(call.Text()))
	}
	v := ref.Outer()
	p := v.Parent()
	switch p.Kind() {
	case "member_expression":
		called := p.Parent().Field("function") == p
		name := p.Field("property").Text()
		if !called && s.isReleaseName(o.Kind, name) && onlyNamed(p) {
			return one(neutral, p, "its release is named, and not called")
		}
		if !called && s.isReleaseName(o.Kind, name) {
			return one(moved, p, "its release is handed on")
		}
		if called && o.Kind.Readable && reads(p.Parent(), name) {
			return one(moved, p.Parent(), readText+" by .%s", name)
		}
		if called && o.Kind.drains(p.Parent(), ref) {
			return one(moved, p.Parent(), readText+" by .%s", name)
		}
		if called && chainable[name] { // x.on(..) is x again
			return s.valueUse(o, ref, widen(p.Parent()), hops)
		}
		return one(neutral, p, "used: .%s", name)
	case "subscript_expression":
		if call := p.Parent(); p.Field("object") == v && call.Field("function") == p && !p.Field("index").Is("string", "number") {
			return one(released, call, "released, perhaps, by %s", shorten(call.Text())) // h[how]()
		}
		return s.valueUse(o, ref, v, hops)
	default:
		return s.valueUse(o, ref, v, hops)
	}
}

// onlyNamed: a method that nothing comes of: h.close; or h.close.bind(h);
func onlyNamed(method syntax.Node) bool {
	v := method.Outer()
	if bind := v.Parent(); bind.Field("property").Text() == "bind" && bind.Parent().Field("function") == bind {
		v = bind.Parent().Outer()
	}
	return v.Parent().Is("expression_statement")
}

// reads reports whether a call makes a stream flow until it ends.
func reads(call syntax.Node, name string) bool {
	switch name {
	case "pipe", "pipeTo", "pipeThrough", "resume":
		return true
	case "on", "once", "addListener":
		event, _ := call.Field("arguments").Child(0).StringValue()
		return event == "data" || event == "readable"
	}
	return false
}

// valueUse classifies what becomes of an expression that has the handle as its
// value.
func (s *scan) valueUse(o *Obligation, ref, v syntax.Node, hops int) []use {
	one := func(e effect, at syntax.Node, format string, args ...any) []use {
		return []use{{e, ref, at, fmt.Sprintf(format, args...)}}
	}
	p := v.Parent()
	if (o.Kind.Readable || len(o.Kind.Last) > 0) && p.Is("for_in_statement") && p.Field("right") == v {
		return one(moved, p, readText+" by a loop")
	}
	switch p.Kind() {
	case "variable_declarator":
		if pattern := p.Field("name"); pattern.Is("object_pattern") {
			for part := range pattern.Children() {
				name := part.Text()
				if part.Is("pair_pattern") {
					name = part.Field("key").Text()
				}
				if s.isReleaseName(o.Kind, name) {
					return one(moved, p, "its release is handed on")
				}
			}
		}
		if sym := p.Field("name").Symbol(); sym != nil && sym != o.Handle.Symbol {
			return s.usesOf(o, sym, hops-1)
		}
	case "assignment_expression", "augmented_assignment_expression":
		if p.Field("left") == v && o.Call.Within(p) { // this.x = v = acquire()
			return s.valueUse(o, ref, p.Outer(), hops)
		}
		if p.Field("right") != v {
			return nil
		}
		left := p.Field("left").Inner(false)
		if sym := left.Symbol(); sym != nil && s.f.TopLevel(sym.Name) != sym {
			if sym == o.Handle.Symbol || sym == ref.Symbol() { // conn = conn || other
				return nil
			}
			if home := homeOf(o.Call); home.OK() && o.Handle.Place == InVariable && !sym.Node.Within(home) {
				return one(moved, p, "kept in %s", sym.Name) // a variable of a function around, which others see
			}
			return s.usesOf(o, sym, hops-1)
		}
		if s.merelyShown(o, left) {
			return one(neutral, p, "shown by %s", shorten(left.Text()))
		}
		return one(moved, p, "kept in %s", shorten(left.Text()))
	case "arguments":
		return s.argumentUse(o, ref, v, p, hops)
	case "return_statement":
		return one(moved, p, returnedText)
	case "yield_expression":
		return one(moved, p, "yielded")
	case "arrow_function":
		if !isVoidCallback(p) && !isExecutor(p) {
			return one(moved, v, returnedText)
		}
	case "pair", "array", "spread_element", "object":
		if p.Is("pair") && forACall(p.Parent()) {
			return one(neutral, p, "an option of a call that is waited for")
		}
		return one(moved, p, "part of another value")
	case "binary_expression":
		switch p.Field("operator").Text() {
		case "??", "||", "&&":
			if p.Field("right") == v || p.Field("operator").Text() != "&&" {
				return s.valueUse(o, ref, p.Outer(), hops)
			}
		}
	case "ternary_expression":
		if p.Field("condition") != v {
			return s.valueUse(o, ref, p.Outer(), hops)
		}
	}
	return nil
}

// forACall reports whether an object literal holds the options of a call that is
// waited for: what it holds is given back.
func forACall(object syntax.Node) bool {
	args := object.Outer().Parent()
	return object.Is("object") && args.Is("arguments") && args.Parent().Is("call_expression") && args.Parent().Outer().Is("await_expression")
}

// argumentUse follows a handle into the function that it is passed to; what
// cannot be seen takes it over.
func (s *scan) argumentUse(o *Obligation, ref, v, args syntax.Node, hops int) []use {
	one := func(e effect, at syntax.Node, text string) []use { return []use{{e, ref, at, text}} }
	call := args.Parent()
	if call == o.Call {
		return nil // acquired there: adopt(handle)
	}
	if callee := call.Field("function").Inner(false); callee.Field("property").Text() == "bind" && onlyNamed(callee.Field("object").Inner(false)) {
		return nil // h.close.bind(h), of which nothing comes
	}
	if hops > 1 {
		if onlyLooks(call) || s.takesHandle(o, call) {
			return one(neutral, call, "looked at")
		}
		if e, known := s.parameterEffect(o, call, argumentIndex(v), hops-1); known {
			return one(e, call, "handed to "+calleeText(call))
		}
	}
	return one(moved, call, "handed to "+calleeText(call))
}

// argumentIndex is the place of an argument in its list.
func argumentIndex(v syntax.Node) int {
	index := 0
	for c := range v.Parent().Children() {
		if c == v {
			break
		}
		index++
	}
	return index
}

// lookers are functions that look at what they are given, or listen to it, and
// leave it to whoever has it.
var lookers = map[string]bool{
	"events.once": true, "events.on": true, "events.setMaxListeners": true, "events.getEventListeners": true, "events.listenerCount": true,
	"util.inspect": true, "util.format": true, "timers/promises.setTimeout": true,
	"String": true, "Boolean": true, "Number": true, "JSON.stringify": true, "Object.keys": true,
}

// onlyLooks reports whether a call is one of a looker, of the console, or of the
// monitor.
func onlyLooks(call syntax.Node) bool {
	if isMonitor(call) {
		return true
	}
	o, _ := call.Field("function").Inner(false).Origin()
	if o.Module == "" {
		return len(o.Path) == 2 && o.Path[0] == "console" || lookers[strings.Join(o.Path, ".")]
	}
	return lookers[syntax.ModuleName(o.Module)+"."+o.Last()]
}

// parameterEffect is the summary of a function of the project: what it does
// with the handle that it is given.
func (s *scan) parameterEffect(o *Obligation, call syntax.Node, index, hops int) (effect, bool) {
	fn := syntax.CalledFunction(call)
	in := s
	if !fn.OK() {
		callee := call.Field("function").Inner(false)
		im, _ := callee.Symbol().Import()
		if whole, ok := callee.Field("object").Inner(false).Symbol().Import(); ok && whole.Name == "*" { // lib.close(handle)
			im = syntax.Import{Module: whole.Module, Name: callee.Field("property").Text()}
		}
		file, decl := s.declarationOf(im)
		if decl.Is("variable_declarator") {
			decl = decl.Field("value").Inner(false)
		}
		fn, in = decl, newScan(s.ctx, s.Detector, file)
	}
	if !fn.IsFunction() {
		return neutral, false // declared, or overloaded: its body is not at hand
	}
	param := parameter(fn, index)
	if pattern := param.Field("pattern"); pattern.OK() {
		param = pattern
	}
	sym := param.Symbol()
	if sym == nil {
		return moved, true
	}
	sum := neutral
	for _, u := range in.usesOf(o, sym, hops) {
		if u.effect == released {
			return released, true
		}
		sum = max(sum, u.effect)
	}
	return sum, true
}

// lift turns a use inside nested functions into uses of the function home.
// What runs on the spot counts where it runs. A local helper counts where it
// is called. Any other function that settles the debt takes it over when it is
// made.
func (s *scan) lift(u use, home syntax.Node, hops int) []use {
	if u.effect == neutral || hops == 0 {
		return nil
	}
	fn := u.at.Function()
	if fn == home || !fn.OK() {
		return []use{u}
	}
	if isInline(fn) {
		u.at = callAround(fn)
		return s.lift(u, home, hops)
	}
	if name := functionName(fn); name != nil {
		var out []use
		for _, r := range name.Refs {
			call := r.Parent()
			v := use{u.effect, u.ref, call, u.text + " in " + name.Name + "()"}
			if call.Field("function") != r {
				v = use{moved, u.ref, r, name.Name + "() is handed on"}
			}
			out = append(out, s.lift(v, home, hops-1)...)
		}
		return out
	}
	return s.lift(use{moved, u.ref, fn, u.text + " in a function that runs later"}, home, hops-1)
}

// callAround is the call that runs an inline function.
func callAround(fn syntax.Node) syntax.Node {
	if p := fn.Parent(); p.Is("arguments") {
		return p.Parent()
	}
	return fn.Outer().Parent()
}

// homeOf is the function in which n runs: around those that run on the spot.
func homeOf(n syntax.Node) syntax.Node {
	fn := n.Function()
	for fn.OK() && isInline(fn) {
		fn = callAround(fn).Function()
	}
	return fn
}

// functionName is the local name that a function is called by.
func functionName(fn syntax.Node) *syntax.Symbol {
	if fn.Is("function_declaration") {
		return fn.Field("name").Symbol()
	}
	return fn.Parent().Field("name").Symbol() // of a variable
}

func shorten(text string) string {
	for i, r := range text {
		if r == '\n' || i > 60 {
			return text[:i] + "…"
		}
	}
	return text
}
