package transforms

import (
	"fmt"
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
)

// insteadOf names what the effect returned, which is no function.
func (w *effectEdit) insteadOf(c cleanup, list []owed) *Refusal {
	if len(list) != 1 || c.value.Inner(false) != list[0].o.Handle.Value.Inner(false) {
		return refuse(TooEntangled, "what the effect returns cannot be completed")
	}
	line := indentAt(w.s.f, c.at.Start())
	w.edits = append(w.edits,
		patch.Edit{Start: c.at.Start(), End: c.value.Start(), New: "const " + w.named(list[0]) + " = "},
		patch.Edit{Start: endOf(c.at), End: endOf(c.at), New: w.st.eol + w.st.lines(line, w.st.fit("return "+cleanupText(ordered(list), list)+";"))})
	return nil
}

// after reports whether what is owed was acquired after what the cleanup releases
// already, and so is to be released before it.
func (w *effectEdit) after(list []owed, c cleanup) bool {
	first := list[0].o.Call.Start()
	before, behind := 0, 0
	for _, x := range w.s.found {
		if !slices.ContainsFunc(x.releases, func(n syntax.Node) bool { return w.s.endsBy(c, n) || n.Within(c.value) }) {
			continue
		}
		if x.Call.Start() < first {
			before++
		} else {
			behind++
		}
	}
	return before >= behind
}

// complete adds releases to a function that ends the effect.
func (w *effectEdit) complete(fn syntax.Node, list []owed, c cleanup, releases []string) *Refusal {
	body := fn.Field("body")
	for _, x := range list {
		for _, name := range strings.FieldsFunc(x.release, func(r rune) bool { return r < 0x80 && !isWordByte(byte(r)) }) {
			if shadowed(body, fn, name, nil) && mentionsOwn(fn, name) {
				return refuse(NameTaken, "%s is something else in the function that the effect returns", name)
			}
		}
	}
	begin := w.after(list, c)
	if !body.Is("statement_block") {
		indent := indentAt(w.s.f, fn.Start())
		inner := indent + w.st.unit
		var lines []string
		for _, r := range releases {
			lines = append(lines, w.st.fit(r+";"))
		}
		ours := w.st.lines(inner, lines...)
		open, end := "{"+w.st.eol+inner, w.st.semi+w.st.eol+indent+"}"
		if begin {
			guard := ""
			if w.st.semi == "" && strings.ContainsAny(body.Text()[:1], "([`/+-") {
				guard = ";"
			}
			open = "{" + w.st.eol + ours + guard + w.st.eol + inner
		} else {
			end = w.st.semi + w.st.eol + ours + w.st.eol + indent + "}"
		}
		w.edits = append(w.edits, patch.Edit{Start: body.Start(), End: body.Start(), New: open}, patch.Edit{Start: body.End(), End: body.End(), New: end})
		return nil
	}
	var last syntax.Node
	for n := range body.Children() {
		last = n
	}
	if begin || !last.OK() || last.Is("return_statement") {
		w.edits = append(w.edits, w.st.beginWith(fn, releases...)...)
		return nil
	}
	w.append(body, last, strings.Join(releases, ";\n")+";")
	return nil
}

// mentionsOwn reports whether a function declares a name itself.
func mentionsOwn(fn syntax.Node, name string) bool {
	for d := range fn.Descendants() {
		if d.Is("identifier") && d.Text() == name && d.Symbol() != nil && d.Symbol().Node.Within(fn) {
			return true
		}
	}
	return false
}

// register tells the host how to end what was acquired, right behind that.
func (w *effectEdit) register(list []owed) *Refusal {
	callee, no := w.registrar()
	if no != nil {
		return no
	}
	block := innermost(list)
	if !block.Is("statement_block") {
		return refuse(TooEntangled, "what is acquired can be seen in different blocks only")
	}
	last := list[len(list)-1].o.Call.Statement()
	for last.Parent() != block {
		last = last.Parent()
	}
	for n := range w.e.fn.Field("body").Own() {
		if n.Is("await_expression") && n.Start() < last.End() {
			return refuse(TooEntangled, "behind what is waited for, %s() has nobody to tell", callee)
		}
	}
	w.append(block, last, callee+"("+cleanupText(ordered(list), list)+");")
	return nil
}

// registrar is how the file calls what the host is told by; it is imported where it is
// not yet.
func (w *effectEdit) registrar() (string, *Refusal) {
	callee := w.e.call.Field("function").Inner(false)
	return w.imported(callee, w.e.host.register[0])
}

// imported is how the file calls what the module of a callee exports by a name.
func (w *effectEdit) imported(callee syntax.Node, name string) (string, *Refusal) {
	if callee.Is("member_expression") {
		return callee.Field("object").Text() + "." + name, nil
	}
	origin, _ := callee.Origin()
	if local, ok := w.s.f.Imports().Local(origin.Module, name); ok {
		return local, nil
	}
	at := specifier(callee)
	if !at.OK() {
		return "", refuse(ReleaseUnknown, "%s is not imported from %s", name, origin.Module)
	}
	if _, other := w.s.mentioned(name); other {
		return "", refuse(NameTaken, "%s is something else in this file", name)
	}
	w.edits = appendAt(w.edits, patch.Edit{Start: at.End(), End: at.End(), New: ", " + name})
	return name, nil
}

// formUnreturned returns the function that was meant to end an effect.
type formUnreturned struct{}

func (formUnreturned) Name() string { return "effect, unreturned" }

func (formUnreturned) fix(s *scan, p *Plan) (*Fix, *Refusal) {
	o := p.Obligations[0]
	g := o.gist.(*hosting)
	stmt := g.dead.Outer().Parent()
	body := g.span.fn.Field("body")
	if next := notEmpty(stmt.NextNamed()); stmt.Parent() != body || next.OK() || g.span.fn.IsAsync() {
		return nil, refuse(TooEntangled, "the function that nobody calls is not the last of the effect")
	}
	if onceBehind(o, g.span) {
		return nil, refuse(TooEntangled, "the effect acquires it once only, by a flag that it sets: released, it would not be acquired again")
	}
	fix := &Fix{
		Plan: p, Edits: []patch.Edit{{Start: stmt.Start(), End: stmt.Start(), New: "return "}},
		Message: fmt.Sprintf("Return the function that ends the effect of %s", p.Owner.Name),
	}
	if again, by := g.span.runsAnew(); again && o.Kind.OneShot {
		fix.Notes = []Note{{Unsafe, fmt.Sprintf("a pending %s is cancelled when %s: does anything rely on its callback running all the same?", o.Kind.Noun, by)}}
	}
	return fix, nil
}
