package project

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/unleak-dev/unleak/internal/syntax"
)

func TestMentionsOf(t *testing.T) {
	p := tree(t, map[string]string{
		"src/hub.ts":      "export class Hub {}\nexport function tune() {}\nclass Mine {}\nexport default Mine;\n",
		"src/index.ts":    "export { Hub } from './hub';\nexport * from './hub';\n",
		"src/a.ts":        "import {\n  Hub,\n  tune,\n} from './hub';\nnew Hub();\ntune();\n",
		"src/b.ts":        "import { Hub } from './index';\nconst h = () => new Hub();\n",
		"src/c.js":        "const { Hub } = require('./hub');\nnew Hub();\n",
		"src/d.js":        "const all = require('./hub');\nnew all.Hub();\n",
		"src/e.ts":        "import Mine from './hub';\nnew Mine();\n",
		"src/other.ts":    "import { Hub } from 'elsewhere';\nnew Hub();\n",
		"examples/e.js":   "import { Hub } from '../src/hub';\nnew Hub();\n",
		"bin/f.js":        "import { Hub } from '../src/hub';\nnew Hub();\n",
		"src/hub.test.ts": "import { Hub } from './hub';\nnew Hub();\n",
	})
	for name, want := range map[string][]string{
		"Hub":  {"bin/f.js:2", "src/a.ts:5", "src/b.ts:2", "src/c.js:2", "src/d.js:2"},
		"tune": {"src/a.ts:6"},
		"Mine": {"src/e.ts:2"},
	} {
		_, decl := p.Declaration(context.Background(), "src/hub.ts", name)
		if name == "Mine" {
			_, decl = p.Declaration(context.Background(), "src/hub.ts", "default")
		}
		var got []string
		for _, n := range p.MentionsOf(context.Background(), decl, name) {
			line, _ := n.File().Position(n.Start())
			if n.Ancestor("import_statement", "export_statement").OK() {
				continue
			}
			got = append(got, fmt.Sprintf("%s:%d", n.File().Path, line))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s is mentioned in %v, want %v", name, got, want)
		}
	}
}

// TestEachMention: files without the word are not parsed, but where it is remembered
// who was asked: they may get it.
func TestEachMention(t *testing.T) {
	files := map[string]string{
		"hub.ts":  "export class Hub {}\n",
		"main.ts": "import { Hub } from './hub';\nexport const m = { bootstrap: [Hub] };\n",
		"user.ts": "import { Hub } from './hub';\nimport { Modal } from '@ng-bootstrap/ng-bootstrap';\nexport const of = (hub: Hub) => hub;\n",
	}
	for _, remember := range []bool{false, true} {
		p := tree(t, files)
		if remember {
			p.RememberAsked()
		}
		_, decl := p.Declaration(context.Background(), "hub.ts", "Hub")
		in := map[string]bool{}
		for n := range p.EachMention(context.Background(), decl, "Hub", Bootstrap) {
			in[n.File().Path] = true
		}
		if !in["main.ts"] || in["user.ts"] != remember || p.parsed.contains("user.ts") != remember {
			t.Errorf("mentions in %v, remembered: %v", in, remember)
		}
	}
	p := tree(t, files)
	q := p.With(map[string][]byte{"user.ts": []byte(files["user.ts"] + "bootstrap(of);\n")})
	_, decl := q.Declaration(context.Background(), "hub.ts", "Hub")
	if !slices.ContainsFunc(slices.Collect(q.EachMention(context.Background(), decl, "Hub", Bootstrap)), func(n syntax.Node) bool { return n.File().Path == "user.ts" }) {
		t.Error("what a changed file mentions is not found")
	}
	p = tree(t, files)
	for range p.EachMention(context.Background(), decl, "Hub", "") {
		break
	}
	if !p.parsed.contains("main.ts") || p.parsed.contains("user.ts") {
		t.Error("files were parsed after enough was heard")
	}
}

func TestHeirsOf(t *testing.T) {
	p := tree(t, map[string]string{
		"hub.ts":  "export abstract class Hub {}\n",
		"a.ts":    "import { Hub } from './hub';\nexport class A extends Hub {}\n",
		"b.ts":    "import { Hub } from './hub';\nexport class B\n  implements Other, Hub<string> {}\n",
		"user.ts": "import { Hub } from './hub';\nexport const of = (hub: Hub) => hub;\n",
	})
	_, decl := p.Declaration(context.Background(), "hub.ts", "Hub")
	files := map[string]bool{}
	for _, n := range p.HeirsOf(context.Background(), decl, "Hub") {
		files[n.File().Path] = true
	}
	if len(files) != 2 || !files["a.ts"] || !files["b.ts"] {
		t.Errorf("the heirs are in %v", files)
	}
	if p.parsed.contains("user.ts") {
		t.Error("user.ts was parsed, which only uses it")
	}
}

func TestMentionsOfChangedFiles(t *testing.T) {
	p := tree(t, map[string]string{
		"hub.ts": "export class Hub {}\n",
		"a.ts":   "export {};\n",
	})
	q := p.With(map[string][]byte{"a.ts": []byte("import { Hub } from './hub';\nnew Hub();\n")})
	for _, c := range []struct {
		p    *Project
		want int
	}{{p, 0}, {q, 1}} {
		_, decl := c.p.Declaration(context.Background(), "hub.ts", "Hub")
		if got := len(c.p.MentionsOf(context.Background(), decl, "Hub")); got != c.want {
			t.Errorf("%d mentions, want %d", got, c.want)
		}
	}
}

// TestNoted: what was noted answers for the files, which are not read again, and is not
// noted twice.
func TestNoted(t *testing.T) {
	p := tree(t, map[string]string{
		"hub.ts": "export class Hub {}\n",
		"a.ts":   "import { Hub } from './hub';\nnew Hub();\n",
		"b.ts":   "import { Hub } from './hub';\nnew Hub();\n",
	})
	_, decl := p.Declaration(context.Background(), "hub.ts", "Hub")
	for range 2 {
		for _, rel := range []string{"hub.ts", "a.ts"} { // b.ts is kept from it
			src, err := p.Read(rel)
			if err != nil {
				t.Fatal(err)
			}
			p.Note(rel, src)
		}
		p.Noted()
	}
	for _, n := range p.MentionsOf(context.Background(), decl, "Hub") {
		if n.File().Path != "a.ts" {
			t.Errorf("%s was read again", n.File().Path)
		}
	}
	if got := p.mentioned.of("Hub"); !slices.Equal(got, []string{"a.ts"}) {
		t.Errorf("got %v", got)
	}
}
