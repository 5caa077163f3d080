package transforms

import "strings"

// typing is how far a compiler minds the types of a file.
type typing int

const (
	untyped    typing = iota
	documented        // JavaScript whose types are checked, as far as comments say them
	annotated         // TypeScript
)

// typing looks at the file's language, at a directive at its head, and at the
// settings around it.
func (s *scan) typing() typing {
	if s.f.TypeScript() {
		return annotated
	}
	for n := range s.f.Root().All() {
		if !n.Is("comment", "hash_bang_line") {
			break
		}
		switch {
		case strings.Contains(n.Text(), "@ts-nocheck"):
			return untyped
		case strings.Contains(n.Text(), "@ts-check"):
			return documented
		}
	}
	if check := s.Project.TSConfigOf(s.f.Path).CheckJS; check != nil && *check {
		return documented
	}
	return untyped
}
