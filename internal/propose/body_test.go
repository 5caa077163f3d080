package propose

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	east "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/text"

	"github.com/unleak-dev/unleak/transforms"
	"github.com/unleak-dev/unleak/vcs/forge"
)

// magic is what GitHub makes something of in plain text, after Markdown.
var magic = regexp.MustCompile(`@\w|#\d|(?i:gh-\d)|\b[0-9a-f]{7,}\b|://|www\.\w|:\w+:|\$`)

// ours is all the HTML that a text may hold.
var ours = regexp.MustCompile(`^(<details>\n<summary>\d+ entries</summary>|</details>)\n?$`)

// outlaws finds what a renderer makes of a text that only we may write, and did not:
// links, images, HTML, tables, code blocks, emphasis, mentions and references.
func outlaws(t *testing.T, source string) (out []string) {
	t.Helper()
	src := []byte(source)
	doc := goldmark.New(goldmark.WithExtensions(extension.GFM, extension.Footnote)).Parser().Parse(text.NewReader(src))
	err := ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.CodeSpan:
			return ast.WalkSkipChildren, nil
		case *ast.Document, *ast.Paragraph, *ast.TextBlock, *ast.List, *ast.ListItem, *ast.String, *east.TaskCheckBox:
		case *ast.Heading:
			if n.Level != 2 {
				out = append(out, "another heading")
			}
		case *ast.Emphasis:
			var b strings.Builder
			for c := n.FirstChild(); c != nil; c = c.NextSibling() {
				if v, ok := c.(*ast.Text); ok {
					b.Write(v.Segment.Value(src))
				}
			}
			if !slices.Contains([]string{"critical", "high", "medium", "safe", "This rests on "}, b.String()) {
				out = append(out, "emphasis "+b.String())
			}
		case *ast.HTMLBlock:
			var b strings.Builder
			for i := range n.Lines().Len() {
				at := n.Lines().At(i)
				b.Write(at.Value(src))
			}
			if !ours.MatchString(b.String()) {
				out = append(out, "HTML "+b.String())
			}
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

func TestOutlaws(t *testing.T) {
	for _, bad := range []string{"@ada", "see #1", "[a](b)", "<b>x</b>", "<details>\n<summary>hi</summary>", "# x", "*other*", "```\nx\n```", "| a |\n|---|\n| b |", "![x](y)", "https://example.org"} {
		if len(outlaws(t, bad)) == 0 {
			t.Errorf("%q passes", bad)
		}
	}
}

// TestKindsProse: the first paragraph of our own kinds is repeated as it stands.
func TestKindsProse(t *testing.T) {
	kinds, err := transforms.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range kinds {
		if bad := outlaws(t, "- `x`: "+whyLeaks(k)); len(bad) > 0 || strings.Contains(whyLeaks(k), "\n") {
			t.Errorf("%s: %v", k.Name, bad)
		}
	}
	own := &transforms.Kind{Name: "x", Own: true, Prose: "See [this](https://example.org) @ada\n<b>"}
	if bad := outlaws(t, "- `x`: "+whyLeaks(own)); len(bad) > 0 {
		t.Errorf("a kind of a project: %v", bad)
	}
}

// TestBodyTells: place, kind, owner, exit, what is done, doubts, what is left and why.
func TestBodyTells(t *testing.T) {
	o := usual()
	o.Unsafe = true
	r := newRepo(t, map[string]string{"fleet.ts": "export class Link {\n  connect(): Promise<void> { return Promise.resolve(); }\n  disconnect(): Promise<void> { return Promise.resolve(); }\n}\n" +
		"export class Fleet {\n  links: Link[] = [];\n  async call(make: () => Link) {\n    const link: Link = make();\n    await link.connect();\n    this.links.push(link);\n  }\n" +
		"  async dispose() {\n    for (const link of this.links) await link.disconnect();\n  }\n}\n",
		"left.ts": "export class Odd extends unknown.Thing {\n  start() {\n    const e = require('events').x;\n    e.connect('hunter2');\n    setInterval(() => {}, 1);\n  }\n}\n"})
	all := r.propose(o, nil)
	for _, p := range all {
		t.Log(p.Proposal.Title, "\n", p.Proposal.Body)
	}
	if len(all) == 0 {
		t.Fatal("nothing is proposed")
	}
	body := all[0].Proposal.Body
	for _, want := range []string{"`fleet.ts`, line 9", "`connection`", "`Fleet.call`", "(unsafe)", "- [ ] `fleet.ts`, line 9: is it legal", "This needs a person's yes", "## What was verified", "## To silence it"} {
		if !strings.Contains(body, want) {
			t.Errorf("%q is not said", want)
		}
	}
	if bad := outlaws(t, body); len(bad) > 0 {
		t.Errorf("it renders as %v", bad)
	}
}

// TestSecrets: what stands between quotes in the source is not repeated, in no text
// and no message.
func TestSecrets(t *testing.T) {
	for _, write := range []func(string) string{said, plain} {
		if got := write("x.close('hunter1', `hunter2`) of \"hunter3\" by @ada, see #12"); strings.Contains(got, "hunter") {
			t.Errorf("a literal is repeated: %s", got)
		}
	}
	if got := plain("by @ada, see #12"); strings.Contains(got, "@") || strings.Contains(got, "#12") {
		t.Errorf("a message says %s", got)
	}
	r := newRepo(t, map[string]string{"a.ts": "import { EventEmitter } from 'events';\nexport class Ears {\n  constructor(private e: EventEmitter) {\n    this.e.on('hunter2', this.hear);\n    this.e.on('b', this.see);\n  }\n" +
		"  dispose() {\n    this.e.off('b', this.see);\n  }\n  hear = () => {};\n  see = () => {};\n  ['hunter3']() {\n    setInterval(() => {}, 1, 'hunter4');\n  }\n}\n",
		"b.ts": "export function f(g: any) {\n  return new Promise((resolve, reject) => {\n    const t = setTimeout(() => reject(new Error('hunter5')), 30000);\n    g['hunter6']((x: number) => {\n      if (x < 0) {\n        reject(new Error(`hunter7`));\n        return;\n      }\n      clearTimeout(t);\n      resolve(x);\n    });\n  });\n}\n"})
	all := r.propose(usual(), nil)
	if len(all) < 2 {
		t.Fatalf("got %s", summary(all))
	}
	for _, p := range all {
		for _, text := range append([]string{p.Proposal.Title, p.Proposal.Body, r.git("log", "--format=%B", "main.."+p.Work.Part.Branch)}, p.Proposal.More...) {
			if strings.Contains(text, "hunter") {
				t.Errorf("a literal is repeated:\n%s", text)
			}
		}
	}
}

// TestAssemble: whatever the sizes, no text is too long, nothing is lost, and every
// text is whole Markdown.
func TestAssemble(t *testing.T) {
	item := func(section, n, size int) string {
		return fmt.Sprintf("- s%d-i%d- %s\n", section, n, strings.Repeat("x", size))
	}
	for _, c := range []struct {
		counts [3]int
		size   int
		room   int
		more   bool
	}{
		{[3]int{1, 0, 0}, 10, 5000, false}, {[3]int{40, 3, 2}, 10, 5000, false}, {[3]int{200, 200, 200}, 30, 5000, true}, {[3]int{500, 1, 0}, 60, 5000, true},
		{[3]int{1, 1, 500}, 60, 5000, true}, {[3]int{13, 13, 13}, 50, 5000, false}, {[3]int{300, 300, 300}, 100, forge.BodyRoom, true},
	} {
		var sections []section
		for s, n := range c.counts {
			one := section{title: fmt.Sprintf("Section %d", s), lead: "About it:"}
			for i := range n {
				one.items = append(one.items, item(s, i, c.size))
			}
			sections = append(sections, one)
		}
		body, more := assemble("intro\n", sections, "\n## Tail\n\ntail\n", c.room)
		if (len(more) > 0) != c.more {
			t.Errorf("%+v: %d comments", c, len(more))
		}
		whole := body + strings.Join(more, "")
		for s, n := range c.counts {
			for i := range n {
				if got := strings.Count(whole, fmt.Sprintf("- s%d-i%d- ", s, i)); got != 1 {
					t.Fatalf("%+v: entry %d of section %d stands there %d times", c, i, s, got)
				}
			}
		}
		for _, text := range append([]string{body}, more...) {
			if len(text) > c.room {
				t.Errorf("%+v: a text of %d bytes", c, len(text))
			}
			if bad := outlaws(t, text); len(bad) > 0 {
				t.Errorf("%+v: renders as %v\n%s", c, bad, text)
			}
			if strings.Count(text, "<details>") != strings.Count(text, "</details>") {
				t.Errorf("%+v: a fold that never ends", c)
			}
		}
		if !strings.Contains(body, "## Tail") {
			t.Errorf("%+v: the end is missing", c)
		}
		if folds := strings.Contains(body, "<details>"); folds != (max(c.counts[0], c.counts[1], c.counts[2]) > folded) {
			t.Errorf("%+v: folded: %v", c, folds)
		}
	}
	// So many that even the comments end.
	one := section{title: "Many"}
	for i := range 3000 {
		one.items = append(one.items, item(0, i, 100))
	}
	_, more := assemble("", []section{one}, "", 5000)
	if len(more) != maxMore || !strings.Contains(more[len(more)-1], "more are not listed") {
		t.Errorf("%d comments", len(more))
	}
}

// TestLargeBody: a pull request of many files keeps to the limit, and says everything.
func TestLargeBody(t *testing.T) {
	tree := map[string]string{}
	for i := range 400 {
		tree[fmt.Sprintf("src/%s/file%d.ts", strings.Repeat("long", 20), i)] = interval
	}
	r := newRepo(t, tree)
	all := r.propose(usual(), nil)
	p := all[0].Proposal
	if len(p.Body) > forge.BodyRoom || len(p.More) == 0 {
		t.Fatalf("a text of %d bytes and %d comments", len(p.Body), len(p.More))
	}
	whole := p.Body + strings.Join(p.More, "")
	for i := range 400 {
		if !strings.Contains(whole, fmt.Sprintf("file%d.ts`, line 3", i)) {
			t.Fatalf("file %d is not told of", i)
		}
	}
	for _, text := range append(p.More, p.Body) {
		if bad := outlaws(t, text); len(bad) > 0 || len(text) > forge.BodyRoom {
			t.Errorf("%d bytes, renders as %v", len(text), bad)
		}
	}
}
