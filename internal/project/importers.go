package project

import (
	"context"
	"path"
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// ImportersOf lists the files that import a component file by the name that it has itself,
// as nearly all do; tests and examples are left out.
func (p *Project) ImportersOf(ctx context.Context, rel string) []*syntax.File {
	name := strings.TrimSuffix(path.Base(rel), path.Ext(rel))
	files := p.mentionsNoted(ctx, name)
	slices.Sort(files)
	var out []*syntax.File
	for _, from := range files {
		f, err := p.Load(ctx, from)
		if err != nil || from == rel {
			continue
		}
		if sym := f.TopLevel(name); sym != nil {
			if im, ok := sym.Import(); ok && p.Resolve(from, im.Module) == rel {
				p.asked.add(rel, from)
				out = append(out, f)
			}
		}
	}
	return out
}

// DefaultImportsOf lists the names, out of some, by which files import what a file exports
// as its default; tests and examples are left out.
func (p *Project) DefaultImportsOf(ctx context.Context, rel string, names []string) []*syntax.Symbol {
	var out []*syntax.Symbol
	for _, name := range names {
		files := p.mentionsNoted(ctx, name)
		slices.Sort(files)
		for _, from := range files {
			f, err := p.Load(ctx, from)
			if err != nil || from == rel {
				continue
			}
			sym := f.TopLevel(name)
			if sym == nil {
				continue
			}
			if im, ok := sym.Import(); ok && im.Name == "default" && p.Resolve(from, im.Module) == rel {
				p.asked.add(rel, from)
				out = append(out, sym)
			}
		}
	}
	return out
}
