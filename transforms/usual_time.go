package transforms

import (
	"slices"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// usualTime is the time that a component waits as a rule, which it may be told by whoever
// uses it: a part, or a small multiple, of the number that a field of a class, or a property of an options
// object, has where nobody gives another one.
func (s *scan) usualTime(n syntax.Node, in *instance) (float64, bool) {
	return timeOf(n, func(part syntax.Node) (float64, bool) {
		if v, ok := s.timeWritten(part); ok {
			return v, true
		}
		name, own := part.ThisField()
		if !own {
			return 0, false
		}
		for _, m := range in.members { // delay = input(300)
			value := m.Node.Field("value").Inner(true)
			if m.Name == name && isBoxMaker[calleeName(value)] {
				return millis(value.Field("arguments").Child(0), 3)
			}
			if m.Name == name && value.Is("number") && onlyToldAnother(in, name) {
				return millis(value, 3)
			}
		}
		if !in.hosted {
			return 0, false
		}
		return s.propNumber(append([]syntax.Node{in.class.Node}, in.mixins...), name)
	})
}

// onlyToldAnother reports whether a class gives one of its fields nothing but what a setter is told.
func onlyToldAnother(in *instance, name string) bool {
	return !slices.ContainsFunc(in.refs[name], func(r syntax.Node) bool {
		put := r.Outer().Parent()
		sym := put.Field("right").Inner(false).Symbol()
		_, member, _ := r.InstanceAt()
		return (syntax.IsWrite(r) || syntax.IsWrite(r.Outer())) && !(put.Is("assignment_expression") && sym != nil && sym.Kind == syntax.Parameter && member.HasToken("set"))
	})
}

// usualTimeOfProp is usualTime in a setup, which has what it is given in a parameter, or by
// defineProps.
func (s *scan) usualTimeOfProp(n syntax.Node, c *setup) (float64, bool) {
	return timeOf(n, func(part syntax.Node) (float64, bool) {
		if v, ok := s.timeWritten(part); ok {
			return v, true
		}
		object := part.Field("object").Inner(false)
		sym := object.Symbol()
		if !part.Is("member_expression") || !object.Is("identifier") || sym == nil || !c.holds(sym) {
			return 0, false
		}
		name := part.Field("property").Text()
		if owner := c.root.Ancestor("object"); sym.Kind == syntax.Parameter && syntax.IsOptions(owner) {
			return s.propNumber(append([]syntax.Node{owner}, s.mixinsOf(owner, mixinHops)...), name)
		}
		switch made := sym.Init().Inner(true); calleeName(made) {
		case "withDefaults":
			return millis(optionIn(made.Field("arguments").Child(1).Inner(true), name), 3)
		case "defineProps":
			return s.defaultOfProp(made.Field("arguments").Child(0), name)
		}
		return 0, false
	})
}

// timeOf is what a sum, a product or a quotient comes to at most, of what is known of its parts.
func timeOf(n syntax.Node, part func(syntax.Node) (float64, bool)) (float64, bool) {
	valueOf := func(n syntax.Node) (float64, bool) {
		switch {
		case n.Is("call_expression") && squeeze(n.Field("function")) == "Math.random":
			return 1, true
		case n.Is("call_expression") && n.Field("arguments").Len() == 0: // the value of a signal: this.delay()
			n = n.Field("function").Inner(true)
		}
		return part(n)
	}
	return workedOutBy(n, valueOf, func(operator string, a, b float64) (float64, bool) {
		switch operator {
		case "*":
			return a * b, a > 0 && b > 0 // a nothing may be what is counted up from
		case "+":
			return a + b, true
		case "/":
			return a / b, b > 0
		}
		return 0, false
	})
}

// propNumber is the number that a property of an options object, or of what it is mixed with,
// has where it is not given: props: { delay: { type: Number, default: 300 } }.
func (s *scan) propNumber(objects []syntax.Node, name string) (float64, bool) {
	for _, o := range objects {
		if v, ok := s.at(o).defaultOfProp(propsOf(o), name); ok {
			return v, true
		}
	}
	return 0, false
}

// propsOf is what an options object has for its properties, also where that has the same name.
func propsOf(object syntax.Node) syntax.Node {
	for c := range object.Children() {
		if c.Is("shorthand_property_identifier") && c.Text() == "props" {
			return c
		}
	}
	return optionIn(object, "props")
}

func (s *scan) defaultOfProp(props syntax.Node, name string) (float64, bool) {
	props = props.Inner(true)
	if im, imported := props.Symbol().Import(); imported && props.Is("identifier", "shorthand_property_identifier") {
		f, decl := s.declarationOf(im)
		if f == nil {
			return 0, false
		}
		props = decl.Field("value").Inner(true)
	} else if props.Is("identifier", "shorthand_property_identifier") {
		props = props.Symbol().Init().Inner(true)
	}
	return millis(optionIn(optionIn(props, name).Inner(true), "default"), 3)
}
