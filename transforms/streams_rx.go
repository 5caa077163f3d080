package transforms

import (
	"bytes"
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/project"
	"github.com/unleak-dev/unleak/internal/syntax"
)

// What the library of streams is called, and what of it has observers.

// ofStreams reports whether a module is the library, or the part of it that one thing
// was imported from before its version 6: rxjs/Subject.
func ofStreams(module string) bool { return module == "rxjs" || strings.HasPrefix(module, "rxjs/") }

// hasObservers reports whether a type is that of what has observers, and ends when that is told
// so.
func hasObservers(t syntax.Type) bool {
	switch {
	case t.Derived:
		return false
	case ofStreams(t.Module):
		return slices.Contains([]string{"Subject", "BehaviorSubject", "ReplaySubject"}, t.Name())
	}
	return t.Module == angular[0] && t.Name() == "EventEmitter"
}

// pipes reports whether a file has streams whose operators are functions: since
// version 6, and there is none from before.
func (s *scan) pipes() bool {
	if v, ok := s.Project.VersionOf(s.f.Path, "rxjs"); ok && v.Less(project.Version{6}) {
		return false
	}
	return !slices.ContainsFunc(s.f.Imports().Modules, func(m string) bool {
		part, ok := strings.CutPrefix(m, "rxjs/")
		return ok && part != "" && (strings.HasPrefix(part, "add/") || part[:1] != strings.ToLower(part[:1]))
	})
}

// endsStreams reports whether a text may have a class in whose code it is known what
// streams outlive: it names the module of its decorator, and has one.
func endsStreams(src []byte) bool {
	return slices.ContainsFunc(classHosts, func(h classHost) bool {
		return h.streams != nil && bytes.Contains(src, []byte(h.from[0])) && slices.ContainsFunc(h.decorators, func(d string) bool { return bytes.Contains(src, []byte("@"+d+"(")) })
	})
}
