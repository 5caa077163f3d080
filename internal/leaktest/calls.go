package leaktest

import (
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// calls answers which methods of one class run what.
type calls struct {
	class   syntax.Node
	members []syntax.Member
	refs    map[string][]syntax.Node // mentions of this.NAME
}

func newCalls(class syntax.Node) *calls {
	c := &calls{class: class, members: syntax.Members(class), refs: map[string][]syntax.Node{}}
	for n := range class.Field("body").Descendants() {
		if !n.Is("member_expression", "subscript_expression") {
			continue
		}
		if name, ok := n.ThisField(); ok {
			if k, _ := n.ThisClass(); k == class {
				c.refs[name] = append(c.refs[name], n)
			}
		}
	}
	return c
}

func (c *calls) member(n syntax.Node) (syntax.Member, bool) {
	i := slices.IndexFunc(c.members, func(m syntax.Member) bool { return m.Node == n })
	if i < 0 {
		return syntax.Member{}, false
	}
	return c.members[i], true
}

// entry finds what a test has to do so that a member runs: make the instance (a
// constructor or field is returned), or call a public method without arguments.
// It prefers, in this order, making it, the method itself, and a caller.
func (c *calls) entry(node syntax.Node, seen []syntax.Node) (syntax.Member, bool) {
	m, ok := c.member(node)
	if !ok || slices.Contains(seen, node) || len(seen) > 4 || m.Static {
		return syntax.Member{}, false
	}
	if m.Name == "constructor" || !m.Method {
		return m, true
	}
	if m.Getter || node.HasToken("set") || m.Function().IsGenerator() {
		return syntax.Member{}, false
	}
	seen = append(seen, node)
	var callers []syntax.Member
	for _, ref := range c.refs[m.Name] {
		call := ref.Parent()
		_, caller := ref.ThisClass()
		if !call.Is("call_expression") || call.Field("function") != ref || !c.sure(call, caller, "") {
			continue
		}
		if e, ok := c.entry(caller, seen); ok {
			callers = append(callers, e)
		}
	}
	for _, e := range callers {
		if e.Name == "constructor" || !e.Method {
			return e, true
		}
	}
	callable := public(m) && !m.Function().WantsArguments() && !m.IsAbstract()
	switch {
	case callable && (!strings.HasPrefix(m.Name, "_") || len(callers) == 0):
		return m, true
	case len(callers) > 0:
		return callers[0], true
	}
	return syntax.Member{}, false
}

// sure reports whether running a member to its end evaluates n, the first time:
// n stands in no branch, loop or nested function, and nothing leaves the member
// before. A branch on a field that holds nothing at first counts as taken, or as
// not: `if (this.timer) return`.
func (c *calls) sure(n, member syntax.Node, handle string) bool {
	for at := n; at != member; at = at.Parent() {
		p := at.Parent()
		switch {
		case !p.OK():
			return false
		case p == member, p.Is("expression_statement", "arguments", "call_expression", "member_expression", "new_expression", "await_expression",
			"parenthesized_expression", "as_expression", "satisfies_expression", "non_null_expression", "type_assertion", "lexical_declaration",
			"variable_declaration", "variable_declarator", "array", "object", "pair", "return_statement", "assignment_expression"):
		case p.Is("statement_block"):
			if !c.through(p, at, handle) {
				return false
			}
		case p.Is("try_statement"):
			if at.Role() != "body" {
				return false
			}
		case p.Is("augmented_assignment_expression"): // this.timer ??= ..
			name, ok := p.Field("left").ThisField()
			if !p.HasToken("??=") && !p.HasToken("||=") || !ok || !c.unset(name, handle) {
				return false
			}
		case p.Is("if_statement"):
			if at.Role() != "consequence" || c.first(p.Field("condition"), handle) != isTrue {
				return false
			}
		case p.IsFunction() && p.Parent() == member: // start = () => { .. }
		default:
			return false
		}
	}
	return true
}

// through reports whether a block gets from its start to one of its statements.
func (c *calls) through(block, to syntax.Node, handle string) bool {
	for stmt := range block.Children() {
		if stmt == to {
			return true
		}
		if stmt.Is("if_statement") && c.first(stmt.Field("condition"), handle) == isFalse && !stmt.Field("alternative").OK() {
			continue
		}
		for n := range stmt.Own() {
			if n.Is("return_statement", "throw_statement", "while_statement", "do_statement") || n.Is("for_statement") && !n.Field("condition").OK() {
				return false
			}
		}
	}
	return false
}

// answer is what a condition says the first time.
type answer int

const (
	unknown answer = iota
	isTrue
	isFalse
)

// first evaluates a condition for a fresh instance, as far as it is about fields
// that hold nothing yet.
func (c *calls) first(cond syntax.Node, handle string) answer {
	cond = cond.Inner(false)
	if name, ok := cond.ThisField(); ok && c.unset(name, handle) {
		return isFalse
	}
	switch {
	case cond.Is("unary_expression") && cond.HasToken("!"):
		switch c.first(cond.Field("argument"), handle) {
		case isTrue:
			return isFalse
		case isFalse:
			return isTrue
		}
	case cond.Is("binary_expression"):
		name, ok := cond.Field("left").ThisField()
		right := cond.Field("right").Text()
		if !ok || right != "undefined" && right != "null" || !c.unset(name, handle) {
			return unknown
		}
		switch {
		case cond.HasToken("=="), cond.HasToken("===") && c.holds(name) == right:
			return isTrue
		case cond.HasToken("!="), cond.HasToken("!==") && c.holds(name) == right:
			return isFalse
		}
	}
	return unknown
}

// unset reports whether a field holds nothing (undefined, null, false) in an
// instance that was just made, as far as the class says: it is declared so and
// not assigned by the constructor; or it is the field of the handle itself.
func (c *calls) unset(field, handle string) bool {
	for _, ref := range c.refs[field] {
		_, m := ref.ThisClass()
		if syntax.IsWrite(ref) && syntax.MemberName(m) == "constructor" {
			return slices.Contains([]string{"undefined", "null", "false"}, ref.Parent().Field("right").Text())
		}
	}
	for _, m := range c.members {
		if m.Name == field {
			return !m.Method && !m.Param && !m.Static && slices.Contains([]string{"undefined", "null", "false"}, c.holds(field))
		}
	}
	return field == handle
}

// holds is the text of what a field is declared with, "undefined" for nothing.
func (c *calls) holds(field string) string {
	for _, ref := range c.refs[field] {
		if _, m := ref.ThisClass(); syntax.IsWrite(ref) && syntax.MemberName(m) == "constructor" {
			return ref.Parent().Field("right").Text()
		}
	}
	for _, m := range c.members {
		if v := m.Node.Field("value"); m.Name == field && v.OK() {
			return v.Text()
		}
	}
	return "undefined"
}

func (c *calls) assigned(field string) bool {
	return slices.ContainsFunc(c.refs[field], syntax.IsWrite)
}

// setFromOutside names a field that the members read and nothing in the class
// gives a value: declared without one, and not as optional.
func (c *calls) setFromOutside(members ...syntax.Node) string {
	for _, m := range c.members {
		if m.Method || m.Param || m.Static || m.Node.Field("value").OK() || m.Node.HasToken("?") || c.assigned(m.Name) {
			continue
		}
		if t := syntax.Annotation(m.Node); !t.OK() || strings.Contains(t.Text(), "undefined") {
			continue // undefined is a value like others
		}
		for _, ref := range c.refs[m.Name] {
			if _, in := ref.ThisClass(); slices.Contains(members, in) {
				return m.Name
			}
		}
	}
	return ""
}
