package vcs

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// Only what is new is sent, whatever the remote has.
func TestPushSendsLittle(t *testing.T) {
	r, open, base, one, two := pushable(t)
	objects := func(far repo) int {
		n := 0
		for line := range strings.Lines(far.git("count-objects", "-v")) {
			var v int
			if _, err := fmt.Sscanf(line, "count: %d", &v); err == nil {
				n += v
			}
			if _, err := fmt.Sscanf(line, "in-pack: %d", &v); err == nil {
				n += v
			}
		}
		return n
	}
	far := func(t *testing.T, name string) repo {
		f := repo{t, filepath.Join(t.TempDir(), name)}
		r.git("clone", "-q", "--bare", r.dir, f.dir)
		f.git("gc", "-q", "--prune=now")
		f.git("config", "receive.unpackLimit", "1") // what was sent stays together, and is counted though it was there
		return f
	}
	t.Run("three objects", func(t *testing.T) {
		f := far(t, "far.git")
		before := objects(f)
		if err := open.Push(t.Context(), Remote{URL: f.dir}, Credentials{}, []Update{{Branch: "x", New: one}}); err != nil {
			t.Fatal(err)
		}
		if n := objects(f) - before; n != 4 { // commit, two trees, blob
			t.Errorf("%d objects were sent", n)
		}
		before = objects(f)
		if err := open.Push(t.Context(), Remote{URL: f.dir}, Credentials{}, []Update{{Branch: "y", New: two}}); err != nil {
			t.Fatal(err)
		}
		if n := objects(f) - before; n != 5 { // commit, two trees, two blobs
			t.Errorf("%d objects were sent on top", n)
		}
		f.fsck()
	})
	t.Run("the remote went on", func(t *testing.T) {
		f := far(t, "far.git")
		other := repo{t, filepath.Join(t.TempDir(), "other")}
		r.git("clone", "-q", f.dir, other.dir)
		other.write("new.ts", "x")
		other.commit("more")
		other.git("push", "-q", "origin", "main")
		r.git("config", "remote.origin.url", f.dir)
		r.git("update-ref", "refs/remotes/origin/main", string(base))
		before := objects(f)
		remote, err := r.open().Remote("origin")
		if err != nil {
			t.Fatal(err)
		}
		if err := r.open().Push(t.Context(), remote, Credentials{}, []Update{{Branch: "x", New: one}}); err != nil {
			t.Fatal(err)
		}
		if n := objects(f) - before; n != 4 {
			t.Errorf("%d objects were sent", n)
		}
		f.fsck()
	})
	t.Run("the remote is behind, as a fork", func(t *testing.T) {
		f := far(t, "fork.git")
		f.git("update-ref", "refs/heads/main", string(base)+"~3")
		f.git("reflog", "expire", "--expire=now", "--all")
		f.git("gc", "-q", "--prune=now")
		before := objects(f)
		if err := open.Push(t.Context(), Remote{URL: f.dir}, Credentials{}, []Update{{Branch: "x", New: one}}); err != nil {
			t.Fatal(err)
		}
		if n, want := objects(f)-before, 4+4+3+3; n != want {
			t.Errorf("%d objects were sent, want %d", n, want)
		}
		f.fsck()
	})
	t.Run("the remote lost what it had", func(t *testing.T) {
		f := far(t, "far.git")
		f.git("update-ref", "refs/heads/main", string(base)+"~3")
		f.git("gc", "-q", "--prune=now")
		r.git("config", "remote.lost.url", f.dir)
		r.git("update-ref", "refs/remotes/lost/main", string(base))
		open := r.open()
		remote, err := open.Remote("lost")
		if err != nil {
			t.Fatal(err)
		}
		if err := open.Push(t.Context(), remote, Credentials{}, []Update{{Branch: "x", New: one}, {Branch: "y", New: two}}); err != nil || f.at("x") != one || f.at("y") != two {
			t.Errorf("got %v", err)
		}
		f.fsck()
	})
	t.Run("from a shallow clone", func(t *testing.T) {
		f := far(t, "far.git")
		shallow := repo{t, filepath.Join(t.TempDir(), "shallow")}
		r.git("clone", "-q", "--depth=1", "file://"+f.dir, shallow.dir)
		from := shallow.open()
		h := change(t, from, base, "x", "a.ts", "shallow")
		if err := from.Push(t.Context(), Remote{URL: f.dir}, Credentials{}, []Update{{Branch: "x", New: h}}); err != nil || f.at("x") != h {
			t.Errorf("got %v", err)
		}
		f.fsck()
		behind := far(t, "behind.git")
		behind.git("update-ref", "refs/heads/main", string(base)+"~3")
		if err := from.Push(t.Context(), Remote{URL: behind.dir}, Credentials{}, []Update{{Branch: "x", New: h}}); err == nil || !strings.Contains(err.Error(), "unshallow") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a merge", func(t *testing.T) {
		f := far(t, "far.git")
		r.git("checkout", "-q", "--detach", string(one))
		r.git("merge", "-q", "--no-ff", "-m", "merged", string(two))
		merged := Hash(r.git("rev-parse", "HEAD"))
		if err := r.open().Push(t.Context(), Remote{URL: f.dir}, Credentials{}, []Update{{Branch: "x", New: merged}}); err != nil {
			t.Fatal(err)
		}
		f.fsck()
	})
}
