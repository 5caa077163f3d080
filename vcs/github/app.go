package github

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"

	"github.com/bradleyfalzon/ghinstallation/v2"
	"github.com/google/go-github/v60/github"

	"github.com/unleak-dev/unleak/vcs"
)

// App is a GitHub App that pull requests are made as.
type App struct {
	ID           int64
	KeyFile      string // its private key, in PEM
	Installation int64  // 0: the one that has the repository
}

// appTokens makes tokens of an App for one repository. They live for an hour and
// are made anew before that.
type appTokens struct {
	app       *ghinstallation.AppsTransport
	transport *ghinstallation.Transport // nil until the installation is known
	where     Location
}

// newAppTokens reads the key. Requests go through base, which must not add a token
// of its own.
func newAppTokens(a App, where Location, base http.RoundTripper) (*appTokens, error) {
	key, err := os.ReadFile(a.KeyFile)
	if err != nil {
		return nil, fmt.Errorf("the key of the GitHub App cannot be read: %w", err)
	}
	app, err := ghinstallation.NewAppsTransport(base, a.ID, key)
	if err != nil {
		return nil, fmt.Errorf("%s is not the private key of a GitHub App: a PEM file is needed", a.KeyFile)
	}
	app.BaseURL = strings.TrimSuffix(where.api().String(), "/")
	t := &appTokens{app: app, where: where}
	if a.Installation != 0 {
		t.install(a.Installation)
	}
	return t, nil
}

func (t *appTokens) install(id int64) {
	t.transport = ghinstallation.NewFromAppsTransport(t.app, id)
	t.transport.InstallationTokenOptions = &github.InstallationTokenOptions{Repositories: []string{t.where.Name}}
}

// client speaks as the App itself and not as its installation.
func (t *appTokens) client() *github.Client {
	c := github.NewClient(&http.Client{Transport: t.app})
	c.BaseURL = t.where.api()
	return c
}

func (t *appTokens) Token(ctx context.Context) (string, error) {
	if t.transport == nil {
		in, _, err := t.client().Apps.FindRepositoryInstallation(ctx, t.where.Owner, t.where.Name)
		if err != nil {
			return "", fmt.Errorf("the GitHub App is not installed on %s: %w", t.where, plainError(err))
		}
		t.install(in.GetID())
	}
	token, err := t.transport.Token(ctx)
	if err != nil {
		if e := (*ghinstallation.HTTPError)(nil); errors.As(err, &e) && e.Response != nil {
			defer e.Response.Body.Close()
			return "", &noTokenError{fmt.Errorf("the GitHub App gets no token for %s: %w", t.where, plainError(github.CheckResponse(e.Response)))}
		}
		return "", fmt.Errorf("the GitHub App gets no token for %s: %w", t.where, err)
	}
	return token, nil
}

// noTokenError says that GitHub gives an App no token for a repository.
type noTokenError struct{ error }

func (e *noTokenError) Unwrap() error { return e.error }

func (e *noTokenError) Is(target error) bool {
	s := status(e.error)
	return target == ErrGone && (s == http.StatusForbidden || s == http.StatusUnprocessableEntity)
}

// identity is who the App is as the author of commits.
func (t *appTokens) identity(ctx context.Context, as *github.Client) (vcs.Person, error) {
	app, _, err := t.client().Apps.Get(ctx, "")
	if err != nil {
		return vcs.Person{}, fmt.Errorf("asking who the GitHub App is: %w", plainError(err))
	}
	login := app.GetSlug() + "[bot]"
	user, _, err := as.Users.Get(ctx, login)
	if err != nil {
		return vcs.Person{}, fmt.Errorf("asking who %s is: %w", login, plainError(err))
	}
	host := t.where.Host
	return vcs.Person{Name: login, Email: fmt.Sprintf("%d+%s@users.noreply.%s", user.GetID(), login, host)}, nil
}
