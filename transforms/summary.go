package transforms

import (
	"fmt"
	"slices"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// A function that returns what it acquired is an acquisition for its callers.

// callersOf adds an obligation for every call, in this file, of the function
// that hands the handle of o to its caller.
func (s *scan) callersOf(o *Obligation) {
	fn := o.gives
	if !fn.OK() || len(s.found) > maxObligations {
		return
	}
	for _, call := range s.callsOf(fn) {
		if call.Within(fn) || slices.ContainsFunc(s.found, func(x *Obligation) bool { return x.Call == call }) {
			continue
		}
		line, _ := s.f.Position(o.Call.Start())
		made := &Obligation{
			Kind: o.Kind, Acquire: o.Acquire, File: s.f, Call: call, At: call, Status: Moved, Standing: Leak,
			Bindings: syntax.Bindings{},
			Evidence: append(slices.Clone(o.Evidence), fmt.Sprintf("returned by %s, acquired in line %d", nameOf(fn), line)),
		}
		made.step(call, "acquired: %s returns it", nameOf(fn))
		s.found = append(s.found, made)
	}
}

// maxObligations bounds what summaries may add to one file.
const maxObligations = 10000

// callsOf finds the calls of a function by its name, or through this.
func (s *scan) callsOf(fn syntax.Node) []syntax.Node {
	var out []syntax.Node
	add := func(callee syntax.Node) {
		if call := callee.Parent(); call.Is("call_expression") && call.Field("function") == callee {
			out = append(out, call)
		}
	}
	if name := functionName(fn); name != nil {
		for _, r := range name.Refs {
			add(r)
		}
	}
	member := fn
	if p := fn.Parent(); p.Is("public_field_definition", "field_definition") {
		member = p
	}
	if class := member.Parent().Parent(); member.Parent().Is("class_body") && !member.HasToken("static") {
		for _, r := range s.instance(class).refs[syntax.MemberName(member)] {
			add(r)
		}
	}
	return out
}

// resolvesWith reports whether an executor settles its promise with the handle:
// a variable, or the `this` of a callback that the acquisition was given, which
// emitters call with themselves as `this`.
func resolvesWith(o *Obligation, executor syntax.Node) bool {
	for _, st := range settles(executor) {
		value := st.call.Field("arguments").Child(0).Inner(false)
		switch {
		case value.Is("this"):
			if st.fn.Within(o.Call) && !st.fn.IsArrow() {
				return true
			}
		case o.Handle.Symbol != nil && value.Symbol() == o.Handle.Symbol:
			return true
		}
	}
	return false
}

// returner is the function that returns the promise of an executor, whatever
// else it does before.
func returner(executor syntax.Node) syntax.Node {
	made := executor.Parent().Parent().Outer()
	switch p := made.Parent(); p.Kind() {
	case "arrow_function":
		return p
	case "return_statement":
		return p.Function()
	}
	return syntax.Node{}
}

// noteMove remembers where a handle went that a call handed on: to its caller,
// or into the instance.
func (s *scan) noteMove(o *Obligation, u use, home syntax.Node) {
	if u.text == returnedText {
		o.gives = home
		return
	}
	h := Handle{Value: o.Handle.Value, Symbol: o.Handle.Symbol}
	switch {
	case u.at.Is("call_expression"):
		field, ok := collectionOf(u.at)
		if !ok {
			return
		}
		h.Place, h.Field = InSet, field
	case u.at.Is("assignment_expression"):
		field, ok := u.at.Field("left").ThisField()
		if !ok {
			return
		}
		h.Place, h.Field = InField, field
	default:
		return
	}
	o.kept = &h
}

// judgeKept goes on with what a call put into its instance: there it is owed,
// too.
func (s *scan) judgeKept(o *Obligation) {
	if o.kept == nil || o.Status == Unmet {
		return
	}
	if class, _ := o.Call.ThisClass(); class.OK() {
		o.Handle = *o.kept
		o.Status = Moved
		s.judgeInstance(o, class)
	}
}
