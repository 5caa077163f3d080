// Command rivals compares unleak with the tools that report leaks in front-end code:
// oxlint-plugin-react-doctor, the web-api rules of @eslint-react/eslint-plugin, and
// the subscription rules of eslint-plugin-rxjs-x. In go the list of repositories
// (repositories.txt), a folder with clones of them, and what a reader who saw only
// the code found of each place (verdicts.tsv). Out comes a Markdown table: which tool
// reports which place, and how many true leaks and false ones each of them has.
//
// All tools are given the same files of one commit, read from the clone's objects
// into a temporary folder; nothing of a repository is executed. What the rivals need
// is installed by `npm ci --prefix internal/rivals --ignore-scripts`, with a Node that
// they still run on (22 or newer), which -node names if it is not the one on the PATH.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
)

func main() {
	var o options
	flag.StringVar(&o.mirror, "mirror", "", "folder with the clones: OWNER/NAME, OWNER/NAME.git, OWNER+NAME or OWNER+NAME/repo")
	flag.StringVar(&o.node, "node", "node", "the Node that the rivals are run with")
	flag.StringVar(&o.home, "rivals", "internal/rivals", "the folder in which the rivals are installed")
	flag.StringVar(&o.list, "list", "internal/rivals/repositories.txt", "the list of repositories")
	flag.StringVar(&o.verdicts, "verdicts", "internal/rivals/verdicts.tsv", "what a reader found")
	flag.BoolVar(&o.only, "only-rivals", false, "run the rivals and not unleak")
	out := flag.String("out", "", "a Markdown file to write the result to (default: standard output)")
	flag.Usage = func() {
		fmt.Fprintln(os.Stderr, "usage: rivals -mirror DIR [-node NODE] [-only-rivals] [-out FILE]")
		flag.PrintDefaults()
	}
	flag.Parse()
	if o.mirror == "" || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	text, err := compare(ctx, o)
	if err == nil && *out == "" {
		_, err = os.Stdout.WriteString(text)
	} else if err == nil {
		err = os.WriteFile(*out, []byte(text), 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "rivals: "+err.Error())
		os.Exit(1)
	}
}

type options struct {
	mirror, node, home, list, verdicts string
	only                               bool
}

// compare runs all tools on all repositories and returns the Markdown. A tool or a
// repository that cannot be run is an error, and so is a place without a verdict: a
// comparison of part of them would look like one of all.
func compare(ctx context.Context, o options) (string, error) {
	home, err := filepath.Abs(o.home)
	if err != nil {
		return "", err
	}
	repositories, err := readList(o.list)
	if err != nil {
		return "", err
	}
	verdicts, err := readVerdicts(o.verdicts)
	if err != nil {
		return "", err
	}
	tools := rivals(home, o.node)
	if !o.only {
		tools = append(tools, tool{name: unleak, run: scan})
	}
	var places []*Place
	for _, r := range repositories {
		of, err := r.visit(ctx, o.mirror, home, tools)
		if err != nil {
			return "", fmt.Errorf("%s: %w", r.Name, err)
		}
		places = append(places, of...)
	}
	if err := judge(places, verdicts, !o.only); err != nil {
		return "", err
	}
	versions, err := installed(home)
	if err != nil {
		return "", err
	}
	return page(places, tools, versions), nil
}
