package propose

import (
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/transforms"
)

// names makes and reads the names of branches: prefix, scope, phase, and behind dots
// the key and the piece. None of them ends in a hyphen and a number, which is what a
// forge adds for a second branch of that name.
type names struct {
	start    string
	phases   []transforms.Phase
	existing []string
}

func newNames(opts Options, existing []string) *names {
	n := &names{start: Start(opts.Prefix, opts.Scope), phases: opts.Phases}
	for _, e := range existing {
		n.existing = append(n.existing, wanted(e))
	}
	return n
}

// Start is what the names of all branches of a scope begin with.
func Start(prefix, scope string) string {
	if scope != "" {
		return prefix + scope + "/"
	}
	return prefix
}

// wanted is the name that was wanted for a branch.
func wanted(branch string) string {
	i := strings.LastIndexByte(branch, '-')
	if i > 0 && i+1 < len(branch) && strings.Trim(branch[i+1:], "0123456789") == "" {
		return branch[:i]
	}
	return branch
}

func (n *names) branch(phase transforms.Phase, slug string) string {
	b := n.start + string(phase)
	if slug != "" {
		b += "." + slug
	}
	return b
}

// cutBelow reports whether some branch exists that was cut below a piece.
func (n *names) cutBelow(branch, at string) bool {
	return slices.ContainsFunc(n.existing, func(e string) bool {
		way, ok := strings.CutPrefix(e, branch+partMark)
		way, _, _ = strings.Cut(way, ".")
		return ok && len(way) > len(at) && strings.HasPrefix(way, at)
	})
}

// gone are the branches of the phases in question that no part wants any more.
func (n *names) gone(parts []*Part) []string {
	var out []string
	for _, e := range n.existing {
		rest, ok := strings.CutPrefix(e, n.start)
		phase, _, _ := strings.Cut(rest, ".")
		if ok && slices.Contains(n.phases, transforms.Phase(phase)) && !slices.Contains(out, e) &&
			!slices.ContainsFunc(parts, func(p *Part) bool { return p.Branch == e }) {
			out = append(out, e)
		}
	}
	slices.Sort(out)
	return out
}
