package transforms

import (
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/project"
	"github.com/unleak-dev/unleak/internal/syntax"
)

// beginsAgain reports whether an instance may begin again after its teardown, so that
// what its constructor registers has to be there then: the class has the method that the
// teardown undoes, and the constructor does not call it.
func (s *scan) beginsAgain(o *Obligation, in *instance) bool {
	if !o.Call.Function().IsConstructor() || in.teardown == nil {
		return false
	}
	begins := func(members []syntax.Member) bool {
		return slices.ContainsFunc(members, func(m syntax.Member) bool {
			return m.Method && !m.Static && !isPrivate(m.Node) && opposite(m.Name, in.teardown.name) && !s.calledByConstructor(in, m.Name)
		})
	}
	return begins(in.members) || slices.ContainsFunc(in.ancestors, func(c project.Class) bool { return begins(syntax.Members(c.Node)) })
}

func (s *scan) calledByConstructor(in *instance, name string) bool {
	return slices.ContainsFunc(in.refs[name], func(r syntax.Node) bool { return homeOf(r).IsConstructor() })
}

// onOwnSignal reports whether what is registered waits for the signal of a controller
// that a function around it has made: they go together.
func (o *Obligation) onOwnSignal() bool {
	n := o.target().Inner(true)
	if sym := n.Symbol(); n.Is("identifier") && sym != nil && sym.Constant() {
		n = sym.Init().Inner(true)
	}
	controller := n.Field("object").Inner(true).Symbol()
	if !n.Is("member_expression") || n.Field("property").Text() != "signal" || controller == nil || !controller.Constant() || !controller.Decl.Function().OK() {
		return false
	}
	made := controller.Init().Inner(true)
	return made.Is("new_expression") && made.Field("constructor").Text() == "AbortController"
}

// inPage reports whether some code runs in the page of a browser that is driven from here:
// what it acquires there ends with the page.
func inPage(n syntax.Node) bool {
	for fn := n.Function(); fn.OK(); fn = fn.Function() {
		if isSentToPage(fn) {
			return true
		}
		if name := functionName(fn); name != nil && slices.ContainsFunc(name.Refs, isSentToPage) {
			return true
		}
	}
	return false
}

// isSentToPage reports whether a function, or its name, is an argument of a method that runs
// what it is given in a page.
func isSentToPage(fn syntax.Node) bool {
	args := fn.Outer().Parent()
	callee := args.Parent().Field("function").Inner(false)
	return args.Is("arguments") && callee.Is("member_expression") && drivers[callee.Field("property").Text()]
}

// drivers are methods whose function is sent to a page, and run there.
var drivers = map[string]bool{
	"evaluate": true, "evaluateHandle": true, "evaluateOnNewDocument": true, "addInitScript": true, "$eval": true, "$$eval": true, "waitForFunction": true,
}

// isOfProcess reports whether a listener is for what befalls the process as a whole: a
// signal; in an application, an error that nobody has caught.
func (s *scan) isOfProcess(o *Obligation) bool {
	event, _ := o.event().Inner(false).StringValue()
	if strings.HasPrefix(event, "SIG") || isOfProgram(o.target(), event) {
		return true
	}
	if !uncaught[event] || !isGlobal(o.target(), "process") {
		return false
	}
	return isApplication(s.Project, s.f.Path) || (o.Owner.Form == OwnerClass || o.Owner.Form == OwnerObject) && s.lasts(o.Owner.Node, onceHops)
}

// endsProcess reports whether what a listener calls ends the process, whatever else it
// does: nothing is left behind then.
func (s *scan) endsProcess(o *Obligation) bool {
	if !isGlobal(o.target(), "process") {
		return false
	}
	for n := range o.registered().Field("body").Own() {
		if n.Is("call_expression") && isGlobal(n.Field("function"), "process", "exit") {
			return true
		}
	}
	return false
}

// isGlobal reports whether an expression is a global, or the member of one, by its path.
func isGlobal(n syntax.Node, path ...string) bool {
	o, ok := n.Origin()
	return ok && o.Module == "" && slices.Equal(o.Path, path)
}

var uncaught = map[string]bool{
	"uncaughtException": true, "uncaughtExceptionMonitor": true, "unhandledRejection": true, "rejectionHandled": true, "warning": true,
}

// inEnding reports whether some code stands in a method of an instance that is, by its
// name, part of its end.
func (in *instance) inEnding(n syntax.Node) bool {
	owner, member, _ := n.InstanceAt()
	name := syntax.MemberName(member)
	return owner == in.class.Node && (isTeardown(name) || slices.ContainsFunc(wordsOf(name), func(w string) bool {
		return w == "shutdown" || w == "terminate" || w == "destroy" || w == "dispose"
	}))
}
