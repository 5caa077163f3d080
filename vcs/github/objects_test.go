package github

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/unleak-dev/unleak/vcs"
	"github.com/unleak-dev/unleak/vcs/forge"
)

// newSigner signs with a key of its own.
func newSigner(t *testing.T) vcs.Signer {
	t.Helper()
	key := filepath.Join(t.TempDir(), "key")
	if out, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key).CombinedOutput(); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("ssh-keygen: %v: %s", err, out)
		}
		t.Skipf("ssh-keygen: %v: %s", err, out)
	}
	signer, err := vcs.SSHSigner(key)
	if err != nil {
		t.Fatal(err)
	}
	return signer
}

// TestChain: several commits on a branch, with signatures: through the API they come
// out as they are here.
func TestChain(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		signer := newSigner(t)
		at := w.clock.Now().In(time.FixedZone("", 2*3600+1800))
		who := vcs.Person{Name: "Änn", Email: "ann@example.invalid", When: at}
		var err error
		tip := w.main()
		for _, text := range []string{"one\n", "two\n", "three\n"} {
			if tip, err = w.local.Commit(vcs.Commit{Parent: tip, Message: "Say " + text + "\nBecause.\n", Author: who, Committer: who, Signer: signer,
				Changes: []vcs.Change{{Path: "a.js", Data: []byte(text)}, {Path: "lib/run", Data: []byte("#!/bin/sh\n" + text)}}}); err != nil {
				t.Fatal(err)
			}
		}
		p := w.proposal("critical", map[string]string{"a.js": "three\n"})
		p.Commit = tip
		out := w.propose(p, forge.Create)
		if v := w.pull(out.Number); v.Head != string(tip) {
			t.Errorf("the branch is at %s and not at %s", v.Head, tip)
		}
	})
}

// TestOtherHashes: GitHub makes commits in its own way, with other hashes.
func TestOtherHashes(t *testing.T) {
	w := newWorld(t)
	w.via, w.server.UTC = ViaAPI, true
	w.clock.now = w.clock.now.In(time.FixedZone("", 3600))
	p := w.proposal("critical", map[string]string{"a.js": "a2\n"})
	if out := w.propose(p, forge.Create); out.Commit == p.Commit || out.Commit != w.head(p.Branch) {
		t.Errorf("%+v", out)
	}
	w.server.Forget()
	w.propose(p, forge.NoOp)
	w.writes(0)
	p, c := w.stack("a3\n", "a4\n")
	_, second := w.proposeBoth(p, c, forge.Update, forge.Create)
	if shown := w.changes(second.Number); strings.Contains(shown, "+a3") {
		t.Errorf("the child shows\n%s", shown)
	}
	w.server.Forget()
	w.proposeBoth(p, c, forge.NoOp, forge.NoOp)
	w.writes(0)
	w.propose(w.proposal("critical", nil), forge.Close)

	signer := newSigner(t)
	var err error
	signed := w.proposal("medium", map[string]string{"b.js": "b2\n"})
	who := vcs.Person{Name: "Ann", Email: "ann@example.invalid", When: w.clock.Now()}
	if signed.Commit, err = w.local.Commit(vcs.Commit{Parent: w.main(), Message: "Sign\n", Author: who, Committer: who, Signer: signer, Changes: []vcs.Change{{Path: "b.js", Data: []byte("b2\n")}}}); err != nil {
		t.Fatal(err)
	}
	if out := w.propose(signed, forge.Refuse); !strings.Contains(out.Reason, "--via push") {
		t.Errorf("%+v", out)
	}
}

// TestEmptyFile: through the API, an empty text is a text.
func TestEmptyFile(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		p := w.proposal("critical", map[string]string{"a.js": ""})
		w.propose(p, forge.Create)
	})
}
