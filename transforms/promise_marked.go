package transforms

import (
	"slices"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// What settles a promise may write down that it did, and what comes behind it in the same
// function releases where that is written:
//
//	let done = false;
//	if (ready()) {
//	  resolve();
//	  done = true;
//	}
//	if (done) clearInterval(poll);

// marksBeside are the variables that a settling's own list of statements sets to true: those
// of the function that settles which begin as false and are set to nothing else, so that
// each run begins anew, and what was true stays true. What throws between the two lets nobody
// wait: the promise has settled, and nothing of it can be caught there.
func marksBeside(st settle) []*syntax.Symbol {
	var marks []*syntax.Symbol
	own := st.call.Statement()
	if !own.Is("expression_statement") {
		return nil
	}
	for stmt := range own.Parent().Children() {
		set := stmt.Child(0).Inner(false)
		sym := set.Field("left").Inner(false).Symbol()
		if !stmt.Is("expression_statement") || !set.Is("assignment_expression") || !set.Field("right").Is("true") || sym == nil || sym.Kind != syntax.Variable || sym.Decl.Function() != st.fn {
			continue
		}
		if sym.Init().Is("false") && !slices.ContainsFunc(sym.Refs, func(r syntax.Node) bool {
			return syntax.IsWrite(r) && r != sym.Node && !r.Outer().Parent().Field("right").Is("true")
		}) {
			marks = append(marks, sym)
		}
	}
	return marks
}

// unmarked reports whether an edge is taken only where one of some variables is false.
func unmarked(e syntax.Edge, marks []*syntax.Symbol) bool {
	sym := e.Cond.Inner(false).Symbol()
	return !e.When && sym != nil && e.Cond.Inner(false).Is("identifier") && slices.Contains(marks, sym)
}

// reaction is the call that hands a settling on to a promise, as what it does when it is
// rejected or fulfilled: that never comes before what is done in the same turn.
func reaction(st settle) syntax.Node {
	args := st.ref.Outer().Parent()
	method := args.Parent().Field("function").Inner(false)
	if args.Is("arguments") && method.Is("member_expression") && slices.Contains([]string{"then", "catch", "finally"}, method.Field("property").Text()) {
		return args.Parent()
	}
	return syntax.Node{}
}
