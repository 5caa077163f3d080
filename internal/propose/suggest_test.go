package propose

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/unleak-dev/unleak/patch"
	"github.com/unleak-dev/unleak/transforms"
	"github.com/unleak-dev/unleak/vcs"
)

const polling = `export function f(go: () => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const poll = setInterval(() => {
      if (go()) {
        reject(new Error('x'));
        return;
      }
      clearInterval(poll);
      resolve();
    }, 10);
  });
}
`

// TestSuggestions: whoever takes a suggestion has what the fix makes, byte for byte;
// what is not one block, or not to be taken with a click, is none.
func TestSuggestions(t *testing.T) {
	fenced := strings.Replace(polling, "if (go()) {", "if (go()) { // ````suggestion", 1)
	far := strings.Replace(strings.Replace(polling, "function f", "function far", 1), "      clearInterval(poll);\n", strings.Repeat("      go();\n", 60)+"      clearInterval(poll);\n", 1)
	r := newRepo(t, map[string]string{"README.md": "x"})
	v, err := vcs.Open(r.dir)
	if err != nil {
		t.Fatal(err)
	}
	r.commit(map[string]string{"a.ts": polling, "lines.ts": strings.ReplaceAll(polling, "\n", "\r\n"), "fence.ts": fenced, "far.ts": far,
		"class.ts": interval, "end.ts": strings.TrimRight(polling, "\n"), "listener.ts": listener})
	b, err := Read(t.Context(), &Place{Repository: v, Commit: vcs.Hash(r.git("rev-parse", "main"))})
	if err != nil {
		t.Fatal(err)
	}
	l, err := look(b)
	if err != nil {
		t.Fatal(err)
	}
	var files []*transforms.Mended
	if _, err := documentOf(t.Context(), l, func(m *transforms.Mended) { files = append(files, m) }); err != nil {
		t.Fatal(err)
	}
	a := &Added{head: b}
	src, made := map[string][]byte{}, map[string]string{}
	for _, m := range files {
		src[m.Path] = m.Old
		for _, o := range m.Findings {
			fix := m.ByFinding[o.Fingerprint()]
			a.Findings = append(a.Findings, Finding{m.Path, o, fix}, Finding{m.Path, o, fix})
			if fix != nil {
				now, err := patch.Apply(m.Old, fix.Edits)
				if err != nil {
					t.Fatal(err)
				}
				made[fmt.Sprint(m.Path, " ", o.Fingerprint())] = string(now)
			}
		}
	}
	all := a.Suggestions()
	var paths []string
	for _, s := range all {
		paths = append(paths, s.Path)
		head, rest, ok := strings.Cut(s.Body, "suggestion\n")
		fence := head[strings.LastIndex(head, "\n")+1:]
		text, _, closed := strings.Cut(rest, "\n"+fence+"\n")
		if !ok || !closed || strings.Contains(s.Body, "\r") {
			t.Errorf("%s: %q", s.Path, s.Body)
			continue
		}
		old := strings.Split(string(src[s.Path]), "\n")
		got := strings.Join(slices.Replace(old, s.First-1, s.Last, strings.Split(text, "\n")...), "\n")
		if want := made[s.Path+" "+s.Fix]; got != want {
			t.Errorf("%s, taken:\n%s\nthe fix:\n%s", s.Path, got, want)
		}
	}
	slices.Sort(paths)
	for _, want := range []string{"a.ts", "end.ts", "fence.ts"} {
		if n := len(slices.DeleteFunc(slices.Clone(paths), func(p string) bool { return p != want })); n != 1 {
			t.Errorf("%d suggestions for %s, of %v", n, want, paths)
		}
	}
	if slices.Contains(paths, "lines.ts") {
		t.Error("a file with CRLF gets a suggestion")
	}
	for _, f := range a.Findings {
		if f.Fix != nil {
			f.Fix.Applicability = transforms.Display
		}
	}
	if left := a.Suggestions(); len(left) != 0 {
		t.Errorf("what is only shown is suggested: %v", left)
	}
	kinds := map[string]bool{"interval": true}
	if n := a.Leave(kinds); n == 0 || slices.ContainsFunc(a.Findings, func(f Finding) bool { return f.Kind.Name == "interval" }) {
		t.Errorf("%d left out", n)
	}
}
