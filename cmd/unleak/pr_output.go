package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/unleak-dev/unleak/internal/propose"
	"github.com/unleak-dev/unleak/internal/report"
	"github.com/unleak-dev/unleak/vcs"
	"github.com/unleak-dev/unleak/vcs/forge"
)

// prOutput prints what comes of the parts.
type prOutput struct {
	*cli
	paint  report.Paint
	dryRun bool
	json   bool
	plan   *propose.Plan

	parts  []prPart
	person bool // somebody has to look
	failed bool // something could not be looked at
}

// prPart is a part as --format json prints it.
type prPart struct {
	Action  forge.Action `json:"action"`
	Branch  string       `json:"branch"` // where it stands, or the one that was wanted
	Base    string       `json:"base"`
	RestsOn string       `json:"restsOn,omitempty"`
	Number  int          `json:"number,omitempty"`
	URL     string       `json:"url,omitempty"`
	Reason  string       `json:"reason,omitempty"`
	Notes   []string     `json:"notes,omitempty"`
	Title   string       `json:"title,omitempty"`
	Commit  vcs.Hash     `json:"commit,omitempty"`
	Commits []prCommit   `json:"commits"`
	Files   []string     `json:"files"`
	Dropped []prDropped  `json:"dropped"`
	Body    string       `json:"body,omitempty"` // of a dry run
	More    []string     `json:"more,omitempty"`
	Diff    string       `json:"diff,omitempty"`
}

type prCommit struct {
	Hash    vcs.Hash `json:"hash"`
	Subject string   `json:"subject"`
}

type prDropped struct {
	Path   string `json:"path"`
	Fix    string `json:"fix"`
	Reason string `json:"reason"`
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// begin tells what could not be looked at.
func (o *prOutput) begin() {
	for _, e := range o.plan.Problems {
		o.failed = true
		fmt.Fprintln(o.err, "unleak: "+oneLine(e.Error()))
	}
	for _, e := range o.plan.Skipped {
		o.warn("%s", oneLine(e.Error()))
	}
}

// part prints one part.
func (o *prOutput) part(w *propose.Work, out forge.Outcome) error {
	o.person = o.person || out.Action == forge.Hold || out.Action == forge.Refuse || len(w.Dropped) > 0
	for _, b := range w.Bugs {
		where := ""
		if dir, err := report.Reproduction(b); err == nil {
			where = "; please report it with " + dir
		}
		fmt.Fprintln(o.err, "unleak: "+oneLine(b.Error())+where)
	}
	p := prPart{
		Action: out.Action, Branch: out.Branch, Base: w.Proposal.Base, RestsOn: w.Proposal.RestsOn, Number: out.Number, URL: out.URL, Reason: out.Reason,
		Notes: out.Notes, Title: w.Proposal.Title, Commit: w.Proposal.Commit, Commits: []prCommit{}, Files: []string{}, Dropped: []prDropped{},
	}
	if p.Branch == "" {
		p.Branch = w.Part.Branch
	}
	for _, c := range w.Commits {
		p.Commits = append(p.Commits, prCommit{c.Hash, c.Subject()})
	}
	var diff strings.Builder
	for _, ch := range w.Changes {
		p.Files = append(p.Files, ch.Path)
		diff.WriteString(ch.Unified())
	}
	for _, d := range w.Dropped {
		p.Dropped = append(p.Dropped, prDropped{d.Path, d.Fix.Message, d.Why})
	}
	if o.dryRun {
		p.Body, p.More, p.Diff = w.Proposal.Body, w.Proposal.More, diff.String()
	}
	if o.json {
		o.parts = append(o.parts, p)
		return nil
	}
	return o.print(p, w)
}

func (o *prOutput) print(p prPart, w *propose.Work) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s", p.Action, p.Branch)
	if p.Number != 0 {
		fmt.Fprintf(&b, " #%d", p.Number)
	}
	if p.URL != "" {
		fmt.Fprintf(&b, " %s", p.URL)
	}
	if n := len(p.Commits); n > 0 {
		fmt.Fprintf(&b, " (%s, %s)", counted(n, "commit"), counted(len(p.Files), "file"))
	}
	if p.Reason != "" {
		fmt.Fprintf(&b, ": %s", oneLine(p.Reason))
	}
	b.WriteString("\n")
	if p.RestsOn != "" {
		fmt.Fprintf(&b, "  rests on %s\n", p.RestsOn)
	}
	for _, n := range p.Notes {
		fmt.Fprintf(&b, "  %s\n", oneLine(n))
	}
	for _, d := range p.Dropped {
		fmt.Fprintf(&b, "  dropped: %s: %s: %s\n", oneLine(d.Path), oneLine(d.Fix), oneLine(d.Reason))
	}
	if o.dryRun && len(p.Commits) > 0 {
		o.preview(&b, p, w)
	}
	_, err := io.WriteString(o.out, b.String())
	return err
}

// preview prints what would be pushed and written, out of the very same objects.
func (o *prOutput) preview(b *strings.Builder, p prPart, w *propose.Work) {
	for _, c := range w.Commits {
		fmt.Fprintf(b, "\n%s\n", o.paint.Bold("commit "+string(c.Hash)))
		for line := range strings.Lines(c.Message) {
			b.WriteString(strings.TrimRight("    "+line, " \n") + "\n")
		}
		b.WriteString("\n")
		for _, ch := range c.Changes {
			b.WriteString(o.paint.Diff(ch.Unified()))
		}
	}
	fmt.Fprintf(b, "\n%s\n\n%s", o.paint.Bold(p.Title), p.Body)
	for i, m := range p.More {
		fmt.Fprintf(b, "\n%s\n%s", o.paint.Bold(fmt.Sprintf("comment %d of %d", i+1, len(p.More))), m)
	}
	b.WriteString("\n")
}

// end prints what is printed as a whole.
func (o *prOutput) end() error {
	if !o.json {
		return nil
	}
	if o.parts == nil {
		o.parts = []prPart{}
	}
	e := json.NewEncoder(o.out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(map[string]any{"version": report.Version, "base": o.plan.Base.Branch, "commit": o.plan.Base.Commit, "pullRequests": o.parts})
}

func (o *prOutput) status() error {
	switch {
	case o.failed:
		return exitStatus(2)
	case o.person:
		return exitStatus(1)
	}
	return nil
}
