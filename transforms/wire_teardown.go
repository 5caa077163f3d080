package transforms

import (
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
)

// teardown is the method whose end is told: the class's own teardown, or the one
// that it does nothing but call.
func (w *wirer) teardown(in *instance) (syntax.Node, *Refusal) {
	t := in.teardown
	if t == nil || !t.own.OK() {
		return syntax.Node{}, refuse(NoOwner, "it has no teardown of its own")
	}
	fn, name := t.own, t.name
	for range 3 {
		next, ok := delegate(in, fn)
		if !ok {
			break
		}
		fn, name = next.Function(), next.Name
	}
	body := fn.Field("body")
	switch {
	case !body.Is("statement_block"):
		return fn, refuse(TooEntangled, "%s() is a mere expression", name)
	case fn.IsGenerator():
		return fn, refuse(TooEntangled, "%s() is a generator", name)
	case body.Len() == 0:
		return fn, refuse(NoOwner, "%s() does nothing", name)
	case !fn.IsAsync() && mayPromise(fn):
		return fn, refuse(NotAsync, "%s() is not async and may return a promise: nothing shows when it is done", name)
	}
	if w.ends(fn) {
		return fn, nil
	}
	begin, last := ends(body)
	alone := begin.OK() && strings.Contains(string(w.s.f.Src()[body.Start():begin.Start()]), "\n") && strings.Contains(string(w.s.f.Src()[last.End():body.End()]), "\n")
	if !w.quiet(fn) && !alone {
		return fn, refuse(TooEntangled, "%s() shares lines with its braces", name)
	}
	return fn, nil
}

// delegate is the teardown that a function does nothing but call.
func delegate(in *instance, fn syntax.Node) (m syntax.Member, ok bool) {
	body := fn.Field("body")
	stmt := body.Child(0)
	if !body.Is("statement_block") || body.Len() != 1 || !stmt.Is("expression_statement", "return_statement") {
		return m, false
	}
	call := stmt.Child(0).Inner(true)
	name, isField := call.Field("function").Inner(false).ThisField()
	if !call.Is("call_expression") || !isField || !isTeardown(name) {
		return m, false
	}
	for _, m := range in.members {
		if m.Name == name && m.Function().OK() && m.Function() != fn && !m.Static {
			return m, true
		}
	}
	return m, false
}

func ends(body syntax.Node) (first, last syntax.Node) {
	for c := range body.Children() {
		if !first.OK() {
			first = c
		}
		last = c
	}
	return first, last
}

// quiet reports whether a function can only end by reaching its end.
func (w *wirer) quiet(fn syntax.Node) bool {
	never, always := func(int) bool { return false }, func(syntax.Edge) bool { return true }
	return !hasReturn(fn) && !w.s.graph(fn).Reaches([]int{syntax.Entry}, syntax.Raise, never, always)
}

// ends reports whether a teardown tells of its end already.
func (w *wirer) ends(fn syntax.Node) bool {
	for n := range fn.Field("body").Own() {
		if n.Is("call_expression") && isMonitor(n) && n.Field("function").Field("property").Text() == "disposed" {
			return true
		}
	}
	return false
}

// end has a teardown tell that it is done: by its last statement where nothing can
// keep it from that, else whatever happens.
func (w *wirer) end(fn syntax.Node) bool {
	if w.ends(fn) {
		return false
	}
	_, last := ends(fn.Field("body"))
	if last.OK() && w.quiet(fn) {
		return w.put(site{stmt: last, line: w.name + ".disposed(" + w.self(fn) + ");"})
	}
	w.wrapped = append(w.wrapped, fn)
	return true
}

// self is what the instance is called in a teardown.
func (w *wirer) self(fn syntax.Node) string {
	if _, _, name := fn.Field("body").Child(0).InstanceAt(); name != "" {
		return name
	}
	return "this"
}

// wrap puts a try around the body of a teardown: what it throws is told, and
// thrown on, and its end is told whatever happens.
func (w *wirer) wrap(fn syntax.Node) []patch.Edit {
	f, st := w.s.f, w.st
	body := fn.Field("body")
	begin, _ := ends(body)
	open := lineEndAfter(f, body.Start()+1)
	brace := body.Token("}").Start()
	close := f.LineStart(brace)
	indent := indentAt(f, begin.Start())
	err := freshName("err", nameTaken(fn))
	self := w.self(fn)
	start := open
	for start < close && f.Src()[start] != '\n' {
		start++
	}
	edits := []patch.Edit{{Start: open, End: open, New: st.eol + indent + "try {"}}
	edits = append(edits, awaitedReturns(fn)...)
	edits = append(edits, st.reindent(f, start+1, close, 1)...)
	tail := st.lines(indent, st.fit("} catch ("+err+") {"), st.fit("\t"+w.name+".failed("+self+", "+w.quoted("teardown")+", "+err+");"), st.fit("\tthrow "+err+";"),
		"} finally {", st.fit("\t"+w.name+".disposed("+self+");"), "}")
	return append(edits, patch.Edit{Start: close, End: close, New: tail + st.eol})
}

// isPlain reports whether a value is certainly no promise.
func isPlain(value syntax.Node) bool {
	return value.Is("this", "true", "false", "null", "undefined", "number", "string", "template_string", "object", "array", "unary_expression", "arrow_function")
}

// mayPromise reports whether a function that is not async may return a promise, as far
// as its declaration and its own text say.
func mayPromise(fn syntax.Node) bool {
	if declared := fn.Field("return_type").Child(0); declared.OK() {
		return returnsPromise(fn) || slices.Contains([]string{"any", "unknown"}, declared.Text())
	}
	for n := range fn.Field("body").Own() {
		if value := n.Child(0).Inner(false); n.Is("return_statement") && value.OK() && !isPlain(value) {
			return true
		}
	}
	return false
}

// awaitedReturns waits for what an async function returns, where that may be a promise, so
// that what is around it comes after it.
func awaitedReturns(fn syntax.Node) []patch.Edit {
	var edits []patch.Edit
	for n := range fn.Field("body").Own() {
		value := n.Child(0)
		if !fn.IsAsync() || !n.Is("return_statement") || !value.OK() {
			continue
		}
		switch {
		case isPlain(value), value.Is("await_expression"):
		case value.Is("call_expression", "new_expression", "identifier", "member_expression"):
			edits = append(edits, patch.Edit{Start: value.Start(), End: value.Start(), New: "await "})
		default:
			edits = append(edits, patch.Edit{Start: value.Start(), End: value.Start(), New: "await ("}, patch.Edit{Start: value.End(), End: value.End(), New: ")"})
		}
	}
	return edits
}

// importEdit imports the monitor as the file imports other things.
func (w *wirer) importEdit() patch.Edit {
	f := w.s.f
	names := "{ " + monitorName
	if w.name != monitorName && w.im.CommonJS {
		names += ": " + w.name
	} else if w.name != monitorName {
		names += " as " + w.name
	}
	line := "import " + names + " } from " + w.quoted(w.im.Specifier) + ";"
	if w.im.CommonJS {
		line = "const " + names + " } = require(" + w.quoted(w.im.Specifier) + ");"
	}
	var last, first syntax.Node
	for c := range f.Root().Children() {
		directive := c.Is("expression_statement") && c.Child(0).Is("string")
		switch {
		case c.Is("hash_bang_line"), directive && !first.OK():
			last = c
			continue
		case c.Is("import_statement"), requires(c):
			last = c
		}
		if !first.OK() {
			first = c
		}
	}
	if last.OK() {
		at := lineEndAfter(f, last.End())
		if last.Is("hash_bang_line") {
			at = last.Start() + len(strings.TrimRight(last.Text(), "\r\n"))
		}
		return behind(last, at, w.st.eol+w.st.ended(line, at, last.NextNamed()))
	}
	at := 0
	if strings.HasPrefix(string(f.Src()), "\ufeff") {
		at = len("\ufeff")
	}
	if header := headerEnd(f); header > at {
		return patch.Edit{Start: header, End: header, New: w.st.eol + w.st.eol + w.st.guarded(line, first)}
	}
	return patch.Edit{Start: at, End: at, New: w.st.guarded(line, first) + w.st.eol + w.st.eol}
}

// headerEnd is the end of the comments at the top of a file that belong to the file,
// and not to what comes first in it: a blank line follows. 0 for none.
func headerEnd(f *syntax.File) int {
	end := 0
	for c := range f.Root().All() {
		if !c.Is("comment") {
			break
		}
		end = c.End()
		if gap, _, _ := strings.Cut(strings.ReplaceAll(string(f.Src()[end:]), "\r", ""), "\n\n"); strings.TrimSpace(gap) == "" {
			return end
		}
	}
	return 0
}

// requires reports whether a statement of a module does nothing but require.
func requires(stmt syntax.Node) bool {
	if !stmt.Is("lexical_declaration", "variable_declaration") {
		return false
	}
	for d := range stmt.Children() {
		value := d.Field("value").Inner(false)
		for value.Is("member_expression") {
			value = value.Field("object").Inner(false)
		}
		if !value.Is("call_expression") || value.Field("function").Text() != "require" {
			return false
		}
	}
	return stmt.Len() > 0
}
