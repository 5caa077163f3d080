package transforms

import (
	"fmt"
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
)

// A framework ends an instance by a method of a certain name. One whose name is nearly
// that, or that of another release, is never called, and what it releases stays.

// misspelt is a method of an instance that looks like the end which the framework calls,
// and nothing calls; right is the name that it should have.
func (s *scan) misspelt(in *instance) (m syntax.Member, right string) {
	ends, known := s.hookNames(in)
	for _, end := range ends {
		if slices.ContainsFunc(in.members, func(m syntax.Member) bool { return m.Name == end }) {
			return m, "" // whoever wrote two may reckon with two releases
		}
	}
	for _, m := range in.members {
		if !m.Method || m.Static || m.Getter || !m.Function().Within(m.Node) || wantsArguments(m) || slices.Contains(known, m.Name) || s.mayBeCalled(in, m) {
			continue
		}
		if in.hosted && (m.Node.Parent() != in.class.Node || s.inMarkup(m.Name)) {
			continue
		}
		for i, end := range ends {
			if near(m.Name, end) || in.hosted && s.otherRelease(m.Name, i) {
				return m, end
			}
		}
	}
	return syntax.Member{}, ""
}

// hookNames are the methods by which a framework ends an instance, where that is known
// for sure, and others that it calls.
func (s *scan) hookNames(in *instance) (ends, known []string) {
	switch {
	case in.hosted:
		ends = s.endHooks(in)
		if len(ends) != 2 {
			return nil, nil
		}
		return ends, slices.Concat(begins, hides, []string{"beforeUpdate", "updated", "activated"})
	case in.host != nil && in.class.Node.IsClass():
		return append([]string{in.host.teardown}, in.host.others...), slices.Concat(in.host.onces, in.host.early, in.host.lost)
	}
	return nil, nil
}

// otherRelease reports whether a name is that of the i-th end of the other release of Vue.
func (s *scan) otherRelease(name string, i int) bool {
	switch s.vueRelease() {
	case 2:
		return name == endsOf3[i]
	case 3:
		return name == endsOf2[i]
	}
	return false
}

// mayBeCalled reports whether code that can be seen calls a method, or hands it on.
func (s *scan) mayBeCalled(in *instance, m syntax.Member) bool {
	if len(in.refs[m.Name]) > 0 || len(in.taken[m.Name]) > 0 || len(in.computed) > 0 || mentionsMember(s.f, m.Name, in.class.Node) {
		return true
	}
	for c := range m.Node.Parent().Children() {
		if c.Is("decorator") && c.NextNamed() == m.Node { // @HostListener('window:beforeunload')
			return true
		}
	}
	for _, c := range in.ancestors {
		if has(syntax.Members(c.Node), m.Name) || len(refsOfThis(c.Node)[m.Name]) > 0 {
			return true
		}
	}
	return false
}

// near reports whether a name is another one with a slip: in its capitals, or in one or
// two letters behind the first two.
func near(name, right string) bool {
	if name == right {
		return false
	}
	if strings.EqualFold(name, right) {
		return true
	}
	return len(name) >= 9 && strings.EqualFold(name[:2], right[:2]) && slips(name, right) <= 2
}

// slips is how many letters were left out, put in, changed, or took each other's place.
func slips(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		for j := range rows[i] {
			switch {
			case i == 0:
				rows[i][j] = j
			case j == 0:
				rows[i][j] = i
			default:
				change := 1
				if a[i-1] == b[j-1] {
					change = 0
				}
				rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+change)
				if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
					rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
				}
			}
		}
	}
	return rows[len(a)][len(b)]
}

// judgeMisspelt takes back what was said of a release by a method that nothing calls.
func (s *scan) judgeMisspelt(o *Obligation) {
	if o.Status == Moved || o.Standing != Leak || o.Kind.OneShot || len(o.releases) == 0 || !o.Owner.isInstance() || !o.Owner.Node.OK() {
		return
	}
	in := s.instance(o.Owner.Node)
	if in.lasting && !in.onlyUnended() || !in.hosted && in.host == nil || o.Status == Unmet && o.Way != MissingPath {
		return
	}
	m, right := s.misspelt(in)
	if right == "" {
		return
	}
	for _, r := range o.releases {
		if r.File() != s.f || !s.onlyRuns(in, m, r, maxHops) {
			return
		}
	}
	how := fmt.Sprintf("nothing calls %s(): the framework calls %s()", m.Name, right)
	o.step(m.Node, "not released: %s", how)
	o.Evidence = append(o.Evidence, how)
	s.unmet(o, WrongRelease, []ExitPlace{{memberNode(m), how}})
	o.Form = formHook{}
}

// onlyUnended reports whether an instance is taken for one that lives as long as the
// program for no more than that it has no end: one that is misspelt says otherwise.
func (in *instance) onlyUnended() bool {
	decorator, h := decoratorOf(in.class.Node)
	return h != nil && in.endsHosted() && (h.forRoot == "" || !optionOf(decorator, h.forRoot).OK())
}

// onlyRuns reports whether code runs by a method alone: it stands there, or in a method
// of the instance's own that only that one calls.
func (s *scan) onlyRuns(in *instance, m syntax.Member, n syntax.Node, hops int) bool {
	if n.Within(m.Node) {
		return true
	}
	_, member, _ := n.InstanceAt()
	name := syntax.MemberName(member)
	own := strings.HasPrefix(name, "#") || syntax.Accessibility(member) == "private" || in.hosted && !s.inMarkup(name)
	refs := in.refs[name]
	if hops == 0 || !member.OK() || !own || len(refs) == 0 || !syntax.FunctionOf(member).OK() {
		return false
	}
	return !slices.ContainsFunc(refs, func(ref syntax.Node) bool { return !s.onlyRuns(in, m, ref, hops-1) })
}

// memberNode is where a member has its name.
func memberNode(m syntax.Member) syntax.Node {
	for _, f := range []string{"name", "property", "key"} {
		if n := m.Node.Field(f); n.OK() {
			return n
		}
	}
	return m.Node
}

// awaitsName reports whether a release of the instance waits for its method to be given
// the name by which the framework calls it.
func (s *scan) awaitsName(in *instance) bool {
	return slices.ContainsFunc(s.found, func(o *Obligation) bool { return o.Form == formHook{} && o.Owner.Node == in.class.Node })
}

// formHook gives a method the name by which the framework calls it:
//
//	ngOnDestroy(): void { this.subscription.unsubscribe(); }
type formHook struct{}

func (formHook) Name() string { return "hook" }

func (formHook) fix(s *scan, p *Plan) (*Fix, *Refusal) {
	in := s.instance(p.Owner.Node)
	m, right := s.misspelt(in)
	at := memberNode(m)
	if at == m.Node || at.Text() != m.Name {
		return nil, refuse(TooEntangled, "%s is not a plain name", at.Text())
	}
	e, no := s.editClass(in)
	if no != nil {
		return nil, no
	}
	if e.taken[right] {
		return nil, refuse(NameTaken, "%s is something else in this class", right)
	}
	if access := syntax.Accessibility(m.Node); access == "private" || access == "protected" {
		return nil, refuse(TooEntangled, "%s() is %s, and the framework's hook is not", m.Name, access)
	}
	e.edits = append(e.edits, patch.Edit{Start: at.Start(), End: at.End(), New: right})
	h := in.host
	if h != nil && e.st.ts && h.contract != "" && right == h.teardown {
		if no := e.implement(h.from[0], h.contract); no != nil {
			return nil, no
		}
	}
	if h != nil && h.doubt != "" {
		e.note(Unsafe, h.doubt)
	}
	e.note(Unsafe, fmt.Sprintf("%s() has never been called: is all that it does right when an instance ends?", m.Name))
	return &Fix{Plan: p, Message: fmt.Sprintf("Give %s() the name by which the framework calls it", m.Name), Edits: e.finish(), Notes: e.notes}, nil
}
