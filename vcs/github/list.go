package github

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/google/go-github/v60/github"
)

// Listing is a GitHub whose repositories are listed.
type Listing struct {
	client   *github.Client
	where    Location
	redactor *redactor
}

// Found is a repository of a list.
type Found struct {
	Location
	Archived, Fork, Disabled bool
}

// NewListing lists repositories of the GitHub at a host, as github.com, over https,
// or http on this machine with the scheme before it.
func NewListing(host string, tokens Tokens, tell func(Progress)) (*Listing, error) {
	where := Location{Scheme: "https", Host: host, Owner: "x", Name: "x"}
	if u, err := url.Parse(host); err == nil && u.Host != "" {
		where.Scheme, where.Host = u.Scheme, u.Host
	}
	if err := where.check(); err != nil {
		return nil, err
	}
	base := http.DefaultTransport.(*http.Transport).Clone()
	base.ResponseHeaderTimeout = time.Minute
	l := &Listing{where: where, redactor: &redactor{}}
	bottom := onlyTo{listener{base, l.redactor}, where}
	l.client = github.NewClient(&http.Client{Transport: newTransport(withToken{bottom, tokens}, systemClock{}, tell, 2*time.Hour)})
	l.client.BaseURL, l.client.UserAgent = where.api(), "unleak"
	return l, nil
}

// Organization calls each with the repositories of an organisation, page by page.
func (l *Listing) Organization(ctx context.Context, name string, each func(Found) error) error {
	if !plain(name) {
		return fmt.Errorf("%q is not the name of an organisation", name)
	}
	o := &github.RepositoryListByOrgOptions{Sort: "full_name", ListOptions: github.ListOptions{PerPage: 100}}
	for {
		list, resp, err := l.client.Repositories.ListByOrg(ctx, name, o)
		if err != nil {
			return l.redactor.err(fmt.Errorf("listing the repositories of %s: %w", name, plainError(err)))
		}
		if err := l.each(list, each); err != nil {
			return err
		}
		if o.Page = resp.NextPage; o.Page == 0 {
			return nil
		}
	}
}

// Search calls each with what GitHub finds, which is never more than a thousand; the
// total says how many there are.
func (l *Listing) Search(ctx context.Context, query string, each func(Found) error) (total int, err error) {
	o := &github.SearchOptions{ListOptions: github.ListOptions{PerPage: 100}}
	for {
		found, resp, err := l.client.Search.Repositories(ctx, query, o)
		if err != nil {
			return total, l.redactor.err(fmt.Errorf("searching for %q: %w", query, plainError(err)))
		}
		total = found.GetTotal()
		if err := l.each(found.Repositories, each); err != nil {
			return total, err
		}
		if o.Page = resp.NextPage; o.Page == 0 {
			return total, nil
		}
	}
}

func (l *Listing) each(list []*github.Repository, each func(Found) error) error {
	for _, r := range list {
		f := Found{Location{l.where.Scheme, l.where.Host, r.GetOwner().GetLogin(), r.GetName()}, r.GetArchived(), r.GetFork(), r.GetDisabled()}
		if err := f.check(); err != nil {
			return err
		}
		if err := each(f); err != nil {
			return err
		}
	}
	return nil
}

// URL is where git reads a repository.
func (l Location) URL() string { return l.git() }
