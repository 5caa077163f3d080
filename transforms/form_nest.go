package transforms

import (
	"fmt"
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
)

// fragileFinally returns the finally clause in which everything that keeps the
// obligation from being met happens: the release is there, and something
// before it can fail.
func fragileFinally(o *Obligation) syntax.Node {
	if o.Way != MissingPath || o.again || len(o.releases) == 0 || len(o.Exits) == 0 {
		return syntax.Node{}
	}
	clause := o.releases[0].Ancestor("finally_clause")
	for _, r := range o.releases {
		if r.Ancestor("finally_clause") != clause {
			return syntax.Node{}
		}
	}
	for _, x := range o.Exits {
		if !x.Node.Within(clause) {
			return syntax.Node{}
		}
	}
	return clause
}

// nestReleases turns the statements of a finally into a chain in which each
// release runs whatever the ones before it did:
//
//	finally {                  finally {
//	  a();                       try {
//	  await x.close();    ->       a();
//	  await y.close();           } finally {
//	}                              try {
//	                                 await x.close();
//	                               } finally {
//	                                 await y.close();
//	                               }
//	                             }
//	                           }
func (s *scan) nestReleases(p *Plan, clause syntax.Node) (*Fix, *Refusal) {
	st := styleOf(s.f)
	body := clause.Field("body")
	var segments [][]syntax.Node
	var current []syntax.Node
	last := 0
	for n := body.First(); n.OK(); n = n.Next() {
		if !n.Named() || n.Is("comment") && n.Start() < lineEndAfter(s.f, last) {
			continue // punctuation, or a remark on the line before
		}
		last = n.End()
		if release := s.releasedBy(n); release {
			if len(current) > 0 && !allComments(current) {
				segments = append(segments, current)
				current = nil
			}
			segments = append(segments, append(current, n))
			current = nil
			continue
		}
		current = append(current, n)
	}
	if len(current) > 0 && !allComments(current) {
		segments = append(segments, current)
	}
	var settled []*Obligation
	for _, o := range p.Obligations {
		if isSegment(segments, o.releases) {
			settled = append(settled, o)
		} else {
			o.Refusal = refuse(TooEntangled, "its release is not a statement of its own")
		}
	}
	if len(segments) < 2 || len(settled) == 0 {
		return nil, refuse(TooEntangled, "the releases are not statements of their own")
	}
	p = p.only(settled...)
	for i, seg := range segments {
		for _, n := range seg {
			if name := declaredAndUsedLater(n, segments[i+1:]); name != "" {
				return nil, refuse(TooEntangled, "%s is declared in one step of the finally and used in a later one", name)
			}
		}
	}
	fix := &Fix{Plan: p, Message: "Let every release run, whatever the others do"}
	indent := indentAt(s.f, segments[0][0].Start())
	for i, seg := range segments {
		at := strings.Repeat(st.unit, i)
		first, last := seg[0], seg[len(seg)-1]
		start := s.f.LineStart(first.Start())
		end := lineEndAfter(s.f, last.End())
		if strings.TrimSpace(string(s.f.Src()[start:first.Start()])) != "" {
			return nil, refuse(TooEntangled, "several statements share a line")
		}
		depth := i + 1
		if i == len(segments)-1 {
			depth = i
		}
		if i < len(segments)-1 {
			fix.Edits = append(fix.Edits, st.openTry(s.f, start, end, indent+at, depth)...)
			// The white space up to the next segment becomes the seam.
			next := s.f.LineStart(segments[i+1][0].Start())
			fix.Edits = append(fix.Edits, patch.Edit{Start: end, End: next, New: st.eol + indent + at + "} finally {" + st.eol})
			continue
		}
		for _, e := range st.reindent(s.f, start, end, depth) {
			if off := len(indentAt(s.f, start)); e.Start == start && off > 0 {
				e.Start, e.End = start+off, start+off
			}
			fix.Edits = append(fix.Edits, e)
		}
		var closing strings.Builder
		for j := i - 1; j >= 0; j-- {
			closing.WriteString(st.eol + indent + strings.Repeat(st.unit, j) + "}")
		}
		fix.Edits = append(fix.Edits, patch.Edit{Start: end, End: end, New: closing.String()})
	}
	fix.Edits = mergeSeams(fix.Edits)
	fix.Notes = append(fix.Notes, Note{Unsafe, "every release runs now; where two fail, the later error is the one that is thrown"})
	s.awaitCallbacks(fix, body, segments, st)
	return fix, nil
}

// mergeSeams joins the insertion of a segment's `try {` with the seam that
// ends where it starts.
func mergeSeams(edits []patch.Edit) []patch.Edit {
	var out []patch.Edit
	for _, e := range edits {
		if e.Start == e.End && strings.HasSuffix(strings.TrimSpace(e.New), "try {") {
			merged := false
			for i, o := range out {
				if o.End == e.Start && o.Start < o.End {
					out[i].New += e.New
					merged = true
				}
			}
			if merged {
				continue
			}
		}
		out = append(out, e)
	}
	return out
}

func allComments(ns []syntax.Node) bool {
	for _, n := range ns {
		if !n.Is("comment") {
			return false
		}
	}
	return true
}

// releasedBy reports whether a statement releases one of the file's resources
// and does nothing else.
func (s *scan) releasedBy(stmt syntax.Node) bool {
	for _, o := range s.found {
		for _, r := range o.releases {
			if r.Within(stmt) && onlyReleases(stmt, r) {
				return true
			}
		}
	}
	return false
}

// onlyReleases: the statement of the release itself, or an if around nothing
// else.
func onlyReleases(stmt, release syntax.Node) bool {
	if stmt.Is("if_statement") && !stmt.Field("alternative").OK() {
		body := stmt.Field("consequence")
		if body.Is("statement_block") {
			if body.Len() != 1 {
				return false
			}
			body = body.Child(0)
		}
		stmt = body
	}
	return stmt.Is("expression_statement") && stmt.Child(0) == release.Outer()
}

// isSegment reports whether each of some releases is a segment of its own.
func isSegment(segments [][]syntax.Node, releases []syntax.Node) bool {
	return !slices.ContainsFunc(releases, func(r syntax.Node) bool {
		return !slices.ContainsFunc(segments, func(seg []syntax.Node) bool {
			last := seg[len(seg)-1]
			return r.Within(last) && onlyReleases(last, r)
		})
	})
}

func declaredAndUsedLater(n syntax.Node, later [][]syntax.Node) string {
	if !n.Is("lexical_declaration", "function_declaration", "class_declaration") {
		return ""
	}
	for d := range n.Descendants() {
		sym := d.Symbol()
		if sym == nil || sym.Node != d {
			continue
		}
		for _, r := range sym.Refs {
			for _, seg := range later {
				for _, m := range seg {
					if r.Within(m) {
						return sym.Name
					}
				}
			}
		}
	}
	return ""
}

// awaitCallbacks: a release in the finally that tells by a callback when it is
// done, awaited without one, waits for nothing. Now it waits.
func (s *scan) awaitCallbacks(fix *Fix, body syntax.Node, segments [][]syntax.Node, st style) {
	seen := map[int32]bool{}
	for _, o := range s.found {
		if len(o.Kind.Release) == 0 || !o.Kind.Release[0].Done {
			continue
		}
		for _, call := range o.releases {
			outer := call.Outer()
			stmt := outer.Parent()
			if seen[call.ID()] || !call.Within(body) || call.Field("arguments").Len() > 0 || !outer.Is("await_expression") ||
				!stmt.Is("expression_statement") || !inBlock(stmt) {
				continue
			}
			seen[call.ID()] = true
			depth := 0
			for i, seg := range segments {
				for _, n := range seg {
					if call.Within(n) {
						depth = min(i+1, len(segments)-1)
					}
				}
			}
			handle := call.Field("function").Field("object")
			plain := *o
			kind := *o.Kind
			kind.After = nil // it was awaited here: only the waiting is mended
			plain.Kind = &kind
			fix.Edits = append(fix.Edits, st.instead(stmt, strings.Repeat(st.unit, depth), awaitNarrowed(s.typing(), handle, &plain, false, nameTaken(body))))
			fix.Notes = append(fix.Notes, Note{Unsafe, fmt.Sprintf("the release of %s is really waited for now: %s tells by a callback when it is done", handle.Text(), shorten(call.Text()))})
		}
	}
}
