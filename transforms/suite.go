package transforms

import (
	"path"
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// A suite of tests runs a function before each test, or before all, and another one after.
// What the first acquires into a variable of the suite, or registers with the page, the
// second is to release: the next test acquires it anew.

// suiteHooks is, by what runs before, what runs after.
var suiteHooks = map[string]string{"beforeEach": "afterEach", "beforeAll": "afterAll", "before": "after", "setup": "teardown", "suiteSetup": "suiteTeardown"}

// suiteRunners are the modules that have these; most have them as globals, too.
var suiteRunners = []string{"vitest", "@jest/globals", "mocha", "node:test", "test", "bun:test", "@playwright/test"}

// suiteHook is a function that runs before tests.
type suiteHook struct {
	fn    syntax.Node
	call  syntax.Node // that hands it to the runner
	after string
}

// suiteHookAt is the function before tests that n belongs to; false for none.
func suiteHookAt(n syntax.Node) (suiteHook, bool) {
	fn := homeOf(n)
	args := fn.Outer().Parent()
	call := args.Parent()
	after, known := hookOf(call)
	if !args.Is("arguments") || !known || args.Child(args.Len()-1).Inner(false) != fn || fn.WantsArguments() && fn.IsAsync() {
		return suiteHook{}, false
	}
	return suiteHook{fn, call, after}, true
}

// hookOf is what runs after what a call asks for before tests; false for another call.
func hookOf(call syntax.Node) (after string, ok bool) {
	after, ok = suiteHooks[calleeName(call)]
	return after, ok && isOfRunner(call)
}

// isOfRunner reports whether a call is of a runner's function: a global, one that is
// imported, or one of its `test`.
func isOfRunner(call syntax.Node) bool {
	callee := call.Field("function").Inner(false)
	if callee.Is("member_expression") {
		if object := callee.Field("object").Inner(false); !object.Is("identifier") || object.Text() != "test" && object.Text() != "it" {
			return false
		}
	}
	o, ok := callee.Origin()
	return ok && call.Parent().Is("expression_statement") && (o.Module == "" && len(o.Path) == 1 || slices.Contains(suiteRunners, o.Module))
}

// judgeSuite judges what a function before tests acquires for the suite. It says nothing
// (false) of all else, and where something in the suite releases it.
func (s *scan) judgeSuite(o *Obligation) bool {
	if o.racing || o.Kind.OneShot || o.firesOnce() || o.Kind.Keyed != "" || o.Kind.Collects() || o.Kind.Copied || o.Kind.Undo != nil ||
		slices.Contains(o.Acquire.Types, "this") || o.Acquire.Pattern.Given("HANDLE") {
		return false
	}
	h, ok := suiteHookAt(o.Call)
	if !ok || s.standsIn(o) {
		return false
	}
	if o.Kind.Registers() {
		if !s.leftInPage(o) {
			return false
		}
	} else if o.Handle, ok = s.heldBySuite(o, h); !ok {
		return false
	}
	o.Owner = Owner{OwnerSuite, h.name(), h.fn}
	o.Evidence = append(o.Evidence, "in "+calleeName(h.call))
	s.unmet(o, NeverReleased, nil)
	o.gist, o.Form = h, formSuite{}
	return true
}

// name is what the suite is called, else its file.
func (h suiteHook) name() string {
	if title, ok := callAround(h.call.Function()).Field("arguments").Child(0).StringValue(); ok {
		return title
	}
	return path.Base(h.fn.File().Path)
}

// standsIn reports whether the tests of a file have stand-ins for what they use, so that
// what seems to be acquired may be nothing.
func (s *scan) standsIn(o *Obligation) bool {
	src := string(s.f.Src())
	if slices.ContainsFunc([]string{".mock(", ".doMock(", "mockModule(", "proxyquire", "sinon", "rewire("}, func(m string) bool { return strings.Contains(src, m) }) {
		return true
	}
	return slices.Contains(o.Acquire.From, "global") && slices.ContainsFunc([]string{"useFakeTimers", "stubGlobal", "spyOn"}, func(m string) bool { return strings.Contains(src, m) })
}

// leftInPage reports whether a registration is with what is there for all tests of a file,
// by a function that has a name, and nothing in the file takes it away.
func (s *scan) leftInPage(o *Obligation) bool {
	key := s.placeKey(o.target(), 6)
	n := o.handler().Inner(false)
	if key != "global window" && key != "global document" && key != "global process" || !s.emits(o) || s.isOfProcess(o) || o.swallows() || o.endedBySignal() || o.handlerKept() {
		return false
	}
	v := widen(o.Call)
	if o.Handle = (Handle{Value: v}); !v.Parent().Is("expression_statement") || !n.Is("identifier") || n.Symbol() == nil || isTold(n.Symbol()) {
		return false
	}
	return !slices.ContainsFunc(s.removals(o, s.f.Root().Descendants()), removal.works)
}

// heldBySuite is the variable of a suite that has the handle, where nothing releases it or
// gives it to somebody who may.
func (s *scan) heldBySuite(o *Obligation, h suiteHook) (Handle, bool) {
	v := widen(o.Call)
	held := v.Parent().Field("left").Inner(false)
	if b, two := o.Bindings["HANDLE"]; two {
		v, held = b, b.Inner(false)
	} else if !v.Parent().Is("assignment_expression") || !v.Parent().Parent().Is("expression_statement") {
		return Handle{}, false
	}
	sym := held.Symbol()
	if !held.Is("identifier") || sym == nil || sym.Kind != syntax.Variable || sym.Decl.Within(h.fn) || sym.Decl.Function() != h.call.Function() {
		return Handle{}, false
	}
	read := false
	for _, u := range s.usesOf(o, sym, maxHops) {
		if u.effect != neutral && u.text != "handed to expect" {
			return Handle{}, false
		}
		read = read || !u.at.Within(h.fn)
	}
	for _, ref := range sym.Refs { // what ends it by another name, or is given it; parts of it that are replaced
		if m := ref.Outer().Parent(); m.Is("member_expression") && m.Outer().Parent().Field("left").Inner(false) == m && m.Is("member_expression") {
			return Handle{}, false
		}
		call := ref.Outer().Parent().Parent()
		if m := methodOn(ref); isTeardown(m) || enders[m] || strings.HasPrefix(m, "close") || ref.Outer().Parent().Is("arguments") && calleeName(call) != "expect" ||
			ref.Outer().Parent().Is("array", "pair", "shorthand_property_identifier", "spread_element", "return_statement") || ref.Is("shorthand_property_identifier") {
			return Handle{}, false
		}
	}
	return Handle{Place: InVariable, Symbol: sym, Value: v}, read || o.Kind.Alone
}
