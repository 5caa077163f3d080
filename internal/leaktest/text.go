package leaktest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/transforms"
)

// text is everything that a test says.
type text struct {
	runner   runner
	manner   transforms.Manner
	ts, esm  bool
	class    string
	export   export
	module   string // that exports the class
	made     construction
	started  started
	teardown string
	stress   bool // two tests more: many instances, again and again; and one whose use fails
}

// own are the names that a test declares or imports for itself.
var own = []string{"assert", "test", "it", "expect", "pause", "AsyncLocalStorage", "createHook", "alive", "inside", "hook", "subject", "id", "type", "resource", "i", "subjects", "round", "failure", "caught", "err"}

// ours reports whether a name means something of the test itself.
func ours(name string) bool { return slices.Contains(own, name) }

// String is the test as a file, written in the manner of the source.
func (t text) String() string {
	var b strings.Builder
	for _, s := range t.imports() {
		b.WriteString(s + "\n")
	}
	b.WriteString("\n" + t.body())
	return strings.ReplaceAll(t.manned(b.String()), hole, t.args()) // they are as somebody wrote them
}

// hole stands for the arguments until the rest is in the manner of the source.
const hole = "\x00"

func (t text) args() string {
	return strings.ReplaceAll(t.made.args, "\n", t.manner.EOL+strings.Repeat(t.manner.Indent, 2))
}

// local is what the test calls the class.
func (t text) local() string {
	if ours(t.class) || slices.ContainsFunc(t.made.imports, func(i imported) bool { return i.local == t.class }) {
		return t.class + "Class"
	}
	return t.class
}

func (t text) imports() []string {
	var out []string
	if t.runner.name == mocha || t.runner.name == nodeTest {
		out = append(out, t.load("node:assert", imported{name: "strict", local: "assert"}))
	}
	out = append(out, t.load("node:async_hooks", imported{name: "AsyncLocalStorage", local: "AsyncLocalStorage"}, imported{name: "createHook", local: "createHook"}))
	if t.runner.name == nodeTest {
		out = append(out, t.load("node:test", imported{name: "test", local: "test"}))
	}
	out = append(out, t.load("node:timers/promises", imported{name: "setTimeout", local: "pause"}))
	both := []imported{{name: "expect", local: "expect"}, {name: "test", local: "test"}}
	switch {
	case t.runner.name == vitest:
		out = append(out, t.load("vitest", both...))
	case t.runner.name == jest && !t.runner.globals:
		out = append(out, t.load("@jest/globals", both...))
	}
	out = append(out, "")
	for _, i := range t.made.imports {
		out = append(out, t.load(i.module, i))
	}
	name := t.export.name
	if name == "" {
		name = "default"
		if !t.esm {
			name = "*"
		}
	}
	if t.export.cjs && !t.esm && name == "default" { // exports.default = K
		return append(out, fmt.Sprintf("const { default: %s } = require('%s');", t.local(), t.module))
	}
	return append(out, t.load(t.module, imported{name: name, local: t.local()}))
}

// load imports names of one module.
func (t text) load(module string, names ...imported) string {
	as, form := ": ", "const { %s } = require('%s');"
	if t.esm {
		as, form = " as ", "import { %s } from '%s';"
	}
	var list []string
	for _, n := range names {
		switch {
		case n.name == "default" && t.esm:
			return fmt.Sprintf("import %s from '%s';", n.local, module)
		case n.name == "*" && t.esm:
			return fmt.Sprintf("import * as %s from '%s';", n.local, module)
		case n.name == "default" || n.name == "*":
			return fmt.Sprintf("const %s = require('%s');", n.local, module)
		case n.name == n.local:
			list = append(list, n.name)
		default:
			list = append(list, n.name+as+n.local)
		}
	}
	return fmt.Sprintf(form, strings.Join(list, ", "), module)
}

// body is the test itself. What Node makes while the instance is made and
// started is told apart from what the runner makes meanwhile by the context that
// it is made in; of that, handles are what can be left: they say whether they
// keep the process alive.
func (t text) body() string {
	var b strings.Builder
	t.open(&b, "leaves nothing alive after "+t.teardown+"()")
	fmt.Fprintf(&b, "\t\tconst subject = inside.run(true, () => new %s(%s));\n\t\ttry {\n", t.local(), hole)
	t.start(&b, "\t\t\t")
	acquired := "assert.notEqual(alive.size, 0, 'nothing was acquired, so nothing would be proved');"
	if t.expects() {
		acquired = "expect(alive.size).not.toBe(0); // else nothing would be proved"
	}
	fmt.Fprintf(&b, "\t\t\tawait pause(20);\n\t\t\t%s\n\t\t} finally {\n\t\t\tawait subject%s();\n\t\t}\n", acquired, t.end())
	t.close(&b)
	if t.stress {
		b.WriteString("\n")
		t.again(&b)
		b.WriteString("\n")
		t.failing(&b)
	}
	return b.String()
}

// again is the second test: many instances begin and end, several at once where they
// do not get in each other's way.
func (t text) again(b *strings.Builder) {
	t.open(b, "leaves nothing alive after many rounds")
	many := 10
	if !t.started.together {
		many = 1
	}
	fmt.Fprintf(b, "\t\tfor (let round = 0; round < 10; round++) {\n")
	fmt.Fprintf(b, "\t\t\tconst subjects = Array.from({ length: %d }, () => inside.run(true, () => new %s(%s)));\n", many, t.local(), hole)
	b.WriteString("\t\t\tawait Promise.all(subjects.map(async (subject) => {\n\t\t\t\ttry {\n")
	t.start(b, "\t\t\t\t\t")
	fmt.Fprintf(b, "\t\t\t\t\tawait pause(20);\n\t\t\t\t} finally {\n\t\t\t\t\tawait subject%s();\n\t\t\t\t}\n\t\t\t}));\n\t\t}\n", t.end())
	t.close(b)
}

// failing is the test of an error: whatever used the instance fails, which must come
// out as it is, with everything released.
func (t text) failing(b *strings.Builder) {
	t.open(b, "leaves nothing alive when its use fails")
	kind, same := "", "assert.equal(caught, failure);"
	if t.ts {
		kind = ": unknown"
	}
	if t.expects() {
		same = "expect(caught).toBe(failure);"
	}
	fmt.Fprintf(b, "\t\tconst subject = inside.run(true, () => new %s(%s));\n", t.local(), hole)
	fmt.Fprintf(b, "\t\tconst failure = new Error('its use fails');\n\t\tlet caught%s;\n\t\ttry {\n\t\t\ttry {\n", kind)
	t.start(b, "\t\t\t\t")
	fmt.Fprintf(b, "\t\t\t\tawait pause(20);\n\t\t\t\tthrow failure;\n\t\t\t} finally {\n\t\t\t\tawait subject%s();\n\t\t\t}\n", t.end())
	fmt.Fprintf(b, "\t\t} catch (err) {\n\t\t\tcaught = err;\n\t\t}\n\t\t%s\n", same)
	t.close(b)
}

func (t text) expects() bool { return t.runner.name == vitest || t.runner.name == jest }

func (t text) end() string {
	if strings.HasPrefix(t.teardown, "[") {
		return t.teardown
	}
	return "." + t.teardown
}

func (t text) start(b *strings.Builder, indent string) {
	for _, m := range t.started.calls {
		fmt.Fprintf(b, "%sawait inside.run(true, () => subject.%s());\n", indent, m)
	}
}

// open begins a test: from here on, what is made inside is seen.
func (t text) open(b *strings.Builder, title string) {
	number, flag := "", ""
	if t.ts {
		number, flag = "<number, string>", "<boolean>"
	}
	call := "test"
	if t.runner.name == mocha {
		call = "it"
	}
	fmt.Fprintf(b, "%s('%s %s', async () => {\n", call, t.class, title)
	fmt.Fprintf(b, "\tconst alive = new Map%s();\n\tconst inside = new AsyncLocalStorage%s();\n", number, flag)
	fmt.Fprintf(b, "\tconst hook = createHook({\n\t\t// Handles that are made on behalf of %s, until they are closed.\n", t.class)
	b.WriteString("\t\tinit(id, type, _trigger, resource) {\n\t\t\tif (inside.getStore() && 'hasRef' in resource) alive.set(id, type);\n\t\t},\n")
	b.WriteString("\t\tdestroy(id) {\n\t\t\talive.delete(id);\n\t\t},\n\t}).enable();\n\ttry {\n")
}

// close ends it: nothing may be left.
func (t text) close(b *strings.Builder) {
	none := "assert.deepEqual([...alive.values()], []);"
	if t.expects() {
		none = "expect([...alive.values()]).toEqual([]);"
	}
	fmt.Fprintf(b, "\t\tfor (let i = 0; i < %d && alive.size > 0; i++) await pause(20);\n\t\t%s\n", t.turns(), none)
	b.WriteString("\t} finally {\n\t\thook.disable();\n\t}\n});\n")
}

// turns is how often the test looks, 20 milliseconds apart: for up to a second,
// but no longer than half of the time after which something ends by itself.
func (t text) turns() int {
	if t.started.ends > 0 {
		return min(50, t.started.ends/2/20)
	}
	return 50
}

// manned writes our text (tabs, semicolons, single quotes) as the source has it.
func (t text) manned(s string) string {
	var b strings.Builder
	for line := range strings.Lines(s) {
		line = strings.TrimSuffix(line, "\n")
		depth := len(line) - len(strings.TrimLeft(line, "\t"))
		line = line[depth:]
		if t.manner.Semicolon == "" {
			line = strings.TrimSuffix(line, ";")
			line = strings.Replace(line, "; //", " //", 1)
		}
		if t.manner.Quote != "'" {
			line = requoted(line, t.manner.Quote)
		}
		b.WriteString(strings.Repeat(t.manner.Indent, depth) + line + t.manner.EOL)
	}
	return b.String()
}

// requoted puts other quotes around the strings of a line, where no text between
// them holds either.
func requoted(line, quote string) string {
	if strings.Contains(line, quote) || strings.Count(line, "'")%2 != 0 || strings.Contains(line, "\\") || strings.HasPrefix(line, "//") {
		return line
	}
	return strings.ReplaceAll(line, "'", quote)
}
