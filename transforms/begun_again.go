package transforms

import (
	"fmt"
	"slices"

	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
)

// A function that registers something begins anew where it finds that there is more to do,
// and takes away what it registered only where there is not: each pass leaves one.
//
//	const pass = () => {
//		client.once('close', stop);
//		store.on('end', () => {
//			if (left > 0) return pass();
//			client.removeListener('close', stop);
//		});
//	};

// judgeBegunAgain judges a registration of such a function. It says nothing (false) of all
// else.
func (s *scan) judgeBegunAgain(o *Obligation, home syntax.Node, here []removal) bool {
	name := functionName(home)
	handler := o.handler().Inner(false)
	if name == nil || !home.IsFunction() || s.madeWithin(o.target(), home) || handler.IsFunction() || !handler.Is("identifier") {
		return false
	}
	for _, ref := range name.Refs {
		call := ref.Outer().Parent()
		in := call.Function()
		if call.Field("function") != ref.Outer() || !in.Within(home) || in == home || !call.Parent().Is("expression_statement", "return_statement") {
			continue
		}
		g := s.graph(in)
		stops := map[int]bool{}
		for _, r := range here {
			if r.works() && homeOf(r.call) == in {
				for _, p := range s.points(g, in, r.call) {
					stops[p] = true
				}
			}
		}
		if len(stops) == 0 || !slices.ContainsFunc(s.points(g, in, call), func(p int) bool {
			return g.Reaches([]int{syntax.Entry}, p, func(q int) bool { return stops[q] }, func(e syntax.Edge) bool { return !e.Throw })
		}) {
			continue
		}
		for _, r := range here {
			if r.works() {
				o.releases = append(o.releases, r.call)
			}
		}
		o.Owner = Owner{OwnerBlock, nameOf(home), home}
		o.Evidence = append(o.Evidence, "it is taken away where "+name.Name+"() does not begin again")
		s.unmet(o, MissingPath, []ExitPlace{{call, name.Name + "() begins again"}})
		o.gist, o.Form = call, formBegunAgain{}
		return true
	}
	return false
}

// formBegunAgain takes a registration away before the function that makes it begins again.
type formBegunAgain struct{}

func (formBegunAgain) Name() string { return formBlock{}.Name() }

func (formBegunAgain) fix(s *scan, p *Plan) (*Fix, *Refusal) {
	o := p.Obligations[0]
	call := o.gist.(syntax.Node)
	stmt, handler := call.Statement(), o.handler().Inner(false)
	if !inBlock(stmt) || handler.Symbol() == nil || !handler.Symbol().Visible(call) {
		return nil, refuse(TooEntangled, "there is no place before the call of line %d", lineOfNode(call))
	}
	for _, sym := range []*syntax.Symbol{handler.Symbol(), rootOf(o.target()).Symbol()} {
		if sym != nil && shadowed(call, p.Owner.Node, sym.Name, sym) {
			return nil, refuse(TooEntangled, "%s is something else in line %d", sym.Name, lineOfNode(call))
		}
	}
	if rootOf(o.target()).Is("this") && thisScope(o.Call) != thisScope(call) {
		return nil, refuse(TooEntangled, "this is another one in line %d", lineOfNode(call))
	}
	st := styleOf(s.f)
	code := s.writeRemoval(o, o.targetText(), handler.Text(), syntax.Node{})
	return &Fix{
		Plan: p, Edits: []patch.Edit{st.before(stmt, st.fit(code+";"))},
		Message: fmt.Sprintf("Take the %s of %s away before it begins again", o.Kind.Noun, p.Owner.Name),
		Notes:   []Note{{Unsafe, fmt.Sprintf("does anything rely on the %s between the two passes?", o.Kind.Noun)}},
	}, nil
}
