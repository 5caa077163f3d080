package transforms

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
)

// Silence returns the text of a file with a comment above each line in which one of
// the given findings stands, so that none of them is reported any more. It fails where
// a comment would be something else: in a template, in the text of an element, in a
// string over several lines.
func (d *Detector) Silence(ctx context.Context, f *syntax.File, found []*Obligation, reason string) ([]byte, error) {
	if reason = strings.Join(strings.Fields(reason), " "); reason == "" {
		return nil, errors.New("the comment needs a reason")
	}
	kinds := map[int][]string{} // by the line's first byte
	var starts []int
	for _, o := range found {
		start := f.LineStart(o.At.Start())
		if start == 0 && bytes.HasPrefix(f.Src(), []byte("\ufeff")) {
			start = len("\ufeff")
		}
		if !slices.Contains(starts, start) {
			starts = append(starts, start)
		}
		if !slices.Contains(kinds[start], o.Kind.Name) {
			kinds[start] = append(kinds[start], o.Kind.Name)
		}
	}
	slices.Sort(starts)
	var edits []patch.Edit
	var comments []string
	for _, start := range starts {
		comment := "// " + ignoreNextLine + " " + strings.Join(kinds[start], ", ") + " -- " + reason
		comments = append(comments, comment)
		line, _, _ := bytes.Cut(f.Src()[start:], []byte("\n"))
		indent := line[:len(line)-len(bytes.TrimLeft(line, " \t"))]
		edits = append(edits, patch.Edit{Start: start, End: start, New: string(indent) + comment + eol(f.Src())})
	}
	src, err := patch.Apply(f.Src(), edits)
	if err != nil {
		return nil, err
	}
	after, err := syntax.Parse(ctx, f.Path, src)
	if err != nil {
		return nil, err
	}
	// They are comments, and everything else is what it was.
	moved := 0
	for i, start := range starts {
		at := start + moved + strings.Index(edits[i].New, "//")
		moved += len(edits[i].New)
		if n := after.NodeAt(at, at+len(comments[i])); !n.Is("comment") || n.Text() != comments[i] {
			line, _ := f.Position(start)
			return nil, fmt.Errorf("line %d: what stands above it is no code (a template, the text of an element), so no comment can", line)
		}
	}
	if after.NodeCount() != f.NodeCount()+len(starts) || after.Errors() > f.Errors() || secondOpinion(f.Path, f.Src(), src) != "" {
		return nil, errors.New("with a comment there the code would not be what it is")
	}
	silenced := ignoresOf(after)
	open := silenced.filter(d.Detect(ctx, after))
	for _, o := range found {
		if slices.ContainsFunc(open, func(x *Obligation) bool { return x.Fingerprint() == o.Fingerprint() }) {
			line, _ := f.Position(o.At.Start())
			return nil, fmt.Errorf("line %d: a comment above it would not silence it", line)
		}
	}
	return src, ctx.Err()
}

// eol is the line end that a text uses.
func eol(src []byte) string {
	if at := bytes.IndexByte(src, '\n'); at > 0 && src[at-1] == '\r' {
		return "\r\n"
	}
	return "\n"
}

// Judgement is what is to be said of a text that somebody wrote in place of a fix.
type Judgement struct {
	Broken string   // it does not parse where the text before did: what is wrong; else ""
	Owes   []string // what was to be settled and is not, and what is owed anew
}

// Judge reads a text that is to replace a file, as a fix is verified: it must parse no
// worse, what was to be settled must be, and nothing new may be owed. The error is that
// of a cancelled ctx.
func (d *Detector) Judge(ctx context.Context, f *syntax.File, src []byte, settled []*Obligation) (Judgement, error) {
	if errors := esbuildErrors(f.Path, src); len(errors) > len(esbuildErrors(f.Path, f.Src())) {
		text := errors[0].Text
		if at := errors[0].Location; at != nil {
			text = fmt.Sprintf("line %d: %s", at.Line, text)
		}
		return Judgement{Broken: text}, ctx.Err()
	}
	after, err := syntax.Parse(ctx, f.Path, src)
	if err != nil {
		if ctx.Err() != nil {
			return Judgement{}, context.Cause(ctx)
		}
		return Judgement{Broken: err.Error()}, nil
	}
	if after.Errors() > f.Errors() {
		return Judgement{Broken: "it does not parse"}, nil
	}
	before := map[string]bool{}
	for _, o := range ignoresOf(f).filter(d.Detect(ctx, f)) {
		before[o.Fingerprint()] = true
	}
	var j Judgement
	for _, o := range ignoresOf(after).filter(d.Detect(ctx, after)) {
		line, _ := after.Position(o.At.Start())
		switch same := func(x *Obligation) bool { return x.Fingerprint() == o.Fingerprint() }; {
		case slices.ContainsFunc(settled, same):
			j.Owes = append(j.Owes, fmt.Sprintf("line %d still leaks: %s", line, o.Message))
		case !before[o.Fingerprint()]:
			j.Owes = append(j.Owes, fmt.Sprintf("line %d leaks anew: %s", line, o.Message))
		}
	}
	if ctx.Err() != nil {
		return Judgement{}, context.Cause(ctx)
	}
	return j, nil
}

// One makes the fix of that ID in a file, verified, and no other. It is nil if there
// is none, and where it failed its proof: then bug says how.
func (d *Detector) One(ctx context.Context, f *syntax.File, id string) (fix *Fix, after []byte, bug *Bug, err error) {
	taken := false
	m, err := d.Mend(ctx, f, func(x *Fix) bool {
		if taken || x.ID() != id {
			return false
		}
		taken = true
		return true
	})
	switch {
	case err != nil:
		return nil, nil, nil, err
	case len(m.Fixes) > 0:
		return m.Fixes[0], m.New, nil, nil
	case len(m.Bugs) > 0:
		return nil, nil, m.Bugs[0], nil
	}
	return nil, nil, nil, nil
}
