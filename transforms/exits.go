package transforms

import (
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// settledAlong lists the evaluations that count as the settling of a use: the
// use itself; the calls before it in a chain that ends in .finally(release); the
// condition of an if that asks the handle whether to release.
func (s *scan) settledAlong(u use) []syntax.Node {
	out := []syntax.Node{u.at}
	if u.at.IsFunction() && u.at.Parent().Is("arguments") {
		for n := u.at.Parent().Parent(); n.Is("call_expression"); {
			m := n.Field("function")
			switch m.Field("property").Text() {
			case "then", "catch", "finally":
				n = m.Field("object").Inner(false)
				out = append(out, n)
				continue
			}
			break
		}
	}
	if m := u.at.Field("function"); u.effect == moved && calleeName(u.at) == "pipe" && (m.HasToken("?.") || m.Field("optional_chain").OK()) {
		for n := receiver(u.at); n.OK(); n = n.Field("object") { // out?.pipe(h): where nothing is, nothing is meant to come
			out = append(out, n)
		}
	}
	if u.effect == moved {
		out = append(out, asksForTaker(u.at)...)
	}
	if u.effect == released { // h.process().kill(): one release
		for n := receiver(u.at); n.OK(); n = receiver(n) {
			out = append(out, n)
		}
	}
	if sym := u.ref.Symbol(); u.effect == released {
		for p := u.at.Parent(); p.OK() && !p.IsFunction(); p = p.Parent() {
			if c := p.Field("condition"); p.Is("if_statement") && mentions(c, sym) && !isHandle(c.Inner(false), Handle{Symbol: sym}) {
				for d := range c.Descendants() {
					out = append(out, d)
				}
			}
		}
	}
	return out
}

// receiver is what a method is called on.
func receiver(call syntax.Node) syntax.Node {
	return call.Field("function").Inner(false).Field("object").Inner(true)
}

func raisedAt(g *syntax.Graph, points []int) bool {
	for _, p := range points {
		for _, e := range g.Points[p].Next {
			if e.Throw && e.To == syntax.Raise {
				return true
			}
		}
	}
	return false
}

// holds prunes the edges that a live handle makes impossible, or a target that
// something was registered with.
func (o *Obligation) holds(e syntax.Edge) bool {
	h := o.Handle
	if o.Kind.Registers() {
		h = Handle{Symbol: o.target().Inner(false).Symbol()}
	}
	c := e.Cond.Inner(false)
	if isHandle(c, h) || o.askedBefore(c) || o.reachesThrough(c) || o.isSetWith(c) {
		return e.When
	}
	if o.isSetByFiring(c) {
		return !e.When
	}
	if len(o.Kind.Last) > 0 && o.tellsLast(c, e.When, lastHops) {
		return false
	}
	if c.Is("member_expression") && slices.ContainsFunc(o.releases, func(r syntax.Node) bool { return r.Field("function").Inner(false) == c }) {
		return e.When // h.end?.(): where there is no such thing, none was begun
	}
	failure := Handle{Symbol: o.Bindings["ERR"].Symbol()} // of the call that gave the handle
	if isHandle(c, failure) {
		return !e.When
	}
	if c.Is("binary_expression") {
		left, right := c.Field("left").Inner(false), c.Field("right").Inner(false)
		if text, ok := right.StringValue(); ok && text == "undefined" && left.Field("operator").Text() == "typeof" && isHandle(left.Field("argument").Inner(false), h) {
			return e.When == strings.HasPrefix(c.Field("operator").Text(), "!")
		}
		if isNothing(left) {
			left, right = right, left
		}
		if isHandle(left, failure) {
			switch c.Field("operator").Text() {
			case "!=", "!==":
				return !e.When || !isNothing(right)
			case "==", "===":
				return e.When || !isNothing(right)
			case "instanceof":
				return !e.When
			}
		}
		if (isHandle(left, h) || o.reachesThrough(left) || o.isSetWith(left)) && isNothing(right) {
			switch c.Field("operator").Text() {
			case "!=", "!==":
				return e.When
			case "==", "===":
				return !e.When
			}
		}
	}
	return true
}

// isSetWith reports whether a variable is set where something is acquired, and not
// taken back: the function that is registered, or a flag beside.
func (o *Obligation) isSetWith(n syntax.Node) bool {
	sym := n.Symbol()
	if !n.Is("identifier") || sym == nil || sym.Kind != syntax.Variable {
		return false
	}
	block := o.Call.Statement().Parent()
	set := false
	for _, r := range sym.Refs {
		if !syntax.IsWrite(r) {
			continue
		}
		value := r.Parent().Field("right").Inner(false)
		around := r.Parent().Statement().Parent()
		if set || !r.Parent().Is("assignment_expression") || !value.Is("true") && !value.IsFunction() || around != block && !(o.Call.Within(around) && r.Start() < o.Call.Start()) {
			return false
		}
		set = true
	}
	return set
}

// reachesThrough reports whether an expression is what a registration is with, or an
// object on the way to it: both are there, or nothing was registered.
func (o *Obligation) reachesThrough(n syntax.Node) bool {
	if !o.Kind.Registers() || !n.OK() {
		return false
	}
	for t := o.target().Inner(false); t.OK(); t = t.Field("object").Inner(false) {
		if t.Is("identifier", "member_expression") && syntax.SameExpression(t, n) {
			return true
		}
	}
	return false
}

func isHandle(n syntax.Node, h Handle) bool {
	return h.Symbol != nil && n.Symbol() == h.Symbol
}

func isNothing(n syntax.Node) bool {
	return n.Is("null", "undefined")
}

// exits names the places at which the ways leave, each once.
func (s *scan) exits(g *syntax.Graph, ways []syntax.Path, o *Obligation) []ExitPlace {
	var out []ExitPlace
	seen := map[int32]bool{}
	for _, w := range ways {
		if w.Raised && o.Kind.OneShot {
			continue // it ends by itself, and nobody waits
		}
		place := exitOf(g, w)
		if w.Raised && o.failedItself(place.Node) {
			continue
		}
		if id := place.Node.Inner(true).ID(); !seen[id] {
			seen[id] = true
			out = append(out, place)
		}
	}
	slices.SortFunc(out, func(a, b ExitPlace) int { return a.Node.Start() - b.Node.Start() })
	return out
}

// failedItself: what raised is a wait for an event of the handle, await once(h, ..),
// which rejects when the handle emits an error; where that is its end, or what is
// waited for is the acquisition, nothing is owed.
func (o *Obligation) failedItself(n syntax.Node) bool {
	call := n.Inner(true)
	origin, ok := call.Field("function").Origin()
	if !ok || origin.Module != "events" || origin.Last() != "once" {
		return false
	}
	emitter := call.Field("arguments").Child(0).Inner(false)
	return emitter == o.Call || slices.Contains(o.Kind.Over, "error") && isHandle(emitter, o.Handle)
}

// exitOf finds where a way turned to the exit: the last error on it that
// nothing caught, or the return.
func exitOf(g *syntax.Graph, w syntax.Path) ExitPlace {
	var origin ExitPlace
	for i, p := range w.Points {
		n := g.Points[p].Node
		if n.Is("catch_clause") {
			origin = ExitPlace{}
			continue
		}
		if threwAt(g, w, i) {
			origin = ExitPlace{n, raised(n)}
		}
		if n.Is("return_statement") {
			origin = ExitPlace{n, "return"}
		}
	}
	if !origin.Node.OK() {
		last := g.Points[w.Points[len(w.Points)-1]].Node
		origin = ExitPlace{last, "the end is reached"}
	}
	return origin
}

// byAccident reports whether an exit is the error of something that is not waited
// for, or is only come to behind one.
func byAccident(g *syntax.Graph, ways []syntax.Path, x ExitPlace) bool {
	if strings.HasPrefix(x.How, "an error") && !waitsFor(x.Node) {
		return true
	}
	return !slices.ContainsFunc(ways, func(w syntax.Path) bool {
		return exitOf(g, w).Node == x.Node && !(w.Raised && accident(g, w))
	})
}

// accident reports whether on a way out something fails that is not waited for, and
// nothing catches that.
func accident(g *syntax.Graph, w syntax.Path) bool {
	found := false
	for i, p := range w.Points {
		n := g.Points[p].Node
		if n.Is("catch_clause") {
			found = false
		} else if threwAt(g, w, i) && !n.Is("throw_statement") && !waitsFor(n) {
			found = true
		}
	}
	return found
}

func waitsFor(n syntax.Node) bool {
	return n.Is("await_expression") || n.Outer().Is("await_expression") || isLeft(n)
}

// isLeft reports whether an expression yields to a loop, which may be left there.
func isLeft(n syntax.Node) bool { return n.Is("yield_expression") && isIterated(n.Function()) }

// isIterated reports whether a generator is one that others iterate over, and end: to whom it
// is handed, as to Effect.gen(function* () { .. }), may resume it or not.
func isIterated(fn syntax.Node) bool {
	return fn.IsGenerator() && !fn.Outer().Parent().Is("arguments")
}

// threwAt reports whether a way goes on from its i-th point by an error of that.
func threwAt(g *syntax.Graph, w syntax.Path, i int) bool {
	if i+1 == len(w.Points) {
		return w.Raised && !w.Resumed
	}
	return slices.ContainsFunc(g.Points[w.Points[i]].Next, func(e syntax.Edge) bool { return e.To == w.Points[i+1] && e.Throw && !e.Resumed })
}

func raised(n syntax.Node) string {
	switch {
	case n.Is("throw_statement"):
		return "throw"
	case isLeft(n):
		return "whoever iterates stops"
	}
	if inner := n.Inner(true); inner.Is("call_expression", "new_expression") {
		return "an error in " + calleeText(inner)
	}
	return "an error"
}

// nameOf says which function or class an owner is.
func nameOf(n syntax.Node) string {
	if !n.OK() {
		return "module"
	}
	if n.IsClass() {
		if name := n.Field("name").Text(); name != "" {
			return name
		}
		if name := keptAs(n); name != "" && !n.Parent().Is("export_statement") {
			return name
		}
		return "(anonymous class)"
	}
	if syntax.IsOptions(n) {
		return componentName(n)
	}
	if n.Is("object") {
		if name := keptAs(n); name != "" {
			return name
		}
		if made := n.Outer().Parent().Parent(); n.Outer().Parent().Is("arguments") && made.Is("call_expression") { // Base.extend({ .. })
			if name := keptAs(made); name != "" {
				return name
			}
		}
		return nameOf(n.Function())
	}
	if owner, member := n.ThisClass(); owner.IsConstructor() && owner != n && syntax.FunctionOf(member) == n {
		return nameOf(owner) + "." + syntax.MemberName(member)
	}
	name := ""
	switch p := n.Parent(); {
	case syntax.IsPrototype(n):
		name = p.Parent().Outer().Parent().Field("name").Text()
		if name == "" {
			return p.Parent().Field("function").Text()
		}
	case n.Is("method_definition"):
		name = syntax.MemberName(n)
	case n.Field("name").OK():
		name = n.Field("name").Text()
	case p.Is("variable_declarator"):
		name = p.Field("name").Text()
	case p.Is("public_field_definition", "field_definition"):
		name = syntax.MemberName(p)
	case p.Is("pair"):
		name = p.Field("key").Text()
	case n.IsConstructor():
		name = keptAs(n)
	}
	if name == "" {
		outer := n.Function()
		if outer.OK() {
			return nameOf(outer)
		}
		return "(anonymous function)"
	}
	if class := n.Class(); class.OK() && (n.Parent().Is("class_body") || n.Parent().Is("public_field_definition", "field_definition")) {
		return nameOf(class) + "." + name
	}
	return name
}

// keptAs is the name that a value is given: that of a variable, or of an export.
func keptAs(n syntax.Node) string {
	switch p := n.Outer().Parent(); p.Kind() {
	case "variable_declarator":
		return p.Field("name").Text()
	case "assignment_expression":
		if name := keptAs(p); name != "" {
			return name
		}
		left := p.Field("left")
		if name := left.Field("property").Text(); name != "exports" {
			return name
		}
		return left.Text()
	case "export_statement":
		return "(default export)"
	}
	return ""
}

// asksForTaker lists the evaluations that ask whether there is anybody to hand something
// on to: where there is nobody, nothing is meant to be handed on.
//
//	shop?.atTheEnd(() => watcher.close());
//	if (bus) bus.on('end', () => clearInterval(id));
func asksForTaker(at syntax.Node) []syntax.Node {
	call := at.Parent().Parent()
	m := call.Field("function").Inner(false)
	if !at.Parent().Is("arguments") || !call.Is("call_expression") || !m.Is("member_expression") {
		return nil
	}
	var out []syntax.Node
	taker := m.Field("object").Inner(false)
	if m.HasToken("?.") || m.Field("optional_chain").OK() {
		for n := taker; n.OK(); n = n.Field("object").Inner(false) {
			out = append(out, n)
		}
	}
	stmt := call.Statement()
	for p := stmt.Parent(); p.Is("statement_block", "if_statement") && taker.Is("identifier", "member_expression"); p = p.Parent() {
		asked := p.Field("condition").Inner(false)
		if p.Is("if_statement") && stmt.Within(p.Field("consequence")) && asked.OK() && syntax.SameExpression(asked, taker) {
			out = append(out, asked)
		}
	}
	return out
}
