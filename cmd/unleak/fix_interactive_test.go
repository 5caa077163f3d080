//go:build unix

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// harborFiles are the sources of testdata/harbor.txtar.
var harborFiles = []string{"src/berth.ts", "src/lamps.ts", "src/signals.ts"}

func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, f := range harborFiles {
		out[f] = read(t, dir, f)
	}
	return out
}

// changed lists the sources that are not what they were; none may be anything that
// no fix made.
func changed(t *testing.T, dir string, before map[string]string) string {
	t.Helper()
	var out []string
	for _, f := range harborFiles {
		if read(t, dir, f) != before[f] {
			out = append(out, filepath.Base(f))
		}
	}
	left, err := filepath.Glob(filepath.Join(dir, "src", ".unleak-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("temporary files are left: %q, %v", left, err)
	}
	return strings.Join(out, " ")
}

func wantChanged(t *testing.T, dir string, before map[string]string, want string) {
	t.Helper()
	if got := changed(t, dir, before); got != want {
		t.Errorf("changed are %q, want %q", got, want)
	}
}

// undoneIn undoes what was written in dir, and checks that all is as it was.
func undoneIn(t *testing.T, dir string, before map[string]string) {
	t.Helper()
	if out, err := unleakCommand(dir, "undo").CombinedOutput(); err != nil {
		t.Errorf("undo: %v\n%s", err, out)
	}
	wantChanged(t, dir, before, "")
}

// TestSession applies, skips, looks at the list and the help, and quits.
func TestSession(t *testing.T) {
	dir := harbor(t)
	before := contents(t, dir)
	y := start(t, dir, 80, 24, nil, "fix", "-i")
	y.is("first", "1 of 4, 0 applied")
	wantChanged(t, dir, before, "")
	y.types("y")
	y.is("second", "2 of 4, 1 applied")
	wantChanged(t, dir, before, "berth.ts") // written at once
	y.types("n")
	y.is("third", "3 of 4, 1 applied")
	y.types("y")
	y.is("fourth", "4 of 4, 2 applied")
	y.types("l")
	y.is("list", "Enter show")
	y.types("?")
	y.is("help", "any key goes back")
	y.types(" ") // scrolls, where there is anything to
	y.types("x")
	y.sees("Enter show")
	y.types("kk\r") // to what was skipped
	y.is("skipped", "2 of 4, 2 applied")
	y.types("w")
	y.is("more", "About interval")
	y.types("y")
	y.sees("4 of 4, 3 applied")
	y.types("d")
	y.is("decided", "All is decided")
	y.types("q")
	y.ends(1)
	y.restored()
	y.is("summary", "To undo all of it: unleak undo")
	wantChanged(t, dir, before, "berth.ts lamps.ts signals.ts")
	undoneIn(t, dir, before)
}

// TestReadmeScreen: the screen in the README is one that the program shows.
func TestReadmeScreen(t *testing.T) {
	readme, first := read(t, "../..", "README.md"), read(t, "testdata", "screens/first.txt")
	if !strings.Contains(readme, "<!-- screen -->\n```\n"+first+"```\n") {
		t.Errorf("README.md does not show\n%s", first)
	}
}

// TestSessionUndo takes decisions back, what they wrote with them.
func TestSessionUndo(t *testing.T) {
	dir := harbor(t)
	before := contents(t, dir)
	y := start(t, dir, 80, 24, nil, "fix", "-i")
	y.sees("1 of 4, 0 applied")
	y.types("u")
	y.sees("There is nothing to undo.")
	y.types("y")
	y.sees("2 of 4, 1 applied")
	y.types("A")
	y.is("asked", "2 are safe and 1 unsafe")
	y.types("s")
	y.sees("4 of 4, 3 applied")
	wantChanged(t, dir, before, "berth.ts lamps.ts signals.ts")
	y.types("u")
	y.is("undone", "undone: applied the rest")
	wantChanged(t, dir, before, "berth.ts")
	y.types("u")
	y.sees("1 of 4, 0 applied")
	wantChanged(t, dir, before, "")
	y.types("A")
	y.sees("3 are safe and 1 unsafe")
	y.types("a")
	y.sees("All is decided: 4 applied")
	y.types("q")
	y.ends(0)
	y.restored()
	undoneIn(t, dir, before)
}

// TestSessionSmall is a terminal that becomes small, with long lines, wide characters
// and tabs.
func TestSessionSmall(t *testing.T) {
	y := start(t, harbor(t), 80, 24, nil, "fix", "-i", "src/lamps.ts")
	y.sees("1 of 1, 0 applied")
	y.resize(40, 12)
	y.is("small", "y apply  n skip  u undo  ? help  q quit")
	y.types("\x1b[6~") // PgDn
	y.is("small-below", " 10-19 of")
	y.types("G")
	y.is("small-end", " 29-38 of 38")
	y.types("i")
	y.is("small-reason", "Reason:")
	y.types("\x1b")
	y.sees("? help")
	y.resize(12, 4)
	y.sees("y n a d A e") // whatever fits
	y.resize(120, 30)
	y.is("large", "? help  q quit")
	y.types("q")
	y.ends(1)
	y.restored()
}

// TestSessionEdit edits a fix: what does not parse is shown and edited again, what still
// leaks is told, and what is good is applied.
func TestSessionEdit(t *testing.T) {
	dir := harbor(t)
	before := contents(t, dir)
	mark := filepath.Join(t.TempDir(), "mark")
	// The first time it breaks the text, the second time it empties it, then it mends it.
	editor := script(t, `case $(cat "`+mark+`" 2>/dev/null) in
"") echo 1 >"`+mark+`"; echo '}' >>"$1" ;;
1) echo 2 >"`+mark+`"; : >"$1" ;;
2) echo 3 >"`+mark+`"; sed -i 's/clearInterval(poll);//' "$1" ;;
3) echo 4 >"`+mark+`"; exit 3 ;;
*) sed -i 's/setInterval(async/setInterval(\/* mine *\/ async/; s/ resolve(true)/ clearInterval(poll); resolve(true)/; s/ reject(err)/ clearInterval(poll); reject(err)/' "$1" ;;
esac`)
	y := start(t, dir, 80, 24, []string{"EDITOR=" + editor}, "fix", "-i", "src/berth.ts")
	y.sees("1 of 1, 0 applied")
	y.types("e")
	y.is("edit-broken", "Your edit does not parse")
	y.types("y")
	y.sees("the edit does not parse")
	wantChanged(t, dir, before, "")
	y.types("e")
	y.sees("so it is dropped")
	y.types("e")
	y.is("edit-leaks", "still leaks")
	y.types("e")
	y.sees("the editor ended with status 3")
	y.types("e")
	y.is("edit-good", "nothing leaks any more")
	y.types("u")
	y.sees("the edit is dropped")
	y.types("e")
	y.sees("nothing leaks any more")
	wantChanged(t, dir, before, "")
	y.types("y")
	y.sees("All is decided: 1 applied")
	y.types("q")
	y.ends(0)
	y.restored()
	if got := read(t, dir, "src/berth.ts"); !strings.Contains(got, "/* mine */") {
		t.Errorf("berth.ts holds\n%s", got)
	}
	undoneIn(t, dir, before)
}

// TestSessionIgnore writes a comment with a reason; the finding is silent then.
func TestSessionIgnore(t *testing.T) {
	dir := harbor(t)
	before := contents(t, dir)
	y := start(t, dir, 80, 24, nil, "fix", "-i", "src/lamps.ts", "src/berth.ts")
	y.sees("1 of 2, 0 applied")
	y.types("n")
	y.sees("2 of 2")
	y.types("i")
	y.sees("Reason:")
	y.types("burns as long as the harbor 灯\r")
	y.sees("All is decided: 0 applied, 1 skipped, 1 ignored")
	want := strings.Replace(before["src/lamps.ts"], "\t\tsetInterval", "\t\t// unleak-ignore-next-line interval -- burns as long as the harbor 灯\n\t\tsetInterval", 1)
	if got := read(t, dir, "src/lamps.ts"); got != want {
		t.Errorf("lamps.ts holds\n%s", got)
	}
	y.types("q")
	y.ends(1)
	if out, err := unleakCommand(dir, "scan", "src/lamps.ts").CombinedOutput(); err != nil {
		t.Errorf("it is still reported: %v\n%s", err, out)
	}
	undoneIn(t, dir, before)
}

// TestSessionConflict: what somebody else wrote between showing and applying stays, and
// is told; nothing of an edit is lost.
func TestSessionConflict(t *testing.T) {
	dir := harbor(t)
	before := contents(t, dir)
	tmp := t.TempDir()
	y := start(t, dir, 80, 24, []string{"TMPDIR=" + tmp, "EDITOR=" + script(t, `echo '// mine' >>"$1"`)}, "fix", "-i")
	y.sees("1 of 4, 0 applied")
	theirs := "// theirs\n" + before["src/berth.ts"]
	put := func(text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, "src/berth.ts"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	put(theirs)
	y.types("y")
	y.is("conflict", "somebody else changed it after it was shown")
	if got := read(t, dir, "src/berth.ts"); got != theirs {
		t.Errorf("berth.ts holds\n%s", got)
	}
	y.types("e")
	y.sees("nothing leaks any more")
	theirs = "// more of theirs\n" + theirs
	put(theirs)
	y.types("y")
	y.sees("your edit is kept in")
	if got := read(t, dir, "src/berth.ts"); got != theirs {
		t.Errorf("berth.ts holds\n%s", got)
	}
	kept, err := filepath.Glob(filepath.Join(tmp, "unleak-edit-*", "berth.ts"))
	if err != nil || len(kept) != 1 || !strings.HasSuffix(read(t, filepath.Dir(kept[0]), "berth.ts"), "// mine\n") {
		t.Errorf("the edit is kept in %q, %v", kept, err)
	}
	y.types("y")
	y.sees("2 of 4, 1 applied")
	if got := read(t, dir, "src/berth.ts"); !strings.HasPrefix(got, "// more of theirs\n// theirs\n") || !strings.Contains(got, "clearInterval(poll);\n        reject(err)") {
		t.Errorf("berth.ts holds\n%s", got)
	}
	put(theirs + "// later\n")
	y.types("u")
	y.sees("somebody else changed it since; it stays as it is")
	y.types("q")
	y.ends(1)
	if got := read(t, dir, "src/berth.ts"); got != theirs+"// later\n" {
		t.Errorf("berth.ts holds\n%s", got)
	}
}

// TestSessionFilter shows a part, and applies all of that part only.
func TestSessionFilter(t *testing.T) {
	dir := harbor(t)
	before := contents(t, dir)
	y := start(t, dir, 80, 24, nil, "fix", "-i", "--unsafe")
	y.sees("1 of 4")
	y.types("/")
	y.sees("Show only:")
	y.types("nothing\r")
	y.sees("Nothing matches nothing.")
	y.types("/")
	y.sees("Show only:")
	y.types("signals unsafe\r")
	y.is("filtered", "only signals unsafe")
	y.types("A")
	y.sees("Nothing is left that matches")
	wantChanged(t, dir, before, "signals.ts")
	y.types("q")
	y.ends(1)
	undoneIn(t, dir, before)
}

// TestSessionEnds: whatever ends the session, what was applied stays, the files are whole,
// the terminal is given back, and all can be undone.
func TestSessionEnds(t *testing.T) {
	for _, c := range []struct {
		name   string
		end    func(y *tty)
		closed bool // there is no terminal any more
	}{
		{"Ctrl-C", func(y *tty) { y.types("\x03") }, false},
		{"SIGINT", func(y *tty) { _ = y.cmd.Process.Signal(os.Interrupt) }, false},
		{"SIGTERM", func(y *tty) { _ = y.cmd.Process.Signal(syscall.SIGTERM) }, false},
		{"SIGHUP", func(y *tty) { _ = y.cmd.Process.Signal(syscall.SIGHUP) }, false},
		{"closed", func(y *tty) { _ = y.pty.Close() }, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := harbor(t)
			before := contents(t, dir)
			y := start(t, dir, 80, 24, nil, "fix", "-i")
			y.sees("1 of 4, 0 applied")
			y.types("y")
			y.sees("2 of 4, 1 applied")
			c.end(y)
			y.ends(2)
			if !c.closed {
				y.restored()
				y.sees("1 applied; 0 skipped; 3 not decided")
				y.sees("interrupted; nothing is half written")
			}
			wantChanged(t, dir, before, "berth.ts")
			undoneIn(t, dir, before)
		})
	}
}

// TestSessionEditorInterrupted: Ctrl-C is the editor's while that has the terminal.
func TestSessionEditorInterrupted(t *testing.T) {
	dir := harbor(t)
	editor := script(t, `trap 'echo "// got it" >>"$1"; exit 0' INT; echo editing; while :; do sleep 0.05; done`)
	y := start(t, dir, 80, 24, []string{"EDITOR=" + editor}, "fix", "-i", "src/berth.ts")
	y.sees("1 of 1")
	y.types("e")
	y.sees("editing")
	y.types("\x03")
	y.sees("nothing leaks any more")
	y.types("y")
	y.sees("1 applied")
	y.types("q")
	y.ends(0)
	if got := read(t, dir, "src/berth.ts"); !strings.HasSuffix(got, "// got it\n") {
		t.Errorf("berth.ts holds\n%s", got)
	}
}

// TestSessionColour: the diff has syntax colours, and what changed is marked; without
// colour nothing is coloured, and everything is there.
func TestSessionColour(t *testing.T) {
	colour := regexp.MustCompile(`\x1b\[[0-9;]*(?:3[0-7]|4[0-7]|9[0-7]|38|48)[0-9;]*m`)
	for name, env := range map[string][]string{"colour": nil, "no-colour": {"NO_COLOR=1"}} {
		dir := harbor(t)
		y := start(t, dir, 80, 24, env, "fix", "-i", "src/lamps.ts")
		y.sees("1 of 1")
		y.types("w")
		y.sees("About interval")
		y.types("q")
		y.ends(1)
		y.restored()
		raw := y.raw.Bytes()
		if got := colour.Match(raw); got != (env == nil) {
			t.Errorf("%s: coloured: %v", name, got)
		}
		if env == nil {
			for what, code := range map[string]string{"a string": "33", "a keyword": "35", "what changed": "7", "an exit": "31"} {
				if !bytes.Contains(raw, []byte("["+code+"m")) && !bytes.Contains(raw, []byte(";"+code+"m")) {
					t.Errorf("%s has no colour (%s)", what, code)
				}
			}
		}
	}
}

// TestSessionDirty: files with uncommitted changes are told at the start, and left out.
func TestSessionDirty(t *testing.T) {
	dir := harbor(t)
	file := filepath.Join(dir, "src/lamps.ts")
	if err := os.WriteFile(file, []byte(read(t, dir, "src/lamps.ts")+"// at work\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	y := start(t, dir, 80, 24, nil, "fix", "-i")
	y.sees("1 of 3, 0 applied")
	y.types("q")
	y.ends(2)
	if !bytes.Contains(y.raw.Bytes(), []byte("src/lamps.ts: has uncommitted changes")) {
		t.Error("the file was left out without a word")
	}
	y = start(t, dir, 80, 24, nil, "fix", "-i", "--allow-dirty")
	y.sees("1 of 4, 0 applied")
	y.types("q")
	y.ends(1)
}

// TestSessionPlain asks line by line on a terminal, too, which stays as it is.
func TestSessionPlain(t *testing.T) {
	dir := harbor(t)
	before := contents(t, dir)
	y := start(t, dir, 80, 50, nil, "fix", "--plain")
	y.sees("Apply this fix?")
	y.types("y\n")
	y.sees("2 of 4, 1 applied")
	wantChanged(t, dir, before, "berth.ts")
	y.types("\x03")
	y.ends(2)
	y.sees("1 applied; 0 skipped; 3 not decided")
	if bytes.Contains(y.raw.Bytes(), []byte("\x1b[?1049h")) {
		t.Error("it took the whole screen")
	}
	undoneIn(t, dir, before)
}

// TestSessionNothing: where there is nothing to ask, nothing is asked.
func TestSessionNothing(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.js"), []byte("export const a = 1;\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	y := start(t, dir, 80, 24, nil, "fix", "-i")
	y.ends(0)
	y.sees("0 applied; 0 skipped.")
}
