// Package leaktest writes tests for classes that were mended: each makes an
// instance, starts it, ends it, and asserts that nothing of it stays alive.
//
// What counts as alive is asked of Node, not of the kind of leak: a hook sees
// every handle that is made while the instance is made and started, and which of
// them are gone after its end. It sees no more than what Node itself makes
// (timers, servers, sockets, processes, watchers); for anything else, and
// wherever a test could not fail before the fix or not pass after it, no test is
// written, for a reason out of a closed list.
package leaktest

import (
	"context"
	"fmt"
	"path"
	"slices"

	"github.com/unleak-dev/unleak/internal/project"
	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/transforms"
)

// Test is one generated test, for one class.
type Test struct {
	Path  string // where it is to be written, relative to the root
	For   string // the file of the class
	Class string
	Text  []byte
}

// Refused is a class that was mended and gets no test.
type Refused struct {
	Path  string
	Line  int // of the class
	Class string
	*Refusal
}

// Refusal says why there is no test.
type Refusal struct {
	Reason Reason
	Text   string
}

// Reason is why there is no test.
type Reason string

// The closed list of reasons.
const (
	NoRunner       Reason = "no-runner"        // which runner the project uses cannot be told
	NoTypeScript   Reason = "no-typescript"    // nothing says that the runner understands TypeScript
	NotExported    Reason = "not-exported"     // a test has no way to the class
	Abstract       Reason = "abstract"         // it has no instances of its own
	Injected       Reason = "injected"         // decorators: something else makes and fills its instances
	WantsArguments Reason = "wants-arguments"  // no arguments for its constructor are known
	UnknownBase    Reason = "unknown-base"     // nor is what the base's constructor wants
	SetFromOutside Reason = "set-from-outside" // starting it reads a field that somebody else must set
	NoStart        Reason = "no-start"         // nothing that a test can call acquires
	Conditional    Reason = "conditional"      // what acquires does so on some ways only
	NotSeen        Reason = "not-seen"         // Node does not tell of what is acquired
	TooShort       Reason = "too-short"        // it ends by itself before the test can look, or may
	HiddenTeardown Reason = "hidden-teardown"  // a test cannot call the teardown
	NameTaken      Reason = "name-taken"       // the name of the test file, or of the class, means something else
)

func refuse(r Reason, format string, args ...any) *Refusal {
	return &Refusal{r, fmt.Sprintf(format, args...)}
}

// Write writes a test for every class that a fix was made for, in order of file
// and place; with stress, it has two more, of many instances and of an error. ctx bounds the
// reading of the project's own tests; a class whose questions it cuts short is refused.
func Write(ctx context.Context, p *project.Project, files []*transforms.Mended, stress bool) (tests []Test, refused []Refused) {
	w := &writer{ctx: ctx, p: p, stress: stress, planned: map[string]bool{}}
	for _, m := range files {
		for _, s := range subjects(m) {
			t, no := w.test(s)
			if no != nil {
				line, _ := s.class.File.Position(s.class.Node.Start())
				refused = append(refused, Refused{m.Path, line, s.name, no})
				continue
			}
			w.planned[t.Path] = true
			tests = append(tests, *t)
		}
	}
	return tests, refused
}

// subject is a class and what the fixes of it release.
type subject struct {
	class    project.Class
	name     string
	teardown string
	released []*transforms.Obligation
}

// subjects groups the fixes of a file by class: several may be about one.
func subjects(m *transforms.Mended) []*subject {
	var out []*subject
	for _, fix := range m.Fixes {
		owner := fix.Plan.Owner
		if fix.Teardown == "" || owner.Node.File().Component() { // its framework makes those
			continue
		}
		i := slices.IndexFunc(out, func(s *subject) bool { return s.name == owner.Name })
		if i < 0 {
			i = len(out)
			out = append(out, &subject{class: project.Class{File: owner.Node.File(), Node: owner.Node}, name: owner.Name, teardown: fix.Teardown})
		}
		out[i].released = append(out[i].released, fix.Plan.Obligations...)
	}
	return out
}

// writer holds what the tests of one run have in common.
type writer struct {
	ctx     context.Context
	p       *project.Project
	stress  bool
	planned map[string]bool // files that this run is to write
	known   []existing      // the project's tests, once they were looked for
	looked  bool
}

// test plans and writes the test of one class.
func (w *writer) test(s *subject) (*Test, *Refusal) {
	source := s.class.File
	run, no := w.runnerOf(source.Path)
	if no != nil {
		return nil, no
	}
	ex, no := exportOf(s.class)
	if no != nil {
		return nil, no
	}
	if no := w.hidden(s); no != nil {
		return nil, no
	}
	made, no := w.construction(s.class, ex)
	if no != nil {
		return nil, no
	}
	started, no := w.start(s)
	if no != nil {
		return nil, no
	}
	at, no := w.place(source, run, made.from)
	if no != nil {
		return nil, no
	}
	if s.name == "(anonymous class)" {
		return nil, refuse(NameTaken, "the class has no name")
	}
	t := text{
		runner: run, manner: transforms.MannerOf(source), ts: source.TypeScript(), esm: !ex.cjs || run.name == vitest,
		class: s.name, export: ex, module: at.specifier, made: made, started: started, teardown: s.teardown, stress: w.stress,
	}
	content := []byte(t.String())
	file, no := w.freeName(at, content)
	if no != nil {
		return nil, no
	}
	if f, err := syntax.Parse(w.ctx, path.Base(file), content); err != nil || f.Errors() > 0 {
		return nil, refuse(WantsArguments, "the arguments that a test of the project gives to %s cannot be copied", s.name)
	}
	return &Test{Path: file, For: source.Path, Class: s.name, Text: content}, nil
}

// hidden refuses a teardown that only the class itself may call.
func (w *writer) hidden(s *subject) *Refusal {
	_, m, ok := w.p.FindMember(w.ctx, s.class, s.teardown)
	if !ok {
		return nil // the fix adds it, for all
	}
	if declared := m.Function(); declared.WantsArguments() {
		return refuse(WantsArguments, "%s() wants arguments", s.teardown)
	}
	if !public(m) {
		return refuse(HiddenTeardown, "%s() is not public", s.teardown)
	}
	return nil
}

// public reports whether a member can be used from outside.
func public(m syntax.Member) bool {
	access := syntax.Accessibility(m.Node)
	return access != "private" && access != "protected" && m.Name != "" && m.Name[0] != '#'
}
