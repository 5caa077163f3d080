package propose

import (
	"fmt"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/unleak-dev/unleak/internal/markdown"
	"github.com/unleak-dev/unleak/patch"
	"github.com/unleak-dev/unleak/transforms"
	"github.com/unleak-dev/unleak/vcs"
)

// plain is a text of the analysis for a message: what is quoted in it from the
// source means nothing there, and no literal is quoted.
func plain(s string) string { return markdown.Message(markdown.WithoutLiterals(s)) }

// maxInMessage is how many fixes a message tells of.
const maxInMessage = 100

// message is that of a commit, without trailers: what it does, and why.
func (p *Plan) message(s step) string {
	var fixes []*transforms.Fix
	for _, t := range s.texts {
		fixes = append(fixes, t.fixes...)
	}
	var b strings.Builder
	what := plain(fixes[0].Message)
	if len(fixes) > 1 && !same(fixes) {
		what = fmt.Sprintf("Release what leaks in %d places", len(fixes))
	}
	fmt.Fprintf(&b, "%s: %s\n", area(s.pkg), uncapitalised(what))
	for i, f := range fixes {
		b.WriteString("\n")
		if i == maxInMessage {
			fmt.Fprintf(&b, "And %d more.\n", len(fixes)-i)
			break
		}
		for _, o := range f.Plan.Obligations {
			line, _ := o.File.Position(o.At.Start())
			b.WriteString(wrap(fmt.Sprintf("%s, line %d: %s.", markdown.Message(p.Base.In(o.File.Path)), line, plain(o.Message)), "", ""))
		}
		if len(fixes) > 1 && !same(fixes) {
			b.WriteString(wrap("Mended: "+uncapitalised(plain(f.Message))+".", "", ""))
		}
		for i, n := range f.Notes {
			if i == 0 {
				b.WriteString("\nTo be looked at:\n")
			}
			b.WriteString(wrap(plain(n.Text), "- ", "  "))
		}
	}
	return b.String()
}

// same reports whether all fixes say the same.
func same(fixes []*transforms.Fix) bool {
	for _, f := range fixes {
		if f.Message != fixes[0].Message {
			return false
		}
	}
	return true
}

// area is what stands in front of a subject: the package's own name.
func area(pkg string) string {
	if pkg == "." || pkg == "" {
		return "leaks"
	}
	a := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("-_.", r) {
			return r
		}
		return '-'
	}, path.Base(pkg))
	if len(a) > 40 {
		a = strings.ToValidUTF8(a[:40], "")
	}
	return a
}

func uncapitalised(s string) string {
	r, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToLower(r)) + s[size:]
}

// wrap breaks a paragraph at 72 characters, where words allow.
func wrap(s, first, rest string) string {
	var b strings.Builder
	line, n := first, 0
	for _, w := range strings.Fields(s) {
		switch {
		case n > 0 && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(w) > 72:
			b.WriteString(line + "\n")
			line = rest + w
		case n > 0:
			line += " " + w
		default:
			line += w
		}
		n++
	}
	return b.String() + line + "\n"
}

// patchTrailer holds the digest of what a commit changes: a commit that a person
// changed, or made, is told from one of ours by it.
const patchTrailer = "Unleak-Patch"

func trailers(changes []patch.Change, by vcs.Person, signOff bool) string {
	t := fmt.Sprintf("\n%s: %s\n", patchTrailer, patchDigest(changes))
	if signOff {
		t += fmt.Sprintf("Signed-off-by: %s <%s>\n", markdown.Clean(by.Name), markdown.Clean(by.Email))
	}
	return t
}

// trailerOf is the digest that a message tells, "" if it tells none.
func trailerOf(message string) string {
	for line := range strings.Lines(message) {
		if d, ok := strings.CutPrefix(line, patchTrailer+": "); ok {
			return strings.TrimSpace(d)
		}
	}
	return ""
}
