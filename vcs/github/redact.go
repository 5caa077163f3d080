package github

import (
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/unleak-dev/unleak/vcs/forge"
)

// redactor takes secrets out of what is shown. It knows every credential that was
// sent, since it stands at the very end of what sends requests, and what tokens of
// GitHub look like.
type redactor struct {
	mu      sync.Mutex
	secrets []string // longest first
}

const redacted = "[redacted]"

// shortest is the length below which a text is no secret: to take a few letters
// out everywhere would make a message unreadable and hide nothing.
const shortest = 6

// add makes a secret known, in all the ways in which it may come back.
func (r *redactor) add(secret string) {
	if len(secret) < shortest {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range []string{secret, url.QueryEscape(secret), url.PathEscape(secret),
		base64.StdEncoding.EncodeToString([]byte(secret)), base64.StdEncoding.EncodeToString([]byte("x-access-token:" + secret))} {
		if !slices.Contains(r.secrets, s) {
			r.secrets = append(r.secrets, s)
		}
	}
	slices.SortFunc(r.secrets, func(a, b string) int { return len(b) - len(a) })
}

// text returns s without secrets.
func (r *redactor) text(s string) string {
	r.mu.Lock()
	for _, secret := range r.secrets {
		s = strings.ReplaceAll(s, secret, redacted)
	}
	r.mu.Unlock()
	return withoutTokens(s)
}

// withoutTokens takes out whatever begins as GitHub's tokens do.
func withoutTokens(s string) string {
	var out strings.Builder
	for s != "" {
		at, length := -1, 0
		for _, prefix := range []string{"ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "-----BEGIN"} {
			if i := strings.Index(s, prefix); i >= 0 && (at < 0 || i < at) {
				at, length = i, len(prefix)
			}
		}
		if at < 0 {
			break
		}
		end := at + length
		for end < len(s) && (s[end] == '_' || s[end] == '.' || s[end] == '-' || '0' <= s[end] && s[end] <= '9' || 'a' <= s[end] && s[end] <= 'z' || 'A' <= s[end] && s[end] <= 'Z') {
			end++
		}
		if s[at] == '-' { // a key: nothing of what follows is worth the risk
			end = len(s)
		}
		out.WriteString(s[:at])
		if end-at >= length+shortest {
			out.WriteString(redacted)
		} else {
			out.WriteString(s[at:end])
		}
		s = s[end:]
	}
	out.WriteString(s)
	return out.String()
}

// shown is an error whose text is without secrets. It can be told apart as the one
// that it was made of, but not looked into, except for what is made of words of ours
// and has been through the redactor, too.
type shown struct {
	text  string
	cause error
	r     *redactor
}

func (e *shown) Error() string        { return e.text }
func (e *shown) GoString() string     { return e.text }
func (e *shown) Is(target error) bool { return errors.Is(e.cause, target) }

func (e *shown) As(target any) bool {
	switch to := target.(type) {
	case **forge.UnableError:
		if u, ok := errors.AsType[*forge.UnableError](e.cause); ok {
			*to = &forge.UnableError{Reason: e.r.text(u.Reason)}
			return true
		}
	case **LimitError:
		if l, ok := errors.AsType[*LimitError](e.cause); ok {
			*to = &LimitError{l.Wait, l.Most, e.r.text(l.Why)}
			return true
		}
	}
	return false
}

// err returns an error without secrets.
func (r *redactor) err(err error) error {
	if err == nil {
		return nil
	}
	return &shown{r.text(err.Error()), err, r}
}

// listener makes the credentials of every request known to a redactor.
type listener struct {
	base http.RoundTripper
	r    *redactor
}

func (l listener) RoundTrip(req *http.Request) (*http.Response, error) {
	if _, secret, ok := strings.Cut(req.Header.Get("Authorization"), " "); ok {
		l.r.add(secret)
	}
	return l.base.RoundTrip(req)
}
