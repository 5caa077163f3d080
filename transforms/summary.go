package transforms

import (
	"fmt"
	"slices"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// A function that returns what it acquired is an acquisition for its callers.

// callersOf adds an obligation for every call, in this file, of the function
// that hands the handle of o to its caller.
func (s *scan) callersOf(o *Obligation) {
	fn := o.gives
	if len(s.found) > maxObligations || o.keptByInstance(fn) {
		return
	}
	for _, call := range s.callsOf(fn) {
		if call.Within(fn) || slices.ContainsFunc(s.found, func(x *Obligation) bool { return x.Call == call }) {
			continue
		}
		line, _ := s.f.Position(o.Call.Start())
		made := &Obligation{
			Kind: o.Kind, Acquire: o.Acquire, File: s.f, Call: call, At: call, Status: Moved, Standing: Leak,
			Bindings: syntax.Bindings{},
			Evidence: append(slices.Clone(o.Evidence), fmt.Sprintf("returned by %s, acquired in line %d", nameOf(fn), line)),
		}
		made.source, made.taken = o.Call, o.part
		made.step(call, "acquired: %s returns it", nameOf(fn))
		s.found = append(s.found, made)
	}
}

// keptByInstance reports whether a function puts what it acquires, and returns, into its
// instance, too: whoever calls it uses what is the instance's.
func (o *Obligation) keptByInstance(fn syntax.Node) bool {
	for n := range fn.Field("body").Descendants() {
		if callee := n.Field("function").Inner(false); n.Is("call_expression") && adders[calleeName(n)] && rootOf(callee).IsThis() && o.Handle.Symbol != nil {
			for a := range n.Field("arguments").Children() {
				if a.Inner(false).Symbol() == o.Handle.Symbol {
					return true
				}
			}
		}
		left := n.Field("left").Inner(false)
		if !n.Is("assignment_expression") || !left.Is("member_expression", "subscript_expression") || !rootOf(left).IsThis() {
			continue
		}
		right := n.Field("right").Inner(true)
		for right.Is("assignment_expression") {
			right = right.Field("right").Inner(true)
		}
		if right == o.Call || o.Handle.Symbol != nil && right.Symbol() == o.Handle.Symbol {
			return true
		}
	}
	return false
}

// maxObligations bounds what summaries may add to one file.
const maxObligations = 10000

// summary is what a function hands to its callers; a zero one hands nothing.
type summary struct {
	kind    *Kind
	acquire *Acquire
	line    int // of the acquisition
	text    string
	part    string // the property of the object that it returns; "" for the value itself
	delays  bool   // not that: a promise that only its one-shot settles
}

// matchImported asks a function that is imported from elsewhere in the project
// whether it returns what it acquired.
func (s *scan) matchImported(n syntax.Node) *Obligation {
	callee := n.Field("function").Inner(false)
	if s.hops == 0 || !callee.Is("identifier") {
		return nil
	}
	im, ok := callee.Symbol().Import()
	if !ok || im.TypeOnly || im.Name == "*" {
		return nil
	}
	path := s.Project.Resolve(s.f.Path, im.Module)
	key := fmt.Sprintf("%s\x00%s\x00%d", path, im.Name, s.hops)
	sum, known := s.imported.Get(key)
	if !known {
		sum = s.summarise(path, im.Name)
		s.imported.Add(key, sum)
	}
	if sum.kind == nil || sum.delays && !raceOf(settledLike(n)).OK() {
		return nil
	}
	if sum.delays {
		return s.racer(sum.kind, sum.acquire, n, sum.text)
	}
	o := &Obligation{
		Kind: sum.kind, Acquire: sum.acquire, File: s.f, Call: n, At: n, Bindings: syntax.Bindings{},
		Evidence: []string{sum.text}, Status: Moved, Standing: Leak, taken: sum.part,
	}
	o.step(n, "acquired: %s", sum.text)
	return o
}

func (s *scan) summarise(path, name string) *summary {
	if g := (givers{s, map[string]bool{}}); !g.mayGive(path, name) {
		return &summary{} // without a parse
	}
	f, decl := s.Project.Declaration(s.ctx, path, name)
	if decl.Is("variable_declarator") {
		decl = decl.Field("value").Inner(false)
	}
	if !decl.IsFunction() || f == s.f || !s.IsCandidate(f.Src()) {
		return &summary{}
	}
	given := s.givenBy(f)[decl.ID()]
	switch {
	case given == nil:
		return &summary{}
	case given.delays:
		return given.named("made by %s, in %s line %d", name, f)
	}
	return given.named("returned by %s, acquired in %s line %d", name, f)
}

// named is a summary of a function by the name that its callers have for it.
func (sum summary) named(text, name string, f *syntax.File) *summary {
	sum.text = fmt.Sprintf(text, name, f.Path, sum.line)
	return &sum
}

// givenBy are the summaries of the functions of another file, by the functions.
func (s *scan) givenBy(f *syntax.File) map[int32]*summary {
	key := fmt.Sprintf("%s\x00%d", f.Path, s.hops)
	if known, ok := s.given.Get(key); ok {
		return known
	}
	given := map[int32]*summary{}
	for _, o := range s.scan(s.ctx, f, s.hops-1).found {
		line, _ := f.Position(o.Call.Start())
		add := func(fn syntax.Node, sum summary) {
			if fn.OK() && given[fn.ID()] == nil {
				sum.kind, sum.acquire, sum.line = o.Kind, o.Acquire, line
				given[fn.ID()] = &sum
			}
		}
		add(o.gives, summary{part: o.part})
		add(o.delays, summary{delays: true})
	}
	s.given.Add(key, given)
	return given
}

// callsOf finds the calls of a function by its name, or through this.
func (s *scan) callsOf(fn syntax.Node) []syntax.Node {
	var out []syntax.Node
	add := func(callee syntax.Node) {
		if call := callee.Parent(); call.Field("function") == callee {
			out = append(out, call)
		}
	}
	if name := functionName(fn); name != nil {
		for _, r := range name.Refs {
			add(r)
		}
	}
	if class, member := fn.ThisClass(); fn.OK() && syntax.FunctionOf(member) == fn {
		for _, r := range s.refsIn(class)[syntax.MemberName(member)] {
			add(r)
		}
	}
	return out
}

// resolvesWith reports whether an executor settles its promise with the handle:
// the `this` of a callback that the acquisition was given, which emitters call
// with themselves as `this`.
func resolvesWith(o *Obligation, executor syntax.Node) bool {
	return slices.ContainsFunc(settles(executor), func(st settle) bool {
		value := st.call.Field("arguments").Child(0).Inner(false)
		return value.Is("this") && st.fn.Within(o.Call) && !st.fn.IsArrow()
	})
}

// returner is the function that returns the promise of an executor, whatever
// else it does before.
func returner(executor syntax.Node) syntax.Node {
	made := executor.Parent().Parent().Outer()
	switch p := made.Parent(); p.Kind() {
	case "arrow_function":
		return p
	case "return_statement":
		return p.Function()
	}
	return syntax.Node{}
}

// noteMove remembers where a handle went that a call handed on: to its caller,
// or into the instance.
func (s *scan) noteMove(o *Obligation, u use, home syntax.Node) {
	if u.text == returnedText {
		o.gives = home
		return
	}
	if part := s.partOfResult(o, u, home); part != "" {
		o.gives, o.part = home, part
		return
	}
	h := Handle{Value: o.Handle.Value, Symbol: o.Handle.Symbol}
	switch {
	case u.at.Is("call_expression"):
		field, of, ok := collectionOf(u.at)
		if !ok {
			object := u.at.Field("function").Inner(false).Field("object")
			if _, own := object.ThisField(); own && adders[calleeName(u.at)] {
				o.keptBeside = true // in something of the instance that cannot be seen
			}
			return
		}
		h.Place, h.Field, h.Of = InSet, field, of
	case u.at.Is("assignment_expression"):
		field, ok := u.at.Field("left").ThisField()
		if !ok {
			return
		}
		h.Place, h.Field = InField, field
		h.Of, _ = u.at.Field("left").FieldOwner()
	default:
		return
	}
	o.kept = &h
}

// fulfils reports whether a call gives a handle to a promise that the function home made
// in two steps, and returns: const d = deferred(); .. d.resolve(socket) .. return d
func (s *scan) fulfils(o *Obligation, call, home syntax.Node) bool {
	callee := call.Field("function").Inner(false)
	of := callee.Field("object").Inner(false).Symbol()
	if !call.Is("call_expression") || callee.Field("property").Text() != "resolve" || of == nil || !of.Constant() || of.Decl.Function() != home ||
		!of.Init().Inner(false).Is("call_expression", "new_expression") || call.Field("arguments").Child(0).Inner(false).Symbol() != o.Handle.Symbol {
		return false
	}
	found := false
	for n := range home.Field("body").Own() {
		if !n.Is("return_statement") {
			continue
		}
		v := n.Child(0).Inner(false)
		if v.Is("member_expression") && v.Field("property").Text() == "promise" {
			v = v.Field("object").Inner(false)
		}
		if v.Symbol() == of {
			found = true
		} else if calleeName(v) != "reject" {
			return false
		}
	}
	return found
}

// judgeKept goes on with what a call put into its instance: there it is owed,
// too.
func (s *scan) judgeKept(o *Obligation) {
	if o.kept == nil || o.keptBeside || o.Status == Unmet {
		return
	}
	if s.ends(o.kept.Of) {
		o.Handle = *o.kept
		o.Status = Moved
		s.judgeInstance(o, o.Handle.Of)
	}
}
