package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"unleak": func() { os.Exit(Main()) }})
}

// TestScript runs the command line as people do. `unix2dos FILE...` gives files
// CRLF line ends, `bom FILE` a byte order mark, `trim FILE` takes the final
// newline away: txtar cannot hold such files.
// `marks FILE...` makes a txtar of a file in which the marks are `@ NAME @`.
func TestScript(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("..", "..", "testdata", "script"),
		UpdateScripts:       os.Getenv("UPDATE_SCRIPTS") != "",
		RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("NO_COLOR", "")
			e.Setenv("GIT_CONFIG_GLOBAL", os.DevNull)
			e.Setenv("GIT_AUTHOR_NAME", "a")
			e.Setenv("GIT_AUTHOR_EMAIL", "a@example.org")
			e.Setenv("GIT_COMMITTER_NAME", "a")
			e.Setenv("GIT_COMMITTER_EMAIL", "a@example.org")
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"bom":   rewrite(func(s string) string { return "\ufeff" + s }),
			"trim":  rewrite(func(s string) string { return strings.TrimRight(s, "\n") }),
			"crlf":  rewrite(func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }),
			"fill":  rewrite(func(s string) string { return strings.Repeat(s, 1+(50<<20)/len(s)) }),
			"zero":  rewrite(func(s string) string { return s + "\x00" }),
			"marks": rewrite(func(s string) string { return txtarMark.ReplaceAllString(s, "-- $1 --") }),
			"bad8":  rewrite(func(s string) string { return s + "// \xff\xfe\xfd\n" }),
		},
	})
}

// txtarMark stands for the mark that begins a file in a txtar within a txtar.
var txtarMark = regexp.MustCompile(`(?m)^@ (\S+) @$`)

func rewrite(change func(string) string) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, neg bool, args []string) {
		for _, name := range args {
			file := ts.MkAbs(name)
			data, err := os.ReadFile(file)
			ts.Check(err)
			ts.Check(os.WriteFile(file, []byte(change(string(data))), 0o644))
		}
	}
}
