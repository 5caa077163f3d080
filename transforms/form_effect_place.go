package transforms

import (
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
)

// leaving is one way in which an effect is left, and what it owes then.
type leaving struct {
	at   syntax.Node // the return statement; the zero Node: the end is reached
	list []owed
}

// place writes the releases where the effect is left.
func (w *effectEdit) place(list []owed) *Refusal {
	body := w.e.fn.Field("body")
	if !body.Is("statement_block") {
		return w.asBlock(body, list)
	}
	if w.e.host.pays == byCall {
		return w.register(list)
	}
	endings := endingsOf(list, w.e)
	if len(endings) > 2 {
		return refuse(TooEntangled, "the effect is left without the release in %d ways", len(endings))
	}
	for _, x := range endings {
		write := w.atReturn
		if !x.at.OK() {
			write = w.atEnd
		}
		if no := write(x); no != nil {
			return no
		}
	}
	return nil
}

func endingsOf(list []owed, e *span) []*leaving {
	var out []*leaving
	for _, x := range list {
		for _, exit := range x.o.Exits {
			at := syntax.Node{}
			if exit.Node.Is("return_statement") && exit.Node.Function() == e.fn {
				at = exit.Node
			} else if r := exit.Node.Statement(); r.Is("return_statement") && r.Function() == e.fn {
				at = r // what is returned is acquired there
			}
			i := slices.IndexFunc(out, func(y *leaving) bool { return y.at == at })
			if i < 0 {
				i = len(out)
				out = append(out, &leaving{at: at})
			}
			if !slices.ContainsFunc(out[i].list, func(y owed) bool { return y.o == x.o }) {
				out[i].list = append(out[i].list, x)
			}
		}
	}
	return out
}

// cleanupText is a function that does all of that, as the value of a return. The list says
// what is released.
func cleanupText(releases []string, list []owed) string {
	if len(releases) == 1 && !strings.HasPrefix(releases[0], "if ") && !strings.Contains(releases[0], "; ") && !slices.ContainsFunc(list, owed.hasValue) {
		return "() => " + releases[0]
	}
	var b strings.Builder
	b.WriteString("() => {\n")
	for _, r := range releases {
		b.WriteString("\t" + r + ";\n")
	}
	b.WriteString("}")
	return b.String()
}

// asBlock gives a body to an effect that is one expression, which acquires.
func (w *effectEdit) asBlock(body syntax.Node, list []owed) *Refusal {
	x := list[0]
	v := x.o.Handle.Value
	if len(list) != 1 || v.Outer() != body.Outer() && !(body.Is("unary_expression") && v.Parent() == body) {
		return refuse(TooEntangled, "the effect is one expression")
	}
	prefix, code := "", x.o.Call.Text()
	if x.o.Kind.Registers() {
		if x.o.handler().Inner(false).IsFunction() {
			return refuse(TooEntangled, "the effect is one expression")
		}
	} else {
		prefix, code = "const "+w.named(x)+" = ", v.Text()
	}
	releases := ordered(list)
	pay := "return " + cleanupText(releases, list) + ";"
	if w.e.host.pays == byCall {
		callee, no := w.registrar()
		if no != nil {
			return no
		}
		pay = callee + "(" + cleanupText(releases, list) + ");"
	}
	indent := indentAt(w.s.f, w.e.fn.Start())
	inner := indent + w.st.unit
	text := w.st.eol + w.st.lines(inner, w.st.fit(pay)) + w.st.eol + indent + "}"
	w.edits = append(w.edits,
		patch.Edit{Start: body.Start(), End: body.End(), New: "{" + w.st.eol + inner + prefix + code + w.st.semi + text})
	return nil
}

// named is the name that the release uses.
func (w *effectEdit) named(x owed) string {
	for name := range w.names {
		if strings.Contains(x.release, name) {
			return name
		}
	}
	return x.o.Kind.Noun
}

// innermost is the block in which all can be seen that some releases name.
func innermost(list []owed) syntax.Node {
	block := list[0].within
	for _, x := range list {
		if x.within.Within(block) {
			block = x.within
		}
	}
	for _, x := range list {
		if !block.Within(x.within) {
			return syntax.Node{}
		}
	}
	return block
}

// fallsOut reports whether nothing of the effect is done behind a block of it.
func (w *effectEdit) fallsOut(block syntax.Node) bool {
	body := w.e.fn.Field("body")
	for n := block; n != body; n = n.Parent() {
		if !n.OK() || n.Is("for_statement", "for_in_statement", "while_statement", "do_statement", "switch_statement", "finally_clause", "catch_clause") || n.IsFunction() {
			return false
		}
		if n.Is("try_statement") && n.Field("finalizer").OK() {
			return false
		}
		if p := n.Parent(); p.Is("statement_block") && n.NextNamed().OK() && notEmpty(n.NextNamed()).OK() {
			return false
		}
	}
	return true
}

// atEnd returns a cleanup where the end of the effect is reached.
func (w *effectEdit) atEnd(x *leaving) *Refusal {
	list := x.list
	block := innermost(list)
	if !block.OK() {
		return refuse(TooEntangled, "what is acquired can be seen in different blocks only")
	}
	if block.Is("program") || w.e.fn.Field("body").Within(block) {
		block = w.e.fn.Field("body")
	}
	if !block.Is("statement_block") || !w.fallsOut(block) {
		return refuse(TooEntangled, "other code of the effect follows where what is acquired cannot be seen any more")
	}
	var last syntax.Node
	for c := range block.Children() {
		last = c
	}
	if block != w.e.fn.Field("body") || w.bareReturns() {
		w.explicit(block)
	}
	w.append(block, last, "return "+cleanupText(ordered(list), list)+";")
	return nil
}

// append puts a statement behind the last of a block.
func (w *effectEdit) append(block, last syntax.Node, code string) {
	src := string(w.s.f.Src())
	if strings.Contains(src[block.Start():last.Start()], "\n") {
		w.edits = appendAt(w.edits, w.st.after(last, code))
		return
	}
	text := " " + strings.Join(strings.Fields(code), " ")
	if !strings.HasSuffix(strings.TrimRight(src[:last.End()], " "), ";") {
		text = ";" + text
	}
	if src[last.End()] != ' ' {
		text += " "
	}
	w.edits = appendAt(w.edits, patch.Edit{Start: last.End(), End: last.End(), New: text})
}

// bareReturns reports whether the effect is left early without a value.
func (w *effectEdit) bareReturns() bool {
	return slices.ContainsFunc(w.e.cleanups, func(c cleanup) bool { return !c.value.OK() })
}

// explicit says in words, where the project wants that, that the other ways return
// nothing.
func (w *effectEdit) explicit(block syntax.Node) {
	config := w.s.Project.TSConfigOf(w.s.f.Path)
	if config == nil || !config.NoImplicitReturns || !w.st.ts {
		return
	}
	for _, c := range w.e.cleanups {
		if !c.value.OK() {
			at := c.at.Start() + len("return")
			w.edits = append(w.edits, patch.Edit{Start: at, End: at, New: " undefined"})
		}
	}
	body := w.e.fn.Field("body")
	if block == body {
		return
	}
	var last syntax.Node
	for c := range body.Children() {
		last = c
	}
	w.append(body, last, "return undefined;")
}

// atReturn completes what the effect returns in one place.
func (w *effectEdit) atReturn(x *leaving) *Refusal {
	i := slices.IndexFunc(w.e.cleanups, func(c cleanup) bool { return c.at == x.at })
	if i < 0 {
		return refuse(TooEntangled, "what the effect returns cannot be seen")
	}
	c := w.e.cleanups[i]
	for _, y := range x.list {
		if y.within.Is("statement_block") && !x.at.Within(y.within) {
			return refuse(TooEntangled, "where the effect returns, what it has acquired cannot be seen")
		}
	}
	if x.list[0].o.Call.Within(c.at) && x.list[0].o.Status == Unmet {
		return w.insteadOf(c, x.list)
	}
	open := slices.DeleteFunc(slices.Clone(x.list), func(y owed) bool {
		return slices.ContainsFunc(c.fns, func(fn syntax.Node) bool { return y.doneIn(fn) })
	})
	releases := ordered(open)
	if len(releases) == 0 {
		return nil
	}
	v := c.value.Inner(false)
	fn := localFunction(v)
	switch {
	case !c.value.OK():
		w.edits = append(w.edits, patch.Edit{Start: c.at.Start(), End: endOf(c.at), New: strings.TrimPrefix(w.st.lines(indentAt(w.s.f, c.at.Start()), w.st.fit("return "+cleanupText(releases, open)+";")), indentAt(w.s.f, c.at.Start()))})
		return nil
	case v.IsFunction():
		return w.complete(v, x.list, c, releases)
	case fn.OK() && fn.Function() == w.e.fn && len(functionName(fn).Mentions()) == 1:
		return w.complete(fn, x.list, c, releases)
	case fn.OK(), v.Is("call_expression") && w.s.isEnd(v):
		line := indentAt(w.s.f, c.at.Start())
		before, call := "", v.Text()+"()"
		if v.Is("call_expression") {
			name := w.fresh("unsubscribe")
			before, call = "const "+name+" = "+v.Text()+w.st.semi+w.st.eol+line, name+"()"
		}
		all := append(releases, call)
		if !w.after(x.list, c) || v.Is("call_expression") { // what is returned was acquired last
			all = append([]string{call}, releases...)
		}
		w.edits = append(w.edits, patch.Edit{Start: c.at.Start(), End: endOf(c.at), New: before + strings.TrimPrefix(w.st.lines(line, w.st.fit("return "+cleanupText(all, open)+";")), line)})
		return nil
	}
	return refuse(TooEntangled, "what the effect returns cannot be completed: %s", shorten(v.Text()))
}

// doneIn reports whether a function does the release already.
func (x owed) doneIn(fn syntax.Node) bool {
	for n := range fn.Field("body").Descendants() {
		if n.Is("call_expression") && squeeze(n) == strings.TrimPrefix(x.release, "void ") && (x.o.Handle.Symbol == nil || mentions(n, x.o.Handle.Symbol)) {
			return true
		}
	}
	return false
}

// isEnd reports whether a call is known to return what ends what it began.
func (s *scan) isEnd(call syntax.Node) bool {
	return slices.ContainsFunc(s.found, func(x *Obligation) bool { return x.Call == call && x.isCallable() })
}
