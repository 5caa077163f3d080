package transforms

import (
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// endsByOwnEvent reports whether a removal, that stands before the registration in the same
// method, runs at the end, too: the end gives up a property of the instance by its setter,
// and the method is what the instance does when it tells itself of a change of that.
//
//	constructor() { this.on('change:target', this.retarget); }
//	dispose() { this.setTarget(null); }
//	retarget() { if (this.resize) { removeEventListener(..); } if (this.getTarget()) { addEventListener(..); } }
func (in *instance) endsByOwnEvent(r removal) bool {
	if in.teardown == nil || !in.teardown.own.OK() {
		return false
	}
	_, member, _ := r.call.InstanceAt()
	method := syntax.MemberName(member)
	for call := range in.teardown.own.Descendants() {
		args := call.Field("arguments")
		setter, own := call.Field("function").ThisField()
		property, sets := strings.CutPrefix(setter, "set")
		if !call.Is("call_expression") || !own || !sets || property == "" || args.Len() != 1 || !isNothing(args.Child(0).Inner(false)) {
			continue
		}
		if slices.ContainsFunc(in.refs[method], func(ref syntax.Node) bool {
			args := ref.Outer().Parent()
			_, own := args.Parent().Field("function").ThisField()
			return args.Is("arguments") && own && args.Child(1).Inner(false) == ref && namesEvent(args.Child(0), property)
		}) {
			return true
		}
	}
	return false
}

// namesEvent reports whether the event that is written there is named after a property:
// 'change:target', changeOf(Property.TARGET).
func namesEvent(event syntax.Node, property string) bool {
	property = strings.ToLower(property)
	for n := range event.Descendants() {
		text := n.Text()
		if value, ok := n.StringValue(); ok {
			_, text, _ = strings.Cut(value, ":")
		} else if !n.Is("property_identifier", "identifier") {
			continue
		}
		if strings.ToLower(text) == property {
			return true
		}
	}
	return false
}
