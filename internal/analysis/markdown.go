package analysis

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/template"
	"time"

	"github.com/unleak-dev/unleak/internal/markdown"
	"github.com/unleak-dev/unleak/transforms"
)

//go:embed analysis.md.tmpl
var markdownTemplate string

// Markdown writes the document by a template, "" for the program's own. What is
// quoted from the source stays text. The error of a template names its line.
func (a *Analysis) Markdown(w io.Writer, name, text string) error {
	if text == "" {
		name, text = "analysis.md", markdownTemplate
	}
	t, err := template.New(name).Funcs(functions).Parse(text)
	if err != nil {
		return err
	}
	var b strings.Builder // half a document is worse than none
	if err := t.Execute(&b, a); err != nil {
		return err
	}
	_, err = io.WriteString(w, b.String())
	return err
}

// JSON writes all that templates are given.
func (a *Analysis) JSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(a)
}

// functions are what templates may call.
var functions = template.FuncMap{
	"prose": func(s string) string { return markdown.Prose(markdown.WithoutLiterals(s)) },
	"code":  markdown.Code,
	"bytes": byteText,
	"date":  func(t time.Time) string { return t.Format("2006-01-02") },
	"short": func(commit string) string { return commit[:min(len(commit), 10)] },
	"title": func(s any) string {
		text := fmt.Sprint(s)
		return strings.ToUpper(text[:1]) + text[1:]
	},
	"upper":  func(s any) string { return strings.ToUpper(fmt.Sprint(s)) },
	"plural": plural,
	"leaks":  func(p Phase) []Issue { return standing(p, transforms.Leak) },
	"offers": func(p Phase) []Issue { return standing(p, transforms.Offer) },
	"fence":  func(text string) string { return markdown.Fence(text, 3) },
	"first": func(n int, list []Place) []Place {
		return list[:min(n, len(list))]
	},
	"sub": func(a, b int) int { return a - b },
}

func standing(p Phase, s transforms.Standing) []Issue {
	var out []Issue
	for _, i := range p.Issues {
		if i.Standing == s {
			out = append(out, i)
		}
	}
	return out
}

// plural counts: plural 2 "leak" is 2 leaks.
func plural(n int, word string) string {
	if n != 1 {
		if strings.HasSuffix(word, "s") || strings.HasSuffix(word, "h") || strings.HasSuffix(word, "x") {
			word += "e"
		}
		word += "s"
	}
	return fmt.Sprintf("%d %s", n, word)
}

// byteText writes a number of bytes with two digits at least.
func byteText(n int64) string {
	units := []string{"B", "KB", "MB", "GB", "TB"}
	value, unit := float64(n), 0
	for value >= 1024 && unit < len(units)-1 {
		value /= 1024
		unit++
	}
	if value >= 10 || unit == 0 || value == float64(int64(value)) {
		return fmt.Sprintf("%.0f %s", value, units[unit])
	}
	return fmt.Sprintf("%.1f %s", value, units[unit])
}
