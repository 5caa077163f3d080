package proof

import (
	"fmt"
	"slices"
	"testing"

	"github.com/unleak-dev/unleak/transforms"
)

// leftAlone counts, for a kind in a form, the programs that were not mended: by
// the reason of the refusal, or "silent".
type leftAlone map[[2]string]map[string]int

// matrix puts every kind into every program and makes a cell of each that can
// be mended.
func matrix(t *testing.T, kinds []*transforms.Kind) ([]cell, leftAlone) {
	var out []cell
	left := leftAlone{}
	all := programs(t)
	forms := transforms.Forms()
	for _, p := range all {
		if !slices.Contains(forms, p.form) {
			t.Errorf("programs.txtar: %s: there is no form %q", p.name, p.form)
		}
	}
	for _, s := range samples(t, kinds) {
		for _, p := range all {
			c, ok := p.instantiate(t, s)
			if !ok {
				continue
			}
			id := fmt.Sprintf("%s in %s/%s", s.kind.Name, p.form, p.name)
			m := mend(t, kinds, c, p.file)
			if m.New == nil {
				key := [2]string{s.kind.Name, p.form}
				if left[key] == nil {
					left[key] = map[string]int{}
				}
				left[key][whyNot(m)]++
				continue
			}
			made := newCell(t, id, c, p.file, m)
			made.kind, made.name, made.matrix = s.kind.Name, p.name, true
			out = append(out, made)
		}
	}
	return out, left
}

// matrixCases lists the programs with every kind in them as cases: the golden is
// what becomes of them, whatever that is.
func matrixCases(t *testing.T, kinds []*transforms.Kind) []transforms.Case {
	var out []transforms.Case
	for _, s := range samples(t, kinds) {
		for _, p := range programs(t) {
			c, ok := p.instantiate(t, s)
			if !ok {
				continue
			}
			if m := mend(t, kinds, c, p.file); m.New != nil {
				c.Goldens = map[string]transforms.Golden{p.file: {Outcome: "safe", Text: string(m.New)}}
			}
			c.Name = s.kind.Name + "/" + c.Name
			out = append(out, c)
		}
	}
	return out
}

// whyNot says why a file was left as it was.
func whyNot(m *transforms.Mended) string {
	for _, o := range m.Findings {
		if o.Refusal != nil {
			return string(o.Refusal.Reason)
		}
	}
	if len(m.Findings) > 0 {
		return "unmended"
	}
	return "silent"
}
