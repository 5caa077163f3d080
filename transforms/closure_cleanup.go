package transforms

import (
	"fmt"
	"slices"

	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
)

// A function may collect what ends all that it began, and return a function that does
// it:
//
//	return () => cleanups.forEach((cleanup) => cleanup());
//
// What it keeps in a variable, and only releases to acquire it anew, is left by that.

// endList is such an end.
type endList struct {
	list *syntax.Symbol // of the functions that are run
	runs []syntax.Node  // the function that is returned, and those in the list
	stmt syntax.Node    // the return
}

// endListOf is what a function returns to end all that it began; false for none, or for
// another function on some way out.
func endListOf(home syntax.Node) (endList, bool) {
	var c endList
	body := home.Field("body")
	if !body.Is("statement_block") || home.IsAsync() || home.IsGenerator() {
		return c, false
	}
	for n := range body.Own() {
		if !n.Is("return_statement") {
			continue
		}
		value := n.Child(0).Inner(false)
		list := allCalled(value, home)
		switch {
		case list != nil && c.list == nil && n.Parent() == body:
			c.list, c.stmt, c.runs = list, n, []syntax.Node{value}
		case !value.IsFunction() || value.Field("body").Len() > 0:
			return c, false
		}
	}
	if c.list == nil {
		return c, false
	}
	ends := false
	for _, ref := range c.list.Refs {
		call := ref.Outer().Parent().Parent()
		if methodOn(ref) != "push" {
			continue
		}
		for fn := range call.Field("arguments").Children() {
			if !fn.IsFunction() {
				return c, false
			}
			c.runs = append(c.runs, fn)
			ends = ends || slices.ContainsFunc(slices.Collect(fn.Field("body").Descendants()), func(n syntax.Node) bool {
				return n.Is("call_expression") && (takesAway(n) || isTeardown(n.Field("function").Inner(false).Field("property").Text()))
			})
		}
	}
	return c, ends
}

// allCalled is the list of functions, a constant of home that begins empty, all of which a
// function calls; nil for none.
func allCalled(fn, home syntax.Node) *syntax.Symbol {
	if !fn.IsFunction() {
		return nil
	}
	for n := range fn.Field("body").Descendants() {
		callee := n.Field("function").Inner(false)
		list, each := callee.Field("object").Inner(false).Symbol(), n.Field("arguments").Child(0).Inner(false)
		if n.Is("for_in_statement") {
			if list = n.Field("right").Inner(false).Symbol(); !slices.ContainsFunc(boundBy(n.Field("left")), isCalled) {
				continue
			}
		} else if !n.Is("call_expression") || callee.Field("property").Text() != "forEach" || !each.IsFunction() || !slices.ContainsFunc(boundBy(parameter(each, 0)), isCalled) {
			continue
		}
		if list != nil && list.Constant() && list.Decl.Function() == home && list.Init().Inner(false).Is("array") {
			return list
		}
	}
	return nil
}

// judgeCleanup judges what a variable holds that is released only to be acquired anew.
func (s *scan) judgeCleanup(o *Obligation) {
	sym := o.Handle.Symbol
	if o.Status != Met || o.Standing != Leak || o.Handle.Place != InVariable || sym == nil || sym.Kind != syntax.Variable || !slices.Contains(o.Acquire.From, "global") || o.Kind.Registers() || s.isBrief(o) {
		return
	}
	home := sym.Decl.Function()
	if !home.OK() || o.Call.Function() == home {
		return
	}
	c, ok := endListOf(home)
	if !ok || slices.ContainsFunc(c.runs, func(fn syntax.Node) bool { return mayRelease(fn, sym, home, 3) }) {
		return
	}
	o.Owner = Owner{OwnerFunction, nameOf(home), home}
	s.unmet(o, MissingPath, []ExitPlace{{c.stmt, "what is returned leaves it"}})
	o.Form, o.gist = formCleanup{}, c
}

// mayRelease reports whether a function, or a local one that it calls, mentions a
// variable.
func mayRelease(fn syntax.Node, sym *syntax.Symbol, home syntax.Node, hops int) bool {
	for n := range fn.Field("body").Descendants() {
		other := n.Symbol()
		if !n.Is("identifier") || other == nil {
			continue
		}
		if other == sym {
			return true
		}
		if n.Outer().Parent().Field("function").Inner(false) != n {
			continue
		}
		decl := other.Decl
		if init := other.Init().Inner(false); init.IsFunction() {
			decl = init
		}
		if hops > 0 && decl.IsFunction() && decl != fn && decl.Within(home) && decl != home && mayRelease(decl, sym, home, hops-1) {
			return true
		}
	}
	return false
}

// formCleanup adds the release to the list of what is run at the end.
type formCleanup struct{}

func (formCleanup) Name() string { return "cleanup" }

func (formCleanup) fix(s *scan, p *Plan) (*Fix, *Refusal) {
	o := p.Obligations[0]
	c := o.gist.(endList)
	release, no := s.writeRelease(o, o.Handle.Symbol.Name)
	if no != nil {
		return nil, no
	}
	st := styleOf(s.f)
	return &Fix{
		Plan: p, Edits: []patch.Edit{st.before(c.stmt, fmt.Sprintf("%s.push(() => %s);", c.list.Name, release))},
		Notes:   []Note{{Unsafe, fmt.Sprintf("a pending %s is cancelled when what %s() returns is called: does anything rely on its callback running all the same?", o.Kind.Noun, nameOf(p.Owner.Node))}},
		Message: fmt.Sprintf("Release the %s with all else that %s() began", o.Kind.Noun, nameOf(p.Owner.Node)),
	}, nil
}
