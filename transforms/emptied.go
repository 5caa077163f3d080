package transforms

import (
	"fmt"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// A field that is emptied holds nothing that could be released after that:
//
//	this.timer = null;
//	clearInterval(this.timer);

// emptying are the statements that empty a field before the release of it behind
// in the same block, with nothing in between that could fill it, and the statement
// of the release.
func (in *instance) emptying(release, mention syntax.Node, field string) (emptied []syntax.Node, then syntax.Node) {
	for _, ref := range in.refs[field] {
		p := ref.Outer().Parent()
		stmt := p.Parent()
		if !p.Is("assignment_expression") || p.Field("left").Inner(false) != ref || !isNothing(p.Field("right")) ||
			!stmt.Is("expression_statement") || !inBlock(stmt) || release.Function() != p.Function() {
			continue
		}
		next := stmt.NextNamed()
		for next.OK() && harmlessBetween(next) {
			next = next.NextNamed()
		}
		if next.Is("expression_statement", "if_statement") && release.Within(next) && mention.Within(next) {
			emptied, then = append(emptied, stmt), next
		}
	}
	return emptied, then
}

// harmlessBetween: a comment, or another assignment of nothing.
func harmlessBetween(n syntax.Node) bool {
	a := n.Child(0)
	return n.Is("comment") || n.Is("expression_statement") && a.Is("assignment_expression") && (isNothing(a.Field("right")) || a.Field("right").Is("true", "false"))
}

// tooLate reports whether a release, by a mention of the field, comes when that has
// been emptied.
func (o *Obligation) tooLate(s *scan, in *instance, u use, mention syntax.Node, field string) bool {
	emptied, then := in.emptying(u.at, mention, field)
	if len(emptied) == 0 {
		return false
	}
	line, _ := s.f.Position(emptied[0].Start())
	o.releases = append(o.releases, u.at)
	o.step(u.at, "%s, which line %d has emptied", u.text, line)
	o.Exits = append(o.Exits, ExitPlace{u.at, fmt.Sprintf("line %d has emptied it", line)})
	o.gist = append(emptied, then)
	return true
}

// formOrder puts the emptying of a field behind its release.
type formOrder struct{}

func (formOrder) Name() string { return "order" }

func (formOrder) fix(s *scan, p *Plan) (*Fix, *Refusal) {
	o := p.Obligations[0]
	all := o.gist.([]syntax.Node)
	emptied, then := all[:len(all)-1], all[len(all)-1]
	st := styleOf(s.f)
	for _, stmt := range emptied {
		if lineEndAfter(s.f, stmt.End()) != endOf(stmt) {
			return nil, refuse(TooEntangled, "a remark stands beside what empties the field")
		}
	}
	if at := then.Start(); strings.TrimSpace(string(s.f.Src()[s.f.LineStart(at):at])) != "" {
		return nil, refuse(TooEntangled, "what empties the field and what releases it share a line")
	}
	return &Fix{
		Plan:    p,
		Edits:   append(deletions(emptied), st.after(then, st.fit(emptied[0].Text()))),
		Notes:   []Note{{Unsafe, fmt.Sprintf("the %s was never released here, and is now: does anything rely on it?", o.Kind.Noun)}},
		Message: fmt.Sprintf("Release the %s of %s before this.%s is emptied", o.Kind.Noun, p.Owner.Name, o.Handle.Field),
	}, nil
}
