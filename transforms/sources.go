package transforms

import (
	"slices"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// What one is made of, a client, a stream, may end with all that was made of it.

// settledByParent: what it was made from belongs to the same code, and its
// release settles this one, too. It returns the parent's kind.
func (s *scan) settledByParent(o *Obligation) string {
	if len(o.Kind.Within) == 0 {
		return ""
	}
	for _, parent := range sourcesOf(o.Bindings[o.Acquire.Pattern.Receiver()], maxHops) {
		for _, p := range s.found {
			if slices.Contains(o.Kind.Within, p.Kind.Name) && s.isHandleOf(o, p, parent) {
				return p.Kind.Name
			}
		}
	}
	return ""
}

// isHandleOf reports whether an expression that o was made of is the handle of p.
func (s *scan) isHandleOf(o, p *Obligation, parent syntax.Node) bool {
	h, _ := s.locate(p)
	if h.Symbol != nil && parent.Symbol() == h.Symbol {
		return true
	}
	name, own := parent.ThisField()
	if !own || h.Place != InField || h.Field != name || o.Owner.Form == OwnerBlock {
		return false
	}
	mine, _ := parent.FieldOwner()
	return mine == h.Of
}

// sourcesOf are an expression and those that it is made of, one by a method of the next:
// client.db().collection('orders'), client.db(), client.
func sourcesOf(n syntax.Node, hops int) []syntax.Node {
	var out []syntax.Node
	for n = n.Inner(true); n.OK(); {
		out = append(out, n)
		switch sym := n.Symbol(); {
		case n.Is("call_expression"):
			n = receiver(n)
		case n.Is("identifier") && sym != nil && sym.Constant() && hops > 0:
			return append(out, sourcesOf(sym.Init(), hops-1)...)
		default:
			return out
		}
	}
	return out
}

// endsOfSource are the calls in a function that end what something was made from, a variable
// of its own, and that with it.
func (s *scan) endsOfSource(o *Obligation, home syntax.Node) []syntax.Node {
	if len(o.Kind.Source) == 0 {
		return nil
	}
	var out []syntax.Node
	for _, source := range sourcesOf(o.Bindings[o.Acquire.Pattern.Receiver()], maxHops) {
		if source.Symbol() == nil {
			continue
		}
		for _, r := range source.Symbol().Refs {
			m := r.Outer().Parent()
			if call := m.Parent(); m.Is("member_expression") && call.Field("function") == m && slices.Contains(o.Kind.Source, m.Field("property").Text()) && call.Within(home) {
				out = append(out, call)
			}
		}
	}
	return out
}
