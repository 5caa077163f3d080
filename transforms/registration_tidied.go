package transforms

import (
	"fmt"
	"slices"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// A function registers several listeners and makes another function that takes them away
// together. One more listener does nothing but call that one, and is not among what it
// takes away: where it is called by others first, that listener stays.
//
//	const tidy = () => { socket.off('data', onData); socket.off('end', onEnd); };
//	socket.on('data', onData);
//	socket.on('end', onEnd);
//	connection.once('error', () => tidy());

// judgeUntidied judges a registration whose function tidies up others. It says nothing
// (false) of all else.
func (s *scan) judgeUntidied(o *Obligation, home syntax.Node) bool {
	event, _ := o.event().Inner(false).StringValue()
	if comesAtLast[event] || !s.emits(o) || !s.steadyTarget(o) || s.madeWithin(o.target(), home) || home.IsConstructor() || o.Acquire.Pattern.Anchor == "addEventListener" && o.firesOnce() {
		return false
	}
	tidy := s.tidierOf(o, home)
	if !tidy.OK() || tidy.Function() != home {
		return false
	}
	class, _ := s.ownerAt(o.Call)
	code := home.Descendants()
	if class.OK() {
		code = codeOf(class)
	}
	if slices.ContainsFunc(s.removals(o, code), func(r removal) bool { return r.f != different && r.target != different && r.event != different }) {
		return false
	}
	var others []*Obligation
	for _, x := range s.found {
		if x == o || !x.Kind.Registers() || x.Call.Function() != o.Call.Function() || !slices.ContainsFunc(s.removals(x, tidy.Descendants()), removal.works) {
			continue
		}
		if s.sameTarget(x, o.target()) == same {
			return false // whoever wrote it took of that one what was to be taken
		}
		others = append(others, x)
	}
	if len(others) < 2 || !slices.ContainsFunc(others, func(x *Obligation) bool { return rootOf(x.target()).Symbol() == rootOf(o.target()).Symbol() }) {
		return false
	}
	o.Owner = Owner{OwnerBlock, nameOf(home), home}
	o.Evidence = append(o.Evidence, fmt.Sprintf("line %d takes away the others that are registered beside it", lineOfNode(tidy)))
	s.unmet(o, NeverReleased, []ExitPlace{{tidy, "the others are taken away here"}})
	o.gist, o.Form = tidy, formTidied{}
	return true
}

// tidierOf is the function that the one which is registered is, or does nothing but
// call: one that is made by the function around, and kept in a constant or a field.
func (s *scan) tidierOf(o *Obligation, home syntax.Node) syntax.Node {
	n := o.handler().Inner(false)
	if n.IsFunction() {
		body := n.Field("body")
		if body.Is("statement_block") {
			if body.Len() != 1 || !body.Child(0).Is("expression_statement") {
				return syntax.Node{}
			}
			body = body.Child(0).Child(0)
		}
		if body = body.Inner(true); !body.Is("call_expression") {
			return syntax.Node{}
		}
		n = body.Field("function").Inner(false)
	}
	var made []syntax.Node
	if field, own := n.ThisField(); own {
		class, _ := n.FieldOwner()
		if !class.OK() || class.File() != s.f {
			return syntax.Node{}
		}
		for _, v := range valuesIn(s.refsIn(class)[field]) {
			if v = v.Inner(false); !isNothing(v) && !(v.IsFunction() && v.Field("body").Is("statement_block") && v.Field("body").Len() == 0) {
				made = append(made, v)
			}
		}
	} else if sym := n.Symbol(); n.Is("identifier") && sym != nil {
		if sym.Kind == syntax.Function {
			return sym.Decl
		}
		made = append(made, sym.Init().Inner(false))
	}
	if len(made) != 1 || !made[0].IsFunction() {
		return syntax.Node{}
	}
	return made[0]
}

// formTidied takes a registration away where those beside it are.
type formTidied struct{}

func (formTidied) Name() string { return formSibling{}.Name() }

func (formTidied) fix(s *scan, p *Plan) (*Fix, *Refusal) {
	o := p.Obligations[0]
	tidy := o.gist.(syntax.Node)
	stmt := o.Handle.Value.Statement()
	if !tidy.Field("body").Is("statement_block") || !stmt.Is("expression_statement") || stmt.Parent() != p.Owner.Node.Field("body") {
		return nil, refuse(TooEntangled, "there is no place for another removal beside the others")
	}
	name, edits, no := s.hoistHandler(o)
	if no != nil {
		return nil, no
	}
	for _, sym := range []*syntax.Symbol{rootOf(o.target()).Symbol(), o.handler().Inner(false).Symbol()} {
		if sym != nil && shadowed(tidy.Field("body"), p.Owner.Node, sym.Name, sym) {
			return nil, refuse(TooEntangled, "%s is something else in line %d", sym.Name, lineOfNode(tidy))
		}
	}
	code := s.writeRemoval(o, o.targetText(), name, syntax.Node{})
	return &Fix{
		Plan: p, Edits: append(edits, styleOf(s.f).beginWith(tidy, code)...),
		Message: fmt.Sprintf("Take the %s of %s away with the others", o.Kind.Noun, p.Owner.Name),
		Notes:   []Note{{Unsafe, fmt.Sprintf("what is in line %d was never taken away: does anything rely on it still being there?", lineOfNode(o.Call))}},
	}, nil
}
