package transforms

import "github.com/unleak-dev/unleak/internal/syntax"

// judgeGetter judges what a getter makes and returns: whoever reads a property expects
// the same again, and does not know that each reading makes one that is owed.
// But they have it, and can end it: to keep one for all readings is an offer. Where nobody in
// the project ends any, and the instance has an end, which leaves them all, it is a leak.
func (s *scan) judgeGetter(o *Obligation) {
	fn := o.Call.Function()
	o.Owner = Owner{OwnerFunction, nameOf(fn), fn}
	exits := []ExitPlace{{o.Call, "each reading of the property makes another"}}
	if end := s.endOfRead(o, fn); end.OK() {
		s.unmet(o, NeverReleased, append(exits, ExitPlace{end, "what was read is left"}))
	} else if !s.Offers {
		o.step(o.Call, "moved: handed to whoever reads the property")
		return
	} else {
		o.Standing = Offer
		s.unmet(o, NeverReleased, exits)
	}
	o.Refusal = refuse(NoOwner, "a getter has no end; keep what it made for the next reading, and release that when the instance ends")
}

// endOfRead is where the instance ends whose property a getter is, if nobody in the project
// releases what such a property gave; else the zero Node.
func (s *scan) endOfRead(o *Obligation, getter syntax.Node) syntax.Node {
	class, _ := getter.ThisClass()
	if call := getter.Ancestor("call_expression"); !class.OK() && call.OK() { // Object.defineProperty(Foo.prototype, ..)
		class = syntax.PrototypeOf(call.Field("arguments").Child(0))
	}
	if !class.OK() {
		return syntax.Node{}
	}
	t := s.instance(class).teardown
	if t == nil || !t.own.OK() || s.Project.HasWord(s.ctx, o.Kind.Release[0].Pattern.Anchor) {
		return syntax.Node{}
	}
	return nameNode(t.own)
}

// isGetter reports whether a function is run when a property is read: get url() {},
// Object.defineProperty(o, 'url', { get: function () {} }).
func isGetter(fn syntax.Node) bool {
	if fn.Is("method_definition") {
		return fn.HasToken("get") || fn.Field("name").Text() == "get" && describesProperty(fn.Parent())
	}
	return fn.Outer().Parent().Is("pair") && fn.Outer().Parent().Field("key").Text() == "get" && describesProperty(fn.Outer().Parent().Parent())
}

func describesProperty(object syntax.Node) bool {
	args := object.Outer().Parent()
	origin, ok := args.Parent().Field("function").Origin()
	return args.Is("arguments") && ok && origin.Module == "" && origin.Last() == "defineProperty"
}
