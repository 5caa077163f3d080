package transforms

import (
	"iter"
	"path"
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// once reports whether an evaluation happens about once in the life of the program:
// it runs when a module is loaded, or by what is called or made only there.
func (s *scan) once(n syntax.Node, hops int) bool {
	if hops == 0 {
		return false
	}
	for p := n.Parent(); p.OK(); p = p.Parent() {
		switch {
		case p.Is("while_statement", "do_statement"), p.Is("for_statement"):
			return false
		case isFlagged(p, n), isSingleton(p, n):
			return true
		case p.IsFunction():
			return isEnteredOnce(p, n) || s.runsOnceAtMost(p, hops) || s.at(p).isKeptForGood(p, hops)
		case p.Parent().Is("class_body") && !p.HasToken("static") && !p.Is("class_static_block"):
			return s.lasts(p.Parent().Parent(), hops-1)
		}
	}
	return true
}

// runsOnceAtMost is once for the body of a function.
func (s *scan) runsOnceAtMost(fn syntax.Node, hops int) bool {
	if call := fn.Outer().Parent(); call.Is("call_expression") && call.Field("function").Inner(false) == fn {
		return s.once(call, hops)
	}
	if args := fn.Outer().Parent(); args.Is("arguments") {
		return runsCallbackOnce(args.Parent(), fn) && s.once(args.Parent(), hops)
	}
	if fn.Outer().Parent().Is("export_statement") && !fn.Field("name").OK() {
		calls := 0 // the default export: those who import it call it as its file is called
		name := strings.TrimSuffix(path.Base(fn.File().Path), path.Ext(fn.File().Path))
		return s.allOnce(s.Project.EachMention(s.ctx, fn, name, ""), fn, hops, &calls) && calls > 0
	}
	if fn.IsConstructor() && fn.Is("function_declaration", "function_expression", "function") {
		return s.lasts(fn, hops-1)
	}
	if name := functionName(fn); name != nil {
		calls, asked := 0, false
		refs := func(yield func(syntax.Node) bool) {
			for r := range s.mentions(fn, name, "") {
				asked = asked || r.File() != fn.File()
				if !yield(r) {
					return
				}
			}
		}
		if !s.allOnce(refs, fn, hops, &calls) || calls == 0 {
			return false
		}
		return asked || isApplication(s.Project, fn.File().Path) || !s.at(fn).leaves(name) // else it is there for others
	}
	class, member := fn.ThisClass()
	if !class.OK() || syntax.FunctionOf(member) != fn {
		return isStarter(syntax.MemberName(fn), fn) && fn.HasToken("static") && s.once(fn.Class(), hops-1)
	}
	if fn.IsConstructor() || syntax.MemberName(member) == "constructor" {
		return s.lasts(class, hops-1)
	}
	calls := 0
	refs := s.at(class).refsIn(class)[syntax.MemberName(member)]
	if !s.allOnce(slices.Values(refs), fn, hops, &calls) {
		return false
	}
	if calls > 0 && isPrivate(member) {
		return true
	}
	return (calls > 0 || isStarter(syntax.MemberName(member), fn)) && s.lasts(class, hops-1)
}

// at is the scan of the file that a node stands in.
func (s *scan) at(n syntax.Node) *scan {
	if n.File() == s.f {
		return s
	}
	return newScan(s.ctx, s.Detector, n.File())
}

// mentionsIn are those of a function or class by its name, in other files, too.
func (s *scan) mentionsIn(decl syntax.Node, name *syntax.Symbol) []syntax.Node {
	return slices.Collect(s.mentions(decl, name, ""))
}

// mentions is mentionsIn for whoever may have heard enough before the end: each file that
// is asked has to be parsed. With a word, one that the project notes, other files without
// it are left out.
func (s *scan) mentions(decl syntax.Node, name *syntax.Symbol, word string) iter.Seq[syntax.Node] {
	return func(yield func(syntax.Node) bool) {
		for _, r := range name.Refs {
			if !yield(r) {
				return
			}
		}
		if !s.leaves(name) {
			return
		}
		if !decl.IsClass() && !decl.Is("function_declaration") {
			decl = name.Decl
			if init := behindAssignments(name.Init()); init.IsClass() || init.IsFunction() {
				decl = init
			}
		}
		for _, d := range []syntax.Node{decl, name.Decl} {
			for r := range s.Project.EachMention(s.ctx, d, name.Name, word) {
				if !yield(r) {
					return
				}
			}
			if d == name.Decl {
				return
			}
		}
	}
}

// leaves reports whether other files may know a name.
func (s *scan) leaves(name *syntax.Symbol) bool {
	file := name.Node.File()
	return file.TopLevel(name.Name) == name && (s.exported(name) || name.Init().Inner(false).Is("assignment_expression") && isNaming(behindAssignments(name.Init())) || slices.ContainsFunc(name.Refs, isNaming))
}

// behindAssignments is the value of a chain of assignments: const K = module.exports = ..
func behindAssignments(n syntax.Node) syntax.Node {
	n = n.Inner(false)
	for n.Is("assignment_expression") {
		n = n.Field("right").Inner(false)
	}
	return n
}

// allOnce reports whether all mentions of a function are calls that happen once, or
// hand on its name; calls counts them.
func (s *scan) allOnce(refs iter.Seq[syntax.Node], fn syntax.Node, hops int, calls *int) bool {
	for r := range refs {
		outer := r.Outer()
		call := outer.Parent()
		switch {
		case isNaming(r):
		case r.Within(fn) && r.File() == fn.File():
			return false // by itself, again
		case call.Is("call_expression") && call.Field("function").Inner(false) == r.Inner(false), call.Is("new_expression") && call.Field("constructor").Inner(false) == r.Inner(false):
			if !s.at(r).once(call, hops-1) {
				return false
			}
			*calls++
		case call.Is("arguments") && call.Parent().Is("call_expression"):
			if !runsCallbackOnce(call.Parent(), outer) || !s.at(r).once(call.Parent(), hops-1) {
				return false
			}
			*calls++
		default:
			return false
		}
	}
	return true
}

// isNaming: a mention that exports, or is of the type.
func isNaming(r syntax.Node) bool {
	if r.Is("type_identifier") || r.Ancestor("export_specifier", "export_clause", "type_annotation", "type_query", "type_arguments").OK() {
		return true
	}
	p := r.Outer().Parent()
	switch {
	case p.Is("export_statement"):
		return true
	case p.Is("assignment_expression") && p.Field("right").Inner(false) == r.Inner(false):
		left := p.Field("left").Text()
		return left == "module.exports" || strings.HasPrefix(left, "exports.") || strings.HasPrefix(left, "module.exports.")
	case p.Is("pair", "object"):
		object := r.Ancestor("object")
		if a := object.Outer().Parent(); a.Is("assignment_expression") {
			return a.Field("left").Text() == "module.exports"
		}
		return object.Outer().Parent().Is("export_statement")
	}
	return r.Is("shorthand_property_identifier") && r.Parent().Outer().Parent().Field("left").Text() == "module.exports"
}

// isSingleton reports whether p asks for what n is put into, outside of all calls,
// and n is only evaluated where that is empty: instance ??= new Hub().
func isSingleton(p, n syntax.Node) bool {
	if p.Is("augmented_assignment_expression") {
		operator := p.Field("operator").Text()
		return n.Within(p.Field("right")) && (operator == "??=" || operator == "||=") && isKeptOutside(p.Field("left"))
	}
	if !p.Is("assignment_expression") || p.Field("right").Inner(true) != n.Inner(true) || !isKeptOutside(p.Field("left")) {
		return false
	}
	place := squeeze(p.Field("left"))
	for d := range p.Function().Descendants() {
		if d.Start() >= p.Start() || !d.Is("if_statement", "binary_expression", "ternary_expression") {
			continue
		}
		asked := d.Field("condition")
		if d.Is("binary_expression") {
			if operator := d.Field("operator").Text(); operator != "??" && operator != "||" && operator != "&&" {
				continue
			}
			asked = d.Field("left")
		}
		for c := range asked.Descendants() {
			if c.Is("identifier", "member_expression") && squeeze(c) == place {
				return true
			}
		}
	}
	return false
}

// isKeptOutside: a variable of the module, a static field, a global.
func isKeptOutside(n syntax.Node) bool {
	n = n.Inner(false)
	if n.Is("identifier") {
		sym := n.Symbol()
		return sym != nil && n.File().TopLevel(sym.Name) == sym
	}
	if !n.Is("member_expression") {
		return false
	}
	object := n.Field("object").Inner(false)
	if object.Is("this") {
		class, _ := object.ThisClass()
		return !class.OK() && object.Class().OK() // of a static method
	}
	if object.Is("member_expression") {
		return isKeptOutside(object)
	}
	sym := object.Symbol()
	return object.Is("identifier") && (sym == nil || sym.Kind == syntax.Class)
}

// isFlagged reports whether p is an if that is come into once: it asks a flag from
// outside of the function, which it sets and nothing takes back.
func isFlagged(p, n syntax.Node) bool {
	body := p.Field("consequence")
	if !p.Is("if_statement") || !n.Within(body) {
		return false
	}
	for d := range p.Field("condition").Descendants() {
		flag := d.Field("argument").Inner(false)
		if !d.Is("unary_expression") || d.Field("operator").Text() != "!" || !flag.Is("identifier") || under(d, p, "||") {
			continue
		}
		sym := flag.Symbol()
		if sym == nil || sym.Kind != syntax.Variable || sym.Decl.Function() == p.Function() {
			continue
		}
		set := false
		for _, r := range sym.Refs {
			if !syntax.IsWrite(r) {
				continue
			}
			setter := functionName(r.Function())
			called := setter != nil && n.Within(body) && calledAt(n) == setter
			if !r.Within(body) && !called || !saysThatItIs(r.Parent().Field("right").Inner(false), sym) {
				return false
			}
			set = true
		}
		if set {
			return true
		}
	}
	return false
}

// saysThatItIs reports whether a value makes a flag one that is set: true, or for a variable
// of the module anything that is made then and there.
//
//	let size;
//	if (!size) { size = ref(0); window.addEventListener('resize', measure); }
func saysThatItIs(value syntax.Node, flag *syntax.Symbol) bool {
	if value.Is("true") {
		return true
	}
	return value.Is("call_expression", "new_expression", "object", "array") && flag.Node.File().TopLevel(flag.Name) == flag
}

// isBegunOnce reports whether some code of a function is come into once, whoever calls that:
// a flag of the module is asked first, which it sets.
func isBegunOnce(n, root syntax.Node) bool {
	for p := n.Parent(); p.OK() && p != root; p = p.Parent() {
		if p.IsFunction() && !isInline(p) {
			return false
		}
		if isFlagged(p, n) && flagOfModule(p) {
			return true
		}
	}
	return false
}

// flagOfModule reports whether an if asks for a variable of the module.
func flagOfModule(branch syntax.Node) bool {
	for d := range branch.Field("condition").Descendants() {
		if sym := d.Symbol(); d.Is("identifier") && sym != nil && sym.Kind == syntax.Variable && d.File().TopLevel(sym.Name) != sym {
			return false
		}
	}
	return true
}

// isEnteredOnce reports whether a function comes to n once: it turns back where a flag from
// outside of it is set, and sets that itself.
//
//	if (begun) return;
//	begun = true;
func isEnteredOnce(fn, n syntax.Node) bool {
	for stmt := range fn.Field("body").Children() {
		flag := stmt.Field("condition").Inner(false)
		if !stmt.Is("if_statement") || stmt.End() > n.Start() || !flag.Is("identifier") || !endsInReturn(stmt.Field("consequence")) {
			continue
		}
		sym := flag.Symbol()
		if sym == nil || sym.Kind != syntax.Variable || sym.Decl.Function() == fn {
			continue
		}
		set := false
		for _, r := range sym.Refs {
			if syntax.IsWrite(r) {
				if set = r.Function() == fn && r.Parent().Field("right").Inner(false).Is("true"); !set {
					break
				}
			}
		}
		if set {
			return true
		}
	}
	return false
}

// calledAt is the name of the function that is called by a call, or where it is mentioned.
func calledAt(n syntax.Node) *syntax.Symbol {
	if !n.Is("call_expression") {
		n = n.Outer().Parent()
	}
	if callee := n.Field("function").Inner(false); callee.Is("identifier") {
		return callee.Symbol()
	}
	return nil
}

// under reports whether an operand stands below an operator, up to a statement.
func under(n, stmt syntax.Node, operator string) bool {
	for p := n.Parent(); p.OK() && p != stmt; p = p.Parent() {
		if p.Is("binary_expression") && p.Field("operator").Text() == operator {
			return true
		}
	}
	return false
}

// onceCallees run a function that they are given once.
var onceCallees = map[string]bool{
	"then": true, "catch": true, "finally": true, "once": true, "ready": true, "startup": true, "listen": true, "setTimeout": true,
	"setImmediate": true, "nextTick": true, "queueMicrotask": true, "forEach": true, "map": true,
}

// onlyOnceEvents are told once in the life of a program or page.
var onlyOnceEvents = map[string]bool{
	"ready": true, "load": true, "DOMContentLoaded": true, "listening": true, "deviceready": true, "will-finish-launching": true,
}

// onceModules call back once.
var onceModules = map[string]bool{"fs": true, "dns": true, "child_process": true, "zlib": true, "crypto": true}

func runsCallbackOnce(call, fn syntax.Node) bool {
	if call.Is("new_expression") {
		return isExecutor(fn)
	}
	if onceCallees[calleeName(call)] {
		return true
	}
	if o, ok := call.Field("function").Origin(); ok && onceModules[o.Module] {
		return true
	}
	event, _ := call.Field("arguments").Child(0).StringValue()
	return onlyOnceEvents[event]
}

// isStarter reports whether a method is called as one is that begins the work of an
// instance, and is told nothing of what else there is to do.
func isStarter(name string, fn syntax.Node) bool {
	name = strings.ToLower(strings.TrimLeft(name, "_#"))
	if slices.Contains([]string{"start", "init", "initialize", "initialise", "setup", "boot", "bootstrap", "launch", "listen", "serve", "main", "run", "watch", "open"}, name) {
		return true
	}
	for _, prefix := range []string{"start", "init", "setup", "run"} {
		if strings.HasPrefix(name, prefix) {
			return !fn.WantsArguments()
		}
	}
	return false
}
