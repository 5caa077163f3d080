package report

import (
	"strings"

	"github.com/unleak-dev/unleak/internal/diffview"
	"github.com/unleak-dev/unleak/patch"
)

// The colours of rows are of the sixteen that everybody's terminal has chosen to be
// readable, so that they fit a dark and a light one.

func sideCode(op patch.Op) string {
	switch op {
	case patch.Delete:
		return "31"
	case patch.Insert:
		return "32"
	}
	return ""
}

func classCode(c diffview.Class) string {
	switch c {
	case diffview.Keyword:
		return "35"
	case diffview.String:
		return "33"
	case diffview.Number, diffview.Type, diffview.Tag:
		return "36"
	case diffview.Comment:
		return "2"
	case diffview.Hidden:
		return "7"
	}
	return ""
}

// Sign colours what stands beside a line: its number, or what the diff does to it.
func (p Paint) Sign(op patch.Op, s string) string {
	if op == patch.Keep {
		return p.Dim(s)
	}
	return p.code(sideCode(op), s)
}

// Spans colours a line of a diff: by syntax, in the colour of its side where the
// syntax says nothing, and what changed within it reversed.
func (p Paint) Spans(op patch.Op, spans []diffview.Span) string {
	var b strings.Builder
	for _, s := range spans {
		code := classCode(s.Class)
		switch side := sideCode(op); {
		case side == "":
		case s.Changed:
			code = side + ";7"
		case s.Class == diffview.Plain || s.Class == diffview.Function:
			code = side
		case s.Class == diffview.Keyword:
			code = side + ";1"
		}
		if code == "" {
			b.WriteString(s.Text)
		} else {
			b.WriteString(p.code(code, s.Text))
		}
	}
	return b.String()
}
