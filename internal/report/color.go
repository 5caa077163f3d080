package report

import "strings"

// Paint colours text; the zero value leaves it as it is.
type Paint struct{ On bool }

func (p Paint) code(c, s string) string {
	if !p.On || s == "" {
		return s
	}
	return "\x1b[" + c + "m" + s + "\x1b[0m"
}

// Bold, Red and the others colour s.
func (p Paint) Bold(s string) string   { return p.code("1", s) }
func (p Paint) Red(s string) string    { return p.code("31", s) }
func (p Paint) Green(s string) string  { return p.code("32", s) }
func (p Paint) Yellow(s string) string { return p.code("33", s) }
func (p Paint) Cyan(s string) string   { return p.code("36", s) }
func (p Paint) Dim(s string) string    { return p.code("2", s) }

// Diff colours a unified diff as git does.
func (p Paint) Diff(diff string) string {
	if !p.On {
		return diff
	}
	var b strings.Builder
	for line := range strings.Lines(diff) {
		text := strings.TrimSuffix(line, "\n")
		switch {
		case strings.HasPrefix(line, "diff "), strings.HasPrefix(line, "--- "), strings.HasPrefix(line, "+++ "):
			text = p.Bold(text)
		case strings.HasPrefix(line, "@@"):
			text = p.Cyan(text)
		case strings.HasPrefix(line, "+"):
			text = p.Green(text)
		case strings.HasPrefix(line, "-"):
			text = p.Red(text)
		}
		b.WriteString(text + "\n")
	}
	return b.String()
}
