package transforms

import (
	"fmt"
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/project"
)

// Disposal says whether what a kind acquires can be declared by `using`: its
// [Symbol.dispose], or [Symbol.asyncDispose], does what the kind's first
// release does.
type Disposal struct {
	Sync, Async bool
	Since       []Since // empty: whatever module it is from
}

// Since is the release in which modules made their objects disposable.
type Since struct {
	Modules []string // empty: all of the kind
	Node    bool     // the release is one of Node, not of the module
	Version project.Version
}

// parseDisposal reads `async`, `sync node 20.5`, `async puppeteer 25.4 playwright
// playwright-core 1.40`: a release stands behind the modules that it is about.
func parseDisposal(value string) (Disposal, error) {
	var d Disposal
	var at Since
	named := false
	for _, word := range strings.Fields(value) {
		v, isVersion := project.ParseVersion(word)
		switch {
		case word == "sync" && !named && d.Since == nil:
			d.Sync = true
		case word == "async" && !named && d.Since == nil:
			d.Async = true
		case word == "node":
			at.Node, named = true, true
		case isVersion && named:
			at.Version = v
			d.Since = append(d.Since, at)
			at, named = Since{}, false
		case isVersion:
			return Disposal{}, fmt.Errorf("of what is %s a release?", word)
		default:
			at.Modules, named = append(at.Modules, word), true
		}
	}
	switch {
	case !d.Sync && !d.Async:
		return Disposal{}, fmt.Errorf("want sync, async, or both, got %q", value)
	case named:
		return Disposal{}, fmt.Errorf("want a release at the end, got %q", value)
	}
	return d, nil
}

// since returns what is known of a module.
func (d Disposal) since(module string) (Since, bool) {
	for _, s := range d.Since {
		about := func(m string) bool { return m == module || strings.HasPrefix(module, m+"/") }
		if len(s.Modules) == 0 || slices.ContainsFunc(s.Modules, about) {
			return s, true
		}
	}
	return Since{}, len(d.Since) == 0
}
