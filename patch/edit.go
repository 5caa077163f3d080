// Package patch turns edits into changed files and changes into diffs. It
// knows text only.
package patch

import (
	"fmt"
	"slices"
	"strings"
)

// Edit replaces the bytes from Start up to, not including, End by New. An
// insertion has Start == End.
type Edit struct {
	Start, End int
	New        string
}

func (e Edit) String() string { return fmt.Sprintf("%d:%d %q", e.Start, e.End, e.New) }

// Overlap reports two edits that cannot both be applied.
type Overlap struct{ A, B Edit }

func (e *Overlap) Error() string { return fmt.Sprintf("edits conflict: %s and %s", e.A, e.B) }

// conflicts reports whether a and b, in this order, touch the same bytes or
// insert at the same point.
func conflicts(a, b Edit) bool {
	if a.Start == a.End && b.Start == b.End {
		return a.Start == b.Start
	}
	return a.End > b.Start && b.End > a.Start
}

// Sort orders edits by position; it fails with *Overlap if and only if two of
// them touch the same bytes or insert at one point.
func Sort(edits []Edit) ([]Edit, error) {
	out := slices.Clone(edits)
	slices.SortStableFunc(out, func(a, b Edit) int {
		if a.Start != b.Start {
			return a.Start - b.Start
		}
		return a.End - b.End
	})
	widest := -1
	for i, e := range out {
		if widest >= 0 && conflicts(out[widest], e) {
			return nil, &Overlap{out[widest], e}
		}
		if widest < 0 || e.End >= out[widest].End {
			widest = i
		}
	}
	return out, nil
}

// Apply returns src with the edits done. It fails if and only if an edit lies
// outside of src or two of them conflict.
func Apply(src []byte, edits []Edit) ([]byte, error) {
	sorted, err := Sort(edits)
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	at := 0
	for _, e := range sorted {
		if e.Start < at || e.End < e.Start || e.End > len(src) {
			return nil, fmt.Errorf("edit %s lies outside of the text (%d bytes)", e, len(src))
		}
		b.Write(src[at:e.Start])
		b.WriteString(e.New)
		at = e.End
	}
	b.Write(src[at:])
	return []byte(b.String()), nil
}

// Merge returns the union of two sets of edits of one text. Replacements that
// are in both are done once; it fails with *Overlap if others conflict, so that
// either set is applied whole or not at all.
func Merge(a, b []Edit) ([]Edit, error) {
	out := slices.Clone(a)
	for _, e := range b {
		if e.Start == e.End || !slices.Contains(a, e) {
			out = append(out, e)
		}
	}
	return Sort(out)
}
