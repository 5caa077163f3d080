package transforms

import (
	"path"
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// A setup is code that a framework runs once for each instance of a component, and whose
// end functions are told that it hands to the framework meanwhile: `setup()` and
// `<script setup>` of Vue with the composables that they call, the script of a Svelte
// component. What it and its functions acquire ends with the component.

// setupHost is what a framework calls these functions.
type setupHost struct {
	from  []string // modules
	ends  []string // what is told how to end, the fittest first
	begin []string // what runs a function once, when the component is there
	auto  bool     // its names may be there without an import
}

var (
	vueSetup = &setupHost{
		from:  []string{"vue", "vue-demi", "@vue/composition-api", "@vue/runtime-core", "@vue/runtime-dom", "#imports"},
		ends:  []string{"onBeforeUnmount", "onUnmounted", "onScopeDispose", "tryOnBeforeUnmount", "tryOnUnmounted", "tryOnScopeDispose", "onWatcherCleanup", "onDeactivated", "onBeforeRouteLeave"},
		begin: []string{"onMounted", "onBeforeMount", "tryOnMounted", "tryOnBeforeMount"},
		auto:  true,
	}
	svelteSetup = &setupHost{from: []string{"svelte"}, ends: []string{"onDestroy"}}
)

// written is how many of the ends of a host are written by us; what is behind those is
// only understood.
const written = 3

// setup is one such code.
type setup struct {
	host  *setupHost
	root  syntax.Node // the function, or the whole file
	body  syntax.Node // the list of its statements
	ends  []setupEnd
	where *syntax.Block // of a script; nil for a function
}

// setupEnd is a function that was handed to the framework for the end.
type setupEnd struct {
	call    syntax.Node
	fn      syntax.Node   // where it is written there
	reached []syntax.Node // all functions that run then
}

// setupAt is the setup that some code belongs to, nil for none.
func (s *scan) setupAt(n syntax.Node) *setup {
	for p := n.Parent(); p.OK(); p = p.Parent() {
		if p.IsClass() {
			return nil
		}
		if !p.IsFunction() {
			continue
		}
		if s.isSetup(p) {
			return s.setupOf(p, nil)
		}
		if owner, _ := p.ThisClass(); syntax.IsOptions(owner) && !p.IsArrow() {
			return nil
		}
	}
	if b, ok := s.f.BlockAt(n.Start(), n.End()); ok && b.Instance {
		return s.setupOf(s.f.Root(), &b)
	}
	return nil
}

// isSetup reports whether a function is one that Vue calls for each instance, or a
// composable, which such a function calls.
func (s *scan) isSetup(fn syntax.Node) bool {
	at := fn
	if !fn.Is("method_definition") {
		at = fn.Outer().Parent()
	}
	switch {
	case at.Is("method_definition", "pair") && syntax.MemberName(at) == "setup":
		return syntax.IsOptions(at.Parent())
	case at.Is("arguments"):
		return calleeName(at.Parent()) == "defineComponent" && at.Child(0).Inner(false) == fn
	}
	name := functionName(fn)
	if name == nil || fn.Function().OK() || !s.importsVue() {
		return false
	}
	return isHookName(name.Name) || !fn.IsAsync() && callsHooks(fn)
}

// callsHooks reports whether a function tells Vue on the spot what to do when the
// component comes and goes: only a setup may, or what it calls.
func callsHooks(fn syntax.Node) bool {
	c := &setup{host: vueSetup}
	for n := range fn.Field("body").Own() {
		if n.Is("call_expression") && (c.isCallOf(n, vueSetup.begin) || c.isCallOf(n, vueSetup.ends[:written])) {
			return true
		}
	}
	return false
}

func (s *scan) importsVue() bool {
	return slices.ContainsFunc(s.f.Imports().Modules, func(m string) bool { return slices.Contains(vueSetup.from, m) })
}

func (s *scan) setupOf(root syntax.Node, b *syntax.Block) *setup {
	if known, ok := s.setups[root.ID()]; ok {
		return known
	}
	c := &setup{host: vueSetup, root: root, body: root, where: b}
	if b == nil {
		c.body = root.Field("body")
	}
	if strings.HasSuffix(s.f.Path, ".svelte") {
		c.host = svelteSetup
	}
	s.setups[root.ID()] = c
	for n := range c.code() {
		if !n.Is("call_expression") || !c.isCallOf(n, c.host.ends) && !isCleanupParameter(n) {
			continue
		}
		e := setupEnd{call: n, fn: n.Field("arguments").Child(0).Inner(false)}
		fns := []syntax.Node{e.fn}
		if !e.fn.IsFunction() {
			fns = []syntax.Node{localFunction(e.fn)}
			e.fn = syntax.Node{}
		}
		e.reached = s.reachedFrom(fns)
		c.ends = append(c.ends, e)
	}
	return c
}

// code is all that is written in a setup.
func (c *setup) code() func(func(syntax.Node) bool) {
	return func(yield func(syntax.Node) bool) {
		for n := range c.root.Descendants() {
			if c.where != nil {
				if b, ok := c.root.File().BlockAt(n.Start(), n.End()); !ok || !b.Instance {
					continue
				}
			}
			if !yield(n) {
				return
			}
		}
	}
}

// isCallOf reports whether a call is of one of the host's functions: imported, or there
// without an import.
func (c *setup) isCallOf(call syntax.Node, names []string) bool {
	callee := call.Field("function").Inner(false)
	name := lastName(callee)
	if im, imported := callee.Symbol().Import(); imported {
		name = im.Name
	} else if callee.Is("identifier") && callee.Symbol() != nil {
		return false
	}
	return slices.Contains(names, name)
}

// isCleanupParameter: onCleanup(..) in watchEffect((onCleanup) => ..) and the like.
func isCleanupParameter(call syntax.Node) bool {
	sym := call.Field("function").Inner(false).Symbol()
	if sym == nil || sym.Kind != syntax.Parameter {
		return false
	}
	switch name := calleeName(callAround(sym.Decl.Function())); name {
	case "watch", "watchEffect", "watchPostEffect", "watchSyncEffect":
		return true
	}
	return false
}

// endsAt is the end of a setup in which n runs, nil for none.
func (c *setup) endsAt(n syntax.Node) *setupEnd {
	for i, e := range c.ends {
		if n != e.call && n.Within(e.call) {
			return &c.ends[i]
		}
		for _, fn := range e.reached {
			if n.Within(fn) {
				return &c.ends[i]
			}
		}
	}
	return nil
}

// timesOf says how often some code of a setup runs.
type timesOf int

const (
	directly timesOf = iota // as a part of the setup itself
	atBegin                 // once, when the component is there
	later                   // some day, perhaps several times
)

// times says how often n runs, and in which function that is.
func (s *scan) times(c *setup, n syntax.Node, hops int) (timesOf, syntax.Node) {
	fn := n.Function()
	for fn.OK() && fn != c.root && isInline(fn) && !isExecutor(fn) && !repeats(n, fn.Function()) {
		fn = fn.Function()
	}
	if !fn.OK() || fn == c.root {
		if repeats(n, fn) {
			return later, fn
		}
		return directly, fn
	}
	if hops == 0 || repeats(n, fn) {
		return later, fn
	}
	if call := callAround(fn); fn.Parent().Is("arguments") && c.isCallOf(call, c.host.begin) && homeOf(call) == c.home() {
		return atBegin, fn
	}
	name := functionName(fn)
	if name == nil || len(name.Refs) != 1 || s.inMarkup(name.Name) {
		return later, fn
	}
	use := name.Refs[0].Outer()
	call := use.Parent()
	if call.Is("arguments") && c.isCallOf(call.Parent(), c.host.begin) && homeOf(call.Parent()) == c.home() {
		return atBegin, fn
	}
	if call.Field("function").Inner(false) == use.Inner(false) {
		if how, _ := s.times(c, call, hops-1); how != later {
			return atBegin, fn
		}
	}
	return later, fn
}

// home is the function that the setup is, as Function answers for its own code.
func (c *setup) home() syntax.Node {
	if c.where != nil {
		return syntax.Node{}
	}
	return c.root
}

// statement is the statement of a setup that n stands in.
func (c *setup) statement(n syntax.Node) syntax.Node {
	for n.OK() && n.Parent() != c.body {
		n = n.Parent()
	}
	return n
}

// holds reports whether a variable can be seen in all of a setup.
func (c *setup) holds(sym *syntax.Symbol) bool {
	if sym == nil {
		return false
	}
	if _, imported := sym.Import(); imported || c.root.File().TopLevel(sym.Name) == sym {
		return true
	}
	return sym.Decl.Function() == c.root && (sym.Kind == syntax.Function && sym.Decl.Parent() == c.body || sym.Kind == syntax.Parameter || sym.Scope() == c.body || sym.Scope() == c.root)
}

func (c *setup) name() string {
	if c.where == nil {
		if owner := c.root.Ancestor("object"); syntax.IsOptions(owner) && (c.root.Parent() == owner || c.root.Parent().Parent() == owner) {
			return componentName(owner)
		}
		if name := nameOf(c.root); isHookName(name) {
			return name
		}
	}
	return fileName(c.root.File())
}

// fileName is what a component file is called.
func fileName(f *syntax.File) string {
	return strings.TrimSuffix(path.Base(f.Path), path.Ext(f.Path))
}
