package transforms

import (
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// A function that tells its result later, through a promise that it makes or a
// callback that it is given, hands over what it acquired when all went well. Where
// it tells of a failure instead, nobody gets it: it is owed there.

// answer is how a function tells its result.
type answer struct {
	home  syntax.Node    // the function, or the executor of its promise
	told  *syntax.Symbol // the callback, or resolve
	fails *syntax.Symbol // the callback, or reject
}

// lost are the events by which anything tells that it has ended, or never began.
var lost = []string{"error", "close", "end", "exit", "finish", "abort", "aborted", "disconnect"}

// answerAround is the nearest function around a place that tells its result later;
// a zero one for none.
func answerAround(n syntax.Node) answer {
	for fn := n.Function(); fn.OK(); fn = fn.Function() {
		params := parametersOf(fn)
		if isExecutor(fn) {
			if len(params) < 2 {
				return answer{}
			}
			return answer{fn, params[0], params[1]}
		}
		if last := lastParameter(fn); last != nil && isAnswer(last) {
			return answer{fn, last, last}
		}
	}
	return answer{}
}

func lastParameter(fn syntax.Node) *syntax.Symbol {
	param := fn.Field("parameter")
	if list := fn.Field("parameters"); list.OK() {
		param = list.Child(list.Len() - 1)
	}
	if pattern := param.Field("pattern"); pattern.OK() {
		param = pattern
	}
	return param.Symbol()
}

// isAnswer reports whether a parameter is called as node's callbacks are: with an
// error alone, and with nothing in its place.
func isAnswer(sym *syntax.Symbol) bool {
	well, badly := false, false
	for _, r := range sym.Refs {
		call := r.Parent()
		if call.Field("function") != r {
			continue
		}
		args := call.Field("arguments")
		well = well || args.Len() == 0 || isNothing(args.Child(0).Inner(false))
		badly = badly || tellsError(call)
	}
	return badly && (well || answerNames[sym.Name])
}

// tellsError reports whether a call has one argument, which is an error for sure.
func tellsError(call syntax.Node) bool {
	args := call.Field("arguments")
	if args.Len() != 1 {
		return false
	}
	return isError(args.Child(0).Inner(false))
}

func isError(n syntax.Node) bool {
	switch {
	case n.Is("new_expression", "call_expression"):
		callee := n.Field("constructor")
		if !callee.OK() {
			callee = n.Field("function")
		}
		name := callee.Field("property").Text()
		if !callee.Is("member_expression") {
			name = callee.Text()
		}
		return strings.HasSuffix(name, "Error") || strings.HasSuffix(name, "Exception")
	case n.Is("identifier"):
		sym := n.Symbol()
		if sym == nil {
			return false
		}
		return sym.Kind == syntax.Caught || sym.Kind == syntax.Parameter && failed(n, sym)
	}
	return false
}

// failed reports whether n is evaluated only where a condition on a variable was
// looked at.
func failed(n syntax.Node, sym *syntax.Symbol) bool {
	for p := n.Parent(); p.OK() && p != sym.Decl.Function(); p = p.Parent() {
		if c := p.Field("condition"); p.Is("if_statement", "ternary_expression") && c.OK() && !n.Within(c) && mentions(c, sym) {
			return true
		}
		if p.Is("binary_expression") && n.Within(p.Field("right")) && p.HasToken("&&") && mentions(p.Field("left"), sym) {
			return true
		}
	}
	return false
}

// failures are the places at which the function tells that it failed.
func (a answer) failures() []settle {
	var out []settle
	for _, r := range a.fails.Refs {
		call := r.Parent()
		st := settle{ref: r, fn: r.Function()}
		switch {
		case call.Field("function") == r:
			if a.told == a.fails && !tellsError(call) {
				continue
			}
			st.call = call
		case a.told == a.fails:
			continue // handed on: it may be told of a success there
		case takesAway(call.Parent()):
			continue
		}
		out = append(out, st)
	}
	return out
}

// judgeAnswer looks for failures that are told while the handle is nobody's.
func (s *scan) judgeAnswer(o *Obligation) {
	if o.Status == Unmet || o.Kind.OneShot || o.Kind.Registers() || o.Handle.Symbol == nil {
		return
	}
	a := answerAround(o.Call)
	if !a.home.OK() || !o.Handle.Symbol.Decl.Within(a.home) {
		return
	}
	releases, ok := s.heldBy(o, a)
	if !ok {
		return
	}
	var missed []settle
	for _, st := range a.failures() {
		if o.isToldOf(st.ref, lost) || o.isToldByName(st.ref, lost) || !s.after(o, st) || s.apart(o, st, o.Call.Function()) || s.ofAcquisition(o, st) {
			continue
		}
		if !st.call.OK() || !s.paid(o, st, releases, a.home) {
			missed = append(missed, st)
		}
	}
	if len(missed) == 0 {
		return
	}
	var exits []ExitPlace
	for _, m := range missed {
		n, how := m.call, m.ref.Text()+"() tells of a failure"
		if !n.OK() {
			n, how = m.ref, m.ref.Text()+" is handed on"
		}
		exits = append(exits, ExitPlace{n, how})
	}
	o.Owner = Owner{OwnerBlock, nameOf(a.home), a.home}
	if isExecutor(a.home) {
		o.Owner.Form = OwnerPromise
	}
	o.releases = releases
	s.unmet(o, MissingPath, exits)
	o.Form, o.gist = formAnswer{}, missed
}

// heldBy reports whether nobody but the function itself has the handle until it
// tells of a success, and what releases it. What it makes from it and keeps in a
// variable is its own, too.
func (s *scan) heldBy(o *Obligation, a answer) (releases []syntax.Node, ok bool) {
	handed := false
	for _, u := range s.usesOf(o, o.Handle.Symbol, maxHops) {
		switch {
		case u.effect == released:
			releases = append(releases, u.at)
		case u.effect != moved:
		case u.at.Field("function").Symbol() == a.told:
			handed = true
		default:
			made := madeFrom(u.at)
			if made == nil {
				return nil, false
			}
			for _, r := range made.Refs {
				use := r.Outer().Parent()
				call := use.Parent()
				switch {
				case r == made.Node:
				case use.Is("member_expression") && isTeardown(use.Field("property").Text()):
					releases = append(releases, call)
				case use.Is("member_expression"):
				case use.Is("arguments") && call.Field("function").Symbol() == a.told:
					handed = true
				default:
					return nil, false
				}
			}
		}
	}
	return releases, handed || len(releases) > 0 && a.told == a.fails
}

// madeFrom is the variable that keeps what was made from a handle: const c = new
// Connection(handle).
func madeFrom(call syntax.Node) *syntax.Symbol {
	decl := call.Outer().Parent()
	if !call.Is("new_expression") || !decl.Is("variable_declarator") {
		return nil
	}
	return decl.Field("name").Symbol()
}

// after reports whether a failure is told after the acquisition, as far as the text
// shows: further down in the same function, or in a function made there.
func (s *scan) after(o *Obligation, st settle) bool {
	home := o.Call.Function()
	at := st.ref
	for fn := at.Function(); fn != home; fn = at.Function() {
		if !fn.OK() {
			return false
		}
		at = fn
	}
	if name := functionName(at); at.IsFunction() && name != nil {
		return slices.ContainsFunc(name.Refs, func(r syntax.Node) bool { return r.End() > o.Call.Start() && !r.Within(at) })
	}
	return at.End() > o.Call.Start()
}

// ofAcquisition reports whether a failure is that of the acquisition itself, told
// by its own callback: there is nothing to release.
func (s *scan) ofAcquisition(o *Obligation, st settle) bool {
	sym := st.call.Field("arguments").Child(0).Inner(false).Symbol()
	if sym == nil || sym.Kind != syntax.Parameter {
		return false
	}
	fn := sym.Decl.Function()
	if fn.Within(o.Call) {
		return true
	}
	name := functionName(fn)
	return name != nil && slices.ContainsFunc(name.Refs, func(r syntax.Node) bool { return r.Within(o.Call) })
}
