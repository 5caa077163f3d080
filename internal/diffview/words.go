package diffview

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sergi/go-diff/diffmatchpatch"

	"github.com/unleak-dev/unleak/patch"
)

// Bounds of what is compared by words. Beyond them lines are shown as wholly
// replaced: nobody reads the words of a line that long.
const (
	maxWords = 2000   // of a line
	maxCells = 40_000 // deletions times insertions of one block
)

// alike is the least part of two lines, by length, that they must have in common
// for one to replace the other.
const alike = 0.5

// align finds out which insertions replace which deletions, and marks, by row and
// byte, what differs between the two.
func (h *Hunk) align(before, after *source) map[int][]bool {
	marks := map[int][]bool{}
	for i := 0; i < len(h.Rows); i++ {
		if h.Rows[i].Op == patch.Keep {
			continue
		}
		dels, inserts, end := h.block(i)
		i = end - 1
		if (inserts-dels)*(end-inserts) > maxCells {
			continue
		}
		var left, right [][]string
		for _, r := range h.Rows[dels:inserts] {
			left = append(left, wordsOf(before.line(r.Old)))
		}
		for _, r := range h.Rows[inserts:end] {
			right = append(right, wordsOf(after.line(r.New)))
		}
		for _, m := range matches(left, right) {
			l, r := dels+m[0], inserts+m[1]
			h.Rows[l].match, h.Rows[r].match = r+1, l+1
			marks[l], marks[r] = changedWords(left[m[0]], right[m[1]])
		}
	}
	return marks
}

// wordsOf cuts a line into words, white space, and single other characters. What is
// combined into one character stays together.
func wordsOf(line string) []string {
	var out []string
	for len(line) > 0 {
		end := character(line)
		sort := sortOf(line)
		for sort != 0 && end < len(line) && sortOf(line[end:]) == sort {
			end += character(line[end:])
		}
		out = append(out, line[:end])
		line = line[end:]
	}
	return out
}

func sortOf(text string) int {
	switch r, _ := utf8.DecodeRuneInString(text); {
	case r == '_' || r == '$' || unicode.IsLetter(r) || unicode.IsDigit(r):
		return 1
	case unicode.IsSpace(r):
		return 2
	}
	return 0
}

// matches pairs lines that are alike, in order, so that as much as possible is.
func matches(left, right [][]string) [][2]int {
	if len(left) == 0 || len(right) == 0 {
		return nil
	}
	best := make([][]float64, len(left)+1) // of the lines from i and j on
	for i := range best {
		best[i] = make([]float64, len(right)+1)
	}
	counts := make([]map[string]int, len(right))
	for j := range right {
		counts[j] = count(right[j])
	}
	likeness := make([][]float64, len(left))
	for i := len(left) - 1; i >= 0; i-- {
		likeness[i] = make([]float64, len(right))
		own := count(left[i])
		for j := len(right) - 1; j >= 0; j-- {
			l := similarity(own, counts[j])
			likeness[i][j] = l
			best[i][j] = max(best[i+1][j], best[i][j+1])
			if l >= alike {
				best[i][j] = max(best[i][j], l+best[i+1][j+1])
			}
		}
	}
	var out [][2]int
	for i, j := 0, 0; i < len(left) && j < len(right); {
		switch l := likeness[i][j]; {
		case l >= alike && best[i][j] == l+best[i+1][j+1]:
			out = append(out, [2]int{i, j})
			i++
			j++
		case best[i][j] == best[i][j+1]:
			j++
		default:
			i++
		}
	}
	return out
}

func count(words []string) map[string]int {
	n := map[string]int{}
	for _, w := range words {
		if strings.TrimSpace(w) != "" {
			n[w]++
		}
	}
	return n
}

// similarity is how much of two lines is the same words, from 0 to 1, by length.
func similarity(a, b map[string]int) float64 {
	common, all := 0, 0
	for w, n := range a {
		common += min(n, b[w]) * len(w)
		all += n * len(w)
	}
	for w, n := range b {
		all += n * len(w)
	}
	if all == 0 {
		return 0
	}
	return 2 * float64(common) / float64(all)
}

// changedWords marks what two lines do not have in common. White space at their
// beginning is no word: a line that is only moved in has no marks.
func changedWords(a, b []string) (left, right []bool) {
	left, right = make([]bool, size(a)), make([]bool, size(b))
	if len(a) > maxWords || len(b) > maxWords {
		return left, right
	}
	known := map[string]rune{}
	dmp := diffmatchpatch.New()
	dmp.DiffTimeout = 0 // the same result on every machine
	diffs := dmp.DiffMainRunes(asRunes(a, known), asRunes(b, known), false)
	ai, bi, at, bt := 0, 0, 0, 0 // words and bytes
	put := func(words []string, i, at *int, n int, marks []bool, mark bool) {
		for range n {
			w := words[*i]
			for k := range len(w) {
				marks[*at+k] = mark && !(*i == 0 && strings.TrimSpace(w) == "")
			}
			*i++
			*at += len(w)
		}
	}
	for k, d := range diffs {
		n := utf8.RuneCountInString(d.Text)
		// A blank between two changes belongs to them.
		joins := d.Type == diffmatchpatch.DiffEqual && n == 1 && k > 0 && k < len(diffs)-1 && ai < len(a) && strings.TrimSpace(a[ai]) == ""
		switch d.Type {
		case diffmatchpatch.DiffEqual:
			put(a, &ai, &at, n, left, joins && changes(diffs, k, diffmatchpatch.DiffDelete))
			put(b, &bi, &bt, n, right, joins && changes(diffs, k, diffmatchpatch.DiffInsert))
		case diffmatchpatch.DiffDelete:
			put(a, &ai, &at, n, left, true)
		case diffmatchpatch.DiffInsert:
			put(b, &bi, &bt, n, right, true)
		}
	}
	return left, right
}

// changes reports whether there is an operation of a sort on both sides of diffs[k].
func changes(diffs []diffmatchpatch.Diff, k int, op diffmatchpatch.Operation) bool {
	before, after := false, false
	for i := k - 1; i >= 0 && diffs[i].Type != diffmatchpatch.DiffEqual; i-- {
		before = before || diffs[i].Type == op
	}
	for i := k + 1; i < len(diffs) && diffs[i].Type != diffmatchpatch.DiffEqual; i++ {
		after = after || diffs[i].Type == op
	}
	return before && after
}

func size(words []string) int {
	n := 0
	for _, w := range words {
		n += len(w)
	}
	return n
}

// asRunes gives each word a character of its own.
func asRunes(words []string, known map[string]rune) []rune {
	out := make([]rune, len(words))
	for i, w := range words {
		r, ok := known[w]
		if !ok {
			r = rune(0xE000 + len(known)) // no surrogate lies behind that
			known[w] = r
		}
		out[i] = r
	}
	return out
}
