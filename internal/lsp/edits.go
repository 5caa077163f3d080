package lsp

import (
	"bytes"
	"context"
	"unicode/utf8"

	"github.com/unleak-dev/unleak/patch"
	"github.com/unleak-dev/unleak/transforms"
)

// editsOf are the edits between the two texts of a file: those of its fixes where
// they are all of one text, else what a comparison by lines finds.
func editsOf(m *transforms.Mended) []patch.Edit {
	var edits []patch.Edit
	var err error
	for _, f := range m.Fixes {
		if edits, err = patch.Merge(edits, f.Edits); err != nil {
			break
		}
	}
	if err == nil {
		if edits, err = patch.Sort(minimal(m.Old, edits)); err == nil {
			if made, err := patch.Apply(m.Old, edits); err == nil && bytes.Equal(made, m.New) {
				return edits
			}
		}
	}
	return minimal(m.Old, byLines(m.Old, m.New))
}

// byLines compares two texts.
func byLines(old, new []byte) []patch.Edit {
	var edits []patch.Edit
	at := 0 // in old
	line := 1
	for _, h := range (patch.Change{Old: old, New: new}).Hunks(0) {
		first := h.OldStart
		if h.OldLines == 0 {
			first++
		}
		for ; line < first; line++ {
			at += len(lineAt(old, at))
		}
		e := patch.Edit{Start: at, End: at}
		for _, l := range h.Lines {
			if l.Op == patch.Insert {
				e.New += l.Text
			} else {
				e.End += len(l.Text)
				line++
			}
		}
		at = e.End
		edits = append(edits, e)
	}
	return edits
}

func lineAt(src []byte, at int) []byte {
	if n := bytes.IndexByte(src[at:], '\n'); n >= 0 {
		return src[at : at+n+1]
	}
	return src[at:]
}

// minimal leaves out of each edit what it does not change, between whole characters.
// No edit begins or ends within the end of a line: an editor knows no such place.
func minimal(src []byte, edits []patch.Edit) []patch.Edit {
	var out []patch.Edit
	for _, e := range edits {
		for e.Start < e.End && e.New != "" {
			r, size := utf8.DecodeRune(src[e.Start:e.End])
			if q, n := utf8.DecodeRuneInString(e.New); q != r || n != size {
				break
			}
			e.Start, e.New = e.Start+size, e.New[size:]
		}
		for e.Start < e.End && e.New != "" {
			r, size := utf8.DecodeLastRune(src[e.Start:e.End])
			if q, n := utf8.DecodeLastRuneInString(e.New); q != r || n != size {
				break
			}
			e.End, e.New = e.End-size, e.New[:len(e.New)-size]
		}
		if e.Start == e.End && e.New == "" {
			continue
		}
		if within(src, e.Start) {
			e.Start, e.New = e.Start-1, "\r"+e.New
		}
		if within(src, e.End) {
			e.End, e.New = e.End+1, e.New+"\n"
		}
		out = append(out, e)
	}
	return out
}

// within reports whether an offset lies within \r\n.
func within(src []byte, at int) bool {
	return at > 0 && at < len(src) && src[at-1] == '\r' && src[at] == '\n'
}

func (l *lines) textEdits(edits []patch.Edit) []textEdit {
	out := []textEdit{}
	for _, e := range edits {
		out = append(out, textEdit{l.span(e.Start, e.End), e.New})
	}
	return out
}

// silence writes the comment that keeps a finding from being reported.
func (a *analysis) silence(ctx context.Context, o *transforms.Obligation) ([]textEdit, error) {
	src, err := a.root.detector.Silence(ctx, o.File, []*transforms.Obligation{o}, "say why")
	if err != nil {
		return nil, err
	}
	return a.lines.textEdits(minimal(a.src, byLines(a.src, src))), nil
}
