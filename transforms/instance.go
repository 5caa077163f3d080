package transforms

import (
	"path"
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/project"
	"github.com/unleak-dev/unleak/internal/syntax"
)

// instance is what is known of the instances of one owner: a class, a constructor
// function, an object literal, or what a function returns.
type instance struct {
	class     project.Class
	members   []syntax.Member
	refs      map[string][]syntax.Node    // mentions of this.NAME by name
	taken     map[string][]*syntax.Symbol // variables bound by const { NAME } = this
	computed  []syntax.Node               // this[expression]
	ancestors []project.Class
	mixins    []syntax.Node // what an options object is mixed with, in this file or others
	whole     bool          // all ancestors are known
	teardown  *teardown     // the class's own, else the inherited one
	inherited *teardown
	hosted    bool          // it is an options object: a framework ends it, and calls a teardown that is added
	ends      []syntax.Node // what else that calls at the end
	reach     *reach        // what the teardown runs, once asked
	host      *classHost    // what ends the instances of a class, nil where that is not known
	below     int           // how many of the ancestors are not the host's own
	lasting   bool          // it lives as long as the program, as far as can be told
}

// teardown is the method that ends an instance's life.
type teardown struct {
	name     string
	own      syntax.Node   // the method in the class itself, or the zero Node
	above    syntax.Member // the nearest declaration in a class above
	aboveIn  project.Class //
	abstract bool          // above has no body
	async    bool
	hosted   bool // a host calls it, and nothing declares it yet
}

func (s *scan) instance(class syntax.Node) *instance {
	if in, ok := s.owners[class.ID()]; ok {
		return in
	}
	in := &instance{class: project.Class{File: s.f, Node: class}, refs: s.refsIn(class)}
	s.owners[class.ID()] = in
	if class.IsFunction() && !class.IsConstructor() { // what is returned is itself the teardown
		in.whole, in.teardown = true, &teardown{name: ownName(class), own: class, async: isAsync(class)}
		return in
	}
	in.members = syntax.Members(class)
	in.taken, in.computed = otherMentions(class)
	if syntax.IsOptions(class) {
		s.findHooks(in)
		return in
	}
	in.ancestors, in.whole = s.Project.Ancestors(s.ctx, in.class)
	if in.host = s.classHostOf(in); in.host != nil {
		s.hostTeardown(in)
	} else {
		s.findTeardown(in)
	}
	return in
}

// isSeen reports whether all code that an instance has from above can be read. Of a class that
// is only declared, as those of packages are, it is not known what a method does, nor which
// methods of the class itself it calls.
func (in *instance) isSeen() bool {
	return in.whole && !slices.ContainsFunc(in.ancestors[:in.below], func(c project.Class) bool {
		return c.Node.Parent().Is("ambient_declaration") || strings.Contains(path.Base(c.File.Path), ".d.")
	})
}

// refsIn are the mentions of members of the instances of an owner, for whoever wants to know
// no more of it: nothing else is parsed for them.
func (s *scan) refsIn(class syntax.Node) map[string][]syntax.Node {
	refs, known := s.refs[class.ID()]
	if !known {
		refs = refsOfThis(class)
		s.refs[class.ID()] = refs
	}
	return refs
}

// refsOfThis collects the mentions of members of the instance in a class.
func refsOfThis(class syntax.Node) map[string][]syntax.Node {
	refs := map[string][]syntax.Node{}
	for n := range codeOf(class) {
		if !n.Is("member_expression", "subscript_expression") {
			continue
		}
		if name, ok := n.ThisField(); ok {
			// `this` of a function or an object within may be the instance all the same
			if c, _ := n.FieldOwner(); c == class || !c.OK() || c.Is("object") && n.Field("object").Inner(false).Is("this") {
				refs[name] = append(refs[name], n)
			}
		}
	}
	if sym := syntax.LiteralName(class); sym != nil {
		for _, r := range sym.Refs {
			n := r.Outer().Parent()
			if name, ok := n.ThisField(); ok && !n.Within(class) {
				refs[name] = append(refs[name], n)
			}
		}
	}
	return refs
}

// otherMentions finds members that are read without being named behind a dot.
func otherMentions(class syntax.Node) (taken map[string][]*syntax.Symbol, computed []syntax.Node) {
	taken = map[string][]*syntax.Symbol{}
	for n := range codeOf(class) {
		switch {
		case n.Field("name").Is("object_pattern") && n.Field("value").IsThis():
			for part := range n.Field("name").Children() {
				name, local := part.Text(), part
				if part.Is("pair_pattern") {
					name, local = part.Field("key").Text(), part.Field("value")
				}
				if sym := local.Symbol(); sym != nil {
					taken[name] = append(taken[name], sym)
				}
			}
		case n.Is("subscript_expression") && n.Field("object").IsThis():
			if _, literal := n.ThisField(); !literal {
				computed = append(computed, n)
			}
		}
	}
	return taken, computed
}

// findTeardown looks in the class, then above it: the nearest class decides,
// among its methods the most final.
func (s *scan) findTeardown(in *instance) {
	repeated := repeatedIn(in.class.Node)
	own, has := mostFinal(in.members, func(m syntax.Member) bool { return m.Function().OK() && !repeated[m.Name] })
	for _, c := range in.ancestors {
		members := syntax.Members(c.Node)
		if in.inherited == nil {
			if m, ok := mostFinal(members, nil); ok {
				in.inherited = above(m, c)
			}
		}
		if in.teardown == nil {
			for _, m := range members {
				if m.Name == own.Name && m.Method && !m.Static {
					in.teardown = above(m, c)
				}
			}
		}
	}
	if !has {
		in.teardown = in.inherited
		return
	}
	if in.teardown == nil {
		in.teardown = &teardown{name: own.Name}
	}
	in.teardown.own = own.Function()
	in.teardown.async = in.teardown.async || isAsync(in.teardown.own)
}

func above(m syntax.Member, c project.Class) *teardown {
	return &teardown{name: m.Name, above: m, aboveIn: c, abstract: m.IsAbstract(), async: isAsync(declaration(m))}
}

func isAsync(fn syntax.Node) bool { return fn.IsAsync() || returnsPromise(fn) }

// mostFinal picks the teardown among members.
func mostFinal(members []syntax.Member, fits func(syntax.Member) bool) (syntax.Member, bool) {
	best, found := syntax.Member{}, false
	for _, m := range members {
		if m.Name == "disconnected" && !slices.ContainsFunc(members, func(m syntax.Member) bool { return m.Name == "connected" && m.Method }) {
			continue // it may be told of what has happened
		}
		if m.Static || !m.Method || !isTeardown(m.Name) || toldWhat(m) || keepsWhatItIsTold(m) || fits != nil && !fits(m) || m.Name == "close" && onlyShows(m.Function()) {
			continue
		}
		hollow := isHollow(m.Function())
		if hollow && m.Name == "remove" && has(members, "add") {
			continue // of what is added, as soon as there is something
		}
		if !found || moreFinal(m, best, members) && !hollow || isHollow(best.Function()) && !hollow {
			best, found = m, true
		}
	}
	return best, found
}

// moreFinal reports whether a teardown ends more than another. A stop without a start
// beside it interrupts what the instance does, where there is something to remove.
func moreFinal(m, than syntax.Member, members []syntax.Member) bool {
	if pauses := has(members, "stop") && !has(members, "start"); pauses && m.Name == "remove" && than.Name == "stop" {
		return true
	} else if pauses && m.Name == "stop" && than.Name == "remove" {
		return false
	}
	return rank(m.Name) < rank(than.Name)
}

// keepsWhatItIsTold reports whether all that a method does is to register the function that
// it is given: onRemove(f) { this.emitter.on('remove', f) }
func keepsWhatItIsTold(m syntax.Member) bool {
	body := m.Function().Field("body")
	call := body.Child(0).Child(0).Inner(false)
	if body.Len() != 1 || !call.Is("call_expression") {
		return false
	}
	args := call.Field("arguments")
	last := args.Child(args.Len() - 1).Inner(false).Symbol()
	return (adders[calleeName(call)] || chainable[calleeName(call)]) && last != nil && slices.Contains(parametersOf(m.Function()), last)
}

// wantsArguments: a method that is told what to end ends that, not the
// instance; an accessor ends nothing.
func wantsArguments(m syntax.Member) bool {
	if m.Getter || m.Node.HasToken("set") {
		return true
	}
	fn := m.Function()
	if !fn.OK() {
		fn = m.Node
	}
	return fn.WantsArguments()
}

func rank(name string) int { return slices.Index(teardownNames, name) }

func returnsPromise(fn syntax.Node) bool {
	r := fn.Field("return_type").Child(0)
	return r.Is("generic_type") && r.Field("name").Text() == "Promise"
}

// names are the members that stand for one field: itself, and accessors that
// return it.
func (in *instance) names(field string) []string {
	out := []string{field}
	for _, m := range in.members {
		if !m.Getter {
			continue
		}
		var read []string
		for n := range m.Node.Field("body").Descendants() {
			if name, ok := n.ThisField(); ok {
				read = append(read, name)
			}
		}
		switch {
		case m.Name == field:
			out = append(out, read...)
		case slices.Contains(read, field):
			out = append(out, m.Name)
		}
	}
	return out
}

// borrowed reports whether a field holds what the instance was given.
func (in *instance) borrowed(field string) bool {
	given := false
	for _, m := range in.members {
		if m.Name == field && m.Param {
			given = true
		}
	}
	for _, ref := range in.refs[field] {
		p := ref.Parent()
		if !p.Is("assignment_expression") || p.Field("left") != ref {
			continue
		}
		sym := p.Field("right").Inner(false).Symbol()
		given = given || sym != nil && sym.Kind == syntax.Parameter
	}
	return given
}

// makes reports whether what is kept in a field is made where it is acquired, so
// that it is there again when it is acquired again.
func (in *instance) makes(o *Obligation) bool {
	if _, two := o.Bindings["HANDLE"]; !two {
		return true
	}
	return slices.ContainsFunc(in.mentions(o.Handle), func(ref syntax.Node) bool {
		return syntax.IsWrite(ref) && ref.Function() == o.Call.Function()
	})
}

// makesRightHere reports whether the very function that acquires has made what is kept in the
// field, whatever else is put there.
func (in *instance) makesRightHere(o *Obligation) bool {
	return slices.ContainsFunc(in.mentions(o.Handle), func(ref syntax.Node) bool {
		p := ref.Outer().Parent()
		return p.Is("assignment_expression") && p.Field("left").Inner(false) == ref && p.Field("right").Inner(true).Is("new_expression") &&
			p.Function() == o.Call.Function() && p.End() <= o.Call.Start()
	})
}

// mentions are those of what holds a handle.
func (in *instance) mentions(h Handle) []syntax.Node {
	if h.Place == InClosure {
		return h.Symbol.Refs
	}
	return in.refs[h.Field]
}

// asks reports whether the class looks whether there is a handle.
func (in *instance) asks(h Handle) bool {
	return slices.ContainsFunc(in.mentions(h), func(ref syntax.Node) bool {
		n := ref.Outer()
		p := n.Parent()
		switch p.Kind() {
		case "unary_expression":
			return p.Field("operator").Text() == "!"
		case "binary_expression":
			return true
		case "augmented_assignment_expression":
			return p.Field("left") == n
		}
		return p.Field("condition") == n || n.Parent().Field("condition") == n || p.Is("parenthesized_expression") && p.Parent().Field("condition") == p
	})
}
