package transforms

import "testing"

// TestUsed: a name in a text makes it a candidate only where it can be what is called or made, or
// get another name.
func TestUsed(t *testing.T) {
	kind := func(text string) *Kind {
		k, err := ParseKind("door.txtar", []byte(text+"release: $HANDLE.close()\n"))
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	called, made, whole := kind("acquire: open($PATH)\n"), kind("acquire: new Door($PATH)\n"), kind("from: doors\nacquire: doors($PATH)\nexported: default\n")
	for _, tt := range []struct {
		kind *Kind
		src  string
		want bool
	}{
		{called, "lib.open(x)", true},
		{called, "open<Path>(x)", true},
		{called, "open?.(x)", true},
		{called, "(shut || open)(x)", true},
		{called, "import { open as f } from 'doors'; f(x)", true},
		{called, "import { open, shut } from 'doors'; shut(x)", false},
		{called, "const { open: f } = doors; f(x)", true},
		{called, "const {\n  shut,\n  open: f,\n} = doors; f(x)", true},
		{called, "const f = open; f(x)", true},
		{called, "const f = doors.open; f(x)", true},
		{called, "const f = require('doors').open; f(x)", true},
		{called, "const f = doors[0].open; f(x)", true},
		{called, "const f = a ? open : shut; f(x)", true},
		{called, "const f = a\n  ? shut\n  : open; f(x)", true},
		{called, "const f = a ? shut : open; f(x)", true},
		{called, "const f = () => open", true},
		{called, "export default open", true},
		{called, "up(open: Door) { open.close() }", false},
		{called, "up(a, open: Door) { open.close() }", false},
		{called, "return open.length", false},
		{called, "x.open = 1", false},
		{called, "get open() {}", true}, // it looks like a call
		{called, "get openAll() {}", false},
		{called, "// open(x)", false},
		{called, "/* open(x) */", false},
		{called, "'open(x)'", false},
		{called, "`open(x)`", false},
		{called, "`${open(x)}`", true},
		{called, "a / 2; open(x)", true},
		{called, "a /* open(x)", true}, // not sure
		{called, "<p>it's open(x)</p>", true},

		{made, "new Door(x)", true},
		{made, "new lib.Door(x)", true},
		{made, "new (lib.Door)(x)", true},
		{made, "new (Door as any)(x)", true},
		{made, "import { Door as D } from 'doors'; new D(x)", true},
		{made, "import { Door } from 'doors'; f(Door)", false},
		{made, "const D = Door; new D(x)", true},
		{made, "const D = a ? Gate : Door; new D(x)", true},
		{made, "const { Door: D } = doors; new D(x)", true},
		{made, "new (require('doors').Door)(x)", true},
		{made, "const D = require('doors').Door; new D(x)", true},
		{made, "class Gate extends Door {}", true},
		{made, "f(door: Door) { new Gate(door) }", false},
		{made, "f(a?: Gate, door?: Door) { new Gate(door) }", false},
		{made, "let a: Map<string, Door> = new Map(); a as Door; b instanceof Door", false},
		{made, "let a: Gate | Door = f()", false},
		{made, "const D = Gate || Door", true},
		{made, "// see new Door()", false},

		{whole, "import d from 'doors'; d(x)", true},
		{whole, "import type from 'doors'; type(x)", true},
		{whole, "import * as d from 'doors'; d(x)", true},
		{whole, "import d, { Door } from 'doors'; d(x)", true},
		{whole, "import { default as d } from 'doors'; d(x)", true},
		{whole, "import d = require('doors'); d(x)", true},
		{whole, "require(/* here */ 'doors')(x)", true},
		{whole, "const d = await import('doors')", true},
		{whole, "import { Door } from 'doors'; new Door()", false},
		{whole, "import type D from 'doors'; let d: D", false},
		{whole, "import type { D } from 'doors'; let d: D", false},
		{whole, "export { Door } from 'doors'", false},
		{whole, "f({ a: 'doors', b: ['doors'] })", false},
		{whole, "// import d from 'doors'", false},
	} {
		if got := NewDetector(nil, []*Kind{tt.kind}, true).IsCandidate([]byte(tt.src)); got != tt.want {
			t.Errorf("%s in %q: a candidate: %v", tt.kind.Acquire[0].Pattern.Text, tt.src, got)
		}
	}
}

// TestTold: what the project has to subscribe to makes a file a candidate only where it may be
// given a function.
func TestTold(t *testing.T) {
	kinds, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	d := NewDetector(nil, kinds, false)
	for src, want := range map[string]bool{
		"store.register(() => draw())":                                       true,
		"store.register({ a: 1 }, (x) => draw(x))":                           true,
		"store.register(function () { draw() })":                             true,
		"store.register('it\\'s', draw); const draw = () => {}":              true, // not sure
		"store.register(draw); const draw = () => {}":                        true,
		"store.register(draw as any); function draw() {}":                    true,
		"store.register(setA); const [a, setA] = useState()":                 true,
		"store.register((draw))":                                             true,
		"store.register('name')":                                             false,
		"store.register(`name`)":                                             true, // not sure
		"store.register(a.b, f(() => 1), [() => 1], { c: () => 1 })":         false,
		"store.register(value)":                                              false,
		"register(() => draw()); const { register } = useModal()":            false,
		"register(() => draw()); import { register } from './store'":         true,
		"register(() => draw()); import { a as b, register } from './store'": true,
		"register(() => draw()); function register(f) {}":                    true,
		"register(() => draw()); const register = useCallback(() => {})":     true,
		"<Field register={f} value={value} />; register(value)":              false,
	} {
		if got := d.IsCandidate([]byte("useEffect(() => { " + src + " })")); got != want {
			t.Errorf("%q: a candidate: %v", src, got)
		}
	}
}
