package project

import (
	"bufio"
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing/format/gitignore"

	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/internal/worktree"
)

// skippedFolders hold what people do not edit; a path named on the command
// line is looked at all the same.
var skippedFolders = []string{
	"node_modules", "bower_components", "jspm_packages", ".git", ".hg", ".svn", ".yarn", ".pnpm-store",
	"dist", "build", "out", "coverage", ".next", ".nuxt", ".output", ".svelte-kit", ".turbo", ".cache", ".parcel-cache",
	"vendor", "vendors", "third_party",
	".unleak", // the files as they were before fix
}

// Discover finds the source files below the given paths, in lexical order, and
// calls found for each with its path relative to the root, with slashes. In a
// git work tree git says what is there and what is ignored; elsewhere, and below
// a folder that is ignored and named all the same, .gitignore files are read by
// a library. It leaves out installed packages, build output,
// declaration files and minified files by name. Links to folders are not
// followed, as git does not.
//
// Of a tree that is in no folder all sources are found, and paths mean nothing.
//
// A path that cannot be read is told to problem, and the walk goes on. The
// error is that of a cancelled ctx.
func (p *Project) Discover(ctx context.Context, paths []string, found func(rel string), problem func(error)) error {
	if t, ok := p.files.(inTree); ok {
		return t.discover(ctx, found)
	}
	if len(paths) == 0 {
		paths = []string{p.Root}
	}
	emit := found
	if len(paths) > 1 { // they may hold each other
		seen := map[string]bool{}
		emit = func(rel string) {
			if !seen[rel] {
				seen[rel] = true
				found(rel)
			}
		}
	}
	for _, arg := range paths {
		abs, err := filepath.Abs(arg)
		if err != nil {
			problem(err)
			continue
		}
		info, err := os.Stat(abs)
		if err != nil {
			problem(&PathError{arg, plain(err)})
			continue
		}
		rel, err := p.Rel(abs)
		if err != nil {
			problem(&PathError{arg, err})
			continue
		}
		if !info.IsDir() {
			if !syntax.Supported(abs) {
				problem(&PathError{arg, errors.New("is not a TypeScript or JavaScript file")})
				continue
			}
			emit(rel)
			continue
		}
		asked, some := p.askGit(ctx, abs, rel, emit)
		if some {
			continue
		}
		w := walker{p: p, emit: emit, problem: problem}
		if !asked { // else git ignores the folder as a whole, and it was named all the same
			w.collectAbove(abs)
		}
		if err := w.folder(ctx, abs, rel); err != nil {
			return err
		}
	}
	return nil
}

// askGit lists a folder of a work tree as git does. asked is false where git
// cannot be asked, some where it knows nothing there.
func (p *Project) askGit(ctx context.Context, dir, rel string, emit func(string)) (asked, some bool) {
	if p.gitTop == "" {
		return false, false
	}
	err := worktree.Files(ctx, dir, func(f string) {
		some = true
		if !IsSource(f) {
			return
		}
		if info, err := os.Lstat(filepath.Join(dir, filepath.FromSlash(f))); err == nil && info.Mode().IsRegular() {
			f = path.Join(rel, f)
			p.seen.addSource(f)
			emit(f)
		}
	})
	return err == nil || some, some
}

func inSkippedFolder(rel string) bool {
	return inFolder(rel, func(part string) bool { return slices.Contains(skippedFolders, part) })
}

// IsSource reports whether Discover would find a file by its path, relative to a
// folder: what git ignores is another question.
func IsSource(rel string) bool {
	return syntax.Supported(rel) && !isProduct(path.Base(rel)) && !inSkippedFolder(rel)
}

// PathError says what is wrong with one path.
type PathError struct {
	Path string
	Err  error
}

func (e *PathError) Error() string { return e.Path + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *PathError) Unwrap() error { return e.Err }

// plain strips the operation and the path, which the caller prints already.
func plain(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

type walker struct {
	p        *Project
	emit     func(string)
	problem  func(error)
	patterns []ignoring
}

// ignoring is one line of an ignore file.
type ignoring struct {
	gitignore.Pattern
	depth int    // how many folders the file that holds it stands below the top
	named bool   // it asks for a name, whatever folder that is in
	part  string // what such a name holds
	first string // else the first name of its path, if that holds no sign
}

// ignoringLine reads a line.
func ignoringLine(line string, domain []string) ignoring {
	name := strings.TrimPrefix(strings.TrimSuffix(strings.TrimRight(line, " "), "/"), "!")
	name, anywhere := strings.CutPrefix(name, "**/")
	g := ignoring{Pattern: gitignore.ParsePattern(line, domain), depth: len(domain), named: !strings.Contains(name, "/")}
	if !strings.ContainsAny(name, `[\`) {
		for part := range strings.FieldsFuncSeq(name, func(r rune) bool { return r == '*' || r == '?' || r == ' ' }) {
			if len(part) > len(g.part) {
				g.part = part
			}
		}
	}
	if path := strings.TrimPrefix(name, "/"); !g.named && !anywhere {
		if first, _, _ := strings.Cut(path, "/"); !strings.ContainsAny(first, `*?[\ `) {
			g.first = first
		}
	}
	return g
}

// collectAbove reads the ignore files between the top of the work tree and dir.
func (w *walker) collectAbove(dir string) {
	top := w.p.gitTop
	if top == "" {
		return
	}
	w.read(filepath.Join(top, ".git", "info", "exclude"), nil)
	rel, err := filepath.Rel(top, dir)
	if err != nil || strings.HasPrefix(rel, "..") || rel == "." {
		return
	}
	at := top
	var domain []string
	for _, part := range strings.Split(rel, string(filepath.Separator)) {
		w.read(filepath.Join(at, ".gitignore"), domain)
		at = filepath.Join(at, part)
		domain = append(slices.Clone(domain), part)
	}
}

func (w *walker) read(file string, domain []string) {
	f, err := os.Open(file)
	if err != nil {
		return // most folders have none
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		line := strings.TrimRight(s.Text(), "\r")
		if !strings.HasPrefix(line, "#") && strings.TrimSpace(line) != "" {
			w.patterns = append(w.patterns, ignoringLine(line, domain))
		}
	}
}

func (w *walker) folder(ctx context.Context, dir, rel string) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		w.problem(&PathError{rel, plain(err)})
		return nil
	}
	before := len(w.patterns)
	defer func() { w.patterns = w.patterns[:before] }()
	domain := w.domain(dir)
	if _, ok := slices.BinarySearchFunc(entries, ".gitignore", func(e fs.DirEntry, name string) int { return strings.Compare(e.Name(), name) }); ok {
		w.read(filepath.Join(dir, ".gitignore"), domain)
	}
	w.p.seen.addFolder(rel, entries)
	for _, e := range entries {
		name := e.Name()
		isSource := e.Type().IsRegular() && syntax.Supported(name) && !isProduct(name)
		if !isSource && !e.IsDir() {
			continue
		}
		child := name
		if rel != "." {
			child = rel + "/" + name
		}
		if e.IsDir() {
			if slices.Contains(skippedFolders, name) || w.ignored(append(domain[:len(domain):len(domain)], name), true) {
				continue
			}
			if err := w.folder(ctx, filepath.Join(dir, name), child); err != nil {
				return err
			}
			continue
		}
		if !w.ignored(append(domain[:len(domain):len(domain)], name), false) {
			w.emit(child)
		}
	}
	return nil
}

func (w *walker) domain(dir string) []string {
	top := w.p.gitTop
	if top == "" {
		top = w.p.Root
	}
	rel, err := filepath.Rel(top, dir)
	if err != nil || rel == "." {
		return []string{}
	}
	return strings.Split(rel, string(filepath.Separator))
}

// ignored asks the patterns from the last to the first, as git does. A folder
// that is ignored is never entered, so its files need no question.
func (w *walker) ignored(parts []string, dir bool) bool {
	for i := len(w.patterns) - 1; i >= 0; i-- {
		p, asked := w.patterns[i], parts
		if p.named && len(parts) > p.depth { // the folders around were asked before
			if !strings.Contains(parts[len(parts)-1], p.part) {
				continue
			}
			asked = append(parts[:p.depth:p.depth], parts[len(parts)-1])
		} else if p.first != "" && len(parts) > p.depth && parts[p.depth] != p.first {
			continue
		}
		switch p.Match(asked, dir) {
		case gitignore.Exclude:
			return true
		case gitignore.Include:
			return false
		}
	}
	return false
}

// isProduct reports whether a name says that the file was made by a program.
func isProduct(name string) bool {
	for _, s := range []string{".d.ts", ".d.mts", ".d.cts", ".min.js", ".min.mjs", ".min.cjs", ".bundle.js", "-bundle.js", ".generated.ts", ".generated.js", ".pb.ts", ".pb.js", "_pb.js", "_pb.ts"} {
		if strings.HasSuffix(name, s) {
			return true
		}
	}
	return strings.HasSuffix(name, ".pnp.cjs")
}

// MaxFileSize is the size in bytes above which a file is not read: no person
// edits such a file.
const MaxFileSize = 4 << 20

// Read returns the content of a file of the project, given its path relative
// to the root. It refuses what is no text, what is too large, and what was
// generated or minified; those refusals wrap ErrSkipped.
func (p *Project) Read(rel string) ([]byte, error) {
	if src, ok := p.overlay[rel]; ok {
		return checked(rel, src, nil)
	}
	return p.ReadInto(rel, nil)
}

// ReadInto is Read for whoever is done with one text before the next comes, and may write over
// it: it is in the memory of into, if there is room.
func (p *Project) ReadInto(rel string, into []byte) ([]byte, error) {
	if src, ok := p.overlay[rel]; ok {
		return checked(rel, append(into[:0], src...), nil)
	}
	src, err := p.files.source(rel, into)
	return checked(rel, src, err)
}

func checked(rel string, src []byte, err error) ([]byte, error) {
	if err == nil {
		err = CheckText(src)
	}
	if err != nil {
		return nil, &PathError{rel, plain(err)}
	}
	return src, nil
}

// ErrSkipped is wrapped by the errors about files that are left out on purpose.
var ErrSkipped = errors.New("skipped")
