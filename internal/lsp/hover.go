package lsp

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/markdown"
	"github.com/unleak-dev/unleak/transforms"
)

func (s *Server) hover(ctx context.Context, p *positionParams) (any, error) {
	var result any // null: nothing is to be said there
	err := s.with(ctx, p.TextDocument.URI, func(a *analysis) error {
		at := span{p.Position, p.Position}
		var parts []string
		var where span
		for _, o := range a.mended.Findings {
			if place, ok := a.speaksAt(o, at); ok {
				if len(parts) == 0 {
					where = place
				}
				parts = append(parts, a.explain(o, s.client.TextDocument.Hover.ContentFormat))
			}
		}
		if len(parts) > 0 {
			kind := "plaintext"
			if isMarkdown(s.client.TextDocument.Hover.ContentFormat) {
				kind = "markdown"
			}
			result = hover{markupContent{kind, strings.Join(parts, "\n\n---\n\n")}, where}
		}
		return nil
	})
	return result, err
}

// speaksAt reports whether a finding is shown at a place: where it points to, and
// where its owner is left.
func (a *analysis) speaksAt(o *transforms.Obligation, at span) (span, bool) {
	if place := a.place(o); place.covers(at) {
		return place, true
	}
	for _, x := range o.Exits {
		place := a.lines.span(x.Node.Start(), min(x.Node.End(), a.lines.firstLine(x.Node.Start())))
		if x.Node.File() == o.File && place.covers(at) {
			return place, true
		}
	}
	return span{}, false
}

// isMarkdown reports whether a client reads Markdown.
func isMarkdown(formats []string) bool { return slices.Contains(formats, "markdown") }

// explain says why something leaks, what is done about it, and what its kind is about.
func (a *analysis) explain(o *transforms.Obligation, formats []string) string {
	prose, strong := markdown.Prose, "**"
	if !isMarkdown(formats) {
		prose, strong = markdown.Clean, ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s%s %s%s: %s\n\n", strong, o.Phase, o.Kind.Name, strong, prose(o.Message))
	for _, x := range o.Exits {
		fmt.Fprintf(&b, "- line %d: left here without the release: %s\n", a.lines.position(x.Node.Start()).Line+1, prose(x.How))
	}
	if len(o.Exits) > 0 {
		b.WriteByte('\n')
	}
	if fix := a.mended.ByFinding[o.Fingerprint()]; fix != nil {
		fmt.Fprintf(&b, "%sFix (%s)%s: %s\n\n", strong, fix.Applicability, strong, prose(fix.Message))
		for _, n := range fix.Notes {
			fmt.Fprintf(&b, "- %s\n", prose(n.Text))
		}
		if len(fix.Notes) > 0 {
			b.WriteByte('\n')
		}
	} else if o.Refusal != nil {
		fmt.Fprintf(&b, "%sNo fix (%s)%s: %s\n\n", strong, o.Refusal.Reason, strong, prose(o.Refusal.Text))
	}
	text := strings.TrimSpace(o.Kind.Prose)
	if o.Kind.Own && isMarkdown(formats) { // it came with the repository
		var own []string
		for _, p := range strings.Split(text, "\n\n") {
			own = append(own, prose(p))
		}
		text = strings.Join(own, "\n\n")
	}
	b.WriteString(text)
	return b.String()
}
