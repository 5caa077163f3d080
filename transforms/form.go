package transforms

import (
	"iter"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// form is a way in which an owner can release things. A form knows no kind:
// what it writes is derived from the release.
type form interface {
	// Name is what the form is called in documents.
	Name() string
	// fix settles the obligations of one plan, or says why not.
	fix(s *scan, p *Plan) (*Fix, *Refusal)
}

// Forms lists the names of all forms.
func Forms() []string {
	var out []string
	for _, f := range []form{formDirective{}, formBlock{}, formUndo{}, formPromise{}, formCallback{}, formRace{}, formAnswer{}, formChain{}, formGuard{}, formClass{}, formBeside{}, formCorrection{}, formRearm{}, formTold{}, formForced{}, formOrder{}, formNamed{}, formTabled{}, formApart{}, formSignature{}, formChildren{}, formRegistry{}, formShutdown{}, formBound{}, formWeak{}, formUnsubscribe{}, formSuper{}, formEffect{}, formUnreturned{}, formEffectCorrection{}, formComponent{}, formUntil{}, formRenewed{}, formCleanup{}, formHook{}, formPlugin{}, formUnref{}, formHoist{}, formPiped{}, formForget{}, formCompare{}} {
		out = append(out, f.Name())
	}
	return out
}

// writeRelease instantiates a release for a handle, as an expression without
// await. It takes the first release whose method the handle has, if that can
// be told.
func (s *scan) writeRelease(o *Obligation, handle string) (string, *Refusal) {
	r, ok := s.chooseRelease(o)
	if !ok {
		return "", s.unknownRelease(o)
	}
	release, no := s.qualified(o, r, instantiate(r.Pattern, o, handle))
	return o.ifThere(release, handle), no
}

func (s *scan) unknownRelease(o *Obligation) *Refusal {
	return refuse(ReleaseUnknown, "the type has none of the releases that are known for %s", o.Kind.Name)
}

// chooseRelease takes the release that the code uses on other ways already, if
// that is one and the same and is waited for like the first; else the first
// whose method the handle has, if that can be told.
func (s *scan) chooseRelease(o *Obligation) (Release, bool) {
	if r, ok := o.usedRelease(); ok {
		return r, true
	}
	if len(o.Acquire.From) > 0 || len(o.Kind.Release) == 1 {
		return o.Kind.Release[0], true
	}
	value, ok := o.Bindings["HANDLE"]
	if !ok {
		value = o.Call
	}
	class, ok := s.Project.ClassOf(s.ctx, s.f, syntax.TypeOf(value))
	if !ok {
		return Release{}, false
	}
	for _, r := range o.Kind.Release {
		if _, m, ok := s.Project.FindMember(s.ctx, class, r.Pattern.Anchor); ok && callable(m) {
			return r, true
		}
	}
	return Release{}, false
}

// usedRelease is the one release that all ways which have one use.
func (o *Obligation) usedRelease() (Release, bool) {
	if len(o.releases) == 0 || o.Kind.Fails == Rejects {
		return Release{}, false
	}
	for _, r := range o.Kind.Release {
		fits := !r.Done && r.Pattern.Receiver() == "HANDLE"
		for _, call := range o.releases {
			_, matches := r.Pattern.MatchCallee(call, nil)
			fits = fits && matches
		}
		if fits {
			return r, true
		}
	}
	return Release{}, false
}

// callable reports whether a method can be called from outside, without
// arguments.
func callable(m syntax.Member) bool {
	if a := syntax.Accessibility(m.Node); a == "private" || a == "protected" || !m.Method {
		return false
	}
	return !wantsArguments(m)
}

// instantiate writes a pattern with its holes filled; $DONE and the rest
// holes are left out.
func instantiate(p *syntax.Pattern, o *Obligation, handle string) string {
	return fill(p, o, map[string]string{"HANDLE": handle})
}

// fill is the same, with some holes filled otherwise than the acquisition did.
func fill(p *syntax.Pattern, o *Obligation, other map[string]string) string {
	var b strings.Builder
	root := p.Root()
	text := string(root.File().Src())
	at := root.Start()
	for n := range root.Descendants() {
		name, ok := syntax.HoleName(n)
		if !ok {
			continue
		}
		b.WriteString(text[at:n.Start()])
		at = n.End()
		if t, ok := other[name]; ok {
			b.WriteString(t)
		} else if name != "DONE" {
			b.WriteString(o.Bindings[name].Text())
		}
	}
	b.WriteString(text[at:root.End()])
	return b.String()
}

// codeOf walks over the code of an owner.
func codeOf(owner syntax.Node) iter.Seq[syntax.Node] {
	return func(yield func(syntax.Node) bool) {
		for _, code := range syntax.Code(owner) {
			for n := range code.Descendants() {
				if !yield(n) {
					return
				}
			}
		}
	}
}

// logger finds a call like this.log.warn(..) in a class and returns its callee:
// that class has a logger, and this is it.
func logger(class syntax.Node) string {
	found := ""
	for n := range codeOf(class) {
		if !n.Is("call_expression") {
			continue
		}
		fn := n.Field("function")
		if !fn.Is("member_expression") || fn.Field("property").Text() != "warn" && fn.Field("property").Text() != "error" {
			continue
		}
		object := fn.Field("object")
		if name, ok := object.ThisField(); ok && object.Field("object").Is("this") && n.Field("arguments").Len() > 0 && !fn.HasToken("?.") && !fn.Field("optional_chain").OK() {
			if method := fn.Field("property").Text(); method == "warn" {
				return "this." + name + ".warn"
			} else if found == "" {
				found = "this." + name + "." + method
			}
		}
	}
	return found
}
