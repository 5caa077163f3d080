package project

import (
	"testing"

	"github.com/unleak-dev/unleak/internal/syntax"
)

func TestRequired(t *testing.T) {
	p := tree(t, map[string]string{
		"whole.js":  "class K {}\nmodule.exports = K;\nmodule.exports.Other = class Other {};",
		"value.js":  "module.exports = class {};",
		"chain.js":  "var K = module.exports = function K() {}; K.prototype.stop = function () {};",
		"parts.js":  "class A {}\nfunction B() {}\nexports.A = A;\nexports.b = exports.B = B;\nexports.C = class C {};",
		"table.js":  "class A {}\nmodule.exports = { A, B: class B {}, c() {}, D: require('./whole') };",
		"handed.js": "const K = require('./whole'); const { A } = require('./parts'); module.exports = { K, A };",
		"again.js":  "module.exports = require('./whole');",
		"legacy.ts": "class K {}\nexport = K;",
		"circle.js": "const { A } = require('./circle'); exports.A = A;",
		"none.js":   "run();",
	})
	tests := []struct{ rel, name, file, text string }{
		{"whole.js", "*", "whole.js", "class K {}"}, {"whole.js", "default", "whole.js", "class K {}"}, {"whole.js", "Other", "whole.js", "class Other {}"},
		{"value.js", "*", "value.js", "class {}"}, {"chain.js", "*", "chain.js", "function K() {}"},
		{"parts.js", "A", "parts.js", "class A {}"}, {"parts.js", "b", "parts.js", "function B() {}"}, {"parts.js", "B", "parts.js", "function B() {}"}, {"parts.js", "C", "parts.js", "class C {}"}, {"parts.js", "*", "", ""},
		{"table.js", "A", "table.js", "class A {}"}, {"table.js", "B", "table.js", "class B {}"}, {"table.js", "D", "whole.js", "class K {}"}, {"table.js", "E", "", ""},
		{"handed.js", "K", "whole.js", "class K {}"}, {"handed.js", "A", "parts.js", "class A {}"}, {"again.js", "*", "whole.js", "class K {}"},
		{"legacy.ts", "*", "legacy.ts", "class K {}"}, {"circle.js", "A", "", ""}, {"none.js", "*", "", ""}, {"none.js", "default", "", ""},
	}
	for _, tt := range tests {
		f, n := p.Declaration(t.Context(), tt.rel, tt.name)
		if n.Text() != tt.text || n.OK() && f.Path != tt.file {
			t.Errorf("%s of %s is %q, want %q of %s", tt.name, tt.rel, n.Text(), tt.text, tt.file)
		}
	}
}

func TestAncestorsOfFunctions(t *testing.T) {
	p := tree(t, map[string]string{
		"base.js": "function Base() {} Base.prototype.close = function () {}; module.exports = Base;",
		"a.js": `
			const Base = require('./base');
			const EventEmitter = require('events');
			class OfFunction extends Base {}
			function OfBase() {}
			util.inherits(OfBase, Base);
			function OfEmitter() {}
			util.inherits(OfEmitter, EventEmitter);
			class Emits extends require('events').EventEmitter {}
			function OfUnknown() {}
			OfUnknown.prototype = Object.create(lib.Base.prototype);
			function Mixed() {}
			mixin(Mixed.prototype);
			class OfMixed extends Mixed {}
			function Plain() {}
			class OfPlain extends Plain {}
		`,
	})
	f, err := p.Load(t.Context(), "a.js")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]struct {
		base  string
		whole bool
	}{
		"OfFunction": {"Base", true}, "OfBase": {"Base", true}, "OfEmitter": {"", true}, "Emits": {"", true}, "OfUnknown": {"", false},
		"OfMixed": {"Mixed", false}, "OfPlain": {"Plain", true},
	} {
		chain, whole := p.Ancestors(t.Context(), Class{f, f.TopLevel(name).Decl})
		base := ""
		if len(chain) > 0 {
			base = chain[0].Name()
		}
		if base != want.base || whole != want.whole {
			t.Errorf("%s extends %q, seen whole: %t; want %+v", name, base, whole, want)
		}
	}
	c, ok := p.ClassOf(t.Context(), f, syntax.Type{Module: "./base"})
	if !ok || c.Name() != "Base" {
		t.Errorf("new Base() is of %q", c.Name())
	}
}
