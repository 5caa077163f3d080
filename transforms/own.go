package transforms

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/project"
	"github.com/unleak-dev/unleak/internal/syntax"
)

// A class of the project that acquires something where its instances are made, and
// whose teardown releases that, is itself a resource for whoever makes one.

// ofOwn is the type by which a kind says that it is about those.
const ofOwn = "own"

// knownOwnings bounds of how many classes it is remembered what their instances owe.
const knownOwnings = 16384

// owning is what the instances of a class owe to those who make them.
type owning struct {
	kind *Kind // with the releases that the class has; nil: nothing
	why  string
}

func (o *Obligation) isOwn() bool { return slices.Contains(o.Acquire.Types, ofOwn) }

// matchOwn makes an obligation of a new instance of such a class.
func (s *scan) matchOwn(c candidate, n syntax.Node, b syntax.Bindings) *Obligation {
	t := syntax.TypeOf(n)
	if s.hops == 0 || t.Module != "" && !strings.HasPrefix(t.Module, ".") {
		return nil
	}
	w := s.owning(c.kind, t)
	if w.kind == nil {
		return nil
	}
	o := s.obligation(candidate{w.kind, c.acquire}, n, b)
	o.acquired([]string{w.why})
	return o
}

// owning is what the instances of a type owe, which is remembered by the name of the type,
// and by where its class is.
func (s *scan) owning(k *Kind, t syntax.Type) *owning {
	if t.Decl.OK() || t.Module == "" || t.Derived {
		return s.owningOf(k, t)
	}
	name := "default" // as ClassOf has it
	if len(t.Path) > 0 {
		name = t.Path[len(t.Path)-1]
	}
	path := s.Project.Resolve(s.f.Path, t.Module)
	key := fmt.Sprintf("%s\x00%s\x00%s", k.Name, path, name)
	w, known := s.ownings.Get(key)
	if !known {
		w = &owning{}
		if texts, told := s.Project.Sources(path, name); !told || slices.ContainsFunc(texts, func(t project.Text) bool { return s.mayOwn(k, t.Src) }) {
			w = s.owningOf(k, t)
		}
		s.ownings.Add(key, w)
	}
	return w
}

// owningOf asks the class of a type.
func (s *scan) owningOf(k *Kind, t syntax.Type) *owning {
	class, ok := s.Project.ClassOf(s.ctx, s.f, t)
	if !ok || class.Node.Is("interface_declaration") {
		return &owning{}
	}
	key := fmt.Sprintf("%s\x00%d", class.File.Path, class.Node.Start())
	w, known := s.ownings.Get(key)
	if !known {
		w = &owning{}
		if s.fileMayOwn(k, class.File) {
			w = newScan(s.ctx, s.Detector, class.File).owns(k, class)
		}
		s.ownings.Add(key, w)
	}
	return w
}

// fileMayOwn is mayOwn for the classes of a file.
func (s *scan) fileMayOwn(k *Kind, f *syntax.File) bool {
	key := k.Name + "\x00" + f.Path
	w, known := s.ownings.Get(key)
	if !known {
		if s.mayOwn(k, f.Src()) {
			w = &owning{}
		}
		s.ownings.Add(key, w)
	}
	return w != nil
}

// mayOwn reports whether the text of a file that declares a class lets its instances owe
// anything: it has a method that is called as a release, and acquires something, or
// connects to it.
func (s *scan) mayOwn(k *Kind, src []byte) bool {
	return slices.ContainsFunc(k.Release, func(r Release) bool { return !r.Pattern.Rooted() && mayDeclare(src, r.Pattern.Anchor) }) &&
		(s.keeping.any(src) || slices.ContainsFunc(slices.Collect(maps.Keys(connecting)), func(name string) bool { return mayCall(src, name) }))
}

// mayDeclare reports whether a text may declare a method of that name: close() {..},
// close = () => .., C.prototype.close = .., { close }.
func mayDeclare(src []byte, name string) bool {
	return anyWord(src, name, func(before, after []byte) bool {
		if len(after) == 0 {
			return false
		}
		if len(before) > 0 && before[len(before)-1] == '.' {
			return after[0] == '=' || after[0] == '/'
		}
		return strings.IndexByte("(<=:'\"]?!/,}", after[0]) >= 0
	})
}

// mayCall reports whether a text may call something of that name.
func mayCall(src []byte, name string) bool {
	return anyWord(src, name, func(_, after []byte) bool { return len(after) > 0 && strings.IndexByte("(<?!)/as", after[0]) >= 0 })
}

// anyWord reports whether a word stands in a text between what fits.
func anyWord(src []byte, word string, fits func(before, after []byte) bool) bool {
	for at := 0; ; {
		i := bytes.Index(src[at:], []byte(word))
		if i < 0 {
			return false
		}
		start := at + i
		at = start + len(word)
		if start > 0 && isNameByte(src[start-1]) || at < len(src) && isNameByte(src[at]) {
			continue
		}
		if fits(bytes.TrimRight(src[max(0, start-256):start], space), bytes.TrimLeft(src[at:min(len(src), at+256)], space)) {
			return true
		}
	}
}

// owns says what an instance of a class of this file owes. One that ends itself, that
// a framework ends, or that makes itself known to somebody else, owes nothing that can
// be told.
func (s *scan) owns(k *Kind, class project.Class) *owning {
	none := &owning{}
	in := s.instance(class.Node)
	t := in.teardown
	if !in.whole || in.host != nil || in.hosted || t == nil || !t.own.OK() || !s.isReleaseName(k, t.name) || len(in.refs[t.name]) > 0 {
		return none
	}
	for n := range codeOf(class.Node) {
		if args := n.Outer().Parent(); n.IsThis() && args.Is("arguments", "array", "pair") && !isBind(args.Parent()) && !args.Parent().Field("function").Is("super") {
			return none
		}
	}
	field := s.ownField(in)
	if field == "" {
		return none
	}
	own := *k
	own.Fails = Throws
	switch {
	case t.async:
		own.Fails = Rejects
	case !s.mayFail(t.own):
		own.Fails = Never
	}
	var first, others []Release
	for _, r := range k.Release {
		m, has := memberNamed(in.members, r.Pattern.Anchor)
		switch {
		case r.Pattern.Anchor == t.name:
			first = append(first, r)
		case has && callable(m) && !wantsArguments(m):
			others = append(others, r)
		}
	}
	own.Release = append(first, others...)
	return &owning{&own, fmt.Sprintf("%s() of its class ends this.%s", t.name, field)}
}

// mayFail reports whether some evaluation in a function may throw.
func (s *scan) mayFail(fn syntax.Node) bool {
	for n := range fn.Field("body").Descendants() {
		if n.Is("call_expression", "new_expression", "await_expression", "throw_statement", "yield_expression") && (n.Is("throw_statement") || s.throws(n)) {
			return true
		}
	}
	return false
}

func memberNamed(members []syntax.Member, name string) (syntax.Member, bool) {
	i := slices.IndexFunc(members, func(m syntax.Member) bool { return m.Name == name })
	if i < 0 {
		return syntax.Member{}, false
	}
	return members[i], true
}

// ownField is a field in which an instance keeps, from its making on, what its teardown
// releases; "" if there is none.
func (s *scan) ownField(in *instance) string {
	runs := s.reached(in)
	for name := range in.refs {
		for _, value := range s.madeFirst(in, name) {
			if s.ownsValue(in, name, value, runs) {
				return name
			}
		}
	}
	return ""
}

// madeFirst are the calls whose results the making of an instance puts into a field.
func (s *scan) madeFirst(in *instance, field string) []syntax.Node {
	var out []syntax.Node
	add := func(v syntax.Node) {
		if v = v.Inner(true); v.Is("call_expression", "new_expression") {
			out = append(out, v)
		}
	}
	for _, m := range in.members {
		if m.Name == field && !m.Method && !m.Static {
			add(m.Node.Field("value"))
		}
	}
	for _, ref := range in.refs[field] {
		p := ref.Outer().Parent()
		if p.Is("assignment_expression") && p.Field("left").Inner(false) == ref && homeOf(ref).IsConstructor() {
			add(p.Field("right"))
		}
	}
	return out
}

// ownsValue reports whether what a call gives is a resource that the teardown of the
// instance which keeps it in a field releases: of a kind that is known, or something
// that is connected, and closed by a method of that.
func (s *scan) ownsValue(in *instance, field string, value syntax.Node, runs *reach) bool {
	refs := in.refs[field]
	if slices.ContainsFunc(refs, func(r syntax.Node) bool { return r.Outer().Parent().Field("property").Text() == "unref" }) {
		return false
	}
	if o := s.firstMatch(s.candidates(value), value); o != nil {
		k := o.Kind
		return o.unsure == nil && k.isKept() && !o.isOwn() && slices.ContainsFunc(refs, func(r syntax.Node) bool {
			at := s.releaseAt(o, r)
			return at.OK() && runs.runs(at)
		})
	}
	return connecting[calleeName(value)] && slices.ContainsFunc(refs, func(r syntax.Node) bool {
		method := r.Outer().Parent()
		name := method.Field("property").Text()
		return method.Is("member_expression") && method.Parent().Field("function") == method && (isTeardown(name) || name == "unsubscribe") && runs.runs(r)
	})
}

// isKept reports whether what a kind acquires is kept, until somebody ends it.
func (k *Kind) isKept() bool {
	return !k.OneShot && !k.Registers() && !k.Collects() && k.Keyed == ""
}

// keepingWords find what instances may keep, whatever is reported of it.
func keepingWords(kinds []*Kind) *words {
	w := newWords(slices.DeleteFunc(slices.Clone(kinds), func(k *Kind) bool { return !k.isKept() }))
	w.kept, w.ended, w.own, w.tells, w.puts = nil, nil, false, false, false
	return w
}

// connecting are names of what gives a resource, whatever library has it.
var connecting = map[string]bool{
	"connect": true, "createConnection": true, "openConnection": true, "open": true, "subscribe": true, "watch": true, "spawn": true, "fork": true,
}

// judgeOwn takes back what nobody would call a leak of an instance. A call that only
// uses it for what it gives, and an instance that ends others, should have ended it;
// what is begun and left may be meant to stay.
func (s *scan) judgeOwn(o *Obligation) {
	if !o.isOwn() || o.Standing != Leak {
		return
	}
	if o.Status == Moved {
		s.judgeUsedOnce(o)
		return
	}
	if o.Status != Unmet || s.owedByMaker(o) {
		return
	}
	o.Status, o.Form, o.Exits, o.Refusal = Moved, nil, nil, nil
	o.step(o.Call, "moved: taken as meant to stay")
}

// owedByMaker reports whether whoever made an instance shows that it is theirs to end.
func (s *scan) owedByMaker(o *Obligation) bool {
	switch {
	case o.Owner.Form == OwnerBlock && len(o.releases) > 0:
		return true
	case o.Owner.Form == OwnerBlock:
		return o.Way == NeverReleased && o.Handle.Symbol != nil && s.isClient(o.Handle.Symbol)
	case o.Owner.isInstance() && o.Owner.Form != OwnerClosure:
		t := s.instance(o.Owner.Node).teardown
		return t != nil && t.own.OK() && (o.Handle.Place == InField || o.Handle.Place == InSet)
	}
	return o.Owner.Form == OwnerClosure && len(o.releases) > 0
}

// isClient reports whether a variable is used for what its methods give, and never told
// to begin something, or listened to.
func (s *scan) isClient(sym *syntax.Symbol) bool {
	gives := false
	for _, r := range sym.Refs {
		method := r.Outer().Parent()
		call := method.Parent()
		name := method.Field("property").Text()
		switch {
		case !method.Is("member_expression"):
		case call.Field("function") != method, chainable[name], name == "addEventListener", isStarter(name, syntax.Node{}):
			return false
		default:
			gives = gives || !isDropped(call) || asks[name]
		}
	}
	return gives
}

// asks are methods by which a client has something done elsewhere.
var asks = map[string]bool{
	"call": true, "send": true, "query": true, "request": true, "publish": true, "write": true, "execute": true, "exec": true, "post": true, "put": true,
}

// judgeUsedOnce: one method of an instance without a name is called for what it gives.
func (s *scan) judgeUsedOnce(o *Obligation) {
	method := widen(o.Call).Parent()
	call := method.Parent()
	name := method.Field("property").Text()
	fn := o.Call.Function()
	if !method.Is("member_expression") || call.Field("function") != method || isDropped(call) || !fn.OK() || s.runsOnce(fn) ||
		isTeardown(name) || isStarter(name, syntax.Node{}) || name == "then" || chainable[name] {
		return
	}
	o.Owner = Owner{OwnerFunction, nameOf(fn), fn}
	o.Steps = o.Steps[:1]
	s.unmet(o, NeverReleased, nil)
	o.Refusal = refuse(NoOwner, "it has no name: keep it in a variable, and end it when the call is done")
}
