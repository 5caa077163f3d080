package markdown

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/text"
)

// hostile are names and texts of people who would like to be more than text.
var hostile = []string{
	"", " ", "plain", "a b", "a  b\nc", "`", "``", "```", "a`b", "`a", "a`", "a``b`c", "```js\nx\n```", "\\`", "a\\",
	"@ada", "x @org/team y", "a@example.org", "mailto:a@example.org", "#12", "x#12", "org/repo#12", "GH-12", "gh-7", "https://example.org/x", "www.example.org", "http://x", "ftp://example.org",
	"[a](https://example.org)", "![a](x.png)", "<img src=x>", "<script>alert(1)</script>", "<!-- x -->", "-->", "</details>", "<a href='x'>", "&lt;b&gt;", "&#64;ada", "&commat;ada",
	"a|b", "| a | b |\n|---|---|\n| c | d |", "# heading", "- item", "* item", "1. item", "> quote", "---", "===", "    code", "\tcode", "~~~", "a\n\nb", "a\r\nb", "a\u2028b", "a\x00b", "a\x1b[31mb",
	"*a*", "**a**", "_a_", "__a__", "~~a~~", "a_b_c", "$x$", "$`x`$", ":smile:", "[ ] task", "[^1]", "[^1]: note", "[x]: https://example.org", "deadbeefdeadbeef", "0123456", "da39a3ee5e6b4b0d3255bfef95601890afd80709",
	"a\u202eb", "a\u200bb", "\ufeff", "\xff\xfe", "e\u0301", "日本", "😀", strings.Repeat("x", 5000), strings.Repeat("`", 500), strings.Repeat("`a", 300), strings.Repeat("@a ", 100),
	"Signed-off-by: x", "Co-authored-by: x <x@y>", "a\n\nCo-authored-by: x <x@y>", "fixes #1", "[skip ci]", "[ci skip]", "[no ci]", "[ skip actions]", "***NO_CI***", "skip-checks: true", "'", "it's", "\"", "<", ">", "&", "\\", "!", "![", "](", "[[a]]",
}

// outlaws finds what a renderer makes of Markdown that no text of others may become.
func outlaws(t *testing.T, source string) (out []string) {
	t.Helper()
	md := goldmark.New(goldmark.WithExtensions(extension.GFM, extension.Footnote))
	src := []byte(source)
	doc := md.Parser().Parse(text.NewReader(src))
	err := ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.CodeSpan:
			return ast.WalkSkipChildren, nil
		case *ast.Document, *ast.Paragraph, *ast.String:
		case *ast.Text:
			if m := magic.Find(n.Segment.Value(src)); m != nil {
				out = append(out, fmt.Sprintf("%q", m))
			}
		default:
			out = append(out, n.Kind().String())
		}
		return ast.WalkContinue, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// magic is what GitHub makes something of in plain text, after Markdown.
var magic = regexp.MustCompile(`@\w|#\d|(?i:gh-\d)|\b[0-9a-f]{7,}\b|://|www\.\w|:\w+:|\$`)

func TestCodeAndProse(t *testing.T) {
	for _, s := range hostile {
		for name, write := range map[string]func(string) string{"Code": Code, "Prose": Prose} {
			got := write(s)
			if strings.ContainsAny(got, "\n\r") {
				t.Errorf("%s(%q) is not one line: %q", name, s, got)
			}
			for _, around := range []string{"It says %s.", "It says %s, and `code` after.", "%[1]s and %[1]s", "x: %s"} {
				if bad := outlaws(t, fmt.Sprintf(around, got)); len(bad) > 0 {
					t.Errorf("%s(%q) gives %q, which renders as %v", name, s, got, bad)
				}
			}
		}
	}
}

// TestOutlaws: the judge of these tests sees what it is there for.
func TestOutlaws(t *testing.T) {
	for _, bad := range []string{"@ada", "x #12", "see GH-3", "https://example.org", "[a](b)", "![a](b)", "<b>x</b>", "<!-- x -->", "*a*", "a\n\n- b", "~~a~~", "deadbeef1", "`a` ` @ada", "| a |\n|---|\n| b |"} {
		if len(outlaws(t, bad)) == 0 {
			t.Errorf("%q passes", bad)
		}
	}
	if bad := outlaws(t, "a word, `@ada` and ``a`b``"); len(bad) > 0 {
		t.Errorf("plain text does not pass: %v", bad)
	}
}

func TestProseReads(t *testing.T) {
	for in, want := range map[string]string{
		"interval is not released on every way out of waitForBerth: line 19, reject()": "interval is not released on every way out of waitForBerth: line 19, `reject()`",
		"Release the interval of Poller in stop()":                                     "Release the interval of Poller in `stop()`",
		"does anybody rely on it, and isn't it one-shot?":                              "does anybody rely on it, and isn't it one-shot?",
		"see a.b c.d, and GH-12":                                                       "see `a.b c.d`, and `GH-12`",
		"x2 y3z 12":                                                                    "`x2 y3z` 12",
	} {
		if got := Prose(in); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

func TestWithoutLiterals(t *testing.T) {
	for in, want := range map[string]string{
		`connect('hunter2')`:               `connect('…')`,
		`a("x\"y", b)`:                     `a("…", b)`,
		"t(`k${x}`)":                       "t(`…`)",
		`it's the project's`:               `it's the project's`,
		`the 'error' of x`:                 `the '…' of x`,
		`x('never ends`:                    `x('…'`,
		`f('a\\', 'b')`:                    `f('…', '…')`,
		`no quotes`:                        `no quotes`,
		`don't use 'secret' where it's "x`: `don't use '…' where it's "…"`,
	} {
		if got := WithoutLiterals(in); got != want {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
}

// TestMessage: what GitHub and machines read in a commit's message is gone.
func TestMessage(t *testing.T) {
	skip := regexp.MustCompile(`(?i)\[\s*(skip|ci|no|actions)|\*\*\*|@|#\d|gh-\d|://`)
	for _, s := range hostile {
		got := Message(s)
		if strings.ContainsAny(got, "\n\r") || skip.MatchString(got) {
			t.Errorf("Message(%q) = %q", s, got)
		}
	}
	for in, want := range map[string]string{"app/[id]/page.ts": "app/[id]/page.ts", "this.#timer of A": "this.#timer of A", "@scope/x": "(at)scope/x"} {
		if got := Message(in); got != want {
			t.Errorf("Message(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzProse(f *testing.F) {
	for _, s := range hostile {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, got := range []string{Code(s), Prose(s)} {
			if bad := outlaws(t, "It says "+got+", and `code`."); len(bad) > 0 || strings.Contains(got, "\n") {
				t.Errorf("%q gives %q, which renders as %v", s, got, bad)
			}
		}
	})
}
