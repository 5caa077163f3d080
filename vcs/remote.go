package vcs

import (
	"encoding/base64"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"strings"
	"unicode"

	"github.com/go-git/go-git/v5/plumbing/transport"
)

// Remote finds a remote by its name: where git would push to, with pushurl,
// insteadOf and pushInsteadOf. Credentials in its URL are left out; they are not
// used. ErrNotFound if there is none.
func (r *Repository) Remote(name string) (Remote, error) {
	all, err := r.config()
	if err != nil {
		return Remote{}, err
	}
	to, push := all["remote."+name+".pushurl"], true
	if len(to) == 0 {
		to, push = all["remote."+name+".url"], false
	}
	if len(to) == 0 {
		return Remote{}, fmt.Errorf("the remote %s: %w", name, ErrNotFound)
	}
	address := to[0]
	if instead := all.rewriteURL(address, "pushinsteadof"); !push && instead != address {
		address = instead
	} else {
		address = all.rewriteURL(address, "insteadof")
	}
	if isLocal(address) && !filepath.IsAbs(address) {
		base := r.top
		if base == "" {
			base = r.gitDir
		}
		address = filepath.Join(base, address)
	}
	return Remote{Name: name, URL: withoutCredentials(address)}, nil
}

// rewriteURL applies url.BASE.KEY = PREFIX: the longest prefix counts.
func (s settings) rewriteURL(address, key string) string {
	longest, base := "", ""
	for name, prefixes := range s {
		to, isURL := strings.CutPrefix(name, "url.")
		to, isKey := strings.CutSuffix(to, "."+key)
		if !isURL || !isKey {
			continue
		}
		for _, p := range prefixes {
			if strings.HasPrefix(address, p) && len(p) > len(longest) {
				longest, base = p, to
			}
		}
	}
	return base + strings.TrimPrefix(address, longest)
}

func isLocal(address string) bool {
	colon := strings.Index(address, ":")
	slash := strings.IndexAny(address, `/\`)
	return colon < 0 || slash >= 0 && slash < colon || filepath.VolumeName(address) != ""
}

// withoutCredentials leaves passwords out of a URL, and users too where only
// credentials are written so.
func withoutCredentials(address string) string {
	scheme, rest, found := strings.Cut(address, "://")
	if !found {
		return address
	}
	host, path, _ := strings.Cut(rest, "/")
	if at := strings.LastIndex(host, "@"); at >= 0 {
		user, _, _ := strings.Cut(host[:at], ":")
		host = host[at+1:]
		if s := strings.ToLower(scheme); s != "http" && s != "https" {
			host = user + "@" + host
		}
	}
	if strings.Contains(rest, "/") {
		host += "/" + path
	}
	return scheme + "://" + host
}

// endpoint reads the URL of a remote and refuses what is not pushed to.
func (r *Repository) endpoint(of Remote) (*transport.Endpoint, error) {
	address := withoutCredentials(of.URL)
	if scheme, _, found := strings.Cut(address, "::"); found && !strings.ContainsAny(scheme, "/.@[") {
		return nil, fmt.Errorf("the remote helper %q is not used: give the URL of an https, ssh or local remote", scheme)
	}
	var e *transport.Endpoint
	var err error
	if isLocal(address) {
		e = &transport.Endpoint{Protocol: "file", Path: address}
	} else if e, err = transport.NewEndpoint(address); err != nil {
		return nil, fmt.Errorf("the URL of the remote %s cannot be read", of.Name) // the error holds the URL
	}
	if !strings.Contains(address, "://") && e.Protocol == "ssh" {
		e.Port = 0 // host:path names none
	}
	switch e.Protocol {
	case "https", "ssh":
		if e.Host == "" {
			return nil, fmt.Errorf("the URL of the remote %s names no host", of.Name)
		}
		return e, nil
	case "http":
		if !isLoopback(e.Host) {
			return nil, fmt.Errorf("%s: http is not encrypted and used on this machine only: give the https URL", address)
		}
		return e, nil
	case "file":
		if e.Path, err = filepath.Abs(e.Path); err != nil {
			return nil, err
		}
		// git receive-pack runs the hooks of the repository it is started in. One that
		// came with the sources was not put there by the user.
		if rel, err := filepath.Rel(r.top, e.Path); r.top != "" && err == nil && filepath.IsLocal(rel) && rel != "." {
			return nil, fmt.Errorf("the remote %s is a repository inside of %s and not used: its hooks would be run", e.Path, r.top)
		}
		return e, nil
	}
	return nil, fmt.Errorf("the protocol %q is not used: give an https, ssh or local remote", e.Protocol)
}

func isLoopback(host string) bool {
	host = strings.Trim(host, "[]")
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// user is the name that goes with a token.
func (c Credentials) user() string {
	if c.User == "" {
		return "x-access-token"
	}
	return c.User
}

// redact makes a text from elsewhere fit to be told: on one line, of some length,
// without what a terminal would obey, and above all without the token, as it is or
// as it was sent.
func (c Credentials) redact(text string) string {
	const longest = 2000
	if c.Token != "" {
		basic := base64.StdEncoding.EncodeToString([]byte(c.user() + ":" + c.Token))
		hidden := []string{basic, "***", strings.TrimRight(basic, "="), "***", base64.StdEncoding.EncodeToString([]byte(c.Token)), "***",
			url.QueryEscape(c.Token), "***", url.PathEscape(c.Token), "***", c.Token, "***"}
		text = strings.NewReplacer(hidden...).Replace(text)
	}
	var lines []string
	for line := range strings.FieldsFuncSeq(strings.ToValidUTF8(text, "\uFFFD"), func(c rune) bool { return c == '\n' || c == '\r' }) {
		line = strings.Map(func(c rune) rune {
			if c == '\t' {
				return ' '
			}
			if !unicode.IsPrint(c) {
				return -1
			}
			return c
		}, line)
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	text = strings.Join(lines, "; ")
	if len(text) > longest {
		text = strings.ToValidUTF8(text[:longest], "") + ".."
	}
	return text
}
