package transforms

import (
	"fmt"
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
)

// abort gives what an effect asks for the signal of a controller, which the end of the
// effect uses. Whoever is told that it failed asks first whether it was given up.
func (w *effectEdit) abort(o *Obligation) (owed, *Refusal) {
	body := w.e.fn.Field("body")
	if !body.Is("statement_block") {
		return owed{}, refuse(TooEntangled, "the effect is one expression")
	}
	if w.inLoop(o.Call) {
		return owed{}, refuse(TooEntangled, "it is asked for in a loop, which would go on")
	}
	first := childOfBlock(body, o.Call)
	if w.controller == "" {
		w.controller = w.fresh("controller")
	}
	if read := w.readApart(); read.OK() {
		line, _ := w.s.f.Position(read.Start())
		return owed{}, refuse(TooEntangled, "nobody is told in line %d that reading an answer has failed", line)
	}
	heard, no := w.failures(o.Call, maxHops)
	if no != nil {
		return owed{}, no
	}
	if !w.controlled {
		w.controlled = true
		w.put(first, "const "+w.controller+" = new AbortController();")
	}
	for _, edit := range append(heard, w.signal(o)) {
		w.edits = appendAt(w.edits, edit)
	}
	text, no := w.s.writeRelease(o, w.controller)
	if no != nil {
		return owed{}, no
	}
	w.note(Unsafe, fmt.Sprintf("a pending %s is given up when the effect ends: does anything rely on its answer all the same?", o.Kind.Noun))
	return owed{o: o, release: text, within: body}, nil
}

// signal adds the signal to the options of an acquisition.
func (w *effectEdit) signal(o *Obligation) patch.Edit {
	said := signalKey + ": " + w.controller + "." + signalKey
	options := o.Bindings[o.Kind.Signal].Inner(false)
	if !options.OK() {
		at := o.Call.Field("arguments").Child(0).Outer().End()
		return patch.Edit{Start: at, End: at, New: ", { " + said + " }"}
	}
	var last syntax.Node
	for p := range options.Children() {
		last = p
	}
	if !last.OK() {
		return patch.Edit{Start: options.Start(), End: options.End(), New: "{ " + said + " }"}
	}
	src := string(w.s.f.Src())
	gap := " "
	if first := options.Child(0); w.s.f.LineStart(first.Start()) != w.s.f.LineStart(options.Start()) {
		gap = w.st.eol + indentAt(w.s.f, last.Start())
	} else if src[last.End()] == '}' && src[first.Start()-1] == '{' {
		gap = ""
	}
	return patch.Edit{Start: last.End(), End: last.End(), New: "," + gap + said}
}

// bodies are the methods that read what a request was answered.
var bodies = []string{"json", "text", "blob", "arrayBuffer", "formData", "bytes"}

// readApart is where an answer is read by a promise that is dropped, and whose failure
// nobody hears of; the zero Node for nowhere.
func (w *effectEdit) readApart() syntax.Node {
	for n := range w.e.fn.Field("body").Descendants() {
		if n.Is("call_expression") && slices.Contains(bodies, calleeName(n)) && n.Field("arguments").Len() == 0 {
			at, heard := n.Outer(), false
			for p := at.Parent(); p.Is("member_expression") && p.Parent().Field("function") == p; p = at.Parent() {
				heard = heard || p.Field("property").Text() == "catch" || p.Parent().Field("arguments").Len() > 1
				at = p.Parent().Outer()
			}
			if !heard && !at.Is("await_expression") && at.Parent().Is("expression_statement") {
				return n
			}
		}
	}
	return syntax.Node{}
}

// failures are the edits of those who are told that what a call promises has failed: the
// nearest that hears of it, or whoever drops the promise. It refuses what cannot be seen,
// and what would go on without an answer.
func (w *effectEdit) failures(call syntax.Node, hops int) ([]patch.Edit, *Refusal) {
	at := call.Outer()
	for {
		p := at.Parent()
		switch {
		case at.Is("await_expression"):
			clause := w.catchAround(at)
			if clause.OK() && !w.answersNobody(call.Function()) {
				return nil, refuse(TooEntangled, "what it gives where it fails is used")
			}
			if clause.OK() {
				return w.st.beginWith(clause, w.turnsBack()), nil
			}
			return w.callersTold(call.Function(), hops)
		case p.Is("member_expression") && p.Field("object") == at && p.Parent().Field("function") == p:
			next := p.Parent()
			args := next.Field("arguments")
			name := p.Field("property").Text()
			switch {
			case name == "catch" && w.isDropped(next):
				return w.hears(args.Child(0))
			case name == "finally":
				w.atOnce()
			case name != "then" || args.Len() > 1:
				return nil, refuse(TooEntangled, "what it gives where it fails is used")
			}
			at = next.Outer()
		case dropsValue(p):
			return []patch.Edit{w.caught(at)}, nil
		case p.Is("return_statement"), p.Is("arrow_function") && p.Field("body") == at:
			return w.callersTold(call.Function(), hops)
		default:
			return nil, refuse(TooEntangled, "who is told that it has failed cannot be seen")
		}
	}
}

// caught hears of a failure where a promise is dropped, and lets all others through.
func (w *effectEdit) caught(dropped syntax.Node) patch.Edit {
	name := w.fresh("error")
	text := ".catch((" + name + ") => { if (!" + w.controller + ".signal.aborted) throw " + name + "; })"
	if dot := dropped.Field("function").Field("property"); dot.OK() {
		if start := w.s.f.LineStart(dot.Start()); strings.TrimSpace(string(w.s.f.Src()[start:dot.Start()])) == "." {
			text = w.st.eol + indentAt(w.s.f, dot.Start()) + text // one below the other
		}
	}
	return patch.Edit{Start: dropped.End(), End: dropped.End(), New: text}
}

func (w *effectEdit) turnsBack() string { return "if (" + w.controller + ".signal.aborted) return" }

// atOnce says what runs when a request is given up, and not only when it is over.
func (w *effectEdit) atOnce() {
	if again, by := w.e.runsAnew(); again {
		w.note(Unsafe, fmt.Sprintf("when %s, what stands in its finally runs behind the beginning of the next: is that right?", by))
	}
}

// isDropped reports whether nobody uses what a chain of a promise gives.
func (w *effectEdit) isDropped(call syntax.Node) bool {
	p := call.Outer().Parent()
	for p.Is("member_expression") && p.Field("property").Text() == "finally" && p.Parent().Field("function") == p {
		p = p.Parent().Outer().Parent()
		w.atOnce()
	}
	return dropsValue(p)
}

// calls are the calls of a function of the effect.
func (w *effectEdit) calls(fn syntax.Node) []syntax.Node {
	if callee := fn.Outer(); callee.Parent().Field("function") == callee {
		return []syntax.Node{callee.Parent()}
	}
	return w.s.callsOf(fn)
}

// answersNobody reports whether nobody uses what a function of the effect promises.
func (w *effectEdit) answersNobody(fn syntax.Node) bool {
	for n := range fn.Field("body").Own() {
		if n.Is("return_statement") && n.Len() > 0 {
			return false
		}
	}
	return fn != w.e.fn && !slices.ContainsFunc(w.calls(fn), func(call syntax.Node) bool { return !w.isDropped(call) })
}

// callersTold are those who are told by what a function of the effect promises.
func (w *effectEdit) callersTold(fn syntax.Node, hops int) ([]patch.Edit, *Refusal) {
	if fn == w.e.fn || hops == 0 {
		return nil, refuse(TooEntangled, "who is told that it has failed cannot be seen")
	}
	var out []patch.Edit
	for _, call := range w.calls(fn) {
		heard, no := w.failures(call, hops-1)
		if no != nil {
			return nil, no
		}
		out = append(out, heard...)
	}
	return out, nil
}

// catchAround is the catch clause that hears of what fails at n, in the same function.
func (w *effectEdit) catchAround(n syntax.Node) syntax.Node {
	for at := n; at.OK() && !at.IsFunction(); at = at.Parent() {
		try := at.Parent()
		if !try.Is("try_statement") || try.Field("body") != at {
			continue
		}
		if try.Field("finalizer").OK() {
			w.atOnce()
		}
		if try.Field("handler").OK() {
			return try.Field("handler")
		}
	}
	return syntax.Node{}
}

// hears makes a function that is told of a failure turn back first.
func (w *effectEdit) hears(fn syntax.Node) ([]patch.Edit, *Refusal) {
	if n := fn.Inner(false); n.IsFunction() {
		for r := range n.Field("body").Own() {
			if r.Is("return_statement") && r.Len() > 0 {
				return nil, refuse(TooEntangled, "what it gives where it fails is returned")
			}
		}
		return w.st.beginWith(n, w.turnsBack()), nil
	}
	w.note(Unsafe, shorten(fn.Text())+" is told when it is given up, too")
	return nil, nil
}
