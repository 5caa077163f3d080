package vcs

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// newKey makes a key with ssh-keygen and returns its file.
func newKey(t testing.TB, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath("ssh-keygen"); err != nil {
		t.Skip("ssh-keygen is not installed")
	}
	file := filepath.Join(t.TempDir(), "key")
	if out, err := exec.Command("ssh-keygen", append([]string{"-q", "-C", "some@example.com", "-f", file}, args...)...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return file
}

// newAgent starts an agent that holds keys.
func newAgent(t testing.TB, keys ...string) {
	t.Helper()
	for _, name := range []string{"ssh-agent", "ssh-add"} {
		if _, err := exec.LookPath(name); err != nil {
			t.Skipf("%s is not installed", name)
		}
	}
	socket := filepath.Join(t.TempDir(), "agent")
	cmd := exec.Command("ssh-agent", "-D", "-a", socket)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	t.Setenv("SSH_AUTH_SOCK", socket)
	for start := time.Now(); ; time.Sleep(5 * time.Millisecond) {
		if conn, err := net.Dial("unix", socket); err == nil { // the file is there before the agent listens
			_ = conn.Close()
			break
		}
		if time.Since(start) > 10*time.Second {
			t.Fatal("the agent does not start")
		}
	}
	for _, key := range keys {
		if out, err := exec.Command("ssh-add", "-q", key).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
}

// verify has git check the signature of a commit.
func (r repo) verify(commit Hash, keyFile string) (string, error) {
	r.t.Helper()
	public, err := os.ReadFile(keyFile + ".pub")
	if err != nil {
		r.t.Fatal(err)
	}
	allowed := filepath.Join(r.t.TempDir(), "allowed")
	writeFile(r.t, allowed, "some@example.com namespaces=\"git\" "+string(public))
	return r.try("-c", "gpg.ssh.allowedSignersFile="+allowed, "verify-commit", string(commit))
}

func TestSSHSigner(t *testing.T) {
	r := newRepo(t)
	r.write("a.ts", "a")
	base := r.commit("first")
	open := r.open()
	sign := func(keyFile string) (Hash, error) {
		signer, err := SSHSigner(keyFile)
		if err != nil {
			return "", err
		}
		c := commitOf(base, "signed\n\nwith a body", "a.ts", "b")
		c.Signer = signer
		return open.Commit(c)
	}
	other := newKey(t, "-t", "ed25519", "-N", "")
	for name, args := range map[string][]string{
		"ed25519": {"-t", "ed25519", "-N", ""}, "rsa": {"-t", "rsa", "-b", "2048", "-N", ""}, "rsa in PEM": {"-t", "rsa", "-b", "2048", "-m", "PEM", "-N", ""}, "ecdsa": {"-t", "ecdsa", "-N", ""},
	} {
		key := newKey(t, args...)
		h, err := sign(key)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if out, err := r.verify(h, key); err != nil || !strings.Contains(out, "Good \"git\" signature") {
			t.Errorf("%s: %v: %s\n%s", name, err, out, r.git("cat-file", "-p", string(h)))
		}
		if out, err := r.verify(h, other); err == nil {
			t.Errorf("%s: another key verifies it: %s", name, out)
		}
		if info, err := open.Info(h); err != nil || !info.Signed || info.Message != "signed\n\nwith a body\n" {
			t.Errorf("%s: %+v, %v", name, info, err)
		}
	}
	r.fsck()
	t.Run("what ssh-keygen makes of it", func(t *testing.T) {
		// Ed25519 is deterministic, so git's own signature of the same is the same.
		key := newKey(t, "-t", "ed25519", "-N", "")
		h, err := sign(key)
		if err != nil {
			t.Fatal(err)
		}
		tree := r.git("rev-parse", string(h)+"^{tree}")
		want := r.gitIn("signed\n\nwith a body\n", "-c", "gpg.format=ssh", "-c", "user.signingkey="+key, "commit-tree", "-S", "-p", string(base), tree)
		if string(h) != want {
			t.Errorf("the commit is\n%s\ngit makes\n%s", r.git("cat-file", "-p", string(h)), r.git("cat-file", "-p", want))
		}
	})
	t.Run("with a passphrase", func(t *testing.T) {
		for _, args := range [][]string{{"-t", "ed25519"}, {"-t", "rsa", "-b", "2048", "-m", "PEM"}} {
			key := newKey(t, append(args, "-N", "secret")...)
			if h, err := sign(key); err == nil || strings.Contains(err.Error(), "secret") || !strings.Contains(err.Error(), "agent") {
				t.Errorf("%q: signed %s, %v", args, h, err)
			}
		}
	})
	t.Run("by the agent", func(t *testing.T) {
		for _, args := range [][]string{{"-t", "ed25519"}, {"-t", "rsa", "-b", "2048"}} {
			key := newKey(t, append(args, "-N", "")...)
			newAgent(t, other, key)
			h, err := sign(key + ".pub")
			if err != nil {
				t.Errorf("%q: %v", args, err)
				continue
			}
			if out, err := r.verify(h, key); err != nil {
				t.Errorf("%q: %v: %s", args, err, out)
			}
			if _, err := sign(newKey(t, "-t", "ed25519", "-N", "") + ".pub"); err == nil || !strings.Contains(err.Error(), "ssh-add") {
				t.Errorf("a key that the agent lacks: %v", err)
			}
			locked := newKey(t, append(args, "-N", "secret")...)
			if _, err := sign(locked); err == nil || !strings.Contains(err.Error(), "ssh-add") {
				t.Errorf("a locked key that the agent lacks: %v", err)
			}
		}
	})
	t.Run("no key", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "file")
		writeFile(t, file, "hunter2 is not a key")
		if _, err := SSHSigner(file); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("got %v", err)
		}
		if _, err := SSHSigner(file + ".none"); err == nil {
			t.Error("there is no such file")
		}
	})
}
