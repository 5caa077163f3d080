package githubtest

import (
	"net/http"
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
