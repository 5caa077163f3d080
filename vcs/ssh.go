package vcs

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	osuser "os/user"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-git/go-git/v5/plumbing/transport"
	gitssh "github.com/go-git/go-git/v5/plumbing/transport/ssh"
	"github.com/kevinburke/ssh_config"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
	"golang.org/x/crypto/ssh/knownhosts"
)

// dialSSH starts a git service over ssh. Of the user's ssh configuration it takes
// HostName, Port and User. The host must be in known_hosts (SSH_KNOWN_HOSTS names
// other files than the usual ones).
func dialSSH(ctx context.Context, e *transport.Endpoint, cred Credentials, service string) (*stream, error) {
	host, config, release, err := sshConfig(e, cred, ssh_config.Get)
	if err != nil {
		return nil, err
	}
	defer release()
	conn, err := (&net.Dialer{Timeout: 30 * time.Second}).DialContext(ctx, "tcp", host)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	fail := func(err error) (*stream, error) {
		stop()
		_ = conn.Close()
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return nil, err
	}
	_ = conn.SetDeadline(time.Now().Add(time.Minute)) // for the handshake; a pipe has none
	c, channels, requests, err := ssh.NewClientConn(conn, host, config)
	if err != nil {
		return fail(sshError(err, host))
	}
	_ = conn.SetDeadline(time.Time{})
	s, err := ssh.NewClient(c, channels, requests).NewSession()
	if err != nil {
		return fail(err)
	}
	in, err := s.StdinPipe()
	if err != nil {
		return fail(err)
	}
	out, err := s.StdoutPipe()
	if err != nil {
		return fail(err)
	}
	stderr := &tail{}
	s.Stderr = stderr
	if service == transport.UploadPackServiceName {
		_ = s.Setenv("GIT_PROTOCOL", "version=2") // a server may refuse
	}
	path := e.Path
	if strings.HasPrefix(path, "/~") { // a home, as git has it
		path = path[1:]
	}
	if err := s.Start(service + " " + shellQuote(path)); err != nil {
		return fail(err)
	}
	return &stream{in, out, stderr, sync.OnceValue(func() error {
		_ = in.Close()
		err := s.Wait()
		stop()
		_ = conn.Close() // all that was to come has come
		return err
	})}, nil
}

// sshConfig says where to connect to and how, by what the user's configuration says
// of a host and a key. The agent is released once the connection is made.
func sshConfig(e *transport.Endpoint, cred Credentials, user func(host, key string) string) (host string, config *ssh.ClientConfig, release func(), err error) {
	of := func(key string) string { return user(e.Host, key) }
	for _, key := range []string{"ProxyCommand", "ProxyJump"} {
		if v := of(key); v != "" && v != "none" {
			return "", nil, nil, fmt.Errorf("ssh reaches %s by way of %s, which is not supported: push the branches with git", e.Host, key)
		}
	}
	name, port := strings.Trim(e.Host, "[]"), strconv.Itoa(e.Port)
	if h := of("HostName"); h != "" {
		name = strings.ReplaceAll(h, "%h", name)
	}
	if e.Port == 0 {
		port = of("Port") // 22 unless it says so
	}
	host = net.JoinHostPort(name, port)
	config = &ssh.ClientConfig{User: e.User}
	if config.User == "" {
		config.User = of("User")
	}
	if config.User == "" {
		who, err := osuser.Current()
		if err != nil {
			return "", nil, nil, err
		}
		config.User = who.Username
	}
	known, err := gitssh.NewKnownHostsDb()
	if err != nil {
		return "", nil, nil, fmt.Errorf("no known_hosts file tells which key %s has: connect to it with ssh once", name)
	}
	config.HostKeyCallback = known.HostKeyCallback()
	config.HostKeyAlgorithms = known.HostKeyAlgorithms(host)
	release = func() {}
	if cred.SSHKey != "" {
		private, _, err := readKey(cred.SSHKey)
		if err == nil && private == nil {
			err = fmt.Errorf("%s is not a private key without passphrase: leave it to the ssh agent", cred.SSHKey)
		}
		if err != nil {
			return "", nil, nil, err
		}
		config.Auth = []ssh.AuthMethod{ssh.PublicKeys(private)}
		return host, config, release, nil
	}
	conn, err := dialAgent()
	if err != nil {
		return "", nil, nil, fmt.Errorf("%w: name a key file, or start the agent", errors.Join(ErrAuth, err))
	}
	config.Auth = []ssh.AuthMethod{ssh.PublicKeysCallback(agent.NewClient(conn).Signers)}
	return host, config, func() { _ = conn.Close() }, nil
}

// sshError says what of the handshake failed.
func sshError(err error, host string) error {
	var key *knownhosts.KeyError
	switch {
	case errors.As(err, &key) && len(key.Want) > 0:
		return fmt.Errorf("the host key of %s is not the one in known_hosts: somebody may be in between", host)
	case errors.As(err, &key):
		return fmt.Errorf("the host key of %s is not in known_hosts: connect to it with ssh once", host)
	case strings.Contains(err.Error(), "unable to authenticate"):
		return fmt.Errorf("%w: %w", ErrAuth, err)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Errorf("%s does not answer", host)
	}
	return err
}

// shellQuote quotes as git does; the other side may be a shell or git-shell.
func shellQuote(s string) string {
	return "'" + strings.NewReplacer("'", `'\''`, "!", `'\!'`).Replace(s) + "'"
}
