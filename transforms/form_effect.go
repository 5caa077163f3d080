package transforms

import (
	"fmt"
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
)

// formEffect releases what an effect acquired when the host ends it: by the function that
// the effect returns, or by one that it registers.
type formEffect struct{}

func (formEffect) Name() string { return "effect" }

// effectEdit collects what is to be added to one effect.
type effectEdit struct {
	s     *scan
	e     *span
	st    style
	used  func(string) bool
	names map[string]bool // that were given already
	edits []patch.Edit
	notes []Note
	first map[int32]string // what is put before a statement, by its ID
	stmts map[int32]syntax.Node
	loops map[int32]string // the variable of each loop
	flag  string           // the variable that says that the effect has ended

	controller string // of the signal that requests are given
	controlled bool   // it is declared

	useRef   string                  // how a component calls that
	declared []string                // what a component needs beside its effect
	sets     map[string]string       // by noun: the set, in a ref, of what handlers make
	kept     map[*syntax.Symbol]bool // the variables of handlers whose values are put there
}

// owed is how one obligation is released, and where that can be written.
type owed struct {
	o       *Obligation
	release string
	within  syntax.Node // the block whose end, or a return in which, sees what the release names
	flag    string      // the variable that is set to true before all else
}

// hasValue reports whether the release may return something, which the type of an effect
// does not allow its end to return.
func (x owed) hasValue() bool {
	return !strings.HasPrefix(x.release, "void ") && !x.o.Kind.Quiet && !x.o.isCallable() && (x.o.Kind.Fails == Rejects || !slices.Contains(x.o.Acquire.From, "global"))
}

func (formEffect) fix(s *scan, p *Plan) (*Fix, *Refusal) {
	e := p.Obligations[0].gist.(*hosting).span
	w := &effectEdit{s: s, e: e, st: styleOf(s.f), names: map[string]bool{}, first: map[int32]string{}, stmts: map[int32]syntax.Node{}}
	around := e.fn
	if e.within.OK() {
		around = e.within
	}
	w.used = nameTaken(around)
	if e.fn.IsAsync() || e.fn.IsGenerator() {
		return nil, refuse(TooEntangled, "the effect is async: what it returns is a promise, which %s does not wait for", calleeText(e.call))
	}
	var list []owed
	var mended []*Obligation
	var no *Refusal
	for _, o := range p.Obligations {
		made, why := w.release(o)
		if why != nil {
			o.Refusal, no = why, why
			continue
		}
		list, mended = append(list, made), append(mended, o)
	}
	if len(mended) == 0 {
		return nil, no
	}
	if why := w.place(list); why != nil {
		for _, o := range p.Obligations {
			if o.Refusal == nil {
				o.Refusal = why
			}
		}
		return nil, why
	}
	w.finish()
	nouns := mended[0].Kind.Noun
	if len(mended) > 1 {
		nouns = "what it acquires"
	} else {
		nouns = "the " + nouns
	}
	return &Fix{
		Plan: p.only(mended...), Edits: w.edits, Notes: w.notes,
		Message: fmt.Sprintf("Release %s when the effect of %s ends", nouns, p.Owner.Name),
	}, nil
}

// finish puts what is to stand before statements there, before all else that begins at the
// same place.
func (w *effectEdit) finish() {
	for id, text := range w.first {
		edit := w.st.before(w.stmts[id], strings.Split(text, "\n")...)
		i := slices.IndexFunc(w.edits, func(e patch.Edit) bool { return e.Start == edit.Start })
		if i < 0 {
			w.edits = append(w.edits, edit)
		} else {
			w.edits[i].New = edit.New + w.edits[i].New
		}
	}
}

// put puts a line of code before a statement.
func (w *effectEdit) put(stmt syntax.Node, line string) {
	if w.first[stmt.ID()] != "" {
		line = w.first[stmt.ID()] + "\n" + line
	}
	w.first[stmt.ID()], w.stmts[stmt.ID()] = line, stmt
}

func (w *effectEdit) note(limit Applicability, text string) {
	w.notes = append(w.notes, Note{limit, text})
}

// release makes sure that what an obligation needs has a name, and writes its release.
func (w *effectEdit) release(o *Obligation) (owed, *Refusal) {
	g := o.gist.(*hosting)
	if onceBehind(o, w.e) {
		return owed{}, refuse(TooEntangled, "the effect acquires it once only, by a flag that it sets: released, it would not be acquired again")
	}
	if o.Kind.Signal != "" {
		return w.abort(o)
	}
	if g.late {
		return w.lateRelease(o)
	}
	if o.Call.Function() != w.e.fn && !g.loop.OK() {
		return owed{}, refuse(TooEntangled, "it is acquired by a function that runs later, perhaps several times")
	}
	if w.inLoop(o.Call) {
		return owed{}, refuse(TooEntangled, "it is acquired in a loop, several at a time")
	}
	w.doubts(o, g)
	if o.Kind.Registers() {
		return w.removal(o)
	}
	if g.loop.OK() {
		return w.loopRelease(o, g)
	}
	name, block, no := w.handle(o)
	if no != nil {
		return owed{}, no
	}
	text, no := w.s.writeRelease(o, name)
	if no != nil {
		return owed{}, no
	}
	if o.Kind.Fails == Rejects {
		text = w.st.dropped(text)
	}
	if strings.HasSuffix(name, ".current") || !o.Kind.Lenient && mayBeEmpty(o.Handle.Symbol, w.e.fn) {
		if asked := strings.Replace(text, name+".", name+"?.", 1); asked != text {
			text = asked
		} else {
			text = "if (" + name + ") " + text
		}
	}
	return owed{o: o, release: text, within: block}, nil
}

// mayBeEmpty reports whether a variable is declared without a value, and an effect fills it on
// some of its ways only: at its end nothing may be there.
func mayBeEmpty(sym *syntax.Symbol, effect syntax.Node) bool {
	if sym == nil || sym.Kind != syntax.Variable || sym.Constant() || !isNothing(sym.Init().Inner(true)) && sym.Init().OK() {
		return false
	}
	for _, ref := range sym.Refs {
		if syntax.IsWrite(ref) && ref.Statement().Parent() == effect.Field("body") {
			return false
		}
	}
	return true
}

// inLoop reports whether n stands in a loop of the effect.
func (w *effectEdit) inLoop(n syntax.Node) bool {
	in := n.Ancestor("for_statement", "for_in_statement", "while_statement", "do_statement")
	return in.OK() && in.Within(w.e.fn)
}

// childOfBlock is the statement of a block in which n stands.
func childOfBlock(block, n syntax.Node) syntax.Node {
	for n.Parent() != block {
		n = n.Parent()
	}
	return n
}

// doubts notes what changes beside the release.
func (w *effectEdit) doubts(o *Obligation, g *hosting) {
	again, by := w.e.runsAnew()
	switch {
	case o.Kind.OneShot && !g.loop.OK():
		text := fmt.Sprintf("a pending %s is cancelled when the component goes: does anything rely on its callback running all the same?", o.Kind.Noun)
		if again {
			text = fmt.Sprintf("a pending %s is cancelled when %s: does anything rely on its callback running all the same?", o.Kind.Noun, by)
		}
		w.note(Unsafe, text)
	case again && o.Kind.Family == Timers:
		w.note(Unsafe, fmt.Sprintf("the %s begins anew whenever %s: is that seldom enough for it to fire?", o.Kind.Noun, by))
	case again && o.Kind.Family == Resources:
		w.note(Unsafe, fmt.Sprintf("the %s is made anew whenever %s: is that meant?", o.Kind.Noun, by))
	}
}

// handle gives a name to a handle that has none, and says in which block it can be read.
func (w *effectEdit) handle(o *Obligation) (string, syntax.Node, *Refusal) {
	if place := w.s.keptPlace(o); place.OK() {
		return place.Text(), w.e.fn.Field("body"), nil
	}
	if sym := o.Handle.Symbol; sym != nil {
		if sym.Decl.Function() != w.e.fn && !w.isItsOwn(o, sym) {
			return "", syntax.Node{}, refuse(TooEntangled, "%s stands outside of the effect, and may hold another by the time that this one ends", sym.Name)
		}
		if !sym.Constant() && severalValues(sym) {
			return "", syntax.Node{}, refuse(Borrowed, "%s may also hold another, which must not be released here", sym.Name)
		}
		if block := sym.Scope(); block.Within(w.e.fn) {
			return sym.Name, block, nil
		}
		return sym.Name, w.e.fn.Field("body"), nil
	}
	v := o.Handle.Value
	stmt := v.Parent()
	base := o.Kind.Noun
	if o.isCallable() {
		base = "unsubscribe"
	}
	name := w.fresh(base)
	if made := madeOnTheSpot(o); made.OK() {
		w.edits = append(w.edits, w.st.named(o, made, name)...)
		return name, stmt.Statement().Parent(), nil
	}
	if v.Parent() == w.e.fn || stmt.Is("return_statement") && stmt.Parent() == w.e.fn.Field("body") { // () => acquire()
		return name, v, nil
	}
	if stmt.Is("unary_expression") && stmt.Parent().Is("expression_statement") {
		stmt = stmt.Parent()
	}
	if !stmt.Is("expression_statement") || v != chain(o.Call) || !inBlock(stmt) {
		return "", syntax.Node{}, refuse(TooEntangled, "the handle is made where no name can be given to it")
	}
	if value := v; o.Bindings["HANDLE"].OK() && value != o.Call {
		return "", syntax.Node{}, refuse(TooEntangled, "the handle is made where no name can be given to it")
	}
	w.edits = append(w.edits, patch.Edit{Start: stmt.Start(), End: v.Start(), New: "const " + name + " = "})
	return name, stmt.Parent(), nil
}

// isItsOwn reports whether only the effect itself gives a variable of its component a value.
func (w *effectEdit) isItsOwn(o *Obligation, sym *syntax.Symbol) bool {
	c := w.s.setupAt(o.Call)
	if c == nil || !c.holds(sym) {
		return false
	}
	for _, ref := range sym.Refs {
		if p := ref.Outer().Parent(); syntax.IsWrite(ref) && ref.Function() != w.e.fn && !isNothing(p.Field("right").Inner(true)) {
			return false
		}
	}
	return true
}

func (w *effectEdit) fresh(base string) string {
	name := freshName(base, func(n string) bool { return w.used(n) || w.names[n] })
	w.names[name] = true
	return name
}

// severalValues: a variable is given values of different origin.
func severalValues(sym *syntax.Symbol) bool {
	sources := map[string]bool{}
	for _, ref := range sym.Refs {
		p := ref.Parent()
		if value := p.Field("right").Inner(true); p.Is("assignment_expression") && p.Field("left") == ref && !isEmpty(value) {
			sources[calleeOrText(value)] = true
		}
	}
	if init := sym.Init().Inner(true); init.OK() && !isEmpty(init) {
		sources[calleeOrText(init)] = true
	}
	return len(sources) > 1
}

// isEmpty: nothing, or a text of no characters.
func isEmpty(n syntax.Node) bool {
	text, literal := n.StringValue()
	return isNothing(n) || literal && text == ""
}

// removal names what a registration is made of, and writes how it is taken away.
func (w *effectEdit) removal(o *Obligation) (owed, *Refusal) {
	stmt := o.Handle.Value.Statement()
	block := w.e.fn.Field("body")
	target, no := w.target(o, stmt)
	if no != nil {
		return owed{}, no
	}
	if ev := o.event().Inner(false); ev.OK() && !ev.Is("string", "identifier", "template_string") && !steady(w.s.f, ev) {
		return owed{}, refuse(TooEntangled, "the event is computed")
	}
	handler := o.handler().Text()
	n := o.handler().Inner(false)
	switch {
	case !o.Kind.ByFunction():
	case n.IsFunction() || isBind(n):
		if !stmt.Is("expression_statement") || !inBlock(stmt) {
			return owed{}, refuse(TooEntangled, "there is no place for the function before the registration")
		}
		if x := w.s.owedWithin(n, nil); x != nil {
			line, _ := w.s.f.Position(x.At.Start())
			return owed{}, refuse(TooEntangled, "the function that is registered owes something itself, in line %d", line)
		}
		handler = w.fresh(handlerName(o))
		edits, no := w.s.hoist(o, stmt, handler)
		if no != nil {
			return owed{}, no
		}
		w.edits = append(w.edits, edits...)
		block = stmt.Parent()
	case isRefPlace(n):
		return owed{}, refuse(TooEntangled, "what %s holds may be another function by then", n.Text())
	case n.Is("member_expression") && w.e.host.anew == tracked && !steady(w.s.f, n):
		return owed{}, refuse(TooEntangled, "%s may be another function by then", n.Text())
	case n.Is("identifier", "member_expression"):
		if sym := rootOf(n).Symbol(); sym != nil && sym.Kind == syntax.Variable && !sym.Constant() {
			return owed{}, refuse(TooEntangled, "%s may be another function by then", sym.Name)
		}
	default:
		return owed{}, refuse(TooEntangled, "the function that is registered is made in a way that cannot be seen")
	}
	for _, part := range []syntax.Node{o.target(), n, o.event()} {
		if sym := rootOf(part).Symbol(); sym != nil && sym.Kind == syntax.Variable && sym.Decl.Function() == w.e.fn && sym.Scope().Within(block) {
			block = sym.Scope()
		}
	}
	if _, inside := strings.CutPrefix(target, "\x00"); inside { // named before the statement
		target, block = target[1:], stmt.Parent()
	}
	return owed{o: o, release: w.s.writeRemoval(o, target, handler, syntax.Node{}), within: block}, nil
}

// target writes the target of a registration for the end: what may be another by then is
// given a name before, which the text says by a zero byte.
func (w *effectEdit) target(o *Obligation, stmt syntax.Node) (string, *Refusal) {
	n := o.target().Inner(false)
	root := rootOf(n)
	sym := root.Symbol()
	switch {
	case n.Is("identifier"):
		if sym != nil && sym.Kind == syntax.Variable && !sym.Constant() && w.s.f.TopLevel(sym.Name) != sym {
			return "", refuse(TooEntangled, "%s may be something else by then", sym.Name)
		}
		return o.targetText(), nil
	case n.Is("member_expression") && !isRefPlace(n) && (sym == nil || sym.Kind != syntax.Variable || sym.Constant()) && plainPath(n):
		return o.targetText(), nil
	}
	if !stmt.Is("expression_statement") || !inBlock(stmt) || stmt.Child(0) != o.Call || o.handler().Inner(false).IsFunction() {
		return "", refuse(TooEntangled, "what it is registered with may be something else by then")
	}
	name := w.fresh("target")
	if isRefPlace(n) {
		name = w.fresh("element")
	}
	w.put(stmt, "const "+name+" = "+n.Text()+";")
	w.edits = append(w.edits, patch.Edit{Start: o.target().Start(), End: o.target().End(), New: name})
	return "\x00" + name + o.mayBeMissing(), nil
}

// plainPath reports whether an expression is a name and members of it.
func plainPath(n syntax.Node) bool {
	for n = n.Inner(false); n.Is("member_expression"); n = n.Field("object").Inner(false) {
		if n.Field("property").Text() == "current" {
			return false
		}
	}
	return n.Is("identifier")
}

// ordered are the releases in reverse order of acquisition.
func ordered(list []owed) []string {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b owed) int { return b.o.Call.Start() - a.o.Call.Start() })
	var out []string
	for _, x := range list {
		if x.flag != "" && !slices.Contains(out, x.flag+" = true") {
			out = append([]string{x.flag + " = true"}, out...)
		}
		if !slices.Contains(out, x.release) {
			out = append(out, x.release)
		}
	}
	return out
}
