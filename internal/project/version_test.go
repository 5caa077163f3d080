package project

import "testing"

func TestLeast(t *testing.T) {
	for rng, want := range map[string]string{
		"24": "24", "v24.1.0": "24.1", "=24.0.1": "24.0.1", ">=24": "24", ">= 24.2": "24.2", ">=24.x": "24", "24.x": "24", "24.2.*": "24.2",
		"^24.1.0": "24.1", "~24.1": "24.1", "~> 24.1": "24.1", "": "0", "*": "0", "x": "0", ">=x": "0",
		">23": "24", ">23.1": "23.2", ">23.1.2": "23.1.3", ">*": "0", "<25": "0", "<=24": "0",
		">=22 <25": "22", "<25 >=22": "22", ">=20 >=24": "24", ">=24 >=20": "24", "> 20 < 24": "21",
		"^20 || ^22 || >=24": "20", ">=24||>=22": "22", "24 || ": "0",
		"22 - 24": "22", "22.1.0 - 24.x": "22.1", "24.0.0-rc.1": "24", "^24.0.0-beta.2+build": "24",
		"npm:puppeteer-core@25.4.0": "25.4", "npm:@scope/it@^2.1": "2.1",
	} {
		if got, ok := Least(rng); !ok || got.String() != want {
			t.Errorf("the least of %q is %v, %t, want %s", rng, got, ok, want)
		}
	}
	for _, rng := range []string{"latest", "workspace:^1.0.0", "catalog:", "file:../x", "github:a/b", "24 || next", "1 - next", "npm:x", "npm:@scope/x", "^", ">=24 next", "24.1.2.3", "99999999999"} {
		if got, ok := Least(rng); ok {
			t.Errorf("the least of %q is %v", rng, got)
		}
	}
}

func TestBefore(t *testing.T) {
	for _, rng := range []string{"18", "^18.2", "~18.20.1", "<19", "<19.0.0", "<=18", ">=14.21.0 <17 || >=18 <19", "14 - 18", "18.x", ">= 14 < 19", "=18.1.0"} {
		if !before(rng, 19) {
			t.Errorf("%q allows 19", rng)
		}
	}
	for _, rng := range []string{"", "*", "x", ">=18", ">18", "^18 || ^20", "^18 || >=20", "<20", "<19.1", "<=19", "14 - 20", "latest", ">=18 || <17"} {
		if before(rng, 19) {
			t.Errorf("%q does not allow 19", rng)
		}
	}
	p := tree(t, map[string]string{"package.json": `{"engines": {"node": ">=16 <19"}}`, "packages/a/package.json": `{"engines": {"node": ">=18"}}`, "packages/b/package.json": `{}`})
	for file, want := range map[string]bool{"a.ts": true, "packages/a/a.ts": false, "packages/b/src/a.ts": true} {
		if p.NodeBefore(file, 19) != want {
			t.Errorf("%s is run by Node before 19: want %t", file, want)
		}
	}
}

func TestParseVersion(t *testing.T) {
	for s, want := range map[string]Version{"24": {24}, "20.5": {20, 5}, "1.52.3": {1, 52, 3}, "0.0.1": {0, 0, 1}} {
		if got, ok := ParseVersion(s); !ok || got != want || got.String() != s {
			t.Errorf("%s is read as %v, %t", s, got, ok)
		}
	}
	for _, s := range []string{"", "x", "1.", "1.2.3.4", "-1", "1.2-rc", "v1"} {
		if got, ok := ParseVersion(s); ok {
			t.Errorf("%q is read as %v", s, got)
		}
	}
	if a, b := (Version{20, 5}), (Version{20, 10}); !a.Less(b) || b.Less(a) || a.Less(a) {
		t.Error("20.5 comes before 20.10")
	}
}

func TestVersionOf(t *testing.T) {
	p := tree(t, map[string]string{
		"package.json":                                   `{"name": "root", "engines": {"node": ">=24"}, "devDependencies": {"typescript": "^5.4.0", "puppeteer": "^20", "jest": "latest", "mocha": "workspace:*"}}`,
		"node_modules/jest/package.json":                 `{"name": "jest", "version": "29.7.0"}`,
		"packages/a/package.json":                        `{"name": "a", "dependencies": {"puppeteer": "^25.4.0"}, "engines": {"npm": ">=9"}}`,
		"packages/b/package.json":                        `{"name": "b", "engines": {"node": "^20.1 || >=22"}, "peerDependencies": {"puppeteer": ">=22", "ws": "*"}, "devDependencies": {"puppeteer": "25.9.0"}}`,
		"packages/c/package.json":                        `{"name": "c", "engines": ["node >= 0.8"], "dependencies": {"jest": "next"}, "peerDependencies": {"puppeteer": "latest"}}`,
		"packages/c/node_modules/jest/package.json":      `{"name": "jest", "version": "30.0.1"}`,
		"packages/c/node_modules/puppeteer/package.json": `{"name": "puppeteer", "version": "25.1.0"}`,
	})
	for _, tt := range []struct{ file, name, want string }{
		{"a.ts", "typescript", "5.4"}, {"packages/a/src/a.ts", "typescript", "5.4"}, {"packages/a/src/a.ts", "puppeteer", "25.4"}, {"packages/b/a.ts", "puppeteer", "22"},
		{"packages/b/a.ts", "ws", "0"}, {"a.ts", "jest", "29.7"}, {"packages/a/a.ts", "jest", "29.7"}, {"packages/c/a.ts", "jest", "30.0.1"}, {"packages/c/a.ts", "puppeteer", "25.1"},
		{"a.ts", "mocha", ""}, {"a.ts", "ws", ""},
	} {
		got, ok := p.VersionOf(tt.file, tt.name)
		if ok != (tt.want != "") || ok && got.String() != tt.want {
			t.Errorf("%s of %s is %v, %t, want %q", tt.name, tt.file, got, ok, tt.want)
		}
	}
	for file, want := range map[string]string{"a.ts": "24", "packages/a/src/a.ts": "24", "packages/b/a.ts": "20.1", "packages/c/a.ts": "24"} {
		if got, ok := p.NodeOf(file); !ok || got.String() != want {
			t.Errorf("Node of %s is %v, %t, want %s", file, got, ok, want)
		}
	}
	if got, ok := tree(t, map[string]string{"package.json": `{"engines": {"node": "lts"}}`}).NodeOf("a.ts"); ok {
		t.Errorf("lts is %v", got)
	}
	if got, ok := tree(t, map[string]string{"package.json": `{}`}).NodeOf("src/a.ts"); ok {
		t.Errorf("nothing is %v", got)
	}
}

func TestLib(t *testing.T) {
	for options, want := range map[string]struct{ disposes, dom bool }{
		`{}`:                   {false, true},
		`{"target": "ESNext"}`: {true, true},
		`{"target": "es2022"}`: {false, true},
		`{"target": "esnext", "lib": ["es2022"]}`:                        {false, false},
		`{"target": "es2022", "lib": ["ES2022", "ESNext.Disposable"]}`:   {true, false},
		`{"target": "es2022", "lib": ["esnext", "DOM", "DOM.Iterable"]}`: {true, true},
		`{"lib": ["esnext.full"]}`:                                       {true, true},
		`{"target": "esnext", "lib": []}`:                                {false, false},
	} {
		c := tree(t, map[string]string{"tsconfig.json": `{"compilerOptions": ` + options + `}`}).TSConfigOf("a.ts")
		if c.Disposes() != want.disposes || c.DOM() != want.dom {
			t.Errorf("%s: disposes %t, DOM %t, want %v", options, c.Disposes(), c.DOM(), want)
		}
	}
	p := tree(t, map[string]string{"base.json": `{"compilerOptions": {"lib": ["esnext"]}}`, "tsconfig.json": `{"extends": "./base.json", "compilerOptions": {"target": "es2022"}}`,
		"a/tsconfig.json": `{"extends": "../base.json", "compilerOptions": {"lib": ["es2020"], "noUnusedLocals": true}}`, "a/b/tsconfig.json": `{"extends": "../tsconfig.json"}`,
		"a/c/tsconfig.json": `{"extends": "../tsconfig.json", "compilerOptions": {"noUnusedLocals": false}}`})
	for file, want := range map[string]bool{"x.ts": false, "a/x.ts": true, "a/b/x.ts": true, "a/c/x.ts": false} {
		if got := p.TSConfigOf(file).NoUnusedLocals; got != want {
			t.Errorf("%s: noUnusedLocals is %t", file, got)
		}
	}
	if !p.TSConfigOf("x.ts").Disposes() || p.TSConfigOf("a/x.ts").Disposes() {
		t.Error("lib is inherited, and a file's own goes first")
	}
}
