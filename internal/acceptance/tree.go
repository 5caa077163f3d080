package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/evanw/esbuild/pkg/api"

	"github.com/unleak-dev/unleak/internal/project"
	"github.com/unleak-dev/unleak/internal/run"
	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
	"github.com/unleak-dev/unleak/transforms"
)

type finding struct {
	path, kind, standing string
	line                 int
}

func (f finding) String() string {
	return fmt.Sprintf("%s:%d %s %s", f.path, f.line, f.standing, f.kind)
}

// copyTree copies sources and settings; nothing of the checkout is changed.
func (c *checker) copyTree(from string) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name := d.Name(); name == ".git" || name == "node_modules" {
				return filepath.SkipDir
			}
			return nil
		}
		if !d.Type().IsRegular() || !syntax.Supported(path) && filepath.Ext(path) != ".json" {
			return nil
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		to := filepath.Join(c.dir, rel)
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		return os.WriteFile(to, data, 0o644)
	})
}

func (c *checker) run(accept func(*transforms.Fix) bool) (*run.Result, error) {
	kinds, err := transforms.Builtin()
	if err != nil {
		return nil, err
	}
	p, err := project.Open(c.dir)
	if err != nil {
		return nil, err
	}
	r, err := run.Run(c.ctx, transforms.NewDetector(p, kinds, true), run.Options{Paths: []string{c.dir}, Accept: accept})
	if err != nil {
		return nil, err
	}
	for _, m := range r.Files {
		for _, b := range m.Bugs {
			return nil, b
		}
	}
	return r, errors.Join(r.Problems...)
}

func (c *checker) scan() ([]finding, error) {
	r, err := c.run(nil)
	if err != nil {
		return nil, err
	}
	var out []finding
	for _, m := range r.Files {
		for _, o := range m.Findings {
			line, _ := o.File.Position(o.At.Start())
			out = append(out, finding{m.Path, o.Kind.Name, string(o.Standing), line})
		}
	}
	return out, nil
}

// edit changes one file and returns how to change it back.
func (c *checker) edit(rel string, change func(string) string) (restore func(), err error) {
	file := filepath.Join(c.dir, rel)
	old, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(file, []byte(change(string(old))), 0o644); err != nil {
		return nil, err
	}
	return func() {
		if err := os.WriteFile(file, old, 0o644); err != nil {
			panic(err) // our own temporary folder is gone: nothing after this means anything
		}
	}, nil
}

// scanWith scans the tree as it is with one file changed.
func (c *checker) scanWith(rel string, change func(string) string) ([]finding, error) {
	restore, err := c.edit(rel, change)
	if err != nil {
		return nil, err
	}
	defer restore()
	return c.scan()
}

// takeOut removes every call of a function, as a statement.
func takeOut(ctx context.Context, path, text, name string) string {
	f, err := syntax.Parse(ctx, path, []byte(text))
	if err != nil {
		return text
	}
	var edits []patch.Edit
	for n := range f.Root().Descendants() {
		if n.Is("expression_statement") && n.Child(0).Is("call_expression") && n.Child(0).Field("function").Text() == name {
			edits = append(edits, patch.Edit{Start: n.Start(), End: n.End(), New: ";"})
		}
	}
	out, err := patch.Apply([]byte(text), edits)
	if err != nil {
		return text
	}
	return string(out)
}

// fixed: the diff of all fixes applies, a second one is empty, nothing parses
// worse, and the type checker has nothing new to say.
func (c *checker) fixed() error {
	before, err := c.typecheck()
	if err != nil {
		return err
	}
	r, err := c.run(func(f *transforms.Fix) bool { return f.Applicability >= transforms.Unsafe })
	if err != nil {
		return err
	}
	var diff bytes.Buffer
	var changes []patch.Change
	for _, m := range r.Files {
		if m.New != nil {
			ch := patch.Change{Path: m.Path, Old: m.Old, New: m.New}
			changes = append(changes, ch)
			diff.WriteString(ch.Unified())
		}
	}
	cmd := exec.CommandContext(c.ctx, "git", "apply", "--check", "-")
	cmd.Dir, cmd.Stdin = c.dir, &diff
	out, err := cmd.CombinedOutput()
	c.check(err == nil, "git apply --check of %d files %s", len(changes), bytes.TrimSpace(out))
	for _, ch := range changes {
		c.check(errorsIn(c.ctx, ch.Path, ch.New) <= errorsIn(c.ctx, ch.Path, ch.Old), "%s parses no worse", ch.Path)
		if err := ch.Write(c.dir); err != nil {
			return err
		}
	}
	again, err := c.run(func(*transforms.Fix) bool { return true })
	if err != nil {
		return err
	}
	more := 0
	for _, m := range again.Files {
		if m.New != nil {
			more++
		}
	}
	c.check(more == 0, "a second run changes nothing")
	after, err := c.typecheck()
	if err != nil || c.modules == "" {
		return err
	}
	var fresh []string
	for d := range after {
		if !before[d] {
			fresh = append(fresh, d)
		}
	}
	slices.Sort(fresh)
	c.check(len(fresh) == 0, "tsc: %d diagnostics before, %d after, new: %s", len(before), len(after), strings.Join(fresh, "; "))
	return nil
}

// errorsIn adds up what both parsers complain about.
func errorsIn(ctx context.Context, path string, src []byte) int {
	f, err := syntax.Parse(ctx, path, src)
	if err != nil {
		return 1 << 20
	}
	loader := api.LoaderTS
	if filepath.Ext(path) == ".tsx" {
		loader = api.LoaderTSX
	}
	r := api.Transform(string(src), api.TransformOptions{Loader: loader, LogLevel: api.LogLevelSilent,
		TsconfigRaw: `{"compilerOptions":{"experimentalDecorators":true}}`})
	return f.Errors() + len(r.Errors)
}
