package propose

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/check"
	"github.com/unleak-dev/unleak/internal/markdown"
	"github.com/unleak-dev/unleak/transforms"
	"github.com/unleak-dev/unleak/vcs"
)

// prove scans the tree again as it is with the fixes: all that they settle must be
// gone, and nothing else may have come. Files whose analysis never looked at a
// changed one are as they were and are not read again. It says what is wrong, "" if
// nothing is, and leaves what leaks then in m.
func (t *trial) prove(ctx context.Context, m *made) (string, error) {
	texts := maps.Clone(t.texts)
	var changed []string
	settled := map[string]bool{}
	for _, f := range m.files {
		if f.New == nil {
			continue
		}
		texts[f.Path] = f.New
		changed = append(changed, f.Path)
		for _, fix := range f.Fixes {
			for _, o := range fix.Plan.Obligations {
				settled[o.Fingerprint()] = true
			}
		}
	}
	again := t.plan.look.Detector.Project.Dependents(changed)
	r, err := t.plan.look.with(texts).mend(ctx, slices.Collect(maps.Keys(again)), func(*transforms.Fix) bool { return false })
	if err != nil {
		return "", err
	}
	if len(r.Problems) > 0 {
		return markdown.Clean(r.Problems[0].Error()), nil
	}
	m.after, m.scanned = maps.Clone(t.before), r.Summary.Files
	for f := range again {
		delete(m.after, f)
	}
	why := ""
	for _, f := range r.Files {
		m.after.add(f)
		for _, o := range f.Findings {
			switch line, _ := o.File.Position(o.At.Start()); {
			case settled[o.Fingerprint()]:
				why = fmt.Sprintf("%s, line %d still leaks with it: %s", t.plan.Base.In(f.Path), line, o.Message)
			case !t.before[f.Path][o.Fingerprint()]:
				why = fmt.Sprintf("%s, line %d leaks anew with it: %s", t.plan.Base.In(f.Path), line, o.Message)
			}
		}
	}
	return why, nil
}

// checked is a copy of the base on which the project's own check runs.
type checked struct {
	dir  string
	tree *check.Tree       // the project's folder in it
	old  map[string][]byte // of files that the copy holds otherwise
}

// CheckError says that the project's own check cannot judge.
type CheckError struct {
	Why    string
	Output []byte
}

func (e *CheckError) Error() string { return e.Why }

// check runs the project's own check on the base with the given texts and what was
// made; it says why that fails, "" if it passes or none is wanted.
func (p *Plan) check(ctx context.Context, texts map[string][]byte, m *made) (string, error) {
	if p.opts.Verify == "" {
		return "", nil
	}
	if p.checked == nil {
		if err := p.prepareCheck(ctx); err != nil {
			return "", err
		}
	}
	contents := maps.Clone(p.checked.old)
	put := func(rel string, data []byte) error {
		if _, known := p.checked.old[rel]; !known {
			old, err := os.ReadFile(filepath.Join(p.checked.tree.Dir, filepath.FromSlash(rel)))
			if err != nil {
				return err
			}
			p.checked.old[rel] = old
		}
		contents[rel] = data
		return nil
	}
	for rel, data := range texts {
		if err := put(rel, data); err != nil {
			return "", err
		}
	}
	for _, f := range m.files {
		if f.New != nil {
			if err := put(f.Path, f.New); err != nil {
				return "", err
			}
		}
	}
	if err := p.checked.tree.Put(contents); err != nil {
		return "", err
	}
	o, err := p.checked.tree.Run(ctx, p.opts.command(), p.opts.VerifyLimit)
	if err != nil {
		return "", &CheckError{err.Error(), o.Output}
	}
	if !o.Passed {
		why := fmt.Sprintf("%q fails with it", p.opts.Verify)
		if last := lastLine(o.Output); last != "" {
			why += fmt.Sprintf("; it said %q last", last)
		}
		return why, nil
	}
	return "", nil
}

// command is what is run to verify.
func (o Options) command() string {
	if o.Sandbox != nil {
		return o.Sandbox(o.Verify)
	}
	return o.Verify
}

// prepareCheck makes the copy, and lets the check run once before any fix.
func (p *Plan) prepareCheck(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "unleak-check-")
	if err != nil {
		return err
	}
	root := filepath.Join(dir, filepath.FromSlash(p.Base.Sub))
	p.checked = &checked{dir, &check.Tree{Dir: root}, map[string][]byte{}}
	if err := p.Base.Repository.Extract(ctx, p.Base.Commit, dir, func(vcs.Entry) bool { return true }); err != nil {
		return err
	}
	for _, i := range p.Base.installed {
		err := os.Symlink(i.from, filepath.Join(root, filepath.FromSlash(i.dir), modules))
		if err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	o, err := p.checked.tree.Run(ctx, p.opts.command(), p.opts.VerifyLimit)
	switch {
	case err != nil:
		return &CheckError{fmt.Sprintf("before any fix: %v", err), o.Output}
	case !o.Passed:
		return &CheckError{fmt.Sprintf("%q fails before any fix, so it can judge none", p.opts.Verify), o.Output}
	}
	return nil
}

// Close removes what the plan keeps outside of the base.
func (p *Plan) Close() error {
	if p.checked == nil {
		return nil
	}
	return os.RemoveAll(p.checked.dir)
}

func lastLine(output []byte) string {
	s := strings.TrimSpace(string(output))
	return s[strings.LastIndexByte(s, '\n')+1:]
}
