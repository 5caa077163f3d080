package transforms

import (
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// A stream is what one can subscribe to. Most end by themselves, and their type does
// not say so; here is told which never do and outlive the instance that subscribes. In
// doubt a stream is finite.

// endless is a table of what libraries have that tells things for as long as the
// program runs: a member of a type, "" for the value itself.
var endless = []streamSource{
	{[]string{"@ngrx/store"}, []string{"Store", "State"}, []string{"", "select"}},
	{[]string{"@ngrx/store", "@ngrx/effects"}, []string{"ActionsSubject", "Actions"}, []string{""}},
	{[]string{"@ngxs/store"}, []string{"Store"}, []string{"select", "subscribe"}},
	{[]string{"@ngxs/store"}, []string{"Actions"}, []string{""}},
	{[]string{"@angular/router"}, []string{"Router"}, []string{"events"}},
	{[]string{"@angular/cdk/layout"}, []string{"BreakpointObserver"}, []string{"observe"}},
	{[]string{"@angular/flex-layout", "@ngbracket/ngx-layout"}, []string{"MediaObserver"}, []string{"asObservable", "media$"}},
	{[]string{"@angular/cdk/scrolling", "@angular/cdk/overlay"}, []string{"ScrollDispatcher", "ViewportRuler"}, []string{"scrolled", "change"}},
	{[]string{"@angular/service-worker"}, []string{"SwUpdate"}, []string{"versionUpdates", "unrecoverable", "available"}},
	{[]string{"@angular/core"}, []string{"NgZone"}, []string{"onStable", "onUnstable", "onMicrotaskEmpty", "onError"}},
	{[]string{"@ngx-translate/core"}, []string{"TranslateService"}, []string{"onLangChange", "onTranslationChange", "onDefaultLangChange", "onFallbackLangChange", "stream"}},
	{[]string{"@ngneat/transloco", "@jsverse/transloco"}, []string{"TranslocoService"}, []string{"langChanges$", "events$", "selectTranslate"}},
}

// streamSource are members of types, "" for the value itself.
type streamSource struct {
	from, types, members []string
}

func (e streamSource) has(t syntax.Type, member string) bool {
	return t.Module != "" && !t.Derived && slices.Contains(e.from, t.Module) && slices.Contains(e.types, t.Name()) && slices.Contains(e.members, member)
}

// through are operators behind which a stream is as endless as before them.
var through = strings.Fields(`audit auditTime buffer bufferCount bufferTime catchError combineLatestWith concatMap debounce debounceTime
	delay delayWhen distinct distinctUntilChanged distinctUntilKeyChanged exhaustMap filter finalize map mapTo mergeMap mergeWith
	observeOn ofType pairwise pluck publishReplay refCount retry sample sampleTime scan select share shareReplay skip skipUntil
	skipWhile startWith subscribeOn switchMap switchMapTo switchScan tap throttle throttleTime timestamp withLatestFrom`)

// flattening are operators that have streams of their own under way.
var flattening = map[string]bool{
	"switchMap": true, "mergeMap": true, "concatMap": true, "exhaustMap": true, "switchMapTo": true, "mergeMapTo": true, "concatMapTo": true,
	"switchScan": true, "mergeScan": true, "expand": true, "combineLatestWith": true, "mergeWith": true, "concatWith": true,
	"mergeAll": true, "switchAll": true, "concatAll": true, "exhaustAll": true,
}

const streamHops = 12

// subscriber is the instance of a hosted class in whose code something stands, nil for
// none.
func (s *scan) subscriber(n syntax.Node) *instance {
	class, _ := s.ownerAt(n)
	if !class.IsClass() {
		return nil
	}
	if in := s.instance(class); in.host != nil && in.host.streams != nil {
		return in
	}
	return nil
}

// subscription is one of an instance, if the stream outlives it and never ends. Other
// files are asked for that last.
func (s *scan) subscription(in *instance, c candidate, n syntax.Node, b syntax.Bindings) *Obligation {
	if in.lasting {
		return s.ofCalls(in, c, n, b)
	}
	if in.isRoot() {
		return nil
	}
	source := b[c.acquire.Pattern.Receiver()]
	o := s.obligation(c, n, b)
	if why := (stream{s: s, in: in, near: true}).endless(source, streamHops); why != "" {
		o.acquired([]string{why})
		return o
	}
	if renewal := s.renewal(c, n, b); renewal != nil {
		return renewal
	}
	o.unsure = func() []string {
		if why := (stream{s: s, in: in}).endless(source, streamHops); why != "" {
			return []string{why}
		}
		return nil
	}
	return o
}

// isRoot: the component that a whole application is made of, by the name that tools
// give it.
func (in *instance) isRoot() bool {
	decorator, _ := decoratorOf(in.class.Node)
	selector, _ := optionOf(decorator, "selector").StringValue()
	return in.class.Name() == "AppComponent" || selector == "root" || strings.HasSuffix(selector, "-root")
}

// stream asks in one file, for the instances of one class.
type stream struct {
	s       *scan
	in      *instance // of the class whose code it is
	away    bool      // that is not the one that subscribes
	near    bool      // other files are not asked
	part    bool      // it is made by that, and never told to end
	guarded bool      // who subscribes guards itself against what comes after its end
}

// endless says why a stream never ends, "" where it may.
func (q stream) endless(n syntax.Node, hops int) string {
	n = n.Inner(false)
	if hops == 0 {
		return ""
	}
	switch n.Kind() {
	case "identifier":
		sym := n.Symbol()
		if sym != nil && sym.Constant() && sym.Kind == syntax.Variable {
			return q.endless(sym.Init(), hops-1)
		}
	case "ternary_expression":
		if why := q.endless(n.Field("consequence"), hops-1); why != "" {
			return why
		}
		return q.endless(n.Field("alternative"), hops-1)
	case "member_expression":
		if name, ok := n.ThisField(); ok {
			return q.field(name, hops)
		}
		return q.member(n.Field("object"), n.Field("property").Text(), hops)
	case "call_expression":
		callee := n.Field("function").Inner(false)
		if o, ok := callee.Origin(); ok && ofStreams(o.Module) {
			return q.made(n, o.Last(), hops)
		}
		if !callee.Is("member_expression") {
			return ""
		}
		object, name := callee.Field("object").Inner(false), callee.Field("property").Text()
		switch {
		case name == "pipe", name == "let" && n.Field("arguments").Len() == 1: // before there was pipe
			return q.piped(object, slices.Collect(n.Field("arguments").Children()), hops)
		case name == "asObservable" && n.Field("arguments").Len() == 0:
			if why := q.endless(object, hops-1); why != "" {
				return why
			}
		case object.Is("this"):
			if why := q.handedOver(callee, n.Field("arguments").Child(0)); why != "" && n.Field("arguments").Len() == 1 {
				return why
			}
			return q.method(name, hops)
		}
		if why := q.member(object, name, hops); why != "" || !slices.Contains(through, name) {
			return why
		}
		return q.endless(object, hops-1) // before there was pipe
	}
	return ""
}

// made is about what a function of the library makes.
func (q stream) made(call syntax.Node, name string, hops int) string {
	args := slices.Collect(call.Field("arguments").Children())
	switch name {
	case "interval", "timer", "fromEvent":
		if q.guarded {
			return "" // there is another value soon
		}
	}
	switch name {
	case "interval":
		return "interval never ends"
	case "timer":
		if len(args) == 2 && !args[1].Is("undefined", "identifier") {
			return "timer with a period never ends"
		}
	case "fromEvent":
		if len(args) > 1 {
			if target := q.lastingTarget(args[0]); target != "" {
				return "the " + target + " outlives the instance"
			}
		}
	case "merge", "combineLatest":
		if len(args) > 0 && args[0].Is("array") {
			args = slices.Collect(args[0].Children())
		}
		for _, a := range args {
			if why := q.endless(a, hops-1); why != "" {
				return why
			}
		}
	}
	return ""
}

// field is about a field of the class itself: what it is set to, where that is seen to
// be the one thing.
func (q stream) field(name string, hops int) string {
	for _, m := range q.in.members {
		if m.Name != name || m.Method && !m.Getter {
			continue
		}
		if m.Param || q.emitter(m.Node) {
			return q.ownEmitter(name, m)
		}
		value := m.Node.Field("value")
		if m.Getter {
			value = returned(m.Node)
		}
		for _, ref := range q.in.refs[name] {
			p := ref.Outer().Parent()
			if !p.Is("assignment_expression") || p.Field("left").Inner(false) != ref {
				continue
			}
			if value.OK() {
				return ""
			}
			value = p.Field("right")
		}
		if why := q.endless(value, hops-1); why != "" {
			return why
		}
		if q.away || !value.OK() || q.injected(value) {
			return q.ownEmitter(name, m)
		}
	}
	return ""
}

// ownEmitter is about a field that is no stream made of another: one of a service has
// observers until the service says that it is over; a library's may itself be one.
func (q stream) ownEmitter(name string, m syntax.Member) string {
	typ := q.typeOfMember(m)
	if why := tabledStream(typ, ""); why != "" {
		return why
	}
	if !q.away || q.part || !hasObservers(typ) {
		return ""
	}
	for _, ref := range q.in.refs[name] {
		p := ref.Outer().Parent()
		if !p.Is("member_expression") || p.Field("property").Text() != "complete" && p.Field("property").Text() != "error" {
			continue
		}
		_, member, _ := ref.InstanceAt()
		if !q.in.atRoot() || syntax.MemberName(member) != q.in.host.teardown {
			return "" // it may end with the instance
		}
	}
	return nameOf(q.in.class.Node) + "." + name + " outlives the instance"
}

func (q stream) emitter(member syntax.Node) bool {
	t := syntax.TypeOfAnnotation(syntax.Annotation(member))
	if !t.OK() {
		t = syntax.TypeOf(member.Field("value"))
	}
	return hasObservers(t)
}

// method is about what a method of the class itself returns.
func (q stream) method(name string, hops int) string {
	for _, m := range q.in.members {
		if m.Name == name && m.Method && !m.Getter {
			return q.endless(returned(m.Function()), hops-1)
		}
	}
	return ""
}

// returned is the one thing that a function gives back, where it does nothing else.
func returned(fn syntax.Node) syntax.Node {
	body := fn.Field("body")
	if !body.OK() || body.Is("statement_block") && (body.Len() != 1 || !body.Child(0).Is("return_statement")) {
		return syntax.Node{}
	}
	if body.Is("statement_block") {
		return body.Child(0).Child(0)
	}
	return body
}

// member is about a member of what is in a field, or a parameter, of the class.
func (q stream) member(object syntax.Node, name string, hops int) string {
	typ := q.typeOf(object)
	if why := tabledStream(typ, name); why != "" {
		return why
	}
	if q.near {
		return ""
	}
	if why := q.ofPart(object, name, hops); why != "" {
		return why
	}
	class, ok := q.s.Project.ClassOf(q.s.ctx, q.s.f, typ)
	if !ok || !class.Node.IsClass() || class.Node == q.in.class.Node {
		return ""
	}
	if q.providesItself(class.Name()) {
		return ""
	}
	_, m, ok := q.s.Project.FindMember(q.s.ctx, class, name)
	if !isService(class.Node) && (!ok || !m.IsAbstract()) {
		return ""
	}
	return q.declaredBy(class, name, hops)
}

// tabledStream is about a member of what a library has.
func tabledStream(t syntax.Type, member string) string {
	for _, e := range endless {
		if e.has(t, member) {
			if member != "" {
				member = "." + member
			}
			return t.Name() + member + " outlives the instance"
		}
	}
	return ""
}

// typeOf is the type of what a field or a parameter holds, also where it was asked for
// by its class.
func (q stream) typeOf(n syntax.Node) syntax.Type {
	n = n.Inner(false)
	if name, ok := n.ThisField(); ok {
		for _, m := range q.in.members {
			if m.Name == name {
				return q.typeOfMember(m)
			}
		}
		return q.inheritedType(name)
	}
	if sym := n.Symbol(); sym != nil && q.injected(sym.Init()) {
		return q.typeInjected(sym.Init())
	}
	return syntax.TypeOf(n)
}

func (q stream) typeOfMember(m syntax.Member) syntax.Type {
	if t := syntax.TypeOfAnnotation(syntax.Annotation(m.Node)); t.OK() {
		return t
	}
	if value := m.Node.Field("value"); q.injected(value) {
		return q.typeInjected(value)
	}
	return syntax.TypeOf(m.Node.Field("value"))
}

// inheritedType is the type of a field that a class above of the same file declares.
func (q stream) inheritedType(name string) syntax.Type {
	for _, c := range q.in.ancestors {
		for _, m := range syntax.Members(c.Node) {
			if m.Name == name && c.File == q.s.f {
				return q.typeOfMember(m)
			}
		}
	}
	return syntax.Type{}
}

// injected reports whether a value is what the host gives for a class: inject(Store).
func (q stream) injected(value syntax.Node) bool {
	value = value.Inner(false)
	o, ok := value.Field("function").Origin()
	return value.Is("call_expression") && ok && q.in.host != nil && slices.Contains(q.in.host.from, o.Module) && o.Last() == q.in.host.inject
}

func (q stream) typeInjected(value syntax.Node) syntax.Type {
	name := value.Inner(false).Field("arguments").Child(0).Inner(false)
	sym := name.Symbol()
	if im, ok := sym.Import(); ok {
		return syntax.Type{Module: im.Module, Path: []string{im.Name}}
	}
	if sym != nil && sym.Kind == syntax.Class {
		return syntax.Type{Path: []string{sym.Name}, Decl: sym.Decl}
	}
	return syntax.Type{}
}

// providesItself reports whether the class that subscribes has a service of its own,
// which ends with it.
func (q stream) providesItself(service string) bool {
	decorator, _ := decoratorOf(q.in.class.Node)
	for _, key := range []string{"providers", "viewProviders"} {
		for n := range optionOf(decorator, key).Descendants() {
			if n.Text() == service {
				return true
			}
		}
	}
	return false
}
