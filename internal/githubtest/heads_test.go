package githubtest

import (
	"os"
	"path/filepath"
	"testing"
)

// TestHeldReference: while git writes a reference, an empty file locks it, and no pull
// request is closed for that.
func TestHeldReference(t *testing.T) {
	s := Start(t)
	s.User("ann")
	r := s.Repo("ann", "town")
	if err := r.First(); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Branch("feature", "main", "a.txt", "a\n"); err != nil {
		t.Fatal(err)
	}
	s.Open(r, r, "ann", "feature", "A thing")
	if err := os.WriteFile(filepath.Join(r.Dir, "refs", "heads", "main.lock"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if got := s.Pulls(r); len(got) != 1 || !got[0].Open {
		t.Errorf("while main is written: %+v", got)
	}
}
