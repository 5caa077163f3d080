package vcs

import (
	"errors"
	"os"
	"testing"
	"time"
)

// TestAside: what is made aside is read back there, is what it would be here, and
// leaves nothing here.
func TestAside(t *testing.T) {
	r := newRepo(t)
	r.write("a.js", "old\n")
	r.git("add", "-A")
	r.git("commit", "-q", "-m", "First")
	before := r.git("count-objects", "-v")
	v, err := Open(r.dir)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	aside, err := v.Aside(dir)
	if err != nil {
		t.Fatal(err)
	}
	base := Hash(r.git("rev-parse", "HEAD"))
	who := Person{Name: "A", Email: "a@example.com", When: time.Unix(1700000000, 0).UTC()}
	make := func(r *Repository, parent Hash, text string) Hash {
		t.Helper()
		h, err := r.Commit(Commit{Parent: parent, Changes: []Change{{"a.js", []byte(text)}}, Message: "x", Author: who, Committer: who})
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	one := make(aside, base, "new\n")
	two := make(aside, one, "newer\n")
	if info, err := aside.Info(two); err != nil || len(info.Parents) != 1 || info.Parents[0] != one {
		t.Errorf("%+v, %v", info, err)
	}
	n := 0
	if err := aside.Changed(base, two, func(was, is Entry) error {
		n++
		data, err := aside.Blob(is.Blob)
		if string(data) != "newer\n" {
			t.Errorf("it holds %q", data)
		}
		return err
	}); err != nil || n != 1 {
		t.Errorf("%d changes, %v", n, err)
	}
	if _, err := v.Info(one); !errors.Is(err, ErrMissing) && !errors.Is(err, ErrNotFound) {
		t.Errorf("the repository itself has it: %v", err)
	}
	if got := r.git("count-objects", "-v"); got != before {
		t.Errorf("objects were left: %s, before %s", got, before)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if here := make(v, make(v, base, "new\n"), "newer\n"); here != two {
		t.Errorf("made here it is %s, aside it was %s", here, two)
	}
	r.git("fsck", "--strict", "--no-dangling")
}
