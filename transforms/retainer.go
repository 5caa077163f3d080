package transforms

import (
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// typeElsewhere asks another file for a type: that of a constant which is
// imported from it, or of a member of one of its classes.
func (s *scan) typeElsewhere(n syntax.Node) syntax.Type {
	n = n.Inner(true)
	switch n.Kind() {
	case "identifier":
		im, ok := n.Symbol().Import()
		if !ok {
			return syntax.Type{}
		}
		_, decl := s.declarationOf(im)
		return declaredType(decl)
	case "member_expression":
		class, ok := s.Project.ClassOf(s.ctx, s.f, syntax.TypeOf(n.Field("object")))
		if !ok {
			return syntax.Type{}
		}
		_, m, ok := s.Project.FindMember(s.ctx, class, n.Field("property").Text())
		if !ok || m.Getter {
			return syntax.Type{}
		}
		return declaredType(m.Node)
	}
	return syntax.Type{}
}

// declarationOf is where the project declares what this file imports, and the file; nil
// and the zero Node for what is not of the project.
func (s *scan) declarationOf(im syntax.Import) (*syntax.File, syntax.Node) {
	return s.Project.Declaration(s.ctx, s.Project.Resolve(s.f.Path, im.Module), im.Name)
}

// declaredType is that of a variable, field or property, by its annotation or
// its first value.
func declaredType(decl syntax.Node) syntax.Type {
	if t := syntax.TypeOfAnnotation(syntax.Annotation(decl)); t.OK() {
		return t
	}
	return syntax.TypeOf(decl.Field("value"))
}

// diesTogether reports whether what keeps a resource alive is not seen to
// outlive the owner. It does where it is a parameter, something that the
// instance was given, or a name of the module; what the owner made itself ends
// with it, and the resource, too.
func (s *scan) diesTogether(o *Obligation) bool {
	n, bound := o.Bindings[o.Kind.Retainer]
	if o.Kind.Retainer == "" || !bound {
		return false
	}
	if o.Owner.Form == OwnerClass && o.isCallable() {
		if in := s.instance(o.Owner.Node); in.host != nil && in.host.streams != nil {
			return !s.ofPage(in, n)
		}
	}
	hops := memberHops
	for n = n.Inner(true); n.OK(); {
		if name, ok := n.ThisField(); ok {
			class, _ := n.FieldOwner()
			if class.OK() && s.instance(class).hosted && strings.HasPrefix(name, "$") {
				return false // a part of the page, which may stay, and what observes it, too
			}
			return !class.OK() || !s.instance(class).borrowed(name)
		}
		if n.Is("identifier") {
			sym := n.Symbol()
			if sym == nil && n.Text() == "document" && (o.Owner.Form == OwnerClass || o.Owner.Form == OwnerObject) {
				in := s.instance(o.Owner.Node)
				return !in.ended() && !in.endsHosted()
			}
			if init := sym.Init().Inner(true); sym != nil && hops > 0 && sym.Constant() && init.Is("member_expression", "identifier") && s.f.TopLevel(sym.Name) != sym {
				hops--
				n = init // const feed = this.client.feed
				continue
			}
			return sym == nil || sym.Kind != syntax.Parameter && s.f.TopLevel(sym.Name) != sym
		}
		if !n.Is("member_expression") {
			break
		}
		n = n.Field("object").Inner(true)
	}
	return true
}

// ofPage reports whether something is the page, or a name by which a framework calls it:
// all else that an instance listens to is taken for a part of what it draws, and goes
// with it.
func (s *scan) ofPage(in *instance, n syntax.Node) bool {
	if name, ok := n.StringValue(); ok {
		return slices.Contains([]string{"window", "document", "body"}, name)
	}
	return stream{s: s, in: in}.lastingTarget(n) != ""
}
