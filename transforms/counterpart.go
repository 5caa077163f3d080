package transforms

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/unleak-dev/unleak/internal/project"
	"github.com/unleak-dev/unleak/internal/syntax"
)

// What a method begins, the method with the opposite name ends, so that the first
// can run again: watch and unwatch, enable and disable, onAttach and onDetach.

// opposites are the verbs by which people name the two.
var opposites = map[string]string{
	"start": "stop", "enable": "disable", "activate": "deactivate", "attach": "detach", "mount": "unmount", "connect": "disconnect",
	"add": "remove", "open": "close", "show": "hide", "enter": "leave", "begin": "end", "install": "uninstall", "register": "unregister",
	"resume": "suspend", "join": "leave", "engage": "disengage",
}

// fillers are words of such names that do not tell one from another.
var fillers = map[string]bool{
	"on": true, "after": true, "before": true, "did": true, "will": true, "do": true, "handle": true,
}

// opposite reports whether a method named end undoes what one named begin does.
func opposite(begin, end string) bool {
	a, b := wordsOf(begin), wordsOf(end)
	if len(a) != len(b) || len(a) == 0 {
		return false
	}
	turned := 0
	for i := range a {
		switch {
		case a[i] == b[i]:
		case opposites[a[i]] == b[i], "un"+a[i] == b[i]:
			turned++
		default:
			return false
		}
	}
	return turned == 1
}

// wordsOf splits a camel-cased name into its words in lower case, without fillers.
func wordsOf(name string) []string {
	var out []string
	word := ""
	flush := func() {
		if word != "" && !fillers[word] {
			out = append(out, word)
		}
		word = ""
	}
	for _, r := range strings.Trim(name, "_#$") {
		if unicode.IsUpper(r) || r == '_' {
			flush()
		}
		if r != '_' {
			word += string(unicode.ToLower(r))
		}
	}
	flush()
	return out
}

// counterpartOf is the method of an instance that undoes what another one does;
// the zero Member where there is none.
func counterpartOf(in *instance, name string) syntax.Member {
	for _, m := range in.members {
		if m.Method && !m.Static && m.Function().OK() && opposite(name, m.Name) {
			return m
		}
	}
	return syntax.Member{}
}

// judgeAgain judges a registration that a method makes each time it runs, and that
// the method which undoes the others leaves. It says nothing (false) where it cannot
// add up.
func (s *scan) judgeAgain(o *Obligation, in *instance) bool {
	_, member, _ := o.Call.InstanceAt()
	name := syntax.MemberName(member)
	other := counterpartOf(in, name)
	if !other.Method || o.firesOnce() || calledOnce(in, member) || !s.addsUp(o) || s.targetAnew(o, in) {
		return false
	}
	if s.placeKey(o.target(), 6) == "this" && (!s.thinksOfAgain(o, in, name, other) || s.clearedByMaker(in, other.Name)) {
		return false
	}
	if s.guardedForGood(o, in, syntax.FunctionOf(member), other.Function()) {
		return false
	}
	r := s.reachOf(in, other.Function())
	if r.opaque || s.undone(o, in, r) {
		return false
	}
	o.Evidence = append(o.Evidence, other.Name+"() undoes what "+name+"() does")
	at := nameNode(other.Function())
	if !other.Function().Field("name").OK() {
		at = other.Node
	}
	s.unmet(o, NeverReleased, []ExitPlace{{at, other.Name + "() leaves it, and " + name + "() adds another"}})
	o.gist, o.Form = other, formCounterpart{}
	return true
}

// thinksOfAgain reports whether it shows that the two methods of an instance take turns, where
// all that the first leaves is what the instance listens to itself for, which goes with it: the
// second does something, and is not merely what a class above wants all to have.
func (s *scan) thinksOfAgain(o *Obligation, in *instance, begin string, end syntax.Member) bool {
	if isHollow(end.Function()) {
		return false
	}
	wanted := 0
	for _, c := range in.ancestors {
		for _, m := range syntax.Members(c.Node) {
			if m.IsAbstract() && (m.Name == begin || m.Name == end.Name) {
				wanted++
			}
		}
	}
	return wanted < 2 || slices.ContainsFunc(slices.Collect(codeOf(in.class.Node)), func(n syntax.Node) bool {
		name, own := n.Field("function").Inner(false).ThisField()
		return n.Is("call_expression") && own && (name == begin || name == end.Name || takesAway(n))
	})
}

// calledOnce reports whether a private method is only called where the instance is
// made.
func calledOnce(in *instance, member syntax.Node) bool {
	calls := in.refs[syntax.MemberName(member)]
	return isPrivate(member) && len(calls) > 0 && !slices.ContainsFunc(calls, func(r syntax.Node) bool {
		_, by, _ := r.InstanceAt()
		name := syntax.MemberName(by)
		return name != "constructor" && name != "initialize" && name != "init"
	})
}

// addsUp reports whether a second registration adds to the first: those of the
// page forget one that is there already, with the same function.
func (s *scan) addsUp(o *Obligation) bool {
	return o.Acquire.Pattern.Anchor != "addEventListener" || strings.HasPrefix(s.handlerKey(o.handler()), "made ") || o.handlerFunction().OK() && o.handlerFunction().Function() == o.Call.Function()
}

// targetAnew reports whether what is registered with may be another one each time,
// or cannot be told.
func (s *scan) targetAnew(o *Obligation, in *instance) bool {
	key := s.placeKey(o.target(), 6)
	switch {
	case key == "this", strings.HasPrefix(key, "global "), strings.HasPrefix(key, "module "):
		return false
	case !strings.HasPrefix(key, "this.") || strings.ContainsAny(key, "?(["):
		return true
	}
	field, _, more := strings.Cut(strings.TrimPrefix(key, "this."), ".")
	return more || slices.ContainsFunc(in.refs[field], func(r syntax.Node) bool {
		return syntax.IsWrite(r) && !r.Function().IsConstructor()
	}) || len(in.refs[field]) == 0
}

// guardedForGood reports whether the method asks a field before it registers that the
// other method does not set back.
func (s *scan) guardedForGood(o *Obligation, in *instance, begin, end syntax.Node) bool {
	asked := map[string]bool{}
	for n := range begin.Descendants() {
		if !n.Is("if_statement") || n.Start() > o.Call.Start() {
			continue
		}
		for d := range n.Field("condition").Descendants() {
			if name, ok := d.ThisField(); ok && slices.ContainsFunc(in.refs[name], func(r syntax.Node) bool { return syntax.IsWrite(r) && r.Within(begin) }) {
				asked[name] = true
			}
		}
	}
	for name := range asked {
		if !slices.ContainsFunc(in.refs[name], func(r syntax.Node) bool { return syntax.IsWrite(r) && r.Within(end) }) {
			return true
		}
	}
	return false
}

// undone reports whether what some code runs may end what a registration is with.
func (s *scan) undone(o *Obligation, in *instance, r *reach) bool {
	root, _, _ := strings.Cut(strings.TrimPrefix(s.placeKey(o.target(), 6), "this."), ".")
	for n := range codeOf(in.class.Node) {
		if !n.Is("call_expression") || !r.runs(n) {
			continue
		}
		callee := n.Field("function").Inner(false)
		object := callee.Field("object")
		if name, ok := object.ThisField(); ok && name == root && !takesAway(n) && callee.Field("property").Text() != "remove" {
			return true // this.bus.clear()
		}
		if strings.HasPrefix(callee.Field("property").Text(), "removeAll") {
			return true
		}
	}
	return false
}

func ending(m syntax.Member) *teardown {
	return &teardown{name: m.Name, own: m.Function(), async: isAsync(m.Function())}
}

// formCounterpart takes a registration away in the method that undoes what the
// one around it does.
type formCounterpart struct{}

func (formCounterpart) Name() string { return formClass{}.Name() }

func (formCounterpart) fix(s *scan, p *Plan) (*Fix, *Refusal) {
	in := s.instance(p.Owner.Node)
	other := p.Obligations[0].gist.(syntax.Member)
	teardown, reach := in.teardown, in.reach
	defer func() { in.teardown, in.reach = teardown, reach }()
	in.teardown, in.reach = ending(other), nil
	f, no := formClass{}.fix(s, p)
	if f != nil {
		noun := plural(p.Obligations[0].Kind.Noun)
		f.Notes = append(f.Notes, Note{Unsafe, fmt.Sprintf("%s() left the %s until now: does anything rely on them after it?", other.Name, noun)})
	}
	return f, no
}

// clearedByMaker reports whether who knows an instance by its class, or by one above, takes all
// listeners from it where it ends it.
//
//	await server.stop(); server.removeAllListeners();
func (s *scan) clearedByMaker(in *instance, end string) bool {
	for _, c := range append([]project.Class{in.class}, in.ancestors...) {
		name := className(c.Node)
		if name == nil {
			continue
		}
		var last *syntax.File // mentions of one file come together
		for r := range s.at(c.Node).mentions(c.Node, name, project.RemoveAll) {
			if r.File() != last && clearsWhereItEnds(r.File(), end) {
				return true
			}
			last = r.File()
		}
	}
	return false
}

// clearsWhereItEnds reports whether some function of a file ends something, and takes all
// listeners from it.
func clearsWhereItEnds(f *syntax.File, end string) bool {
	for n := range f.Root().Descendants() {
		m := calledMember(n)
		if !n.Is("call_expression") || !m.Is("member_expression") || m.Field("property").Text() != project.RemoveAll || n.Field("arguments").Len() > 0 {
			continue
		}
		for x := range n.Function().Descendants() {
			if f := calledMember(x); x.Is("call_expression") && f.Field("property").Text() == end && syntax.SameExpression(f.Field("object").Inner(false), m.Field("object").Inner(false)) {
				return true
			}
		}
	}
	return false
}
