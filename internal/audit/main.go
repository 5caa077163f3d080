// Command audit measures unleak on public repositories as they are. In go the list
// of repositories (repositories.txt), in named sets and each with a commit, and a
// folder with clones of them.
//
// Without -fix, out comes a Markdown table of leaks to be judged by a reader: drawn
// at random from all that a scan with the default options reports in the set, in an
// order that only the commits decide, so that it is the same on every run. With -fix
// all fixes are made, unsafe ones included, and out comes what they did to the code:
// whether it still parses, whether a second run would change anything, whether
// anything changed that no fix meant to.
//
// Nothing of a repository is executed or checked out there: sources and settings are
// read from its objects into a temporary folder, and looked at and changed there.
//
// With -build each repository of the set that has a recipe is checked out, its
// packages are installed, and its own type check and build are run before and after
// all fixes. That executes its code, and what it installs: it is for a machine on
// which that may be done.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
)

func main() {
	mirror := flag.String("mirror", "", "folder with the clones: OWNER/NAME, OWNER/NAME.git, OWNER+NAME or OWNER+NAME/repo")
	set := flag.String("set", "", "the set of repositories to look at")
	n := flag.Int("n", 50, "how many leaks to draw")
	fix := flag.Bool("fix", false, "make all fixes and report what they did, instead of drawing leaks")
	build := flag.String("build", "", "a file of recipes: install, type-check and build those of the set that have one, before and after all fixes")
	only := flag.String("only", "", "with -build, only this repository of the set")
	list := flag.String("list", "internal/audit/repositories.txt", "the list of repositories")
	out := flag.String("out", "", "a Markdown file to write the result to (default: standard output)")
	flag.Usage = func() {
		fmt.Fprintln(os.Stderr, "usage: audit -mirror DIR -set NAME [-n COUNT | -fix | -build FILE [-only OWNER/NAME]] [-list FILE] [-out FILE]")
		flag.PrintDefaults()
	}
	flag.Parse()
	if *mirror == "" || *set == "" || *n < 0 || flag.NArg() > 0 || *fix && *build != "" {
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var text string
	var err error
	if *build != "" {
		text, err = builds(ctx, *list, *set, *build, *only, *mirror)
	} else {
		text, err = audit(ctx, *list, *set, *mirror, *n, *fix)
	}
	if text != "" {
		err = errors.Join(err, write(*out, text))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "audit: "+err.Error())
		os.Exit(1)
	}
}

// audit takes the repositories of a set, one after the other, and returns the
// Markdown. A repository that cannot be read is an error: a measurement over part of
// a set would look like one over all of it.
func audit(ctx context.Context, list, set, mirror string, n int, fix bool) (string, error) {
	repositories, err := readList(list, set)
	if err != nil {
		return "", err
	}
	var scans []*Scan
	var fixes []*Outcome
	for _, r := range repositories {
		err := r.visit(ctx, mirror, func(dir string) error {
			if fix {
				o, err := fixAll(ctx, r, dir)
				fixes = append(fixes, o)
				return err
			}
			s, err := scan(ctx, r, dir)
			scans = append(scans, s)
			return err
		})
		if err != nil {
			return "", fmt.Errorf("%s: %w", r.Name, err)
		}
	}
	if fix {
		return fixTable(set, fixes), nil
	}
	all := pool(scans)
	return sampleTable(set, scans, all, draw(all, seedOf(repositories), n)), nil
}

func write(name, text string) error {
	if name == "" {
		_, err := os.Stdout.WriteString(text)
		return err
	}
	return os.WriteFile(name, []byte(text), 0o644)
}

// cell keeps a text from ending its cell.
func cell(s string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ").Replace(s)
}
