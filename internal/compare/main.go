// Command compare times unleak against ast-grep on one tree, in alternating runs:
//
//	go run ./internal/compare -tree DIR [-ast-grep PATH]
//	go run ./internal/compare -tree DIR -copies N
//
// ast-grep looks for six patterns in TypeScript by one rule. unleak scans twice:
// for the kinds that those patterns touch, and for all. Tests and scripts are
// looked at by both. The medians and the ratios are printed.
//
// With -copies unleak scans one copy of the tree, and N of them in one folder: how its
// time and memory grow with the number of files.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// patterns are what ast-grep looks for.
var patterns = []string{"setInterval($$$A)", "setTimeout($$$A)", "$X.subscribe($$$A)", "$X.addEventListener($$$A)", "$X.on($$$A)", "puppeteer.launch($$$A)"}

// touched are words in the names of the kinds that the patterns touch.
var touched = []string{"interval", "timeout", "rxjs-subscription", "listener", "emitter", "browser"}

func main() {
	tree := flag.String("tree", "", "the folder to scan")
	astGrep := flag.String("ast-grep", "ast-grep", "the program of the npm package @ast-grep/cli")
	runs := flag.Int("runs", 7, "how often each command runs")
	copies := flag.Int("copies", 0, "scan so many copies of the tree beside one, and leave ast-grep out")
	flag.Parse()
	if err := compare(*tree, *astGrep, *runs, *copies); err != nil {
		fmt.Fprintln(os.Stderr, "compare:", err)
		os.Exit(2)
	}
}

type contestant struct {
	name  string
	cmd   []string
	times []time.Duration
	cpu   []time.Duration // of all processors together
	peak  int64           // in kB
}

func compare(tree, astGrep string, runs, copies int) error {
	if tree == "" || runs < 1 || copies < 0 {
		return errors.New("want -tree DIR, at least one run and no negative number of copies")
	}
	tree, err := filepath.Abs(tree)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "unleak-compare-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	unleak := filepath.Join(dir, "unleak")
	if out, err := exec.Command("go", "build", "-o", unleak, "./cmd/unleak").CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, out)
	}
	var all []*contestant
	if copies > 0 {
		all, err = copied(dir, tree, unleak, copies)
	} else {
		all, err = beside(dir, tree, unleak, astGrep)
	}
	if err != nil {
		return err
	}
	for i := range runs + 1 { // the first warms the cache of files
		for _, c := range all {
			took, cpu, peak, err := once(c.cmd)
			if err != nil {
				return err
			}
			if i > 0 {
				c.times, c.cpu = append(c.times, took), append(c.cpu, cpu)
				c.peak = max(c.peak, peak)
			}
		}
	}
	first := all[0]
	for _, c := range all {
		fmt.Printf("%6.2f s (%.2f)  cpu %6.2f s (%.2f)  %4d MB (%.2f)  %s\n", median(c.times).Seconds(), ratio(c.times, first.times),
			median(c.cpu).Seconds(), ratio(c.cpu, first.cpu), c.peak>>10, float64(c.peak)/float64(first.peak), c.name)
	}
	return nil
}

// scan is the command that scans a folder.
func scan(unleak, tree string, more ...string) []string {
	cmd := []string{unleak, "scan", "--root", tree, "--format", "json", "--exit-zero", "--quiet", "--include-tests", "--include-scripts"}
	return append(append(cmd, more...), tree)
}

// beside are ast-grep, and the scans that are held against it.
func beside(dir, tree, unleak, astGrep string) ([]*contestant, error) {
	astGrep, err := exec.LookPath(astGrep)
	if err != nil {
		return nil, fmt.Errorf("%w; `npm i -g @ast-grep/cli` installs it", err)
	}
	text := "id: six\nlanguage: typescript\nrule:\n  any:\n"
	for _, p := range patterns {
		text += "    - pattern: " + p + "\n"
	}
	rule := filepath.Join(dir, "six.yml")
	if err := os.WriteFile(rule, []byte(text), 0o644); err != nil {
		return nil, err
	}
	kinds, err := touchedKinds(unleak)
	if err != nil {
		return nil, err
	}
	return []*contestant{
		{name: "ast-grep, six patterns", cmd: []string{astGrep, "scan", "--rule", rule, "--json=stream", tree}},
		{name: "unleak, " + strings.Join(kinds, " "), cmd: scan(unleak, tree, "--kind", strings.Join(kinds, ","))},
		{name: "unleak, all kinds", cmd: scan(unleak, tree)},
	}, nil
}

// copied are scans of one copy of a tree, and of many.
func copied(dir, tree, unleak string, copies int) ([]*contestant, error) {
	one, many := filepath.Join(dir, "one"), filepath.Join(dir, "many")
	to := []string{filepath.Join(one, "0")}
	for i := range copies {
		to = append(to, filepath.Join(many, strconv.Itoa(i)))
	}
	for _, c := range to {
		if err := os.CopyFS(c, os.DirFS(tree)); err != nil {
			return nil, err
		}
	}
	return []*contestant{
		{name: "unleak, the tree", cmd: scan(unleak, one)},
		{name: fmt.Sprintf("unleak, %d copies", copies), cmd: scan(unleak, many)},
	}, nil
}

// touchedKinds are the kinds of this build whose names have one of the words.
func touchedKinds(unleak string) ([]string, error) {
	out, err := exec.Command(unleak, "--root", filepath.Dir(unleak), "kinds").Output()
	if err != nil {
		return nil, err
	}
	var kinds []string
	for line := range strings.Lines(string(out)) {
		name := strings.Fields(line)[0]
		if slices.ContainsFunc(touched, func(w string) bool { return strings.Contains(name, w) }) {
			kinds = append(kinds, name)
		}
	}
	return kinds, nil
}

// once runs a command, whose output is thrown away. Both programs exit with 1 for
// findings.
func once(command []string) (took, cpu time.Duration, peak int64, err error) {
	cmd := exec.Command(command[0], command[1:]...)
	began := time.Now()
	err = cmd.Run()
	took = time.Since(began)
	var ee *exec.ExitError
	if errors.As(err, &ee) && ee.ExitCode() == 1 {
		err = nil
	}
	if err != nil {
		return 0, 0, 0, fmt.Errorf("%s: %w", command[0], err)
	}
	return took, cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), peakOf(cmd.ProcessState), nil
}

func median(times []time.Duration) time.Duration {
	s := slices.Sorted(slices.Values(times))
	return s[len(s)/2]
}

// ratio is the median of the ratios run by run: the machine may drift between runs.
func ratio(a, b []time.Duration) float64 {
	var r []float64
	for i := range a {
		r = append(r, a[i].Seconds()/b[i].Seconds())
	}
	slices.Sort(r)
	return r[len(r)/2]
}
