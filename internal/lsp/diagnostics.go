package lsp

import (
	"context"
	"slices"

	"github.com/unleak-dev/unleak/transforms"
)

// kindsPage explains the kinds of the program.
const kindsPage = "https://github.com/unleak-dev/unleak/blob/main/docs/kinds.md#"

// refresh looks at the documents that wait for it, and tells the client.
func (s *Server) refresh() {
	s.background.Lock()
	defer s.background.Unlock()
	for {
		s.mu.Lock()
		if len(s.pending) == 0 || s.ctx.Err() != nil {
			s.mu.Unlock()
			return
		}
		if s.pulls() {
			others := len(s.pending) > 1
			s.pending = nil
			s.mu.Unlock()
			if others && s.client.Workspace.Diagnostics.RefreshSupport {
				_, _ = s.rpc.Callback(s.ctx, "workspace/diagnostic/refresh", nil) // it asks or does not
			}
			return
		}
		uri := s.pending[0]
		ctx, cancel := context.WithCancel(s.ctx)
		s.cancel = cancel
		s.mu.Unlock()
		known := false
		err := s.with(ctx, uri, func(a *analysis) error {
			known = true
			s.publish(&a.document, a.diagnostics(s.client))
			return nil
		})
		s.mu.Lock()
		stopped := ctx.Err() != nil
		s.cancel = nil
		var lost *document
		if d := s.documents[uri]; d != nil && !known && !stopped {
			copied := *d
			lost = &copied
		}
		if !stopped {
			s.pending = slices.DeleteFunc(s.pending, func(p string) bool { return p == uri })
		}
		s.mu.Unlock()
		cancel()
		if lost != nil { // nothing is known of it any more
			s.publish(lost, nil)
		}
		if stopped {
			return // by a change, which has set the timer
		}
		if err != nil {
			s.log("%s: %s", uri, err)
		}
	}
}

// publish tells the client what was found in a document, unless that is not the
// document any more.
func (s *Server) publish(d *document, found []diagnostic) {
	s.sending.Lock()
	defer s.sending.Unlock()
	s.mu.Lock()
	open, current := s.isCurrent(d)
	silent := s.pulls()
	s.mu.Unlock()
	if silent || !current || !open && len(found) > 0 {
		return
	}
	p := publishParams{URI: d.uri, Diagnostics: found}
	if p.Diagnostics == nil {
		p.Diagnostics = []diagnostic{}
	}
	if open {
		p.Version = &d.version
	}
	_ = s.rpc.Notify(s.ctx, "textDocument/publishDiagnostics", p) // as for say
}

// isCurrent reports whether a document is open, and whether it is as it was. It is
// called under the lock.
func (s *Server) isCurrent(d *document) (open, current bool) {
	now := s.documents[d.uri]
	return now != nil, now == nil || now.version == d.version && now.root == d.root
}

// pull answers a client that asks for diagnostics.
func (s *Server) pull(ctx context.Context, p *documentParams) (any, error) {
	items := []diagnostic{}
	err := s.with(ctx, p.TextDocument.URI, func(a *analysis) error {
		items = append(items, a.diagnostics(s.client)...)
		return nil
	})
	return map[string]any{"kind": "full", "items": items}, err
}

func (a *analysis) diagnostics(c capabilities) []diagnostic {
	linked, described := false, false
	if p := c.TextDocument.PublishDiagnostics; p != nil {
		linked, described = p.RelatedInformation, p.CodeDescriptionSupport
	} else if p := c.TextDocument.Diagnostic; p != nil {
		linked, described = p.RelatedInformation, p.CodeDescriptionSupport
	}
	var out []diagnostic
	for _, o := range a.mended.Findings {
		d := diagnostic{
			Range: a.place(o), Severity: severityOf(o), Code: o.Kind.Name, Source: "unleak", Message: o.Message,
			Data: map[string]string{"fingerprint": o.Fingerprint()},
		}
		if described && !o.Kind.Own {
			d.CodeDescription = &codeDescription{kindsPage + o.Kind.Name}
		}
		for _, x := range o.Exits {
			if linked && x.Node.File() == o.File {
				at := a.lines.span(x.Node.Start(), min(x.Node.End(), a.lines.firstLine(x.Node.Start())))
				d.RelatedInformation = append(d.RelatedInformation, related{location{a.uri, at}, "left here without the release: " + x.How})
			}
		}
		out = append(out, d)
	}
	for _, i := range a.mended.Useless {
		out = append(out, diagnostic{
			Range: a.lines.span(i.Node.Start(), i.Node.End()), Severity: severityHint, Source: "unleak",
			Message: "this comment silences nothing", Tags: []int{tagUnnecessary},
		})
	}
	return out
}

// place is where a finding is shown: what it points to, as far as its first line
// goes. A callback of fifty lines need not all be underlined.
func (a *analysis) place(o *transforms.Obligation) span {
	return a.lines.span(o.At.Start(), min(o.At.End(), a.lines.firstLine(o.At.Start())))
}

func severityOf(o *transforms.Obligation) int {
	switch {
	case o.Standing == transforms.Offer:
		return severityHint
	case o.Phase == transforms.Critical:
		return severityError
	case o.Phase == transforms.High:
		return severityWarning
	}
	return severityInformation
}

// covers reports whether two spans have a place in common, be it an end.
func (s span) covers(t span) bool { return !before(s.End, t.Start) && !before(t.End, s.Start) }

func before(p, q position) bool {
	return p.Line < q.Line || p.Line == q.Line && p.Character < q.Character
}
