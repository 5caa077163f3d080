package proof

import (
	"fmt"
	"path"
	"testing"

	"github.com/unleak-dev/unleak/internal/matrix"
	"github.com/unleak-dev/unleak/transforms"
)

// leftAlone counts, for a kind in a form, the programs that were not mended: by
// the reason of the refusal, or "silent".
type leftAlone map[[2]string]map[string]int

// fromMatrix makes a cell of every kind in every program that can be mended.
func fromMatrix(t *testing.T, all, kinds []*transforms.Kind) ([]cell, leftAlone) {
	var out []cell
	left := leftAlone{}
	for _, c := range matrixCells(t, kinds) {
		m := mend(t, all, c.Case, c.File)
		if m.New == nil {
			key := [2]string{c.Kind.Name, c.Form}
			if left[key] == nil {
				left[key] = map[string]int{}
			}
			left[key][matrix.WhyNot(m)]++
			continue
		}
		made := newCell(t, fmt.Sprintf("%s in %s/%s", c.Kind.Name, c.Form, c.Name), c.Case, c.File, m)
		made.kind, made.name, made.matrix = c.Kind.Name, c.Name, true
		out = append(out, made)
	}
	return out, left
}

func matrixCells(t *testing.T, kinds []*transforms.Kind) []matrix.Cell {
	cells, err := matrix.Cells(kinds)
	if err != nil {
		t.Fatal(err)
	}
	return cells
}

// matrixCases lists the same as cases: the golden is what becomes of them,
// whatever that is.
func matrixCases(t *testing.T, all, kinds []*transforms.Kind) []transforms.Case {
	var out []transforms.Case
	for _, c := range matrixCells(t, kinds) {
		if m := mend(t, all, c.Case, c.File); m.New != nil {
			c.Case.Goldens = map[string]transforms.Golden{c.File: {Outcome: "safe", Text: string(m.New)}}
		}
		out = append(out, c.Case)
	}
	return out
}

// componentCases lists the components of frameworks that are mended, and that a compiler
// of TypeScript reads.
func componentCases(t *testing.T, all, kinds []*transforms.Kind) []transforms.Case {
	cells, err := matrix.Components(kinds)
	if err != nil {
		t.Fatal(err)
	}
	var out []transforms.Case
	for _, c := range cells {
		if ext := path.Ext(c.File); ext != ".ts" && ext != ".tsx" {
			continue
		}
		if m := mend(t, all, c.Case, c.File); m.New != nil {
			c.Case.Goldens = map[string]transforms.Golden{c.File: {Outcome: "safe", Text: string(m.New)}}
			out = append(out, c.Case)
		}
	}
	return out
}
