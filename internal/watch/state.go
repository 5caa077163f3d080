package watch

import (
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/report"
	"github.com/unleak-dev/unleak/transforms"
)

// State is what is known to be found, by file.
type State struct {
	found map[string][]report.Finding
}

// Update takes what a look at some files has found: all that is in them, and in no
// other; nil files: all there are. It returns what came and what went, in order of path.
// A finding that has only moved within its file is neither.
func (s *State) Update(files []string, found []report.Finding) (came, went []report.Finding) {
	if s.found == nil {
		s.found = map[string][]report.Finding{}
	}
	now := map[string][]report.Finding{}
	for _, f := range found {
		now[f.Path] = append(now[f.Path], f)
	}
	if files == nil {
		for path := range s.found {
			files = append(files, path)
		}
	}
	for path := range now {
		files = append(files, path)
	}
	slices.Sort(files)
	for _, path := range slices.Compact(files) {
		came = append(came, lacking(now[path], s.found[path])...)
		went = append(went, lacking(s.found[path], now[path])...)
		if delete(s.found, path); len(now[path]) > 0 {
			s.found[path] = now[path]
		}
	}
	return came, went
}

// lacking are those of a that b does not have.
func lacking(a, b []report.Finding) []report.Finding {
	var out []report.Finding
	for _, f := range a {
		if !slices.ContainsFunc(b, func(g report.Finding) bool { return g.Fingerprint == f.Fingerprint }) {
			out = append(out, f)
		}
	}
	return out
}

// Has reports whether anything is found in a file, or below a folder.
func (s *State) Has(rel string) bool {
	for path := range s.found {
		if path == rel || strings.HasPrefix(path, rel+"/") {
			return true
		}
	}
	return false
}

// Leaks counts the findings that are leaks.
func (s *State) Leaks() int {
	n := 0
	for _, found := range s.found {
		for i := range found {
			if found[i].Standing == transforms.Leak {
				n++
			}
		}
	}
	return n
}
