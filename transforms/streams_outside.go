package transforms

import (
	"slices"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// A component may be handed a function that makes a stream of one of its own, by whoever
// uses it:
//
//	@Input() search: (text$: Observable<string>) => Observable<string[]>;
//	ngOnInit() { this.text$.pipe(this.search).subscribe(..); }
//
// What that mixes in, or has under way, lasts as long as others like, and the stream of the
// component's own never tells it to end.

// handedOver says why a stream never ends that a function from outside makes of source;
// "" where it may.
func (q stream) handedOver(operator, source syntax.Node) string {
	field, ok := operator.Inner(false).ThisField()
	if !ok || q.away || q.in.host == nil || !q.isInput(field) || !q.neverEnded(source) {
		return ""
	}
	return "this." + field + " makes the stream, which is given from outside"
}

// isInput reports whether a field is one that a template gives its value.
func (q stream) isInput(field string) bool {
	return slices.ContainsFunc(q.in.members, func(m syntax.Member) bool {
		if m.Name != field || m.Method || m.Node.Field("value").OK() {
			return false
		}
		for d := range m.Node.Children() {
			callee := d.Child(0)
			if callee.Is("call_expression") {
				callee = callee.Field("function")
			}
			if o, ok := callee.Origin(); d.Is("decorator") && ok && slices.Contains(q.in.host.from, o.Module) && o.Last() == "Input" {
				return true
			}
		}
		return false
	})
}

// neverEnded reports whether a stream is one that the class has made, or comes straight
// from one, and that nothing in it ends or hands on.
func (q stream) neverEnded(n syntax.Node) bool {
	n = n.Inner(false)
	if callee := n.Field("function").Inner(false); n.Is("call_expression") {
		name := callee.Field("property").Text()
		switch {
		case name == "asObservable", name != "pipe" && slices.Contains(through, name):
		case name != "pipe" || slices.ContainsFunc(slices.Collect(n.Field("arguments").Children()), func(a syntax.Node) bool { return !goesThrough(a) }):
			return false
		}
		return q.neverEnded(callee.Field("object"))
	}
	field, ok := n.ThisField()
	if !ok || !slices.ContainsFunc(q.in.members, func(m syntax.Member) bool {
		return m.Name == field && !m.Static && hasObservers(syntax.TypeOf(m.Node.Field("value").Inner(false)))
	}) {
		return false
	}
	return !slices.ContainsFunc(q.in.refs[field], func(ref syntax.Node) bool {
		ends := methodOn(ref)
		return ends == "complete" || ends == "error" || ends == "unsubscribe" || syntax.IsWrite(ref) || ref != n && ref.Outer().Parent().Is("arguments", "pair", "array")
	})
}
