package transforms

import (
	"slices"

	"github.com/unleak-dev/unleak/internal/project"
	"github.com/unleak-dev/unleak/internal/syntax"
)

// A class host is a framework that makes the instances of a class, which a decorator
// or what it extends tells it of, and calls a method of theirs when their life ends. What
// such frameworks are is the table below, and that of baseHosts.
type classHost struct {
	from       []string // modules of the decorators and the bases, and of what a fix imports; none: the page
	decorators []string
	bases      []string        // classes
	makers     []string        // functions that make a class of an object, "module name" each
	teardown   string          // the method that is called at the end; it needs not be there
	others     []string        // methods that are called at the end, too
	declared   bool            // the base declares the teardown
	above      bool            // the base has it, and relies on being called
	view       bool            // the instances are parts of a page
	awaited    bool            // it waits for the teardown
	byName     bool            // a class that has none may have one under a name of its own choice
	onces      []string        // methods that are called once
	lost       []string        // methods that are not called again when an instance comes back after its end; "" for fields
	early      []string        // methods of instances that may never begin
	draws      []string        // methods that must not be called after the end
	forgives   project.Version // of the first module: the one from which on nothing is said of that
	doubt      string          // what must hold that the teardown is called at all
	contract   string          // the interface that says so, "" for none
	inject     string          // the function that gives an instance what it asks for by its class
	// shared: an instance may well be the only one, and live as long as the program,
	// unless its class has the teardown, and does not say where it is provided.
	shared  bool
	forRoot string // what the decorator is told of one that lives as long as the program, by key
	unless  string // the key under which false says that one does not: without it all do
	streams *streamEnd
	hands   []handing // what of it an instance hands over what it acquires to
	parts   []string  // what of the host tells an instance things, and outlives it: where it is found
	apart   bool      // each method is called with an instance of its own: what one keeps the others do not see
}

// streamEnd is how subscriptions end with the instance that made them.
type streamEnd struct {
	since    project.Version // of the host's first module
	newer    []string        // names of that module that are as young: where no version is known
	module   string          // of operator
	operator string
	ref      string // the class of what tells the operator that it is over
}

// classHosts is the table of what ends instances by itself.
var classHosts = []classHost{
	{from: angular, decorators: []string{"Component", "Directive", "Pipe"}, onces: []string{"ngOnInit", "ngAfterContentInit", "ngAfterViewInit"}, teardown: "ngOnDestroy", contract: "OnDestroy", inject: "inject", streams: &angularStreams},
	{from: angular, decorators: []string{"Injectable"}, teardown: "ngOnDestroy", contract: "OnDestroy", inject: "inject", shared: true, forRoot: "providedIn", streams: &angularStreams},
	{from: angular, decorators: []string{"Service"}, teardown: "ngOnDestroy", contract: "OnDestroy", inject: "inject", shared: true, unless: "autoProvided", streams: &angularStreams},
	nest,
}

var angular = []string{"@angular/core"}

var angularStreams = streamEnd{
	since: project.Version{16}, newer: []string{"DestroyRef", "signal", "computed", "effect", "input", "model", "output", "viewChild", "linkedSignal"},
	module: "@angular/core/rxjs-interop", operator: "takeUntilDestroyed", ref: "DestroyRef",
}

// decoratorOf is the decorator by which a host knows a class, and the host; nil for none.
func decoratorOf(class syntax.Node) (syntax.Node, *classHost) {
	for _, from := range []syntax.Node{class, class.Parent()} {
		if from != class && !from.Is("export_statement") {
			break
		}
		for d := range from.Children() {
			if !d.Is("decorator") {
				continue
			}
			call := d.Child(0)
			origin, ok := call.Field("function").Origin()
			if !ok {
				continue
			}
			for i, h := range classHosts {
				if slices.Contains(h.from, origin.Module) && slices.Contains(h.decorators, origin.Last()) {
					return call, &classHosts[i]
				}
			}
		}
	}
	return syntax.Node{}, nil
}

// classHostOf is the host of a class: by its own decorator, or by that of a class above.
func (s *scan) classHostOf(in *instance) *classHost {
	if !in.class.Node.IsClass() {
		return makerOf(in.class.Node)
	}
	in.below = len(in.ancestors)
	if _, h := decoratorOf(in.class.Node); h != nil {
		return h
	}
	for _, c := range in.ancestors {
		if _, h := decoratorOf(c.Node); h != nil {
			return h
		}
	}
	if h := in.hostAbove(); h != nil || !isController(in.class.Node) {
		return h
	}
	return &controllers
}

// hostTeardown settles what ends the instances of a class that a host ends: the method
// that the host calls, and no other.
func (s *scan) hostTeardown(in *instance) {
	h := in.host
	repeated := repeatedIn(in.class.Node)
	t := &teardown{name: h.teardown, hosted: true}
	for _, other := range h.others {
		for _, m := range in.members {
			if m.Name == other && m.Function().OK() && !m.Static && !slices.ContainsFunc(in.members, func(m syntax.Member) bool { return m.Name == h.teardown }) {
				t.name = other
			}
		}
	}
	for _, c := range in.ancestors[:in.below] {
		for _, m := range syntax.Members(c.Node) {
			if m.Name == t.name && m.Method && !m.Static && t.hosted {
				t = above(m, c)
			}
		}
	}
	if !t.hosted {
		in.inherited = t
	}
	for _, m := range in.members {
		if fn := m.Function(); m.Name == t.name && fn.OK() && !m.Static && !repeated[m.Name] {
			t.own, t.hosted = fn, false
			t.async = t.async || isAsync(fn)
		}
	}
	if t.hosted && h.byName {
		if s.findTeardown(in); in.teardown != nil {
			return
		}
	}
	in.teardown = t
	in.lasting = h.shared && (t.hosted || in.atRoot())
}

// atRoot reports whether the decorator of a class says that its instance lives as long
// as the program.
func (in *instance) atRoot() bool {
	decorator, h := decoratorOf(in.class.Node)
	switch {
	case h == nil:
		return false
	case h.unless != "":
		return optionOf(decorator, h.unless).Text() != "false"
	}
	return h.forRoot != "" && optionOf(decorator, h.forRoot).OK()
}

// optionOf is what a decorator is told under a key, the zero Node for nothing.
func optionOf(decorator syntax.Node, key string) syntax.Node {
	return optionIn(decorator.Field("arguments").Child(0).Inner(false), key)
}

// optionIn is the value that an object has under a key, the zero Node for none.
func optionIn(object syntax.Node, key string) syntax.Node {
	for pair := range object.Children() {
		if pair.Is("pair") && pair.Field("key").Text() == key {
			return pair.Field("value").Inner(false)
		}
	}
	return syntax.Node{}
}

// judgeShared takes what an instance owes that lives as long as the program for an offer.
func (s *scan) judgeShared(o *Obligation) {
	if o.Status != Unmet || o.Standing != Leak || o.Owner.Form != OwnerClass || o.Way == WrongRelease || !s.instance(o.Owner.Node).lasting {
		return
	}
	if !s.Offers {
		o.Status, o.Form, o.Exits, o.Refusal = Moved, nil, nil, nil
		o.step(o.Call, "moved: %s lives as long as the program", o.Owner.Name)
		return
	}
	o.Standing = Offer
	o.step(o.Call, "%s lives as long as the program", o.Owner.Name)
}

// runsOnce reports whether a host calls a method once, and nothing else in its class
// calls it.
func (in *instance) runsOnce(fn syntax.Node) bool {
	owner, member := fn.Field("body").ThisClass()
	name := syntax.MemberName(member)
	return in.host != nil && owner == in.class.Node && syntax.FunctionOf(member) == fn && slices.Contains(in.host.onces, name) && len(in.refs[name]) == 0
}

// judgeBrief takes a one-shot for an offer that what a host ends has under way, where it
// is over before long and does not begin anew: it holds the instance for that time.
func (s *scan) judgeBrief(o *Obligation) {
	if o.Status != Unmet || o.Standing != Leak || !o.Kind.OneShot || o.Kind.Registers() || o.Owner.Form != OwnerClass || o.told {
		return
	}
	in := s.instance(o.Owner.Node)
	loop := s.loopOf(o)
	delay, known := s.waitingTime(o)
	brief := known && delay < hostedGrace && !s.beginsAnew(o, in)
	if loop.OK() {
		brief = s.endsItself(o, loop)
	}
	if in.host == nil || !brief {
		return
	}
	s.offerOrMet(o, "ends by itself, before long")
}

// offerOrMet takes what ends by itself for an offer; where none is asked for it is met, for
// the reason that is said.
func (s *scan) offerOrMet(o *Obligation, why string) {
	if s.Offers {
		o.Standing = Offer
		return
	}
	o.Status, o.Form, o.Exits, o.Refusal = Met, nil, nil, nil
	o.step(o.Call, "met: %s", why)
}

// hostedGrace is how long, in milliseconds, what ends by itself may outlive an instance.
const hostedGrace = 10000

// endsHosted reports whether only a host ends the instances of a class, whose teardown
// is still to be written.
func (in *instance) endsHosted() bool { return in.teardown != nil && in.teardown.hosted }

// createHosted writes the teardown that the host calls, and what says that it is there.
func (e *classEdit) createHosted(t *teardown, w work) *Refusal {
	if e.in.class.Node.Is("object") {
		return e.createInSpecification(t, w)
	}
	if !e.in.whole && !e.in.host.above {
		return refuse(UnknownBase, "%s extends something that cannot be seen: it may have %s() of its own", nameOf(e.in.class.Node), t.name)
	}
	if e.has(t.name) {
		return refuse(NameTaken, "%s is something else in this class", t.name)
	}
	if w.async {
		return refuse(NotAsync, "nothing waits for %s(), and the release must be awaited", t.name)
	}
	returns := ""
	if e.st.ts {
		returns = ": void"
	}
	e.newMethod(e.modifiers(t), t.name, returns, false, e.followedBy(w, e.aboveHosted(t)))
	if h := e.in.host; e.st.ts && h.contract != "" {
		return e.implement(h.from[0], h.contract)
	}
	return nil
}
