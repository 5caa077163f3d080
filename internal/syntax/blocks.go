package syntax

import (
	"bytes"
	"path/filepath"
	"slices"
	"strings"
)

// A component file holds scripts among markup: .vue, .svelte. Its scripts are read as one
// module, at the offsets that they have in the file.

// ComponentExtensions lists the file name extensions of component files.
var ComponentExtensions = []string{".vue", ".svelte"}

// Block is one script of a component file, without its tags.
type Block struct {
	Start, End int    // of the text between the tags, in bytes
	Ext        string // the language, as a file name would say it
	// Instance: it runs for each instance of the component, and not once for the module.
	Instance bool
}

// IsComponent reports whether a name is that of a component file.
func IsComponent(path string) bool {
	return slices.Contains(ComponentExtensions, filepath.Ext(path))
}

// Scripts returns what a parser of TypeScript or JavaScript is to read of a text, and the
// extension that names its language. Of a component file everything outside of its
// scripts is blank there, so that all offsets and lines stay; of other files it is
// the text itself.
func Scripts(path string, src []byte) (code []byte, ext string) {
	code, ext, _ = scripts(path, src)
	return code, ext
}

func scripts(path string, src []byte) (code []byte, ext string, blocks []Block) {
	if !IsComponent(path) {
		return src, filepath.Ext(path), nil
	}
	m := &markup{src: src, svelte: filepath.Ext(path) == ".svelte"}
	m.scan()
	return blanked(src, m.blocks), languageOf(m.blocks), m.blocks
}

// languageOf is the one that all scripts of a file can be read as.
func languageOf(blocks []Block) string {
	ts, x := false, false
	for _, b := range blocks {
		ts = ts || strings.HasPrefix(b.Ext, ".ts")
		x = x || strings.HasSuffix(b.Ext, "x")
	}
	switch {
	case ts && x:
		return ".tsx"
	case ts:
		return ".ts"
	case x:
		return ".jsx"
	}
	return ".js"
}

func blanked(src []byte, blocks []Block) []byte {
	code := make([]byte, len(src))
	for i, b := range src {
		code[i] = ' '
		if b == '\n' || b == '\r' {
			code[i] = b
		}
	}
	for i, b := range blocks {
		copy(code[b.Start:], src[b.Start:b.End])
		if i+1 == len(blocks) {
			break
		}
		// Without it the next script could go on with the last statement of this one.
		next := blocks[i+1]
		if goesOn(src[next.Start:next.End]) || !bytes.ContainsAny(code[b.End:next.Start], "\n") {
			code[b.End] = ';'
		}
	}
	return code
}

// goesOn reports whether a text begins with what a statement before it would go on with.
func goesOn(text []byte) bool {
	text = bytes.TrimSpace(text)
	return len(text) > 0 && bytes.IndexByte([]byte("([`+-*/."), text[0]) >= 0
}

// element is an opening tag.
type element struct {
	name   string
	attrs  map[string]string
	closed bool // <name />
}

// block says what a script is; not ok: none that can be read.
func (m *markup) block(e element, start, end int) (Block, bool) {
	b := Block{Start: start, End: end, Ext: ".js"}
	if _, elsewhere := e.attrs["src"]; elsewhere {
		return b, false
	}
	lang := strings.ToLower(e.attrs["lang"])
	switch kind := strings.ToLower(e.attrs["type"]); {
	case lang != "":
	case strings.Contains(kind, "typescript"):
		lang = "ts"
	case kind != "" && kind != "module" && !strings.Contains(kind, "javascript") && !strings.Contains(kind, "ecmascript") && !strings.Contains(kind, "babel"):
		return b, false // a template, data
	}
	switch lang {
	case "", "js", "javascript", "babel":
	case "ts", "typescript":
		b.Ext = ".ts"
	case "tsx", "jsx":
		b.Ext = "." + lang
	default:
		return b, false
	}
	_, setup := e.attrs["setup"]
	_, module := e.attrs["module"]
	b.Instance = setup && !m.svelte || m.svelte && !module && e.attrs["context"] != "module"
	return b, true
}

// Blocks are the scripts of a component file that are written in it, in a language that
// can be parsed, in source order; of other files there are none.
func (f *File) Blocks() []Block { return f.blocks }

// Component reports whether the file is a component file.
func (f *File) Component() bool { return IsComponent(f.Path) }

// Code is the text of the file as the parser has read it: see Scripts.
func (f *File) Code() []byte {
	if f.code != nil {
		return f.code
	}
	return f.src
}

// BlockAt is the script that holds the bytes from start to end.
func (f *File) BlockAt(start, end int) (Block, bool) {
	for _, b := range f.blocks {
		if b.Start <= start && end <= b.End {
			return b, true
		}
	}
	return Block{}, false
}
