package github

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/bradleyfalzon/ghinstallation/v2"
	"github.com/google/go-github/v60/github"
)

// Installed calls each for every repository that a GitHub App is installed on, with
// the installation. Repositories that are archived or disabled, and installations
// that are suspended, are left out. An installation that cannot be read does not keep
// the others out: the errors come at the end.
func Installed(ctx context.Context, server string, a App, each func(l Location, installation int64) error) error {
	where, err := Locate(strings.TrimSuffix(server, "/") + "/any/any")
	if err != nil {
		return err
	}
	redactor := &redactor{}
	base := http.DefaultTransport.(*http.Transport).Clone()
	base.ResponseHeaderTimeout = time.Minute
	app, err := newAppTokens(a, where, newTransport(onlyTo{listener{base, redactor}, where}, systemClock{}, nil, 20*time.Minute))
	if err != nil {
		return err
	}
	var failed []error
	o := &github.ListOptions{PerPage: 100}
	for {
		list, resp, err := app.client().Apps.ListInstallations(ctx, o)
		if err != nil {
			return redactor.err(errors.Join(append(failed, fmt.Errorf("listing the installations of the GitHub App: %w", plainError(err)))...))
		}
		for _, in := range list {
			if in.SuspendedAt != nil {
				continue
			}
			if err := installedIn(ctx, app, where, in.GetID(), each); err != nil {
				failed = append(failed, fmt.Errorf("installation %d: %w", in.GetID(), err))
			}
		}
		if o.Page = resp.NextPage; o.Page == 0 || ctx.Err() != nil {
			return redactor.err(errors.Join(failed...))
		}
	}
}

func installedIn(ctx context.Context, app *appTokens, where Location, id int64, each func(Location, int64) error) error {
	transport := ghinstallation.NewFromAppsTransport(app.app, id)
	transport.InstallationTokenOptions = &github.InstallationTokenOptions{Permissions: &github.InstallationPermissions{Metadata: new("read")}}
	client := github.NewClient(&http.Client{Transport: transport})
	client.BaseURL, client.UserAgent = where.api(), "unleak"
	o := &github.ListOptions{PerPage: 100}
	for {
		list, resp, err := client.Apps.ListRepos(ctx, o)
		if err != nil {
			return plainError(err)
		}
		for _, r := range list.Repositories {
			if r.GetArchived() || r.GetDisabled() {
				continue
			}
			l := where
			l.Owner, l.Name = r.GetOwner().GetLogin(), r.GetName()
			if err := l.check(); err != nil {
				return err
			}
			if err := each(l, id); err != nil {
				return err
			}
		}
		if o.Page = resp.NextPage; o.Page == 0 {
			return nil
		}
	}
}
