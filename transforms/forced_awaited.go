package transforms

import (
	"fmt"
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
)

// awaitedEnd is where a function waits for the end of what a one-shot ends by force.
type awaitedEnd struct {
	promise syntax.Node // what is awaited or returned
	event   string
	target  syntax.Node
}

// awaitsEnd finds the place behind a one-shot at which its function waits for the end
// of what that ends by force:
//
//	const exited = once(child, 'exit');
//	setTimeout(() => child.kill('SIGKILL'), 5000);
//	await exited;
func (s *scan) awaitsEnd(g *guard, home, callback syntax.Node) (awaitedEnd, bool) {
	if !onlyEndsOne(callback) {
		return awaitedEnd{}, false
	}
	for n := range home.Field("body").Own() {
		if !n.Is("await_expression", "return_statement") || n.Start() < g.o.Call.End() || n.Statement().Parent() != home.Field("body") {
			continue
		}
		promise := n.Child(0).Inner(false)
		call := promise
		if sym := promise.Symbol(); promise.Is("identifier") && sym != nil && sym.Decl.Function() == home && sym.Constant() {
			call = sym.Init().Inner(false)
		}
		target, event := s.endHeard(call)
		if !target.OK() || overEvents[event] < 3 || !isEndOf(target, home) {
			continue
		}
		if slices.ContainsFunc(s.found, func(x *Obligation) bool { e, ok := x.gist.(awaitedEnd); return ok && e.promise == promise }) {
			continue // one is enough to be seen at a time
		}
		if key := s.placeKey(target, 6); strings.HasPrefix(key, "?") && g.endsTarget(key) {
			return awaitedEnd{promise, event, target}, true
		}
	}
	return awaitedEnd{}, false
}

// endHeard is what a call of once(), or of a function of the file that makes a promise
// of it, waits to hear an event of.
func (s *scan) endHeard(call syntax.Node) (target syntax.Node, event string) {
	if !call.Is("call_expression") {
		return syntax.Node{}, ""
	}
	args := call.Field("arguments")
	if o, _ := call.Field("function").Origin(); syntax.ModuleName(o.Module) == "events" && o.Last() == "once" {
		event, _ = args.Child(1).StringValue()
		return args.Child(0), event
	}
	fn := syntax.CalledFunction(call)
	body := fn.Field("body")
	made := body.Inner(false)
	if body.Is("statement_block") {
		made = body.Child(0).Child(0).Inner(false)
		if body.Len() != 1 || !body.Child(0).Is("return_statement") {
			return syntax.Node{}, ""
		}
	}
	if !made.Is("new_expression") || made.Field("constructor").Text() != "Promise" {
		return syntax.Node{}, ""
	}
	for n := range made.Descendants() {
		callee := n.Field("function").Inner(false)
		if !n.Is("call_expression") || !listens[callee.Field("property").Text()] {
			continue
		}
		heard, _ := n.Field("arguments").Child(0).StringValue()
		index := slices.Index(parametersOf(fn), callee.Field("object").Inner(false).Symbol())
		if index >= 0 && overEvents[heard] >= 3 {
			return args.Child(index), heard
		}
	}
	return syntax.Node{}, ""
}

// formAwaitedEnd releases a one-shot when the end that its function waits for has come.
type formAwaitedEnd struct{}

func (formAwaitedEnd) Name() string { return "awaited end" }

func (formAwaitedEnd) fix(s *scan, p *Plan) (*Fix, *Refusal) {
	o := p.Obligations[0]
	end := o.gist.(awaitedEnd)
	name, edits, no := s.declareAround(o, p.Owner.Node, nil)
	if no != nil {
		return nil, no
	}
	release, no := s.writeRelease(o, name)
	if no != nil {
		return nil, no
	}
	return &Fix{
		Plan:    p,
		Edits:   append(edits, patch.Edit{Start: end.promise.End(), End: end.promise.End(), New: ".finally(() => " + release + ")"}),
		Message: fmt.Sprintf("Release the %s when '%s' has come", o.Kind.Noun, end.event),
		Notes:   []Note{{Unsafe, fmt.Sprintf("the %s is cancelled when '%s' has come: does anything rely on its callback running all the same?", o.Kind.Noun, end.event)}},
	}, nil
}
