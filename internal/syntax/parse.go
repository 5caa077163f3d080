// Package syntax reads TypeScript and JavaScript: nodes, scopes, imports,
// patterns, the control flow of a function, light types.
//
// It is the one importer of the parser, and none of the parser's types appears
// in its API. It knows nothing of leaks.
package syntax

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"path/filepath"
	"sync"

	sitter "github.com/smacker/go-tree-sitter"
	"github.com/smacker/go-tree-sitter/javascript"
	"github.com/smacker/go-tree-sitter/typescript/tsx"
	"github.com/smacker/go-tree-sitter/typescript/typescript"
)

// File is one parsed source file. It is immutable and safe for concurrent use
// once Parse has returned it.
type File struct {
	Path  string // as given to Parse
	src   []byte
	text  string // src, for what is cut out of it
	nodes []node
	lang  *language
	lines []int // offsets at which lines start

	blocks []Block // of a component file
	code   []byte  // of a component file: what was parsed
	ext    string  // of the language

	once    sync.Once
	scopes  *scopes
	imports *Imports

	ownersOnce sync.Once
	owners     *owners

	foundMu  sync.Mutex
	fieldsOf map[int32]map[string][]Node // by the ID of a class: see fieldValues
	members  map[int32][]Member          // by the ID of a class: see membersOf
}

// Extensions lists the file name extensions that can be parsed.
var Extensions = append([]string{".ts", ".tsx", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs"}, ComponentExtensions...)

// Supported reports whether the name of a file says that Parse can read it.
func Supported(path string) bool {
	ext := filepath.Ext(path)
	for _, e := range Extensions {
		if e == ext {
			return true
		}
	}
	return false
}

// Parse parses src as the language that path's extension names. src must not
// be changed afterwards. Parsing does not fail on syntax errors: see Errors.
// The error is that of a cancelled ctx or an extension that is not Supported.
//
// Of a component file the scripts are parsed, as one module. Offsets and positions are
// those of the whole file, which is Src.
func Parse(ctx context.Context, path string, src []byte) (*File, error) {
	code, ext, blocks := scripts(path, src)
	joined, joins := joinExports(code)
	if !joins {
		joined = code
	}
	f, err := parse(ctx, path, ext, joined)
	if err != nil {
		return nil, err
	}
	f.src = code
	f.ext = ext
	if IsComponent(path) {
		f.src, f.code, f.blocks = src, code, blocks
	}
	f.text = string(f.src)
	return f, nil
}

func parse(ctx context.Context, path, ext string, src []byte) (*File, error) {
	ls := languagesFor(ext)
	if len(ls) == 0 {
		return nil, fmt.Errorf("%s: not a TypeScript or JavaScript file name", path)
	}
	var best *File
	for _, l := range ls {
		f, err := parseAs(ctx, l, path, src)
		if err != nil {
			return nil, err
		}
		if f.Errors() == 0 {
			return f, nil
		}
		// The grammars do not know some newer constructs: blank those out, byte
		// for byte, and look whether that was all.
		if masked, ok := maskGaps(src, l.ts); ok {
			g, err := parseAs(ctx, l, path, masked)
			if err != nil {
				return nil, err
			}
			if g.Errors() < f.Errors() {
				g.src = src
				f = g
			}
		}
		if f.Errors() == 0 {
			return f, nil
		}
		if best == nil || f.Errors() < best.Errors() {
			best = f
		}
	}
	return best, nil
}

// longestWait is the most bytes that are parsed to the end although nobody waits for them any
// longer: some milliseconds. For a longer text the binding watches in a goroutine, which may set
// the parser's cancellation flag after the parse has ended, and nothing ever clears it: such a
// parser is not used again.
const longestWait = 64 << 10

func parseAs(ctx context.Context, l *language, path string, src []byte) (*File, error) {
	if err := context.Cause(ctx); err != nil {
		return nil, fmt.Errorf("%s: parsing stopped: %w", path, err)
	}
	p := l.parsers.Get().(*sitter.Parser)
	if len(src) > longestWait {
		defer p.Close()
	} else { // nobody watches ctx
		ctx = context.WithoutCancel(ctx)
		defer l.parsers.Put(p)
	}
	tree, err := p.ParseCtx(ctx, nil, src)
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		return nil, fmt.Errorf("%s: parsing stopped: %w", path, err)
	}
	defer tree.Close()
	return &File{Path: path, src: src, nodes: flatten(tree.RootNode()), lang: l}, nil
}

// Src is the file's text. It must not be changed.
func (f *File) Src() []byte { return f.src }

// Root is the node that holds the whole file.
func (f *File) Root() Node { return Node{f, 0} }

// Node returns the node with the given ID.
func (f *File) Node(id int32) Node { return Node{f, id} }

// NodeCount is the number of nodes; IDs run from 0 to it.
func (f *File) NodeCount() int { return len(f.nodes) }

// Ext names the language of the code, as the extension of a file name does.
func (f *File) Ext() string { return f.ext }

// TypeScript reports whether the file's name, or its scripts, say TypeScript.
func (f *File) TypeScript() bool {
	switch f.ext {
	case ".ts", ".tsx", ".mts", ".cts":
		return true
	}
	return false
}

// Errors counts the places where the parser skipped or invented text.
func (f *File) Errors() int {
	count := 0
	if !f.Root().HasError() {
		return 0
	}
	for i := range f.nodes {
		n := Node{f, int32(i)}
		if n.raw().flags&flagMissing != 0 || n.Kind() == "ERROR" {
			count++
		}
	}
	return count
}

// NodeAt returns the innermost node around the bytes from start to end.
func (f *File) NodeAt(start, end int) Node {
	n := f.Root()
	for {
		inner := Node{}
		for c := range n.All() {
			if c.Start() <= start && c.End() >= end {
				inner = c
				break
			}
		}
		if !inner.OK() {
			return n
		}
		n = inner
	}
}

// Position returns the line and the column of a byte offset, both from 1, the
// column in UTF-16 code units.
func (f *File) Position(offset int) (line, column int) {
	lines := f.lineStarts()
	lo, hi := 0, len(lines)
	for hi-lo > 1 {
		if mid := (lo + hi) / 2; lines[mid] <= offset {
			lo = mid
		} else {
			hi = mid
		}
	}
	column = 1
	for _, r := range string(f.src[lines[lo]:offset]) {
		if r == 0xFEFF && lines[lo] == 0 {
			continue // a byte order mark takes no column
		}
		column++
		if r > 0xFFFF {
			column++
		}
	}
	return lo + 1, column
}

// Line returns the text of a line, counted from 1, without its end.
func (f *File) Line(line int) string {
	lines := f.lineStarts()
	if line < 1 || line > len(lines) {
		return ""
	}
	end := len(f.src)
	if line < len(lines) {
		end = lines[line]
	}
	return string(bytes.TrimRight(f.src[lines[line-1]:end], "\r\n"))
}

// LineStart is the offset of the first byte of the line that holds offset.
func (f *File) LineStart(offset int) int {
	return bytes.LastIndexByte(f.src[:offset], '\n') + 1
}

func (f *File) lineStarts() []int {
	f.analyse()
	return f.lines
}

// analyse computes what most files never need, once.
func (f *File) analyse() {
	f.once.Do(func() {
		f.lines = []int{0}
		for i, b := range f.src {
			if b == '\n' {
				f.lines = append(f.lines, i+1)
			}
		}
		f.scopes = buildScopes(f)
		f.imports = buildImports(f)
	})
}

// language is one grammar with its names.
type language struct {
	ts      bool
	grammar *sitter.Language
	kinds   []string
	fields  []string
	byField map[string]uint8
	quick   [256]quickField
	parsers sync.Pool // of *sitter.Parser
}

func newLanguage(g *sitter.Language, ts bool) *language {
	l := &language{grammar: g, ts: ts, byField: map[string]uint8{}}
	for i := uint32(0); i < g.SymbolCount(); i++ {
		l.kinds = append(l.kinds, g.SymbolName(sitter.Symbol(i)))
	}
	l.parsers.New = func() any {
		p := sitter.NewParser() // closes itself when it is collected
		p.SetLanguage(g)
		return p
	}
	l.fields = append(l.fields, "")
	for i := 1; ; i++ {
		name := g.FieldName(i)
		if name == "" {
			break
		}
		if i > math.MaxUint8 {
			panic("a grammar has more fields than a node can tell apart")
		}
		l.fields = append(l.fields, name)
		l.byField[name] = uint8(i)
		l.quick[quickIndex(name)] = quickField{name, uint8(i)}
	}
	return l
}

func (l *language) kind(symbol uint16) string {
	if int(symbol) < len(l.kinds) {
		return l.kinds[symbol]
	}
	return "ERROR" // the parser's own symbol for skipped text lies beyond the grammar's
}

// field is asked for more than anything else: a table by the length and the first and last
// byte of a name stands before the map.
func (l *language) field(name string) uint8 {
	if e := &l.quick[quickIndex(name)]; e.name == name {
		return e.id
	}
	return l.byField[name]
}

type quickField struct {
	name string
	id   uint8
}

func quickIndex(name string) byte {
	if name == "" {
		return 0
	}
	return byte(len(name))*7 ^ name[0] ^ name[len(name)-1]<<3
}

func (l *language) fieldName(id uint8) string {
	if int(id) < len(l.fields) {
		return l.fields[id]
	}
	return ""
}

var (
	typeScript = sync.OnceValue(func() *language { return newLanguage(typescript.GetLanguage(), true) })
	tsxScript  = sync.OnceValue(func() *language { return newLanguage(tsx.GetLanguage(), true) })
	javaScript = sync.OnceValue(func() *language { return newLanguage(javascript.GetLanguage(), false) })
)

// languagesFor lists the grammars to try, best first. JavaScript falls back on
// TSX, which knows some constructs that the JavaScript grammar does not.
func languagesFor(ext string) []*language {
	switch ext {
	case ".ts", ".mts", ".cts":
		return []*language{typeScript()}
	case ".tsx":
		return []*language{tsxScript()}
	case ".js", ".jsx", ".mjs", ".cjs":
		return []*language{javaScript(), tsxScript()}
	}
	return nil
}
