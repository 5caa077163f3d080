package settings

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"
)

// PullRequests says what `unleak pr` proposes. Empty fields stand for the defaults
// that the commented file shows.
type PullRequests struct {
	Base          string   `yaml:"base"`
	Remote        string   `yaml:"remote"`
	Phases        []string `yaml:"phases"`
	Unsafe        bool     `yaml:"unsafe"`
	Commits       string   `yaml:"commits"` // fix, package
	Split         string   `yaml:"split"`   // none, package, owner
	MaxFiles      int      `yaml:"max-files"`
	Prefix        string   `yaml:"prefix"`
	Scope         string   `yaml:"scope"`
	Via           string   `yaml:"via"`  // push, api
	Fork          string   `yaml:"fork"` // auto, never, always
	Draft         bool     `yaml:"draft"`
	AutoMerge     bool     `yaml:"auto-merge"`
	MergeMethod   string   `yaml:"merge-method"` // merge, squash, rebase
	Labels        []string `yaml:"labels"`
	MissingLabels string   `yaml:"missing-labels"` // create, leave-out
	Reviewers     []string `yaml:"reviewers"`
	TeamReviewers []string `yaml:"team-reviewers"`
	Assignees     []string `yaml:"assignees"`
	Milestone     string   `yaml:"milestone"`
	Author        string   `yaml:"author"` // Name <address>
	SignOff       bool     `yaml:"sign-off"`
	Sign          bool     `yaml:"sign"`
	Limits        Limits   `yaml:"limits"`
}

// Limits bound what is asked of people and machines; 0 is no limit.
type Limits struct {
	Open    int `yaml:"open"`
	PerHour int `yaml:"per-hour"`
}

// ParsePullRequests reads what settings say of pull requests, and nothing else: the
// rest may not be known yet.
func ParsePullRequests(data []byte) (PullRequests, error) {
	var all struct {
		PullRequests yaml.Node `yaml:"pull-requests"`
	}
	if err := yaml.NewDecoder(bytes.NewReader(data)).Decode(&all); err != nil && !errors.Is(err, io.EOF) {
		return PullRequests{}, plain(err)
	}
	var p PullRequests
	n := &all.PullRequests
	if n.IsZero() || n.Tag == "!!null" {
		return p, nil
	}
	c := &checker{}
	c.mapping(n, pullRequests())
	if c.err != nil {
		return p, c.err
	}
	if err := n.Decode(&p); err != nil {
		return p, plain(err)
	}
	return p, nil
}

// IsPullRequestKey reports whether Set knows a key.
func IsPullRequestKey(key string) bool { return ruleOf(key) != nil }

// ruleOf finds the rule of a key, as base or limits.open.
func ruleOf(key string) *rule {
	outer, inner, nested := strings.Cut(key, ".")
	for _, f := range pullRequests() {
		if f.name != outer {
			continue
		}
		if !nested {
			return &f.rule
		}
		for _, g := range f.fields {
			if g.name == inner {
				return &g.rule
			}
		}
	}
	return nil
}

// Set gives a key, as base or limits.open, another value, which must be what could
// stand in the file. The error says what would be right.
func (p *PullRequests) Set(key string, value any) error {
	r := ruleOf(key)
	if r == nil {
		return fmt.Errorf("there is no key %q", key)
	}
	var n yaml.Node
	if err := n.Encode(value); err != nil {
		return err
	}
	c := &checker{}
	r.check(c, &n)
	if c.err != nil {
		_, why, _ := strings.Cut(c.err.Error(), ": ") // the place, in a file that there is not
		return errors.New(why)
	}
	outer, inner, nested := strings.Cut(key, ".")
	m := map[string]any{outer: value}
	if nested {
		m[outer] = map[string]any{inner: value}
	}
	var doc yaml.Node
	if err := doc.Encode(m); err != nil {
		return err
	}
	return doc.Decode(p)
}
