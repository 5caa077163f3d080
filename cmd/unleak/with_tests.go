package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/unleak-dev/unleak/internal/check"
	"github.com/unleak-dev/unleak/internal/leaktest"
	"github.com/unleak-dev/unleak/internal/run"
	"github.com/unleak-dev/unleak/patch"
)

const withTestsHelp = `With --with-tests each class that is mended gets a test beside the project's own,
in the runner that package.json names (vitest, jest, mocha, node:test): it makes an
instance, starts it, ends it, and asserts that nothing of it stays alive. It fails
before the fix and passes after it. Nobody has run it yet, so it is never safe. With
--stress there are two more: many instances that begin and end again and again, and
one whose use fails.`

// mayWriteTests refuses flags that --with-tests does not go with.
func mayWriteTests(sel *selection, unsafe bool, otherwise string) error {
	if !unsafe {
		return errors.New("--with-tests: a generated test is never a safe change; " + otherwise)
	}
	if sel.stdinPath != "" {
		return errors.New("--with-tests: with --stdin-filepath there is nowhere to write a test")
	}
	return nil
}

// leakTests writes the tests for the classes that a run mended, and tells where
// there is none and why.
func (c *cli) leakTests(ctx context.Context, s *session, r *run.Result) []leaktest.Test {
	tests, refused := leaktest.Write(ctx, s.project, r.Files, s.stress)
	for _, no := range refused {
		c.warn("%s:%d: no leak test for %s: %s", no.Path, no.Line, no.Class, oneLine(no.Text))
	}
	return tests
}

// changesOfTests turns tests into changes, in order of path.
func changesOfTests(tests []leaktest.Test) []patch.Change {
	var out []patch.Change
	for _, t := range tests {
		out = append(out, patch.Change{Path: t.Path, New: t.Text})
	}
	return out
}

// testsFor keeps the tests of files that were written.
func testsFor(tests []leaktest.Test, written []string) []leaktest.Test {
	return slices.DeleteFunc(slices.Clone(tests), func(t leaktest.Test) bool { return !slices.Contains(written, t.For) })
}

// writeTests puts the tests in place, each atomically, and returns those that
// are.
func (c *cli) writeTests(ctx context.Context, out *patch.Run, tests []leaktest.Test) (written []leaktest.Test, complete bool) {
	complete = true
	_, err := out.Write(ctx, changesOfTests(tests), func(ch patch.Change, err error) {
		if err != nil {
			complete = false
			c.complain(err)
			return
		}
		at := slices.IndexFunc(tests, func(t leaktest.Test) bool { return t.Path == ch.Path })
		written = append(written, tests[at])
	})
	if err != nil {
		complete = false
		c.complain(err)
	}
	return written, complete
}

// verifiedTests runs the project's own check on a copy with the fixes and the
// tests, and drops the tests that make it fail.
func (c *cli) verifiedTests(ctx context.Context, s *session, r *run.Result, tests []leaktest.Test, command string, limit time.Duration) ([]leaktest.Test, error) {
	if len(tests) == 0 {
		return nil, nil
	}
	tree, err := check.Copy(ctx, s.project.Root)
	if err != nil {
		return nil, fmt.Errorf("--verify: %w", err)
	}
	defer func() {
		if err := tree.Remove(); err != nil {
			c.warn("%s", err)
		}
	}()
	contents := map[string][]byte{}
	for _, ch := range changesOf(r) {
		contents[ch.Path] = ch.New
	}
	var output []byte
	good := func(set []int) (bool, error) {
		for i, t := range tests {
			contents[t.Path] = nil
			if slices.Contains(set, i) {
				contents[t.Path] = t.Text
			}
		}
		if err := tree.Put(contents); err != nil {
			return false, err
		}
		o, err := tree.Run(ctx, command, limit)
		output = o.Output
		return o.Passed, err
	}
	all := make([]int, len(tests))
	for i := range all {
		all[i] = i
	}
	ok, err := good(all)
	if err != nil {
		return nil, fmt.Errorf("--verify: with the leak tests: %w", err)
	}
	if ok {
		return tests, nil
	}
	said := c.keep(output)
	kept, err := check.Bisect(len(tests), good)
	if err != nil {
		return nil, fmt.Errorf("--verify: with the leak tests: %w", err)
	}
	var out []leaktest.Test
	for i, t := range tests {
		if slices.Contains(kept, i) {
			out = append(out, t)
			continue
		}
		fmt.Fprintf(c.err, "unleak: %s: %q fails with this leak test, so it was dropped; %s\n", t.Path, command, said)
	}
	return out, nil
}
