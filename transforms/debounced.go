package transforms

import (
	"fmt"
	"slices"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// A debounced function that a component keeps calls once more when the component is gone.
// That is owed where the call sets a state of the component, and the release of the host
// holds that to be a leak; else an offer: what is pending may have to be done.

// debouncedKind is what such a function is.
const debouncedKind = "debounced-function"

// owedLate says what a debounced function of a component is, if its end does not cancel it:
// false for nothing.
func (s *scan) owedLate(o *Obligation) (Standing, bool) {
	switch {
	case !s.changesComponent(o, nil):
		return Offer, false
	case s.warns(&baseHosts[0]):
		return Leak, true
	}
	return Offer, s.Offers
}

// listensBy reports whether a debounced function of an effect is only handed to what calls
// it, which is taken away again: the timer stays the effect's.
func (o *Obligation) listensBy(u use) bool {
	return o.Kind.Name == debouncedKind && u.effect == moved && slices.Contains([]string{
		"addEventListener", "removeEventListener", "addListener", "removeListener", "on", "off", "subscribe", "unsubscribe",
	}, calleeName(u.at))
}

// keptDebounced is what a component keeps of a debounced function.
type keptDebounced struct {
	component syntax.Node
	stmt      syntax.Node    // that declares it
	sym       *syntax.Symbol // the function itself, or the ref that holds it
	ref       bool
}

// keptDebouncedOf says how a debounced function is kept that is made when a component is
// drawn: by a hook that keeps what it is given, or what a function gives.
func keptDebouncedOf(o *Obligation) (keptDebounced, bool) {
	none := keptDebounced{}
	v := widen(o.Call)
	if fn := o.Call.Function(); v.Parent().Is("arrow_function") && v.Parent() == fn || v.Parent().Is("return_statement") {
		v = fn.Outer()
	}
	args := v.Parent()
	hook := args.Parent()
	origin, ok := hook.Field("function").Origin()
	if !args.Is("arguments") || args.Child(0) != v || !ok || !slices.Contains(react, origin.Module) {
		return none, false
	}
	made := v.Inner(false).IsFunction()
	k := keptDebounced{component: hook.Function()}
	value := hook.Outer()
	switch origin.Last() {
	case "useMemo", "useState":
		if !made {
			return none, false
		}
	case "useCallback":
		if made {
			return none, false
		}
	case "useRef":
		if made {
			return none, false
		}
		k.ref = true
		if p := value.Parent(); p.Is("member_expression") && p.Field("property").Text() == "current" {
			value, k.ref = p.Outer(), false
		}
	default:
		return none, false
	}
	declarator := value.Parent()
	name := declarator.Field("name")
	if name.Is("array_pattern") && origin.Last() == "useState" {
		name = name.Child(0)
	}
	k.sym, k.stmt = name.Symbol(), declarator.Parent()
	if !declarator.Is("variable_declarator") || k.sym == nil || k.sym.Node != name || !k.component.OK() || k.stmt.Parent() != k.component.Field("body") {
		return none, false
	}
	return k, true
}

// judgeDebounced judges a debounced function that a component keeps. It says nothing
// (false) of all else.
func (s *scan) judgeDebounced(o *Obligation) bool {
	if o.Kind.Name != debouncedKind {
		return false
	}
	k, ok := keptDebouncedOf(o)
	if !ok {
		return false
	}
	o.Handle = Handle{Value: widen(o.Call)}
	o.Owner = Owner{OwnerComponent, nameOf(k.component), k.component}
	way := NeverReleased
	for _, u := range s.usesOfDebounced(o, k) {
		switch {
		case u.effect == moved:
			o.step(u.at, "moved: %s", u.text)
			return true
		case s.endsComponent(k.component, u.at):
			o.Status = Met
			o.step(u.at, "met: released when the component ends")
			return true
		}
		o.releases = append(o.releases, u.at)
		o.step(u.at, "%s", u.text)
		way = MissingPath
	}
	standing, owed := s.owedLate(o)
	if !owed {
		o.Status = Met
		o.step(o.Call, "met: ends by itself, and soon")
		return true
	}
	o.Standing, o.gist = standing, k
	s.unmet(o, way, []ExitPlace{{k.sym.Node, "the component goes"}})
	o.Form = formDebounced{}
	return true
}

// usesOfDebounced are the releases of what a component keeps, and where it is given away
// with them.
func (s *scan) usesOfDebounced(o *Obligation, k keptDebounced) []use {
	var out []use
	for _, r := range k.sym.Refs {
		at := r
		if k.ref {
			if at = r.Outer().Parent(); !isRefPlace(at) {
				out = append(out, use{moved, r, r, "it is handed on"})
				continue
			}
		}
		for _, u := range s.useOf(o, at, maxHops) { // also by another name
			if u.effect == released {
				out = append(out, u)
			}
		}
		p := at.Outer().Parent()
		switch {
		case p.Is("return_statement", "pair", "array") && !isDependencies(p) || at.Is("shorthand_property_identifier"):
			if back := at.Ancestor("return_statement"); back.OK() && back.Function() == k.component && !at.Ancestor("jsx_expression").OK() {
				out = append(out, use{moved, r, r, "it is returned"})
			}
		case p.Is("arguments") && isEndHook(calleeName(p.Parent())):
			out = append(out, use{moved, r, r, "it is handed on"})
		}
	}
	return out
}

// formDebounced cancels a debounced function when its component goes, or has another.
type formDebounced struct{}

func (formDebounced) Name() string { return "debounced" }

func (formDebounced) fix(s *scan, p *Plan) (*Fix, *Refusal) {
	w := &effectEdit{s: s, st: styleOf(s.f), names: map[string]bool{}}
	effect, no := w.useEffect(p.Owner.Node)
	if no != nil {
		return nil, no
	}
	var notes []Note
	for _, o := range p.Obligations {
		k := o.gist.(keptDebounced)
		if left := leftBefore(k.component, k.stmt.NextNamed()); k.stmt.NextNamed().OK() && left.OK() {
			return nil, refuse(TooEntangled, "line %d returns before there would be a place for an effect", lineOfNode(left))
		}
		held, deps := k.sym.Name, "["+k.sym.Name+"]"
		if k.ref {
			held, deps = k.sym.Name+".current", "[]"
		}
		release, no := s.writeRelease(o, held)
		if no != nil {
			return nil, no
		}
		w.edits = append(w.edits, w.st.after(k.stmt, w.st.fit(effect+"(() => () => "+release+", "+deps+");")))
		notes = append(notes, Note{Unsafe, fmt.Sprintf("a pending %s is cancelled when %s goes, or makes another: does anything rely on its callback running all the same?", o.Kind.Noun, p.Owner.Name)})
	}
	return &Fix{Plan: p, Edits: w.edits, Notes: notes, Message: fmt.Sprintf("Cancel what is debounced when %s goes", p.Owner.Name)}, nil
}
