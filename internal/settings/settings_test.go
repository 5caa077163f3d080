package settings

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// kinds has a kind of the project's own for each file that is named.
func kinds(files []string) ([]string, error) {
	return append(files, "interval", "listener", "socket"), nil
}

func TestParse(t *testing.T) {
	s, err := Parse([]byte(`# what we want
kinds:
  only: [interval, socket]
  off:
    - listener
paths:
  exclude: ["legacy/**", '**/*.gen.ts']
phases:
  interval: critical
  socket: medium
tracking: set
style:
  private: hash
baseline: ci/known.json
limits:
  cache: 50
offers: true
include-tests: true
include-scripts: false
`), kinds)
	if err != nil {
		t.Fatal(err)
	}
	want := &Settings{
		Phases: map[string]string{"interval": "critical", "socket": "medium"}, Tracking: "set", Style: Style{Private: "hash"}, Offers: true, IncludeTests: true, Baseline: "ci/known.json",
	}
	want.Limits.Cache = 50
	want.Kinds.Only = []string{"interval", "socket"}
	want.Kinds.Off = []string{"listener"}
	want.Paths.Exclude = []string{"legacy/**", "**/*.gen.ts"}
	if !reflect.DeepEqual(s, want) {
		t.Errorf("got %+v, want %+v", s, want)
	}
}

func TestParseNothing(t *testing.T) {
	for _, text := range []string{"", "\n\n", "# only a comment\n", "  # and spaces\n\n", "{}", "kinds: {}"} {
		s, err := Parse([]byte(text), kinds)
		if err != nil || !reflect.DeepEqual(s, &Settings{}) {
			t.Errorf("%q: %+v, %v", text, s, err)
		}
	}
}

func TestParseErrors(t *testing.T) {
	tests := []struct{ name, text, at, says string }{
		{"unknown key", "offers: true\nkind:\n  only: []\n", "2:1", `"kind"`},
		{"unknown key lists the known", "x: 1\n", "1:1", "include-scripts, include-tests, kinds"},
		{"unknown key within", "kinds:\n  only: [interval]\n  never: [socket]\n", "3:3", `"never"`},
		{"unknown key of the style", "style: { public: x }\n", "1:10", `"public"`},
		{"another case", "Offers: true\n", "1:1", `"Offers"`},
		{"unknown kind", "kinds:\n  off:\n    - interval\n    - intervall\n", "4:7", `"intervall"`},
		{"unknown kind in phases", "phases:\n  timer: high\n", "2:3", `"timer"`},
		{"unknown phase", "phases:\n  interval: urgent\n", "2:13", `"urgent"`},
		{"unknown tracking", "tracking: map\n", "1:11", `"map"`},
		{"tracking names the choices", "tracking: map\n", "1:11", "auto, field, set"},
		{"unknown style", "style:\n  private: protected\n", "2:12", `"protected"`},
		{"text for a boolean", "offers: \"true\"\n", "1:9", `"true"`},
		{"number for a boolean", "include-tests: 1\n", "1:16", `"1"`},
		{"list for a boolean", "include-scripts: [true]\n", "1:18", "true or false"},
		{"text for a list", "kinds:\n  only: interval\n", "2:9", "list"},
		{"map for a list", "paths:\n  exclude:\n    a: b\n", "3:5", "list"},
		{"list for a map", "style: [interval]\n", "1:8", "keys and values"},
		{"a file of kinds outside", "kinds: [a.txtar, ../b.txtar]\n", "1:18", "inside"},
		{"a folder of kinds outside", "kinds:\n  files: [/etc]\n", "2:11", "inside"},
		{"text for phases", "phases: high\n", "1:9", "phases"},
		{"a baseline outside", "baseline: ../x.json\n", "1:11", "inside"},
		{"a list of baselines", "baseline: [x.json]\n", "1:11", "path"},
		{"bad glob", "paths:\n  exclude: [\"a/[b\"]\n", "2:13", `"a/[b"`},
		{"list as the whole", "- interval\n", "1:1", "keys and values"},
		{"text as the whole", "interval\n", "1:1", "keys and values"},
		{"the first of two", "a: 1\nb: 2\n", "1:1", `"a"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := Parse([]byte(tt.text), kinds)
			if err == nil {
				t.Fatalf("accepted: %+v", s)
			}
			if want := Name + ":" + tt.at + ": "; !strings.HasPrefix(err.Error(), want) {
				t.Errorf("%q does not start with %q", err, want)
			}
			if !strings.Contains(err.Error(), tt.says) {
				t.Errorf("%q does not say %q", err, tt.says)
			}
		})
	}
}

func TestParseNotYAML(t *testing.T) {
	tests := []struct{ text, says string }{
		{"kinds: [interval\n", "line"},
		{"kinds:\n\tonly: []\n", "line 2"},
		{"a: b: c\n", ""},
		{"\x00\x01", ""},
		{"offers: true\noffers: false\n", "line 2"},
		{"%", ""},
	}
	for _, tt := range tests {
		s, err := Parse([]byte(tt.text), kinds)
		if err == nil {
			t.Errorf("%q was accepted: %+v", tt.text, s)
			continue
		}
		if !strings.HasPrefix(err.Error(), Name+":") || !strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), "yaml: yaml:") {
			t.Errorf("%q: %v", tt.text, err)
		}
	}
}

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	s, err := Load(dir, kinds)
	if err != nil || !reflect.DeepEqual(s, &Settings{}) {
		t.Errorf("without a file: %+v, %v", s, err)
	}
	file := filepath.Join(dir, Name)
	if err := os.WriteFile(file, []byte("tracking: field\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if s, err = Load(dir, kinds); err != nil || s.Tracking != "field" {
		t.Errorf("with a file: %+v, %v", s, err)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(file, 0o755); err != nil {
		t.Fatal(err)
	}
	if s, err = Load(dir, kinds); err == nil || !strings.HasPrefix(err.Error(), Name) {
		t.Errorf("with a folder: %+v, %v", s, err)
	}
}

func TestExcluded(t *testing.T) {
	tests := []struct {
		glob, path string
		want       bool
	}{
		{"legacy/**", "legacy/a.ts", true},
		{"legacy/**", "legacy/b/a.ts", true},
		{"legacy/**", "src/legacy/a.ts", false},
		{"legacy", "legacy/b/a.ts", true},
		{"legacy/", "legacy/a.ts", true},
		{"legacy", "legacy2/a.ts", false},
		{"**/legacy", "src/legacy/a.ts", true},
		{"**/*.gen.ts", "a.gen.ts", true},
		{"**/*.gen.ts", "src/deep/a.gen.ts", true},
		{"**/*.gen.ts", "src/a.ts", false},
		{"*.ts", "a.ts", true},
		{"*.ts", "src/a.ts", false},
		{"src/*.ts", "src/a.ts", true},
		{"src/{a,b}.ts", "src/b.ts", true},
		{"src/{a,b}.ts", "src/c.ts", false},
		{"src/a.ts", "src/a.ts", true},
	}
	for _, tt := range tests {
		s := &Settings{}
		s.Paths.Exclude = []string{"never/**", tt.glob}
		if got := s.Excluded(tt.path); got != tt.want {
			t.Errorf("%s excludes %s: %t, want %t", tt.glob, tt.path, got, tt.want)
		}
	}
	if (&Settings{}).Excluded("a.ts") {
		t.Error("empty settings exclude a file")
	}
}

// TestOwnKinds: files of the project's own are named in a list, and their kinds
// may be mentioned in the same settings.
func TestOwnKinds(t *testing.T) {
	for _, text := range []string{"kinds: [door, room]\nphases: { door: high }\n", "phases: { door: high }\nkinds:\n  off: [room]\n  files: [door, room]\n"} {
		s, err := Parse([]byte(text), kinds)
		if err != nil || !reflect.DeepEqual(s.Kinds.Files, []string{"door", "room"}) {
			t.Errorf("%q: got %+v, %v", text, s, err)
		}
	}
	bad := errors.New("door:1:2: no")
	for _, text := range []string{"kinds: [door]", "", "offers: true"} {
		if _, err := Parse([]byte(text), func([]string) ([]string, error) { return nil, bad }); err != bad {
			t.Errorf("%q: got %v", text, err)
		}
	}
}

func TestFiles(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "kinds: [a, b/]": "a b", "kinds: {files: [./c]}\nbaseline: d.json\n": "c d.json", "kinds: [../x, /etc]\nbaseline: ../y\n": "", "kinds: {": "", "kinds: 1": "",
	} {
		if got := strings.Join(Files([]byte(text)), " "); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}
