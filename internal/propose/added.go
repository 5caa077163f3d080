package propose

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/markdown"
	"github.com/unleak-dev/unleak/internal/report"
	"github.com/unleak-dev/unleak/internal/run"
	"github.com/unleak-dev/unleak/transforms"
	"github.com/unleak-dev/unleak/vcs/forge"
)

// Added is what leaks in one commit and did not in another one.
type Added struct {
	Findings []Finding // in order of path
	Problems []error   // paths that could not be looked at
	Skipped  []error
	head     *Base
}

// FindAdded compares two commits. What moved, with its file or in it, is not new.
func FindAdded(ctx context.Context, base, head *Base, baseLook, headLook *Look) (*Added, error) {
	old, err := documentOf(ctx, baseLook, nil)
	if err != nil {
		return nil, err
	}
	a := &Added{head: head}
	var files []*transforms.Mended
	now, err := documentOf(ctx, headLook, func(m *transforms.Mended) { files = append(files, m) })
	if err != nil {
		return nil, err
	}
	a.Problems, a.Skipped = now.result.Problems, now.result.Skipped
	known := now.Known(old.Baseline(), func(rel string) bool {
		_, err := fs.Stat(head.Files, rel)
		return errors.Is(err, fs.ErrNotExist)
	})
	slices.SortFunc(files, func(a, b *transforms.Mended) int { return strings.Compare(a.Path, b.Path) })
	for _, m := range files {
		for _, o := range m.Findings {
			if !known[o.Fingerprint()] && !headLook.Known[o.Fingerprint()] {
				a.Findings = append(a.Findings, Finding{m.Path, o, m.ByFinding[o.Fingerprint()]})
			}
		}
	}
	return a, nil
}

// scanned is a document with the run that made it.
type scanned struct {
	*report.Document
	result *run.Result
}

func documentOf(ctx context.Context, l *Look, each func(*transforms.Mended)) (*scanned, error) {
	collect := &report.Collector{Project: l.Detector.Project, Baseline: true}
	opts := l.Run
	opts.Accept = nil
	opts.Each = func(m *transforms.Mended) {
		collect.Add(m)
		if each != nil {
			each(m)
		}
	}
	r, err := run.Run(ctx, l.Detector, opts)
	if err != nil {
		return nil, err
	}
	return &scanned{collect.Document(r), r}, nil
}

// Path is the path in the repository of a finding.
func (a *Added) Path(f Finding) string { return a.head.In(f.Path) }

// Comment is a text for the pull request, "" if nothing was added.
func (a *Added) Comment() string {
	if len(a.Findings) == 0 {
		return ""
	}
	var items []string
	var kinds []string
	for _, f := range a.Findings {
		line, _ := f.File.Position(f.At.Start())
		item := fmt.Sprintf("- %s, line %d: %s.%s\n  ", markdown.Code(a.Path(f)), line, said(f.Message), exits(f.Obligation))
		if f.Fix != nil {
			item += fmt.Sprintf("A fix (%s): %s. `unleak diff` shows it.\n", f.Fix.Applicability, said(f.Fix.Message))
		} else {
			item += whyLeft(f) + "\n"
		}
		items = append(items, item)
		if k := fmt.Sprintf("- %s: %s\n", markdown.Code(f.Kind.Name), whyLeaks(f.Kind)); !slices.Contains(kinds, k) && len(kinds) < maxTold {
			kinds = append(kinds, k)
		}
	}
	slices.Sort(kinds)
	intro := fmt.Sprintf("This adds %s that is not released on every way out.\n\n%s", counted(len(items), "acquisition", "acquisitions"), strings.Join(kinds, ""))
	tail := fmt.Sprintf("\n%s above an acquisition silences it.\n", markdown.Code("// unleak-ignore-next-line "+a.Findings[0].Kind.Name+" -- reason"))
	text, more := assemble(intro, []section{{"What leaks", "", items}}, tail, forge.BodyRoom)
	if len(more) > 0 {
		text = strings.Replace(text, "stand in the comments below", "are shown by `unleak scan`", 1)
	}
	return text
}

// Nothing is the text that takes the place of an earlier comment.
const Nothing = "Nothing that this adds leaks any more.\n"
