package transforms

import (
	"fmt"
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// evidence answers why the call is believed to acquire at all; nil: it is not.
func (s *scan) evidence(c candidate, n syntax.Node, b syntax.Bindings) []string {
	a := c.acquire
	if c.kind.Collects() {
		return s.evidenceOfCollection(c, b)
	}
	if a.Pattern.Rooted() {
		callee := n.Field("function")
		if n.Is("new_expression") {
			callee = n.Field("constructor")
		}
		o, ok := callee.Origin()
		whole := a.Whole && len(o.Path) == 0 && o.Module != ""
		if !ok || !a.Pattern.IsAt(o) && !whole || !a.fromModule(o) {
			return nil
		}
		if o.Module == "" {
			return []string{"global " + strings.Join(o.Path, ".")}
		}
		return []string{"import " + o.Module}
	}
	if slices.Contains(a.Types, "this") {
		return s.evidenceOfSelf(n)
	}
	if c.kind.Registers() {
		return s.evidenceOfRegistration(c, n, b)
	}
	receiver := b[a.Pattern.Receiver()]
	if !receiver.OK() {
		return evidenceOfMaker(a, n)
	}
	t := syntax.TypeOf(receiver)
	if a.Exact && t.Module != "" && !a.fromModule(syntax.Origin{Module: t.Module}) {
		t = s.typeElsewhere(receiver)
		if s.endsElsewhere(receiver) {
			return nil
		}
	}
	if c.kind.Operator != "" && onlyEnds(n.Field("arguments").Child(0)) {
		return nil // it is told of an end
	}
	if len(a.From) > 0 {
		if of := evidenceOfModule(a, receiver, t); of != nil || c.kind.Family != Listeners {
			return of
		}
		if im, ok := receiver.Symbol().Import(); ok && strings.HasPrefix(im.Module, ".") { // a store of another file
			return evidenceOfModule(a, receiver, s.typeElsewhere(receiver))
		}
		return nil
	}
	return s.evidenceOfShape(c, t)
}

func evidenceOfModule(a *Acquire, receiver syntax.Node, t syntax.Type) []string {
	if a.fromModule(syntax.Origin{Module: t.Module}) && t.Module != "" {
		switch {
		case !a.Exact && (t.Derived || len(t.Path) == 0 || t.Name() == "*" || t.Name() == "default"):
			return []string{"made by " + t.Module}
		case len(a.Types) == 0 || slices.Contains(a.Types, t.Name()):
			return []string{fmt.Sprintf("type %s from %s", strings.Join(t.Path, "."), t.Module)}
		}
		return nil
	}
	if a.ofGlobal(t) {
		return []string{"type " + t.Name()}
	}
	if o, ok := receiver.Origin(); ok && o.Module != "" && a.fromModule(o) && len(a.Types) == 0 {
		return []string{"import " + o.Module}
	}
	return nil
}

// evidenceOfMaker is for a pattern whose receiver is itself a call of a name,
// as in `interval($$$PERIOD).subscribe($$$ARGS)`: that name has to come from the
// module.
func evidenceOfMaker(a *Acquire, n syntax.Node) []string {
	maker := n.Field("function").Inner(true).Field("object").Inner(true)
	if !maker.Is("call_expression") || len(a.From) == 0 {
		return nil
	}
	if o, ok := maker.Field("function").Origin(); ok && o.Module != "" && a.fromModule(o) {
		return []string{"import " + o.Module}
	}
	return nil
}

// evidenceOfShape asks whether the receiver's class has both the acquisition
// and a release: that pair is what makes it a resource.
func (s *scan) evidenceOfShape(c candidate, t syntax.Type) []string {
	class, ok := s.Project.ClassOf(s.ctx, s.f, t)
	if !ok {
		return nil
	}
	holder, begins, ok := s.Project.FindMember(s.ctx, class, c.acquire.Pattern.Anchor)
	if !ok || c.kind.Begins == Called && s.onlySends(holder, begins) {
		return nil
	}
	for _, r := range c.kind.Release {
		if _, m, ok := s.Project.FindMember(s.ctx, class, r.Pattern.Anchor); ok && callable(m) {
			return []string{fmt.Sprintf("type %s declares %s and %s", class.Name(), c.acquire.Pattern.Anchor, r.Pattern.Anchor)}
		}
	}
	return nil
}

// evidenceOfSelf: a class makes another of itself and hands itself over, keeps
// what it was handed, and has a teardown.
func (s *scan) evidenceOfSelf(n syntax.Node) []string {
	class, member := n.ThisClass()
	if !class.IsClass() || member.Field("name").Text() == "constructor" {
		return nil
	}
	sym := n.Field("constructor").Symbol()
	if sym == nil || sym.Decl != class {
		return nil
	}
	if parentField(class) == "" {
		return nil
	}
	return []string{"made by its own class, which keeps the parent"}
}

// parentField is the field in which the constructor keeps its first parameter.
func parentField(class syntax.Node) string {
	for _, m := range syntax.Members(class) {
		if m.Name != "constructor" {
			continue
		}
		first := m.Node.Field("parameters").Child(0)
		name := first.Field("pattern")
		if !name.OK() {
			name = first
		}
		if !name.Is("identifier") {
			return ""
		}
		if syntax.Accessibility(first) != "" || first.HasToken("readonly") {
			return name.Text()
		}
		for d := range m.Node.Field("body").Descendants() {
			if d.Is("assignment_expression") {
				if field, ok := d.Field("left").ThisField(); ok && mayBe(d.Field("right"), name.Symbol()) {
					return field
				}
			}
		}
	}
	return ""
}

// mayBe reports whether an expression has the value of a variable, in some case:
// parent, parent ?? null, on ? parent : null.
func mayBe(n syntax.Node, sym *syntax.Symbol) bool {
	n = n.Inner(false)
	switch n.Kind() {
	case "identifier":
		return n.Symbol() == sym
	case "binary_expression":
		switch n.Field("operator").Text() {
		case "??", "||":
			return mayBe(n.Field("left"), sym) || mayBe(n.Field("right"), sym)
		case "&&":
			return mayBe(n.Field("right"), sym)
		}
	case "ternary_expression":
		return mayBe(n.Field("consequence"), sym) || mayBe(n.Field("alternative"), sym)
	}
	return false
}

func mentions(n syntax.Node, sym *syntax.Symbol) bool {
	for d := range n.Descendants() {
		if sym != nil && d.Is("identifier", "shorthand_property_identifier") && d.Symbol() == sym {
			return true
		}
	}
	return false
}

// declaredElsewhere reports whether another file has to be asked what the receiver of an
// exact acquisition is: that is put off until all else speaks for a leak.
func (s *scan) declaredElsewhere(c candidate, b syntax.Bindings) bool {
	a := c.acquire
	receiver := b[a.Pattern.Receiver()]
	if !a.Exact || !receiver.OK() || a.Pattern.Rooted() || slices.Contains(a.Types, "this") || c.kind.Registers() || c.kind.Collects() {
		return false
	}
	t := syntax.TypeOf(receiver)
	return t.Module != "" && !a.fromModule(syntax.Origin{Module: t.Module})
}
