package settings

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"
)

func TestPullRequests(t *testing.T) {
	s, err := Parse([]byte(`pull-requests:
  base: develop
  remote: upstream
  phases: [critical, high]
  unsafe: true
  commits: package
  split: owner
  max-files: 20
  prefix: bots/unleak-
  scope: web
  via: api
  fork: never
  merge-method: squash
  draft: true
  auto-merge: true
  labels: [leak, "good first issue"]
  missing-labels: leave-out
  reviewers: [ada]
  team-reviewers: [core]
  assignees: [bo-b]
  milestone: Spring 2031
  author: Ada L. <ada@example.org>
  sign-off: true
  sign: true
  limits:
    open: 5
    per-hour: 3
`), kinds)
	if err != nil {
		t.Fatal(err)
	}
	want := PullRequests{
		Base: "develop", Remote: "upstream", Phases: []string{"critical", "high"}, Unsafe: true, Commits: "package", Split: "owner", MaxFiles: 20,
		Prefix: "bots/unleak-", Scope: "web", Via: "api", Fork: "never", MergeMethod: "squash", Draft: true, AutoMerge: true, Labels: []string{"leak", "good first issue"},
		MissingLabels: "leave-out", Reviewers: []string{"ada"}, TeamReviewers: []string{"core"}, Assignees: []string{"bo-b"},
		Milestone: "Spring 2031", Author: "Ada L. <ada@example.org>", SignOff: true, Sign: true, Limits: Limits{5, 3},
	}
	if !reflect.DeepEqual(s.PullRequests, want) {
		t.Errorf("got %+v, want %+v", s.PullRequests, want)
	}
}

// TestPullRequestErrors: what points elsewhere, or would be taken for something
// else than it is, is refused.
func TestPullRequestErrors(t *testing.T) {
	for _, bad := range []string{
		"base: ../main", "base: --exec=x", "base: a..b", "base: 'a b'", "base: .x", "base: x.lock", "base: 'a@{1}'", "base: HEAD", "base: ''", "base: [main]", "base: \"a\\nb\"",
		"remote: https://example.org/x.git", "remote: git@example.org:x", "remote: ../other", "remote: -o", "remote: /tmp/x",
		"phases: critical", "phases: [urgent]", "unsafe: 1", "commits: file", "split: team", "max-files: -1", "max-files: many", "max-files: 1.5",
		"prefix: /x", "prefix: ''", "prefix: '../'", "prefix: 'a//'", "prefix: -x/", "prefix: 'refs/heads/x y'", "scope: a/b", "scope: critical", "scope: '-x'", "scope: a.lock",
		"via: ssh", "draft: yes please", "labels: [1]", "labels: ['']", "labels: [\"a\\nb\"]", "missing-labels: no", "reviewers: ['@ada']", "reviewers: [a/b]",
		"team-reviewers: [org/team]", "assignees: ada", "milestone: ''", "author: ada", "author: 'ada@example.org'", "author: \"A <a@b>\\nX: y\"", "sign-off: on-line",
		"limits: 5", "limits: {open: -1}", "limits: {hour: 1}", "signing-key: /etc/key", "verify: make", "url: https://example.org", "token: x",
	} {
		s, err := Parse([]byte("pull-requests:\n  "+bad+"\n"), kinds)
		if err == nil {
			t.Errorf("%s: accepted: %+v", bad, s.PullRequests)
		} else if !strings.HasPrefix(err.Error(), Name+":2:") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: not one line with a place: %q", bad, err)
		}
	}
}

// TestTable: every key has a field, and every field a key.
func TestTable(t *testing.T) {
	var compare func(where string, fields []field, of reflect.Type)
	compare = func(where string, fields []field, of reflect.Type) {
		var keys, tags []string
		for _, f := range fields {
			keys = append(keys, f.name)
			for i := range of.NumField() {
				if of.Field(i).Tag.Get("yaml") == f.name && len(f.fields) > 0 {
					compare(where+f.name+".", f.fields, of.Field(i).Type)
				}
			}
		}
		for i := range of.NumField() {
			tags = append(tags, of.Field(i).Tag.Get("yaml"))
		}
		slices.Sort(keys)
		slices.Sort(tags)
		if !slices.Equal(keys, tags) {
			t.Errorf("%s: keys %v, fields %v", where, keys, tags)
		}
	}
	compare("", table(), reflect.TypeFor[Settings]())
}

// TestSample: the commented file holds what holds without it, and each line of it
// can be taken in by removing one character.
func TestSample(t *testing.T) {
	sample := Sample()
	s, err := Parse(sample, kinds)
	if err != nil || !reflect.DeepEqual(s, &Settings{}) {
		t.Fatalf("%+v, %v", s, err)
	}
	key := regexp.MustCompile(`(?m)^( *)#([a-z-]+:)`)
	whole := key.ReplaceAll(sample, []byte("$1$2"))
	s, err = Parse(whole, kinds)
	if err != nil {
		t.Fatalf("%v\n%s", err, whole)
	}
	want := &Settings{Phases: map[string]string{}, Tracking: "auto", Style: Style{Private: "auto"}, Baseline: ".unleak-baseline.json"}
	want.Limits.Cache = 1000
	want.Kinds = Kinds{Only: []string{}, Off: []string{}, Files: []string{}}
	want.Paths.Exclude = []string{}
	want.PullRequests = PullRequests{
		Base: "main", Remote: "origin", Phases: phaseNames, Commits: "fix", Split: "none", Prefix: "unleak/", Scope: "web", Via: "push",
		Fork: "auto", MergeMethod: "merge", Labels: []string{}, MissingLabels: "create", Reviewers: []string{}, TeamReviewers: []string{}, Assignees: []string{}, Milestone: "Spring",
		Author: "Ada <ada@example.org>",
	}
	if !reflect.DeepEqual(s, want) {
		t.Errorf("got %+v, want %+v", s, want)
	}
	for _, line := range key.FindAllIndex(sample, -1) {
		one := slices.Concat(sample[:line[0]], key.ReplaceAll(sample[line[0]:line[1]], []byte("$1$2")), sample[line[1]:])
		if _, err := Parse(one, kinds); err != nil {
			t.Errorf("%v\n%s", err, one)
		}
	}
	for l := range strings.Lines(string(sample)) {
		if len(l) > 88 {
			t.Errorf("too long: %s", l)
		}
	}
}

var update = flag.Bool("update", false, "write docs/settings.schema.json")

// TestSchemaFile: the published schema is that of the program.
func TestSchemaFile(t *testing.T) {
	const file = "../../docs/settings.schema.json"
	if *update {
		if err := os.WriteFile(file, Schema(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil || !bytes.Equal(got, Schema()) {
		t.Errorf("docs/settings.schema.json is stale (%v): go generate ./internal/settings", err)
	}
}

// TestSchema asks an independent reader of JSON schemas: it takes what Parse takes,
// and refuses what can be told without the project.
func TestSchema(t *testing.T) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("s.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("s.json")
	if err != nil {
		t.Fatal(err)
	}
	validate := func(text string) error {
		var v any
		if err := yaml.Unmarshal([]byte(text), &v); err != nil {
			t.Fatal(err)
		}
		data, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		v, err = jsonschema.UnmarshalJSON(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		return schema.Validate(v)
	}
	for _, good := range []string{
		string(Sample()), "", "kinds: [a.txtar]", "kinds: {off: [interval]}", "kinds:\n", "phases: {interval: high}", "paths: {exclude: ['a/**']}",
		"style: {private: hash, using: true}", "tracking: set", "offers: true", "limits: {cache: 50}", "baseline: x.json", "pull-requests: {limits: {open: 3}, max-files: 0, labels: [a]}",
	} {
		if _, err := Parse([]byte(good), kinds); err != nil {
			t.Errorf("%q: %v", good, err)
		}
		if err := validate(good); err != nil {
			t.Errorf("%q: the schema refuses it: %v", good, err)
		}
	}
	for _, bad := range []string{
		"x: 1", "kinds: {on: []}", "tracking: map", "offers: 1", "limits: 5", "limits: {cache: 0}", "limits: {open: 3}", "pull-requests: {token: x}", "pull-requests: {max-files: -1}", "pull-requests: {phases: [urgent]}",
		"pull-requests: {limits: {open: x}}", "phases: {interval: urgent}", "paths: {exclude: a}", "[]",
	} {
		if err := validate(bad); err == nil {
			t.Errorf("%q: the schema takes it", bad)
		}
		if _, err := Parse([]byte(bad), kinds); err == nil {
			t.Errorf("%q: accepted", bad)
		}
	}
}

func TestParsePullRequests(t *testing.T) {
	for text, want := range map[string]PullRequests{
		"": {}, "kinds: {off: [whatever]}\n": {}, "pull-requests:\n": {}, "x: 1\npull-requests: {base: dev, limits: {open: 2}}\n": {Base: "dev", Limits: Limits{Open: 2}},
	} {
		if got, err := ParsePullRequests([]byte(text)); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: got %+v, %v", text, got, err)
		}
	}
	for _, bad := range []string{"pull-requests: {base: '-x'}", "pull-requests: 1", "pull-requests: {x: 1}", "pull-requests: ["} {
		if got, err := ParsePullRequests([]byte(bad)); err == nil {
			t.Errorf("%q: got %+v", bad, got)
		}
	}
}

func TestSet(t *testing.T) {
	p := PullRequests{Base: "main", Labels: []string{"a"}, Limits: Limits{Open: 1}}
	for key, value := range map[string]any{"base": "dev", "labels": []string{"b"}, "limits.per-hour": 3, "draft": true, "max-files": 7, "author": "A <a@b.c>"} {
		if err := p.Set(key, value); err != nil {
			t.Errorf("%s: %v", key, err)
		}
	}
	want := PullRequests{Base: "dev", Labels: []string{"b"}, Limits: Limits{1, 3}, Draft: true, MaxFiles: 7, Author: "A <a@b.c>"}
	if !reflect.DeepEqual(p, want) {
		t.Errorf("got %+v", p)
	}
	for key, value := range map[string]any{"base": "../x", "limits.open": -1, "split": "team", "x": 1, "limits.x": 1, "labels": []string{""}} {
		err := p.Set(key, value)
		if err == nil || strings.Contains(err.Error(), Name) {
			t.Errorf("%s: %v", key, err)
		}
	}
}
