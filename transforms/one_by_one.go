package transforms

import (
	"slices"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// takenOffOneByOne is the call by which an instance without an end takes something off again
// that it is told of: an observer that a page has once observes what comes, and no longer
// what goes. The zero Node for none.
//
//	watch(element) { this.seen.observe(element); }
//	forget(element) { this.seen.unobserve(element); }
func (s *scan) takenOffOneByOne(o *Obligation, in *instance) syntax.Node {
	if o.Kind.Retainer == "" || o.Kind.Registers() || o.Handle.Place != InField || in.teardown != nil && (in.teardown.own.OK() || in.endsHosted()) || in.hosted {
		return syntax.Node{}
	}
	for _, ref := range in.refs[o.Handle.Field] {
		call := ref.Outer().Parent().Parent()
		given := rootOf(call.Field("arguments").Child(0)).Symbol()
		fn := call.Function()
		if given == nil || given.Kind != syntax.Parameter || !slices.Contains(parametersOf(fn), given) || call.Within(o.Call.Function()) {
			continue
		}
		if _, member := fn.ThisClass(); syntax.FunctionOf(member) != fn {
			continue
		}
		for _, r := range o.Kind.Release {
			if !r.Pattern.Has(o.Kind.Retainer) {
				continue
			}
			if _, ok := r.Pattern.Match(call, syntax.Bindings{"HANDLE": ref}); ok {
				return call
			}
		}
	}
	return syntax.Node{}
}
