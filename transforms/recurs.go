package transforms

import (
	"path"
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// recurs reports whether something in sight shows that an evaluation happens again and
// again while the program runs: for every event, request or call of others that hand
// something of their own. A loop over what there is, in what runs once, comes to its end;
// and what a failure has begin anew is the same once more. Where nothing shows either way
// the answer is unsure.
func (s *scan) recurs(n syntax.Node, hops int, unsure bool) bool {
	if hops == 0 {
		return unsure
	}
	for p := n.Parent(); p.OK(); p = p.Parent() {
		switch {
		case p.Is("while_statement", "do_statement"):
			return true
		case isFlagged(p, n), isSingleton(p, n):
			return false
		case p.Parent().Is("class_body") && !p.IsFunction() && !p.HasToken("static"):
			return s.madeAgain(p.Parent().Parent(), hops-1, unsure)
		case !p.IsFunction():
		case callbackOf(p).ends, isEnteredOnce(p, n), s.at(p).isKeptForGood(p, hops):
			return false
		case p.Outer().Parent().Is("jsx_expression"):
			return true
		case p.Outer().Parent().Is("arguments"):
			if _, again := s.runsAgain(p); again || tellsAgain(p.Outer().Parent().Parent(), p) {
				return true
			}
			if call := p.Outer().Parent().Parent(); !isInline(p) && !runsCallbackOnce(call, p) {
				return unsure
			}
		case p.Outer().Parent().Is("assignment_expression") && callbackOf(p).at.OK(): // onload = () => ..
			if callbackOf(p).repeats {
				return true
			}
		case p.Outer().Parent().Field("function").Inner(false) == p && p.Outer().Parent().Is("call_expression"): // on the spot
		default:
			return s.callsRecur(p, hops, unsure)
		}
	}
	return false
}

// callsRecur is recurs for a function that has a name: of its calls, and of what it is
// handed to.
func (s *scan) callsRecur(fn syntax.Node, hops int, unsure bool) bool {
	if class, member := fn.ThisClass(); class.IsClass() && syntax.FunctionOf(member) == fn {
		if method := syntax.MemberName(member); method != "constructor" && !isStarter(method, fn) && !isPrivate(member) {
			return unsure || !s.calledOnTheOnly(class, method, hops) // whoever has the instance may
		} else if method == "constructor" || !isPrivate(member) {
			return s.madeAgain(class, hops-1, unsure)
		}
	}
	var refs []syntax.Node
	name := functionName(fn)
	if name != nil {
		if unsure && s.forOthers(name) {
			return true
		}
	} else if fn.Outer().Parent().Is("export_statement") { // who imports it calls it as its file is called
		refs = s.Project.MentionsOf(s.ctx, fn, strings.TrimSuffix(path.Base(fn.File().Path), path.Ext(fn.File().Path)))
	} else if owner, member, _ := fn.Field("body").InstanceAt(); owner.OK() && syntax.FunctionOf(member) == fn {
		refs = s.at(owner).refsIn(owner)[syntax.MemberName(member)]
	}
	if len(refs) == 0 && name == nil {
		return unsure
	}
	mentions := slices.Values(refs)
	if name != nil {
		mentions = s.mentions(fn, name, "") // one that tells is enough: no further file is parsed
	}
	called, elsewhere := false, false
	for r := range mentions {
		call := r.Outer().Parent()
		elsewhere = elsewhere || r.File() != fn.File()
		switch {
		case isNaming(r), isTakenAway(r), r == fn.Field("name"), inFailure(r, r.Function()), r.Within(fn) && r.File() == fn.File():
			continue
		case call.Is("jsx_expression"):
			return true
		case call.Is("arguments"):
			if tellsAgain(call.Parent(), r.Outer()) || isRoute(call.Parent()) || calleeName(call.Parent()) == "setInterval" {
				return true
			}
			if !runsCallbackOnce(call.Parent(), r.Outer()) {
				if unsure {
					return true
				}
				continue
			}
		}
		called = true
		if s.at(r).recurs(r, hops-1, unsure) {
			return true
		}
	}
	if !called && unsure {
		return true
	}
	return !called && name != nil && s.at(fn).leaves(name) && fn.WantsArguments() && !elsewhere
}

// tellsAgain reports whether a call has a function told of something that may come more
// than once, be it that it began.
func tellsAgain(call, fn syntax.Node) bool {
	if given(call, fn).repeats {
		return true
	}
	switch event, known := call.Field("arguments").Child(0).StringValue(); calleeName(call) {
	case "on", "addListener", "addEventListener":
		return known && !onlyOnceEvents[event] && !endEvents[strings.ToLower(event)] && !strings.Contains(call.Field("arguments").Child(2).Text(), "once")
	}
	return false
}

// madeAgain reports whether more than one instance of a class comes about while the program
// runs, or what makes them cannot be seen.
func (s *scan) madeAgain(class syntax.Node, hops int, unsure bool) bool {
	if name := className(class); unsure && name != nil && s.forOthers(name) {
		return true
	}
	made, known := s.makings(class, hops)
	return hops <= 0 || !known || len(made) == 0 || slices.ContainsFunc(made, func(n syntax.Node) bool { return s.at(n).recurs(n, hops, unsure) })
}

// calledOnTheOnly reports whether a method of a class of an application is called where the
// only instance is made, and nothing shows that this happens again.
func (s *scan) calledOnTheOnly(class syntax.Node, method string, hops int) bool {
	if !class.IsClass() || !isApplication(s.Project, s.f.Path) {
		return false
	}
	made, known := s.makings(class, hops-1)
	if !known || len(made) != 1 {
		return false
	}
	sym := widen(made[0]).Parent().Field("name").Symbol()
	called := false
	for _, r := range sym.Mentions() {
		m := r.Outer().Parent()
		if !m.Is("member_expression") || m.Field("property").Text() != method || !m.Outer().Parent().Is("call_expression") {
			continue
		}
		if called = !s.at(r).recurs(r, hops-1, false); !called {
			return false
		}
	}
	return called
}

// madeAlone reports whether nothing shows that an application makes more than one instance
// of a class, by what can be seen of it.
func (s *scan) madeAlone(class syntax.Node) bool {
	if !class.IsClass() || s.instance(class).host != nil || !isApplication(s.Project, s.f.Path) {
		return false
	}
	teardown := s.instance(class).teardown
	made, known := s.makings(class, onceHops)
	return known && len(made) > 0 && !slices.ContainsFunc(made, func(n syntax.Node) bool {
		return teardown != nil && endedWhereMade(n, teardown.name) || s.at(n).recurs(n, onceHops, false)
	})
}

// endedWhereMade reports whether the function that makes an instance ends it, too: it may
// be called again, and the program goes on.
func endedWhereMade(made syntax.Node, teardown string) bool {
	fn := made.Function()
	sym := widen(made).Parent().Field("name").Symbol()
	if !fn.OK() || sym == nil {
		return false
	}
	return slices.ContainsFunc(sym.Refs, func(r syntax.Node) bool {
		method := r.Outer().Parent()
		return method.Is("member_expression") && method.Field("property").Text() == teardown &&
			method.Outer().Parent().Is("call_expression") && r.Function() == fn
	})
}

// forOthers reports whether a name may be known to whoever uses the package that it is of.
func (s *scan) forOthers(name *syntax.Symbol) bool {
	file := name.Node.File()
	return s.at(name.Node).leaves(name) && !isApplication(s.Project, file.Path)
}
