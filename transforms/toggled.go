package transforms

import (
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// A function that adds or removes, by what it is told, chooses the method by that:
//
//	toggle(off) {
//		const method = off ? 'removeListener' : 'addListener';
//		this.source[method]('change', this.onChange);
//		this.listen();
//	}
//
// What it registers besides, itself or by a function that is not told which of the two is
// meant, is registered once more where all should be taken away.

// choice is where such a function chooses.
type choice struct {
	fn      syntax.Node
	told    *syntax.Symbol // its parameter
	removes bool           // the value of that by which it takes away
	method  *syntax.Symbol // the variable that holds the method's name, nil for none
	name    string         // what that holds then
}

// adderNames are methods that register, with those that take away.
var adderNames = map[string]string{
	"on": "off", "addEventListener": "removeEventListener", "addListener": "removeListener", "bind": "unbind", "subscribe": "unsubscribe", "attach": "detach", "listen": "unlisten",
}

// judgeToggled judges a registration that such a function makes whatever it is told. It
// says nothing (false) where that does not show.
func (s *scan) judgeToggled(o *Obligation) bool {
	if o.firesOnce() || s.isOfProcess(o) {
		return false
	}
	c, at, ok := s.toggledBy(o.Call, 3)
	if !ok || isFresh(o.target()) || rootOf(o.target()).Symbol() == c.told || s.takenSomewhere(o) {
		return false
	}
	told := s.toldToRemove(c)
	if !told.OK() {
		return false
	}
	name := nameOf(c.fn)
	o.Owner = Owner{OwnerFunction, name, c.fn}
	o.Evidence = append(o.Evidence, name+" takes the others away when it is told so")
	o.releases = nil
	s.unmet(o, WrongRelease, []ExitPlace{{at, "it is registered once more where " + name + " is told to take away"}})
	o.Refusal = refuse(TooEntangled, "line %d tells %s to take away: let it, and what it calls, take the %s away then, too", lineOfNode(told), name, o.Kind.Noun)
	return true
}

// takenSomewhere reports whether anything in the file may take a registration away.
func (s *scan) takenSomewhere(o *Obligation) bool {
	return slices.ContainsFunc(s.removals(o, s.f.Root().Descendants()), removal.works)
}

// toggledBy is the choice of the function around n, or of one that calls that, in which n
// is evaluated whatever it chooses, and where in that it is.
func (s *scan) toggledBy(n syntax.Node, hops int) (choice, syntax.Node, bool) {
	fn := n.Function()
	for fn.OK() && isInline(fn) {
		n = callAround(fn)
		fn = n.Function()
	}
	if !fn.OK() {
		return choice{}, n, false
	}
	if c, ok := choiceOf(fn); ok {
		return c, n, c.reaches(n)
	}
	if hops == 0 {
		return choice{}, n, false
	}
	for _, r := range s.namedAs(fn) {
		args := r.Outer().Parent()
		handed := args.Is("arguments") && isIterating(args.Parent())
		if call := r.Outer().Parent(); call.Field("function") == r.Outer() || handed {
			if handed {
				call = args.Parent()
			}
			if c, at, ok := s.toggledBy(call, hops-1); ok && !c.mentionedIn(call.Field("arguments")) {
				return c, at, true
			}
		}
	}
	return choice{}, n, false
}

// isIterating reports whether a call runs what it is given on the spot, for each of some:
// map.eachLayer(this.listen, this).
func isIterating(call syntax.Node) bool {
	name := calleeName(call)
	return iterators[name] || strings.HasPrefix(name, "each")
}

// namedAs are the mentions of a function, or of a method of the object around it.
func (s *scan) namedAs(fn syntax.Node) []syntax.Node {
	if name := functionName(fn); name != nil {
		return name.Refs
	}
	if owner, member := fn.ThisClass(); owner.OK() && syntax.FunctionOf(member) == fn {
		return s.refsIn(owner)[syntax.MemberName(member)]
	}
	return nil
}

// choiceOf looks for the choice of a function.
func choiceOf(fn syntax.Node) (choice, bool) {
	params := parametersOf(fn)
	for n := range fn.Field("body").Own() {
		if !n.Is("ternary_expression") {
			continue
		}
		yes, _ := n.Field("consequence").Inner(false).StringValue()
		no, _ := n.Field("alternative").Inner(false).StringValue()
		removes := adderNames[no] == yes && yes != ""
		if !removes && (adderNames[yes] != no || no == "") {
			continue
		}
		cond := n.Field("condition").Inner(false)
		for cond.Is("unary_expression") && cond.Field("operator").Text() == "!" {
			cond, removes = cond.Field("argument").Inner(false), !removes
		}
		c := choice{fn: fn, told: cond.Symbol(), removes: removes, name: no}
		if adderNames[no] == yes {
			c.name = yes
		}
		if c.told == nil || !slices.Contains(params, c.told) || slices.ContainsFunc(c.told.Refs, syntax.IsWrite) {
			continue
		}
		v := n.Outer()
		if namesMethod(v) {
			return c, true
		}
		c.method = v.Parent().Field("name").Symbol()
		if c.method != nil && v.Parent().Is("variable_declarator") && slices.ContainsFunc(c.method.Refs, namesMethod) {
			return c, true
		}
	}
	return choice{}, false
}

// namesMethod reports whether an expression names the method that is called: source[n](..).
func namesMethod(n syntax.Node) bool {
	p := n.Outer().Parent()
	return p.Is("subscript_expression") && p.Field("index").Inner(false) == n.Inner(false) && p.Outer().Parent().Field("function").Inner(false) == p
}

func (c choice) mentionedIn(n syntax.Node) bool {
	return mentions(n, c.told) || c.method != nil && mentions(n, c.method)
}

// reaches reports whether the function surely comes to n, as far as its choice goes, when it
// takes away.
func (c choice) reaches(n syntax.Node) bool {
	for p := n; p.OK() && p != c.fn; p = p.Parent() {
		around := p.Parent()
		if around.IsFunction() && around != c.fn {
			return false
		}
		switch around.Kind() {
		case "if_statement", "ternary_expression":
			if cond := around.Field("condition"); p != cond && c.mentionedIn(cond) {
				if v, known := c.value(cond); !known || v != (p == around.Field("consequence")) {
					return false
				}
			}
		case "binary_expression":
			if op := around.Field("operator").Text(); p == around.Field("right") && (op == "&&" || op == "||") && c.mentionedIn(around.Field("left")) {
				if v, known := c.value(around.Field("left")); !known || v != (op == "&&") {
					return false
				}
			}
		case "switch_case", "switch_statement", "catch_clause":
			return false
		case "statement_block":
			for before := range around.Children() {
				if before == p {
					break
				}
				if !before.Is("if_statement") || !c.mentionedIn(before.Field("condition")) || !goesAway(before) {
					continue
				}
				if v, known := c.value(before.Field("condition")); !known || v {
					return false
				}
			}
		}
	}
	return true
}

// goesAway reports whether something in a statement ends the function around it.
func goesAway(n syntax.Node) bool {
	for d := range n.Own() {
		if d.Is("return_statement", "throw_statement", "break_statement", "continue_statement") {
			return true
		}
	}
	return false
}

// value is what a condition comes to when the function takes away, where that can be told.
func (c choice) value(n syntax.Node) (value, known bool) {
	n = n.Inner(false)
	switch n.Kind() {
	case "identifier":
		return c.removes, n.Symbol() == c.told
	case "unary_expression":
		v, known := c.value(n.Field("argument"))
		return !v, known && n.Field("operator").Text() == "!"
	case "binary_expression":
		left, right, op := n.Field("left").Inner(false), n.Field("right").Inner(false), n.Field("operator").Text()
		switch op {
		case "&&", "||":
			a, aKnown := c.value(left)
			b, bKnown := c.value(right)
			if aKnown && a == (op == "||") || bKnown && b == (op == "||") {
				return op == "||", true
			}
			return a, aKnown && bKnown
		case "===", "==", "!==", "!=":
			if text, literal := right.StringValue(); literal && c.method != nil && left.Symbol() == c.method {
				return (text == c.name) == (op[0] == '='), true
			}
		}
	}
	return false, false
}

// toldToRemove is a call of the function that tells it to take away.
func (s *scan) toldToRemove(c choice) syntax.Node {
	index := slices.Index(parametersOf(c.fn), c.told)
	for _, r := range s.namedAs(c.fn) {
		call := r.Outer().Parent()
		if call.Field("function") != r.Outer() {
			continue
		}
		given := call.Field("arguments").Child(index).Inner(false)
		switch {
		case given.Is("true"), given.Is("false"), !given.OK():
			if given.Is("true") == c.removes {
				return call
			}
		}
	}
	return syntax.Node{}
}

// isFresh reports whether something is made by the call that registers with it.
func isFresh(target syntax.Node) bool {
	sym := rootOf(target).Symbol()
	if sym == nil || sym.Kind != syntax.Variable {
		return false
	}
	made := sym.Init().Inner(true)
	name := calleeName(made)
	return made.Is("new_expression") || made.Is("call_expression") && (strings.HasPrefix(name, "create") || strings.HasPrefix(name, "make") || strings.HasPrefix(name, "clone"))
}
