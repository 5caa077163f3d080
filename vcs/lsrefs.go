package vcs

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/pktline"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/transport"
)

// RemoteBranches returns the branches of a remote whose names begin with prefix. By
// the second version of git's protocol, which go-git does not speak, a server names
// only those, and not a hundred thousand pull requests.
func (r *Repository) RemoteBranches(ctx context.Context, from Remote, cred Credentials, prefix string) (map[string]Hash, error) {
	e, err := r.endpoint(from)
	if err != nil {
		return nil, err
	}
	var refs map[string]plumbing.Hash
	if e.Protocol == "http" || e.Protocol == "https" {
		refs, err = listHTTP(ctx, e, cred, heads+prefix)
	} else {
		refs, err = listStream(ctx, e, cred, heads+prefix)
	}
	if err != nil {
		return nil, wrong(ctx, err, from, cred)
	}
	all := map[string]Hash{}
	for name, h := range refs {
		if name, found := strings.CutPrefix(name, heads); found && strings.HasPrefix(name, prefix) {
			all[name] = asHash(h)
		}
	}
	return all, nil
}

// listStream asks over ssh or on this machine.
func listStream(ctx context.Context, e *transport.Endpoint, cred Credentials, prefix string) (map[string]plumbing.Hash, error) {
	var s *stream
	var err error
	if e.Protocol == "ssh" {
		s, err = dialSSH(ctx, e, cred, transport.UploadPackServiceName)
	} else {
		s, err = startLocal(ctx, e.Path, transport.UploadPackServiceName, "GIT_PROTOCOL=version=2")
	}
	if err != nil {
		return nil, err
	}
	defer s.Close()
	out := bufio.NewReader(s.out)
	refs, second, err := greeting(out)
	if err == nil && second {
		if _, err = s.in.Write(lsRefs(prefix)); err == nil {
			refs, err = readRefs(out)
		}
	}
	if err != nil {
		return nil, s.failed(err)
	}
	return refs, nil
}

// listHTTP asks over http.
func listHTTP(ctx context.Context, e *transport.Endpoint, cred Credentials, prefix string) (map[string]plumbing.Hash, error) {
	client := httpClient()
	client.CheckRedirect = func(req *http.Request, via []*http.Request) error {
		if req.URL.Host != via[0].URL.Host || len(via) > 5 {
			return errors.New("the remote leads to another one")
		}
		return nil
	}
	ask := func(method, address string, body []byte) (*http.Response, error) {
		req, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
		if err != nil {
			return nil, errors.New("the URL of the remote cannot be read")
		}
		req.Header.Set("Git-Protocol", "version=2")
		req.Header.Set("User-Agent", "git/unleak")
		if body != nil {
			req.Header.Set("Content-Type", "application/x-git-upload-pack-request")
			req.Header.Set("Accept", "application/x-git-upload-pack-result")
		}
		if cred.Token != "" {
			req.SetBasicAuth(cred.user(), cred.Token)
		}
		res, err := client.Do(req)
		if err != nil {
			return nil, err
		}
		if err := httpStatus(res); err != nil {
			return nil, err
		}
		return res, nil
	}
	const first = "/info/refs"
	res, err := ask(http.MethodGet, e.String()+first+"?service="+transport.UploadPackServiceName, nil)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	refs, second, err := greeting(bufio.NewReader(res.Body))
	if !second || err != nil {
		return refs, err
	}
	to := *res.Request.URL // another one than asked for where a repository was renamed
	to.Path, to.RawQuery = strings.TrimSuffix(to.Path, first)+"/"+transport.UploadPackServiceName, ""
	res, err = ask(http.MethodPost, to.String(), lsRefs(prefix))
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	return readRefs(res.Body)
}

// httpStatus turns a refusal into the errors that go-git's transport has for it.
func httpStatus(res *http.Response) error {
	if res.StatusCode == http.StatusOK {
		return nil
	}
	said, _ := io.ReadAll(res.Body) // what there is of it
	_ = res.Body.Close()
	switch res.StatusCode {
	case http.StatusUnauthorized:
		return fmt.Errorf("%w: %s", transport.ErrAuthenticationRequired, said)
	case http.StatusForbidden:
		return fmt.Errorf("%w: %s", transport.ErrAuthorizationFailed, said)
	case http.StatusNotFound:
		return fmt.Errorf("%w: %s", transport.ErrRepositoryNotFound, said)
	}
	return fmt.Errorf("%s: %s", res.Status, said)
}

// greeting reads what a server says first: that it speaks the second version, or,
// if it does not, all its references.
func greeting(in *bufio.Reader) (refs map[string]plumbing.Hash, second bool, err error) {
	line, err := peekLine(in)
	if err == nil && strings.HasPrefix(line, "# service=") { // over http
		_, _ = in.Discard(lineHead + len(line)) // was peeked at
		if line, err = peekLine(in); err == nil && line == "" {
			_, _ = in.Discard(lineHead)
			line, err = peekLine(in)
		}
	}
	if err != nil {
		return nil, false, err
	}
	if strings.TrimSuffix(line, "\n") != "version 2" {
		all := packp.NewAdvRefs()
		if err := all.Decode(in); err != nil && !errors.Is(err, packp.ErrEmptyAdvRefs) {
			return nil, false, err
		}
		return all.References, false, nil
	}
	lines := pktline.NewScanner(in)
	for lines.Scan() {
		if len(lines.Bytes()) == 0 { // after what the server is able to
			return nil, true, nil
		}
	}
	return nil, true, errors.Join(lines.Err(), io.ErrUnexpectedEOF)
}

// lineHead is the size of the length before a line.
const lineHead = 4

// peekLine returns the next line and leaves it to be read; "" is a flush.
func peekLine(in *bufio.Reader) (string, error) {
	head, err := in.Peek(lineHead)
	if err != nil {
		return "", err
	}
	n, err := strconv.ParseUint(string(head), 16, 16)
	if err != nil {
		return "", errors.New("the remote does not speak the protocol of git")
	}
	if n < lineHead {
		return "", nil
	}
	line, err := in.Peek(min(int(n), in.Size()))
	if err != nil {
		return "", err
	}
	return string(line[lineHead:]), nil
}

// lsRefs is the command that names references with a prefix.
func lsRefs(prefix string) []byte {
	var out bytes.Buffer
	e := pktline.NewEncoder(&out)
	_ = e.EncodeString("command=ls-refs\n") // into memory
	out.WriteString("0001")
	_ = e.EncodeString("ref-prefix " + prefix + "\n")
	_ = e.Flush()
	return out.Bytes()
}

// readRefs reads lines of a hash and a name, up to a flush.
func readRefs(in io.Reader) (map[string]plumbing.Hash, error) {
	refs := map[string]plumbing.Hash{}
	lines := pktline.NewScanner(in)
	for lines.Scan() {
		line := string(bytes.TrimSuffix(lines.Bytes(), []byte("\n")))
		if line == "" {
			return refs, nil
		}
		h, name, found := strings.Cut(line, " ")
		if !found || !plumbing.IsHash(h) {
			return nil, fmt.Errorf("the remote said %q where a reference was expected", line)
		}
		name, _, _ = strings.Cut(name, " ") // attributes
		refs[name] = plumbing.NewHash(h)
	}
	return nil, errors.Join(lines.Err(), io.ErrUnexpectedEOF)
}
