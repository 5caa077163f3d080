package vcs

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kevinburke/ssh_config"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

// newSSHServer is a server that lets one key run git in a folder. It returns its
// address and the line for known_hosts.
func newSSHServer(t *testing.T, keyFile string) (address, known string) {
	t.Helper()
	data, err := os.ReadFile(keyFile + ".pub")
	if err != nil {
		t.Fatal(err)
	}
	allowed, _, _, _, err := ssh.ParseAuthorizedKey(data)
	if err != nil {
		t.Fatal(err)
	}
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	host, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	config := &ssh.ServerConfig{PublicKeyCallback: func(c ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
		if c.User() != "git" || !bytes.Equal(key.Marshal(), allowed.Marshal()) {
			return nil, fmt.Errorf("no key of %s", c.User())
		}
		return nil, nil
	}}
	config.AddHostKey(host)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go serveSSH(conn, config)
		}
	}()
	return l.Addr().String(), knownhosts.Line([]string{l.Addr().String()}, host.PublicKey())
}

func serveSSH(conn net.Conn, config *ssh.ServerConfig) {
	defer conn.Close()
	_, channels, requests, err := ssh.NewServerConn(conn, config)
	if err != nil {
		return
	}
	go ssh.DiscardRequests(requests)
	for c := range channels {
		channel, requests, err := c.Accept()
		if err != nil {
			return
		}
		env := []string{}
		for r := range requests {
			switch r.Type {
			case "env":
				var kv struct{ Name, Value string }
				_ = ssh.Unmarshal(r.Payload, &kv)
				env = append(env, kv.Name+"="+kv.Value)
				_ = r.Reply(true, nil)
			case "exec":
				var run struct{ Command string }
				_ = ssh.Unmarshal(r.Payload, &run)
				_ = r.Reply(true, nil)
				go func() {
					status := runGit(run.Command, env, channel)
					_, _ = channel.SendRequest("exit-status", false, ssh.Marshal(struct{ Status uint32 }{status}))
					_ = channel.Close()
				}()
			default:
				_ = r.Reply(false, nil)
			}
		}
	}
}

// runGit does what git-shell does.
func runGit(command string, env []string, channel ssh.Channel) uint32 {
	if !strings.HasPrefix(command, "git-receive-pack '") && !strings.HasPrefix(command, "git-upload-pack '") {
		fmt.Fprintf(channel.Stderr(), "ERROR: %q is not allowed\n", command)
		return 1
	}
	cmd := exec.Command("sh", "-c", "git "+strings.TrimPrefix(command, "git-"))
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdout, cmd.Stderr = channel, channel.Stderr()
	in, err := cmd.StdinPipe()
	if err != nil {
		return 1
	}
	go func() {
		_, _ = io.Copy(in, channel)
		_ = in.Close()
	}()
	if err := cmd.Run(); err != nil {
		return 128
	}
	return 0
}

func TestPushSSH(t *testing.T) {
	r, open, base, one, two := pushable(t)
	key := newKey(t, "-t", "ed25519", "-N", "")
	address, known := newSSHServer(t, key)
	knownFile := filepath.Join(t.TempDir(), "known_hosts")
	writeFile(t, knownFile, known+"\n")
	t.Setenv("SSH_KNOWN_HOSTS", knownFile)
	clone := func(name string) (repo, Remote) {
		far := repo{t, filepath.Join(t.TempDir(), name)}
		r.git("clone", "-q", "--bare", r.dir, far.dir)
		return far, Remote{URL: "ssh://git@" + address + far.dir}
	}
	t.Run("with a key", func(t *testing.T) {
		far, to := clone("it's far!.git")
		testPush(t, open, far, to, Credentials{SSHKey: key}, base, one, two)
	})
	t.Run("with the agent", func(t *testing.T) {
		newAgent(t, newKey(t, "-t", "ed25519", "-N", ""), key)
		far, to := clone("far.git")
		testPush(t, open, far, to, Credentials{}, base, one, two)
	})
	update := []Update{{Branch: "x", New: one}}
	_, to := clone("far.git")
	fails := func(name string, to Remote, cred Credentials, is error, want string) {
		t.Helper()
		err := open.Push(t.Context(), to, cred, update)
		if err == nil || is != nil && !errors.Is(err, is) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
	fails("no agent", to, Credentials{}, ErrAuth, "agent")
	fails("another key", to, Credentials{SSHKey: newKey(t, "-t", "ed25519", "-N", "")}, ErrAuth, "unable to authenticate")
	fails("another user", Remote{URL: strings.Replace(to.URL, "git@", "me@", 1)}, Credentials{SSHKey: key}, ErrAuth, "unable to authenticate")
	fails("a locked key", to, Credentials{SSHKey: newKey(t, "-t", "ed25519", "-N", "secret")}, nil, "passphrase")
	fails("no key", to, Credentials{SSHKey: key + ".none"}, nil, "no such file")
	fails("no repository", Remote{URL: to.URL + ".none"}, Credentials{SSHKey: key}, nil, "does not appear to be a git repository")
	_, otherKnown := newSSHServer(t, key)
	for name, lines := range map[string]string{"is not the one": "[127.0.0.1]:" + address[strings.LastIndex(address, ":")+1:] + otherKnown[strings.Index(otherKnown, " "):] + "\n", "is not in known_hosts": otherKnown + "\n"} {
		writeFile(t, knownFile, lines)
		fails(name, to, Credentials{SSHKey: key}, nil, name)
	}
	t.Setenv("SSH_KNOWN_HOSTS", filepath.Join(t.TempDir(), "none"))
	fails("no known_hosts", to, Credentials{SSHKey: key}, nil, "known_hosts")

	silent, err := net.Listen("tcp", "127.0.0.1:0") // accepts and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	writeFile(t, knownFile, known+"\n")
	t.Setenv("SSH_KNOWN_HOSTS", knownFile)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	start := time.Now()
	if err := open.Push(ctx, Remote{URL: "ssh://git@" + silent.Addr().String() + "/x"}, Credentials{SSHKey: key}, update); err == nil || time.Since(start) > 5*time.Second {
		t.Errorf("a silent server: %v after %v", err, time.Since(start))
	}
}

// TestPushOpenSSH pushes to the real server, as far as it is installed.
func TestPushOpenSSH(t *testing.T) {
	sshd, err := exec.LookPath("sshd")
	if err != nil {
		if sshd, err = exec.LookPath("/usr/sbin/sshd"); err != nil {
			t.Skip("sshd is not installed; TestPushSSH has a server of its own")
		}
	}
	who, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	r, open, base, one, two := pushable(t)
	key, host := newKey(t, "-t", "ed25519", "-N", ""), newKey(t, "-t", "ed25519", "-N", "")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(sshd, "-D", "-e", "-f", os.DevNull, "-p", port, "-h", host, "-o", "ListenAddress=127.0.0.1", "-o", "AuthorizedKeysFile="+key+".pub",
		"-o", "StrictModes=no", "-o", "UsePAM=no", "-o", "PidFile=none", "-o", "AcceptEnv=GIT_PROTOCOL")
	said := &tail{}
	cmd.Stderr = said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}()
	for start := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		conn, err := net.Dial("tcp", "127.0.0.1:"+port)
		if err == nil {
			_ = conn.Close()
			break
		}
		if time.Since(start) > 10*time.Second {
			t.Skipf("sshd does not start, TestPushSSH has a server of its own: %s", said)
		}
	}
	public, err := os.ReadFile(host + ".pub")
	if err != nil {
		t.Fatal(err)
	}
	known := filepath.Join(t.TempDir(), "known_hosts")
	writeFile(t, known, "[127.0.0.1]:"+port+" "+string(public))
	t.Setenv("SSH_KNOWN_HOSTS", known)
	far := repo{t, filepath.Join(t.TempDir(), "far.git")}
	r.git("clone", "-q", "--bare", r.dir, far.dir)
	testPush(t, open, far, Remote{URL: "ssh://" + who.Username + "@127.0.0.1:" + port + far.dir}, Credentials{SSHKey: key}, base, one, two)
	if t.Failed() {
		t.Logf("sshd says %s", said)
	}
}

func TestSSHConfig(t *testing.T) {
	known := filepath.Join(t.TempDir(), "known_hosts")
	writeFile(t, known, "")
	cleanEnv(t)
	t.Setenv("SSH_KNOWN_HOSTS", known)
	key := newKey(t, "-t", "ed25519", "-N", "")
	config, err := ssh_config.DecodeBytes([]byte("Host work\n\tHostName git.%h.example.com\n\tPort 2222\n\tUser me\nHost jump\n\tProxyJump bastion\nHost command\n\tProxyCommand nc %h %p\n"))
	if err != nil {
		t.Fatal(err)
	}
	of := func(host, key string) string {
		v, _ := config.Get(host, key)
		if v == "" {
			v = ssh_config.Default(key)
		}
		return v
	}
	for url, want := range map[string]string{
		"git@work:a/b": "git@git.work.example.com:2222", "work:a/b": "me@git.work.example.com:2222", "ssh://work:22/a": "me@git.work.example.com:22",
		"git@example.com:a": "git@example.com:22", "ssh://git@[::1]:2022/a": "git@[::1]:2022",
	} {
		e, err := (&Repository{}).endpoint(Remote{URL: url})
		if err != nil {
			t.Errorf("%s: %v", url, err)
			continue
		}
		host, c, _, err := sshConfig(e, Credentials{SSHKey: key}, of)
		if err != nil || c.User+"@"+host != want {
			t.Errorf("%s: %s, %+v, %v, want %s", url, host, c, err, want)
		}
	}
	for _, url := range []string{"git@jump:a", "git@command:a"} {
		e, err := (&Repository{}).endpoint(Remote{URL: url})
		if err != nil {
			t.Fatal(err)
		}
		if _, _, _, err := sshConfig(e, Credentials{SSHKey: key}, of); err == nil || !strings.Contains(err.Error(), "is not supported") {
			t.Errorf("%s: %v", url, err)
		}
	}
}
