package transforms

import (
	"fmt"
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
)

// formSetup releases what a setup acquires in a function that it hands to the framework
// for the end: one that is there, else a new one behind the last acquisition.
type formSetup struct{}

func (formSetup) Name() string { return "setup" }

// setupEdit collects what is to be added to one setup.
type setupEdit struct {
	s     *scan
	c     *setup
	st    style
	names map[string]bool
	edits []patch.Edit
	notes []Note
	outer []string              // releases that all of the setup can name
	after syntax.Node           // the last statement that acquires one of those
	inner map[int32][]string    // releases that only a function can name, by the statement behind which they stand
	stmts map[int32]syntax.Node // those statements
}

func (formSetup) fix(s *scan, p *Plan) (*Fix, *Refusal) {
	c := p.Obligations[0].gist.(*setupDebt).setup
	e := &setupEdit{s: s, c: c, st: styleOf(s.f), names: map[string]bool{}, inner: map[int32][]string{}, stmts: map[int32]syntax.Node{}}
	var mended []*Obligation
	var no *Refusal
	for _, o := range p.Obligations {
		edits, notes := len(e.edits), len(e.notes)
		if why := e.add(o); why != nil {
			o.Refusal, no = why, why
			e.edits, e.notes = e.edits[:edits], e.notes[:notes]
			continue
		}
		mended = append(mended, o)
	}
	if len(mended) == 0 {
		return nil, no
	}
	if why := e.finish(); why != nil {
		return nil, why
	}
	what := plural(mended[0].Kind.Noun)
	if len(mended) == 1 {
		what = "the " + mended[0].Kind.Noun
	}
	for _, o := range mended {
		if o.Kind.Noun != mended[0].Kind.Noun {
			what = "what it acquires"
		}
	}
	return &Fix{Plan: p.only(mended...), Edits: e.edits, Notes: e.notes, Message: fmt.Sprintf("Release %s of %s when the component ends", what, p.Owner.Name)}, nil
}

// add makes sure that what one obligation needs has a name, and writes its release.
func (e *setupEdit) add(o *Obligation) *Refusal {
	d := o.gist.(*setupDebt)
	always := d.times == directly && o.Handle.Value.Statement().Parent() == e.c.body // on a server, too
	if e.c.host == svelteSetup && !always && (o.Kind.Registers() || d.times == atBegin) {
		return refuse(TooEntangled, "onDestroy() runs on a server, too, where what it would release is not there")
	}
	if o.Kind.Registers() {
		return e.addRegistration(o, d)
	}
	if loop := e.s.loopOf(o); loop.OK() && o.Kind.OneShot && (d.sym == nil && !d.place.OK() || waits(o, loop)) {
		return refuse(TooEntangled, "each round has a handle of its own, and one that is under way asks for the next")
	}
	if d.kept {
		e.note(fmt.Sprintf("a pending %s is cancelled when the component goes: does anything rely on its callback running all the same?", o.Kind.Noun))
	}
	switch {
	case d.place.OK():
		if o.Kind.Copied && severalIn(d.place) {
			return refuse(Borrowed, "%s may also hold another, which must not be released here", d.place.Text())
		}
		return e.release(o, d, d.place.Text(), true, true)
	case d.sym != nil && e.c.holds(d.sym):
		if d.sym.Scope().OK() && d.sym.Kind == syntax.Parameter {
			return refuse(TooEntangled, "%s was given", d.sym.Name)
		}
		if severalValues(d.sym) {
			return refuse(Borrowed, "%s may also hold another, which must not be released here", d.sym.Name)
		}
		return e.release(o, d, d.sym.Name, !d.sym.Constant(), true)
	case d.sym != nil:
		if !d.sym.Constant() || d.sym.Decl.Function() != d.fn || d.times != atBegin {
			return refuse(TooEntangled, "%s can only be seen in a function that may run several times", d.sym.Name)
		}
		return e.release(o, d, d.sym.Name, false, false)
	}
	stmt := o.Handle.Value.Parent()
	if d.times == later {
		return refuse(TooEntangled, "it is acquired by a function that may run several times, which has no place for several")
	}
	if stmt.Is("unary_expression") {
		stmt = stmt.Parent()
	}
	name := e.fresh(o.Kind.Noun)
	if made := madeOnTheSpot(o); made.OK() {
		if d.times == directly && stmt.Parent() != e.c.body {
			return refuse(TooEntangled, "the %s is made where no name can be given to it that all of the setup sees", o.Kind.Noun)
		}
		e.edits = append(e.edits, e.st.named(o, made, name)...)
		return e.release(o, d, name, false, d.times == directly)
	}
	if arrow := o.Handle.Value.Parent(); arrow.Is("arrow_function") { // onMounted(() => setInterval(..))
		return e.hoisted(o, d, name)
	}
	if !stmt.Is("expression_statement") || !inBlock(stmt) || o.Handle.Value != chain(o.Call) {
		return refuse(TooEntangled, "the handle is made where no name can be given to it")
	}
	if d.times == atBegin && e.waitsBefore(o, d) || d.times == directly && stmt.Parent() != e.c.body {
		return e.hoisted(o, d, name)
	}
	e.edits = append(e.edits, patch.Edit{Start: stmt.Start(), End: o.Handle.Value.Start(), New: "const " + name + " = "})
	return e.release(o, d, name, false, d.times == directly)
}

// severalIn is severalValues for a ref of Vue.
func severalIn(place syntax.Node) bool {
	sym := place.Field("object").Inner(false).Symbol()
	sources := map[string]bool{}
	note := func(value syntax.Node) {
		if value = value.Inner(true); value.OK() && !isEmpty(value) {
			sources[calleeOrText(value)] = true
		}
	}
	note(sym.Init().Inner(false).Field("arguments").Child(0))
	for _, r := range sym.Refs {
		if m := r.Outer().Parent(); squeeze(m) == squeeze(place) && m.Parent().Field("left") == m {
			note(m.Parent().Field("right"))
		}
	}
	return len(sources) > 1
}

// hoisted declares a variable for a handle before the statement of the setup that
// acquires it.
func (e *setupEdit) hoisted(o *Obligation, d *setupDebt, name string) *Refusal {
	stmt := e.c.statement(o.Call)
	if at := insertionPoint(stmt); strings.TrimSpace(string(e.s.f.Src()[e.s.f.LineStart(at):at])) != "" || e.names["hoisted before"] {
		return refuse(TooEntangled, "there is no place for a variable before it")
	}
	e.names["hoisted before"] = true
	declare := "let " + name
	if e.st.ts {
		declare += ": ReturnType<typeof " + o.Acquire.Pattern.Anchor + "> | undefined"
		if o.Call.Is("new_expression") || !slices.Contains(o.Acquire.From, "global") {
			return refuse(TooEntangled, "the handle is made where no name can be given to it")
		}
	}
	e.edits = append(e.edits, e.st.before(stmt, declare+";"), patch.Edit{Start: o.Handle.Value.Start(), End: o.Handle.Value.Start(), New: name + " = "})
	if e.waitsBefore(o, d) {
		e.note("the component may have gone while it was waited for: is the " + o.Kind.Noun + " acquired all the same?")
	}
	return e.release(o, d, name, true, true)
}

func (e *setupEdit) note(text string) { e.notes = append(e.notes, Note{Unsafe, text}) }

func (e *setupEdit) fresh(base string) string {
	taken := nameTaken(e.c.root)
	name := freshName(base, func(n string) bool { return taken(n) || e.names[n] })
	e.names[name] = true
	return name
}

// waitsBefore reports whether something is waited for before an acquisition: behind that
// the framework does not know whose hook it is told.
func (e *setupEdit) waitsBefore(o *Obligation, d *setupDebt) bool {
	fn := d.fn
	if !fn.OK() {
		return false // the compiler takes care of that in a script
	}
	for n := range fn.Field("body").Own() {
		if n.Is("await_expression") && n.Start() < o.Call.Start() {
			return true
		}
	}
	return false
}

// release writes the release of what name holds; open: it may hold nothing; outer: all of
// the setup can name it.
func (e *setupEdit) release(o *Obligation, d *setupDebt, name string, open, outer bool) *Refusal {
	text, no := e.s.writeRelease(o, name)
	if no != nil {
		return no
	}
	if open {
		r, _ := e.s.chooseRelease(o)
		switch {
		case strings.Contains(text, name+"."):
			text = strings.Replace(text, name+".", name+"?.", 1)
		case r.Pattern.Rooted() && (!o.Kind.Lenient || e.st.ts && e.mayBeNull(d)):
			text = "if (" + name + ") " + text
		}
	}
	if o.Kind.Fails == Rejects && !strings.HasPrefix(text, "if ") {
		text = e.st.dropped(text)
	}
	if no := e.anew(o, d, text); no != nil {
		return no
	}
	return e.put(o, d, text, outer)
}

// mayBeNull reports whether a variable, or a ref, is given null, which the functions that
// clear timers do not take.
func (e *setupEdit) mayBeNull(d *setupDebt) bool {
	sym := d.sym
	if d.place.OK() {
		sym = d.place.Field("object").Inner(false).Symbol()
	}
	return strings.Contains(sym.Decl.Text(), "null")
}

func (e *setupEdit) put(o *Obligation, d *setupDebt, text string, outer bool) *Refusal {
	if outer {
		if stmt := e.c.statement(o.Call); !e.after.OK() || stmt.Start() > e.after.Start() {
			e.after = stmt
		}
		if !slices.Contains(e.outer, text) {
			e.outer = append(e.outer, text)
		}
		return nil
	}
	stmt := o.Handle.Value.Statement()
	if !inBlock(stmt) || e.waitsBefore(o, d) {
		return refuse(TooEntangled, "behind what is waited for, nobody could be told of the end")
	}
	e.behind(stmt, text)
	return nil
}

// behind puts a release behind a statement that only a function can see.
func (e *setupEdit) behind(stmt syntax.Node, text string) {
	e.stmts[stmt.ID()] = stmt
	if !slices.Contains(e.inner[stmt.ID()], text) {
		e.inner[stmt.ID()] = append(e.inner[stmt.ID()], text)
	}
}

func (e *setupEdit) addRegistration(o *Obligation, d *setupDebt) *Refusal {
	if ev := o.event().Inner(false); ev.OK() && !steady(e.s.f, ev) {
		return refuse(TooEntangled, "the event is computed")
	}
	root := rootOf(o.target()).Symbol()
	wide := root == nil || e.c.holds(root)
	if root != nil && root.Kind == syntax.Variable && !root.Constant() {
		return refuse(TooEntangled, "%s may be something else by then", root.Name)
	}
	n := o.handler().Inner(false)
	handler := o.handler().Text()
	switch sym := rootOf(n).Symbol(); {
	case !o.Kind.ByFunction():
	case n.IsFunction() || isBind(n):
		stmt := o.Handle.Value.Statement()
		if d.times == later {
			return refuse(TooEntangled, "it is registered anew by a function that may run several times")
		}
		if !stmt.Is("expression_statement") || !inBlock(stmt) {
			return refuse(TooEntangled, "there is no place for the function before the registration")
		}
		if x := e.s.owedWithin(n, nil); x != nil {
			return refuse(TooEntangled, "the function that is registered owes something itself, in line %d", lineOfNode(x.At))
		}
		handler = e.fresh(handlerName(o))
		edits, no := e.s.hoist(o, stmt, handler)
		if no != nil {
			return no
		}
		e.edits = append(e.edits, edits...)
		wide = wide && stmt.Parent() == e.c.body
	case n.Is("identifier") && sym != nil:
		if sym.Kind == syntax.Variable && !sym.Constant() {
			return refuse(TooEntangled, "%s may be another function by then", sym.Name)
		}
		wide = wide && e.c.holds(sym)
	default:
		return refuse(TooEntangled, "the function that is registered is made in a way that cannot be seen")
	}
	if !wide && d.times == later {
		return e.putBeside(o, d, root, e.s.writeRemoval(o, o.targetText(), handler, syntax.Node{}))
	}
	if wide {
		e.addGesture(o, d)
	}
	return e.put(o, d, e.s.writeRemoval(o, o.targetText(), handler, syntax.Node{}), wide)
}

// finish writes the functions for the end.
func (e *setupEdit) finish() *Refusal {
	slices.Reverse(e.outer)
	if len(e.outer) > 0 {
		if fn := e.existing(); fn.OK() {
			e.edits = append(e.edits, e.st.beginWith(fn, e.outer...)...)
		} else {
			name, no := e.registrar()
			if no != nil {
				return no
			}
			if e.c.where == nil && e.waitsInSetup(e.after) {
				return refuse(TooEntangled, "behind what is waited for, nobody could be told of the end")
			}
			gap := ""
			if e.after.Is("function_declaration") {
				gap = "\n"
			}
			e.edits = append(e.edits, e.st.after(e.after, gap+name+"("+endText(e.outer)+");"))
		}
	}
	for id, releases := range e.inner {
		name, no := e.registrar()
		if no != nil {
			return no
		}
		slices.Reverse(releases)
		e.edits = append(e.edits, e.st.after(e.stmts[id], name+"("+endText(releases)+");"))
	}
	return nil
}

func (e *setupEdit) waitsInSetup(stmt syntax.Node) bool {
	for n := range e.c.body.Own() {
		if n.Is("await_expression") && n.Start() < stmt.Start() {
			return true
		}
	}
	return false
}

// existing is a function for the end that can be completed.
func (e *setupEdit) existing() syntax.Node {
	for _, x := range e.c.ends {
		ours := e.c.isCallOf(x.call, e.c.host.ends[:min(written, len(e.c.host.ends))])
		if ours && x.fn.OK() && x.call.Parent().Parent() == e.c.body && !x.fn.IsAsync() && x.fn.Field("body").Is("statement_block") {
			return x.fn
		}
	}
	return syntax.Node{}
}

// endText is a function that does all of that.
func endText(releases []string) string {
	if len(releases) == 1 && !strings.HasPrefix(releases[0], "if ") {
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
