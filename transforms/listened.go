package transforms

import (
	"github.com/unleak-dev/unleak/internal/syntax"
)

// What a server is given with listen() it keeps as a listener that hears of 'listening' once. Where
// that one takes away another, for the error that may come instead, the two are a pair; an error
// leaves the first, for whoever lets the server listen again.
//
//	server.once('error', fail);
//	server.listen(port, () => { server.off('error', fail); begin(); });

// listenersOf adds an obligation for each such function, beside a one-shot for the error of the
// same target.
func (s *scan) listenersOf(x *Obligation) {
	event, _ := x.event().Inner(false).StringValue()
	home := aroundPromise(x.Call)
	if event != "error" || !x.Kind.OneShot || !x.Kind.Registers() || x.implied || !home.OK() || len(s.found) > maxObligations {
		return
	}
	for n := range home.Descendants() {
		callee := n.Field("function").Inner(false)
		args := n.Field("arguments")
		if !n.Is("call_expression") || callee.Field("property").Text() != "listen" || args.Len() == 0 || aroundPromise(n) != home {
			continue
		}
		target, given := callee.Field("object"), args.Child(args.Len()-1)
		if fn := given.Inner(false); !fn.IsFunction() && !fn.Is("identifier") || s.sameTarget(x, target) != same || s.isOfProject(target) {
			continue
		}
		quote := styleOf(s.f).quote
		told, err := syntax.CompileExpression(quote + "listening" + quote)
		if err != nil {
			continue
		}
		o := &Obligation{
			Kind: x.Kind, Acquire: x.Acquire, File: s.f, Call: n, At: n, Status: Moved, Standing: Leak, implied: true, gist: x,
			Bindings: syntax.Bindings{x.Kind.Retainer: target, "EVENT": told.Root(), handlerHole: given},
			Evidence: []string{"what listen() is given hears of 'listening' once"},
		}
		o.step(n, "acquired: %s", o.Evidence[0])
		s.found = append(s.found, o)
	}
}

// aroundPromise is the function around n, or around the promise in whose making it runs.
func aroundPromise(n syntax.Node) syntax.Node {
	fn := homeOf(n)
	for fn.OK() && isExecutor(fn) {
		fn = homeOf(fn)
	}
	return fn
}

// isOfProject reports whether something is of a class that stands in the project: what its
// listen() does is another thing.
func (s *scan) isOfProject(n syntax.Node) bool {
	t := syntax.TypeOf(n)
	if !t.OK() || t.Derived {
		t = s.typeElsewhere(n)
	}
	_, own := s.Project.ClassOf(s.ctx, s.f, t)
	return own
}

// judgeListened judges a function that listen() was given, of the same pair as the one-shot in
// its gist.
func (s *scan) judgeListened(o *Obligation) {
	x := o.gist.(*Obligation)
	home := aroundPromise(o.Call)
	o.Handle = Handle{Value: widen(o.Call)}
	in := &instance{}
	if owner, _, _ := o.Call.InstanceAt(); owner.OK() {
		in = s.instance(owner)
	}
	mine, first := s.runsOf(in, true, s.runBy(in, o.handler())...), s.runsOf(in, true, s.runBy(in, x.handler())...)
	switch {
	case s.runsOnce(home), s.madeWithin(o.target(), home):
		o.step(o.Call, "moved: the server is made for this, or there is no second time")
		return
	case len(first.code) == 0, !s.takenIn(x, mine), s.takenIn(o, mine):
		o.step(o.Call, "moved: nothing shows that it should be taken away")
		return
	case s.takenIn(o, first), s.endsIn(o, first):
		o.Status = Met
		o.step(x.Call, "met: the one for 'error' takes it away, or ends the server")
		return
	}
	why := "it takes the one for 'error' away, and that one leaves it"
	o.Owner = Owner{OwnerBlock, nameOf(home), home}
	o.Evidence = append(o.Evidence, why)
	s.unmet(o, MissingPath, []ExitPlace{{x.handler(), "'error' comes first"}})
	o.Form = formPair{}
}
