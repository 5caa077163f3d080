package transforms

import (
	"fmt"
	"slices"

	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
)

// Where the handle of an acquisition is dropped, and the code releases what is in
// a place that nothing ever fills, the handle was meant to be there.

// unfilled is the release of a place that nothing fills.
type unfilled struct {
	call  syntax.Node // the release
	place syntax.Node // what it names
}

// judgeUnfilled judges a dropped handle that a release in the file waits for in
// vain. It says nothing (false) where there is none, or more than one.
func (s *scan) judgeUnfilled(o *Obligation) bool {
	stmt := o.Handle.Value.Parent()
	if o.Handle.Place != Discarded || !stmt.Is("expression_statement") || o.Handle.Value != o.Call || s.swallowsHandle(o) {
		return false
	}
	var found *unfilled
	for _, u := range s.unfilledPlaces(o) {
		if !s.waitsFor(o, u) {
			continue
		}
		if found != nil && squeeze(found.place) != squeeze(u.place) {
			return false
		}
		if found == nil {
			found = &u
		}
	}
	if found == nil || !s.reachable(found.place, o.Call) || s.filledElsewhere(o, found) || s.filledAbove(found.place) {
		return false
	}
	fn := o.Call.Function()
	o.Owner = Owner{OwnerFunction, nameOf(fn), fn}
	if class, _ := s.ownerAt(o.Call); class.OK() {
		o.Owner = ownerOf(class, o.Handle)
	}
	why := "nothing is ever kept in " + squeeze(found.place)
	o.releases = []syntax.Node{found.call}
	o.step(found.call, "cannot work: %s", why)
	s.unmet(o, WrongRelease, []ExitPlace{{found.call, why}})
	o.gist, o.Form = *found, formFill{}
	return true
}

// swallowsHandle: what is dropped is kept by its own means, or meant to be dropped.
func (s *scan) swallowsHandle(o *Obligation) bool {
	return s.unreferenced(o) || o.Kind.OneShot && isImmediate(o)
}

// unfilledPlaces are the releases in the file that name a place which is only ever
// emptied.
func (s *scan) unfilledPlaces(o *Obligation) []unfilled {
	var out []unfilled
	for id := range s.f.NodeCount() {
		call := s.f.Node(int32(id))
		if !call.Is("call_expression") {
			continue
		}
		for _, r := range o.Kind.Release {
			if !r.Pattern.Rooted() || call.Field("function").Text() != r.Pattern.Anchor {
				continue
			}
			b, ok := r.Pattern.Match(call, nil)
			place := b["HANDLE"].Inner(true)
			if !ok || !place.Is("identifier", "member_expression") || s.filled(place) {
				continue
			}
			out = append(out, unfilled{call, place})
			break
		}
	}
	return out
}

// filled reports whether something of the file may put a value into a place, or
// into another of its name.
func (s *scan) filled(place syntax.Node) bool {
	name := lastName(place)
	if sym := place.Symbol(); place.Is("identifier") && (sym == nil || sym.Kind != syntax.Variable) {
		return true
	}
	if s.fills == nil {
		s.fills = s.namesFilled()
	}
	return s.fills[name]
}

// filledElsewhere reports whether a release may be of what another file has put into
// something that the function was given: it is that of something else by its name.
func (s *scan) filledElsewhere(o *Obligation, u *unfilled) bool {
	root := rootOf(u.place).Symbol()
	return root != nil && root.Kind == syntax.Parameter && !slices.ContainsFunc(o.Kind.Release[:1], func(r Release) bool { return lastName(u.call.Field("function").Inner(false)) == r.Pattern.Anchor })
}

// filledAbove reports whether a field is given something by what an instance is mixed with,
// or extends.
func (s *scan) filledAbove(place syntax.Node) bool {
	name, own := place.ThisField()
	class, _ := place.FieldOwner()
	if !own || !class.OK() {
		return false
	}
	in := s.instance(class)
	above := slices.Clone(in.mixins)
	for _, c := range in.ancestors {
		above = append(above, c.Node)
	}
	return slices.ContainsFunc(above, func(from syntax.Node) bool {
		return slices.ContainsFunc(refsOfThis(from)[name], func(ref syntax.Node) bool {
			p := ref.Outer().Parent()
			return p.Is("assignment_expression") && p.Field("left").Inner(false) == ref && !isNothing(p.Field("right").Inner(true))
		})
	})
}

// namesFilled are the names of variables, fields and properties that are given
// something.
func (s *scan) namesFilled() map[string]bool {
	out := map[string]bool{}
	fill := func(to, value syntax.Node) {
		if value = value.Inner(true); value.OK() && !isNothing(value) && !value.Is("false", "number", "unary_expression") {
			out[lastName(to.Inner(false))] = true
		}
	}
	for id := range s.f.NodeCount() {
		switch n := s.f.Node(int32(id)); n.Kind() {
		case "assignment_expression", "augmented_assignment_expression":
			fill(n.Field("left"), n.Field("right"))
		case "variable_declarator":
			fill(n.Field("name"), n.Field("value"))
		case "public_field_definition", "field_definition":
			name := n.Field("name")
			if !name.OK() {
				name = n.Field("property")
			}
			fill(name, n.Field("value"))
		case "pair":
			fill(n.Field("key"), n.Field("value"))
		case "shorthand_property_identifier", "shorthand_property_identifier_pattern", "pair_pattern", "array_pattern":
			for d := range n.Descendants() {
				out[d.Text()] = true
			}
		case "required_parameter", "optional_parameter":
			if syntax.Accessibility(n) != "" || n.HasToken("readonly") {
				out[n.Field("pattern").Text()] = true
			}
		}
	}
	return out
}

// releasedAtEnd reports whether the end of a component releases what a field holds.
func (s *scan) releasedAtEnd(o *Obligation, place syntax.Node) bool {
	name, own := place.ThisField()
	if !own {
		return true
	}
	in := s.instance(o.Owner.Node)
	refs := slices.Clone(in.refs[name])
	for _, m := range in.mixins {
		refs = append(refs, refsOfThis(m)[name]...)
	}
	return slices.ContainsFunc(refs, func(ref syntax.Node) bool {
		call := s.at(ref).releaseAt(o, ref)
		return call.OK() && (inOneOf(in.ends, call) || call.File() == s.f && s.reached(in).runs(call))
	})
}

// lastName is the name of a variable, or of the last member of a chain.
func lastName(n syntax.Node) string {
	if n.Is("member_expression") {
		return n.Field("property").Text()
	}
	return n.Text()
}

// waitsFor reports whether a release is one of what this acquisition drops: it
// stands in the function that the one-shot calls, or before it in its own; or it
// is all that its owner acquires of the sort.
func (s *scan) waitsFor(o *Obligation, u unfilled) bool {
	fn := u.call.Function()
	if !fn.OK() {
		return false
	}
	if s.calls(o.Call.Field("arguments").Child(0), fn) {
		return true
	}
	return fn == o.Call.Function() && u.call.End() <= o.Call.Start()
}

// calls reports whether a callback is a function, by one of its names, or does
// nothing but call it.
func (s *scan) calls(callback, fn syntax.Node) bool {
	callback = callback.Inner(false)
	if isBind(callback) {
		callback = callback.Field("function").Inner(false).Field("object").Inner(false)
	}
	if callback.IsFunction() {
		if callback == fn {
			return false // it is made on the spot: each has its own
		}
		for n := range callback.Field("body").Own() {
			if n.Is("call_expression") && s.calls(n.Field("function"), fn) {
				return true
			}
		}
		if body := callback.Field("body"); body.Is("call_expression") {
			return s.calls(body.Field("function"), fn)
		}
		return false
	}
	if callback.Is("identifier") {
		return callback.Symbol() != nil && callback.Symbol() == functionName(fn)
	}
	if name, ok := callback.ThisField(); ok {
		_, member := fn.ThisClass()
		return syntax.FunctionOf(member) == fn && syntax.MemberName(member) == name
	}
	p := fn.Outer().Parent()
	return callback.Is("member_expression") && p.Is("assignment_expression") && squeeze(p.Field("left")) == squeeze(callback)
}

// reachable reports whether the expression that names a place means the same at
// another point of the file.
func (s *scan) reachable(place, at syntax.Node) bool {
	root := rootOf(place)
	if root.IsThis() {
		if _, field := place.ThisField(); !field {
			return false
		}
		a, _ := place.FieldOwner()
		b, _, name := at.InstanceAt()
		return a.OK() && a == b && name == "this"
	}
	sym := root.Symbol()
	if sym == nil {
		return false
	}
	if s.f.TopLevel(sym.Name) == sym {
		for fn := at.Function(); fn.OK(); fn = fn.Function() {
			if nameTaken(fn)(sym.Name) && !mentions(fn, sym) {
				return false
			}
		}
		return true
	}
	if sym.Kind != syntax.Parameter {
		return sym.Visible(at)
	}
	for d := range at.Descendants() { // an argument of the acquisition names the same
		if d.Is("member_expression") && rootOf(d).Text() == root.Text() && sharesPath(d, place) {
			return true
		}
	}
	return sym.Visible(at)
}

// sharesPath: api.stats.write beside api.stats.timer
func sharesPath(a, b syntax.Node) bool {
	return b.Is("member_expression") && squeeze(a.Field("object")) == squeeze(b.Field("object"))
}

// formFill corrects a release that finds nothing: it puts the handle that was
// dropped where the release looks for it.
type formFill struct{}

func (formFill) Name() string { return formCorrection{}.Name() }

func (formFill) fix(s *scan, p *Plan) (*Fix, *Refusal) {
	o := p.Obligations[0]
	u := o.gist.(unfilled)
	place := squeeze(u.place)
	line, _ := s.f.Position(u.call.Start())
	if o.Owner.isInstance() && s.instance(o.Owner.Node).hosted && !s.releasedAtEnd(o, u.place) {
		return nil, refuse(TooEntangled, "line %d would release what came before, and nothing what comes last", line)
	}
	f := &Fix{
		Plan:    p,
		Edits:   []patch.Edit{{Start: o.Call.Start(), End: o.Call.Start(), New: place + " = "}},
		Message: fmt.Sprintf("Keep the %s in %s, where line %d looks for it", o.Kind.Noun, place, line),
		Notes:   []Note{{Unsafe, fmt.Sprintf("line %d released nothing until now: does anything rely on the %s going on after it?", line, o.Kind.Noun)}},
	}
	return f, nil
}
