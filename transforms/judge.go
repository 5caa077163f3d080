package transforms

import (
	"slices"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// judge follows the handle of one acquisition and says what came of it.
func (s *scan) judge(o *Obligation) {
	h, elsewhere := s.locate(o)
	o.Handle = h
	switch {
	case slices.Contains(o.Acquire.Types, "this"):
		s.judgeChild(o)
	case o.Kind.Keyed != "":
		s.judgeEntry(o)
	case elsewhere != "":
		o.step(o.Call, "moved: %s", elsewhere)
		if elsewhere == returnedText {
			o.gives = o.Call.Function()
		}
	case h.Place == InVariable:
		s.judgeVariable(o)
	case h.Place == Discarded:
		s.judgeDiscarded(o)
	default:
		s.judgeField(o)
	}
	s.judgeKept(o)
	if o.Status == Unmet && o.Standing == Leak && s.settledByParent(o) {
		o.Status, o.Form = Met, nil
		o.step(o.Call, "met: settled by the release of its %s", o.Kind.Within)
	}
	if o.Status == Unmet {
		s.rate(o)
	}
}

// settledByParent: what it was made from belongs to the same code, and its
// release settles this one, too.
func (s *scan) settledByParent(o *Obligation) bool {
	if o.Kind.Within == "" {
		return false
	}
	parent := o.Bindings[o.Acquire.Pattern.Receiver()]
	for _, p := range s.found {
		if p.Kind.Name != o.Kind.Within {
			continue
		}
		ph, _ := s.locate(p)
		if ph.Symbol != nil && parent.Symbol() == ph.Symbol {
			return true
		}
		if name, ok := parent.ThisField(); ok && ph.Place == InField && ph.Field == name {
			mine, _ := o.Call.ThisClass()
			theirs, _ := p.Call.ThisClass()
			return mine == theirs
		}
	}
	return false
}

func (s *scan) judgeDiscarded(o *Obligation) {
	fn := o.Call.Function()
	if isExecutor(fn) {
		s.judgePromise(o, fn)
		return
	}
	s.judgeOutliving(o)
}

// judgeOutliving: nothing in the call needs the handle, so it is meant to
// outlive the call. Its owner is the instance, if there is one.
func (s *scan) judgeOutliving(o *Obligation) {
	if class, _ := o.Call.ThisClass(); class.OK() {
		s.judgeInstance(o, class)
		return
	}
	fn := o.Call.Function()
	switch {
	case !fn.OK():
		o.step(o.Call, "moved: lives as long as the module")
	case o.Kind.OneShot:
		o.step(o.Call, "met: ends by itself")
		o.Status = Met
	case !slices.Contains(o.Acquire.From, "global"), s.unreferenced(o), s.runsOnce(fn):
		o.step(o.Call, "moved: the handle is dropped, or only listened to: taken as meant to stay")
	default:
		o.Owner = Owner{OwnerFunction, nameOf(fn), fn}
		s.unmet(o, NeverReleased, nil)
		o.Refusal = refuse(NoOwner, "nothing around it has an end that could release it; return the handle, or move it into a class with a teardown")
	}
}

// runsOnce: a function that only the module itself calls.
func (s *scan) runsOnce(fn syntax.Node) bool {
	for fn.Function().OK() {
		fn = fn.Function()
	}
	name := functionName(fn)
	if name == nil || len(name.Refs) == 0 || fn.Parent().Is("export_statement") || fn.Parent().Parent().Parent().Is("export_statement") {
		return isInline(fn)
	}
	for _, r := range name.Refs {
		call := r.Parent()
		if !call.Is("call_expression") || call.Function().OK() {
			return false
		}
	}
	return true
}

// unreferenced: .unref() was called on the handle, so it holds nothing up.
func (s *scan) unreferenced(o *Obligation) bool {
	for n := o.Call; n.OK() && n != o.Handle.Value.Parent(); n = n.Parent() {
		if n.Is("member_expression") && n.Field("property").Text() == "unref" {
			return true
		}
	}
	if o.Handle.Symbol != nil {
		for _, r := range o.Handle.Symbol.Refs {
			if m := r.Outer().Parent(); m.Is("member_expression") && m.Field("property").Text() == "unref" {
				return true
			}
		}
	}
	if class, _ := o.Call.ThisClass(); class.OK() && o.Handle.Field != "" {
		for _, r := range s.instance(class).refs[o.Handle.Field] {
			if m := r.Outer().Parent(); m.Is("member_expression") && m.Field("property").Text() == "unref" {
				return true
			}
		}
	}
	return false
}

func (s *scan) unmet(o *Obligation, way Way, exits []ExitPlace) {
	o.Status, o.Way, o.Exits = Unmet, way, exits
}

// judgeVariable: the handle is in a local variable.
func (s *scan) judgeVariable(o *Obligation) {
	sym := o.Handle.Symbol
	home := sym.Decl.Function()
	fn := o.Call.Function()
	if !home.OK() {
		o.step(o.Call, "moved: lives as long as the module")
		return
	}
	if fn == home && isExecutor(fn) && o.Kind.Fails == Never {
		s.judgePromise(o, fn)
		return
	}
	for fn != home && fn.OK() && isInline(fn) {
		fn = fn.Function()
	}
	if fn == home {
		if o.Kind.Begins == Called {
			home = o.Call.Function() // what fails, fails there
		}
		s.judgeCall(o, home)
		return
	}
	// Acquired by a function that runs later, into a variable around it.
	for _, u := range s.usesOf(o, sym, maxHops) {
		switch u.effect {
		case released:
			o.Status = Met
			o.step(u.at, "met: %s", u.text)
			return
		case moved:
			o.step(u.at, "moved: %s", u.text)
			return
		}
	}
	if o.Kind.OneShot {
		o.Status = Met
		o.step(o.Call, "met: ends by itself")
		return
	}
	s.judgeOutliving(o)
}

// judgeCall: acquired and kept in a variable of the call home.
func (s *scan) judgeCall(o *Obligation, home syntax.Node) {
	g := s.graph(home)
	stops := map[int]bool{}
	needed, settled := false, false
	for _, u := range s.usesOf(o, o.Handle.Symbol, maxHops) {
		if u.text == usingText {
			o.Status = Met
			o.step(u.at, "met: declared by using")
			return
		}
		if u.effect == neutral && u.text != "used: .unref" && !o.Kind.Alone {
			needed = true
		}
		for _, l := range s.lift(u, home, maxHops) {
			settled = true
			if l.effect == moved && l.at.End() <= o.Call.Start() && (o.Kind.Begins == Called || u.effect == released) {
				// It was somebody else's before it was acquired: a function that
				// will release it was made and handed on, or it was kept already.
				o.step(l.at, "moved: %s", l.text)
				s.noteMove(o, l, home)
				return
			}
			if l.effect == released {
				if !slices.Contains(o.releases, u.at) {
					o.releases = append(o.releases, u.at)
				}
				o.step(l.at, "%s", u.text)
			} else {
				o.step(l.at, "moved: %s", l.text)
				s.noteMove(o, l, home)
			}
			for _, n := range s.settledAlong(l) {
				for _, p := range s.points(g, home, n) {
					stops[p] = true
				}
			}
		}
	}
	if !settled && (!needed || o.Kind.OneShot) {
		s.judgeOutliving(o)
		return
	}
	if s.runsOnce(home) {
		o.step(o.Call, "moved: a script's own, which ends with the process")
		return
	}
	var starts []int
	begin := s.points(g, home, s.beginning(o))
	for _, p := range begin {
		for _, e := range g.Points[p].Next {
			if !e.Throw || o.Kind.Begins == Called {
				starts = append(starts, e.To)
			}
		}
	}
	stop := func(p int) bool { return stops[p] }
	feasible := func(e syntax.Edge) bool { return holds(e, o.Handle) }
	direct := o.Kind.Begins == Called && raisedAt(g, begin)
	exits := s.exits(g, g.Ways(starts, stop, feasible), o)
	if direct {
		exits = append(exits, ExitPlace{o.Call, "an error in " + calleeText(o.Call)})
	}
	o.Owner = Owner{OwnerBlock, nameOf(home), home}
	o.again = len(begin) > 0 && g.Reaches(starts, begin[0], stop, feasible)
	switch {
	case len(exits) == 0 && !o.again:
		o.Status = Met
		o.step(o.Call, "met: settled on every way out")
		return
	case len(o.releases) == 0 && !settled:
		s.unmet(o, NeverReleased, exits)
	case len(exits) == 0:
		s.unmet(o, Overwritten, exits)
	default:
		s.unmet(o, MissingPath, exits)
	}
	o.Form = formBlock{}
}

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
	if u.effect == released && u.at.Is("call_expression") { // h.process().kill(): one release
		for n := u.at.Field("function").Field("object"); n.OK(); n = n.Field("function").Field("object") {
			out = append(out, n)
		}
	}
	if sym := u.ref.Symbol(); sym != nil && u.effect == released {
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

// beginning is the evaluation after which the debt stands.
func (s *scan) beginning(o *Obligation) syntax.Node {
	if o.Kind.Begins == Called {
		if p := o.Call.Outer(); p.Is("await_expression") {
			return p
		}
		return o.Call
	}
	if _, two := o.Bindings["HANDLE"]; two {
		return o.Call.Outer()
	}
	if p := o.Handle.Value.Parent(); p.Is("variable_declarator", "assignment_expression", "augmented_assignment_expression") {
		return p
	}
	return o.Call.Outer()
}

// points are those of n in the graph of home, seen through inline functions.
func (s *scan) points(g *syntax.Graph, home, n syntax.Node) []int {
	for {
		if ps := g.Around(n); len(ps) > 0 && within(n, home) {
			return ps
		}
		fn := n.Function()
		if n.IsFunction() {
			if ps := g.At(n); len(ps) > 0 {
				return ps
			}
		}
		if !fn.OK() || fn == home {
			return nil
		}
		n = callAround(fn)
	}
}

func within(n, home syntax.Node) bool { return n.Function() == home }

// holds prunes the edges that a live handle makes impossible.
func holds(e syntax.Edge, h Handle) bool {
	if !e.Cond.OK() {
		return true
	}
	c := e.Cond.Inner(false)
	if isHandle(c, h) {
		return e.When
	}
	if c.BeforeOptional() && rootIs(c, h) {
		return e.When // h.close?.(), h.process()?.kill(): where the link is missing there is nothing to release
	}
	if c.Is("binary_expression") {
		left, right := c.Field("left").Inner(false), c.Field("right").Inner(false)
		if isNothing(left) {
			left, right = right, left
		}
		if isHandle(left, h) && isNothing(right) {
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

// rootIs reports whether a chain of members and calls begins with the handle.
func rootIs(n syntax.Node, h Handle) bool {
	for n.Is("member_expression", "call_expression", "non_null_expression") {
		if n.Is("call_expression") {
			n = n.Field("function")
		} else {
			n = n.Child(0)
		}
	}
	return isHandle(n, h)
}

func isHandle(n syntax.Node, h Handle) bool {
	if h.Symbol != nil {
		return n.Is("identifier") && n.Symbol() == h.Symbol
	}
	return h.Value.OK() && syntax.SameExpression(n, h.Value)
}

func isNothing(n syntax.Node) bool {
	return n.Is("null", "undefined") || n.Is("identifier") && n.Text() == "undefined"
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
		if id := place.Node.Inner(true).ID(); !seen[id] {
			seen[id] = true
			out = append(out, place)
		}
	}
	slices.SortFunc(out, func(a, b ExitPlace) int { return a.Node.Start() - b.Node.Start() })
	return out
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
		next := syntax.Exit
		if w.Raised {
			next = syntax.Raise
		}
		if i+1 < len(w.Points) {
			next = w.Points[i+1]
		}
		for _, e := range g.Points[p].Next {
			if e.To == next && e.Throw && !e.Resumed {
				origin = ExitPlace{n, raised(n)}
			}
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

func raised(n syntax.Node) string {
	if n.Is("throw_statement") {
		return "throw"
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
		if d := n.Parent(); d.Is("variable_declarator") {
			return d.Field("name").Text()
		}
		return "(anonymous class)"
	}
	name := ""
	switch p := n.Parent(); {
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
