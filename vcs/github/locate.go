package github

import (
	"fmt"
	"net"
	"net/url"
	"strings"
)

// Location is a repository of a GitHub: github.com, or an Enterprise server.
type Location struct {
	Scheme string // https; http on this machine only
	Host   string // with a port, if it is not the usual one
	Owner  string
	Name   string
}

// Locate reads the URL of a remote: https, ssh, or git@host:owner/name. A remote
// over ssh is the same repository as over https.
func Locate(remote string) (Location, error) {
	u, err := parseRemote(remote)
	if err != nil {
		return Location{}, err
	}
	l := Location{Scheme: u.Scheme, Host: strings.ToLower(u.Host)}
	switch u.Scheme {
	case "https":
	case "http":
		if !loopback(u.Hostname()) {
			return l, fmt.Errorf("%s: a token is not sent over http: use https", bare(u))
		}
	case "ssh", "git+ssh":
		l.Scheme, l.Host = "https", strings.ToLower(u.Hostname())
		if l.Host == "ssh.github.com" {
			l.Host = "github.com"
		}
	default:
		return l, fmt.Errorf("%s is not the URL of a repository on GitHub: https or ssh is needed", bare(u))
	}
	if l.Host == "www.github.com" {
		l.Host = "github.com"
	}
	owner, name, ok := strings.Cut(strings.Trim(strings.TrimSuffix(strings.TrimSuffix(u.Path, "/"), ".git"), "/"), "/")
	if l.Owner, l.Name = owner, name; !ok || !plain(owner) || !plain(name) || l.Host == "" {
		return l, fmt.Errorf("%s does not name an owner and a repository", bare(u))
	}
	return l, nil
}

// parseRemote parses a URL or git's short form for ssh.
func parseRemote(remote string) (*url.URL, error) {
	if !strings.Contains(remote, "://") {
		where, path, ok := strings.Cut(remote, ":")
		if !ok || strings.ContainsAny(where, `/\`) || len(where) < 2 {
			return nil, fmt.Errorf("the remote is a folder and no repository on GitHub: pull requests need one")
		}
		remote = "ssh://" + where + "/" + strings.TrimPrefix(path, "/")
	}
	u, err := url.Parse(remote)
	if err != nil {
		return nil, fmt.Errorf("the URL of the remote cannot be read") // it may hold a password
	}
	return u, nil
}

// bare is a URL without what may be secret.
func bare(u *url.URL) string {
	c := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}
	return c.String()
}

// plain reports whether s can be the name of an owner or a repository.
func plain(s string) bool {
	if s == "" || s == "." || s == ".." {
		return false
	}
	for _, c := range []byte(s) {
		ok := '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '-' || c == '_' || c == '.'
		if !ok {
			return false
		}
	}
	return true
}

// loopback reports whether a host name is this machine's.
func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func (l Location) String() string { return l.Owner + "/" + l.Name }

// check refuses what a token must not be sent to.
func (l Location) check() error {
	u := url.URL{Scheme: l.Scheme, Host: l.Host}
	if l.Scheme != "https" && (l.Scheme != "http" || !loopback(u.Hostname())) {
		return fmt.Errorf("%s://%s: a token is sent over https only", l.Scheme, l.Host)
	}
	if l.Host == "" || !plain(l.Owner) || !plain(l.Name) {
		return fmt.Errorf("%q on %q is no repository", l.String(), l.Host)
	}
	return nil
}

// tenant reports whether a host is GitHub's own with a company's name before it.
func tenant(host string) bool { return strings.HasSuffix(host, ".ghe.com") }

// api is the base of the REST interface, with a slash at the end.
func (l Location) api() *url.URL {
	switch {
	case l.Host == "github.com" || tenant(l.Host):
		return &url.URL{Scheme: "https", Host: "api." + l.Host, Path: "/"}
	}
	return &url.URL{Scheme: l.Scheme, Host: l.Host, Path: "/api/v3/"}
}

// graphql is the address of the other interface.
func (l Location) graphql() *url.URL {
	u := l.api()
	if u.Path == "/api/v3/" {
		u.Path = "/api/graphql"
	} else {
		u.Path = "/graphql"
	}
	return u
}

// git is the URL that is pushed to.
func (l Location) git() string {
	u := url.URL{Scheme: l.Scheme, Host: l.Host, Path: "/" + l.Owner + "/" + l.Name + ".git"}
	return u.String()
}
