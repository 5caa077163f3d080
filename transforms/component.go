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
	if !o.Kind.Alone && !o.Kind.OneShot && !o.Kind.Promised {
		return false // useless without its handle: as in any function
	}
	component := s.componentAt(o.Call)
	if !component.OK() {
		return false
	}
	if o.Kind.Registers() {
		return s.judgeHandled(o, component)
	}
	h, _ := s.locate(o)
	o.Handle = h
	place := s.refPlace(o)
	if !place.OK() && s.judgeOnSpot(o, component) {
		return true
	}
	ref := place.Field("object").Inner(false).Symbol()
	if !place.OK() || ref == nil || ref.Decl.Function() != component || calleeName(ref.Init().Inner(false)) != "useRef" {
		return false
	}
	o.Owner = Owner{OwnerComponent, nameOf(component), component}
	k := s.keepingOf(o, component, place)
	for _, u := range k.releases {
		o.releases = append(o.releases, u.at)
		o.step(u.at, "%s", u.text)
	}
	switch {
	case k.away.at.OK():
		o.step(k.away.at, "moved: %s", k.away.text)
		return true
	case k.end.OK():
		o.Status = Met
		o.step(k.end, "met: released when the component ends")
		return true
	case o.Kind.OneShot && !s.isTracked(o, k):
		o.Status = Met
		o.step(o.Call, "met: ends by itself, and soon")
		return true
	}
	way := NeverReleased
	if len(o.releases) > 0 {
		way = MissingPath
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
		if s.callsHooks(fn) {
			return fn
		}
	}
	return syntax.Node{}
}

// formComponent releases what is in a ref when the component goes, by an effect that does
// nothing else.
type formComponent struct{}

func (formComponent) Name() string { return "component" }

func (formComponent) fix(s *scan, p *Plan) (*Fix, *Refusal) {
	w := &effectEdit{s: s, st: styleOf(s.f), names: map[string]bool{}, used: nameTaken(p.Owner.Node), sets: map[string]string{}, kept: map[*syntax.Symbol]bool{}}
	var last syntax.Node // the ref that is made last
	var list []owed
	var mended []*Obligation
	var no *Refusal
	for _, o := range p.Obligations {
		write := w.ofRef
		switch {
		case o.Kind.Registers():
			write = w.ofListener
		case o.isOnSpot():
			write = w.ofSpot
		}
		made, stmt, why := write(o, p.Owner.Node)
		if why != nil {
			o.Refusal, no = why, why
			continue
		}
		list, mended = append(list, made), append(mended, o)
		if stmt.Start() > last.Start() || !last.OK() {
			last = stmt
		}
	}
	if len(mended) == 0 {
		return nil, no
	}
	if left := leftBefore(p.Owner.Node, last); left.OK() {
		line, _ := s.f.Position(left.Start())
		return nil, refuse(TooEntangled, "line %d returns before there would be a place for an effect", line)
	}
	effect, no := w.useEffect(p.Owner.Node)
	if no != nil {
		return nil, no
	}
	code := strings.Join(w.declared, "") + effect + "(() => {\n\treturn () => {\n"
	for _, release := range ordered(list) {
		code += "\t\t" + strings.ReplaceAll(release, "\n", ";\n\t\t") + ";\n"
	}
	w.edits = append(w.edits, w.st.after(last, w.st.fit(code+"\t};\n}, []);")))
	noun := "the " + mended[0].Kind.Noun
	if len(mended) > 1 {
		noun = "the " + plural(mended[0].Kind.Noun)
	}
	if slices.ContainsFunc(mended, func(o *Obligation) bool { return o.Kind.Noun != mended[0].Kind.Noun }) {
		noun = "all that is held"
	}
	var notes []Note
	for _, o := range mended {
		if o.Kind.Registers() {
			continue // to take away what is not there does nothing
		}
		text := fmt.Sprintf("the %s ends when %s goes: does anything rely on it going on?", o.Kind.Noun, p.Owner.Name)
		if o.Kind.OneShot {
			text = fmt.Sprintf("a pending %s is cancelled when %s goes: does anything rely on its callback running all the same?", o.Kind.Noun, p.Owner.Name)
		}
		notes = append(notes, Note{Unsafe, text})
		if o.Call.Outer().Is("await_expression") || o.isOnSpot() && o.Call.Function().IsAsync() {
			notes = append(notes, Note{Unsafe, fmt.Sprintf("%s may have gone while the %s is waited for: then it stays", p.Owner.Name, o.Kind.Noun)})
		}
	}
	return &Fix{
		Plan: p.only(mended...), Edits: w.edits, Notes: notes, Message: fmt.Sprintf("Release %s of %s when it goes", noun, p.Owner.Name),
	}, nil
}

// leftBefore is where a component is left before a statement; the zero Node for nowhere.
func leftBefore(component, stmt syntax.Node) syntax.Node {
	for n := range component.Field("body").Own() {
		if n.Is("return_statement") && n.Start() < stmt.Start() {
			return n
		}
	}
	return syntax.Node{}
}

// useEffect is how a component calls useEffect, which is imported where it is not yet.
func (w *effectEdit) useEffect(component syntax.Node) (string, *Refusal) {
	hook := aHook(component)
	if !hook.OK() {
		return "", refuse(ReleaseUnknown, "nothing shows of which module useEffect is")
	}
	return w.imported(hook, "useEffect")
}

// aHook is the callee of a hook of React that a component calls: of one that makes a ref,
// else of any.
func aHook(component syntax.Node) syntax.Node {
	var any syntax.Node
	for n := range component.Field("body").Own() {
		callee := n.Field("function").Inner(false)
		origin, ok := callee.Origin()
		if !n.Is("call_expression") || !ok || !slices.Contains(react, origin.Module) || !isHookName(origin.Last()) {
			continue
		}
		if origin.Last() == "useRef" {
			return callee
		}
		if !any.OK() {
			any = callee
		}
	}
	return any
}

// refOf is the ref that a handle is kept in, nil for none.
func (o *Obligation) refOf(s *scan) *syntax.Symbol {
	return s.refPlace(o).Field("object").Inner(false).Symbol()
}

// ofRef writes the release of what is in a ref, and says which statement makes that.
func (w *effectEdit) ofRef(o *Obligation, component syntax.Node) (owed, syntax.Node, *Refusal) {
	place := w.s.refPlace(o)
	ref := o.refOf(w.s)
	stmt := ref.Decl.Statement()
	if stmt.Parent() != component.Field("body") {
		return owed{}, stmt, refuse(TooEntangled, "there is no place for an effect behind %s", ref.Name)
	}
	release, no := w.s.writeRelease(o, place.Text())
	if no != nil {
		return owed{}, stmt, no
	}
	guarded := "if (" + place.Text() + ") " + release
	if strings.HasPrefix(release, place.Text()+".") || o.isCallable() {
		guarded = strings.Replace(release, place.Text(), place.Text()+"?", 1)
		if o.isCallable() {
			guarded = place.Text() + "?.()"
		}
	}
	if first, known := firstValue(ref); known && w.s.keepingOf(o, component, place).read {
		guarded += "\n" + place.Text() + " = " + first // whoever asks sees that there is none: it may begin again
	}
	return owed{o: o, release: guarded}, stmt, nil
}

// firstValue is what a ref holds before anything is put into it.
func firstValue(ref *syntax.Symbol) (string, bool) {
	args := ref.Init().Inner(false).Field("arguments")
	first := args.Child(0).Inner(false)
	if !first.OK() {
		return "undefined", true
	}
	return first.Text(), isNothing(first) || first.Is("number")
}
