package transforms

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/unleak-dev/unleak/internal/project"
	"github.com/unleak-dev/unleak/internal/syntax"
)

// A kind that names no module, and whose release goes by what the acquisition gives, is
// about pairs that the project declares itself:
//
//	subscribe(subject: string): Subscription
//
// where Subscription declares unsubscribe(). The type says what is owed, whoever
// implements it.

// memberHops bounds how many properties lead from a name to what it gives: a.b.c.
const memberHops = 4

// declared reports whether an acquisition is of such a kind.
func (c candidate) declared() bool {
	receiver := c.acquire.Pattern.Receiver()
	return len(c.acquire.From) == 0 && len(c.acquire.Types) == 0 && c.kind.Keyed == "" && !c.kind.Registers() && !c.acquire.Pattern.New && receiver != "" && receiver != "HANDLE"
}

// matchDeclared makes an obligation of a call of a method of the project that gives
// something which can be ended; nil where that does not show.
func (s *scan) matchDeclared(c candidate, n syntax.Node, b syntax.Bindings) *Obligation {
	receiver := b[c.acquire.Pattern.Receiver()]
	if !receiver.OK() || s.hops == 0 || n.Outer().Parent().Is("expression_statement") || endsByItself(n) {
		return nil // who drops what is given may know of another end
	}
	class, ok := s.classThrough(receiver, memberHops)
	if !ok {
		return nil
	}
	in, m, ok := s.Project.FindMember(s.ctx, class, c.acquire.Pattern.Anchor)
	if !ok {
		return nil
	}
	fn := declaration(m)
	own := *c.kind
	own.Release = nil
	for _, r := range c.kind.Release {
		if s.givesEnd(in, fn, r.Pattern.Anchor) {
			own.Release = append(own.Release, r)
		}
	}
	if len(own.Release) == 0 {
		return nil
	}
	own.Promised = isAsync(fn)
	given := rootOf(receiver).Symbol() // by others, who may have made it in whatever way
	own.Apart = own.Apart && class.Node.Is("interface_declaration") && given != nil && given.Kind == syntax.Parameter
	o := s.obligation(candidate{&own, c.acquire}, n, b)
	of := class.Name()
	if of == "" {
		of = calleeText(n)
	}
	o.acquired([]string{fmt.Sprintf("%s() of %s gives what has %s()", m.Name, of, own.Release[0].Pattern.Anchor)})
	return o
}

// ownEnds are options by which what is begun ends without anybody ending it.
var ownEnds = []string{"max", "once", "signal", "limit", "count", "times", "take"}

// endsByItself reports whether a call is told by an option when to end what it begins.
func endsByItself(call syntax.Node) bool {
	for a := range call.Field("arguments").Children() {
		if a = a.Inner(false); !a.Is("object") {
			continue
		}
		for _, m := range syntax.Members(a) {
			if slices.Contains(ownEnds, m.Name) {
				return true
			}
		}
	}
	return false
}

// classThrough is the class or interface of the project that an expression is of, by what
// the classes along its properties declare.
func (s *scan) classThrough(n syntax.Node, hops int) (project.Class, bool) {
	n = n.Inner(true)
	if class, ok := s.classNamed(s.f, syntax.TypeOf(n), memberHops); ok {
		return class, true
	}
	if n.Is("identifier") {
		if class, ok := s.classNamed(s.f, s.typeElsewhere(n), memberHops); ok {
			return class, true
		}
		sym := n.Symbol()
		if init := sym.Init(); sym != nil && hops > 0 && sym.Constant() && init.Inner(true).Is("member_expression") {
			return s.classThrough(init, hops-1)
		}
		return project.Class{}, false
	}
	if !n.Is("member_expression") || hops == 0 {
		return project.Class{}, false
	}
	name := n.Field("property").Text()
	if s.fieldOfLibrary(syntax.TypeOf(n.Field("object").Inner(true)), name) {
		return project.Class{}, false
	}
	object, ok := s.classThrough(n.Field("object"), hops-1)
	if !ok {
		return project.Class{}, false
	}
	in, m, ok := s.Project.FindMember(s.ctx, object, name)
	if !ok || m.Method {
		return project.Class{}, false
	}
	return s.classNamed(in.File, declaredType(m.Node), memberHops)
}

// fieldOfLibrary reports whether the text of the class that a type is shows that a field of it is of
// a type that the project does not declare.
func (s *scan) fieldOfLibrary(of syntax.Type, field string) bool {
	if of.Module == "" || of.Derived || of.Decl.OK() || len(of.Path) != 1 {
		return false
	}
	path, src, ok := s.Project.Source(s.Project.Resolve(s.f.Path, of.Module), of.Name())
	if !ok {
		return false
	}
	text := subscriptions{src: src}
	t, ok := text.at(0, 0)
	if !ok || !bytes.Contains(t.Code, []byte("class "+of.Name()+" ")) {
		return false
	}
	module := t.fieldFrom(field)
	return module != "" && s.Project.Resolve(path, module) == ""
}

// classNamed is the class or interface that a type of a file is, under whatever names the
// project gives it: type Feed = Source<Message>.
func (s *scan) classNamed(f *syntax.File, t syntax.Type, hops int) (project.Class, bool) {
	if class, ok := s.Project.ClassOf(s.ctx, f, t); ok || hops == 0 || t.Derived {
		return class, ok
	}
	in, decl := f, t.Decl
	if !decl.OK() && t.Module != "" && len(t.Path) == 1 {
		in, decl = s.Project.Declaration(s.ctx, s.Project.Resolve(f.Path, t.Module), t.Name())
	}
	if !decl.Is("type_alias_declaration") {
		return project.Class{}, false
	}
	return s.classNamed(in, syntax.TypeOfAnnotation(decl.Field("value")), hops-1)
}

// givesEnd reports whether what a method of a class gives can be ended by a method of that
// name: by the type that it declares to return, or by the object that it does return.
func (s *scan) givesEnd(in project.Class, fn syntax.Node, release string) bool {
	if r := fn.Field("return_type").Child(0); r.OK() {
		class, ok := s.classNamed(in.File, syntax.TypeOfAnnotation(r), memberHops)
		if !ok {
			return false
		}
		_, m, ok := s.Project.FindMember(s.ctx, class, release)
		return ok && callable(m)
	}
	found := false
	for n := range fn.Field("body").Own() {
		if !n.Is("return_statement") {
			continue
		}
		v := n.Child(0).Inner(true)
		if !v.Is("object") {
			return false
		}
		has := false
		for _, m := range syntax.Members(v) {
			has = has || m.Name == release && m.Function().OK() && !m.Function().WantsArguments()
		}
		if !has {
			return false
		}
		found = true
	}
	return found
}
