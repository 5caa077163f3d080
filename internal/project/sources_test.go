package project

import "testing"

// TestSources: where a file shows in its text that it declares itself what it exports, no
// other is asked, nor is any parsed; where another may declare it, that is told.
func TestSources(t *testing.T) {
	p := tree(t, map[string]string{
		"class.ts":  "export default class Bus {}\n",
		"index.ts":  "export { default } from './class';\nexport * from './own';\n",
		"own.ts":    "export class Bus {}\n",
		"handed.ts": "import Bus from './class';\nexport default Bus;\n",
	})
	for _, rel := range []string{"class.ts", "index.ts"} {
		if texts, ok := p.Sources(rel, "default"); !ok || len(texts) != 1 || string(texts[0].Src) != "export default class Bus {}\n" {
			t.Errorf("%s: got %d texts, %v", rel, len(texts), ok)
		}
	}
	if _, ok := p.Sources("handed.ts", "default"); ok {
		t.Error("the default of handed.ts is another file's")
	}
}

// TestSourcesFound: a file that surely declares a name ends the search, and a comment or a part
// of a namespace does not.
func TestSourcesFound(t *testing.T) {
	p := tree(t, map[string]string{
		"index.ts": "export * from './a';\nexport * from './odd';\n", "a.ts": "export const x = 1;\nexport function bus() {}\nexport class Bus {}\nexport async function tram() {}\nexport abstract class Tram {}\n",
		"odd.ts":   "export * from b;\n",
		"notes.ts": "export * from './old';\nexport * from './odd';\n", "old.ts": "/*\nexport function bus() {}\n*/\nexport const bar = bus;\n",
		"spaces.ts": "export * from './space';\nexport * from './odd';\n", "space.ts": "export namespace N {\nexport function bus() {}\n}\n",
	})
	for _, q := range []struct {
		rel, name string
		ok        bool
	}{
		{"index.ts", "bus", true}, {"index.ts", "Bus", true}, {"index.ts", "tram", true}, {"index.ts", "Tram", true}, {"index.ts", "x", true}, {"index.ts", "y", false},
		{"notes.ts", "bus", false}, {"spaces.ts", "bus", false},
	} {
		texts, ok := p.Sources(q.rel, q.name)
		if ok != q.ok || ok && len(texts) != 1 {
			t.Errorf("%s of %s: %d texts, %t, want %t", q.name, q.rel, len(texts), ok, q.ok)
		}
	}
}

// TestExportsOwn: in doubt a file may hand on what is another's.
func TestExportsOwn(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       bool
	}{
		{"default", "module.exports = class {};\n", true},
		{"default", "class Bus {}\nmodule.exports = Bus;\n", true},
		{"default", "function Bus() {}\nvar x = exports = module.exports = Bus\nBus.prototype.a = 1\n", true},
		{"default", "class Bus {}\nmodule.exports = Bus.Inner;\n", false},
		{"default", "class Bus {}\nmodule.exports = Bus\n(function () {})();\n", true}, // what a call gives
		{"default", "const Bus = require('./bus');\nmodule.exports = Bus;\n", false},
		{"default", "const { Bus } = require('./bus');\nfunction f() { class Bus {} }\nmodule.exports = Bus;\n", false},
		{"default", "import Bus from './bus';\nfunction f() { class Bus {} }\nexport default Bus;\n", false},
		{"default", "class Bus {}\nexport default Bus;\n", true},
		{"default", "class Bus {}\nexport { Bus as default };\n", false},
		{"default", "const bus = (a = b(1)): Bus => a;\nexport default bus;\n", true},
		{"default", "const bus = async <T extends Bus>(a: T) => a;\nexport default bus;\n", true},
		{"default", "const bus = (Bus);\nexport default bus;\n", false},
		{"default", "const bus = Bus;\nexport default bus;\n", false},
		{"default", "import bus from './bus';\nfunction f() { const bus = () => 1; }\nexport default bus;\n", false},
		{"default", "export default function () { if (a) { b(); } /* c */ }\n", true},
		{"default", "export default async function bus() {} // d\n", true},
		{"default", "export default Bus as any;\nclass Bus {}\n", false},
		{"default", "module.exports = require('./bus');\n", false},
		{"default", "module.exports = require('./bus')(1);\n", false},
		{"default", "module.exports = await import('./bus');\n", false},
		{"default", "module.exports = new Bus();\n", true},
		{"default", "module.exports = { Bus };\n", true}, // none of them is the whole
		{"default", "exports.default = require('./bus');\n", false},
		{"default", "exports.Bus = require('./bus');\n", true},
		{"default", "module.exports = function () { return Bus; }();\n", false},
		{"default", "module.exports = function () { return Bus; };\n", true},
		{"default", "export = Bus;\nclass Bus {}\n", true},
		{"default", "import Bus = require('./bus');\nexport = Bus;\n", false},
		{"Bus", "import { Bus } from './bus';\nexport = { Bus };\n", false},
		{"*", "module.exports = require('./bus');\n", false},
		{"Bus", "exports.Bus = class {};\n", true},
		{"Bus", "exports.Bus = require('./bus');\n", false},
		{"Bus", "exports.Bus = require('./bus').Bus;\n", false},
		{"Bus", "exports.Bus == require('./bus');\n", true},
		{"Bus", "class Bus {}\nmodule.exports = { Bus };\n", true},
		{"Bus", "class Bus {}\nmodule.exports = exports = { Bus: require('./bus') };\n", false},
		{"Bus", "class Bus {}\nmodule.exports = { 'Bus': require('./bus') };\n", false},
		{"Bus", "const { Bus } = require('./bus');\nmodule.exports = { Bus };\n", false},
		{"Bus", "const a = require('./a');\nexport class Bus {}\n", true},
		{"Bus", "export type Size = 1;\nexport class Bus {}\n", true},
		{"Bus", "export type { Bus } from './bus';\n", false},
		{"Bus", "export { Bus } from './bus';\n", false},
		{"Bus", "class Bus {}\nexport { Bus };\n", true},
		{"Bus", "class Bus {}\nexport { Other as Bus };\n", false},
		{"Bus", "export * from './bus';\n", false},
		{"Bus", "\ufeffexport { Bus } from './bus';\n", false},
		{"Bus", "__exportStar(require('./bus'), exports);\n", false},
		{"Bus", "module.exports = { B\\u0075s };\n", false},
	} {
		if got := exportsOwn([]byte(c.text), c.name); got != c.want {
			t.Errorf("exports its own %s: got %v, want %v of\n%s", c.name, got, c.want, c.text)
		}
	}
}
