package matrix

import (
	"os"
	"testing"

	"github.com/unleak-dev/unleak/transforms"
)

// WhyNot says why a file was left as it was: the reason of the first refusal, "silent"
// where nothing was found.
func WhyNot(m *transforms.Mended) string {
	for _, o := range m.Findings {
		if o.Refusal != nil {
			return string(o.Refusal.Reason)
		}
	}
	if len(m.Findings) > 0 {
		return "unmended"
	}
	return "silent"
}

// Hold holds a generated file to a text, or writes it, unless the test has failed.
func Hold(t *testing.T, file, text string, write bool) {
	t.Helper()
	if write && !t.Failed() {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != text {
		t.Errorf("%s is stale: run go generate ./...", file)
	}
}
