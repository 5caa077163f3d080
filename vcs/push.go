package vcs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/packfile"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
	"github.com/go-git/go-git/v5/plumbing/storer"
	"github.com/go-git/go-git/v5/plumbing/transport"
)

// Push updates branches of a remote in one session and sends only the objects that
// it lacks. A branch that is at New already is left alone. What failed is a
// BranchError for each branch, joined; ErrAuth if nothing was tried. No error holds
// the token.
//
// What the remote has is known from what it advertises and, for a remote with a
// name, from its remote-tracking branches; where those are wrong, more is sent in a
// second session. On a local path the remote's hooks are run, as by git push.
func (r *Repository) Push(ctx context.Context, to Remote, cred Credentials, updates []Update) error {
	p := &push{r: r, to: to, cred: cred}
	var err error
	if p.endpoint, err = r.endpoint(to); err != nil {
		return err
	}
	commands := make([]*packp.Command, 0, len(updates))
	for _, u := range updates {
		c, err := r.asCommand(u)
		if err != nil {
			return err
		}
		commands = append(commands, c)
	}
	failed, err := p.send(ctx, commands, true)
	if err != nil {
		return err
	}
	if p.assumed && len(failed) > 0 && slices.ContainsFunc(failed, func(f failure) bool { return f.lacking }) {
		commands = commands[:0]
		var others []failure
		for _, f := range failed {
			if f.lacking {
				commands = append(commands, f.command)
			} else {
				others = append(others, f)
			}
		}
		if failed, err = p.send(ctx, commands, false); err != nil {
			return err
		}
		failed = append(others, failed...)
	}
	return p.explain(ctx, failed)
}

func (r *Repository) asCommand(u Update) (c *packp.Command, err error) {
	c = &packp.Command{Name: plumbing.ReferenceName(heads + u.Branch)}
	if err := c.Name.Validate(); err != nil || u.New == "" && u.Old == "" {
		return nil, fmt.Errorf("%q cannot be pushed: %w", u.Branch, errors.Join(err, errors.New("a branch needs a name and a commit")))
	}
	if u.New != "" {
		if c.New, err = parseHash(u.New); err != nil {
			return nil, err
		}
	}
	if u.Old != "" {
		c.Old, err = parseHash(u.Old)
	}
	return c, err
}

// push is one call of Push.
type push struct {
	r        *Repository
	to       Remote
	cred     Credentials
	endpoint *transport.Endpoint
	assumed  bool // objects were left out because of remote-tracking branches
}

// failure is a command that the remote did not carry out.
type failure struct {
	command *packp.Command
	reason  string
	lease   bool // found out here
	lacking bool // the remote lacks objects, or could not unpack
}

// send is one session.
func (p *push) send(ctx context.Context, commands []*packp.Command, assume bool) ([]failure, error) {
	s, err := connect(ctx, p.endpoint, p.cred)
	if err != nil {
		return nil, p.wrong(ctx, err)
	}
	refs, err := s.AdvertisedReferencesContext(ctx)
	if errors.Is(err, transport.ErrEmptyRemoteRepository) {
		refs, err = packp.NewAdvRefs(), nil
	}
	if err != nil {
		_ = s.Close()
		return nil, p.wrong(ctx, err)
	}
	var failed []failure
	var todo []*packp.Command
	for _, c := range commands {
		switch is := refs.References[c.Name.String()]; {
		case is == c.New:
		case is != c.Old:
			failed = append(failed, failure{command: c, lease: true})
		default:
			todo = append(todo, c)
		}
	}
	if len(todo) == 0 {
		_ = s.Close() // nothing was asked of it
		return failed, nil
	}
	req, err := p.request(refs, todo, assume)
	if err != nil {
		_ = s.Close()
		return nil, err
	}
	said := &tail{}
	req.Progress = said
	report, err := s.ReceivePack(ctx, req)
	if req.Packfile != nil {
		_ = req.Packfile.Close() // ends who writes it
	}
	if report == nil {
		_ = s.Close()
		if err == nil {
			err = errors.New("the remote did not say what became of the push")
		}
		return nil, p.wrong(ctx, fmt.Errorf("%w %s", err, said))
	}
	_ = s.Close() // it has reported
	return append(failed, readReport(report, todo, said.String())...), nil
}

// request is what is sent: the commands and a pack.
func (p *push) request(refs *packp.AdvRefs, commands []*packp.Command, assume bool) (*packp.ReferenceUpdateRequest, error) {
	if !refs.Capabilities.Supports(capability.ReportStatus) && refs.Capabilities.String() != "" {
		return nil, errors.New("the remote does not report what becomes of a push")
	}
	req := packp.NewReferenceUpdateRequest()
	req.Commands = commands
	for _, c := range []capability.Capability{capability.ReportStatus, capability.Sideband64k, capability.DeleteRefs, capability.OFSDelta} {
		if refs.Capabilities.Supports(c) || c == capability.ReportStatus {
			_ = req.Capabilities.Set(c) // of a list that holds nothing else
		}
	}
	if refs.Capabilities.Supports(capability.Agent) {
		_ = req.Capabilities.Set(capability.Agent, "unleak")
	}
	var tips []plumbing.Hash
	for _, c := range commands {
		if !c.New.IsZero() {
			tips = append(tips, c.New)
		}
	}
	if len(tips) == 0 {
		return req, nil // only deletions: no pack
	}
	known, err := p.known(refs, assume)
	if err != nil {
		return nil, err
	}
	objects, err := p.r.newObjects(tips, known)
	if err != nil {
		return nil, err
	}
	req.Packfile = p.r.pack(objects)
	return req, nil
}

// known lists the commits here that the remote has.
func (p *push) known(refs *packp.AdvRefs, assume bool) ([]plumbing.Hash, error) {
	var all []plumbing.Hash
	seen := map[plumbing.Hash]bool{}
	add := func(h plumbing.Hash) bool {
		if seen[h] || h.IsZero() || !p.r.objects.has(h) {
			return false
		}
		seen[h] = true
		c, err := p.r.peel(h.String(), h)
		if err == nil {
			all = append(all, plumbing.NewHash(string(c)))
		}
		return err == nil
	}
	for _, h := range refs.References {
		add(h)
	}
	if p.to.Name == "" || !assume {
		return all, nil
	}
	if named, err := p.r.Remote(p.to.Name); err != nil || named.URL != withoutCredentials(p.to.URL) {
		return all, nil // another one under the same name, such as a fork
	}
	tracking, err := p.r.references("refs/remotes/" + p.to.Name + "/")
	for _, h := range tracking {
		if add(h) {
			p.assumed = true
		}
	}
	return all, err
}

// pack returns a pack of objects, written as it is read. Closing it ends the writing.
func (r *Repository) pack(objects []plumbing.Hash) io.ReadCloser {
	out, in := io.Pipe()
	go func() {
		_, err := packfile.NewEncoder(in, packStore{objects: r.objects}, false).Encode(objects, 0)
		_ = in.CloseWithError(err) // the reader has it
	}()
	return out
}

// packStore is as much of a storage as writing a pack without deltas needs.
type packStore struct {
	storer.EncodedObjectStorer
	objects *objects
}

func (s packStore) EncodedObject(_ plumbing.ObjectType, h plumbing.Hash) (plumbing.EncodedObject, error) {
	kind, data, err := s.objects.read(h)
	if err != nil {
		return nil, err
	}
	o := &plumbing.MemoryObject{}
	o.SetType(kind)
	_, err = o.Write(data)
	return o, err
}

// readReport lists the commands that the remote did not carry out.
func readReport(report *packp.ReportStatus, commands []*packp.Command, said string) []failure {
	status := map[plumbing.ReferenceName]string{}
	for _, s := range report.CommandStatuses {
		status[s.ReferenceName] = s.Status
	}
	var failed []failure
	for _, c := range commands {
		reason, told := status[c.Name]
		if !told {
			reason = "nothing was said about it"
		}
		unpacked := report.UnpackStatus == "ok"
		if !unpacked {
			reason = strings.TrimSpace(report.UnpackStatus + ": " + reason)
		}
		if reason == "ok" {
			continue
		}
		failed = append(failed, failure{command: c, reason: reason + "\n" + said, lacking: !unpacked || strings.Contains(reason, "missing necessary objects")})
	}
	return failed
}

// explain turns failures into errors. Servers have many ways to say that a branch
// has moved, so they are asked where it is instead.
func (p *push) explain(ctx context.Context, failed []failure) error {
	var now map[string]plumbing.Hash // nil: not known
	if slices.ContainsFunc(failed, func(f failure) bool { return !f.lease }) {
		if refs, err := p.advertised(ctx); err == nil {
			now = refs.References
		}
	}
	var all []error
	for _, f := range failed {
		c, is := f.command, now[f.command.Name.String()]
		var err error
		switch {
		case now != nil && !f.lease && is == c.New:
			continue // somebody else did the same
		case c.Old.IsZero() && (f.lease || now != nil && is != c.Old):
			err = fmt.Errorf("it is there already: %w", ErrLease)
		case f.lease || now != nil && is != c.Old:
			err = fmt.Errorf("it is not at %s any more: %w", c.Old, ErrLease)
		default:
			err = &RefusedError{p.cred.redact(f.reason)}
		}
		all = append(all, &BranchError{strings.TrimPrefix(c.Name.String(), heads), err})
	}
	return errors.Join(all...)
}

// advertised asks once more where the branches are.
func (p *push) advertised(ctx context.Context) (*packp.AdvRefs, error) {
	s, err := connect(ctx, p.endpoint, p.cred)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	return s.AdvertisedReferencesContext(ctx)
}

// wrong turns an error of the transport into one of ours. Only its text is kept,
// which may hold what the server made of our request.
func (p *push) wrong(ctx context.Context, err error) error { return wrong(ctx, err, p.to, p.cred) }

func wrong(ctx context.Context, err error, remote Remote, cred Credentials) error {
	where := withoutCredentials(remote.URL)
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w", where, ctx.Err())
	}
	text := cred.redact(err.Error())
	for _, known := range []struct{ is, as error }{
		{transport.ErrAuthenticationRequired, ErrAuth}, {transport.ErrAuthorizationFailed, ErrAuth}, {ErrAuth, ErrAuth},
		{transport.ErrRepositoryNotFound, ErrNotFound},
	} {
		if errors.Is(err, known.is) {
			return fmt.Errorf("%s: %w: %s", where, known.as, text)
		}
	}
	return fmt.Errorf("%s: %s", where, text)
}
