package project

import (
	"bytes"
	"context"
	"hash/maphash"
	"iter"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// Who makes instances of a class, and who calls a function, is asked of all files: by
// the names that they import and those behind `new`. Most scans never ask; the first
// question reads every file once.

// mentioned are the files that import a name, or make something of it. Only hashes of
// the names are kept.
type mentioned struct {
	once   sync.Once
	seed   maphash.Seed
	all    atomic.Bool // every file is noted
	mu     sync.Mutex
	files  paths
	byName map[uint64]postings
}

func newMentioned() *mentioned {
	return &mentioned{seed: maphash.MakeSeed(), byName: map[uint64]postings{}}
}

// Notes reports whether it matters what a file of that role mentions. Examples and the
// like show what others do with something, and how they do it by the page or script says
// nothing of how long it lives.
func Notes(rel string, role Role) bool {
	return role != Test && (RoleOf(rel) != Script || strings.Contains("/"+rel, "/bin/"))
}

// Noted says that every file was noted: no question reads them again, and what another run
// would note after that is known.
func (p *Project) Noted() {
	p.mentioned.once.Do(func() {
		p.seen.all()
		p.mentioned.all.Store(true)
	})
}

// build reads all files of the project. What a run had noted of a part of them is
// forgotten.
func (m *mentioned) build(ctx context.Context, p *Project) {
	m.files, m.byName = paths{}, map[uint64]postings{}
	paths := make(chan string, 64)
	var readers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		readers.Go(func() {
			var src []byte
			for rel := range paths {
				text, err := p.files.source(rel, src)
				if err != nil {
					continue
				}
				if src = text; Notes(rel, p.RoleOf(rel, src)) {
					p.Note(rel, src)
				}
			}
		})
	}
	ignore := func(error) {} // what cannot be read is told by the scan itself
	_ = p.Discover(ctx, nil, func(rel string) { paths <- rel }, ignore)
	close(paths)
	readers.Wait()
	m.all.Store(true)
}

func (m *mentioned) add(rel string, names []uint64) {
	if len(names) == 0 {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	id := m.files.add(rel)
	for _, name := range names {
		in := m.byName[name]
		in.add(id)
		m.byName[name] = in
	}
}

// of lists the files of a name.
func (m *mentioned) of(name string) []string {
	var out []string
	for id := range m.byName[maphash.String(m.seed, name)].all() {
		out = append(out, m.files.at(id))
	}
	return out
}

// mentionsNoted lists the files of a name; the first question reads all that were not noted.
func (p *Project) mentionsNoted(ctx context.Context, name string) []string {
	p.mentioned.once.Do(func() { p.mentioned.build(ctx, p) })
	return p.mentioned.of(name)
}

// wordsIn tells the words of a text, until it is told to stop.
func wordsIn(text []byte, tell func([]byte) bool) {
	for at := 0; at < len(text); {
		start := at
		for at < len(text) && isWord(rune(text[at])) {
			at++
		}
		if at == start {
			at++
		} else if !tell(text[start:at]) {
			return
		}
	}
}

func each(src []byte, word string, found func(at int)) {
	for from := 0; ; {
		i := bytes.Index(src[from:], []byte(word))
		if i < 0 {
			return
		}
		found(from + i)
		from += i + len(word)
	}
}

func isWord(r rune) bool {
	return r == '_' || r == '$' || r > 127 || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
}

// MentionsOf lists the mentions of something that a file declares, in other files
// which import it, tests and examples left out. What is imported by another name than it has, or as
// a part of a whole module, is not found, but for `new whole.Name()`. Which files were
// asked is remembered for Dependents; a file that begins to mention it is not foreseen.
func (p *Project) MentionsOf(ctx context.Context, decl syntax.Node, name string) []syntax.Node {
	return slices.Collect(p.EachMention(ctx, decl, name, ""))
}

// EachMention is MentionsOf for whoever may have heard enough before all files were asked.
// With a word, one of besides, only files whose text has it are parsed, unless it is
// remembered which files were asked.
func (p *Project) EachMention(ctx context.Context, decl syntax.Node, name, word string) iter.Seq[syntax.Node] {
	return p.mentionsOf(ctx, decl, name, "", word)
}

// HasWord reports whether a file of the project, tests and examples left out, has a word, one
// of besides.
func (p *Project) HasWord(ctx context.Context, word string) bool {
	for _, src := range p.overlay {
		if bytes.Contains(src, []byte(word)) {
			return true
		}
	}
	return len(p.mentionsNoted(ctx, beside+word)) > 0
}

// Mentioning lists the files that import a name or make something of it, by their text: some may
// mean another one of that name.
func (p *Project) Mentioning(ctx context.Context, name string) []string {
	return p.mentioning(ctx, name, "", "")
}

// Emptying lists the other files in which a property of that name is given null or undefined, of
// whatever it is; who asks looks at the tree. They are remembered for Dependents.
func (p *Project) Emptying(ctx context.Context, rel, name string) []string {
	files := slices.DeleteFunc(p.mentioning(ctx, name, emptying, ""), func(other string) bool { return other == rel })
	for _, other := range files {
		p.asked.add(rel, other)
	}
	return files
}

// HeirsOf is MentionsOf for files in which a class extends, or keeps to, one of that name.
func (p *Project) HeirsOf(ctx context.Context, decl syntax.Node, name string) []syntax.Node {
	return slices.Collect(p.mentionsOf(ctx, decl, name, heir, ""))
}

func (p *Project) mentionsOf(ctx context.Context, decl syntax.Node, name, as, with string) iter.Seq[syntax.Node] {
	return func(yield func(syntax.Node) bool) {
		at := decl.File().Path
		for _, rel := range p.mentioning(ctx, name, as, with) {
			if rel == at || !p.mayImport(rel, name, at) {
				continue
			}
			f, err := p.Load(ctx, rel)
			if err != nil {
				continue
			}
			refs := p.mentionsIn(ctx, f, decl, name)
			if len(refs) > 0 {
				p.asked.add(at, rel)
			}
			for _, ref := range refs {
				if !yield(ref) {
					return
				}
			}
		}
	}
}

// mentioning lists the files that may mention a name, in order.
func (p *Project) mentioning(ctx context.Context, name, as, with string) []string {
	if name == "" {
		return nil
	}
	files := p.mentionsNoted(ctx, as+name)
	if with != "" && p.asked == nil {
		having := p.mentionsNoted(ctx, beside+with)
		files = slices.DeleteFunc(files, func(rel string) bool { return !slices.Contains(having, rel) })
	}
	for rel, src := range p.overlay {
		if !slices.Contains(files, rel) && bytes.Contains(src, []byte(name)) {
			files = append(files, rel)
		}
	}
	slices.Sort(files)
	return files
}

func (p *Project) mentionsIn(ctx context.Context, f *syntax.File, decl syntax.Node, name string) []syntax.Node {
	isIt := func(module, name string) bool {
		g, n := p.Declaration(ctx, p.Resolve(f.Path, module), name)
		return g != nil && g.Path == decl.File().Path && n.Start() == decl.Start() && n.Kind() == decl.Kind()
	}
	var out []syntax.Node
	if sym := f.TopLevel(name); sym != nil {
		if im, ok := sym.Import(); ok && isIt(im.Module, im.Name) {
			out = sym.Refs
		}
	}
	for n := range f.Root().Descendants() {
		if !n.Is("new_expression") {
			continue
		}
		callee := n.Field("constructor").Inner(false)
		if !callee.Is("member_expression") || callee.Field("property").Text() != name {
			continue
		}
		if o, ok := callee.Origin(); ok && o.Module != "" && isIt(o.Module, name) {
			out = append(out, callee)
		}
	}
	return out
}
