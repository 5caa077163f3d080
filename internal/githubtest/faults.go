package githubtest

import (
	"net/http"

	"github.com/go-git/go-git/v5/plumbing"
)

// Fault makes a request go wrong.
type Fault struct {
	Operation string            // as POST /repos/{owner}/{repo}/pulls, POST /graphql, or GIT /git-receive-pack
	Skip      int               // so many go right before
	Times     int               // so many go wrong; 0 is one
	Status    int               // what is answered; 0: only Do, and then what there is to answer
	Header    map[string]string // of that answer
	Bare      bool              // without the headers that tell of limits
	Message   string            // "" is one that fits the status
	Done      bool              // what was asked for is done before
	Cut       bool              // the connection ends without an answer
	Do        func()            // called when the request has come, or, with Done, when it is done; it must not call the server
}

// Fail makes a fault happen.
func (s *Server) Fail(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.Times == 0 {
		f.Times = 1
	}
	s.faults = append(s.faults, &f)
}

// Failed reports whether every fault has happened.
func (s *Server) Failed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.faults {
		if f.Times > 0 {
			return false
		}
	}
	return true
}

// due is the fault that a request meets, nil if it goes right.
func (s *Server) due(operation string) *Fault {
	for _, f := range s.faults {
		if f.Operation != operation || f.Times == 0 {
			continue
		}
		if f.Skip > 0 {
			f.Skip--
			continue
		}
		f.Times--
		return f
	}
	return nil
}

func (f *Fault) set(h http.Header) {
	for name, value := range f.Header {
		h.Set(name, value)
	}
	if f.Bare {
		h["Bare"] = nil
	}
}

func (f *Fault) message() string {
	switch {
	case f.Message != "":
		return f.Message
	case f.Status == http.StatusUnauthorized:
		return "Bad credentials"
	case f.Status == http.StatusForbidden, f.Status == http.StatusTooManyRequests:
		return "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
	}
	return http.StatusText(f.Status)
}

// Recover takes back what Fail ordered and has not happened.
func (s *Server) Recover() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// Kill calls kill at the nth write from now: odd ones are counted before they are
// done, and even ones after. The connection ends then, and with it whoever wrote,
// if kill sees to that. The returned function reports whether it came to that, and
// takes it back if not.
func (s *Server) Kill(n int, kill func()) (happened func() bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := &killer{nth: (n + 1) / 2, done: n%2 == 0, kill: kill}
	s.killer = k
	return func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.killer = nil
		return k.happened
	}
}

type killer struct {
	nth      int
	done     bool
	kill     func()
	happened bool
}

// strike reports whether a write is the one: before it is done, or after.
func (s *Server) strike(done bool) bool {
	k := s.killer
	if k == nil || k.happened {
		return false
	}
	if !done {
		k.nth--
	}
	if k.nth != 0 || k.done != done {
		return false
	}
	k.happened = true
	k.kill()
	return true
}

// RevokeAt ends a token when the nth request from now comes. The returned function
// reports whether it came to that, and takes it back if not.
func (s *Server) RevokeAt(n int, token string) (happened func() bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.revokeAt, s.revoke = n, token
	return func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.revokeAt = 0
		return s.tokens[token] == nil
	}
}

// count counts a request, for RevokeAt.
func (s *Server) count() {
	if s.revokeAt > 0 {
		if s.revokeAt--; s.revokeAt == 0 {
			delete(s.tokens, s.revoke)
		}
	}
}

// Wipe takes all pull requests, and every branch but the default one, out of a
// repository.
func (s *Server) Wipe(r *Repo) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r.pulls, r.number = nil, 0
	store := r.store()
	refs, err := store.IterReferences()
	if err != nil {
		s.t.Fatal(err)
	}
	err = refs.ForEach(func(ref *plumbing.Reference) error {
		if ref.Type() != plumbing.HashReference || ref.Name() == plumbing.NewBranchReferenceName(r.Default) {
			return nil
		}
		return store.RemoveReference(ref.Name())
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

// Plenty makes the rate limit of requests so large that nobody reaches it.
func (s *Server) Plenty() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.left = 1 << 30
}
