package transforms

import (
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/project"
	"github.com/unleak-dev/unleak/internal/syntax"
)

// What the root of a page of React shows without a condition, a provider of a context or
// a bar at its side, is there as long as the page.

// byRootHops bounds over how many components it is followed what shows them.
const byRootHops = 8

// judgeShownByRoot takes what a component never releases for the page's where everything
// that shows it does so for good. What an effect acquires anew each time that it runs
// piles up all the same.
func (s *scan) judgeShownByRoot(o *Obligation) {
	if o.Status != Unmet || o.Standing != Leak {
		return
	}
	component := o.Owner.Node
	switch o.Owner.Form {
	case OwnerEffect:
		if s.isOfRootsSetup(o) {
			component = syntax.Node{}
			break
		}
		e := s.effectAt(o.Call)
		if e == nil || !e.within.OK() {
			return
		}
		component = e.within
		switch again, _ := e.runsAnew(); {
		case o.Kind.OneShot && (!again || o.Way == MissingPath || s.isShortOfRun(o) && !s.loopOf(o).OK()):
		case again || o.Way != NeverReleased:
			return
		}
	case OwnerComponent:
		if m, made := makingOf(o); made && m.each || o.isOnSpot() || o.Kind.Registers() && o.Way == NeverReleased {
			return
		}
	case OwnerClass:
		if o.Kind.OneShot && o.Way == NeverReleased && s.isNeverTakenOut(component) {
			o.Status, o.Form, o.Exits, o.Refusal = Moved, nil, nil, nil
			o.step(o.Call, "moved: only roots show it, which nobody ever takes out of the page")
			return
		}
		_, member := o.Call.ThisClass()
		if h := s.instance(component).host; h == nil || len(h.draws) == 0 || o.Way != NeverReleased && (o.Way != MissingPath || len(o.Exits) > 0) || !o.Kind.OneShot && !slices.Contains(h.onces, syntax.MemberName(member)) && syntax.MemberName(member) != "constructor" {
			return
		}
	default:
		return
	}
	if component.OK() && !s.isShownByRoot(component, byRootHops) {
		return
	}
	o.Status, o.Form, o.Exits, o.Refusal = Moved, nil, nil, nil
	o.step(o.Call, "moved: the root shows it for good, as long as the page is there")
}

// isNeverTakenOut reports whether a class is shown by nothing but roots that React draws into
// elements, and nobody in the project ever takes a root out of the page: what a one-shot of an
// instance does, it does to one that is still there.
//
//	ReactDOM.render(<Chart {...props}/>, this.node);
func (s *scan) isNeverTakenOut(class syntax.Node) bool {
	if h := s.instance(class).host; h == nil || len(h.draws) == 0 || s.Project.HasWord(s.ctx, project.Unmount) {
		return false
	}
	sh := s.at(class).showingsOf(class, byRootHops)
	return len(sh) > 0 && !slices.ContainsFunc(sh, func(at syntax.Node) bool {
		if !at.OK() {
			return true
		}
		_, maybe, call := s.at(at).standing(at, byRootHops)
		origin, known := call.Field("function").Origin()
		return maybe || !known || origin.Module != "react-dom" || origin.Last() != "render"
	})
}

// isOfRootsSetup reports whether a composable of Vue acquires something once each time that it
// is called, and only the setup of a page's root calls it.
func (s *scan) isOfRootsSetup(o *Obligation) bool {
	d, ok := o.gist.(*setupDebt)
	if !ok || !d.setup.isComposable() || d.times == later || o.Way != NeverReleased {
		return false
	}
	sh := s.showingsOf(d.setup.root, byRootHops)
	return len(sh) > 0 && !slices.ContainsFunc(sh, func(at syntax.Node) bool {
		if !at.OK() || !isRootFile(at.File()) {
			return true
		}
		c := s.at(at).setupAt(at)
		if c == nil || c.isComposable() {
			return true
		}
		how, _ := s.at(at).times(c, at, maxHops)
		return how == later
	})
}

// isShortOfRun reports whether a one-shot of an effect fires before anybody has the effect
// run again.
func (s *scan) isShortOfRun(o *Obligation) bool {
	ms, known := milliseconds(o.Call.Field("arguments").Child(1))
	return isFrame(o) || known && ms < longAgain
}

// isShownByRoot reports whether all that shows a component, by its function or class, or
// that calls a hook, is the root of a page, or shown so itself.
func (s *scan) isShownByRoot(component syntax.Node, hops int) bool {
	if hops == 0 || !component.OK() {
		return false
	}
	sh := s.at(component).showingsOf(component, hops)
	return len(sh) > 0 && !slices.ContainsFunc(sh, func(at syntax.Node) bool {
		if !at.OK() {
			return true
		}
		return !s.at(at).isAlwaysShown(at, hops)
	})
}

// isKeptForGood reports whether a function is run once for each instance of a component that
// is shown for good.
func (s *scan) isKeptForGood(fn syntax.Node, hops int) bool {
	component := s.keptOnceBy(fn)
	return component.OK() && s.isShownByRoot(component, hops)
}

// keptOnceBy is the component, or hook, that runs a function once for each of its instances:
// one that makes the first value of a state, or an effect without anything that has
// it run again.
func (s *scan) keptOnceBy(fn syntax.Node) syntax.Node {
	args := fn.Outer().Parent()
	call := args.Parent()
	if !args.Is("arguments") || args.Child(0) != fn.Outer() || !call.Is("call_expression") {
		return syntax.Node{}
	}
	if origin, ok := call.Field("function").Origin(); ok && slices.Contains(react, origin.Module) {
		switch deps := call.Field("arguments").Child(1).Inner(false); origin.Last() {
		case "useState":
			return call.Function()
		case "useMemo":
			if deps.Is("array") && deps.Len() == 0 {
				return call.Function()
			}
			return syntax.Node{}
		}
	}
	if e := s.effectOf(fn); e != nil && e.within.OK() {
		if again, _ := e.runsAnew(); !again {
			return e.within
		}
	}
	return syntax.Node{}
}

// isAlwaysShown reports whether an element, or the call of a hook, stands without any
// condition in what is shown for good.
func (s *scan) isAlwaysShown(at syntax.Node, hops int) bool {
	fn, maybe, call := s.standing(at, hops)
	switch {
	case call.OK():
		return s.drawsIntoPage(call)
	case !fn.OK() || maybe:
		return false
	}
	if class, member := fn.ThisClass(); class.IsClass() && syntax.FunctionOf(member) == fn {
		return syntax.MemberName(member) == "render" && s.isShownByRoot(class, hops-1)
	}
	return s.isShownByRoot(fn, hops-1)
}

// standing is the function that shows an element: it is returned by that. maybe: not
// always. call: it is not returned, but handed to a root to be drawn.
func (s *scan) standing(at syntax.Node, hops int) (fn syntax.Node, maybe bool, call syntax.Node) {
	if at.Is("call_expression") && calleeName(at) != "createElement" { // of a hook: always, by the rules of hooks
		return at.Function(), false, syntax.Node{}
	}
	if at.Is("jsx_opening_element") {
		at = at.Parent()
	}
	below := at
	for p := at.Parent(); p.OK(); below, p = p, p.Parent() {
		switch p.Kind() {
		case "jsx_element":
			open := p.Field("open_tag")
			if isKeyed(open) || !s.showsChildren(open, hops) {
				return fn, true, call
			}
		case "jsx_fragment", "parenthesized_expression", "jsx_expression":
			if p.Parent().Is("jsx_attribute") {
				return fn, true, call
			}
		case "arguments":
			switch c := p.Parent(); {
			case calleeName(c) == "createPortal" && p.Child(0) == below:
				p = c
			case slices.Contains([]string{"render", "hydrate", "hydrateRoot"}, calleeName(c)):
				return fn, maybe, c
			default:
				return fn, true, call
			}
		case "ternary_expression", "binary_expression":
			maybe = true
		case "return_statement":
			fn = p.Function()
			return fn, maybe || p.Parent() != fn.Field("body") || showsOtherBefore(fn, p), call
		case "arrow_function":
			return p, maybe, call
		default:
			return fn, true, call
		}
	}
	return fn, true, call
}

// showsOtherBefore reports whether a function shows something else above a statement, now
// and then. That nothing is there to be shown yet is no such thing.
func showsOtherBefore(fn, stmt syntax.Node) bool {
	if class, _ := fn.ThisClass(); slices.ContainsFunc(syntax.Members(class), func(m syntax.Member) bool {
		return m.Name == "componentDidCatch" || m.Name == "getDerivedStateFromError"
	}) {
		return false // what could not be drawn
	}
	for n := range fn.Field("body").Own() {
		if n.Is("return_statement") && n.Start() < stmt.Start() && n.Len() > 0 && !isNothing(n.Child(0).Inner(false)) {
			return true
		}
	}
	return false
}

func isKeyed(element syntax.Node) bool {
	for a := range element.Children() {
		if a.Is("jsx_attribute") && a.Child(0).Text() == "key" {
			return true
		}
	}
	return false
}

// drawsIntoPage reports whether a call draws a root into an element that the page has, and
// the file never takes it away again.
//
//	createRoot(document.getElementById('app')).render(<App/>)
func (s *scan) drawsIntoPage(call syntax.Node) bool {
	callee := call.Field("function").Inner(false)
	container := call.Field("arguments").Child(1).Inner(false)
	switch {
	case calleeName(call) == "hydrateRoot":
		container = call.Field("arguments").Child(0).Inner(false)
	case !container.OK() && callee.Is("member_expression"):
		root := callee.Field("object").Inner(false)
		if init := root.Symbol().Init(); init.OK() {
			root = init.Inner(false)
		}
		container = root.Field("arguments").Child(0).Inner(false)
	}
	if init := container.Symbol().Init(); init.OK() {
		container = init.Inner(false)
	}
	for container.Is("ternary_expression") {
		container = container.Field("consequence").Inner(false)
	}
	if container.Text() != "document.body" && !slices.Contains([]string{"getElementById", "querySelector"}, calleeName(container)) {
		return false
	}
	for id := range s.f.NodeCount() {
		if n := s.f.Node(int32(id)); n.Is("call_expression") && strings.HasPrefix(calleeName(n), "unmount") {
			return false
		}
	}
	return true
}

// showsChildren reports whether an element shows all that stands in it, always.
func (s *scan) showsChildren(open syntax.Node, hops int) bool {
	name := open.Field("name")
	text := squeeze(name)
	last := text[strings.LastIndexByte(text, '.')+1:]
	switch {
	case text == "", strings.ToLower(text[:1]) == text[:1] && !strings.Contains(text, "."):
		return true // of the page, or a fragment
	case slices.Contains([]string{"Fragment", "StrictMode", "Suspense", "Profiler", "Provider"}, last):
		return true
	case hops == 0:
		return false
	}
	if init := name.Symbol().Init().Inner(false); init.Is("call_expression") && init.Field("arguments").Is("template_string") {
		return true // an element with its style
	}
	fn := s.componentNamed(name)
	if !fn.OK() { // of a library, or one that can be exchanged
		return slices.ContainsFunc([]string{"Provider", "Boundary", "Router"}, func(end string) bool { return strings.HasSuffix(last, end) })
	}
	if fn.IsClass() {
		return strings.HasSuffix(last, "Boundary")
	}
	in := s.at(fn)
	for n := range fn.Field("body").Own() {
		if n.Text() != "children" && n.Text() != "props.children" || !n.Is("identifier", "member_expression") {
			continue
		}
		if by, maybe, _ := in.standing(n, hops-1); by == fn && !maybe {
			return true
		}
	}
	return false
}

// componentNamed is the function or class that an element's name means, where the project
// declares it.
func (s *scan) componentNamed(name syntax.Node) syntax.Node {
	sym := name.Symbol()
	if sym == nil {
		return syntax.Node{}
	}
	decl := sym.Decl
	if im, imported := sym.Import(); imported {
		_, decl = s.Project.Declaration(s.ctx, s.Project.Resolve(s.f.Path, im.Module), im.Name)
	}
	if decl.Is("variable_declarator") {
		decl = decl.Field("value").Inner(false)
	}
	for decl.Is("call_expression") { // memo(function () { .. })
		decl = decl.Field("arguments").Child(0).Inner(false)
	}
	if decl.IsFunction() || decl.IsClass() {
		return decl
	}
	return syntax.Node{}
}
