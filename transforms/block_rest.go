package transforms

import (
	"fmt"
	"slices"

	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
)

// boundTo refuses where the handle lives longer than the statements that follow
// its acquisition.
func (s *scan) boundTo(o *Obligation, stmt syntax.Node, rest []syntax.Node) *Refusal {
	inRest := func(n syntax.Node) bool {
		return slices.ContainsFunc(rest, func(r syntax.Node) bool { return n.Within(r) })
	}
	_, before := o.Bindings["HANDLE"] // it was there before it was acquired
	for _, ref := range o.Handle.Symbol.Mentions() {
		if ref.Start() > rest[len(rest)-1].End() && !(before && o.Kind.Undo != nil) { // what was begun ends, not the handle
			line, _ := s.f.Position(ref.Start())
			return refuse(TooEntangled, "%s is still used in line %d, after the block that acquires it", o.Handle.Symbol.Name, line)
		}
		later := inRest(ref) || ref.Function() != stmt.Function()
		if syntax.IsWrite(ref) && !ref.Within(stmt) && (later || !isNothing(ref.Parent().Field("right"))) {
			line, _ := s.f.Position(ref.Start())
			return refuse(TooEntangled, "%s is given another value in line %d", o.Handle.Symbol.Name, line)
		}
	}
	if o.Kind.Promised && !before && !awaited(o.Call) {
		return refuse(TooEntangled, "%s is a promise, which is awaited elsewhere", o.Handle.Symbol.Name)
	}
	if init := o.Handle.Symbol.Init(); !before && init.OK() && !init.Within(stmt) && !isNothing(init) {
		return refuse(TooEntangled, "%s held another value before", o.Handle.Symbol.Name)
	}
	return nil
}

// awaited reports whether a call is awaited where it stands.
func awaited(call syntax.Node) bool {
	for n := call.Parent(); n.OK() && !n.IsStatement() && !n.IsFunction(); n = n.Parent() {
		if n.Is("await_expression") {
			return true
		}
	}
	return false
}

// inScope refuses where names would go out of scope if statements stood in a
// block of their own.
func inScope(rest []syntax.Node) *Refusal {
	inRest := func(n syntax.Node) bool {
		return slices.ContainsFunc(rest, func(r syntax.Node) bool { return n.Within(r) })
	}
	functions := map[string]bool{}
	for _, r := range rest {
		if !r.Is("lexical_declaration", "function_declaration", "class_declaration", "generator_function_declaration") {
			continue
		}
		if name := r.Field("name").Text(); name != "" {
			if functions[name] {
				return refuse(TooEntangled, "%s is declared twice, which a block does not allow", name)
			}
			functions[name] = true
		}
		for d := range r.Own() {
			sym := d.Symbol()
			if sym == nil || sym.Node != d {
				continue
			}
			for _, ref := range sym.Refs {
				if !inRest(ref) {
					return refuse(TooEntangled, "%s would go out of scope for code that stands before it", sym.Name)
				}
			}
		}
	}
	return nil
}

// removeReleases takes out the releases that the finally makes double.
func (s *scan) removeReleases(o *Obligation, fix *Fix, rest []syntax.Node) ([]patch.Edit, *Refusal) {
	var gone []syntax.Node
	for _, call := range o.releases {
		stmt := call.Outer().Statement()
		if guard := stmt.Parent().Parent(); guard.Is("if_statement") && stmt.Parent().Len() == 1 &&
			!guard.Field("alternative").OK() && isHandle(guard.Field("condition").Inner(false), o.Handle) {
			stmt = guard
		} else if guard := stmt.Parent(); guard.Is("if_statement") && !guard.Field("alternative").OK() && isHandle(guard.Field("condition").Inner(false), o.Handle) {
			stmt = guard
		}
		inRest := slices.ContainsFunc(rest, func(r syntax.Node) bool { return call.Within(r) })
		alone := stmt.Is("if_statement") || stmt.Is("expression_statement") && stmt.Child(0) == call.Outer()
		if !inRest || !alone || !inBlock(stmt) || call.Function() != o.Owner.Node {
			line, _ := s.f.Position(call.Start())
			return nil, refuse(TooEntangled, "the release in line %d cannot be taken out", line)
		}
		if b := stmt.Parent().Parent(); !slices.ContainsFunc(rest, func(r syntax.Node) bool { return r == stmt }) && b.Is("if_statement", "else_clause") && stmt.Parent().Len() == 1 {
			line, _ := s.f.Position(call.Start())
			return nil, refuse(TooEntangled, "the release in line %d hangs on a condition", line)
		}
		if !slices.Contains(rest, stmt) && !leaves(stmt) {
			line, _ := s.f.Position(call.Start())
			fix.Notes = append(fix.Notes, Note{Unsafe, fmt.Sprintf("the release of line %d was done under a condition, and is always done now", line)})
		}
		if o.Kind.Fails == Rejects && !call.Outer().Is("await_expression") {
			line, _ := s.f.Position(call.Start())
			fix.Notes = append(fix.Notes, Note{Unsafe, fmt.Sprintf("the release of line %d was not waited for, and is now", line)})
		}
		if try := swallowing(call, rest); try.OK() {
			line, _ := s.f.Position(call.Start())
			fix.Notes = append(fix.Notes, Note{Unsafe, fmt.Sprintf("an error of the release in line %d was caught there, and is thrown now", line)})
		}
		if saysMore(o.Kind, call) {
			line, _ := s.f.Position(call.Start())
			return nil, refuse(TooEntangled, "the release in line %d says more than the one that would replace it", line)
		}
		next := stmt.NextNamed()
		for next.Is("comment") {
			next = next.NextNamed()
		}
		if next.OK() && !(next.Is("return_statement", "throw_statement") && isPlainValue(next.Child(0))) {
			line, _ := s.f.Position(call.Start())
			fix.Notes = append(fix.Notes, Note{Unsafe, fmt.Sprintf("the release of line %d moves to the end: does what follows it rely on it?", line)})
		}
		gone = append(gone, stmt)
	}
	slices.SortFunc(gone, func(a, b syntax.Node) int { return a.Start() - b.Start() })
	out := deletions(gone)
	fix.Edits = append(fix.Edits, out...)
	return out, nil
}

// saysMore: a release by a method is given arguments that no pattern has, as in
// client.release(err).
func saysMore(k *Kind, call syntax.Node) bool {
	if call.Field("arguments").Len() == 0 {
		return false
	}
	more := false
	for _, r := range k.Release {
		if _, ok := r.Pattern.MatchCallee(call, nil); ok {
			if r.Done || r.Pattern.Root().Field("arguments").Len() > 0 {
				return false
			}
			more = true
		}
	}
	return more
}

// swallowing returns the try around a release whose catch deals with its errors,
// among the statements that are wrapped.
func swallowing(call syntax.Node, rest []syntax.Node) syntax.Node {
	for n := call.Parent(); n.OK() && !n.IsFunction(); n = n.Parent() {
		if n.Is("try_statement") && n.Field("handler").OK() && call.Within(n.Field("body")) &&
			slices.ContainsFunc(rest, func(r syntax.Node) bool { return n.Within(r) }) {
			return n
		}
	}
	return syntax.Node{}
}

// isPlainValue: evaluating it does nothing, so it does not matter when.
func isPlainValue(n syntax.Node) bool {
	if !n.OK() {
		return true
	}
	switch n = n.Inner(false); n.Kind() {
	case "identifier", "string", "number", "true", "false", "null", "undefined", "this", "regex", "shorthand_property_identifier",
		"property_identifier", "string_fragment":
		return true
	case "member_expression":
		return isPlainValue(n.Field("object"))
	case "object", "array", "pair", "template_string", "template_substitution", "unary_expression", "spread_element":
		for c := range n.Children() {
			if !isPlainValue(c) {
				return false
			}
		}
		return true
	case "new_expression": // throw new Error('x')
		o, ok := n.Field("constructor").Origin()
		return ok && o.Module == "" && harmlessConstructors[o.Last()]
	}
	return false
}

// leaves reports whether a statement is followed by one that leaves the
// function, in the same block.
func leaves(stmt syntax.Node) bool {
	for n := stmt; n.OK(); n = n.NextNamed() {
		if n.Is("return_statement", "throw_statement") {
			return true
		}
	}
	return false
}

// awaitReturns: `return p` in a try with a finally runs the cleanup first, so
// it becomes `return await p`.
func (s *scan) awaitReturns(o *Obligation, home syntax.Node, rest []syntax.Node, fix *Fix) *Refusal {
	for _, r := range rest {
		for n := range r.Own() {
			if !n.Is("return_statement") || n.Len() == 0 || n.Function() != home {
				continue
			}
			value := n.Child(0)
			if !mayBePromise(value) {
				continue
			}
			if !home.IsAsync() {
				return refuse(NotAsync, "it may return a promise that is still at work when the release comes")
			}
			if inner := value.Inner(false); inner.Is("call_expression", "identifier", "member_expression", "new_expression") {
				fix.Edits = append(fix.Edits, patch.Edit{Start: value.Start(), End: value.Start(), New: "await "})
			} else {
				fix.Edits = append(fix.Edits,
					patch.Edit{Start: value.Start(), End: value.Start(), New: "await ("},
					patch.Edit{Start: value.End(), End: value.End(), New: ")"})
			}
		}
	}
	return nil
}

// mayBePromise: anything but a literal, something awaited, or a variable that
// holds one of those.
func mayBePromise(n syntax.Node) bool {
	n = n.Inner(false)
	switch n.Kind() {
	case "await_expression", "string", "number", "template_string", "true", "false", "null", "undefined",
		"object", "array", // whether they hold promises is asked of what was made from the handle
		"arrow_function", "unary_expression", "this", "regex":
		return false
	case "identifier":
		sym := n.Symbol()
		if typ := sym.Type(); typ.Is("predefined_type") {
			return slices.Contains([]string{"any", "unknown", "object"}, typ.Text())
		}
		return !sym.Init().OK() || mayBePromise(sym.Init())
	case "binary_expression":
		switch n.Field("operator").Text() {
		case "??", "||", "&&": // the others make a new value
			return mayBePromise(n.Field("left")) || mayBePromise(n.Field("right"))
		}
		return false
	case "ternary_expression":
		return mayBePromise(n.Field("consequence")) || mayBePromise(n.Field("alternative"))
	case "member_expression":
		return false
	case "call_expression":
		return !returnsPlain(n)
	}
	return true
}

// returnsPlain reports whether a call is one of a function that is declared to
// return a string, number, boolean or nothing.
func returnsPlain(call syntax.Node) bool {
	callee := call.Field("function").Inner(false)
	for _, fn := range []syntax.Node{syntax.CalledFunction(call), callee.Symbol().Type()} {
		if fn.Field("return_type").OK() && (fn.IsFunction() || fn.Is("function_type")) {
			t := fn.Field("return_type")
			return t.Is("predefined_type") && !isAny(t) || t.Child(0).Is("predefined_type") && !isAny(t.Child(0))
		}
	}
	return false
}

func isAny(t syntax.Node) bool {
	return t.Text() == "any" || t.Text() == "unknown" || t.Text() == "object"
}
