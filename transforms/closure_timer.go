package transforms

import (
	"fmt"
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
)

// judgeLeftRunning judges a one-shot that some function drops, within one that returns
// an object with a teardown: what it does when it fires, it does to what has ended. It
// says nothing (false) of what is soon over, or leaves the variables around alone.
func (s *scan) judgeLeftRunning(o *Obligation, fn syntax.Node) bool {
	if o.Handle.Place != Discarded || !o.Handle.Value.Parent().Is("expression_statement") || !slices.Contains(o.Acquire.From, "global") ||
		answers(o.Call) || onlyEnds(o.Call.Field("arguments").Child(0)) || s.unreferenced(o) {
		return false
	}
	for home := fn; home.OK(); home = home.Function() {
		owner := s.closureOwner(home)
		if !owner.OK() || owner.IsFunction() {
			continue
		}
		in := s.instance(owner)
		if o.Call.Within(in.teardown.own) || in.teardown.own.Function() != home {
			return false
		}
		r := s.runsOf(in, true, s.callbackOf(in, o)...)
		if !slices.ContainsFunc(r.code, func(body syntax.Node) bool { return changesAround(body, home) }) {
			return false
		}
		if s.isBrief(o) && !slices.ContainsFunc(r.code, beginsLocally) {
			return false
		}
		o.Handle.Of = owner
		o.Owner = ownerOf(owner, o.Handle)
		s.unmet(o, NeverReleased, []ExitPlace{{nameNode(in.teardown.own), in.teardown.name + "() leaves it"}})
		o.gist, o.Form = home, formLeftRunning{}
		return true
	}
	return false
}

// changesAround reports whether some code gives a value to a variable of the function
// home.
func changesAround(code, home syntax.Node) bool {
	for n := range code.Descendants() {
		if sym := n.Symbol(); n.Is("identifier") && sym != nil && sym.Kind == syntax.Variable && sym.Decl.Function() == home && syntax.IsWrite(n) {
			return true
		}
	}
	return false
}

// beginsLocally reports whether some code calls a local function whose name says that it
// begins something.
func beginsLocally(code syntax.Node) bool {
	for n := range code.Descendants() {
		callee := n.Field("function").Inner(false)
		if words := wordsOf(callee.Text()); n.Is("call_expression") && callee.Is("identifier") && callee.Symbol() != nil && len(words) > 0 && beginners[words[0]] {
			return true
		}
	}
	return false
}

// formLeftRunning keeps a dropped one-shot in a variable of the function around, and
// releases it in the teardown of what that returns.
type formLeftRunning struct{}

func (formLeftRunning) Name() string { return "closure" }

func (formLeftRunning) fix(s *scan, p *Plan) (*Fix, *Refusal) {
	home, t, st := p.Obligations[0].gist.(syntax.Node), s.instance(p.Owner.Node).teardown, styleOf(s.f)
	body := home.Field("body")
	if !body.Is("statement_block") || !t.own.Field("body").Is("statement_block") {
		return nil, refuse(TooEntangled, "there is no place for a variable that %s() could see", t.name)
	}
	first := t.own
	for _, o := range p.Obligations {
		if o.Handle.Value != chain(o.Call) {
			return nil, refuse(TooEntangled, "the handle is made where no name can be given to it")
		}
		if o.Call.Start() < first.Start() {
			first = o.Call
		}
	}
	for first.Parent() != body {
		first = first.Parent()
	}
	if at := insertionPoint(first); strings.TrimSpace(string(s.f.Src()[s.f.LineStart(at):at])) != "" {
		return nil, refuse(TooEntangled, "it shares its line with other code")
	}
	fix, taken := &Fix{Plan: p}, map[string]bool{}
	var declared, released []string
	for _, o := range p.Obligations {
		used := nameTaken(home)
		name := freshName(o.Kind.Noun, func(n string) bool { return used(n) || taken[n] })
		taken[name] = true
		release, no := s.writeRelease(o, name)
		if no != nil {
			return nil, no
		}
		declare := "let " + name
		if st.ts {
			declare += ": ReturnType<typeof " + o.Acquire.Pattern.Anchor + "> | undefined"
		}
		declared, released = append(declared, declare+";"), append(released, release)
		fix.Edits = append(fix.Edits, patch.Edit{Start: o.Handle.Value.Start(), End: o.Handle.Value.Start(), New: name + " = "})
	}
	noun := p.Obligations[0].Kind.Noun
	fix.Edits = append(fix.Edits, st.before(first, declared...))
	fix.Edits = append(fix.Edits, st.beginWith(t.own, released...)...)
	fix.Message = fmt.Sprintf("Release the %s in %s()", noun, t.name)
	fix.Notes = []Note{
		{Unsafe, fmt.Sprintf("a pending %s is cancelled when %s() is called: does anything rely on its callback running all the same?", noun, t.name)},
		{Unsafe, fmt.Sprintf("where it is armed again before it has fired, only the last %s is cancelled: can that happen?", noun)},
	}
	return fix, nil
}
