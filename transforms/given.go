package transforms

import (
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// A handle that a callback is given has no caller to wait for: the callback, and
// those that it hands on with the handle's own work, one inside the other, must
// release before each of their ends. An error that leaves one of them ends the
// process, and is no end of theirs.

// lateExit is where a callback ends with the handle still held.
type lateExit struct {
	at     ExitPlace
	fn     syntax.Node // the callback that ends there
	reason string      // why nothing can be put there, "" if it can
}

// callbacks judges the chain of callbacks of one acquisition.
type callbacks struct {
	*scan
	o    *Obligation
	uses []use
	seen map[int32]bool // callbacks that were looked at
	out  []lateExit

	tests []syntax.Node // of the truth of the handle, which may be 0
}

// judgeGiven judges what is bound by a parameter of the callback that is written
// in its acquisition.
func (s *scan) judgeGiven(o *Obligation) {
	name := o.Bindings["HANDLE"]
	sym := name.Symbol()
	fn := sym.Decl.Function()
	o.Handle = Handle{Place: InVariable, Symbol: sym, Value: name}
	if o.Kind.Readable && endsInTime(o) {
		o.Status = Met
		o.step(o.Call, "met: what gives it is ended when nothing comes any more")
		return
	}
	if o.Kind.Readable && s.closedByServer(o) {
		o.Status = Met
		o.step(o.Call, "met: nothing comes, and the server closes the connection")
		return
	}
	c := &callbacks{scan: s, o: o, seen: map[int32]bool{}, uses: s.usesOf(o, sym, maxHops)}
	for _, r := range o.Kind.Release {
		if giver := o.Bindings[r.Pattern.Callee()].Symbol(); giver != nil {
			c.uses = append(c.uses, givesBack(giver)...)
		}
	}
	if o.Kind.Readable {
		c.uses = append(c.uses, endsOfGiver(o, fn)...)
	}
	needed, handedOn, meant, read := false, false, false, false
	for _, u := range c.uses {
		switch u.effect {
		case released:
			o.releases = append(o.releases, u.at)
			o.step(u.at, "%s", u.text)
			meant = meant || !afterFailure(u.at, fn)
		case moved:
			whole := strings.HasPrefix(u.text, readText)
			read, handedOn = read || whole, handedOn || !whole
			o.step(u.at, "moved: %s", u.text)
		default:
			needed = true
		}
	}
	c.follow(fn)
	o.Owner = Owner{OwnerBlock, nameOf(fn), fn}
	switch {
	case len(c.out) == 0 && len(o.releases) == 0 && handedOn:
		return
	case len(c.out) == 0 && s.judgeZero(o, c.tests):
		return
	case len(c.out) == 0:
		o.Status = Met
		o.step(o.Call, "met: settled on every way out")
		return
	case len(o.releases) == 0 && !read && (handedOn || !needed || o.Kind.Alone || s.runsOnce(o.Call.Function()) || !o.Call.Function().OK()):
		o.step(o.Call, "moved: nothing in the callback releases it: taken as meant to stay")
		return
	case o.Kind.Alone && !meant:
		o.step(o.Call, "moved: released where something fails, and meant to stay otherwise")
		return
	}
	slices.SortFunc(c.out, func(a, b lateExit) int { return a.at.Node.Start() - b.at.Node.Start() })
	var exits []ExitPlace
	for _, x := range c.out {
		exits = append(exits, x.at)
	}
	way := MissingPath
	if len(o.releases) == 0 && !read {
		way = NeverReleased
	}
	s.unmet(o, way, exits)
	o.Form, o.gist = formCallback{}, c.out
}

// endsOfGiver are the calls in a callback that end what gives it the handle, and the
// handle with that: req.destroy().
func endsOfGiver(o *Obligation, fn syntax.Node) []use {
	var out []use
	sym := widen(o.Call).Parent().Field("name").Symbol()
	if sym == nil {
		return nil
	}
	for _, ref := range sym.Refs {
		method := ref.Outer().Parent()
		name := method.Field("property").Text()
		if call := method.Parent(); ref.Within(fn) && call.Field("function") == method && (isTeardown(name) || name == "abort") {
			out = append(out, use{released, ref, call, "released by " + shorten(call.Text())})
		}
	}
	return out
}

// endsInTime reports whether what gives the handle to its callback is ended when it tells
// that nothing has come for a while.
//
//	req.on('timeout', () => req.destroy());
func endsInTime(o *Obligation) bool {
	sym := widen(o.Call).Parent().Field("name").Symbol()
	return slices.ContainsFunc(sym.Mentions(), func(ref syntax.Node) bool {
		call := ref.Outer().Parent().Parent()
		event, _ := call.Field("arguments").Child(0).StringValue()
		handler := functionGiven(call.Field("arguments").Child(1))
		if !call.Is("call_expression") || event != "timeout" && calleeName(call) != "setTimeout" || !handler.OK() {
			return false
		}
		return len(endsOfGiver(o, handler)) > 0
	})
}

// givesBack classifies the mentions of a function that the callback is given for
// releasing: release().
func givesBack(sym *syntax.Symbol) []use {
	var out []use
	for _, ref := range sym.Refs {
		if call := ref.Outer().Parent(); call.Field("function").Inner(false) == ref {
			out = append(out, use{released, ref, call, "released by " + shorten(call.Text())})
		} else {
			out = append(out, use{moved, ref, ref, ref.Text() + "() is handed on"})
		}
	}
	return out
}

// follow finds the ends of a callback at which the handle is still held, and
// those of the callbacks that go on with it.
func (c *callbacks) follow(fn syntax.Node) {
	if c.seen[fn.ID()] {
		return
	}
	c.seen[fn.ID()] = true
	g := c.graph(fn)
	stops := c.stops(g, fn, func(next syntax.Node) {
		if takesAnswer(next) {
			c.follow(next)
		}
	})
	stop := func(p int) bool { return stops[p] }
	starts := []int{syntax.Entry}
	c.tests = append(c.tests, truthTests(c.o, g, starts, stop)...)
	busy := c.busy(g, fn)
	for _, w := range g.Ways(starts, stop, c.o.holds) {
		if w.Raised {
			continue
		}
		last := w.Points[len(w.Points)-1]
		var on []syntax.Node
		for p, call := range busy {
			if g.Reaches(starts, p, stop, c.o.holds) && (p == last || g.Reaches([]int{p}, last, stop, c.o.holds)) && !slices.Contains(on, call) {
				on = append(on, call)
			}
		}
		exit := lateExit{exitOf(g, w), fn, ""}
		switch next := continuation(on); {
		case next.OK():
			c.follow(next)
			continue
		case len(on) > 0:
			exit.reason = "what " + calleeText(slices.MinFunc(on, byStart)) + " begins is not done there"
		default:
			exit.reason = c.released(g, last, stops)
		}
		if !slices.ContainsFunc(c.out, func(x lateExit) bool { return x.at.Node == exit.at.Node }) {
			c.out = append(c.out, exit)
		}
	}
}

func byStart(a, b syntax.Node) int { return a.Start() - b.Start() }

// stops are the points of a callback at which the debt is settled, or handed to
// another callback, which next is told of.
func (c *callbacks) stops(g *syntax.Graph, fn syntax.Node, next func(syntax.Node)) map[int]bool {
	stops := map[int]bool{}
	for _, u := range c.uses {
		for _, l := range c.lift(u, fn, maxHops) {
			if l.at == fn || !l.at.Within(fn) {
				continue
			}
			for _, n := range c.settledAlong(l) {
				for _, p := range c.points(g, fn, n) {
					stops[p] = true
				}
			}
			if l.at.IsFunction() {
				next(l.at)
			}
		}
	}
	return stops
}

// busy are the points of a callback at which the handle is put to work that may
// not be done when the call returns.
func (c *callbacks) busy(g *syntax.Graph, fn syntax.Node) map[int]syntax.Node {
	out := map[int]syntax.Node{}
	for _, u := range c.uses {
		if u.effect != neutral || u.ref.Function() != fn {
			continue
		}
		for n := u.ref.Parent(); n.OK() && !n.IsStatement() && !n.IsFunction(); n = n.Parent() {
			if n.Is("arguments") && u.ref.Outer().Parent() != n {
				break // done(handle.id)
			}
			if !n.Is("call_expression") || n.Outer().Is("await_expression") {
				continue
			}
			if origin, ok := n.Field("function").Origin(); ok && strings.HasSuffix(origin.Last(), "Sync") {
				continue
			}
			for _, p := range g.At(n) {
				out[p] = n
			}
		}
	}
	return out
}

// continuation is the function that goes on where the only one of some calls is
// done; the zero Node if that cannot be told.
func continuation(calls []syntax.Node) syntax.Node {
	if len(calls) != 1 {
		return syntax.Node{}
	}
	args := calls[0].Field("arguments")
	last := args.Child(args.Len() - 1).Inner(false)
	name := calls[0].Field("function").Inner(false).Field("property").Text()
	if !last.IsFunction() || chainable[name] || name == "then" || name == "catch" || name == "finally" || iterators[name] {
		return syntax.Node{}
	}
	return last
}

// released says why a release at a point would be the second, "" if it is not.
func (c *callbacks) released(g *syntax.Graph, at int, stops map[int]bool) string {
	never := func(int) bool { return false }
	for p := range stops {
		if g.Reaches([]int{p}, at, never, c.o.holds) || g.Reaches([]int{at}, p, never, c.o.holds) {
			return "on other ways it is released there already"
		}
	}
	return ""
}

// takesAnswer reports whether a function is the last argument of a call, and takes
// an error first: what node's functions call once, when they are done.
func takesAnswer(fn syntax.Node) bool {
	args := fn.Outer().Parent()
	params := parametersOf(fn)
	return args.Is("arguments") && args.Child(args.Len()-1).Inner(false) == fn && len(params) > 0 && isErrorName(params[0].Name)
}

func isErrorName(name string) bool {
	name = strings.ToLower(strings.Trim(name, "_$"))
	return name == "e" || name == "er" || name == "ex" || strings.HasPrefix(name, "err") || strings.HasSuffix(name, "err") || strings.HasSuffix(name, "error")
}

// afterFailure reports whether n is evaluated, within outer, only where an error
// was told or caught.
func afterFailure(n, outer syntax.Node) bool {
	for p := n.Parent(); p.OK() && p != outer; p = p.Parent() {
		if p.Is("catch_clause") {
			return true
		}
		if !p.Is("if_statement") || !n.Within(p.Field("consequence")) {
			continue
		}
		for d := range p.Field("condition").Descendants() {
			if d.Is("identifier") && isErrorName(d.Text()) {
				return true
			}
		}
	}
	return false
}
