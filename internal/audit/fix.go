package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/evanw/esbuild/pkg/api"

	"github.com/unleak-dev/unleak/internal/run"
	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
	"github.com/unleak-dev/unleak/transforms"
)

// Outcome is what came of making all fixes in a repository.
type Outcome struct {
	Repository
	Files          int // that were looked at
	Changed        int // of them
	Fixes          int
	FailedProofs   []string // fixes that were dropped, which is a bug of unleak
	Problems       []string // files that could not be looked at, and why
	Worse          []string // files with more syntax errors than before, by unleak's parser
	WorseByEsbuild []string // and by esbuild
	Again          []string // findings that a second run would mend
	Outside        int      // bytes that changed outside of the edits, in whatever file
	OutsideFiles   []string // and where
	Seconds        float64  // that looking and fixing took, without the checks afterwards
}

// wanted says yes to what `unleak fix --unsafe` writes.
func wanted(f *transforms.Fix) bool {
	return f.Applicability == transforms.Safe || f.Applicability == transforms.Unsafe
}

// fixAll makes all fixes of a repository that is extracted to dir, in place, and
// looks at what came of it. The error is that of a folder that cannot be read or
// written, or of a cancelled ctx.
func fixAll(ctx context.Context, r Repository, dir string) (*Outcome, error) {
	o := &Outcome{Repository: r}
	before, err := sums(dir)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	d, err := detector(dir)
	if err != nil {
		return nil, err
	}
	first, err := run.Run(ctx, d, run.Options{Accept: wanted})
	if err != nil {
		return nil, err
	}
	o.Files = first.Summary.Files
	for _, m := range first.Files {
		o.Fixes += len(m.Fixes)
		if m.New == nil {
			continue
		}
		o.Changed++
		if err := (patch.Change{Path: m.Path, Old: m.Old, New: m.New}).Write(d.Project.Root); err != nil {
			return nil, fmt.Errorf("%s: %w", m.Path, err)
		}
	}
	o.Seconds = time.Since(began).Seconds()
	o.hear(first)
	for _, m := range first.Files {
		o.bugs(m)
		if m.New != nil {
			if err := o.check(ctx, d.Project.Abs(m.Path), m); err != nil {
				return nil, err
			}
			delete(before, m.Path)
		}
	}
	if err := o.untouched(dir, before); err != nil {
		return nil, err
	}
	return o, o.second(ctx, dir)
}

// hear notes what could not be looked at, once.
func (o *Outcome) hear(r *run.Result) {
	for _, p := range r.Problems {
		if text := p.Error(); !slices.Contains(o.Problems, text) {
			o.Problems = append(o.Problems, text)
		}
	}
}

// bugs notes the fixes of a file that failed their proof, once.
func (o *Outcome) bugs(m *transforms.Mended) {
	for _, b := range m.Bugs {
		if text := b.Error(); !slices.Contains(o.FailedProofs, text) {
			o.FailedProofs = append(o.FailedProofs, text)
		}
	}
}

// check compares a file that was written, as it lies at abs, with the file as it was.
func (o *Outcome) check(ctx context.Context, abs string, m *transforms.Mended) error {
	now, err := os.ReadFile(abs)
	if err != nil {
		return err
	}
	old, err := syntax.Parse(ctx, m.Path, m.Old)
	if err != nil {
		return err
	}
	after, err := syntax.Parse(ctx, m.Path, now)
	if err != nil {
		return err
	}
	if after.Errors() > old.Errors() {
		o.Worse = append(o.Worse, m.Path)
	}
	if errors := esbuildErrors(m.Path, now); len(errors) > len(esbuildErrors(m.Path, m.Old)) {
		o.WorseByEsbuild = append(o.WorseByEsbuild, m.Path+": "+errors[0].Text)
	}
	o.strayed(m.Path, outside(m, now))
	return nil
}

func (o *Outcome) strayed(path string, n int) {
	if n > 0 {
		o.Outside += n
		o.OutsideFiles = append(o.OutsideFiles, fmt.Sprintf("%s: %d bytes", path, n))
	}
}

// untouched compares the files of dir that no fix is about with their sums before.
func (o *Outcome) untouched(dir string, before map[string]file) error {
	after, err := sums(dir)
	if err != nil {
		return err
	}
	for path, old := range before {
		if now := after[path]; now.sum != old.sum {
			o.strayed(path, max(old.size, now.size, 1))
		}
	}
	slices.Sort(o.OutsideFiles)
	return nil
}

// second notes what a run over the mended files would mend.
func (o *Outcome) second(ctx context.Context, dir string) error {
	d, err := detector(dir)
	if err != nil {
		return err
	}
	result, err := run.Run(ctx, d, run.Options{Accept: wanted})
	if err != nil {
		return err
	}
	o.hear(result)
	for _, m := range result.Files {
		o.bugs(m)
		for _, f := range m.Fixes {
			for _, x := range f.Plan.Obligations {
				line, _ := x.File.Position(x.At.Start())
				o.Again = append(o.Again, fmt.Sprintf("%s:%d: %s: %s (%s)", m.Path, line, x.Kind.Name, x.Message, f.Message))
			}
		}
	}
	return nil
}

// outside counts the bytes of a mended file that are not what the edits of its fixes,
// and nothing else, make of the file as it was. The fixes were made in rounds, each
// in the text that the one before left: the text of a round is the file that its
// findings are of, and what must come of it is that of the next, at last now.
func outside(m *transforms.Mended, now []byte) int {
	n, text := 0, m.Old
	for i := 0; i < len(m.Fixes); {
		at := m.Fixes[i].Plan.Obligations[0].File
		n += differ(text, at.Src())
		var edits []patch.Edit
		for ; i < len(m.Fixes) && m.Fixes[i].Plan.Obligations[0].File == at; i++ {
			merged, err := patch.Merge(edits, m.Fixes[i].Edits)
			if err != nil {
				return max(n, 1) // they cannot all have been made
			}
			edits = merged
		}
		text = splice(at.Src(), edits)
	}
	return n + differ(text, now)
}

// splice does edits, sorted and apart, in another way than package patch does.
func splice(src []byte, edits []patch.Edit) []byte {
	for _, e := range slices.Backward(edits) {
		src = slices.Concat(src[:e.Start], []byte(e.New), src[e.End:])
	}
	return src
}

// differ returns how long the longer of the parts is that is left of two texts
// without what they begin and end with alike.
func differ(a, b []byte) int {
	start := 0
	for start < min(len(a), len(b)) && a[start] == b[start] {
		start++
	}
	a, b = a[start:], b[start:]
	for len(a) > 0 && len(b) > 0 && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	return max(len(a), len(b))
}

// file is what a file is recognised by.
type file struct {
	size int
	sum  [sha256.Size]byte
}

// sums returns the files below dir, by path with slashes.
func sums(dir string) (map[string]file, error) {
	all := map[string]file{}
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, name)
		all[filepath.ToSlash(rel)] = file{len(data), sha256.Sum256(data)}
		return err
	})
	return all, err
}

// esbuildErrors asks esbuild what is wrong with a source; the path says in which
// language it is.
func esbuildErrors(path string, src []byte) []api.Message {
	loader := api.LoaderJSX
	code, ext := syntax.Scripts(path, src)
	switch ext {
	case ".ts", ".mts", ".cts":
		loader = api.LoaderTS
	case ".tsx":
		loader = api.LoaderTSX
	}
	return api.Transform(string(code), api.TransformOptions{
		Loader: loader, LogLevel: api.LogLevelSilent, JSX: api.JSXPreserve,
		TsconfigRaw: `{"compilerOptions":{"experimentalDecorators":true}}`,
	}).Errors
}

// fixTable writes what came of a set, a line for each repository, and below it all
// that should not be.
func fixTable(set string, outcomes []*Outcome) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# All fixes in public repositories: set %s\n\n"+
		"Written by `go run ./internal/audit -mirror DIR -set %s -fix -out FILE`. All fixes were made, unsafe ones included.\n"+
		"*Failed proofs*: fixes that were dropped. *Not read*: files that could not be looked at. *Worse*: files with more\n"+
		"syntax errors than before, by unleak's parser and by esbuild. *Second run*: findings that it would mend. *Outside*:\n"+
		"bytes that changed outside of the edits. All of these should be 0. Seconds are without the checks.\n\n"+
		"| repository | commit | files looked at | files changed | fixes | failed proofs | not read | worse | worse by esbuild | second run | outside | seconds |\n"+
		"|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n", set, set)
	total := &Outcome{}
	for _, o := range outcomes {
		o.row(&b, o.Name, o.Commit)
		total.add(o)
	}
	total.row(&b, "**all**", "")
	writeList(&b, "Failed proofs", total.FailedProofs)
	writeList(&b, "Not read", total.Problems)
	writeList(&b, "Worse", total.Worse)
	writeList(&b, "Worse by esbuild", total.WorseByEsbuild)
	writeList(&b, "What a second run would mend", total.Again)
	writeList(&b, "Changed outside of the edits", total.OutsideFiles)
	return b.String()
}

func (o *Outcome) row(b *strings.Builder, name, commit string) {
	fmt.Fprintf(b, "| %s | %.12s | %d | %d | %d | %d | %d | %d | %d | %d | %d | %.1f |\n", name, commit, o.Files, o.Changed, o.Fixes,
		len(o.FailedProofs), len(o.Problems), len(o.Worse), len(o.WorseByEsbuild), len(o.Again), o.Outside, o.Seconds)
}

// add adds what came of a repository, whose name is put before what is listed.
func (o *Outcome) add(other *Outcome) {
	o.Files, o.Changed, o.Fixes = o.Files+other.Files, o.Changed+other.Changed, o.Fixes+other.Fixes
	o.Outside, o.Seconds = o.Outside+other.Outside, o.Seconds+other.Seconds
	for _, l := range []struct {
		all *[]string
		of  []string
	}{
		{&o.FailedProofs, other.FailedProofs}, {&o.Problems, other.Problems}, {&o.Worse, other.Worse},
		{&o.WorseByEsbuild, other.WorseByEsbuild}, {&o.Again, other.Again}, {&o.OutsideFiles, other.OutsideFiles},
	} {
		for _, text := range l.of {
			*l.all = append(*l.all, other.Name+": "+text)
		}
	}
}
