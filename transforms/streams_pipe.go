package transforms

import (
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// piped says why a stream that was sent through operators never ends: the last of them
// that ends it, or goes on with other streams, decides.
func (q stream) piped(source syntax.Node, operators []syntax.Node, hops int) string {
	q.guarded = q.guarded || slices.ContainsFunc(operators, func(op syntax.Node) bool {
		name, known := operatorName(op)
		return known && name == "takeWhile" && q.idle(name, op) != ""
	})
	operators = slices.DeleteFunc(operators, func(op syntax.Node) bool { return op.Is("comment") })
	why, decided := "", q.decides(operators)
	if decided < 0 {
		why = q.endless(source, hops-1)
	}
	for _, op := range operators[max(decided, 0):] {
		name, known := operatorName(op)
		switch {
		case !known:
			why = q.handedOver(op, source)
		case flattening[name]:
			if inner := q.switched(op, hops-1); inner != "" {
				why = inner
			}
		case slices.Contains(through, name):
		default:
			said := q.idle(name, op)
			if said == "" {
				why = ""
			} else if why != "" && !strings.Contains(why, said) {
				why += ", " + said
			}
		}
	}
	return why
}

// decides is the index of the last operator behind which it does not matter what was before,
// which other files would have to be asked about; -1 for none.
func (q stream) decides(operators []syntax.Node) int {
	for i := len(operators) - 1; i >= 0; i-- {
		name, known := operatorName(operators[i])
		if !known || !flattening[name] && !slices.Contains(through, name) && q.idle(name, operators[i]) == "" {
			return i
		}
	}
	return -1
}

// operatorName is what an argument of pipe is called in its library.
func operatorName(arg syntax.Node) (string, bool) {
	o, ok := arg.Field("function").Origin()
	if !arg.Is("call_expression") || !ok {
		return "", false
	}
	return o.Last(), ofStreams(o.Module) || strings.HasPrefix(o.Module, "@ngrx/")
}

// switched says why a stream never ends that an operator goes on with.
func (q stream) switched(op syntax.Node, hops int) string {
	for a := range op.Field("arguments").Children() {
		a = a.Inner(false)
		if a.IsFunction() {
			a = returned(a)
		}
		if why := q.endless(a, hops); why != "" {
			return why
		}
	}
	return ""
}

// idle says why an operator does not end a stream with the instance, as it is meant to:
// nobody tells it, or it asks only when there is another value. "": it may.
func (q stream) idle(name string, op syntax.Node) string {
	arg := op.Field("arguments").Child(0).Inner(false)
	if op.Field("arguments").Len() != 1 {
		return ""
	}
	switch name {
	case "takeUntil":
		field, ok := arg.ThisField()
		if ok && (q.in.untold(field) || q.part && q.toldAtEnd(field)) {
			return "this." + field + " is never told"
		}
	case "takeWhile":
		said := returned(arg)
		if said.Is("unary_expression") && said.HasToken("!") {
			said = said.Field("argument")
		}
		field, ok := said.Inner(false).ThisField()
		if ok && q.in.setAtEnd(field) {
			return "this." + field + " is asked only when there is another value"
		}
	}
	return ""
}

// untold reports whether a field is a signal of the class's own that nothing in it
// tells, and nothing else is given.
func (in *instance) untold(field string) bool {
	made := false
	for _, m := range in.members {
		if m.Name == field && !m.Method && !m.Static && m.Node.Field("value").Inner(false).Is("new_expression") {
			made = hasObservers(syntax.TypeOf(m.Node.Field("value").Inner(false)))
		}
	}
	if !made || in.class.Node.HasToken("abstract") {
		return false
	}
	for _, ref := range in.refs[field] {
		if !isUntil(ref) && methodOn(ref) != "complete" && methodOn(ref) != "unsubscribe" {
			return false
		}
	}
	return true
}

// isUntil reports whether takeUntil is given what is mentioned.
func isUntil(ref syntax.Node) bool {
	args := ref.Outer().Parent()
	return args.Is("arguments") && lastName(args.Parent().Field("function").Inner(false)) == "takeUntil"
}

// setAtEnd reports whether a field says that the instance is over, and nothing else: it
// is set where it is declared and in the teardown.
func (in *instance) setAtEnd(field string) bool {
	if in.teardown == nil || !in.teardown.own.OK() {
		return false
	}
	set := false
	for _, ref := range in.refs[field] {
		if !syntax.IsWrite(ref) {
			continue
		}
		if !ref.Within(in.teardown.own) {
			return false
		}
		set = true
	}
	return set
}

// untold is the field of the class that is a signal nobody tells, "" for none.
func (e *classEdit) untold() string {
	for _, m := range e.in.members {
		if !m.Method && e.in.untold(m.Name) && len(e.in.refs[m.Name]) > 0 {
			return m.Name
		}
	}
	return ""
}

// telling lets the teardown tell the signal that there is; what waits for it already
// stays as it is.
func (e *classEdit) telling(field string, until func(string) (*streamWay, *Refusal)) (*streamWay, *Refusal) {
	signal := "this." + field
	how, no := until(signal)
	if no != nil {
		return nil, no
	}
	write := how.operator
	how.operator = func(o *Obligation) (string, *Refusal) {
		for _, ref := range e.in.refs[field] {
			if isUntil(ref) && ref.Within(o.Call.Field("function")) {
				return "", nil
			}
		}
		return write(o)
	}
	how.work.add(signal + ".next();")
	if !slices.ContainsFunc(e.in.refs[field], func(ref syntax.Node) bool { return methodOn(ref) == "complete" }) {
		how.work.add(signal + ".complete();")
	}
	how.where = "in " + e.in.host.teardown + "()"
	return how, nil
}
