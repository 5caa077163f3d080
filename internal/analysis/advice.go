package analysis

import (
	"fmt"
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/report"
	"github.com/unleak-dev/unleak/transforms"
)

// Advice is a recommendation, and how many findings ask for it.
type Advice struct {
	Title string `json:"title"`
	Text  string `json:"text"`
	Count int    `json:"count"`
	Path  string `json:"path"` // of an example
	Line  int    `json:"line"`
}

// rules are all the recommendations. What no finding asks for is not given: the
// advice is about this code.
var rules = []struct {
	title, text string
	asks        func(*report.Finding, *transforms.Kind) bool
}{
	{"Give back in a finally", "A release that stands behind work which can fail is skipped when it fails. `try`/`finally` releases on every way out, errors among them; several releases in one `finally` each need a `try` of their own, or the first that fails keeps the others from running.",
		func(f *report.Finding, _ *transforms.Kind) bool {
			return f.Way == transforms.MissingPath && (f.Owner.Form == transforms.OwnerBlock || f.Owner.Form == transforms.OwnerFunction)
		}},
	{"Clean up before a promise settles", "What an executor starts has to end before every `resolve` and every `reject`: nobody else can reach it afterwards.",
		func(f *report.Finding, _ *transforms.Kind) bool {
			return f.Owner.Form == transforms.OwnerPromise && f.Standing == transforms.Leak
		}},
	{"Keep the handle of every timer", "A timer whose handle is thrown away cannot be stopped. Keep it in the instance and clear it in the teardown; let a timeout leave the set when it fires.",
		func(f *report.Finding, k *transforms.Kind) bool {
			return k.Family == transforms.Timers && f.Way == transforms.NeverReleased && f.Owner.Form != transforms.OwnerPromise
		}},
	{"Take away what listens", "Whoever listens to something that lives longer has to stop listening when it ends: keep the function (an arrow or a `.bind()` written again is another one), and take it away in the teardown.",
		func(f *report.Finding, k *transforms.Kind) bool { return k.Family == transforms.Listeners }},
	{"Let the teardown reach everything", "A class that acquires in one method and has a teardown owes there all that it holds, the inherited teardown included (`super`). Clear collections, too: a teardown may be called twice.",
		func(f *report.Finding, _ *transforms.Kind) bool {
			return f.Owner.Form == transforms.OwnerClass && f.Standing == transforms.Leak
		}},
	{"Release what failed half-way", "A connection that fails to connect may hold a socket, a pool or a tunnel already. Release it where `connect()` fails, and then let the first error go on.",
		func(f *report.Finding, k *transforms.Kind) bool {
			return k.Begins == transforms.Called && f.Way == transforms.MissingPath
		}},
	{"Wait for releases that take time", "A release that tells by a callback or a promise when it is done is not done when it returns. Await it, so that a restart finds the port free and an error is heard.",
		func(f *report.Finding, k *transforms.Kind) bool {
			return slices.ContainsFunc(k.Release, func(r transforms.Release) bool { return r.Done }) || k.Fails == transforms.Rejects
		}},
	{"Bound what grows", "A registry that entries are added to under names from outside needs a way out for them, or a limit.",
		func(f *report.Finding, k *transforms.Kind) bool { return k.Family == transforms.Registries }},
	{"Release before starting again", "Starting twice overwrites the handle of the first time, which nobody can release any more. Release the old one first, or refuse to start twice.",
		func(f *report.Finding, _ *transforms.Kind) bool { return f.Way == transforms.Overwritten }},
	{"Check releases that do nothing", "A release is there and does not work: another function, another handle, or a name that is not called.",
		func(f *report.Finding, _ *transforms.Kind) bool { return f.Way == transforms.WrongRelease }},
}

func adviceFor(d *report.Document, kinds map[string]*transforms.Kind) []Advice {
	out := []Advice{}
	for _, r := range rules {
		a := Advice{Title: r.title, Text: r.text}
		for i := range d.Findings {
			f := &d.Findings[i]
			if k := kinds[f.Kind]; k != nil && r.asks(f, k) {
				if a.Count++; a.Count == 1 {
					a.Path, a.Line = f.Path, f.Line
				}
			}
		}
		if a.Count > 0 {
			out = append(out, a)
		}
	}
	slices.SortStableFunc(out, func(a, b Advice) int { return b.Count - a.Count })
	return out
}

// Check is a question for whoever reviews a change to this code.
type Check struct {
	Kind     string `json:"kind"`
	Question string `json:"question"`
}

// checksFor asks about the kinds that were found, the most frequent first.
func checksFor(d *report.Document, kinds map[string]*transforms.Kind) []Check {
	counts := map[string]int{}
	var order []string
	for i := range d.Findings {
		if name := d.Findings[i].Kind; kinds[name] != nil {
			if counts[name] == 0 {
				order = append(order, name)
			}
			counts[name]++
		}
	}
	slices.SortStableFunc(order, func(a, b string) int { return counts[b] - counts[a] })
	out := []Check{}
	for _, name := range order {
		k := kinds[name]
		if len(k.Acquire) == 0 || len(k.Release) == 0 {
			continue
		}
		question := fmt.Sprintf("Is what `%s` begins ended by `%s` on every way out, errors included?", code(k.Acquire[0].Pattern.Text), code(k.Release[0].Pattern.Text))
		if k.Fails != transforms.Never {
			question += " What if that fails?"
		}
		out = append(out, Check{name, question})
	}
	return out
}

// code writes a pattern as people read it: the handle by a name, whatever else is
// open as dots.
func code(pattern string) string {
	var b strings.Builder
	for i := 0; i < len(pattern); {
		if pattern[i] != '$' {
			b.WriteByte(pattern[i])
			i++
			continue
		}
		rest := strings.HasPrefix(pattern[i:], "$$$")
		for i < len(pattern) && pattern[i] == '$' {
			i++
		}
		start := i
		for i < len(pattern) && (pattern[i] == '_' || pattern[i] >= 'A' && pattern[i] <= 'Z' || pattern[i] >= '0' && pattern[i] <= '9') {
			i++
		}
		if rest {
			b.WriteString("…")
		} else {
			b.WriteString(strings.ToLower(pattern[start:i]))
		}
	}
	return b.String()
}
