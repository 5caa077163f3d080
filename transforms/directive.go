package transforms

import (
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
)

// A directive of Vue is told of each element that it stands at, and of the end of each:
// { mounted(el) {..}, unmounted(el) {..} }, in Vue 2 { inserted(el) {..}, unbind(el) {..} }.
// What it registers with the page for an element is to be taken away for that.

var (
	directiveBegins = map[string]string{"created": "unmounted", "beforeMount": "unmounted", "mounted": "unmounted", "bind": "unbind", "inserted": "unbind"}
	directiveHooks  = []string{"created", "beforeMount", "mounted", "beforeUpdate", "updated", "beforeUnmount", "unmounted", "bind", "inserted", "update", "componentUpdated", "unbind", "getSSRProps", "deep", "name"}
	directiveEnds   = []string{"beforeUnmount", "unmounted", "unbind"}
)

// directive is the object that tells Vue what a directive does.
type directive struct {
	object syntax.Node
	begin  syntax.Node // the hook in which something is registered
	end    string      // the name of the hook at the end, as that goes with the one at the begin
	ends   []syntax.Node
}

// directiveAt is the directive in whose hook at the begin n stands, nil for none.
func directiveAt(n syntax.Node) *directive {
	fn := homeOf(n)
	if !fn.OK() || !fn.Field("parameters").Child(0).OK() {
		return nil
	}
	members := []syntax.Node{fn}
	if !fn.Is("method_definition") {
		members = []syntax.Node{fn.Outer().Parent()}
		if name := functionName(fn); name != nil { // { mounted } or { mounted: begin }
			members = nil
			for _, r := range name.Refs {
				if r.Is("shorthand_property_identifier") {
					members = append(members, r)
				} else if p := r.Outer().Parent(); p.Is("pair") && p.Field("value").Inner(false) == r {
					members = append(members, p)
				}
			}
		}
	}
	for _, m := range members {
		end, begins := directiveBegins[memberName(m)]
		if !begins || !isVueDirective(m.Parent(), fn) {
			continue
		}
		d := &directive{object: m.Parent(), begin: fn, end: end}
		for c := range d.object.Children() {
			if !slices.Contains(directiveEnds, memberName(c)) {
				continue
			}
			f := syntax.FunctionOf(c)
			if c.Is("shorthand_property_identifier") {
				f = localFunction(c)
			} else if v := c.Field("value").Inner(false); v.Is("identifier") {
				f = localFunction(v)
			}
			d.ends = append(d.ends, f)
		}
		return d
	}
	return nil
}

func memberName(n syntax.Node) string {
	if n.Is("shorthand_property_identifier") {
		return n.Text()
	}
	return syntax.MemberName(n)
}

// isVueDirective reports whether an object is one that tells what a directive does: it is
// given to Vue as one, or it is declared to be one, or it has nothing but hooks, of which
// one takes an element.
func isVueDirective(object, hook syntax.Node) bool {
	if !object.Is("object") || syntax.IsOptions(object) {
		return false
	}
	v := object.Outer()
	p := v.Parent()
	switch {
	case p.Is("arguments"):
		return calleeName(p.Parent()) == "directive" && p.Len() == 2
	case p.Is("pair") && syntax.MemberName(p.Parent().Outer().Parent()) == "directives":
		return true
	case p.Is("variable_declarator") && strings.Contains(syntax.Annotation(p).Text(), "Directive"):
		return true
	}
	first := hook.Field("parameters").Child(0)
	if pattern := first.Field("pattern"); pattern.OK() {
		first = pattern
	}
	if !slices.Contains(elementNames, first.Text()) {
		return false
	}
	for c := range object.Children() {
		if !c.Is("comment") && !slices.Contains(directiveHooks, memberName(c)) {
			return false
		}
	}
	return p.Is("variable_declarator", "export_statement", "assignment_expression")
}

// elementNames are what people call the element that a directive is told of.
var elementNames = []string{"el", "element", "elem", "node", "dom", "$el", "_el"}

// judgeDirective judges what a directive registers with the page. It says nothing (false)
// of all else.
func (s *scan) judgeDirective(o *Obligation) bool {
	d := directiveAt(o.Call)
	if d == nil || !s.emits(o) || o.firesOnce() {
		return false
	}
	key := s.placeKey(o.target(), 6)
	if !strings.HasPrefix(key, "global ") || strings.Contains(key, "(") {
		return false
	}
	ends := s.reachedFrom(d.ends)
	if slices.ContainsFunc(d.ends, func(fn syntax.Node) bool { return !fn.OK() }) || s.handsOnElement(d, ends) {
		o.step(d.object, "moved: the end of the directive cannot be seen")
		return true
	}
	o.Owner = Owner{OwnerObject, d.name(), d.object}
	way := NeverReleased
	for _, r := range s.removals(o, s.f.Root().Descendants()) {
		switch {
		case !r.works():
			continue
		case inOneOf(ends, r.call), s.takesItselfAway(o, r.call), r.call.Within(d.begin):
			o.Status = Met
			o.releases = append(o.releases, r.call)
			o.step(r.call, "met: taken away by %s", shorten(r.call.Text()))
			return true
		}
		way = MissingPath
		o.releases = append(o.releases, r.call)
		o.step(r.call, "taken away by %s, to which the end of the directive does not come", shorten(r.call.Text()))
	}
	var exits []ExitPlace
	for _, fn := range d.ends {
		exits = append(exits, ExitPlace{fn, "the end of the directive leaves it"})
	}
	s.unmet(o, way, exits)
	o.gist, o.Form = d, formDirective{}
	return true
}

// name is what a directive is called.
func (d *directive) name() string {
	p := d.object.Outer().Parent()
	if name, ok := p.Child(0).StringValue(); ok && p.Is("arguments") {
		return name
	}
	if p.Is("pair") {
		return syntax.MemberName(p)
	}
	if name := keptAs(d.object); name != "" {
		return name
	}
	return "directive"
}

// handsOnElement reports whether what runs at the end of a directive gives something that
// it keeps by the element, or the element, to somebody who may end it.
func (s *scan) handsOnElement(d *directive, ends []syntax.Node) bool {
	for _, fn := range ends {
		var given []*syntax.Symbol
		given = append(given, plainParameters(fn)...)
		for n := range fn.Field("body").Descendants() {
			if !n.Is("call_expression") || takesAway(n) {
				continue
			}
			callee := n.Field("function").Inner(false)
			if sym := rootOf(callee).Symbol(); sym != nil && slices.Contains(given, sym) {
				if !plainOfElement[calleeName(n)] || callee.Field("object").Inner(false).Is("member_expression") && !isPlainPart(callee) {
					return true
				}
			}
			for a := range n.Field("arguments").Children() {
				if sym := rootOf(a.Inner(false)).Symbol(); sym != nil && slices.Contains(given, sym) && !syntax.CalledFunction(n).OK() {
					return true
				}
			}
		}
	}
	return false
}

// plainOfElement are methods of an element that end nothing of a directive's own.
var plainOfElement = map[string]bool{"removeAttribute": true, "setAttribute": true, "getAttribute": true, "hasAttribute": true, "add": true, "remove": true, "contains": true, "toggle": true, "blur": true, "focus": true, "removeProperty": true, "setProperty": true}

func isPlainPart(callee syntax.Node) bool {
	part := callee.Field("object").Inner(false).Field("property").Text()
	return part == "classList" || part == "style"
}

// formDirective takes away, in the hook at the end, what a directive registers for each
// element by a function that it keeps by the element.
type formDirective struct{}

func (formDirective) Name() string { return "directive" }

func (formDirective) fix(s *scan, p *Plan) (*Fix, *Refusal) {
	st := styleOf(s.f)
	fix := &Fix{Message: "Take away what the directive registers, when its element goes"}
	var mended []*Obligation
	var d *directive
	var code []string
	no := refuse(TooEntangled, "the directive keeps no function by its element that could be taken away")
	for _, o := range slices.Backward(p.Obligations) {
		handler := o.handler().Inner(false)
		if handler.Is("assignment_expression") {
			handler = handler.Field("left").Inner(false)
		}
		el := parameter(o.gist.(*directive).begin, 0)
		if pattern := el.Field("pattern"); pattern.OK() {
			el = pattern
		}
		if !handler.Is("member_expression") || handler.Field("object").Symbol() == nil || handler.Field("object").Symbol() != el.Symbol() || homeOf(o.Call) != o.gist.(*directive).begin || !steady(s.f, o.event()) {
			o.Refusal = no
			continue
		}
		d = o.gist.(*directive)
		kept := el.Text() + "." + handler.Field("property").Text()
		removal := s.writeRemoval(o, o.targetText(), kept, syntax.Node{})
		if st.ts { // its type may say that it need not be there
			removal = "if (" + kept + ") " + removal
		}
		code = append(code, removal)
		mended = append(mended, o)
	}
	if d == nil {
		return nil, no
	}
	slices.Reverse(mended)
	fix.Plan = p.only(mended...)
	name := parameterText(d.begin)
	if len(d.ends) > 0 {
		fn := d.ends[0]
		sym := plainParameters(fn)
		if len(d.ends) > 1 || len(sym) == 0 || sym[0] == nil || sym[0].Name != name || !fn.Field("body").Is("statement_block") || fn.IsAsync() {
			return nil, refuse(TooEntangled, "the end of the directive names its element otherwise")
		}
		fix.Edits = st.beginWith(fn, code...)
		return fix, nil
	}
	member := d.begin
	if !member.Is("method_definition") {
		member = d.begin.Outer().Parent()
	}
	if member.Parent() != d.object || strings.TrimSpace(string(s.f.Src()[s.f.LineStart(member.Start()):member.Start()])) != "" {
		return nil, refuse(TooEntangled, "there is no place for a hook beside the one at the begin")
	}
	typed := name
	if a := syntax.Annotation(parameter(d.begin, 0)); a.OK() {
		typed += ": " + a.Text()
	}
	for i := range code {
		code[i] += ";"
	}
	text := st.lines(indentAt(s.f, member.Start()), st.fit(method(d.end+"("+typed+")", code)))
	at, src := member.End(), s.f.Src()
	if at < len(src) && src[at] == ',' {
		at++
		text += ","
	} else {
		fix.Edits = append(fix.Edits, patch.Edit{Start: at, End: at, New: "," + st.eol + text})
		return fix, nil
	}
	fix.Edits = append(fix.Edits, patch.Edit{Start: at, End: at, New: st.eol + text})
	return fix, nil
}

// parameterText is the name of the first parameter of a function.
func parameterText(fn syntax.Node) string {
	if syms := plainParameters(fn); len(syms) > 0 && syms[0] != nil {
		return syms[0].Name
	}
	return ""
}
