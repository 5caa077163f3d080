package propose

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/unleak-dev/unleak/internal/markdown"
	"github.com/unleak-dev/unleak/patch"
	"github.com/unleak-dev/unleak/transforms"
)

// Suggestion is a fix that is one block of lines: a click in a review makes it.
type Suggestion struct {
	Path        string // in the repository
	First, Last int    // lines of the file as it is, both included, counted from 1
	Body        string // Markdown
	Fix         string // the fingerprint of the first thing that it settles
}

// maxBlock is how many lines a suggestion may have, before and after: a longer one is
// not read.
const maxBlock = 40

// Suggestions are the fixes of what was added that are one block each. A fix that is
// only shown is none of them.
func (a *Added) Suggestions() []Suggestion {
	var out []Suggestion
	told := map[*transforms.Fix]bool{}
	for _, f := range a.Findings {
		if f.Fix == nil || told[f.Fix] || f.Fix.Applicability < transforms.Unsafe {
			continue
		}
		told[f.Fix] = true
		if s, ok := a.suggestion(f); ok {
			out = append(out, s)
		}
	}
	return out
}

func (a *Added) suggestion(f Finding) (Suggestion, bool) {
	src := f.File.Src()
	now, err := patch.Apply(src, f.Fix.Edits)
	if err != nil || bytes.ContainsRune(src, '\r') { // how GitHub ends lines of a suggestion is not said
		return Suggestion{}, false
	}
	old, mended := lines(src), lines(now)
	head := 0
	for head < min(len(old), len(mended)) && old[head] == mended[head] {
		head++
	}
	tail := 0
	for tail < min(len(old), len(mended))-head && old[len(old)-1-tail] == mended[len(mended)-1-tail] {
		tail++
	}
	if head+tail == len(old) { // nothing but new lines: a line beside them is said again
		switch {
		case head > 0:
			head--
		case tail > 0:
			tail--
		default:
			return Suggestion{}, false
		}
	}
	was, is := old[head:len(old)-tail], mended[head:len(mended)-tail]
	if len(was) > maxBlock || len(is) > maxBlock {
		return Suggestion{}, false
	}
	text := strings.Join(is, "\n")
	fence := markdown.Fence(text, 3)
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s.%s\n\n%ssuggestion\n%s\n%s\n", markdown.Code(f.Kind.Name), said(f.Message), exits(f.Obligation), fence, text, fence)
	for _, n := range f.Fix.Notes {
		fmt.Fprintf(&b, "\n- [ ] %s", said(n.Text))
	}
	return Suggestion{Path: a.Path(f), First: head + 1, Last: len(old) - tail, Body: strings.TrimRight(b.String(), "\n") + "\n", Fix: f.Fingerprint()}, true
}

// lines are the lines of a text without their ends.
func lines(text []byte) []string {
	return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
}

// Leave takes the findings of some kinds out, and says how many there were.
func (a *Added) Leave(kinds map[string]bool) int {
	var kept []Finding
	for _, f := range a.Findings {
		if !kinds[f.Kind.Name] {
			kept = append(kept, f)
		}
	}
	n := len(a.Findings) - len(kept)
	a.Findings = kept
	return n
}
