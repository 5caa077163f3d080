package transforms

import (
	"fmt"
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// outliving looks for what was made from a handle and is still at work when the
// call ends: a page that is returned, a function that reads the handle later, a
// promise that nobody waits for. Releasing the handle would break it.
//
// It follows the handle, and every variable that was made from it, through the
// function home. What a method with the name of a reader returned, once
// awaited, is data and followed no further.
type outliving struct {
	s      *scan
	o      *Obligation
	home   syntax.Node
	level  map[*syntax.Symbol]liveness
	work   []*syntax.Symbol
	notes  []Note
	refuse *Refusal
}

// liveness says how sure it is that something needs the handle.
type liveness int

const (
	maybeLive liveness = iota // awaited from a method that says nothing
	live
)

// outlives returns why the handle must not be released at the end of home, or
// the doubts.
func (s *scan) outlives(o *Obligation, home syntax.Node) ([]Note, *Refusal) {
	v := &outliving{s: s, o: o, home: home, level: map[*syntax.Symbol]liveness{}}
	v.add(o.Handle.Symbol, live)
	for len(v.work) > 0 && v.refuse == nil {
		sym := v.work[0]
		v.work = v.work[1:]
		for _, ref := range sym.Refs {
			v.mention(sym, ref)
		}
	}
	return v.notes, v.refuse
}

func (v *outliving) add(sym *syntax.Symbol, l liveness) {
	if old, seen := v.level[sym]; seen && old >= l {
		return
	}
	v.level[sym] = l
	v.work = append(v.work, sym)
}

// escapes records that something of a level gets away at n.
func (v *outliving) escapes(l liveness, n syntax.Node, what string) {
	if v.lentIn(n.Statement()) {
		return // released right after that today, whatever was made of it
	}
	line, _ := v.s.f.Position(n.Start())
	if l == live {
		if v.refuse == nil {
			v.refuse = refuse(DerivedEscapes, "line %d: %s outlives the call", line, what)
		}
		return
	}
	v.notes = append(v.notes, Note{Unsafe, fmt.Sprintf("line %d: is %s usable once the %s is released?", line, what, v.o.Kind.Noun)})
}

func (v *outliving) lentIn(stmt syntax.Node) bool {
	return slices.ContainsFunc(v.o.lent, func(at syntax.Node) bool { return at.Statement() == stmt })
}

func (v *outliving) mention(sym *syntax.Symbol, ref syntax.Node) {
	l := v.level[sym]
	v.reach(ref)
	if ref.Is("shorthand_property_identifier") {
		v.sink(l, ref.Parent(), false, sym.Name)
		return
	}
	// Climb from x over x.m(..).n(..) to the value of the whole chain.
	n, method, awaited, via := ref.Inner(false), "", false, false
	for {
		p := n.Parent()
		switch {
		case p.Is("parenthesized_expression", "as_expression", "non_null_expression", "satisfies_expression"):
			n = p
			continue
		case p.Is("await_expression"):
			n, awaited = p, true
			continue
		case p.Field("object") == n:
			call := p.Parent()
			if call.Field("function") == p {
				if method == "" || !awaited {
					method = p.Field("property").Text()
				}
				if awaited && isData(method) {
					return // (await x.title()).length
				}
				via = via || awaited && v.s.livesOnCall(n, method)
				n, awaited = call, false
				continue
			}
			if method == "" {
				method = p.Field("property").Text()
			}
			n = p
			continue
		}
		break
	}
	if method != "" && v.s.isReleaseName(v.o.Kind, method) && sym == v.o.Handle.Symbol {
		return
	}
	if via && !awaited && n.Parent().Is("expression_statement") {
		v.escapes(live, n, shorten(n.Text()))
		return
	}
	v.value(l, n, method, awaited)
}

// value looks at what becomes of the value of a chain.
func (v *outliving) value(l liveness, n syntax.Node, method string, awaited bool) {
	if method != "" {
		called := n.Inner(true).Is("call_expression")
		switch {
		case awaited && isData(method):
			return
		case called && v.s.livesOnCall(n, method):
			l = live
		case awaited:
			l = maybeLive
		case n.Parent().Is("return_statement") && isData(method):
			return // becomes `return await`
		case n.Parent().Is("return_statement"):
			l = maybeLive
		case !called:
			return // a property
		}
	}
	v.sink(l, n, method != "", shorten(n.Text()))
}

// sink looks at where a value goes; made: it is what a method returned.
func (v *outliving) sink(l liveness, n syntax.Node, made bool, what string) {
	p := n.Parent()
	switch p.Kind() {
	case "variable_declarator":
		if made && n.Is("call_expression") && !waitedFor(p.Field("name").Symbol()) {
			v.escapes(maybeLive, n, "what "+what+" is still doing")
		}
		for _, sym := range boundBy(p.Field("name")) {
			v.add(sym, l)
		}
	case "assignment_expression":
		if p.Field("right") != n {
			return
		}
		if sym := p.Field("left").Symbol(); sym != nil && sym.Node.Within(v.home) {
			v.add(sym, l)
			return
		}
		v.escapes(l, n, what)
	case "return_statement", "yield_expression", "pair", "array", "object", "spread_element":
		if object := p; forACall(object) || p.Is("pair") && forACall(p.Parent()) {
			v.escapes(maybeLive, n, what)
			return
		}
		v.escapes(l, n, what)
	case "arguments":
		v.argument(l, n, p.Parent(), made, what)
	case "expression_statement":
		switch {
		case chained(n):
			v.escapes(live, n, "what goes on after "+what)
		case made && n.Is("call_expression") && !quick(n):
			v.escapes(maybeLive, n, "what "+what+", which nothing waits for,")
		}
	}
}

// argument: handed to a call. What is awaited, or known to only look, gives it
// back.
func (v *outliving) argument(l liveness, n, call syntax.Node, made bool, what string) {
	if made && l == maybeLive {
		return // f(await x.m()): data, or nearly
	}
	if onlyLooks(call) || v.onOwn(call) || slices.Contains(v.o.releases, call) {
		return
	}
	if v.s.takesHandle(v.o, call) {
		if origin, _ := call.Field("function").Origin(); !strings.HasSuffix(origin.Last(), "Sync") {
			v.escapes(live, n, "what "+calleeText(call)+" begins")
		}
		return
	}
	if call.Is("call_expression") {
		if e, known := v.s.parameterEffect(v.o, call, argumentIndex(n), 3); known && e != moved {
			return
		}
		if call.Outer().Is("await_expression") {
			v.escapes(maybeLive, n, what+", handed to "+calleeText(call))
			return
		}
	}
	v.escapes(l, n, what+", handed to "+calleeText(call))
}

// onOwn reports whether a call is a method of something made from the handle.
func (v *outliving) onOwn(call syntax.Node) bool {
	n := call.Field("function").Inner(true)
	for n.Is("member_expression", "call_expression") {
		if n.Is("member_expression") {
			n = n.Field("object").Inner(true)
		} else {
			n = n.Field("function").Inner(true)
		}
	}
	_, tainted := v.level[n.Symbol()]
	return tainted
}

// reach asks whether a mention happens in the call itself. A function that runs
// later and mentions the handle is an escape, unless something made from the
// handle runs it, or only the call does.
func (v *outliving) reach(ref syntax.Node) {
	for fn := ref.Function(); fn != v.home; fn = fn.Function() {
		name := functionName(fn)
		switch {
		case isInline(fn):
			if fn.IsAsync() && !isExecutor(fn) && !collected(callAround(fn)) {
				v.escapes(live, fn, "what its callbacks are still waiting for")
				return
			}
		case v.onOwn(fn.Parent().Parent()), name != nil && onlyCalled(name):
		default:
			v.escapes(live, fn, "a function that mentions "+ref.Text())
			return
		}
	}
}

func onlyCalled(name *syntax.Symbol) bool {
	for _, r := range name.Refs {
		if r.Parent().Field("function") != r {
			return false
		}
	}
	return true
}

// collected reports whether somebody waits for the promises that an iterator's
// callbacks return: await Promise.all(xs.map(async ..)).
func collected(call syntax.Node) bool {
	for n := call; n.OK() && !n.IsStatement(); n = n.Parent() {
		if n.Is("await_expression") {
			return true
		}
	}
	return false
}

// waitedFor reports whether a variable that may hold a promise is awaited, or
// given to something that is, or is no promise at all because its members are
// used as they are.
func waitedFor(sym *syntax.Symbol) bool {
	if sym == nil {
		return true
	}
	for _, r := range sym.Refs {
		if m := r.Outer().Parent(); m.Is("member_expression") {
			switch m.Field("property").Text() {
			case "then", "catch", "finally":
			default:
				return true
			}
		}
		for n := r.Parent(); n.OK() && !n.IsStatement(); n = n.Parent() {
			if n.Is("await_expression") {
				return true
			}
		}
		if r.Ancestor("return_statement").OK() {
			return true
		}
	}
	return false
}

// quick reports whether a call that nobody waits for does its work on the spot:
// listeners and settings.
func quick(call syntax.Node) bool {
	name := call.Field("function").Field("property").Text()
	return chainable[name] || strings.HasPrefix(name, "set") || strings.HasPrefix(name, "remove") || name == "off" || name == "emit"
}

// chained reports whether a statement goes on with a promise by then, and does
// not wait.
func chained(n syntax.Node) bool {
	for d := range n.Own() {
		if d.Is("call_expression") {
			switch d.Field("function").Field("property").Text() {
			case "then", "finally":
				return !n.Is("await_expression")
			}
		}
	}
	return false
}

// readers are methods whose result, once awaited, is data.
var readers = map[string]bool{
	"title": true, "content": true, "screenshot": true, "pdf": true, "evaluate": true, "$eval": true, "$$eval": true, "url": true,
	"version": true, "metrics": true, "cookies": true, "count": true, "text": true, "json": true, "address": true, "query": true,
	"execute": true, "run": true, "textContent": true, "innerText": true, "innerHTML": true, "inputValue": true, "status": true,
	"stat": true, "size": true, "close": true, "allTextContents": true, "ping": true,
}

func isData(method string) bool {
	if readers[method] {
		return true
	}
	for _, prefix := range []string{"is", "has", "read", "count", "to", "getAttribute"} {
		rest, ok := strings.CutPrefix(method, prefix)
		if ok && (rest == "" || rest[0] >= 'A' && rest[0] <= 'Z') && !strings.Contains(rest, "Stream") {
			return true
		}
	}
	return false
}

var makers = []string{"new", "create", "open", "connect", "start", "resolve", "acquire", "begin", "launch", "spawn", "fork", "child", "watch", "subscribe"}

// livesOnCall reports whether the result of a method call is alive: another
// kind's acquisition, or by a maker's name.
func (s *scan) livesOnCall(n syntax.Node, name string) bool {
	call := n.Inner(true)
	for _, c := range s.candidates(call) {
		if s.match(c, call) != nil {
			return true
		}
	}
	lower := strings.ToLower(name)
	for _, part := range []string{"stream", "cursor", "iterator", "session", "channel", "page", "context", "handle", "locator"} {
		if strings.Contains(lower, part) && !strings.HasPrefix(lower, "set") {
			return true
		}
	}
	for _, m := range makers {
		rest, ok := strings.CutPrefix(name, m)
		if ok && (rest == "" || rest[0] >= 'A' && rest[0] <= 'Z') {
			return true
		}
	}
	return name == "$" || name == "$$" || name == "frames" || name == "waitForSelector"
}
