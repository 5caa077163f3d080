package review

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/unleak-dev/unleak/internal/project"
	"github.com/unleak-dev/unleak/internal/run"
	"github.com/unleak-dev/unleak/patch"
	"github.com/unleak-dev/unleak/transforms"
)

// class is a class with one interval, mended safely if it has a stop.
func class(name, members string) string {
	return fmt.Sprintf("export class %s {\n  go() {\n    setInterval(() => {}, 10);\n  }\n%s}\n", name, members)
}

const stop = "\n  stop() {}\n"

type world struct {
	t       *testing.T
	root    string
	journal patch.Journal
	out     *patch.Run
	s       *Session
	said    []string
}

// begin writes files and begins a session about them.
func begin(t *testing.T, files map[string]string) *world {
	t.Helper()
	w := &world{t: t, root: t.TempDir()}
	for name, text := range files {
		w.put(name, text)
	}
	kinds, err := transforms.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	detector := func() (*transforms.Detector, error) {
		p, err := project.Open(w.root)
		if err != nil {
			return nil, err
		}
		return transforms.NewDetector(p, kinds, false), nil
	}
	d, err := detector()
	if err != nil {
		t.Fatal(err)
	}
	r, err := run.Run(t.Context(), d, run.Options{})
	if err != nil {
		t.Fatal(err)
	}
	w.journal = patch.Journal{Dir: filepath.Join(w.root, ".unleak", "journal"), Base: w.root}
	if w.out, err = w.journal.NewRun(w.root); err != nil {
		t.Fatal(err)
	}
	keep := func(path string, text []byte) string { return "kept " + path + ": " + string(text) }
	w.s = New(Options{Detector: detector, Out: w.out, Keep: keep}, r.Files)
	return w
}

func (w *world) put(name, text string) {
	w.t.Helper()
	file := filepath.Join(w.root, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) read(name string) string {
	w.t.Helper()
	data, err := os.ReadFile(filepath.Join(w.root, name))
	if err != nil {
		w.t.Fatal(err)
	}
	return string(data)
}

// current is the owner of the current item, "" if there is none.
func (w *world) current() string {
	w.t.Helper()
	it, said, err := w.s.Current(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	w.said = said
	if it == nil {
		return ""
	}
	if it.State == Open && string(it.Change.Old) != w.read(it.Path) {
		w.t.Errorf("%s: the change is of another text", it.Path)
	}
	return it.Fix.Plan.Owner.Name
}

func (w *world) want(name string) {
	w.t.Helper()
	if got := w.current(); got != name {
		w.t.Fatalf("the current fix is of %q, want %q", got, name)
	}
}

func (w *world) apply() {
	w.t.Helper()
	if err := w.s.Apply(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

// states are those of all items that came up.
func (w *world) states() string {
	var b strings.Builder
	for _, it := range w.s.Items() {
		fmt.Fprintf(&b, "%s:%s ", it.Fix.Plan.Owner.Name, it.State)
	}
	return strings.TrimSpace(b.String())
}

func (w *world) wantStates(want string) {
	w.t.Helper()
	if got := w.states(); got != want {
		w.t.Errorf("the items are %s\nwant %s", got, want)
	}
}

func TestApplyAndSkip(t *testing.T) {
	one, two := class("A", stop)+class("B", stop)+class("C", ""), class("D", stop)
	w := begin(t, map[string]string{"one.js": one, "two.js": two})
	w.want("A")
	w.apply()
	w.want("B")
	if at, of, applied := w.s.Progress(); at != 2 || of != 4 || applied != 1 {
		t.Errorf("progress: %d of %d, %d applied", at, of, applied)
	}
	w.s.Skip()
	w.want("C")
	if safe, unsafe := w.s.Remaining(""); safe != 1 || unsafe != 1 {
		t.Errorf("%d safe and %d unsafe remain", safe, unsafe)
	}
	w.apply()
	w.want("D")
	w.apply()
	w.want("")
	w.wantStates("A:applied B:skipped C:applied D:applied")
	got := w.read("one.js")
	if strings.Count(got, "clearInterval(") != 2 || !strings.Contains(got, class("B", stop)) {
		t.Errorf("one.js holds\n%s", got)
	}
	if sum := w.s.Summary(); sum.Leaks != 1 {
		t.Errorf("%d leaks remain", sum.Leaks)
	}
	// What was skipped can be applied after all.
	w.s.Goto(w.s.Items()[1])
	w.want("B")
	w.apply()
	w.want("")
	if sum := w.s.Summary(); sum.Leaks != 0 {
		t.Errorf("%d leaks remain", sum.Leaks)
	}
	if err := w.out.Close(); err != nil {
		t.Fatal(err)
	}
	if err := w.journal.Undo(t.Context(), "", func(path string, _ patch.Restored, err error) {
		if err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}); err != nil {
		t.Fatal(err)
	}
	if w.read("one.js") != one || w.read("two.js") != two {
		t.Error("undone, the files are not what they were")
	}
}

// TestRest: what Rest makes is what a run makes that accepts the same fixes; what
// was skipped before stays.
func TestRest(t *testing.T) {
	one := class("A", stop) + class("B", stop) + class("C", "")
	w := begin(t, map[string]string{"one.js": one, "two.js": class("D", stop)})
	w.want("A")
	w.s.Skip()
	w.want("B")
	var steps []string
	n, failed, err := w.s.Rest(t.Context(), false, false, func(p string) { steps = append(steps, p) })
	if n != 1 || failed != nil || err != nil || strings.Join(steps, " ") != "one.js" {
		t.Fatalf("%d, %v, %v, %q", n, failed, err, steps)
	}
	w.want("C")
	w.wantStates("A:skipped B:applied C:open D:open")
	if n, failed, err := w.s.Rest(t.Context(), true, true, func(string) {}); n != 2 || failed != nil || err != nil {
		t.Fatalf("%d, %v, %v", n, failed, err)
	}
	w.want("")
	w.wantStates("A:skipped B:applied C:applied D:applied")
	if got := w.read("one.js"); strings.Count(got, "clearInterval(") != 2 || !strings.Contains(got, class("A", stop)) {
		t.Errorf("one.js holds\n%s", got)
	}

	// One Undo takes all of it back.
	if what, err := w.s.Undo(t.Context()); err != nil || what != "undone: applied the rest" {
		t.Errorf("%q, %v", what, err)
	}
	w.want("C")
	if _, err := w.s.Undo(t.Context()); err != nil {
		t.Error(err)
	}
	w.want("B")
	if _, err := w.s.Undo(t.Context()); err != nil {
		t.Error(err)
	}
	w.want("A")
	if what, err := w.s.Undo(t.Context()); what != "" || err != nil {
		t.Errorf("%q, %v", what, err)
	}
	w.wantStates("A:open B:open C:open D:open")
	if w.read("one.js") != one {
		t.Errorf("one.js holds\n%s", w.read("one.js"))
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := w.s.Rest(cancelled, true, true, func(string) {}); err == nil {
		t.Error("a cancelled session went on")
	}
}

func TestSkipFile(t *testing.T) {
	w := begin(t, map[string]string{"one.js": class("A", stop) + class("B", stop), "two.js": class("D", stop)})
	w.want("A")
	w.s.SkipFile()
	w.want("D")
	w.wantStates("A:skipped B:skipped D:open")
	if _, err := w.s.Undo(t.Context()); err != nil {
		t.Error(err)
	}
	w.want("A")
	w.wantStates("A:open B:open D:open")
}

// TestConflict: what somebody else wrote after the fix was shown stays, and the fix is
// shown for what the file holds then.
func TestConflict(t *testing.T) {
	one := class("A", stop) + class("B", stop)
	w := begin(t, map[string]string{"one.js": one, "two.js": class("D", stop)})
	w.want("A")
	theirs := "// theirs\n" + one + class("E", stop)
	w.put("one.js", theirs)
	var conflict *Conflict
	if err := w.s.Apply(t.Context()); !errors.As(err, &conflict) || conflict.Path != "one.js" {
		t.Fatalf("got %v", err)
	}
	if w.read("one.js") != theirs {
		t.Fatalf("one.js holds\n%s", w.read("one.js"))
	}
	w.want("A")
	w.apply()
	if got := w.read("one.js"); !strings.HasPrefix(got, "// theirs\n") || strings.Count(got, "clearInterval(") != 1 {
		t.Errorf("one.js holds\n%s", got)
	}
	w.want("B")
	// Somebody mends it by hand: there is nothing to decide about any more.
	w.put("one.js", strings.Replace(w.read("one.js"), class("B", stop), "", 1))
	if err := w.s.Apply(t.Context()); !errors.As(err, &conflict) {
		t.Fatalf("got %v", err)
	}
	w.want("E")
	w.wantStates("A:applied B:gone E:open D:open")
	// A file that is gone has no fixes.
	if err := os.Remove(filepath.Join(w.root, "one.js")); err != nil {
		t.Fatal(err)
	}
	if err := w.s.Apply(t.Context()); err == nil {
		t.Error("a file that is gone was written")
	}
	w.want("D")
	if len(w.said) != 1 || !strings.Contains(w.said[0], "one.js") {
		t.Errorf("said: %q", w.said)
	}
	// Nothing of theirs is taken back.
	theirs += "// more\n"
	w.put("one.js", theirs)
	if _, err := w.s.Undo(t.Context()); err == nil || !strings.Contains(err.Error(), "one.js: somebody else changed it since") {
		t.Errorf("got %v", err)
	}
	if w.read("one.js") != theirs {
		t.Errorf("one.js holds\n%s", w.read("one.js"))
	}
	if it := w.s.Items()[0]; it.Fix.Plan.Owner.Name != "A" || it.State != Applied {
		t.Errorf("what was not undone is %s", it.State)
	}
}

// TestComesBack: what somebody mended, and then did not, is to be decided about again.
func TestComesBack(t *testing.T) {
	one := class("A", stop) + class("B", stop)
	w := begin(t, map[string]string{"one.js": one})
	w.want("A")
	w.s.Skip()
	w.put("one.js", class("A", stop))
	w.want("")
	w.wantStates("A:skipped B:gone")
	w.put("one.js", "// later\n"+one)
	w.s.Goto(w.s.Items()[0])
	w.want("A")
	w.wantStates("A:skipped B:open")
	w.apply()
	w.want("B")
}

// TestAnew: fixes that want the same place, or come up by another one, are planned anew
// after each.
func TestAnew(t *testing.T) {
	both := `export class A {
  go() {
    setInterval(() => {}, 10);
  }
}
export class B extends A {
  run() {
    setInterval(() => {}, 10);
  }
}
`
	w := begin(t, map[string]string{"one.js": both})
	seen := 0
	for w.current() != "" {
		seen++
		w.apply()
	}
	if seen < 2 || len(w.s.Summary().Refused) > 0 {
		t.Errorf("%d fixes, %v", seen, w.s.Summary().Refused)
	}
	all := begin(t, map[string]string{"one.js": both})
	all.want("A")
	if _, failed, err := all.s.Rest(t.Context(), true, true, func(string) {}); failed != nil || err != nil {
		t.Fatal(failed, err)
	}
	if one, rest := w.read("one.js"), all.read("one.js"); one != rest {
		t.Errorf("one by one it is\n%s\nall together\n%s", one, rest)
	}
}

func TestEdit(t *testing.T) {
	one := class("A", stop) + class("B", stop)
	w := begin(t, map[string]string{"one.js": one})
	w.want("A")
	it := w.s.cur
	made := string(it.Change.New)
	propose := func(text string) bool {
		t.Helper()
		edited, err := w.s.Propose(t.Context(), []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return edited
	}
	if !propose(made+"}") || it.Judgement.Broken == "" {
		t.Errorf("a broken edit was judged %+v", it.Judgement)
	}
	w.want("A")
	if err := w.s.Apply(t.Context()); err == nil || !strings.Contains(err.Error(), "does not parse") {
		t.Errorf("a broken edit was applied: %v", err)
	}
	if !propose("// kept\n"+one) || len(it.Judgement.Owes) != 1 {
		t.Errorf("an edit that leaks was judged %+v", it.Judgement)
	}
	if propose("") || it.Edited || string(it.Change.New) != made {
		t.Error("the edit was not dropped")
	}
	if propose(one) || it.Edited {
		t.Error("an edit that changes nothing was taken")
	}
	propose("// first\n" + made)
	if what, err := w.s.Undo(t.Context()); what != "the edit is dropped" || err != nil || string(it.Change.New) != made {
		t.Errorf("%q, %v", what, err)
	}
	if !propose("// mine\n"+made) || it.Judgement.Broken != "" || it.Judgement.Owes != nil {
		t.Errorf("an edit was judged %+v", it.Judgement)
	}
	w.apply()
	if got := w.read("one.js"); got != "// mine\n"+made {
		t.Errorf("one.js holds\n%s", got)
	}
	w.want("B")
	// What still leaks may be applied; it is not asked again, and counted.
	propose("// theirs\n" + w.read("one.js"))
	w.apply()
	w.want("")
	if sum := w.s.Summary(); sum.Leaks != 1 {
		t.Errorf("%d leaks remain", sum.Leaks)
	}
}

// TestEditConflict: an edit of what somebody else changed meanwhile is kept.
func TestEditConflict(t *testing.T) {
	one := class("A", stop)
	for _, theirs := range []string{"// theirs\n" + one, "// mended\n", "\x00 no text"} {
		w := begin(t, map[string]string{"one.js": one})
		w.want("A")
		if edited, err := w.s.Propose(t.Context(), append(w.s.cur.Change.New, "// mine\n"...)); !edited || err != nil {
			t.Fatal(edited, err)
		}
		w.put("one.js", theirs)
		var conflict *Conflict
		if err := w.s.Apply(t.Context()); !errors.As(err, &conflict) {
			t.Errorf("got %v", err)
		}
		if name := w.current(); (name == "A") != strings.HasPrefix(theirs, "// theirs") {
			t.Errorf("the current fix is of %q", name)
		}
		if said := strings.Join(w.said, "\n"); !strings.Contains(said, "kept one.js: ") || !strings.Contains(said, "// mine") {
			t.Errorf("said: %q", said)
		}
		if w.read("one.js") != theirs {
			t.Errorf("one.js holds\n%s", w.read("one.js"))
		}
	}
}

func TestIgnore(t *testing.T) {
	one := class("A", stop) + class("B", stop)
	w := begin(t, map[string]string{"one.js": one})
	w.want("A")
	if err := w.s.Ignore(t.Context(), "  "); err == nil {
		t.Error("ignored without a reason")
	}
	if err := w.s.Ignore(t.Context(), "runs as long as the program"); err != nil {
		t.Fatal(err)
	}
	want := strings.Replace(one, "    setInterval", "    // unleak-ignore-next-line interval -- runs as long as the program\n    setInterval", 1)
	if got := w.read("one.js"); got != want {
		t.Errorf("one.js holds\n%s", got)
	}
	w.want("B")
	w.wantStates("A:ignored B:open")
	if sum := w.s.Summary(); sum.Leaks != 1 {
		t.Errorf("%d leaks remain", sum.Leaks)
	}
	if _, err := w.s.Undo(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.want("A")
	if got := w.read("one.js"); got != one {
		t.Errorf("one.js holds\n%s", got)
	}
}

func TestFilter(t *testing.T) {
	w := begin(t, map[string]string{"a/one.js": class("A", stop) + class("B", ""), "b/two.js": class("D", stop)})
	for _, c := range []struct {
		words string
		shown int
		first string
	}{{"safe", 2, "A"}, {"unsafe", 1, "B"}, {"b/", 1, "D"}, {"interval safe b/", 1, "D"}, {"critical", 3, "D"}, {"browser", 0, "D"}, {"", 3, "D"}} {
		if got := w.s.Filter(c.words); got != c.shown {
			t.Errorf("%q: %d are shown, want %d", c.words, got, c.shown)
		}
		w.want(c.first)
	}
	// What is not shown is in no "all".
	w.s.Filter("b/")
	w.want("D")
	if n, _, err := w.s.Rest(t.Context(), true, true, func(string) {}); n != 1 || err != nil {
		t.Errorf("%d were applied, %v", n, err)
	}
	w.want("")
	w.s.Filter("")
	w.want("A")
	w.wantStates("A:open B:open D:applied")
}
