package transforms

import (
	"fmt"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
)

// formSignature gives a function that only waits an optional AbortSignal, by
// which a caller can end the wait.
type formSignature struct{}

func (formSignature) Name() string { return "signature" }

func (formSignature) fix(s *scan, p *Plan) (*Fix, *Refusal) {
	o := p.Obligations[0]
	st := styleOf(s.f)
	fn := p.Owner.Node
	executor := o.Call.Function()
	params := fn.Field("parameters")
	if fn.HasToken("get") || fn.HasToken("set") || functionName(fn) == nil && !fn.Is("method_definition") && !isExported(fn) {
		return nil, refuse(TooEntangled, "nobody calls it by a name")
	}
	if !params.OK() || isOverloaded(fn) {
		return nil, refuse(TooEntangled, "its parameters cannot be extended in one place")
	}
	var last syntax.Node
	for c := range params.Children() {
		last = c
	}
	if last.Field("pattern").Is("rest_pattern") || last.Is("rest_pattern") {
		return nil, refuse(TooEntangled, "it takes any number of arguments")
	}
	taken := nameTaken(fn)
	if taken("signal") || taken("abort") {
		return nil, refuse(NameTaken, "signal or abort is something else in it")
	}
	stmt := o.Handle.Value.Parent()
	bare := executor.IsArrow() && executor.Field("body") == o.Handle.Value // r => setTimeout(r, ms)
	if !bare && (!stmt.Is("expression_statement") || !inBlock(stmt)) {
		return nil, refuse(TooEntangled, "the handle is made where no name can be given to it")
	}
	for _, other := range s.found {
		if other != o && other.Call.Within(executor) {
			return nil, refuse(TooEntangled, "its executor acquires something else, too")
		}
	}
	reject, declare, no := settleNames(executor, taken)
	if no != nil {
		return nil, no
	}
	fix := &Fix{Plan: p, Message: fmt.Sprintf("Let callers of %s cancel the %s", p.Owner.Name, o.Kind.Noun)}
	fix.Edits = append(fix.Edits, declare...)
	text := "signal"
	if st.ts {
		text = "signal?: AbortSignal"
	}
	at := params.End() - 1
	if last.OK() {
		at, text = last.End(), ", "+text
	}
	fix.Edits = append(fix.Edits, patch.Edit{Start: at, End: at, New: text})

	name := freshName(o.Kind.Noun, taken)
	release, no := s.writeRelease(o, name)
	if no != nil {
		return nil, no
	}
	indent, open := indentAt(s.f, stmt.Start()), ""
	if bare {
		stmt = o.Handle.Value
		indent = indentAt(s.f, stmt.Start()) + st.unit
		open = "{" + st.eol + indent
	}
	before := st.lines(indent, st.fit("signal?.throwIfAborted();\nconst abort = () => {\n\t"+release+";\n\t"+reject+"(signal?.reason);\n};"))
	fix.Edits = append(fix.Edits, patch.Edit{Start: stmt.Start(), End: o.Handle.Value.Start(),
		New: open + strings.TrimPrefix(before, indent) + st.eol + indent + "const " + name + " = "})
	edit, no := s.leaveSignal(o, st, indent)
	if no != nil {
		return nil, no
	}
	fix.Edits = append(fix.Edits, edit...)
	listen := st.fit("signal?.addEventListener(" + st.quote + "abort" + st.quote + ", abort, { once: true });")
	if bare {
		fix.Edits = append(fix.Edits, patch.Edit{Start: stmt.End(), End: stmt.End(),
			New: st.semi + st.eol + st.lines(indent, listen) + st.eol + strings.TrimSuffix(indent, st.unit) + "}"})
	} else {
		fix.Edits = append(fix.Edits, st.after(stmt, listen))
	}
	fix.Notes = []Note{
		{Unsafe, "a call through map(" + p.Owner.Name + ") and the like would now pass an index as the signal"},
		{Unsafe, "an aborted wait rejects: callers that pass a signal must expect that"},
	}
	return fix, nil
}

// isExported: exports.sleep = function ..
func isExported(fn syntax.Node) bool {
	a := fn.Parent()
	return a.Is("assignment_expression") && a.Field("left").Is("member_expression") || a.Is("pair")
}

func isOverloaded(fn syntax.Node) bool {
	beside := fn.Parent()
	if beside.Is("export_statement") {
		beside = beside.Parent()
	}
	for c := range beside.Children() {
		if c.Is("export_statement") {
			c = c.Field("declaration")
		}
		if c.Is("function_signature", "method_signature") && c.Field("name").Text() == fn.Field("name").Text() {
			return true
		}
	}
	return false
}

// settleNames returns the name of the executor's reject function, and the edits
// that declare it where it is missing.
func settleNames(executor syntax.Node, taken func(string) bool) (reject string, edits []patch.Edit, no *Refusal) {
	if p := executor.Field("parameter"); p.OK() {
		reject = freshName("reject", taken)
		return reject, []patch.Edit{
			{Start: p.Start(), End: p.Start(), New: "("},
			{Start: p.End(), End: p.End(), New: ", " + reject + ")"},
		}, nil
	}
	params := executor.Field("parameters")
	var names []syntax.Node
	for c := range params.Children() {
		if n := c.Field("pattern"); n.OK() {
			c = n
		}
		names = append(names, c)
	}
	switch len(names) {
	case 1:
		reject = freshName("reject", taken)
		return reject, []patch.Edit{{Start: params.Child(0).End(), End: params.Child(0).End(), New: ", " + reject}}, nil
	case 2:
		return names[1].Text(), nil, nil
	}
	return "", nil, refuse(TooEntangled, "the executor does not name its settle functions")
}

// leaveSignal makes the callback take its listener off the signal first.
func (s *scan) leaveSignal(o *Obligation, st style, indent string) ([]patch.Edit, *Refusal) {
	leave := "signal?.removeEventListener(" + st.quote + "abort" + st.quote + ", abort)"
	callback := o.Call.Field("arguments").Child(0)
	switch {
	case callback.Is("identifier"): // setTimeout(resolve, ms)
		if o.Call.Field("arguments").Len() > 2 {
			return nil, refuse(TooEntangled, "the callback is given arguments by the timer")
		}
		nothing := ""
		if made := o.Call.Function().Parent().Parent(); st.ts && made.Field("type_arguments").Text() != "<void>" {
			nothing = "undefined" // Promise<unknown>: the settle function wants an argument
		}
		code := st.lines(indent, st.fit("() => {\n\t"+leave+";\n\t"+callback.Text()+"("+nothing+");\n}"))
		return []patch.Edit{{Start: callback.Start(), End: callback.End(), New: strings.TrimPrefix(code, indent)}}, nil
	case callback.IsFunction():
		return st.beginWith(callback, leave), nil
	}
	return nil, refuse(TooEntangled, "the callback cannot be extended")
}
