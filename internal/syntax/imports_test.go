package syntax

import (
	"slices"
	"strings"
	"testing"
)

func TestImports(t *testing.T) {
	tests := []struct {
		src   string
		local string
		want  Import
	}{
		{"import x from 'm'", "x", Import{"m", "default", false}},
		{"import { x } from 'm'", "x", Import{"m", "x", false}},
		{"import { a as x } from 'm'", "x", Import{"m", "a", false}},
		{"import { default as x } from 'm'", "x", Import{"m", "default", false}},
		{"import d, { x } from 'm'", "x", Import{"m", "x", false}},
		{"import d, { x } from 'm'", "d", Import{"m", "default", false}},
		{"import * as x from 'm'", "x", Import{"m", "*", false}},
		{"import d, * as x from 'm'", "x", Import{"m", "*", false}},
		{"import type x from 'm'", "x", Import{"m", "default", true}},
		{"import type { x } from 'm'", "x", Import{"m", "x", true}},
		{"import type * as x from 'm'", "x", Import{"m", "*", true}},
		{"import { type x, y } from 'm'", "x", Import{"m", "x", true}},
		{"import { type x, y } from 'm'", "y", Import{"m", "y", false}},
		{"import { type a as x } from 'm'", "x", Import{"m", "a", true}},
		{"import x = require('m')", "x", Import{"m", "*", false}},
		{"import type x = require('m')", "x", Import{"m", "*", true}},
		{"const x = require('m')", "x", Import{"m", "*", false}},
		{"var x = require(\"m\")", "x", Import{"m", "*", false}},
		{"const y = 1, x = require('m')", "x", Import{"m", "*", false}},
		{"export const x = require('m')", "x", Import{"m", "*", false}},
		{"const x = require('m').a", "x", Import{"m", "a", false}},
		{"const { x } = require('m')", "x", Import{"m", "x", false}},
		{"const { a: x } = require('m')", "x", Import{"m", "a", false}},
		{"const x = await import('m')", "x", Import{"m", "*", false}},
		{"const { x } = await import('m')", "x", Import{"m", "x", false}},
		{"const x = (await import('m')).a", "x", Import{"m", "a", false}},
		{"const x = require('m') as M", "x", Import{"m", "*", false}},
		{"import x from 'node:fs/promises'", "x", Import{"node:fs/promises", "default", false}},
	}
	for _, tt := range tests {
		f := mustParse(t, "a.mts", tt.src)
		sym := f.TopLevel(tt.local)
		if sym == nil {
			t.Errorf("%s: %s is not declared", tt.src, tt.local)
			continue
		}
		if got, ok := sym.Import(); !ok || got != tt.want {
			t.Errorf("%s: %s is %+v, %t, want %+v", tt.src, tt.local, got, ok, tt.want)
		}
	}
}

func TestNoImport(t *testing.T) {
	for _, src := range []string{
		"const x = 1",
		"const x = require(name)",
		"const x = require('m')()",
		"const x = other.require('m')",
		"function x() { const y = require('m') }",
		"import { x as y } from 'm'; function f() { const x = 1 }; let x",
		"let x; function f(y) { y }",
	} {
		f := mustParse(t, "a.ts", src)
		if im, ok := f.TopLevel("x").Import(); ok {
			t.Errorf("%s: x is imported: %+v", src, im)
		}
	}
	// A local name hides the imported one.
	f := mustParse(t, "a.ts", "import { x } from 'm'; function f() { const x = 1; return x }")
	if im, ok := lastOf(t, f, "x").Symbol().Import(); ok {
		t.Errorf("the local x is imported: %+v", im)
	}
	var none *Symbol
	if _, ok := none.Import(); ok {
		t.Error("no symbol is imported")
	}
}

func TestModules(t *testing.T) {
	f := mustParse(t, "a.ts", `import 'side'; import a from "one"; export * from 'two'; export { b } from 'three'; import c = require('four');
		const d = require('five'), { e } = require('six'); export const g = require('seven'); import type { T } from 'eight'`)
	want := "side one two three four five six seven eight"
	if got := strings.Join(f.Imports().Modules, " "); got != want {
		t.Errorf("modules are %q, want %q", got, want)
	}
}

func TestOrigin(t *testing.T) {
	tests := []struct{ name, src, of, want string }{
		{"global", "setInterval(f)", "setInterval", "setInterval"},
		{"window", "window.setInterval(f)", "window.setInterval", "setInterval"},
		{"globalThis", "globalThis.setInterval(f)", "globalThis.setInterval", "setInterval"},
		{"self", "self.setInterval(f)", "self.setInterval", "setInterval"},
		{"global object of Node", "global.setInterval(f)", "global.setInterval", "setInterval"},
		{"optional", "window?.setInterval(f)", "window?.setInterval", "setInterval"},
		{"cast", "(window as any).setInterval(f)", "(window as any).setInterval", "setInterval"},
		{"cast callee", "(setInterval as any)(f)", "(setInterval as any)", "setInterval"},
		{"member of a global", "console.log(1)", "console.log", "console log"},
		{"global through window", "window.console.log(1)", "window.console.log", "console log"},
		{"local window", "const window = { setInterval() {} }; window.setInterval(f)", "window.setInterval", "none"},
		{"local function", "function setInterval() {} setInterval(f)", "setInterval(f)", "none"},
		{"parameter", "function g(setInterval) { return setInterval }", "return setInterval", "none"},
		{"named import", "import { setInterval } from 'timers'; setInterval(f)", "setInterval(f)", "timers: setInterval"},
		{"promises", "import { setInterval } from 'timers/promises'; setInterval(f)", "setInterval(f)", "timers/promises: setInterval"},
		{"node: prefix", "import { setInterval as every } from 'node:timers'; every(f)", "every(f)", "timers: setInterval"},
		{"taken out", "import pg from 'pg'; const { Pool } = pg; Pool()", "Pool()", "pg: Pool"},
		{"taken out under another name", "import * as all from 'pg'; const { Pool: P } = all.native; P()", "P()", "pg: native Pool"},
		{"taken out of something else", "const { Pool } = make(); Pool()", "Pool()", "none"},
		{"taken out of a global", "const { log } = console; log(1)", "log(1)", "none"},
		{"namespace", "import * as timers from 'node:timers'; timers.setInterval(f)", "timers.setInterval", "timers: setInterval"},
		{"default", "import timers from 'timers'; timers.setInterval(f)", "timers.setInterval", "timers: setInterval"},
		{"default by name", "import * as m from 'm'; m.default.launch()", "m.default.launch", "m: launch"},
		{"longer path", "import { chromium as c } from 'playwright'; c.launch()", "c.launch", "playwright: chromium launch"},
		{"require", "const t = require('timers'); t.setInterval(f)", "t.setInterval", "timers: setInterval"},
		{"require at once", "require('timers').setInterval(f)", "require('timers').setInterval", "timers: setInterval"},
		{"require destructured", "const { setInterval: every } = require('timers'); every(f)", "every(f)", "timers: setInterval"},
		{"awaited import", "const t = await import('timers'); t.setInterval(f)", "t.setInterval", "timers: setInterval"},
		{"import equals", "import t = require('timers'); t.setInterval(f)", "t.setInterval", "timers: setInterval"},
		{"constant alias", "const every = setInterval; every(f)", "every(f)", "setInterval"},
		{"constant alias of a member", "const every = window.setInterval; every(f)", "every(f)", "setInterval"},
		{"alias of an alias", "import * as t from 'timers'; const u = t; const every = u.setInterval; every(f)", "every(f)", "timers: setInterval"},
		{"cast alias", "const every = setInterval as any; every(f)", "every(f)", "setInterval"},
		{"alias that is assigned", "let every = setInterval; every = g; every(f)", "every(f)", "none"},
		{"alias of itself", "const a = b; const b = a; a(f)", "a(f)", "none"},
		{"made here", "const s = new Server(); s.listen()", "s.listen", "none"},
		{"result of a call", "import { g } from 'm'; g().listen()", "g().listen", "none"},
		{"this", "class C { m() { this.setInterval(f) } }", "this.setInterval", "none"},
		{"qualified type", "import * as http from 'http'; let s: http.Server", "http.Server", "http: Server"},
		{"either of two modules", "import http from 'http'; import https from 'https'; const lib = s ? https : http; lib.get(u)", "lib.get", "https: get"},
		{"a method of either", "import net from 'net'; import tls from 'tls'; const dial = s ? tls.connect : net.connect; dial(u)", "dial(u)", "tls: connect"},
		{"either, on the spot", "import net from 'net'; import tls from 'tls'; (s ? tls : net).connect(u)", "(s ? tls : net).connect", "tls: connect"},
		{"different methods", "import net from 'net'; const dial = s ? net.connect : net.createServer; dial(u)", "dial(u)", "none"},
		{"one unknown", "import net from 'net'; const dial = s ? mine.connect : net.connect; dial(u)", "dial(u)", "none"},
		{"either of two globals", "const every = s ? setInterval : setTimeout; every(f)", "every(f)", "none"},
		{"bare module", "const t = require('node:timers'); t", "require('node:timers')", "timers:"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := mustParse(t, "a.mts", tt.src)
			n := nodeOf(t, f, tt.of)
			switch n.Kind() {
			case "call_expression":
				if fn := n.Field("function"); fn.Is("identifier") && fn.Text() != "require" {
					n = fn
				}
			case "return_statement":
				n = n.Child(0)
			case "expression_statement":
				n = n.Child(0).Field("function")
			}
			got := "none"
			if o, ok := n.Origin(); ok {
				got = strings.Join(o.Path, " ")
				if o.Module != "" {
					got = strings.TrimSpace(o.Module + ": " + got)
				}
				if last := o.Last(); len(o.Path) > 0 && last != o.Path[len(o.Path)-1] || len(o.Path) == 0 && last != "" {
					t.Errorf("the last of %q is %q", o.Path, last)
				}
			}
			if got != tt.want {
				t.Errorf("origin of %s is %q, want %q", tt.of, got, tt.want)
			}
		})
	}
}

// Asking for a longer path must not change a shorter one that shares memory.
func TestOriginPathsAreApart(t *testing.T) {
	f := mustParse(t, "a.ts", "import * as m from 'm'; m.a.b.c; m.a.b.d;")
	c, _ := nodeOf(t, f, "m.a.b.c").Origin()
	d, _ := nodeOf(t, f, "m.a.b.d").Origin()
	if !slices.Equal(c.Path, []string{"a", "b", "c"}) || !slices.Equal(d.Path, []string{"a", "b", "d"}) {
		t.Errorf("the paths are %q and %q", c.Path, d.Path)
	}
}
