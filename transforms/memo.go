package transforms

import (
	"fmt"
	"slices"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// memo is a place where a value is made from a key unless it is there already.
type memo struct {
	filed  []syntax.Node  // the statements that file it
	guard  syntax.Node    // the if statement that asks
	hit    syntax.Node    // what runs where it is there; none: an else can be added
	value  *syntax.Symbol // what holds the value then; nil: it has to be asked for
	values []syntax.Node  // what is filed
	made   []syntax.Node  // the expressions that make the value
}

// memoOf recognises a memo around an acquisition. why says what an entry is where
// the shape is one and the value cannot be made again; nil and "" where it is
// another shape.
func (s *scan) memoOf(o *Obligation, lookups []syntax.Node) (m *memo, why string) {
	stmt := o.Call.Outer().Parent()
	if !stmt.Is("expression_statement") || len(lookups) == 0 {
		return nil, ""
	}
	m = &memo{filed: []syntax.Node{stmt}}
	for _, l := range lookups {
		if sym := l.Outer().Parent().Field("name").Symbol(); sym != nil && l.Outer().Parent().Field("value").Inner(false) == l {
			m.value = sym
		}
	}
	for n := range o.Call.Function().Own() {
		if !n.Is("if_statement") {
			continue
		}
		hit, ok := m.asks(n.Field("condition").Child(0), lookups)
		if !ok {
			continue
		}
		then, other := n.Field("consequence"), n.Field("alternative")
		switch {
		case !hit && o.Call.Within(then):
			m.guard, m.hit = n, other.Child(0)
		case hit && o.Call.Within(other):
			m.guard, m.hit = n, then
		case hit && !other.OK() && endsInReturn(then) && o.Call.Within(n.Parent()) && o.Call.Start() > n.End():
			m.guard, m.hit = n, then
		}
	}
	if !m.guard.OK() || slices.ContainsFunc(m.value.Mentions(), func(r syntax.Node) bool { return syntax.IsWrite(r) && r.Start() < m.guard.Start() }) {
		return nil, ""
	}
	m.values = []syntax.Node{o.Bindings["VALUE"]}
	m.made = s.madeOf(o.Bindings["VALUE"], m)
	for _, u := range o.gist.(*growth).collection.uses { // it may file that there is none
		if u.how != grows || u.at == o.Call {
			continue
		}
		again, ok := o.Acquire.Pattern.Match(u.at, o.keyed())
		stmt := u.at.Outer().Parent()
		if !ok || !stmt.Is("expression_statement") || u.at.Function() != o.Call.Function() || u.at.Start() < m.guard.Start() || m.hit.OK() && u.at.Within(m.hit) {
			line, _ := s.f.Position(u.at.Start())
			return m, fmt.Sprintf("line %d files entries, too", line)
		}
		m.filed = append(m.filed, stmt)
		if v := again["VALUE"].Inner(true); !isNothing(v) && !v.Is("true", "false") {
			m.values = append(m.values, v)
			m.made = append(m.made, s.madeOf(v, m)...)
		}
	}
	if why := s.irreplaceable(o, m); why != "" {
		return m, why
	}
	return m, ""
}

// asks reports whether a condition asks whether there is an entry: hit where it is
// true of one.
func (m *memo) asks(n syntax.Node, lookups []syntax.Node) (hit, ok bool) {
	n = n.Inner(false)
	isValue := func(n syntax.Node) bool {
		n = n.Inner(false)
		return slices.Contains(lookups, n) || n.Is("identifier") && m.value != nil && n.Symbol() == m.value
	}
	switch n.Kind() {
	case "unary_expression":
		if n.Field("operator").Text() == "!" {
			hit, ok = m.asks(n.Field("argument"), lookups)
			return !hit, ok
		}
	case "binary_expression":
		left, right := n.Field("left").Inner(false), n.Field("right").Inner(false)
		if slices.Contains(lookups, n) {
			return true, true
		}
		if left.Is("unary_expression") && left.Field("operator").Text() == "typeof" {
			left, right = left.Field("argument").Inner(false), syntax.Node{}
		} else if !isNothing(right) {
			return false, false
		}
		if !isValue(left) {
			return false, false
		}
		switch n.Field("operator").Text() {
		case "===", "==":
			return false, true
		case "!==", "!=":
			return true, true
		}
		return false, false
	}
	return true, isValue(n)
}

// endsInReturn reports whether a branch ends in a return.
func endsInReturn(n syntax.Node) bool {
	if n.Is("statement_block") {
		var last syntax.Node
		for c := range n.Children() {
			if !c.Is("comment") {
				last = c
			}
		}
		n = last
	}
	return n.Is("return_statement")
}

// madeOf are the expressions that make the value that is filed.
func (s *scan) madeOf(v syntax.Node, m *memo) []syntax.Node {
	v = v.Inner(true)
	sym := v.Symbol()
	if !v.Is("identifier") || sym == nil || sym.Kind != syntax.Variable {
		return []syntax.Node{v}
	}
	var made []syntax.Node
	if init := sym.Decl.Field("value").Inner(true); init.OK() && sym != m.value && !isNothing(init) {
		made = append(made, init)
	}
	for _, r := range sym.Refs {
		if p := r.Parent(); p.Is("assignment_expression") && p.Field("left") == r {
			made = append(made, p.Field("right").Inner(true))
		}
	}
	return made
}

// irreplaceable says why values cannot be made again from their key; "" where they can.
func (s *scan) irreplaceable(o *Obligation, m *memo) string {
	for _, n := range m.values {
		if why := s.lost(o, m, n, 6); why != "" {
			return why
		}
	}
	return ""
}

// lost says what would be lost with a value.
func (s *scan) lost(o *Obligation, m *memo, n syntax.Node, hops int) string {
	for _, other := range s.found {
		if other != o && !other.Kind.Collects() && other.Call.Within(n) {
			return fmt.Sprintf("an entry holds a %s, which would have to be released", other.Kind.Noun)
		}
	}
	n = n.Inner(true)
	switch n.Kind() {
	case "new_expression":
		if !slices.Contains(stateless, calleeText(n)) {
			return fmt.Sprintf("an entry is an object with a state of its own, %s", shorten(n.Text()))
		}
	case "object", "array":
		return "an entry may be changed by whoever got it"
	case "arrow_function", "function_expression", "function":
		return "an entry is a function, which may remember"
	case "true", "false", "number", "string":
		return "what is forgotten is taken for new when it comes again"
	case "call_expression":
		for d := range n.Descendants() {
			if d.Is("call_expression") && slices.Contains(whims, calleeText(d)) {
				return fmt.Sprintf("%s gives another value each time", calleeText(d))
			}
		}
		callee := n.Field("function").Inner(false)
		for a := range n.Field("arguments").Children() {
			if a.IsFunction() && !walking[lastName(callee)] {
				return fmt.Sprintf("what %s returns may remember what it was given to call", calleeText(n))
			}
		}
		if sym := callee.Symbol(); sym != nil && sym.Kind == syntax.Parameter {
			return fmt.Sprintf("what %s makes is its caller's", sym.Name)
		}
		if lastName(callee) == "bind" {
			return "an entry is a function, which may remember"
		}
		if words := wordsIn(lastName(callee)); !o.filesPlain(s) && len(words) > 0 && slices.Contains(lively, words[0]) {
			return fmt.Sprintf("an entry may have a state of its own: %s", shorten(n.Text()))
		}
	case "ternary_expression":
		if why := s.lost(o, m, n.Field("consequence"), hops); why != "" {
			return why
		}
		return s.lost(o, m, n.Field("alternative"), hops)
	case "identifier":
		return s.lostOf(o, m, n, hops)
	case "member_expression", "subscript_expression":
		if sym := rootOf(n).Symbol(); sym != nil && sym.Kind == syntax.Parameter {
			return givenText
		}
	case "binary_expression", "template_string":
	default:
		return "how an entry is made cannot be seen"
	}
	return ""
}

const givenText = "what is filed is its caller's, who may count on finding that again"

// lostOf is lost for what a variable holds.
func (s *scan) lostOf(o *Obligation, m *memo, n syntax.Node, hops int) string {
	sym := n.Symbol()
	switch {
	case hops == 0, sym == nil, sym.Kind == syntax.Imported, sym.Kind == syntax.Function:
		return "how an entry is made cannot be seen"
	case sym.Kind == syntax.Parameter:
		return givenText
	case sym.Kind != syntax.Variable:
		return "an entry may be changed by whoever got it"
	}
	for _, r := range sym.Refs {
		if p := r.Outer().Parent(); p.Is("member_expression", "subscript_expression") && p.Field("object").Inner(true) == r && syntax.IsWrite(p) {
			return "an entry may be changed by whoever got it"
		}
	}
	made := s.madeOf(n, m)
	for _, v := range made {
		if v = v.Inner(true); v == n.Inner(true) {
			continue
		}
		if why := s.lost(o, m, v, hops-1); why != "" {
			return why
		}
	}
	if len(made) == 0 {
		return "how an entry is made cannot be seen"
	}
	return ""
}

// filesPlain reports whether the values are strings, numbers or the like, by the type
// of the collection.
func (o *Obligation) filesPlain(s *scan) bool {
	c := s.collectionAt(o.Bindings[o.Kind.Retainer])
	args := syntax.TypeOfAnnotation(syntax.Annotation(c.decl)).Args
	if len(args) == 0 {
		for a := range c.made.Field("type_arguments").Children() {
			args = append(args, a)
		}
	}
	return len(args) > 0 && args[len(args)-1].Is("predefined_type") && !slices.Contains([]string{"any", "unknown", "object"}, args[len(args)-1].Text())
}

// stateless are the language's own classes whose instances are as good as any other
// of the same arguments.
var stateless = []string{"RegExp", "Date", "URL", "Intl.NumberFormat", "Intl.DateTimeFormat", "Intl.PluralRules", "Intl.Collator", "Intl.RelativeTimeFormat", "Intl.ListFormat", "TextDecoder", "TextEncoder"}

// whims are functions that give another value each time.
var whims = []string{"Math.random", "Date.now", "performance.now", "crypto.randomUUID", "process.hrtime"}

// lively are the words with which the names of functions begin that make something
// with a life of its own.
var lively = []string{"create", "make", "new", "open", "connect", "spawn", "start", "listen", "subscribe", "init", "initialize", "acquire", "launch", "register", "mount", "attach", "add", "push"}
