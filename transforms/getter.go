package transforms

import "github.com/unleak-dev/unleak/internal/syntax"

// judgeGetter judges what a getter makes and returns: whoever reads a property expects
// the same again, and does not know that each reading makes one that is owed.
// But they have it, and can end it: to keep one for all readings is an offer.
func (s *scan) judgeGetter(o *Obligation) {
	fn := o.Call.Function()
	o.Owner = Owner{OwnerFunction, nameOf(fn), fn}
	if !s.Offers {
		o.step(o.Call, "moved: handed to whoever reads the property")
		return
	}
	o.Standing = Offer
	s.unmet(o, NeverReleased, []ExitPlace{{o.Call, "each reading of the property makes another"}})
	o.Refusal = refuse(NoOwner, "a getter has no end; keep what it made for the next reading, and release that when the instance ends")
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
