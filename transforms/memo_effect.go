package transforms

import (
	"fmt"
	"slices"

	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
)

// A memo computes a value while its component is drawn, and nobody calls what it returns.
// One whose value is dropped was meant for an effect: what it acquires has no end.

// memoAt is the call of a memo, whose value is dropped, in whose function n runs; the zero
// Node for none.
func memoAt(n syntax.Node) syntax.Node {
	fn := homeOf(n)
	args := fn.Outer().Parent()
	call := args.Parent()
	if !fn.OK() || !args.Is("arguments") || args.Child(0) != fn.Outer() || !call.Parent().Is("expression_statement") {
		return syntax.Node{}
	}
	origin, ok := call.Field("function").Origin()
	if !ok || origin.Last() != "useMemo" || !slices.Contains(react, origin.Module) {
		return syntax.Node{}
	}
	return call
}

// judgeMemo judges what is acquired in a memo whose value is dropped. It says nothing
// (false) of all else.
func (s *scan) judgeMemo(o *Obligation) bool {
	call := memoAt(o.Call)
	if !call.OK() || o.Kind.OneShot || !o.Kind.Alone && !o.isCallable() {
		return false
	}
	component := call.Function()
	if o.Kind.Registers() {
		if !component.OK() || !s.lastsBeyondPage(o) || slices.ContainsFunc(s.removals(o, component.Descendants()), removal.works) {
			return false
		}
		o.Handle = Handle{Value: widen(o.Call)}
	} else {
		h, elsewhere := s.locate(o)
		if elsewhere != "" && elsewhere != returnedText || elsewhere == "" && h.Place != Discarded {
			return false
		}
		o.Handle = h
	}
	o.Owner = Owner{OwnerComponent, nameOf(component), component}
	s.unmet(o, NeverReleased, []ExitPlace{{call, "nobody calls what useMemo() returns"}})
	o.Form = formMemo{}
	return true
}

// formMemo makes an effect of a memo that returns what ends what it began.
type formMemo struct{}

func (formMemo) Name() string { return "memo" }

func (formMemo) fix(s *scan, p *Plan) (*Fix, *Refusal) {
	o := p.Obligations[0]
	call := memoAt(o.Call)
	fn := homeOf(o.Call)
	if !o.isCallable() || o.Handle.Value.Outer().Parent().Function() == fn && !o.Handle.Value.Outer().Parent().Is("return_statement", "arrow_function") {
		return nil, refuse(TooEntangled, "it is acquired while %s is drawn, and nothing there ends it: move it into an effect", p.Owner.Name)
	}
	if call.Field("arguments").Len() < 2 || fn.IsAsync() {
		return nil, refuse(TooEntangled, "nothing says when it is to be acquired anew")
	}
	for n := range fn.Field("body").Own() {
		if v := n.Child(0).Inner(true); n.Is("return_statement") && v.OK() && v != o.Call && !isNothing(v) {
			return nil, refuse(TooEntangled, "the memo returns something else, too")
		}
	}
	w := &effectEdit{s: s, st: styleOf(s.f), names: map[string]bool{}}
	callee := call.Field("function").Inner(false)
	effect, no := w.instead(callee, "useEffect")
	if no != nil {
		return nil, no
	}
	w.edits = append(w.edits, patch.Edit{Start: callee.Start(), End: callee.End(), New: effect})
	return &Fix{
		Plan: p, Edits: w.edits, Message: fmt.Sprintf("Begin the %s of %s in an effect, which ends it", o.Kind.Noun, p.Owner.Name),
		Notes: []Note{{Unsafe, fmt.Sprintf("the %s begins when %s has been drawn, and no more while it is: does what is drawn first rely on it?", o.Kind.Noun, p.Owner.Name)}},
	}, nil
}

// instead is imported for what takes the place of a callee: where that is mentioned no
// more, it is not imported any more.
func (w *effectEdit) instead(callee syntax.Node, name string) (string, *Refusal) {
	sym, at := callee.Symbol(), specifier(callee)
	if !callee.Is("identifier") || sym == nil || len(sym.Refs) != 1 || !at.OK() {
		return w.imported(callee, name)
	}
	origin, _ := callee.Origin()
	local, there := w.s.f.Imports().Local(origin.Module, name)
	if _, other := w.s.mentioned(name); !there && other {
		return "", refuse(NameTaken, "%s is something else in this file", name)
	}
	if !there {
		w.edits = append(w.edits, patch.Edit{Start: at.Start(), End: at.End(), New: name})
		return name, nil
	}
	var before syntax.Node
	for c := range at.Parent().Children() {
		if c == at {
			break
		}
		before = c
	}
	start, end := at.Start(), at.End()
	if next := at.NextNamed(); before.OK() {
		start = before.End()
	} else if next.OK() {
		end = next.Start()
	}
	w.edits = append(w.edits, patch.Edit{Start: start, End: end, New: ""})
	return local, nil
}
