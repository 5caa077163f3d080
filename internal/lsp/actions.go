package lsp

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"github.com/creachadair/jrpc2"

	"github.com/unleak-dev/unleak/transforms"
)

// contentModified is answered when the document is another one by now.
const contentModified jrpc2.Code = -32801

// codeActions are the fixes of what is shown in a range, a comment that silences
// each, and all that is safe in the file.
func (s *Server) codeActions(ctx context.Context, p *codeActionParams) (any, error) {
	out := []codeAction{}
	err := s.with(ctx, p.TextDocument.URI, func(a *analysis) error {
		var actions []codeAction
		if wanted(p.Context.Only, quickFix) {
			actions = a.quickFixes(p)
		}
		if wanted(p.Context.Only, fixAll) && a.safe() > 0 {
			actions = append(actions, codeAction{Title: "Fix all safe leaks in this file", Kind: fixAll, Data: &actionData{Do: "all"}})
		}
		for _, action := range actions {
			action.Data.URI, action.Data.Version = a.uri, a.version
			if s.resolves() {
				out = append(out, action)
				continue
			}
			edit, err := a.edit(ctx, action.Data, s.client.Workspace.WorkspaceEdit.DocumentChanges)
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if err == nil {
				action.Edit, action.Data = edit, nil
				out = append(out, action)
			}
		}
		return nil
	})
	return out, err
}

// wanted reports whether a client asks for actions of a kind: by no name, by its
// name, or by that of a kind it belongs to.
func wanted(only []string, kind string) bool {
	for _, o := range only {
		if o == "" || o == kind || strings.HasPrefix(kind, o+".") {
			return true
		}
	}
	return len(only) == 0
}

// quickFixes are one action for each fix of what is shown in the range, and one for
// each finding that a comment may silence.
func (a *analysis) quickFixes(p *codeActionParams) []codeAction {
	var fixes, ignores []codeAction
	at := map[string]int{} // by the fix: its action
	for _, o := range a.mended.Findings {
		if _, ok := a.speaksAt(o, p.Range); !ok {
			continue
		}
		about := diagnosticsOf(p.Context.Diagnostics, o.Fingerprint())
		fix := a.mended.ByFinding[o.Fingerprint()]
		if fix != nil && fix.Applicability != transforms.Display {
			i, ok := at[fix.ID()]
			if !ok {
				i = len(fixes)
				at[fix.ID()] = i
				title := fix.Message
				if fix.Applicability == transforms.Unsafe {
					title += " (unsafe: " + question(fix) + ")"
				}
				fixes = append(fixes, codeAction{
					Title: title, Kind: quickFix, IsPreferred: fix.Applicability == transforms.Safe, Data: &actionData{Do: "fix", ID: fix.ID()},
				})
			}
			fixes[i].Diagnostics = append(fixes[i].Diagnostics, about...)
		}
		ignores = append(ignores, codeAction{
			Title: "Ignore this " + o.Kind.Name + " with a comment", Kind: quickFix, Diagnostics: about, Data: &actionData{Do: "ignore", ID: o.Fingerprint()},
		})
	}
	if a.safe() > 1 && len(fixes) > 0 {
		fixes = append(fixes, codeAction{Title: "Fix all safe leaks in this file", Kind: quickFix, Data: &actionData{Do: "all"}})
	}
	return append(fixes, ignores...)
}

// question is the first doubt that makes a fix unsafe.
func question(fix *transforms.Fix) string {
	for _, n := range fix.Notes {
		if n.Cap != transforms.Safe {
			return n.Text
		}
	}
	return "it needs a look"
}

// safe counts the fixes that "all safe" would try.
func (a *analysis) safe() int {
	seen := map[string]bool{}
	for _, o := range a.mended.Findings {
		if fix := a.mended.ByFinding[o.Fingerprint()]; fix != nil && fix.Applicability == transforms.Safe {
			seen[fix.ID()] = true
		}
	}
	return len(seen)
}

// diagnosticsOf are those that the client has of a finding, as it sent them.
func diagnosticsOf(all []json.RawMessage, fingerprint string) []json.RawMessage {
	var out []json.RawMessage
	for _, raw := range all {
		var d diagnostic
		if json.Unmarshal(raw, &d) == nil && d.Source == "unleak" && d.Data["fingerprint"] == fingerprint {
			out = append(out, raw)
		}
	}
	return out
}

// resolve gives an action its edit.
func (s *Server) resolve(ctx context.Context, p *codeAction) (any, error) {
	if p.Data == nil {
		return p, nil
	}
	modified := &jrpc2.Error{Code: contentModified, Message: "the document has changed since"}
	result := error(modified)
	err := s.with(ctx, p.Data.URI, func(a *analysis) error {
		if a.version != p.Data.Version {
			return nil
		}
		p.Edit, result = a.edit(ctx, p.Data, s.client.Workspace.WorkspaceEdit.DocumentChanges)
		return nil
	})
	if err == nil {
		err = result
	}
	return p, err
}

// edit is what an action does to the document.
func (a *analysis) edit(ctx context.Context, do *actionData, versioned bool) (*workspaceEdit, error) {
	edits, err := a.edits(ctx, do)
	if err != nil {
		return nil, err
	}
	if !versioned {
		return &workspaceEdit{Changes: map[string][]textEdit{a.uri: edits}}, nil
	}
	e := documentEdit{Edits: edits}
	e.TextDocument.URI, e.TextDocument.Version = a.uri, a.version
	return &workspaceEdit{DocumentChanges: []documentEdit{e}}, nil
}

func (a *analysis) edits(ctx context.Context, do *actionData) ([]textEdit, error) {
	if do.Do == "ignore" {
		for _, o := range a.mended.Findings {
			if o.Fingerprint() == do.ID {
				return a.silence(ctx, o)
			}
		}
		return nil, errors.New("nothing is reported there any more")
	}
	once := do.Do == "all"
	m, err := a.mend(ctx, a.src, func(f *transforms.Fix) bool {
		if do.Do == "all" {
			return f.Applicability == transforms.Safe && a.isNew(f)
		}
		if once || f.ID() != do.ID || f.Applicability == transforms.Display {
			return false
		}
		once = true
		return true
	})
	if err != nil {
		return nil, err
	}
	if m.New == nil {
		return nil, errors.New("this fix did not pass its proof, so it is not made")
	}
	return a.lines.textEdits(editsOf(m)), nil
}

// isNew reports whether a fix settles anything that the baseline does not have.
func (a *analysis) isNew(f *transforms.Fix) bool {
	for _, o := range f.Plan.Obligations {
		if !a.known[o.Fingerprint()] {
			return true
		}
	}
	return false
}
