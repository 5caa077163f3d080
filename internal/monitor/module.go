// Package monitor writes a monitor into a project: a module that counts what the
// instances of classes hold, the calls that tell it, and a script that runs a
// scenario again and again and fails when something grows.
package monitor

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"strings"

	"github.com/unleak-dev/unleak/transforms"
)

//go:embed templates/monitor.tmpl
var moduleTemplate string

// head begins the first line of a module, and is followed by a checksum of the lines
// behind it.
const head = "// unleak-monitor 1 "

// Language is what a module is written in.
type Language struct {
	TypeScript bool
	CommonJS   bool // for JavaScript: TypeScript is compiled to whatever the project wants
}

// Module is the text of the monitor. Types stand in its template between ⟨ and ⟩.
func Module(l Language, m transforms.Manner) []byte {
	var b strings.Builder
	rest := moduleTemplate
	for {
		before, after, found := strings.Cut(rest, "⟨")
		b.WriteString(before)
		if !found {
			break
		}
		types, after, _ := strings.Cut(after, "⟩")
		if l.TypeScript {
			b.WriteString(types)
		} else if strings.HasPrefix(types, "\n") {
			after = strings.TrimPrefix(after, "\n") // whole lines
			b.WriteString("\n")
		}
		rest = after
	}
	switch {
	case l.TypeScript:
		b.WriteString("export const monitor: Monitor = shared();\n")
	case l.CommonJS:
		b.WriteString("module.exports = { monitor: shared() };\n")
	default:
		b.WriteString("export const monitor = shared();\n")
	}
	text := b.String()
	if l.CommonJS && !l.TypeScript {
		text = "'use strict';\n\n" + text
	}
	body := mannered(text, m)
	return []byte(head + checksum(body) + m.EOL + body)
}

func checksum(body string) string {
	sum := sha256.Sum256([]byte(body))
	return hex.EncodeToString(sum[:8])
}

// Ours reports whether a text is a module that Module wrote, and whether nobody has
// changed it since.
func Ours(text []byte) (ours, untouched bool) {
	rest, ours := strings.CutPrefix(string(text), head)
	if !ours {
		return false, false
	}
	sum, body, _ := strings.Cut(rest, "\n")
	return true, strings.TrimSpace(sum) == checksum(body)
}

// mannered writes our text (tabs, semicolons, single quotes) as the package has it.
func mannered(s string, m transforms.Manner) string {
	var b strings.Builder
	for line := range strings.Lines(s) {
		line = strings.TrimSuffix(line, "\n")
		depth := len(line) - len(strings.TrimLeft(line, "\t"))
		line = line[depth:]
		if m.Semicolon == "" {
			line = strings.TrimSuffix(line, ";")
			line = strings.Replace(line, "; //", " //", 1)
		}
		if m.Quote == `"` && !strings.ContainsAny(line, "\"\\") && !strings.HasPrefix(line, "//") && !strings.HasPrefix(line, "/*") {
			line = strings.ReplaceAll(line, "'", `"`)
		}
		if line == "" {
			depth = 0
		}
		b.WriteString(strings.Repeat(m.Indent, depth) + line + m.EOL)
	}
	return b.String()
}
