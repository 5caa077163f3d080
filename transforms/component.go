package transforms

import (
	"fmt"
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// judgeComponent judges what the handlers of a function component, or of a hook, acquire
// and keep in a ref. It says nothing (false) of all else.
func (s *scan) judgeComponent(o *Obligation) bool {
	if o.Kind.Registers() || o.Kind.OneShot || !o.Kind.Alone {
		return false
	}
	component := s.componentAt(o.Call)
	if !component.OK() {
		return false
	}
	h, _ := s.locate(o)
	o.Handle = h
	place := s.keptPlace(o)
	ref := place.Field("object").Inner(false).Symbol()
	if !place.OK() || ref == nil || ref.Decl.Function() != component || calleeName(ref.Init().Inner(false)) != "useRef" {
		return false
	}
	o.Owner = Owner{OwnerComponent, nameOf(component), component}
	way := NeverReleased
	for _, u := range s.usesOfPlace(o, place) {
		switch u.effect {
		case moved:
			o.step(u.at, "moved: %s", u.text)
			return true
		case released:
			o.releases = append(o.releases, u.at)
			o.step(u.at, "%s", u.text)
			way = MissingPath
			for _, e := range s.spansIn(component) {
				if slices.ContainsFunc(e.cleanups, func(c cleanup) bool { return s.endsBy(c, u.at) }) {
					o.Status = Met
					o.step(u.at, "met: released when the component ends")
					return true
				}
			}
		}
	}
	o.Evidence = append(o.Evidence, "kept in the ref "+ref.Name)
	s.unmet(o, way, []ExitPlace{{ref.Node, "the component goes"}})
	o.Form = formComponent{}
	return true
}

// componentAt is the function component, or hook, in whose handler n stands: the nearest
// function around its own that calls hooks and is named as one that may.
func (s *scan) componentAt(n syntax.Node) syntax.Node {
	for fn := n.Function().Function(); fn.OK(); fn = fn.Function() {
		name := nameOf(fn)
		if name == "" || fn.Class().OK() || !isHookName(name) && (name[0] < 'A' || name[0] > 'Z') {
			continue
		}
		for d := range fn.Field("body").Own() {
			if d.Is("call_expression") && isHookName(calleeName(d)) {
				return fn
			}
		}
	}
	return syntax.Node{}
}

// formComponent releases what is in a ref when the component goes, by an effect that does
// nothing else.
type formComponent struct{}

func (formComponent) Name() string { return "component" }

func (formComponent) fix(s *scan, p *Plan) (*Fix, *Refusal) {
	o := p.Obligations[0]
	place := s.keptPlace(o)
	ref := place.Field("object").Inner(false).Symbol()
	stmt := ref.Decl.Statement()
	if stmt.Parent() != p.Owner.Node.Field("body") {
		return nil, refuse(TooEntangled, "there is no place for an effect behind %s", ref.Name)
	}
	for n := range p.Owner.Node.Field("body").Own() {
		if n.Is("return_statement") && n.Start() < stmt.Start() {
			return nil, refuse(TooEntangled, "%s is not made each time", ref.Name)
		}
	}
	w := &effectEdit{s: s, st: styleOf(s.f), names: map[string]bool{}}
	effect, no := w.imported(ref.Init().Inner(false).Field("function").Inner(false), "useEffect")
	if no != nil {
		return nil, no
	}
	release, no := s.writeRelease(o, place.Text())
	if no != nil {
		return nil, no
	}
	guarded := "if (" + place.Text() + ") " + release
	if strings.HasPrefix(release, place.Text()+".") || o.isCallable() {
		guarded = strings.Replace(release, place.Text(), place.Text()+"?", 1)
		if o.isCallable() {
			guarded = place.Text() + "?.()"
		}
	}
	w.edits = append(w.edits, w.st.after(stmt, effect+"(() => {\n\treturn () => {\n\t\t"+guarded+";\n\t};\n}, []);"))
	return &Fix{
		Plan: p, Edits: w.edits, Message: fmt.Sprintf("Release the %s of %s when it goes", o.Kind.Noun, p.Owner.Name),
		Notes: []Note{{Unsafe, fmt.Sprintf("the %s ends when %s goes: does anything rely on it going on?", o.Kind.Noun, p.Owner.Name)}},
	}, nil
}
