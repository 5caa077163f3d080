package transforms

import (
	"slices"
	"strings"
	"testing"

	"github.com/unleak-dev/unleak/internal/project"
	"github.com/unleak-dev/unleak/internal/syntax"
)

// prints are the fingerprints of all that is owed or was in a text.
func prints(t *testing.T, path, text string) []string {
	t.Helper()
	kinds, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	p, err := project.Open(WriteCase(t, Case{Files: map[string]string{path: text}}))
	if err != nil {
		t.Fatal(err)
	}
	f, err := syntax.Parse(t.Context(), path, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, o := range NewDetector(p, kinds, true).Detect(t.Context(), f) {
		out = append(out, o.Fingerprint())
	}
	return out
}

// TestFingerprint: a finding is recognised by what is acquired and by the names
// around it, not by its line; what is alike is told apart by its order.
func TestFingerprint(t *testing.T) {
	const first = "class A {\n  go() {\n    setInterval(draw, 1);\n  }\n  stop() {}\n}\n"
	id := prints(t, "a.ts", first)
	if len(id) != 1 || len(id[0]) != 16 || strings.Trim(id[0], "0123456789abcdef") != "" {
		t.Fatalf("one finding has the fingerprints %q", id)
	}
	for _, tt := range []struct {
		name, path, text string
		same             bool
	}{
		{"moved down", "a.ts", "\n\n// here\n" + first, true},
		{"another argument", "a.ts", strings.Replace(first, "draw, 1", "paint, 2", 1), true},
		{"another file", "b.ts", first, false},
		{"another method", "a.ts", strings.Replace(first, "go()", "run()", 1), false},
		{"another class", "a.ts", strings.Replace(first, "class A", "class B", 1), false},
		{"a static method", "a.ts", strings.Replace(first, "go()", "static go()", 1), false},
		{"in a function of the method", "a.ts", strings.Replace(first, "setInterval(draw, 1);", "const f = () => { setInterval(draw, 1); };", 1), false},
		{"another callee", "a.ts", strings.Replace(first, "setInterval", "window.setInterval", 1), false},
		{"another kind", "a.ts", strings.Replace(first, "setInterval", "setTimeout", 1), false},
	} {
		got := prints(t, tt.path, tt.text)
		if len(got) != 1 || (got[0] == id[0]) != tt.same {
			t.Errorf("%s: fingerprint %q of %q, want the same: %v", tt.name, got, id, tt.same)
		}
	}
	narrow := prints(t, "a.ts", strings.Replace(first, "setInterval", "window .setInterval", 1))
	if wide := prints(t, "a.ts", strings.Replace(first, "setInterval", "window\n      .setInterval", 1)); !slices.Equal(narrow, wide) {
		t.Errorf("a line break makes %q of %q", wide, narrow)
	}
	two := prints(t, "a.ts", strings.Replace(first, "setInterval(draw, 1);", "setInterval(draw, 1);\n    setInterval(draw, 2);", 1))
	if len(two) != 2 || two[0] != id[0] || two[1] == two[0] {
		t.Errorf("two that are alike have the fingerprints %q, the first alone has %q", two, id)
	}
	made := prints(t, "a.ts", "class A { n = 0; constructor(readonly p?: A) {} child() { return new A(this); } stop() {} }")
	other := prints(t, "a.ts", "class B { n = 0; constructor(readonly p?: B) {} child() { return new B(this); } stop() {} }")
	if len(made) != 1 || slices.Equal(made, other) {
		t.Errorf("what a class makes of itself has the fingerprints %q and %q", made, other)
	}
	release := prints(t, "a.ts", "import { createServer } from 'http';\nclass A { s = createServer(); start() { this.s.listen(1); } stop() { this.s.close(); } }")
	if len(release) != 2 || release[0] == release[1] {
		t.Errorf("an acquisition and the release that nothing waits for have the fingerprints %q", release)
	}
}

// TestVocabulary: the names that a project does not choose itself.
func TestVocabulary(t *testing.T) {
	kinds, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	names := Vocabulary(kinds)
	for _, want := range []string{"ngOnDestroy", "setInterval", "launch", "Client", "clearInterval", "closeAllConnections"} {
		if !slices.Contains(names, want) {
			t.Errorf("%s is missing", want)
		}
	}
	for _, hole := range names {
		if strings.HasPrefix(hole, "$") && hole == strings.ToUpper(hole) { // $on is a method's name
			t.Errorf("%s is a hole of a pattern, no name", hole)
		}
	}
}
