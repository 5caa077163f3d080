package diffview

import "github.com/unleak-dev/unleak/patch"

// everything is more context than any file has.
const everything = 1 << 30

// Around is Hunks with more to see: lines, numbered as before the change, are shown
// with one line around each, too, however far they are from it. The rows of
// a change of nothing are those lines alone.
func Around(c patch.Change, context int, lines []int) []Hunk {
	var whole Hunk
	if hunks := Hunks(c, everything); len(hunks) > 0 {
		whole = hunks[0]
	} else {
		for i, spans := range Lines(c.Path, c.Old) {
			whole.Rows = append(whole.Rows, Row{Op: patch.Keep, Old: i + 1, New: i + 1, Spans: spans})
		}
	}
	show := make([]bool, len(whole.Rows))
	wanted := map[int]bool{}
	for _, l := range lines {
		for near := l - 1; near <= l+1; near++ {
			wanted[near] = true
		}
	}
	for i, r := range whole.Rows {
		if wanted[r.Old] && r.Old > 0 {
			show[i] = true
		}
		if r.Op != patch.Keep {
			for near := max(0, i-context); near <= min(len(show)-1, i+context); near++ {
				show[near] = true
			}
		}
	}
	return whole.pick(show)
}

// pick makes hunks of the rows to show. Rows that replace each other are shown
// together, or not at all.
func (h Hunk) pick(show []bool) []Hunk {
	var out []Hunk
	before, after := 0, 0 // lines of either side above row i
	for i := 0; i < len(h.Rows); {
		if !show[i] {
			before, after = h.Rows[i].counted(before, after)
			i++
			continue
		}
		part := Hunk{OldStart: before + 1, NewStart: after + 1}
		first := i
		for ; i < len(h.Rows) && show[i]; i++ {
			r := h.Rows[i]
			if r.match > 0 {
				r.match -= first
			}
			part.Rows = append(part.Rows, r)
			before, after = r.counted(before, after)
		}
		part.OldLines, part.NewLines = before-part.OldStart+1, after-part.NewStart+1
		if part.OldLines == 0 {
			part.OldStart--
		}
		if part.NewLines == 0 {
			part.NewStart--
		}
		out = append(out, part)
	}
	return out
}

// counted adds a row to the lines of both sides.
func (r Row) counted(before, after int) (int, int) {
	if r.Op != patch.Insert {
		before++
	}
	if r.Op != patch.Delete {
		after++
	}
	return before, after
}
