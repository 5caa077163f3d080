package settings

import (
	"strings"
	"testing"
)

// FuzzParse reads any text as settings: settings or one line of error.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"kinds:\n  off: [interval]\n", "paths:\n  exclude: ['a/**']\n", "tracking: field\n", "phases: {interval: high}\n",
		"style:\n  private: hash\noffers: true\n", "a: &x [1]\nb: *x\n", "---\n---\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := Parse(data, kinds)
		if err == nil {
			s.Excluded("a/b.ts")
			return
		}
		if strings.Contains(err.Error(), "\n") || !strings.HasPrefix(err.Error(), Name) {
			t.Fatalf("not one line about the file: %q", err)
		}
	})
}
