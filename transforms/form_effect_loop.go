package transforms

import (
	"fmt"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
)

// loopRelease keeps the handle of each round of a loop in one variable of the effect, and
// ends the round that is waited for.
func (w *effectEdit) loopRelease(o *Obligation, g *hosting) (owed, *Refusal) {
	if waits(o, g.loop) && o.Call.Function() == g.loop {
		return owed{}, refuse(TooEntangled, "a round that waits when the effect ends asks for another %s: it has to be told", o.Kind.Noun)
	}
	body := w.e.fn.Field("body")
	name, declared := "", false
	for _, x := range w.s.found { // the variable that the first round is kept in
		if x.Kind == o.Kind && x.Call.Within(w.e.fn) && (w.s.loopOf(x) == g.loop || w.s.startsLoop(x) == g.loop) {
			if sym := x.Handle.Symbol; sym != nil && sym.Decl.Function() == w.e.fn {
				name = sym.Name
				declared = true
				if list := sym.Decl.Parent(); list.HasToken("const") && sym.Init().OK() && o.Handle.Symbol != sym {
					token := list.Token("const")
					w.edits = appendOnce(w.edits, patch.Edit{Start: token.Start(), End: token.End(), New: "let"})
				}
			}
		}
	}
	if !body.Is("statement_block") {
		return owed{}, refuse(TooEntangled, "the effect is one expression")
	}
	if !declared {
		name = w.loopName(o, g)
	}
	if o.Handle.Symbol == nil {
		v := o.Handle.Value
		if v != o.Call || v.Parent().Is("arrow_function") || !v.Parent().Is("expression_statement") {
			return owed{}, refuse(TooEntangled, "the handle is made where it cannot be kept")
		}
		w.edits = append(w.edits, patch.Edit{Start: v.Start(), End: v.Start(), New: name + " = "})
	} else if o.Handle.Symbol.Name != name {
		return owed{}, refuse(TooEntangled, "the handles of the loop are kept in several variables")
	}
	text, no := w.s.writeRelease(o, name)
	if no != nil {
		return owed{}, no
	}
	return owed{o: o, release: text, within: body}, nil
}

func appendOnce(edits []patch.Edit, e patch.Edit) []patch.Edit {
	for _, old := range edits {
		if old == e {
			return edits
		}
	}
	return append(edits, e)
}

// loopName declares the variable of a loop before its function, once.
func (w *effectEdit) loopName(o *Obligation, g *hosting) string {
	if w.loops == nil {
		w.loops = map[int32]string{}
	}
	if name, ok := w.loops[g.loop.ID()]; ok {
		return name
	}
	name := w.fresh(o.Kind.Noun)
	w.loops[g.loop.ID()] = name
	first := g.loop
	if o.Call.Start() < first.Start() {
		first = o.Call
	}
	for first.Parent() != w.e.fn.Field("body") {
		first = first.Parent()
	}
	w.declare(first, o, name)
	return name
}

// declare declares the variable that a handle is kept in, before a statement.
func (w *effectEdit) declare(stmt syntax.Node, o *Obligation, name string) {
	text := "let " + name
	if w.st.ts {
		text += ": ReturnType<typeof " + calleeText(o.Call) + "> | undefined"
		if !o.Kind.Lenient {
			text = "let " + name + " = 0"
		}
	}
	w.put(stmt, text+";")
}

// lateRelease tells what waits that the effect has ended, and releases what had come by
// then.
func (w *effectEdit) lateRelease(o *Obligation) (owed, *Refusal) {
	stmt := o.Handle.Value.Statement()
	body := w.e.fn.Field("body")
	g := o.gist.(*hosting)
	switch {
	case o.Kind.Registers(), g.loop.OK(), !body.Is("statement_block"), !inBlock(stmt), w.e.host.pays == byCall, w.s.keptPlace(o).OK(), o.Bindings["HANDLE"].OK():
		return owed{}, refuse(TooEntangled, "it is acquired when something that is waited for has come: the effect may have ended by then")
	case !w.calledOnce(o.Call.Function()):
		return owed{}, refuse(TooEntangled, "it is acquired by a function that runs later, perhaps several times")
	}
	if w.inLoop(o.Call) {
		return owed{}, refuse(TooEntangled, "it is acquired in a loop, several at a time")
	}
	first := childOfBlock(body, o.Call)
	name := ""
	switch sym := o.Handle.Symbol; {
	case sym != nil && sym.Decl.Function() == w.e.fn:
		name = sym.Name
	case sym != nil:
		if !stmt.Is("lexical_declaration") || stmt.Len() != 1 {
			return owed{}, refuse(TooEntangled, "the handle is kept where the end of the effect cannot see it")
		}
		name = w.fresh(sym.Name)
		if name != sym.Name {
			name = w.fresh(o.Kind.Noun)
		}
		w.declare(first, o, name)
		w.edits = append(w.edits, patch.Edit{Start: o.Handle.Value.Start(), End: o.Handle.Value.Start(), New: name + " = "})
	default:
		if !o.Handle.Value.Parent().Is("expression_statement") {
			return owed{}, refuse(TooEntangled, "the handle is made where it cannot be kept")
		}
		name = w.fresh(o.Kind.Noun)
		w.declare(first, o, name)
		w.edits = append(w.edits, patch.Edit{Start: o.Handle.Value.Start(), End: o.Handle.Value.Start(), New: name + " = "})
	}
	if !o.Kind.Lenient {
		return owed{}, refuse(TooEntangled, "it is acquired when something that is waited for has come: the effect may have ended by then")
	}
	if w.flag == "" {
		w.flag = w.fresh("ended")
		w.put(first, "let "+w.flag+" = false;")
	}
	w.put(stmt, "if ("+w.flag+") return;")
	text, no := w.s.writeRelease(o, name)
	if no != nil {
		return owed{}, no
	}
	w.note(Unsafe, fmt.Sprintf("where the effect has ended in the meantime, what follows the %s is left out, too", o.Kind.Noun))
	return owed{o: o, release: text, within: body, flag: w.flag}, nil
}

// calledOnce reports whether a function of the effect is called in one place, outside of
// any other that runs again.
func (w *effectEdit) calledOnce(fn syntax.Node) bool {
	for ; fn.OK() && fn != w.e.fn; fn = fn.Function() {
		if runsLater(fn) && !strings.HasPrefix(calleeName(fn.Parent().Parent()), "setInterval") {
			continue
		}
		if isInline(fn) {
			continue
		}
		name := functionName(fn)
		if name == nil || len(name.Refs) != 1 || name.Refs[0].Parent().Field("function") != name.Refs[0] || name.Refs[0].Within(fn) {
			return false
		}
		if at := name.Refs[0]; at.Function() != w.e.fn && !at.Function().Within(w.e.fn) {
			return false
		}
	}
	return true
}

// formEffectCorrection rewrites, in what ends an effect, a call that was meant to take a
// registration away, and cannot.
type formEffectCorrection struct{}

func (formEffectCorrection) Name() string { return "effect, correction" }

func (formEffectCorrection) fix(s *scan, p *Plan) (*Fix, *Refusal) {
	o := p.Obligations[0]
	g := o.gist.(*hosting)
	wrong := g.wrong.call
	e := g.span
	w := &effectEdit{s: s, e: e, st: styleOf(s.f), names: map[string]bool{}, first: map[int32]string{}, stmts: map[int32]syntax.Node{}}
	around := e.fn
	if e.within.OK() {
		around = e.within
	}
	w.used = nameTaken(around)
	if onceBehind(o, e) {
		return nil, refuse(TooEntangled, "the effect acquires it once only, by a flag that it sets: released, it would not be acquired again")
	}
	for _, c := range e.cleanups {
		if s.endsBy(c, wrong) && c.at.Is("return_statement") && c.at.Parent() != e.fn.Field("body") {
			return nil, refuse(TooEntangled, "the effect returns what ends it in some cases only")
		}
	}
	made, no := w.removal(o)
	if no != nil {
		return nil, no
	}
	if !wrong.Within(made.within) {
		return nil, refuse(TooEntangled, "where it should be taken away, the function cannot be seen")
	}
	w.finish()
	w.edits = append(w.edits, patch.Edit{Start: wrong.Start(), End: wrong.End(), New: made.release})
	line, _ := s.f.Position(wrong.Start())
	return &Fix{
		Plan: p, Edits: w.edits, Message: fmt.Sprintf("Take the %s of %s away that was registered", o.Kind.Noun, p.Owner.Name),
		Notes: []Note{{Unsafe, fmt.Sprintf("line %d did nothing until now: does anything rely on the %s still being there after it?", line, o.Kind.Noun)}},
	}, nil
}
