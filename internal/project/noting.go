package project

import (
	"bytes"
	"hash/maphash"
	"slices"
	"strings"
	"sync"

	"github.com/unleak-dev/unleak/internal/wordset"
)

// What a file mentions is told from its text, by the words that stand before it, after it, or
// for it. Who asks looks at the tree: other names may be told, too.

// heir is put before the name of what a class extends or keeps to.
const heir = ":"

// beside is put before a word that a file has, of those that EachMention may ask for.
const beside = "+"

// emptying is put before the name of a property that a file gives null or undefined.
const emptying = "-"

// besides are these words. Each is looked for in every text, and what begins with it.
var besides = []string{Bootstrap, RemoveAll, Unmount}

// Bootstrap is in every file that has a page of Angular begin with a class: as a key, or as the
// begin of bootstrapApplication. Others have the word for the library of that name.
const Bootstrap = "bootstrap"

// RemoveAll is in every file that takes all listeners from an emitter of Node.
const RemoveAll = "removeAllListeners"

// Unmount is in every file that takes a root of React out of the page.
const Unmount = "unmount"

// longestHeritage bounds how far behind `extends` the name of a class is looked for.
const longestHeritage = 400

// longestClause bounds how far behind `import` its module is looked for.
const longestClause = 8 << 10

var notedWords = func() *wordset.Set {
	s := &wordset.Set{}
	s.Add("import", "require", "extends", "implements", "new", "null", "undefined", "export", "exports", "__exportStar")
	s.AddPrefix(besides...)
	return s
}()

// NotedWords are those that Noting is to be given.
func NotedWords() *wordset.Set { return notedWords }

// Noting takes what one file mentions.
type Noting struct {
	p     *Project
	rel   string
	src   []byte
	names []uint64   // hashes
	gives []nameHash // what the file may export: see outline
	any   bool       // it may export other names, too
	lists bool       // it may export by a list, which can name what is another's
}

// Noting begins to take what a file mentions, for the questions that come later: nil if all is
// known. Who reads all files of which Notes says so gives it each of NotedWords that the text
// has, calls Done, and Noted when there are no more files. Several files may be noted at a time.
func (p *Project) Noting(rel string, src []byte) *Noting {
	if p.mentioned.all.Load() {
		return nil
	}
	n := notings.Get().(*Noting)
	*n = Noting{p: p, rel: rel, src: src, names: n.names[:0], gives: n.gives[:0]}
	return n
}

// notings are those that are done.
var notings = sync.Pool{New: func() any { return new(Noting) }}

// Note takes what a file mentions, for who looks for nothing else in it.
func (p *Project) Note(rel string, src []byte) {
	if n := p.Noting(rel, src); n != nil {
		notedWords.Each(src, func(start, end int) bool { n.Word(start, end); return true })
		n.Done(false)
	}
}

// Word takes the word from start to end.
func (n *Noting) Word(start, end int) {
	src := n.src
	switch word := string(src[start:end]); word {
	case "import":
		importedAt(src, start, n.tell)
	case "require":
		requiredAt(src, start, n.tell)
	case "export":
		n.exported(src[end:])
	case "exports":
		if handsOn(src[end:], ":") {
			n.any = true
		}
	case "__exportStar":
		n.any = true
	case "extends", "implements":
		if clause, ok := bytes.CutPrefix(src[end:min(len(src), end+longestHeritage)], []byte(" ")); ok {
			clause, _, _ = bytes.Cut(clause, []byte("{"))
			wordsIn(clause, func(name []byte) bool { n.as(heir, name); return true })
		}
	case "new":
		if made, ok := bytes.CutPrefix(src[end:], []byte(" ")); ok {
			n.made(bytes.TrimLeft(made, " "))
		}
	case "null", "undefined":
		if before, ok := bytes.CutSuffix(src[:start], []byte(" = ")); ok {
			n.emptied(before)
		}
	case Bootstrap:
		if isKey(src[end:]) {
			n.as(beside, []byte(Bootstrap))
		}
	default:
		for _, b := range besides {
			if strings.HasPrefix(word, b) {
				n.as(beside, []byte(b))
			}
		}
	}
}

// isKey reports whether a word is a key, or may be one: rest is what follows it.
func isKey(rest []byte) bool {
	rest = bytes.TrimLeft(rest, " \t\r\n")
	return bytes.HasPrefix(rest, []byte(":")) || bytes.HasPrefix(rest, []byte("/*")) || bytes.HasPrefix(rest, []byte("//"))
}

// Done ends it. empty says that the file was looked at, and who reads finds nothing in it that it
// looks for: see HoldsNothing. What only hands on what others export is asked for that again and again.
func (n *Noting) Done(empty bool) {
	if b := readBarrel(bytes.TrimPrefix(n.src, bom)); b != nil {
		if n.any = true; n.p.outlines.Len() < knownOutlines/2 { // questions need the rest
			n.p.outlines.Add(n.rel, &outline{barrel: b})
		}
	}
	if !n.any && !strings.Contains(n.rel, ".d.") {
		n.p.seen.addNoted(n.rel, n.gives, empty && !n.lists)
	}
	slices.Sort(n.names)
	n.p.mentioned.add(n.rel, slices.Compact(n.names))
	n.p, n.src = nil, nil
	notings.Put(n)
}

// HoldsNothing reports whether the run that read a file said that it holds nothing of what is
// looked for, and all that it may export by a name is declared in it.
func (p *Project) HoldsNothing(rel string) bool {
	f, ok := p.seen.notedOf(rel)
	return ok && f.empty
}

func (n *Noting) tell(name []byte) { n.as("", name) }

func (n *Noting) as(what string, name []byte) {
	n.names = append(n.names, n.p.mentioned.hash(what, name))
}

// made takes the name that stands behind `new`.
func (n *Noting) made(rest []byte) {
	end := 0
	for end < len(rest) && (isWord(rune(rest[end])) || rest[end] == '.') {
		end++
	}
	name := rest[:end]
	if name = name[bytes.LastIndexByte(name, '.')+1:]; len(name) > 0 {
		n.tell(name)
	}
}

// emptied takes the property that stands before an assignment, if it is one.
func (n *Noting) emptied(before []byte) {
	start := len(before)
	for start > 0 && isWord(rune(before[start-1])) {
		start--
	}
	if start > 0 && start < len(before) && before[start-1] == '.' {
		n.as(emptying, before[start:])
	}
}

// exported takes the names of what stands behind `export`.
func (n *Noting) exported(rest []byte) {
	rest = exporting(rest)
	n.lists = n.lists || len(rest) > 0 && rest[0] == '{'
	leads := len(rest) > 0 && (rest[0] == '*' || strings.IndexByte(leading, rest[0]) >= 0)
	if leads || !n.any && !exportedBy(rest, func(name []byte) { n.gives = append(n.gives, hashOfName(string(name))) }) {
		n.any = true
	}
}

// eachImported tells the names in import clauses and destructured requires, and others.
func eachImported(src []byte, tell func([]byte)) {
	each(src, "import", func(at int) { importedAt(src, at, tell) })
	each(src, "require(", func(at int) { requiredAt(src, at, tell) })
}

// importedAt tells the names in the clause of an import.
func importedAt(src []byte, at int, tell func([]byte)) {
	clause := src[at+len("import") : min(len(src), at+longestClause)]
	if end := bytes.IndexAny(clause, "'\"`;("); end > 0 {
		wordsIn(clause[:end], func(word []byte) bool { tell(word); return true })
	}
}

// requiredAt tells the names that what a call of require gives is taken apart into.
func requiredAt(src []byte, at int, tell func([]byte)) {
	if !bytes.HasPrefix(src[at+len("require"):], []byte("(")) {
		return
	}
	before := src[max(0, at-longestClause):at]
	before = before[bytes.LastIndexAny(before, ";(")+1:]
	for _, word := range []string{"const ", "let ", "var "} {
		if i := bytes.LastIndex(before, []byte(word)); i >= 0 {
			wordsIn(before[i+len(word):], func(word []byte) bool { tell(word); return true })
		}
	}
}

func (m *mentioned) hash(what string, name []byte) uint64 {
	if what == "" {
		return maphash.Bytes(m.seed, name)
	}
	var h maphash.Hash
	h.SetSeed(m.seed)
	h.WriteString(what)
	h.Write(name)
	return h.Sum64()
}
