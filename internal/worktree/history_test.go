package worktree

import (
	"context"
	"fmt"
	"slices"
	"testing"
)

func TestHistory(t *testing.T) {
	ctx := context.Background()
	r := newRepo(t)
	if head := Head(ctx, r.dir); head != "" {
		t.Errorf("an empty repository is at %s", head)
	}
	r.write("a.ts", "1")
	r.write("gone.ts", "1")
	r.commit()
	base := Head(ctx, r.dir)
	r.git("branch", "base")
	r.git("checkout", "-q", "-b", "unleak/critical")
	for _, name := range oddNames {
		r.write(name, "2")
	}
	r.git("rm", "-q", "gone.ts")
	r.git("add", "-A")
	r.git("commit", "-q", "-m", "Release it\n\nwhy\n\nUnleak-Patch: abc")
	tip := Head(ctx, r.dir)
	r.git("update-ref", "refs/remotes/origin/unleak/critical", tip)
	r.git("update-ref", "refs/remotes/origin/unleak/high", base)
	r.git("update-ref", "refs/remotes/origin/other", base)
	r.git("branch", "unleakage")

	branches, err := Branches(ctx, r.dir, "unleak/")
	if want := []Branch{{"unleak/critical", tip}, {"origin/unleak/high", base}}; err != nil || !slices.Equal(branches, want) {
		t.Errorf("got %v, %v, want %v", branches, err, want)
	}

	// What the other side changed since is not the branch's.
	r.git("checkout", "-q", "base")
	r.write("a.ts", "3")
	r.commit()
	changed, err := ChangedBy(ctx, r.dir, tip)
	want := slices.Sorted(slices.Values(oddNames))
	if slices.Sort(changed); err != nil || !slices.Equal(changed, want) {
		t.Errorf("got %q, %v", changed, err)
	}
	for _, name := range oddNames {
		if text, err := Show(ctx, r.dir, tip, name); err != nil || string(text) != "2" {
			t.Errorf("%q is %q, %v", name, text, err)
		}
	}
	r.git("checkout", "-q", "--orphan", "alone")
	r.commit()
	if changed, err := ChangedBy(ctx, r.dir, tip); err != nil || len(changed) > 0 {
		t.Errorf("nothing in common, but %q, %v", changed, err)
	}
	if _, err := ChangedBy(ctx, r.dir, "--output=x"); err == nil {
		t.Error("a flag is no commit")
	}

	// A trailer counts, words in a message do not.
	r.git("checkout", "-q", "unleak/critical")
	r.git("commit", "-q", "--allow-empty", "-m", "Talk of Unleak-Patch: abc, and more\n\nUnleak-Patch: is a trailer\nof no commit")
	r.git("commit", "-q", "--allow-empty", "-m", "Release another\x1f one\n\nUnleak-Patch: def\nSigned-off-by: A <a@example.com>")
	commits, err := Marked(ctx, r.dir, "Unleak-Patch", 10)
	if err != nil || len(commits) != 2 || commits[0].Subject != "Release another\x1f one" || commits[1].Hash != tip || commits[1].Date.IsZero() {
		t.Errorf("got %s, %v", fmt.Sprintf("%+v", commits), err)
	}
}
