package vcs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"sync"

	"github.com/go-git/go-git/v5/plumbing/format/pktline"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/sideband"
	"github.com/go-git/go-git/v5/plumbing/transport"
	githttp "github.com/go-git/go-git/v5/plumbing/transport/http"
)

// session is one conversation with git receive-pack. go-git's sessions fit.
type session interface {
	AdvertisedReferencesContext(context.Context) (*packp.AdvRefs, error)
	ReceivePack(context.Context, *packp.ReferenceUpdateRequest) (*packp.ReportStatus, error)
	Close() error
}

// connect starts receive-pack on a remote.
func connect(ctx context.Context, e *transport.Endpoint, cred Credentials) (session, error) {
	switch e.Protocol {
	case "ssh":
		return dialSSH(ctx, e, cred, transport.ReceivePackServiceName)
	case "file":
		return startLocal(ctx, e.Path, transport.ReceivePackServiceName)
	}
	var auth transport.AuthMethod
	if cred.Token != "" {
		auth = &githttp.BasicAuth{Username: cred.user(), Password: cred.Token}
	}
	return githttp.NewClient(httpClient()).NewReceivePackSession(e, auth)
}

// stream is a session over two pipes. go-git's own cannot be cancelled while it
// connects, and drops what the other side says on its standard error.
type stream struct {
	in     io.WriteCloser
	out    io.Reader
	stderr *tail
	close  func() error // ends the input and waits until the other side has ended
}

// startLocal runs git on a repository on this machine, which runs its hooks, as a
// push by git does.
func startLocal(ctx context.Context, path, service string, env ...string) (*stream, error) {
	cmd := exec.CommandContext(ctx, "git", service[len("git-"):], path)
	cmd.Env = append(environment(), env...)
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	stderr := &tail{}
	cmd.Stderr = stderr
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("a local remote needs git: %w", err)
	}
	return &stream{in, out, stderr, sync.OnceValue(func() error { _ = in.Close(); return cmd.Wait() })}, nil
}

func (s *stream) AdvertisedReferencesContext(context.Context) (*packp.AdvRefs, error) {
	refs := packp.NewAdvRefs()
	err := refs.Decode(s.out)
	if errors.Is(err, packp.ErrEmptyAdvRefs) {
		return refs, nil
	}
	if err != nil {
		return nil, s.failed(err)
	}
	return refs, nil
}

func (s *stream) ReceivePack(_ context.Context, req *packp.ReferenceUpdateRequest) (*packp.ReportStatus, error) {
	sent := make(chan error, 1)
	go func() {
		// While this is under way the other side may give up and say why.
		err := req.Encode(s.in)
		sent <- errors.Join(err, s.in.Close())
	}()
	var out io.Reader = s.out
	if req.Capabilities.Supports(capability.Sideband64k) {
		d := sideband.NewDemuxer(sideband.Sideband64k, s.out)
		d.Progress = req.Progress
		out = d
	}
	report := packp.NewReportStatus()
	if err := report.Decode(out); err != nil {
		err = s.failed(err)
		_ = s.in.Close()
		if sendErr := <-sent; sendErr != nil {
			err = fmt.Errorf("%w: %w", sendErr, err)
		}
		return nil, err
	}
	<-sent // the report counts
	return report, nil
}

// failed tells what the other side said before it ended. That is waited for, in
// case it did not end: what made err is at fault then.
func (s *stream) failed(err error) error {
	_ = s.close()
	if said := s.stderr.String(); said != "" {
		return errors.New(said)
	}
	return err
}

func (s *stream) Close() error {
	_, _ = s.in.Write(pktline.FlushPkt) // a session without a push ends so; it may have ended already
	return s.close()
}

// tail keeps the end of what is written to it.
type tail struct {
	mu   sync.Mutex
	text bytes.Buffer
}

const tailSize = 8 << 10

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text.Write(p)
	if over := t.text.Len() - tailSize; over > 0 {
		t.text.Next(over)
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.String()
}

// httpClient talks https, or http on this machine, and reads no endless answers.
// Proxies are taken from the environment, authorities from the system or
// SSL_CERT_FILE. Certificates are always checked.
func httpClient() *http.Client {
	return &http.Client{Transport: careful{http.DefaultTransport}}
}

type careful struct{ next http.RoundTripper }

func (c careful) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.URL.Scheme != "https" && !isLoopback(req.URL.Hostname()) {
		return nil, errors.New("the remote leads to an address without encryption")
	}
	res, err := c.next.RoundTrip(req)
	if err == nil {
		most := int64(256 << 20) // of references, above all
		if res.StatusCode >= 300 {
			most = 64 << 10
		}
		res.Body = &limited{io.LimitReader(res.Body, most), res.Body}
	}
	return res, err
}

type limited struct {
	io.Reader
	io.Closer
}
