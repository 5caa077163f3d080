package transforms

import (
	"slices"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// subscribes reports whether what is filed is a function that is called later on,
// with all the others, by a method that gives its caller nothing back.
func (s *scan) subscribes(o *Obligation, c *collection) bool {
	if !c.called() || returnsSomething(o.Call.Function()) {
		return false
	}
	return c.endures() || isGivenAway(c.class) || s.livesLong(c.class)
}

// called reports whether what is in a collection is called, one after the other.
func (c *collection) called() bool {
	for _, u := range c.uses {
		if u.how != walks {
			continue
		}
		n := u.at
		for range 4 { // [...listeners].forEach(..)
			var each []*syntax.Symbol
			switch {
			case n.Is("for_in_statement"):
				each = boundBy(n.Field("left"))
			case n.Is("call_expression") && n.Field("arguments").Child(0).IsFunction():
				each = boundBy(parameter(n.Field("arguments").Child(0), 0))
			}
			if slices.ContainsFunc(each, isCalled) {
				return true
			}
			n = n.Parent()
		}
	}
	return false
}

func isCalled(sym *syntax.Symbol) bool {
	return slices.ContainsFunc(sym.Refs, func(r syntax.Node) bool {
		call := r.Outer().Parent()
		return call.Is("call_expression") && call.Field("function").Inner(false) == r
	})
}

// returnsSomething reports whether a function returns a value.
func returnsSomething(fn syntax.Node) bool {
	body := fn.Field("body")
	if !body.Is("statement_block") {
		return true
	}
	for n := range body.Own() {
		if n.Is("return_statement") && n.Len() > 0 {
			return true
		}
	}
	return false
}

// isGivenAway reports whether other files can know a class.
func isGivenAway(class syntax.Node) bool {
	if class.Parent().Is("export_statement") {
		return true
	}
	return slices.ContainsFunc(class.Field("name").Symbol().Mentions(), func(r syntax.Node) bool {
		p := r.Parent()
		return p.Is("export_specifier", "export_statement") || p.Is("assignment_expression") && p.Field("right") == r || p.Is("shorthand_property_identifier")
	})
}
