package report

import (
	"bufio"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/unleak-dev/unleak/transforms"
)

// Annotations writes a workflow command of GitHub Actions for each finding, the most
// urgent first: GitHub shows ten of a level for each step.
func Annotations(w io.Writer, d *Document, o Origin) error {
	b := bufio.NewWriter(w)
	for _, f := range byUrgency(d.Findings) {
		level := f.level()
		if level == "note" {
			level = "notice"
		}
		b.WriteString(Annotation(level, path.Join(o.Below, f.Path), Place{f.Line, f.Column, f.EndLine, f.EndColumn}, "unleak: "+f.Kind, f.advice()))
	}
	return b.Flush()
}

// Annotation is a workflow command that marks a place in a file, whose path is
// relative to the top of the repository, as an error, a warning or a notice.
func Annotation(level, path string, at Place, title, text string) string {
	out := fmt.Sprintf("::%s file=%s,line=%d,endLine=%d,col=%d", level, property(path), at.Line, at.EndLine, at.Column)
	if at.Line == at.EndLine && at.EndColumn > 0 { // the end of another line is not taken
		out += fmt.Sprintf(",endColumn=%d", at.EndColumn)
	}
	return out + ",title=" + property(title) + "::" + message(text) + "\n"
}

// advice is what is said of a finding where there is room for some lines.
func (f *Finding) advice() string {
	out := f.Message
	switch {
	case f.Fix != nil:
		out += fmt.Sprintf("\nfix (%s): %s", f.Fix.Applicability, f.Fix.Message)
		for _, n := range f.Fix.Notes {
			out += "\n- " + n
		}
	case f.Refusal != nil:
		out += fmt.Sprintf("\nno fix (%s): %s", f.Refusal.Reason, f.Refusal.Text)
	}
	if f.Standing == transforms.Offer {
		out = "offer: " + out
	}
	return out
}

// message escapes the data of a workflow command.
func message(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(s)
}

// property escapes a property of a workflow command.
func property(s string) string {
	return strings.NewReplacer(":", "%3A", ",", "%2C").Replace(message(s))
}
