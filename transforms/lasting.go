package transforms

import (
	"path"
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/project"
	"github.com/unleak-dev/unleak/internal/syntax"
)

// What a program acquires once, and holds for as long as it runs, is no leak: its
// server, its watcher, what the one instance of a class has that is made where the
// program begins. To end that in an orderly way is an offer.

// onceHops bounds over how many functions and classes it is followed who calls and
// makes them.
const onceHops = 6

// judgeLasting takes what is acquired once in the life of the program, and never
// released, for an offer. Where the instance has an end of its own, that holds only
// for what customarily lasts as long, and for what ends by itself.
func (s *scan) judgeLasting(o *Obligation) {
	if o.Status != Unmet || o.Standing != Leak || o.Way != NeverReleased {
		return
	}
	switch {
	case o.Owner.Form == OwnerFunction:
	case !o.Owner.isInstance(), o.Owner.Form == OwnerObject, len(o.releases) > 0:
		return
	case o.Kind.Registers() && o.Call.Function().IsConstructor():
		// only one ever listens
	case o.Kind.Registers(), !o.endless && !o.Kind.Lasts && !o.Kind.OneShot:
		return
	}
	ends := o.Kind.OneShot && o.Owner.Form == OwnerClass && s.lasts(o.Owner.Node, onceHops)
	if !ends && !s.once(o.Call, onceHops) && !s.leftToRun(o) {
		return
	}
	if !s.Offers || o.Owner.Form == OwnerFunction || o.Kind.OneShot {
		o.Status, o.Form, o.Exits, o.Refusal = Moved, nil, nil, nil
		o.step(o.Call, "moved: acquired once, and held as long as the program runs")
		return
	}
	o.Standing = Offer
	o.step(o.Call, "acquired once, and held as long as the program runs")
}

// leftToRun: what customarily lasts as long as the program is in an instance of a
// class that is made at one place, by a function of its own that keeps the instance to
// itself; or, of a class that nothing ends, by no place of an application that can be
// seen.
func (s *scan) leftToRun(o *Obligation) bool {
	class := o.Owner.Node
	if !o.Kind.Lasts || !class.IsClass() || !isInMaking(o) {
		return false
	}
	made, known := s.makings(class, onceHops)
	if len(made) == 1 {
		return known && s.at(made[0]).keepsToItself(made[0])
	}
	return known && len(made) == 0 && o.endless && isApplication(s.Project, s.f.Path)
}

// isInMaking reports whether an acquisition is part of how an instance begins: in its
// constructor, or a method that starts it.
func isInMaking(o *Obligation) bool {
	_, member, _ := o.Call.InstanceAt()
	fn := syntax.FunctionOf(member)
	name := syntax.MemberName(member)
	return !fn.OK() || name == "constructor" || fn.IsConstructor() || isPrivate(member) || isStarter(name, fn) || !fn.WantsArguments()
}

// keepsToItself reports whether a function makes an instance, and neither returns it
// nor hands it on, and does not do so again and again as far as can be seen.
func (s *scan) keepsToItself(made syntax.Node) bool {
	v := widen(made)
	switch p := v.Parent(); p.Kind() {
	case "expression_statement", "member_expression":
	case "assignment_expression":
		if !isKeptOutside(p.Field("left")) {
			return false
		}
	case "variable_declarator":
		sym := p.Field("name").Symbol()
		if sym == nil {
			return false
		}
		for _, r := range sym.Refs {
			m := r.Outer().Parent()
			if !m.Is("member_expression") || m.Field("object").Inner(false) != r.Inner(false) {
				return false
			}
		}
	default:
		return false
	}
	for p := made.Parent(); p.OK(); p = p.Parent() {
		if p.Is("for_statement", "for_in_statement", "while_statement", "do_statement", "class_body") {
			return false
		}
		if !p.IsFunction() {
			continue
		}
		if _, again := s.runsAgain(p); again || p.Parent().Is("arguments") && !runsCallbackOnce(p.Parent().Parent(), p) {
			return false
		}
	}
	return true
}

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
			return s.runsOnceAtMost(p, hops)
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
		return s.allOnce(s.Project.MentionsOf(s.ctx, fn, name), fn, hops, &calls) && calls > 0
	}
	if name := functionName(fn); name != nil {
		calls := 0
		refs := s.mentionsIn(fn, name)
		if s.at(fn).leaves(name) && !slices.ContainsFunc(refs, func(r syntax.Node) bool { return r.File() != fn.File() }) {
			return false // it is there for others
		}
		return s.allOnce(refs, fn, hops, &calls) && calls > 0
	}
	class, member := fn.ThisClass()
	if !class.OK() || syntax.FunctionOf(member) != fn {
		return isStarter(syntax.MemberName(fn), fn) && fn.HasToken("static") && s.once(fn.Class(), hops-1)
	}
	if fn.IsConstructor() || syntax.MemberName(member) == "constructor" {
		return s.lasts(class, hops-1)
	}
	calls := 0
	refs := s.at(class).instance(class).refs[syntax.MemberName(member)]
	if !s.allOnce(refs, fn, hops, &calls) {
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
	refs := slices.Clone(name.Refs)
	if !s.leaves(name) {
		return refs
	}
	if !decl.IsClass() && !decl.Is("function_declaration") {
		decl = name.Decl
		if init := name.Init().Inner(false); init.IsClass() || init.IsFunction() {
			decl = init
		}
	}
	others := s.Project.MentionsOf(s.ctx, decl, name.Name)
	if other := name.Decl; other != decl {
		others = append(others, s.Project.MentionsOf(s.ctx, other, name.Name)...)
	}
	return append(refs, others...)
}

// leaves reports whether other files may know a name.
func (s *scan) leaves(name *syntax.Symbol) bool {
	file := name.Node.File()
	return file.TopLevel(name.Name) == name && (s.exported(name) || slices.ContainsFunc(name.Refs, isNaming))
}

// allOnce reports whether all mentions of a function are calls that happen once, or
// hand on its name; calls counts them.
func (s *scan) allOnce(refs []syntax.Node, fn syntax.Node, hops int, calls *int) bool {
	for _, r := range refs {
		outer := r.Outer()
		call := outer.Parent()
		switch {
		case isNaming(r):
		case r.Within(fn) && r.File() == fn.File():
			return false // by itself, again
		case call.Is("call_expression") && call.Field("function").Inner(false) == r.Inner(false):
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

// lasts reports whether all instances of a class that the project makes are made
// once.
func (s *scan) lasts(class syntax.Node, hops int) bool {
	if hops <= 0 || !class.OK() {
		return false
	}
	if class.Is("object") {
		return !class.Function().OK() && !class.Class().OK()
	}
	made, known := s.makings(class, hops)
	return known && len(made) > 0 && !slices.ContainsFunc(made, func(n syntax.Node) bool {
		return !s.at(n).once(n, hops)
	})
}

// makings are the places where a class is instantiated, or one that extends it;
// known is false where it may be by others, too.
func (s *scan) makings(class syntax.Node, hops int) (made []syntax.Node, known bool) {
	name := className(class)
	if name == nil {
		if p := class.Outer().Parent(); p.Is("new_expression") {
			return []syntax.Node{p}, true
		}
		return nil, false
	}
	for _, r := range s.at(class).mentionsIn(class, name) {
		outer := r.Outer()
		p := outer.Parent()
		for p.Is("member_expression") && p.Field("property") == outer { // new whole.Name()
			outer = p.Outer()
			p = outer.Parent()
		}
		switch {
		case p.Is("new_expression") && p.Field("constructor").Inner(false) == outer.Inner(false):
			made = append(made, p)
		case p.Is("class_heritage", "extends_clause"), p.Parent().Is("class_heritage") && !p.Is("arguments"):
			if hops == 0 {
				return nil, false
			}
			below := r.Ancestor("class_declaration", "class", "abstract_class_declaration")
			more, ok := s.makings(below, hops-1)
			if !ok {
				return nil, false
			}
			made = append(made, more...)
		case p.Is("member_expression") && p.Field("object").Inner(false) == outer.Inner(false): // a static member
		case p.Is("binary_expression") && p.Field("operator").Text() == "instanceof":
		case isNaming(r), p.Is("implements_clause", "generic_type", "type_annotation", "as_expression", "union_type"):
		case p.Is("assignment_expression") && p.Field("left").Inner(false) == outer.Inner(false):
		default:
			return nil, false // handed on: others may make some
		}
	}
	return made, true
}

// className is the symbol that a class, or a constructor function, is known by.
func className(class syntax.Node) *syntax.Symbol {
	if name := class.Field("name"); name.OK() && !class.Is("class") {
		if sym := name.Symbol(); sym != nil {
			return sym
		}
	}
	p := class.Outer().Parent()
	for p.Is("assignment_expression") {
		p = p.Outer().Parent()
	}
	if p.Is("variable_declarator") {
		return p.Field("name").Symbol()
	}
	return class.Field("name").Symbol()
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
			if !r.Within(body) || !r.Parent().Field("right").Inner(false).Is("true") {
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

// isApplication reports whether the package of a file is one that nobody else can
// use.
func isApplication(p *project.Project, rel string) bool {
	pkg := p.PackageOf(rel)
	return pkg != nil && (pkg.Private || pkg.Main == "" && pkg.Module == "" && pkg.Exports == nil)
}
