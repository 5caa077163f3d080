package report

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// Change is what a look at files that changed has made of what is known: a line of
// `scan --watch --format json`. The first has all that was found.
type Change struct {
	Version int       `json:"version"`
	Files   []string  `json:"files"` // that changed; empty at first, and where all were looked at again
	Came    []Finding `json:"came"`
	Went    []Finding `json:"went"`
	Leaks   int       `json:"leaks"` // that there are now
	Seconds float64   `json:"seconds"`
}

// JSONLine writes a change on one line.
func JSONLine(w io.Writer, c *Change) error {
	for _, list := range []*[]Finding{&c.Came, &c.Went} {
		if *list == nil {
			*list = []Finding{}
		}
	}
	if c.Files == nil {
		c.Files = []string{}
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(c)
}

// TextChange writes a change for people: what came as a scan shows it, what went by
// name, and what there is now.
func TextChange(w io.Writer, c *Change, p Paint, shown func(string) string) error {
	b := bufio.NewWriter(w)
	for i := range c.Went {
		f := &c.Went[i]
		fmt.Fprintf(b, "%s %s %s: %s\n", p.Green("gone"), p.Bold(visible(shown(f.Path))), f.Kind, printable(f.Message))
	}
	for i := range c.Came {
		b.WriteString(p.Red("new") + " ")
		writeFinding(b, &c.Came[i], p, shown)
	}
	fmt.Fprintf(b, "%s; %d new, %d gone%s\n", p.Bold(count(c.Leaks, "leak")), len(c.Came), len(c.Went), changedFiles(c.Files, shown))
	return b.Flush()
}

// changedFiles names a few.
func changedFiles(files []string, shown func(string) string) string {
	var names []string
	for i, f := range files {
		if i == 3 {
			return fmt.Sprintf(" (%s and %d more)", strings.Join(names, ", "), len(files)-3)
		}
		names = append(names, printable(shown(f)))
	}
	if len(names) == 0 {
		return ""
	}
	return " (" + strings.Join(names, ", ") + ")"
}
