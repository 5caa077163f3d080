package syntax

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

const ownersSource = `
function Plain() { this.x = 1; }
Plain.prototype.stop = function () { this.x; inStop; later(function () { inFunction; }); };
Plain.prototype['quoted'] = Plain.prototype.other = function () {};
Plain.prototype.named = named;
Plain.prototype.unseen = require('unseen');
Plain.prototype.size = 0;
Plain.make = function () { inStatic; };
function named() { inNamed; }
var Kept = module.exports = function () { var self = this; self.run = function () { inRun; }; later(function () { self.y; inAlias; }); };
util.inherits(Kept, Base);
function Literal() {}
Literal.prototype = { constructor: Literal, end() { inEnd; }, close: function () {} };
function Mixed() {}
Object.assign(Mixed.prototype, { close() {} }, other);
function Created() {}
Created.prototype = Object.create(ns.Base.prototype, { constructor: { value: Created } });
function Twice() {}
Twice.prototype.a = function () {};
Twice.prototype = {};
function Proto() {}
Proto.prototype.__proto__ = Base.prototype;
function Set() {}
Object.setPrototypeOf(Set.prototype, Base.prototype);
function nothing() { this.x = 1; }
`

func ownerCalled(t *testing.T, f *File, name string) Node {
	t.Helper()
	fn := f.TopLevel(name).Decl
	if v := f.TopLevel(name).Init(); v.OK() {
		fn = assigned(v)
	}
	return fn
}

func TestConstructorFunctions(t *testing.T) {
	f := mustParse(t, "a.js", ownersSource)
	tests := []struct {
		name, members, base string
		whole               bool
	}{
		{"Plain", "constructor stop quoted other named unseen? size-", "", true},
		{"Kept", "constructor run", "Base", true},
		{"Literal", "constructor end close", "", true},
		{"Mixed", "constructor close", "", false},
		{"Created", "constructor", "ns.Base", true},
		{"Twice", "constructor a", "", false},
		{"Proto", "constructor", "Base", true},
		{"Set", "constructor", "Base", true},
	}
	for _, tt := range tests {
		fn := ownerCalled(t, f, tt.name)
		if !fn.IsConstructor() || !fn.IsOwner() {
			t.Errorf("%s makes no instances", tt.name)
		}
		var got []string
		for _, m := range Members(fn) {
			switch {
			case m.Opaque:
				m.Name += "?"
			case !m.Method:
				m.Name += "-"
			}
			got = append(got, m.Name)
		}
		slices.Sort(got)
		want := strings.Fields(tt.members)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s has %v, want %v", tt.name, got, want)
		}
		if base := Extends(fn).Text(); base != tt.base {
			t.Errorf("%s extends %q, want %q", tt.name, base, tt.base)
		}
		if SeenWhole(fn) != tt.whole {
			t.Errorf("%s is seen whole: %t", tt.name, !tt.whole)
		}
	}
	if fn := ownerCalled(t, f, "nothing"); fn.IsConstructor() {
		t.Error("a function is a constructor, and has no methods")
	}
	ts := mustParse(t, "a.ts", ownersSource)
	if ownerCalled(t, ts, "Plain").IsConstructor() {
		t.Error("there are no constructor functions in TypeScript")
	}
}

func TestInstanceAt(t *testing.T) {
	f := mustParse(t, "a.js", ownersSource+`
		const table = { run() { inTable; later(function () { inTableFunction; }); }, arrow: () => inTableArrow, stop() {} };
		const data = { a: 1 };
		export default { template: '', close() { inComponent; } };
		use({ close() { inArgument; } });
		function shadow(self) { return inShadow; }
		function Shadowed() { const self = this; this.m = function () {}; later(function (self) { inShadowed; }); }
	`)
	tests := []struct{ at, owner, name string }{
		{"inStop", "Plain", "this"}, {"inFunction", "", ""}, {"inStatic", "", ""}, {"inNamed", "Plain", "this"}, {"inRun", "Kept", "this"},
		{"inAlias", "Kept", "self"}, {"inEnd", "Literal", "this"}, {"inTable", "table", "this"}, {"inTableFunction", "table", "table"},
		{"inTableArrow", "table", "table"}, {"inComponent", "", ""}, {"inArgument", "", ""}, {"inShadow", "", ""}, {"inShadowed", "", ""},
	}
	for _, tt := range tests {
		owner, member, name := lastOf(t, f, tt.at).InstanceAt()
		got := ""
		for _, n := range []string{"Plain", "Kept", "Literal", "table"} {
			if owner.OK() && ownerCalled(t, f, n) == owner {
				got = n
			}
		}
		if got != tt.owner || name != tt.name || owner.OK() && !member.OK() {
			t.Errorf("at %s the instance is one of %q, called %q, in %q; want %q, %q", tt.at, got, name, MemberName(member), tt.owner, tt.name)
		}
	}
}

func TestFieldOwner(t *testing.T) {
	f := mustParse(t, "a.js", ownersSource+`
		const table = { timer: null, stop() { use(this.timer); use(table.timer); } };
		use(table.timer);
		const data = { timer: null };
		use(data.timer);
	`)
	var got []string
	for n := range f.Root().Descendants() {
		if !n.Is("member_expression") {
			continue
		}
		if name, ok := n.ThisField(); ok {
			owner, member := n.FieldOwner()
			what := ""
			if sym := LiteralName(owner); sym != nil {
				what = sym.Name
			} else if owner.OK() {
				what = strings.Fields(oneLine(owner.Text()))[1]
			}
			got = append(got, fmt.Sprintf("%s of %s in %s", name, what, MemberName(member)))
		}
	}
	want := []string{
		"x of Plain() in constructor", "x of Plain() in stop", "run of () in constructor", "y of () in constructor", "x of  in ",
		"timer of table in stop", "timer of table in stop", "timer of table in ",
	}
	for n := range mustParse(t, "b.js", "window.timers.push(1)").Root().Descendants() {
		if owner, member := n.FieldOwner(); n.Is("member_expression") && (owner.OK() || member.OK()) {
			t.Errorf("%s is a field of %s", n.Text(), owner.Text())
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("fields are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestLiteralMembers(t *testing.T) {
	f := mustParse(t, "a.js", `
		function stop() {}
		const poller = { a: 1, run() {}, go: () => {}, stop, unseen, end: lib.end, get size() { return 1; }, [Symbol.dispose]() {} };
		const spread = { ...other, stop() {} };
		const keyed = { [name]: 1, stop() {} };
	`)
	var got []string
	for _, m := range Members(f.TopLevel("poller").Init()) {
		got = append(got, fmt.Sprintf("%s %t %t", m.Name, m.Method, m.Opaque))
	}
	want := []string{"a false false", "run true false", "go true false", "stop true false", "unseen false true", "end false true", "size true false", "[Symbol.dispose] true false"}
	if !slices.Equal(got, want) {
		t.Errorf("members are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for name, whole := range map[string]bool{"poller": true, "spread": false, "keyed": false} {
		if SeenWhole(f.TopLevel(name).Init()) != whole {
			t.Errorf("%s is seen whole: %t", name, !whole)
		}
	}
}

// A class can be given more by its prototype, too.
func TestPrototypeOfAClass(t *testing.T) {
	f := mustParse(t, "a.js", `
		class K { run() {} }
		K.prototype.stop = function () { inStop; };
		class Open {}
		Object.assign(Open.prototype, mixin);
		const EventEmitter = require('events');
		class Emits {}
		Object.assign(Emits.prototype, EventEmitter.prototype);
	`)
	k := f.TopLevel("K").Decl
	var got []string
	for _, m := range Members(k) {
		got = append(got, m.Name)
	}
	if want := []string{"run", "stop"}; !slices.Equal(got, want) {
		t.Errorf("members are %v, want %v", got, want)
	}
	if owner, member := lastOf(t, f, "inStop").ThisClass(); owner != k || MemberName(member) != "stop" {
		t.Errorf("`this` is of %q, in %q", owner.Text(), MemberName(member))
	}
	if !SeenWhole(f.TopLevel("Emits").Decl) {
		t.Error("an emitter brings no members that matter")
	}
	if len(Code(k)) != 2 || !SeenWhole(k) || SeenWhole(f.TopLevel("Open").Decl) {
		t.Error("what stands on the prototype belongs to the class, and what is mixed in is not seen")
	}
}
