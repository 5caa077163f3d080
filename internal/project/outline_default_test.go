package project

import "testing"

// TestSourcesOfDefault: a default export is looked for where it is declared as a class, and
// nowhere is claimed to be known what is handed on.
func TestSourcesOfDefault(t *testing.T) {
	p := tree(t, map[string]string{
		"class.ts":  "export default class Bus {}\n",
		"handed.ts": "import Bus from './class';\nexport default Bus;\n",
		"index.ts":  "export { default } from './class';\n",
	})
	for rel, want := range map[string]bool{"class.ts": true, "handed.ts": false, "index.ts": false} {
		texts, ok := p.Sources(rel, "default")
		if ok != want || want && len(texts) != 1 {
			t.Errorf("%s: got %d texts, %v", rel, len(texts), ok)
		}
	}
}
