package transforms

import (
	"strings"
	"testing"
)

// TestCacheLimit: the settings say how many entries a bound leaves.
func TestCacheLimit(t *testing.T) {
	const text = "const sizes = new Map();\n\nexports.sizeOf = (path) => {\n  if (sizes.has(path)) return sizes.get(path);\n" +
		"  const size = path.length + 1;\n  sizes.set(path, size);\n  return size;\n};\n"
	for cache, want := range map[int]string{0: "const sizesLimit = 1000;", 50: "const sizesLimit = 50;"} {
		d, _ := parsed(t, text)
		d = NewDetector(d.Project, d.Kinds, true)
		d.Style.Cache = cache
		m := MendText(t, d, "sizes.js", text)
		if !strings.Contains(string(m.New), want) || len(m.Fixes) != 1 || m.Fixes[0].Applicability != Unsafe {
			t.Errorf("a limit of %d: want %s, got\n%s", cache, want, m.New)
		}
	}
}

// TestCollectionsAreOffersOnly: without offers nothing is even looked at.
func TestCollectionsAreOffersOnly(t *testing.T) {
	d, f := parsed(t, "const sizes = new Map();\nexports.f = (path) => { setInterval(path, 1); sizes.set(path, 1); };\n")
	for _, o := range d.Detect(t.Context(), f) {
		if o.Kind.Collects() {
			t.Errorf("%s was looked at", o.Kind.Name)
		}
	}
}

func TestWordsOfTheProgram(t *testing.T) {
	for name, want := range map[string]bool{
		"event": true, "eventName": true, "pluginId": true, "table_name": true, "name": true, "locale": true, "#moduleKey": true, "HTTPMethod": true,
		"userName": false, "id": false, "userId": false, "text": false, "key": false, "path": false, "eventText": false,
	} {
		_, f := parsed(t, "x = "+strings.TrimPrefix(name, "#")+";")
		key := f.Root().Child(0).Child(0).Field("right")
		if got := isVocabulary(key); got != want {
			t.Errorf("%s is a word of the program: %t", name, got)
		}
	}
}
