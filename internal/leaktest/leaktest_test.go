package leaktest

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/unleak-dev/unleak/internal/project"
	"github.com/unleak-dev/unleak/internal/run"
	"github.com/unleak-dev/unleak/transforms"
)

// written mends a tree, all fixes, and writes the tests.
// spread puts each member of a class on a line of its own: a class on one line,
// as the tables here have them, is never mended.
func spread(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if !strings.Contains(line, "class ") || strings.HasPrefix(line, "//") {
			b.WriteString(line)
			continue
		}
		depth, at := 0, strings.Index(line, "class ")
		b.WriteString(line[:at])
		for _, c := range line[at:] {
			switch c {
			case '{', '(':
				depth++
			case '}', ')':
				if depth == 1 && c == '}' {
					b.WriteString("\n")
				}
				depth--
			}
			b.WriteRune(c)
			if depth == 1 && (c == '{' || c == '}' || c == ';') {
				b.WriteString("\n")
			}
		}
	}
	return b.String()
}

func written(t *testing.T, tree string) ([]Test, []Refused) {
	t.Helper()
	dir := t.TempDir()
	for _, f := range txtar.Parse([]byte(tree)).Files {
		file := filepath.Join(dir, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(spread(string(f.Data))), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	p, err := project.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	kinds, err := transforms.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	d := transforms.NewDetector(p, kinds, false)
	r, err := run.Run(context.Background(), d, run.Options{Paths: []string{dir}, Accept: func(*transforms.Fix) bool { return true }})
	if err != nil {
		t.Fatal(err)
	}
	mended := 0
	for _, m := range r.Files {
		mended += len(m.Fixes)
	}
	if mended == 0 {
		t.Fatal("nothing was mended")
	}
	return Write(context.Background(), p, r.Files, false)
}

const vitestPackage = "-- package.json --\n{\"devDependencies\": {\"vitest\": \"3\"}}\n"

// TestConstruct: which classes can be made and started, and how.
func TestConstruct(t *testing.T) {
	const arm = "go() { setInterval(() => {}, 9); } close() {}"
	tests := []struct {
		name, tree string // src/k.ts, or files
		want       string // a line of the test, or the reason
	}{
		{"nothing wanted", "export class K { " + arm + " }", "new K()"},
		{"all have defaults", "export class K { constructor(a = 1, b?: string, ...c: number[]) {} " + arm + " }", "new K()"},
		{"wanted", "export class K { constructor(a: number) {} " + arm + " }", "wants-arguments"},
		{"wanted by the base", "class B { constructor(a: number) {} }\nexport class K extends B { " + arm + " }", "wants-arguments"},
		{"the base's is not asked", "class B { constructor(a: number) {} }\nexport class K extends B { constructor() { super(1); } " + arm + " }", "new K()"},
		{"a base that cannot be seen", "import { B } from 'b';\nexport class K extends B { " + arm + " }", "unknown-base"},
		{"Node's emitter", "import { EventEmitter } from 'node:events';\nexport class K extends EventEmitter { " + arm + " }", "new K()"},
		{"private constructor", "export class K { private constructor() {} " + arm + " }", "not-exported"},
		{"not exported", "class K { " + arm + " }\nexport const k = new K();", "not-exported"},
		{"in a function", "export function f() { class K { " + arm + " }\n return new K(); }", "not-exported"},
		{"only its type", "class K { " + arm + " }\nexport type { K };", "not-exported"},
		{"export =", "class K { " + arm + " }\nexport = K;", "not-exported"},
		{"default", "export default class K { " + arm + " }", "import K from '../k'"},
		{"default of a name", "class K { " + arm + " }\nexport default K;", "import K from '../k'"},
		{"another name", "class K { " + arm + " }\nexport { K as L };", "import { L as K } from '../k'"},
		{"a constant", "export const K = class { " + arm + " };", "import { K } from '../k'"},
		{"no name", "export default class { " + arm + " }", "name-taken"},
		{"a name of ours", "export class subject { " + arm + " }", "import { subject as subjectClass } from"},
		{"abstract", "export abstract class K { " + arm + " }", "abstract"},
		{"decorated", "@Injectable()\nexport class K { " + arm + " }", "injected"},
		{"injected field", "export class K { @Inject() db; " + arm + " }", "injected"},
		{"injected above", "class B { @Inject() db; }\nexport class K extends B { " + arm + " }", "injected"},
		{"protected teardown", "export class K { go() { setInterval(() => {}, 9); } protected close() {} }", "hidden-teardown"},
		{"teardown by symbol", "export class K { go() { setInterval(() => {}, 9); } [Symbol.dispose]() {} }", "await subject[Symbol.dispose]();"},
		{"constructor acquires", "export class K { constructor() { setInterval(() => {}, 9); } close() {} }", "!subject.go"},
		{"field acquires", "export class K { t = setInterval(() => {}, 9); close() {} }", "!await inside"},
		{"start wants", "export class K { go(ms: number) { setInterval(() => {}, ms); } close() {} }", "no-start"},
		{"private start", "export class K { private go() { setInterval(() => {}, 9); } close() {} }", "no-start"},
		{"hash start", "export class K { #go() { setInterval(() => {}, 9); } close() {} }", "no-start"},
		{"private, called by another", "export class K { private arm() { setInterval(() => {}, 9); } run() { this.arm(); } close() {} }", "subject.run()"},
		{"private, called by the constructor", "export class K { constructor() { this.arm(); } private arm() { setInterval(() => {}, 9); } close() {} }", "!subject.arm"},
		{"called, sometimes", "export class K { private arm() { setInterval(() => {}, 9); } run(x?: number) { if (x) this.arm(); } close() {} }", "no-start"},
		{"arrow in a field", "export class K { go = () => { setInterval(() => {}, 9); }; close() {} }", "subject.go()"},
		{"in a branch", "export class K { go(x?: number) { if (x) setInterval(() => {}, 9); } close() {} }", "conditional"},
		{"in a loop", "export class K { xs: number[] = []; go() { for (const x of this.xs) setInterval(() => {}, x); } close() {} }", "conditional"},
		{"in a callback", "export class K { go() { [1].map(() => { setInterval(() => {}, 9); }); } close() {} }", "conditional"},
		{"behind a return", "export class K { on = Math.random(); go() { if (this.on) return; setInterval(() => {}, 9); } close() {} }", "conditional"},
		{"behind a guard", "export class K { t?: any; go() { if (this.t) return; this.t = setInterval(() => {}, 9); } close() {} }", "subject.go()"},
		{"guard is set by the constructor", "export class K { on?: any; constructor() { this.on = 1; } go() { if (this.on) return; setInterval(() => {}, 9); } close() {} }", "conditional"},
		{"in a guard", "export class K { t: any = null; go() { if (this.t === null) { this.t = setInterval(() => {}, 9); } } close() {} }", "subject.go()"},
		{"in a guard that is never open", "export class K { t: any = null; go() { if (this.t !== null) { this.t = setInterval(() => {}, 9); } } close() {} }", "conditional"},
		{"undefined is not null", "export class K { t?: any; go() { if (this.t === null) { this.t = setInterval(() => {}, 9); } } close() {} }", "conditional"},
		{"set from outside", "export class K { every!: number; go() { setInterval(() => {}, this.every); } close() {} }", "set-from-outside"},
		{"set by the constructor", "export class K { every: number; constructor() { this.every = 9; } go() { setInterval(() => {}, this.every); } close() {} }", "subject.go()"},
		{"short one-shot", "export class K { t?: ReturnType<typeof setTimeout>; go() { this.t = setTimeout(() => {}, 50); } close() {} }", "too-short"},
		{"one-shot of unknown length", "export class K { go(ms = Number(process.env.MS)) { setTimeout(() => {}, ms); } close() {} }", "too-short"},
		{"long one-shot", "export class K { go() { setTimeout(() => {}, 60 * 1_000); } close() {} }", "i < 50 &&"},
		{"one-shot by a field", "export class K { readonly ms = 1600; go() { setTimeout(() => {}, this.ms); } close() {} }", "i < 40 &&"},
		{"not of Node", "import { Client } from '@stomp/stompjs';\nexport class K { c = new Client(); go() { this.c.activate(); } async close() {} }", "not-seen"},
		{"two ways to start", "export class K { a() { setInterval(() => {}, 9); } b() { setInterval(() => {}, 8); } close() {} }", "subject.a());\n      await inside.run(true, () => subject.b())"},
	}
	reasons := map[string]bool{}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, refused := written(t, vitestPackage+"-- src/k.ts --\n"+tt.tree+"\n-- src/__tests__/x.test.ts --\nimport '../x';\ntest('x', () => {});\n")
			if len(got)+len(refused) != 1 {
				t.Fatalf("%d tests and %d refusals", len(got), len(refused))
			}
			if len(refused) == 1 {
				reasons[string(refused[0].Reason)] = true
				if tt.want != string(refused[0].Reason) {
					t.Errorf("refused: %s (%s)", refused[0].Reason, refused[0].Text)
				}
				return
			}
			want, absent := strings.CutPrefix(tt.want, "!")
			if strings.Contains(string(got[0].Text), want) == absent {
				t.Errorf("want %q in\n%s", tt.want, got[0].Text)
			}
		})
	}
	for _, r := range []Reason{NotExported, Abstract, Injected, WantsArguments, UnknownBase, SetFromOutside, NoStart, Conditional, NotSeen, TooShort, HiddenTeardown, NameTaken} {
		if !reasons[string(r)] {
			t.Errorf("no example is refused as %s", r)
		}
	}
}

// TestCopied: arguments are taken from a test of the project, if they mean the
// same in another file of its folder.
func TestCopied(t *testing.T) {
	const k = vitestPackage + "-- src/k.ts --\nexport class K { constructor(a: unknown) {} go() { setInterval(() => {}, 9); } close() {} }\n-- src/index.ts --\nexport * from './k';\n-- src/other.ts --\nexport class K {}\n"
	tests := []struct{ name, test, want string }{
		{"literals", "import { K } from './k';\ntest('', () => { new K({ a: [1, 'x'], b: null, f: (y) => y + 1 }); });", "new K({ a: [1, 'x'], b: null, f: (y) => y + 1 })"},
		{"an import", "import { K } from './k';\nimport { Clock as C } from './clock';\ntest('', () => { new K(new C()); });", "import { Clock as C } from './clock';\nimport { K } from './k';"},
		{"through another file", "import { K } from '.';\ntest('', () => { new K(1); });", "new K(1)"},
		{"several lines", "import { K } from './k';\ntest('', () => {\n    new K({\n      a: 1,\n    });\n});", "new K({\n      a: 1,\n    })"},
		{"a variable", "import { K } from './k';\nconst one = 1;\ntest('', () => { new K(one); });", "wants-arguments"},
		{"the second can be copied", "import { K } from './k';\nconst one = 1;\ntest('', () => { new K(one); new K(2); });", "new K(2)"},
		{"this", "import { K } from './k';\ntest('', function () { new K(this.x); });", "wants-arguments"},
		{"an unknown global", "import { K } from './k';\ntest('', () => { new K(fixture); });", "wants-arguments"},
		{"a type", "import { K } from './k';\nimport type { O } from './o';\ntest('', () => { new K({} as O); });", "wants-arguments"},
		{"await", "import { K } from './k';\ntest('', async () => { new K(await Promise.resolve(1)); });", "wants-arguments"},
		{"a name of ours", "import { K } from './k';\nimport { pause } from './p';\ntest('', () => { new K(pause); });", "wants-arguments"},
		{"another class of that name", "import { K } from './other';\ntest('', () => { new K(1); });", "wants-arguments"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, refused := written(t, k+"-- src/some.test.ts --\n"+tt.test+"\n")
			switch {
			case len(got) == 1 && strings.Contains(string(got[0].Text), tt.want) && got[0].Path == "src/k.leaks.test.ts":
			case len(refused) == 1 && string(refused[0].Reason) == tt.want:
			default:
				t.Errorf("want %q, got %+v, %v", tt.want, refused, got)
			}
		})
	}
}

// TestPlace: runner, folder, name and specifier.
func TestPlace(t *testing.T) {
	const js = "export class K { go() { setInterval(() => {}, 9); } close() {} }\n"
	const cjs = "class K { go() { setInterval(() => {}, 9); } close() {} }\nmodule.exports = { K };\n"
	const a = "import { a } from './a';\ntest('a', () => {});\n"
	pkg := func(s string) string { return "-- package.json --\n" + s + "\n" }
	tests := []struct{ name, tree, path, holds string }{
		{"vitest, none yet", pkg(`{"scripts": {"test": "vitest run"}}`) + "-- src/k.ts --\n" + js, "src/k.leaks.test.ts", "import { expect, test } from 'vitest';\n\nimport { K } from './k';"},
		{"jest, none yet", pkg(`{"scripts": {"test": "tsc && TZ=UTC npx jest --ci"}}`) + "-- src/k.js --\n" + cjs, "src/k.leaks.test.js", "const { K } = require('./k.js');"},
		{"jest, imported", pkg(`{"devDependencies": {"jest": "29", "@jest/globals": "29"}}`) + "-- k.js --\n" + js, "k.leaks.test.js", "import { expect, test } from '@jest/globals';"},
		{"mocha, none yet", pkg(`{"scripts": {"test": "c8 mocha"}}`) + "-- lib/k.js --\n" + cjs, "test/k.leaks.test.js", "const { strict: assert } = require('node:assert');"},
		{"node, none yet", pkg(`{"type": "module", "scripts": {"test": "node --import x --test"}}`) + "-- k.js --\n" + js, "test/k.leaks.test.js", "import { test } from 'node:test';\nimport { setTimeout as pause } from 'node:timers/promises';\n\nimport { K } from '../k.js';"},
		{"the script decides", pkg(`{"scripts": {"test": "vitest"}, "devDependencies": {"jest": "1", "vitest": "1"}}`) + "-- k.js --\n" + js, "k.leaks.test.js", "from 'vitest'"},
		{"two", pkg(`{"devDependencies": {"jest": "1", "mocha": "1"}}`) + "-- k.js --\n" + js, "no-runner", ""},
		{"none", pkg(`{"scripts": {"test": "ava", "build": "jest-codemods"}}`) + "-- k.js --\n" + js, "no-runner", ""},
		{"node without --test", pkg(`{"scripts": {"test": "node test.js"}}`) + "-- k.js --\n" + js, "no-runner", ""},
		{"the workspace's", pkg(`{"workspaces": ["p/*"], "devDependencies": {"vitest": "1"}}`) + "-- p/a/package.json --\n{}\n-- p/a/src/k.js --\n" + js + "-- p/b/package.json --\n{}\n-- p/b/spec/a.spec.js --\n" + a, "p/a/spec/k.leaks.spec.js", "from '../src/k'"},
		{"beside, spec", pkg(`{"devDependencies": {"jest": "1"}}`) + "-- src/in/k.js --\n" + js + "-- src/a.spec.js --\n" + a, "src/in/k.leaks.spec.js", "from './k'"},
		{"__tests__", pkg(`{"devDependencies": {"jest": "1"}}`) + "-- src/in/k.js --\n" + js + "-- src/__tests__/a.js --\n" + a, "src/in/__tests__/k.leaks.js", "from '../k'"},
		{"__tests__ of the package", pkg(`{"devDependencies": {"jest": "1"}}`) + "-- src/in/k.js --\n" + js + "-- __tests__/a-test.js --\n" + a, "__tests__/k-leaks-test.js", "from '../src/in/k'"},
		{"a mirror", pkg(`{"devDependencies": {"vitest": "1"}}`) + "-- src/in/k.ts --\n" + js + "-- test/in/a.test.ts --\nimport '../../src/a.js';\ntest('', () => {});\n", "test/in/k.leaks.test.ts", "from '../../src/in/k.js'"},
		{"fixtures are none", pkg(`{"devDependencies": {"vitest": "1"}}`) + "-- k.js --\n" + js + "-- fixtures/a.test.js --\n" + a, "k.leaks.test.js", ""},
		{"taken", pkg(`{"devDependencies": {"vitest": "1"}}`) + "-- k.js --\n" + js + "-- k.leaks.test.js --\n" + a, "k.leaks.2.test.js", ""},
		{"TypeScript, mocha, tests in JavaScript", pkg(`{"devDependencies": {"mocha": "1"}}`) + "-- src/k.ts --\n" + js + "-- test/a.js --\n" + a, "no-typescript", ""},
		{"TypeScript, mocha", pkg(`{"devDependencies": {"mocha": "1"}}`) + "-- src/k.ts --\n" + js + "-- test/a.ts --\n" + a, "test/k.leaks.ts", "it('K leaves"},
		{"vitest cannot be required", pkg(`{"devDependencies": {"vitest": "1"}}`) + "-- k.cjs --\n" + cjs, "k.leaks.test.mjs", "import { K } from './k.cjs'"},
		{"mts", pkg(`{"devDependencies": {"vitest": "1"}}`) + "-- k.mts --\n" + js, "k.leaks.test.mts", "import { K } from './k.mjs'"},
		{"the whole module", pkg(`{"devDependencies": {"mocha": "1"}}`) + "-- k.js --\nclass K { go() { setInterval(() => {}, 9); } close() {} }\nexports = module.exports = K;\n", "test/k.leaks.test.js", "const K = require('../k.js');"},
		{"a member", pkg(`{"devDependencies": {"mocha": "1"}}`) + "-- k.js --\nclass K { go() { setInterval(() => {}, 9); } close() {} }\nmodule.exports.L = K;\n", "test/k.leaks.test.js", "const { L: K } = require('../k.js');"},
		{"exports, assigned, exports nothing", pkg(`{"devDependencies": {"mocha": "1"}}`) + "-- k.js --\nclass K { go() { setInterval(() => {}, 9); } close() {} }\nexports = K;\n", "not-exported", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, refused := written(t, tt.tree)
			switch {
			case len(got) == 1 && got[0].Path == tt.path && strings.Contains(string(got[0].Text), tt.holds):
			case len(refused) == 1 && string(refused[0].Reason) == tt.path:
			default:
				t.Errorf("want %q with %q, got %+v\n%s", tt.path, tt.holds, refused, got)
			}
		})
	}
}

// TestManner: the test is written as the source is.
func TestManner(t *testing.T) {
	got, refused := written(t, vitestPackage+"-- k.js --\nimport x from \"x\"\r\nexport class K {\r\n\tgo() {\r\n\t\tsetInterval(() => x(\"a\"), 9)\r\n\t}\r\n\tclose() {}\r\n}\r\n")
	if len(got) != 1 {
		t.Fatal(refused)
	}
	text := string(got[0].Text)
	if strings.Contains(strings.ReplaceAll(text, "\r\n", ""), "\n") {
		t.Error("line ends are mixed")
	}
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		if strings.HasSuffix(line, ";") || strings.HasPrefix(line, "  ") || strings.Contains(line, "; //") {
			t.Errorf("%q is not how the source is written", line)
		}
	}
	if !strings.Contains(text, "from \"vitest\"") || strings.Contains(text, "'vitest'") || !strings.Contains(text, "\r\n\tconst alive") {
		t.Error(text)
	}
}

// TestSameAgain: a test that is there already is not written under another name.
func TestSameAgain(t *testing.T) {
	tree := vitestPackage + "-- k.js --\nexport class K {\n  go() {\n    setInterval(() => {}, 9);\n  }\n  close() {}\n}\n"
	first, _ := written(t, tree)
	if len(first) != 1 {
		t.Fatal("no test")
	}
	again, refused := written(t, tree+"-- "+first[0].Path+" --\n"+string(first[0].Text))
	if len(again) != 0 || len(refused) != 1 || refused[0].Reason != NameTaken {
		t.Errorf("%v, %v", again, refused)
	}
	if i := slices.IndexFunc(first, func(t Test) bool { return t.For != "k.js" || t.Class != "K" }); i >= 0 {
		t.Error(first[i])
	}
}
