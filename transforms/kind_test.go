package transforms

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/unleak-dev/unleak/internal/project"
	"github.com/unleak-dev/unleak/internal/syntax"
)

// TestKindErrors: whatever is wrong in a kind file is said with its line and column.
func TestKindErrors(t *testing.T) {
	const law = "acquire: open($PATH)\nrelease: close($HANDLE)\n"
	for _, tt := range []struct{ text, want string }{
		{"acquire open()\n", "1:1: want `key: value`, got \"acquire open()\""},
		{"acquire:\n", "1:1: want `key: value`"},
		{law + "colour: red\n", "3:1: unknown key \"colour\""},
		{law + "noun: file\nnoun: door\n", "4:1: noun: given twice"},
		{"acquire: open(\n", "1:10: acquire: "},
		{"release: open(\n", "1:10: release: "},
		{law + "except: open(\n", "3:9: except: "},
		{law + "after: open(\n", "3:8: after: "},
		{law + "begins: late\n", "3:9: begins: want one of returned, called, used, got \"late\""},
		{law + "ends: never\n", "3:7: ends: want one of itself, read"},
		{law + "yields: nothing\n", "3:9: yields: want one of promise, itself"},
		{law + "works: hard\n", "3:8: works: want one of alone"},
		{law + "fails: often\n", "3:8: fails: want one of never, throws, rejects"},
		{law + "apart: never\n", "3:8: apart: want one of fails, got \"never\""},
		{law + "phase: soon\n", "3:8: phase: want one of critical, high, medium"},
		{law + "disposable: often\n", "3:13: disposable: want sync, async, or both, got \"often\""},
		{law + "disposable: node 20\n", "3:13: disposable: want sync, async, or both"},
		{law + "disposable: async 20\n", "3:13: disposable: of what is 20 a release?"},
		{law + "disposable: async doors\n", "3:13: disposable: want a release at the end"},
		{law + "disposable: async doors 1 gates\n", "3:13: disposable: want a release at the end"},
		{law + "disposable: sync\ndisposable: async\n", "4:1: disposable: given twice"},
		{law + "limit: none\n", "3:8: limit: want one of safe, unsafe, display"},
		{law + "retainer: PATH\n", "3:11: retainer: want a hole like $TARGET, got \"PATH\""},
		{law + "retainer: $\n", "3:11: retainer: want a hole"},
		{law + "keyed: PATH\n", "3:8: keyed: want a hole"},
		{law + "lookup: find(\n", "3:9: lookup: "},
		{law + "size: $PATH +\n", "3:7: size: "},
		{law + "oldest: \n", "3:1: want `key: value`"},
		{law + "size: 1\nsize: 2\n", "4:1: size: given twice"},
		{law + "retainer: $PATH\nkeyed: $PATH\nlookup: find($DOOR)\n", "5:1: \"find($DOOR)\" mentions $DOOR"},
		{law + "keyed: $PATH\nretainer: $PATH\noldest: $DOOR.first\n", "5:1: \"$DOOR.first\" mentions $DOOR"},
		{"acquire: $T[$K]\nrelease: delete $T[$K]\n", "1:10: acquire: a pattern is a call or a construction"},
		{law + "retainer: $DOOR\n", "3:1: no acquire binds $DOOR"},
		{law + "keyed: $DOOR\n", "1:1: acquire \"open($PATH)\" does not bind $DOOR"},
		{law + "cost: 1KB\n", "3:7: cost: want `LOW HIGH; source`"},
		{law + "cost: 1KB 2KB 3KB; guess\n", "3:7: cost: want `LOW HIGH; source`"},
		{law + "cost: little 2KB\n", "3:7: cost: \"little\" is not a size"},
		{law + "cost: 1KB much\n", "3:7: cost: want LOW HIGH"},
		{law + "cost: 2KB 1KB\n", "3:7: cost: want LOW HIGH with LOW at most HIGH"},
		{law + "cost: -1KB 1KB\n", "3:7: cost: \"-1KB\" is not a size"},
		{"release: close($HANDLE)\n", "2:1: no acquire"},
		{"acquire: open($PATH)\n", "2:1: no release"},
		{"acquire: open($PATH)\nrelease: close($DOOR)\n", "2:1: release \"close($DOOR)\" mentions $DOOR, which acquire \"open($PATH)\" does not bind"},
		{law + "\n-- a.ts --\nx\n", "4:4: want CASE/FILE, got \"a.ts\""},
		{law + "\n-- c/a.ts --\nx\n-- c/b.ts.safe --\nx\n", "6:4: case c: a golden for b.ts, which is not there"},
	} {
		_, err := ParseKind("kinds/door.txtar", []byte(tt.text))
		if err == nil || !strings.HasPrefix(err.Error(), "kinds/door.txtar:") || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q: got %v, want %s", tt.text, err, tt.want)
		}
	}
}

// TestKindKeys: every key ends up where it belongs, and has its default.
func TestKindKeys(t *testing.T) {
	read := func(text string) *Kind {
		t.Helper()
		k, err := ParseKind("kinds/front-door.txtar", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	k := read("acquire: open($PATH)\nrelease: close($HANDLE)\n")
	if k.Name != "front-door" || k.Noun != "door" || k.Begins != Returned || k.Fails != Never || k.Phase != Medium || k.Limit != Safe ||
		k.OneShot || k.Promised || k.Chains || k.Alone || k.Cost != nil || k.Prose != "" || k.Family != Resources {
		t.Errorf("the defaults are %+v", k)
	}
	k = read("acquire: $T[$K] = $V\nrelease: delete $T[$K]\nretainer: $T\nkeyed: $K\nlookup: $T[$K]\nlookup: $K in $T\nsize: $T.size\noldest: $T.first\nweak: WeakMap\n")
	if !k.Collects() || len(k.Lookup) != 2 || k.Size == nil || k.Oldest == nil || k.Weak != "WeakMap" || !k.Acquire[0].Pattern.Files() {
		t.Errorf("got %+v", k)
	}
	if k = read("acquire: $T.open($K)\nrelease: $T.close($K)\nretainer: $T\nkeyed: $K\n"); k.Collects() {
		t.Error("a register of a library is no collection of the language")
	}
	k = read("from: a b\r\ntype: T\r\nacquire: $P.open($PATH)\r\nfrom: c\r\ntype: U\r\nacquire: $P.unlock($PATH)\r\nrelease: $HANDLE.close($DONE)\r\nrelease: $HANDLE.end()\r\n" +
		"except: $P.open(null)\r\nafter: $HANDLE.drop()\r\nbegins: called\r\nends: itself\r\nyields: promise\r\nworks: alone\r\nfails: rejects\r\n" +
		"retainer: $P\r\nkeyed: $PATH\r\nwithin: house yard\r\nnoun: gate\r\nphase: critical\r\nlimit: unsafe\r\ncost: 512B 3GB; a guess\r\n\r\nProse\r\nof two lines.\r\n-- c/a.ts --\r\nx\r\n")
	if k.Begins != Called || !k.OneShot || !k.Promised || k.Chains || !k.Alone || k.Fails != Rejects || k.Retainer != "P" || k.Keyed != "PATH" ||
		!slices.Equal(k.Within, []string{"house", "yard"}) || k.Noun != "gate" || k.Phase != Critical || k.Family != Registries || k.Limit != Unsafe || k.Prose != "Prose\nof two lines." || len(k.Except) != 1 || k.After == nil {
		t.Errorf("got %+v", k)
	}
	if k := read("acquire: $P.open($F)\nrelease: $P.close($F)\nretainer: $P\n"); k.Family != Listeners {
		t.Errorf("what $P keeps is a %s", k.Family)
	}
	if k := read("acquire: $P.open($F)\nrelease: $P.close($F)\nretainer: $P\nfamily: timer\n"); k.Family != Timers {
		t.Errorf("the family is %s", k.Family)
	}
	if want := (Cost{512, 3 << 30, "a guess"}); k.Cost == nil || *k.Cost != want {
		t.Errorf("the cost is %v, want %v", k.Cost, want)
	}
	if first, second := k.Acquire[0], k.Acquire[1]; !slices.Equal(first.From, []string{"a", "b", "c"}) || !slices.Equal(first.Types, []string{"T", "U"}) ||
		!slices.Equal(second.From, []string{"a", "b"}) || !slices.Equal(second.Types, []string{"T"}) {
		t.Errorf("the first is from %v of %v, the second from %v of %v", first.From, first.Types, second.From, second.Types)
	}
	if !k.Release[0].Done || k.Release[1].Done {
		t.Error("only the first release tells by a callback")
	}
	if len(k.Cases) != 1 || k.Cases[0].Files["a.ts"] != "x\n" {
		t.Errorf("the cases are %v", k.Cases)
	}
	if k = read("acquire: open()\nrelease: close($HANDLE)\nyields: itself\ncost: 4KB 50MB\n"); !k.Chains || k.Promised || k.Cost.Low != 4<<10 || k.Cost.High != 50<<20 || k.Cost.Source != "" {
		t.Errorf("got %+v, %v", k, k.Cost)
	}
}

func TestDisposal(t *testing.T) {
	for text, want := range map[string]Disposal{
		"sync":            {Sync: true},
		"sync async":      {Sync: true, Async: true},
		"async node 20.4": {Async: true, Since: []Since{{Node: true, Version: project.Version{20, 4}}}},
		"async http express node 20.4 puppeteer 25": {Async: true, Since: []Since{
			{Modules: []string{"http", "express"}, Node: true, Version: project.Version{20, 4}}, {Modules: []string{"puppeteer"}, Version: project.Version{25}}}},
	} {
		if got, err := parseDisposal(text); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, %v", text, got, err)
		}
	}
	d, err := parseDisposal("async doors gates 1.2 sync node 3")
	if err != nil || d.Sync {
		t.Fatal("a module may be called sync", d, err)
	}
	for module, want := range map[string]string{"doors": "1.2", "gates": "1.2", "gates/iron": "1.2", "sync": "3", "doorsteps": "", "": ""} {
		if s, ok := d.since(module); ok != (want != "") || ok && s.Version.String() != want {
			t.Errorf("%q since %v, %t, want %q", module, s.Version, ok, want)
		}
	}
	for _, text := range []string{"sync", "sync node 20.5"} {
		if d, _ := parseDisposal(text); true {
			if _, ok := d.since("anything"); !ok {
				t.Errorf("%s: holds for every module", text)
			}
		}
	}
}

// TestDisposables lists what the kinds say is disposable: each was read from the
// declarations of its library.
func TestDisposables(t *testing.T) {
	kinds, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, k := range kinds {
		if d := k.Disposal; d.Sync {
			got[k.Name] = "sync"
		} else if d.Async {
			got[k.Name] = "async"
		}
	}
	want := map[string]string{
		"browser": "async", "page": "async", "file-handle": "async", "http-server": "async", "net-server": "async", "dgram-socket": "async", "worker": "async",
		"interval": "sync", "timeout": "sync", "child-process": "sync",
	}
	if !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestCheckKinds(t *testing.T) {
	door, twin, room := &Kind{Name: "door", File: "a"}, &Kind{Name: "door", File: "b"}, &Kind{Name: "room", File: "c", Within: []string{"house"}}
	for want, kinds := range map[string][]*Kind{
		"b:1:1: kind \"door\" is defined in a already": {door, twin},
		"c:1:1: within: there is no kind \"house\"":    {door, room},
		"<nil>": {door, room, {Name: "house"}},
	} {
		if got := fmt.Sprint(CheckKinds(kinds)); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// TestCandidates: a kind is looked for only in a text that names what it
// acquires, as a word, and a module that it comes from.
func TestCandidates(t *testing.T) {
	for _, tt := range []struct {
		acquire, from, text string
		want                bool
	}{
		{"open($PATH)", "", "open(x)", true},
		{"open($PATH)", "", "reopen(x); open(x)", true},
		{"open($PATH)", "", "reopen(x)", false},
		{"open($PATH)", "", "opened(x)", false},
		{"open($PATH)", "", "_open $open open$ open_ Aopen openZ open9 9open zopen opena", false},
		{"open($PATH)", "", "reopen.open(x)", true},
		{"open($PATH)", "", "opopen(x)", false},
		{"open($PATH)", "doors", "open(x)", false},
		{"open($PATH)", "doors", "import 'doors'; open(x)", true},
		{"open($PATH)", "gates doors", "import 'doors'; open(x)", true},
		{"open($PATH)", "global", "open(x)", true},
		{"open($PATH)", "doors global", "shut(x)", false},
		{"new $SELF(this)", "", "new Door(this)", true},
		{"new $SELF(this)", "", "new houses.Door(this)", true},
		{"new $SELF(this)", "", "new\n Door(this)", true},
		{"new $SELF(this)", "", "door(this); new Door(this)", true},
		{"new $SELF(this)", "", "door(this)", false},
		{"new $SELF(this)", "", "new Door(that)", false},
		{"new $SELF(this)", "", "anew(this) new (this)", false},
		{"new $SELF_2(this)", "", "new Door(this)", true},
		{"$T[$K] = $V", "", "doors[k] = 1", true},
		{"$T[$K] = $V", "", "doors[k]\n  = open[0]", true},
		{"$T[$K] = $V", "", "doors[k] == 1 || doors[k] === 1", false},
		{"$T[$K] = $V", "", "const [k] => 1; let a: b[]; doors[k]", false},
	} {
		k, err := ParseKind("door.txtar", []byte(strings.TrimPrefix("from: "+tt.from+"\n", "from: \n")+"acquire: "+tt.acquire+"\nrelease: $HANDLE.close()\n"))
		if err != nil {
			t.Fatal(err)
		}
		if got := NewDetector(nil, []*Kind{k}, true).IsCandidate([]byte(tt.text)); got != tt.want {
			t.Errorf("%q of %q in %q: %t", tt.acquire, tt.from, tt.text, got)
		}
	}
}

func TestOnlyOffers(t *testing.T) {
	kinds, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	var only []string
	for _, k := range kinds {
		if k.onlyOffers() {
			only = append(only, k.Name)
		}
	}
	if want := []string{"child-scope", "compiled-schema", "fetch-request", "list-item", "map-entry", "object-entry", "schema", "set-member"}; !slices.Equal(only, want) {
		t.Errorf("only offers come of %v, want %v", only, want)
	}
	text := []byte("import Ajv from 'ajv'; ajv.addSchema(a, b)")
	if NewDetector(nil, kinds, false).IsCandidate(text) || !NewDetector(nil, kinds, true).IsCandidate(text) {
		t.Error("a kind that is only offered is looked for when offers are asked for, and only then")
	}
}

func TestFromModule(t *testing.T) {
	for _, tt := range []struct {
		from, module string
		want         bool
	}{
		{"fs", "fs", true},
		{"fs", "node:fs", true},
		{"fs", "fs/promises", false},
		{"mysql2", "mysql2/promise", false},
		{"mysql2 mysql2/promise", "mysql2/promise", true},
		{"amqplib", "amqplib/callback_api", false},
		{"amqplib", "amqplib/lib/connect", true},
		{"fs", "fsx", false},
		{"timers", "timers/promises", false},
		{"timers", "node:timers", true},
		{"global", "", true},
		{"fs", "", false},
		{"fs global", "", true},
		{"global", "global/x", false},
	} {
		a := Acquire{From: strings.Fields(tt.from)}
		if got := a.fromModule(syntax.Origin{Module: tt.module}); got != tt.want {
			t.Errorf("%q of %q: %t", tt.module, tt.from, got)
		}
	}
}

func TestOfGlobal(t *testing.T) {
	a := Acquire{From: []string{"global"}, Types: []string{"ResizeObserver"}}
	for _, tt := range []struct {
		of   syntax.Type
		want bool
	}{
		{syntax.Type{Path: []string{"ResizeObserver"}}, true},
		{syntax.Type{Path: []string{"MutationObserver"}}, false},
		{syntax.Type{Path: []string{"polyfill", "ResizeObserver"}}, false},
		{syntax.Type{Module: "polyfill", Path: []string{"ResizeObserver"}}, false},
		{syntax.Type{}, false},
	} {
		if got := a.ofGlobal(tt.of); got != tt.want {
			t.Errorf("%+v: %t", tt.of, got)
		}
	}
	if (&Acquire{From: []string{"observers"}, Types: []string{"T"}}).ofGlobal(syntax.Type{Path: []string{"T"}}) {
		t.Error("a module's type is none of the platform's")
	}
}
