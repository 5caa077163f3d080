package transforms

import (
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// A host is a function of a framework, or of a library for it, that runs a function
// which it is given and tells it some day that this is over. What frameworks are is the
// table below; nothing else in the program names one.
type host struct {
	from     []string // modules
	names    []string // what they export; "default" for the module's own value
	callback int      // which argument is the function that is run
	deps     int      // which argument lists what makes it run anew; -1: there is none
	pays     payment
	register []string // of the same modules: what is told how to end, the fittest first
	anew     anew
}

// payment is how the end of what a host runs is paid.
type payment int

const (
	byReturn payment = iota // the function returns another one, which the host calls
	byCall                  // the function calls one of register with it, before anything is waited for
)

// anew says how often a host runs the function before the end comes for good.
type anew int

const (
	bySign  anew = iota // again, each time after its end, as its list of dependencies says
	once                // once
	tracked             // again, each time after its end, when something that it read changes
)

// hosts is the table of what runs functions and ends them.
var hosts = []host{
	{from: react, names: []string{"useEffect", "useLayoutEffect", "useInsertionEffect"}, deps: 1},
	{from: []string{"react-use", "ahooks", "usehooks-ts", "@uidotdev/usehooks", "@mantine/hooks", "react-hookz", "@react-hookz/web"}, names: []string{
		"useEffectOnce", "useIsomorphicLayoutEffect", "useIsomorphicEffect", "useUpdateEffect", "useUpdateLayoutEffect", "useDeepCompareEffect",
		"useCustomCompareEffect", "useShallowCompareEffect", "useDidUpdate", "useUnmountableEffect",
	}, deps: 1},
	{from: []string{"use-isomorphic-layout-effect", "use-deep-compare-effect", "@radix-ui/react-use-layout-effect"}, names: []string{"default", "useLayoutEffect", "useDeepCompareEffectNoCheck"}, deps: 1},
	{from: []string{"@mui/utils", "@mui/material", "@mui/material/utils", "@material-ui/core"}, names: []string{"unstable_useEnhancedEffect", "useEnhancedEffect"}, deps: 1},
	{from: []string{"@chakra-ui/react", "@chakra-ui/hooks"}, names: []string{"useSafeLayoutEffect", "useUpdateEffect"}, deps: 1},
	{from: []string{"@react-navigation/native", "@react-navigation/core", "expo-router"}, names: []string{"useFocusEffect"}, deps: -1},
	{from: []string{"solid-js"}, names: []string{"onMount"}, deps: -1, pays: byCall, register: []string{"onCleanup"}, anew: once},
	{from: []string{"svelte"}, names: []string{"onMount"}, deps: -1, anew: once},
	{from: []string{runes}, names: []string{"$effect", "$effect.pre"}, deps: -1, anew: tracked},
	{from: []string{"solid-js"}, names: []string{"createEffect", "createRenderEffect", "createComputed"}, deps: -1, pays: byCall, register: []string{"onCleanup"}, anew: tracked},
}

// runes stands for the module of what a compiler knows by its name.
const runes = "runes"

// react are the modules that have its hooks.
var react = []string{"react", "preact/hooks", "preact/compat", "@wordpress/element"}

// sameHooks are hooks that give back the function that they are given: what a host is
// given as useCallback(f, deps) is f.
var sameHooks = []string{"useCallback", "useEvent", "useEventCallback", "useMemoizedFn", "useEffectEvent"}

// hostHops bounds how far a function is followed through others to its host.
const hostHops = 4

// hostOf is the host that a call is of, and which argument of it is the function that
// it runs; nil for none. A function of the project that hands its parameter on to a host
// is one, too.
func (s *scan) hostOf(call syntax.Node, hops int) *host {
	if !call.Is("call_expression") {
		return nil
	}
	return s.hostBy(call.Field("function"), hops)
}

func (s *scan) hostBy(callee syntax.Node, hops int) *host {
	callee = callee.Inner(false)
	if callee.Is("ternary_expression") { // typeof window === 'undefined' ? useEffect : useLayoutEffect
		a, b := s.hostBy(callee.Field("consequence"), hops), s.hostBy(callee.Field("alternative"), hops)
		switch { // typeof document !== 'undefined' ? useLayoutEffect : () => {}
		case b == nil && runsNothing(callee.Field("alternative").Inner(false)):
			return a
		case a == nil && runsNothing(callee.Field("consequence").Inner(false)):
			return b
		}
		if a != nil && b != nil && a.callback == b.callback && a.pays == b.pays {
			return a
		}
		return nil
	}
	if origin, ok := callee.Origin(); ok {
		if origin.Module == "" {
			origin = syntax.Origin{Module: runes, Path: []string{strings.Join(origin.Path, ".")}}
		}
		if h := tabled(origin); h != nil {
			return h
		}
	}
	sym := callee.Symbol()
	if hops == 0 || sym == nil || !callee.Is("identifier") || !isHookName(sym.Name) {
		return nil
	}
	if im, imported := sym.Import(); imported {
		return s.hostElsewhere(im, hops-1)
	}
	decl := sym.Decl
	if sym.Kind == syntax.Variable {
		decl = sym.Init().Inner(false)
	}
	return s.hostDeclared(decl, hops-1)
}

// runsNothing reports whether n is a function that leaves what it is given alone.
func runsNothing(n syntax.Node) bool {
	body := n.Field("body")
	return isNoop(n) || n.IsFunction() && body.Is("statement_block") && body.Len() == 0
}

// tabled is the host of the table that something imported is.
func tabled(o syntax.Origin) *host {
	name := o.Last()
	if name == "" {
		name = "default"
	}
	for i, h := range hosts {
		if slices.Contains(h.from, o.Module) && slices.Contains(h.names, name) {
			return &hosts[i]
		}
	}
	return nil
}

func (s *scan) hostElsewhere(im syntax.Import, hops int) *host {
	if im.TypeOnly || im.Name == "*" {
		return nil
	}
	path := s.Project.Resolve(s.f.Path, im.Module)
	if h, known := s.hooks[path+"\x00"+im.Name]; known {
		return h
	}
	h := s.hostIn(path, im.Name, hops)
	s.hooks[path+"\x00"+im.Name] = h
	return h
}

func (s *scan) hostIn(path, name string, hops int) *host {
	file, decl := s.Project.Declaration(s.ctx, path, name)
	if file == nil || !decl.OK() {
		if slices.Contains(hosts[0].names, name) { // handed on from a library that has them from there
			return &hosts[0]
		}
		return nil
	}
	if decl.Is("variable_declarator") {
		decl = decl.Field("value").Inner(false)
	}
	return newScan(s.ctx, s.Detector, file).hostDeclared(decl, hops)
}

// hostDeclared is the host that a declared value is: another name of one, or a function
// that gives one of its parameters to one.
func (s *scan) hostDeclared(decl syntax.Node, hops int) *host {
	if decl.Is("identifier", "member_expression", "ternary_expression") {
		return s.hostBy(decl, hops)
	}
	if !decl.IsFunction() || decl.IsAsync() {
		return nil
	}
	for n := range decl.Field("body").Own() {
		if !n.Is("call_expression") {
			continue
		}
		h := s.hostOf(n, hops)
		if h == nil {
			continue
		}
		run := s.hosted(n, h)
		for i, sym := range plainParameters(decl) {
			if sym != nil && handsOn(run, sym) {
				return &host{callback: i, deps: depsGiven(decl, n, h), pays: h.pays, register: h.register, from: h.from, anew: h.anew}
			}
		}
	}
	return nil
}

// depsGiven is which parameter of a function goes on to a host as its list.
func depsGiven(decl, call syntax.Node, h *host) int {
	if h.deps < 0 {
		return -1
	}
	list := call.Field("arguments").Child(h.deps).Inner(false)
	for i, sym := range plainParameters(decl) {
		if list.OK() && sym != nil && list.Symbol() == sym {
			return i
		}
	}
	return -1
}

// handsOn reports whether a function is a parameter, or one that returns what that
// returns.
func handsOn(run syntax.Node, sym *syntax.Symbol) bool {
	if run.Is("identifier") {
		return run.Symbol() == sym
	}
	body := run.Field("body")
	calls := func(n syntax.Node) bool {
		n = n.Inner(false)
		return n.Is("call_expression") && n.Field("function").Inner(false).Symbol() == sym
	}
	if !body.Is("statement_block") {
		return run.IsFunction() && calls(body)
	}
	for n := range body.Own() {
		if n.Is("return_statement") && calls(n.Child(0)) {
			return true
		}
	}
	return false
}

// hosted is what a call gives its host to run: a function, or a name of one.
func (s *scan) hosted(call syntax.Node, h *host) syntax.Node {
	n := call.Field("arguments").Child(h.callback).Inner(false)
	for n.Is("call_expression") && slices.Contains(sameHooks, lastName(n.Field("function").Inner(false))) {
		n = n.Field("arguments").Child(0).Inner(false)
	}
	return n
}

// isHookName reports whether a name is that of a hook.
func isHookName(name string) bool {
	return len(name) > 3 && name[:3] == "use" && (name[3] >= 'A' && name[3] <= 'Z' || name[3] == '_')
}

// plainParameters are the parameters of a function in order, nil for one that is taken
// apart.
func plainParameters(fn syntax.Node) []*syntax.Symbol {
	if p := fn.Field("parameter"); p.OK() {
		return []*syntax.Symbol{p.Symbol()}
	}
	var out []*syntax.Symbol
	for p := range fn.Field("parameters").Children() {
		if pattern := p.Field("pattern"); pattern.OK() {
			p = pattern
		} else if left := p.Field("left"); left.OK() {
			p = left
		}
		out = append(out, p.Symbol())
	}
	return out
}
