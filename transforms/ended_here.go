package transforms

import (
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// toldOfEnd reports whether a registration in the executor of a promise is for the end of
// what the executor itself ends, in any case: it comes, though not before the promise
// settles.
//
//	worker.disconnect();
//	worker.once('exit', () => clearTimeout(timer));
func toldOfEnd(call, executor syntax.Node) bool {
	callee := call.Field("function").Inner(false)
	event, known := call.Field("arguments").Child(0).Inner(false).StringValue()
	if !call.Is("call_expression") || !callee.Is("member_expression") || !known || !endEvents[strings.ToLower(event)] || strings.ToLower(event) == "error" {
		return false
	}
	target := callee.Field("object")
	for n := range executor.Field("body").Own() {
		end := n.Field("function").Inner(false)
		if n.Is("call_expression") && end.Is("member_expression") && isTeardown(end.Field("property").Text()) &&
			squeeze(end.Field("object")) == squeeze(target) && n.Statement().Parent() == executor.Field("body") {
			return true
		}
	}
	return false
}

// releasedAtSuchEnd reports whether a release stands in a function that is told of an end
// that comes in any case.
func releasedAtSuchEnd(releases []syntax.Node, executor syntax.Node) bool {
	return slices.ContainsFunc(releases, func(r syntax.Node) bool {
		fn := r.Function()
		args := fn.Outer().Parent()
		return args.Is("arguments") && r.Statement().Parent() == fn.Field("body") && toldOfEnd(args.Parent(), executor)
	})
}

// ofAnotherCall reports whether a listener is on something that a call has for itself in which
// the timer of an instance is neither armed nor released.
func (g *guard) ofAnotherCall(l listening) bool {
	sym := rootOf(l.target).Symbol()
	if !g.owner.OK() || sym == nil || !sym.Decl.Function().OK() || sym.Init().Inner(false).Is("member_expression") {
		return false
	}
	home := sym.Decl.Function()
	return !g.o.Call.Within(home) && !slices.ContainsFunc(g.releases, func(r syntax.Node) bool { return r.Within(home) })
}
