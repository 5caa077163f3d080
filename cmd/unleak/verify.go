package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/unleak-dev/unleak/internal/check"
	"github.com/unleak-dev/unleak/internal/run"
	"github.com/unleak-dev/unleak/transforms"
)

// verified runs the project's own check before and after the fixes, on a copy.
// Fixes that make it fail are found and dropped; it returns the run with the
// others.
func (c *cli) verified(ctx context.Context, s *session, r *run.Result, command string, limit time.Duration) (*run.Result, error) {
	fixes := fixesOf(r)
	if len(fixes) == 0 {
		return r, nil
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
	exclude := s.options.Exclude
	s.options.Exclude = func(rel string) bool { // the folder for temporary files may lie in the project
		return strings.HasPrefix(s.project.Abs(rel), tree.Dir+string(filepath.Separator)) || exclude != nil && exclude(rel)
	}
	defer func() { s.options.Exclude = exclude }()
	before, err := tree.Run(ctx, command, limit)
	if err != nil {
		return nil, fmt.Errorf("--verify: before any fix: %w", err)
	}
	if !before.Passed {
		return nil, fmt.Errorf("--verify: %q fails before any fix, so it can judge none; %s", command, c.keep(before.Output))
	}
	changed := map[string][]byte{} // what the copy holds other than the project
	try := func(set []int) (bool, *run.Result, []byte, error) {
		allowed := map[string]bool{}
		for _, i := range set {
			allowed[fixes[i].ID()] = true
		}
		part, err := c.rerun(ctx, s, allowed)
		if err != nil {
			return false, nil, nil, err
		}
		contents := map[string][]byte{}
		for rel, old := range changed {
			contents[rel] = old
		}
		for _, ch := range changesOf(part) {
			changed[ch.Path] = ch.Old
			contents[ch.Path] = ch.New
		}
		if err := tree.Put(contents); err != nil {
			return false, nil, nil, err
		}
		o, err := tree.Run(ctx, command, limit)
		return o.Passed, part, o.Output, err
	}
	all := make([]int, len(fixes))
	for i := range all {
		all[i] = i
	}
	ok, whole, output, err := try(all)
	if err != nil {
		return nil, fmt.Errorf("--verify: with all fixes: %w", err)
	}
	if ok {
		return whole, nil
	}
	kept, err := check.Bisect(len(fixes), func(set []int) (bool, error) {
		ok, _, _, err := try(set)
		return ok, err
	})
	if err != nil {
		return nil, fmt.Errorf("--verify: %w", err)
	}
	stays := map[int]bool{}
	for _, i := range kept {
		stays[i] = true
	}
	for i, f := range fixes {
		if !stays[i] {
			o := f.Plan.Obligations[0]
			line, _ := o.File.Position(o.At.Start())
			fmt.Fprintf(c.err, "unleak: %s:%d: %q fails with this fix (%s), so it was dropped; %s\n", o.File.Path, line, command, f.Message, c.keep(output))
		}
	}
	allowed := map[string]bool{}
	for _, i := range kept {
		allowed[fixes[i].ID()] = true
	}
	return c.rerun(ctx, s, allowed)
}

// rerun makes only some of the fixes.
func (c *cli) rerun(ctx context.Context, s *session, allowed map[string]bool) (*run.Result, error) {
	opts := s.options
	opts.Seen = nil
	opts.Accept = func(f *transforms.Fix) bool { return s.options.Accept(f) && allowed[f.ID()] }
	return run.Run(ctx, s.detector, opts)
}

func fixesOf(r *run.Result) []*transforms.Fix {
	var out []*transforms.Fix
	for _, m := range r.Files {
		out = append(out, m.Fixes...)
	}
	return out
}

// keep writes a command's output to a file for temporary files and says where.
func (c *cli) keep(output []byte) string {
	f, err := os.CreateTemp("", "unleak-verify-*.log")
	if err != nil {
		return "its output could not be kept"
	}
	defer f.Close()
	if _, err := f.Write(output); err != nil {
		return "its output could not be kept"
	}
	last := strings.TrimSpace(string(output))
	if i := strings.LastIndexByte(last, '\n'); i >= 0 {
		last = last[i+1:]
	}
	return fmt.Sprintf("it said %q last, see %s", last, f.Name())
}
