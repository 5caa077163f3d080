package baseline

import (
	"cmp"
	"slices"
	"strings"
)

// Known are the fingerprints of those findings of now that the baseline has.
// gone tells whether a path is no more.
func (b *Baseline) Known(now []Now, gone func(path string) bool) map[string]bool {
	known := map[string]bool{}
	saved := map[string]*File{}
	for i := range b.Files {
		f := &b.Files[i]
		if old := saved[f.Path]; old != nil { // two baselines joined by hand
			old.Findings = append(slices.Clone(old.Findings), f.Findings...)
			continue
		}
		copied := *f
		saved[f.Path] = &copied
	}
	var strangers []*Now
	for i := range now {
		n := &now[i]
		if f := saved[n.Path]; f != nil {
			pair(f.Findings, n.Findings, known, true)
		} else {
			strangers = append(strangers, n)
		}
	}
	for _, r := range renames(saved, strangers, gone) {
		pair(r.from.Findings, r.to.Findings, known, false)
	}
	return known
}

type rename struct {
	from  *File
	to    *Now
	alike float64
}

// renames finds for each file that is gone the one that it became, each at most
// once, the most alike first.
func renames(saved map[string]*File, strangers []*Now, gone func(string) bool) []rename {
	var could []rename
	if len(strangers) == 0 {
		return nil
	}
	for path, f := range saved {
		if !gone(path) {
			continue
		}
		for _, n := range strangers {
			if a := f.Sketch.alike(n.Sketch); a >= enough && hasAll(n.Shapes, f.Findings) {
				could = append(could, rename{f, n, a})
			}
		}
	}
	slices.SortFunc(could, func(x, y rename) int {
		return cmp.Or(cmp.Compare(y.alike, x.alike), strings.Compare(x.from.Path, y.from.Path), strings.Compare(x.to.Path, y.to.Path))
	})
	var out []rename
	left, right := map[*File]bool{}, map[*Now]bool{}
	for _, r := range could {
		if !left[r.from] && !right[r.to] {
			left[r.from], right[r.to] = true, true
			out = append(out, r)
		}
	}
	return out
}

func hasAll(shapes map[string]bool, findings []Finding) bool {
	return !slices.ContainsFunc(findings, func(f Finding) bool { return !shapes[f.Shape] })
}

// pair makes findings known, each by one saved one.
func pair(saved, now []Finding, known map[string]bool, samePath bool) {
	used := make([]bool, len(saved))
	identity := func(f Finding) string {
		if samePath {
			return f.Fingerprint
		}
		return f.Shape
	}
	for _, same := range []func(a, b Finding) bool{
		func(a, b Finding) bool { return identity(a) == identity(b) && a.Gist == b.Gist },
		func(a, b Finding) bool { return a.Kind == b.Kind && a.Gist == b.Gist },
		func(a, b Finding) bool { return identity(a) == identity(b) },
	} {
		for _, n := range now {
			if known[n.Fingerprint] {
				continue
			}
			if i := index(saved, used, n, same); i >= 0 {
				used[i], known[n.Fingerprint] = true, true
			}
		}
	}
}

func index(saved []Finding, used []bool, n Finding, same func(a, b Finding) bool) int {
	for i, s := range saved {
		if !used[i] && same(s, n) {
			return i
		}
	}
	return -1
}
