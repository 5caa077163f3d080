package analysis

import (
	_ "embed"
	"html/template"
	"io"
	"strings"

	"github.com/unleak-dev/unleak/internal/markdown"
)

var (
	//go:embed analysis.html.tmpl
	pageTemplate string
	//go:embed analysis.css
	pageStyle string
)

// page is what the template of the page is given.
type page struct {
	*Analysis
	Style  template.CSS
	Counts []bar
	Ranges ranges
	Course course
}

var pages = template.Must(template.New("analysis.html").Funcs(template.FuncMap(functions)).Funcs(template.FuncMap{
	"said":  func(s string) template.HTML { return coded(markdown.Prose(markdown.WithoutLiterals(s))) },
	"ours":  coded,
	"lines": func(s string) []string { return strings.Split(strings.TrimSuffix(s, "\n"), "\n") },
	"op": func(line string) string {
		switch {
		case strings.HasPrefix(line, "+++"), strings.HasPrefix(line, "---"), strings.HasPrefix(line, "diff "):
			return "file"
		case strings.HasPrefix(line, "@@"):
			return "hunk"
		case strings.HasPrefix(line, "+"):
			return "insert"
		case strings.HasPrefix(line, "-"):
			return "delete"
		}
		return "keep"
	},
}).Parse(pageTemplate))

// HTML writes the document as one page that needs nothing else: no script, no font,
// no network.
func (a *Analysis) HTML(w io.Writer) error {
	var b strings.Builder
	err := pages.Execute(&b, page{Analysis: a, Style: template.CSS(pageStyle), Counts: countsOf(a), Ranges: rangesOf(a), Course: courseOf(a)})
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, b.String())
	return err
}

// coded is a text with code in it, between backticks as in Markdown.
func coded(s string) template.HTML {
	var b strings.Builder
	for i, part := range strings.Split(s, "`") {
		if i%2 == 1 {
			b.WriteString("<code>" + template.HTMLEscapeString(part) + "</code>")
		} else {
			b.WriteString(template.HTMLEscapeString(part))
		}
	}
	return template.HTML(b.String())
}
