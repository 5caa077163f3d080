package transforms

import (
	"fmt"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
)

// A function that makes something that tells when it is gone, as a window does, and runs
// several times, may register for it with what outlives it:
//
//	const window = new BrowserWindow();
//	nativeTheme.on('updated', () => window.setBackgroundColor(color()));
//
// Each that was made leaves its listener, which acts on what is gone.

// madeHere is what a function has made, and registers for.
type madeHere struct {
	home  syntax.Node
	sym   *syntax.Symbol
	event string // by which it tells that it is gone
}

// judgeMadeHere judges a registration for something that the function around it has made.
// It says nothing (false) where that does not show.
func (s *scan) judgeMadeHere(o *Obligation) bool {
	key := s.placeKey(o.target(), 6)
	fn := o.handlerFunction()
	if o.firesOnce() || !s.steadyTarget(o) || !strings.HasPrefix(key, "module ") || !s.emits(o) || s.isOfProcess(o) || !fn.OK() {
		return false
	}
	home := homeOf(o.Call)
	if !home.OK() || !fn.Within(home) || fn == home || s.once(o.Call, onceHops) || s.runsOnce(home) || s.guardedIn(o, home) || !s.before(o.target(), home) {
		return false
	}
	for n := range fn.Descendants() {
		sym := n.Symbol()
		if !n.Is("identifier") || sym == nil {
			continue
		}
		made := s.madeIntoBy(sym, o.Call, home)
		event := closesBy(made)
		if event == "" || s.endsProgram(made) {
			continue
		}
		o.Owner = Owner{OwnerBlock, nameOf(home), home}
		o.Evidence = append(o.Evidence, sym.Name+" is made anew by each call")
		s.unmet(o, NeverReleased, []ExitPlace{{sym.Node, "it is gone after '" + event + "'"}})
		o.gist, o.Form = madeHere{home, sym, event}, formMadeHere{}
		return true
	}
	return false
}

// madeIntoBy is what a function gives a variable as its value, in a statement of its own
// before a call; the zero Node for nothing.
func (s *scan) madeIntoBy(sym *syntax.Symbol, call, home syntax.Node) syntax.Node {
	if sym.Constant() && sym.Decl.Function() == home {
		return sym.Init()
	}
	if s.f.TopLevel(sym.Name) != sym || sym.Kind != syntax.Variable {
		return syntax.Node{}
	}
	for _, r := range sym.Refs {
		p := r.Outer().Parent()
		stmt := p.Parent()
		if p.Is("assignment_expression") && p.Field("left").Inner(false) == r && stmt.Is("expression_statement") && stmt.Parent() == home.Field("body") && stmt.End() <= call.Start() {
			return p.Field("right")
		}
	}
	return syntax.Node{}
}

// formMadeHere takes a registration away when that is gone for which it was made.
type formMadeHere struct{}

func (formMadeHere) Name() string { return formBlock{}.Name() }

func (formMadeHere) fix(s *scan, p *Plan) (*Fix, *Refusal) {
	o := p.Obligations[0]
	m := o.gist.(madeHere)
	stmt := o.Handle.Value.Statement()
	if !stmt.Is("expression_statement") || !inBlock(stmt) || stmt.Child(0) != o.Call || o.Call.Function() != m.home {
		return nil, refuse(TooEntangled, "there is no place beside the registration")
	}
	if ev := o.event(); !steady(s.f, ev) {
		return nil, refuse(TooEntangled, "the event is computed")
	}
	st := styleOf(s.f)
	f := &Fix{Plan: p, Message: fmt.Sprintf("Take the %s away when %s is gone", o.Kind.Noun, m.sym.Name)}
	handler := o.handler().Text()
	if n := o.handler().Inner(false); n.IsFunction() {
		if x := s.owedWithin(n, nil); x != nil {
			return nil, refuse(TooEntangled, "the function that is registered owes something itself, in line %d", lineOfNode(x.At))
		}
		var edits []patch.Edit
		var no *Refusal
		handler = freshName(handlerName(o), nameTaken(m.home))
		if edits, no = s.hoist(o, stmt, handler); no != nil {
			return nil, no
		}
		f.Edits = append(f.Edits, edits...)
	} else if sym := n.Symbol(); !n.Is("identifier") || !sym.Constant() && sym.Kind != syntax.Function {
		return nil, refuse(TooEntangled, "the function that is registered is made in a way that cannot be seen")
	}
	code := fmt.Sprintf("%s.once(%s, () => %s);", m.sym.Name, st.quote+m.event+st.quote, s.writeRemoval(o, o.target().Text(), handler, syntax.Node{}))
	f.Edits = append(f.Edits, st.after(stmt, st.fit(code)))
	f.Notes = append(f.Notes, Note{Unsafe, fmt.Sprintf("does anything rely on the %s being heard after '%s' of %s?", o.Kind.Noun, m.event, m.sym.Name)})
	return f, nil
}
