package github

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"unicode"

	"github.com/google/go-github/v60/github"

	"github.com/unleak-dev/unleak/vcs/forge"
)

// statusError is an answer that refuses.
type statusError struct {
	status  int
	message string
}

func (e *statusError) Error() string {
	switch e.status {
	case http.StatusUnauthorized:
		return "GitHub does not accept the token (401): it is wrong, expired or revoked; a run with a good one completes what is left"
	case http.StatusNotFound:
		return "GitHub does not know it, or the token may not see it (404)"
	}
	return fmt.Sprintf("GitHub answers %d: %s", e.status, e.message)
}

// ErrGone says that what was asked for is not there, or that nobody may see it who
// asks: a GitHub App that is not installed, or suspended.
var ErrGone = errors.New("it is gone")

func (e *statusError) Is(target error) bool {
	return target == ErrGone && e.status == http.StatusNotFound
}

// plainError turns an error of go-github into one of ours: one line, with all that
// GitHub said.
func plainError(err error) error {
	if err == nil {
		return nil
	}
	if e := (*github.ErrorResponse)(nil); errors.As(err, &e) && e.Response != nil {
		parts := []string{e.Message}
		for _, d := range e.Errors {
			switch {
			case d.Message != "":
				parts = append(parts, d.Message)
			case d.Code != "":
				parts = append(parts, strings.TrimSpace(d.Resource+" "+d.Field)+" "+strings.ReplaceAll(d.Code, "_", " "))
			}
		}
		return &statusError{e.Response.StatusCode, oneLine(strings.Join(parts, "; "))}
	}
	if e := (*github.AbuseRateLimitError)(nil); errors.As(err, &e) && e.Response != nil {
		return &statusError{e.Response.StatusCode, oneLine(e.Message)}
	}
	if e := (*github.RateLimitError)(nil); errors.As(err, &e) && e.Response != nil {
		return &statusError{e.Response.StatusCode, oneLine(e.Message)}
	}
	if e := (*url.Error)(nil); errors.As(err, &e) {
		return fmt.Errorf("GitHub cannot be reached: %w", e.Err)
	}
	return err
}

// oneLine makes a text fit to be printed in a line: others write it, and a terminal
// would obey what is in it.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsGraphic(r) {
			return r
		}
		return ' '
	}, s)
	return strings.Join(strings.Fields(s), " ")
}

// status is the status of an answer that refused, 0 if err is something else.
func status(err error) int {
	if e := (*statusError)(nil); errors.As(err, &e) {
		return e.status
	}
	return 0
}

// says reports whether an answer refused with one of these words.
func says(err error, words ...string) bool {
	e := (*statusError)(nil)
	if !errors.As(err, &e) {
		return false
	}
	for _, w := range words {
		if strings.Contains(strings.ToLower(e.message), strings.ToLower(w)) {
			return true
		}
	}
	return false
}

// unsure reports whether a request may have been done although it failed.
func unsure(err error) bool {
	if err == nil || errors.As(err, new(*LimitError)) || errors.As(err, new(*finalError)) {
		return false
	}
	s := status(err)
	return s == 0 || s >= 500
}

// advice are the refusals that people meet, by what GitHub says, and what to do.
var advice = [...]struct{ says, do string }{
	{"without `workflows` permission", "the token may not change files below .github/workflows: give it the permission for workflows"},
	{"without `workflow` scope", "the token may not change files below .github/workflows: give it the scope workflow"},
	{"not permitted to create or approve pull requests", "GitHub Actions may not make pull requests here: allow it in the repository's settings under Actions, General"},
	{"resource not accessible by", "the token may not do this: it needs to write contents and pull requests"},
	{"protected branch", "a rule of the repository protects this branch: choose another prefix, or let the token pass the rule"},
	{"repository rule violations", "a rule of the repository forbids this branch: choose another prefix, or let the token pass the rule"},
	{"pre-receive hook declined", "a hook of the repository refuses the branch"},
	{"archived", "the repository is archived and can only be read"},
	{"saml", "the organization wants single sign-on: authorize the token for it"},
	{"no commits between", "the branch has nothing that its base lacks"},
}

// explain makes what GitHub said into what to do, where it is known.
func explain(message string) string {
	message = oneLine(message)
	for _, a := range advice {
		if strings.Contains(strings.ToLower(message), a.says) {
			return fmt.Sprintf("%s (GitHub: %s)", a.do, message)
		}
	}
	return "GitHub refuses: " + message
}

// refusal turns an answer that no second try will change into a reason.
func refusal(err error) error {
	e := (*statusError)(nil)
	if errors.As(err, &e) && (e.status == http.StatusForbidden || e.status == http.StatusUnprocessableEntity || e.status == http.StatusGone) {
		return &forge.UnableError{Reason: explain(e.message)}
	}
	return err
}
