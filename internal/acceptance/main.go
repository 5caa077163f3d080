// Command acceptance runs unleak on a checkout of a public repository and
// compares what it finds with what a reader found there: the rows of a table,
// the places that must stay silent, the same after every row was mended by hand,
// after every release was taken out, and after everything was renamed; then that
// the fixes apply, settle, parse, and type-check. With --branches it proposes the
// table's commit out of a clone instead, and checks the branches.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Table is what a reader found in a repository.
type Table struct {
	Repository, Commit string
	Rows               []Row
	Silent             []Quiet
	Others             []Other
	Typecheck          struct {
		Paths   map[string][]string
		Include []string
		Extends string
	}
}

// Row is one leak or offer that must be found.
type Row struct {
	Name, Path, Standing string
	Lines                []int
	Kinds                []string
	Mend                 []Replacement
	Append               string
}

// Replacement replaces the lines From to To, or inserts before From.
type Replacement struct {
	From, To int
	Text     string
}

// Quiet is a place that must not be reported, unless its release is taken out.
type Quiet struct {
	Path, Release, Kind string
	Line, Findings      int
}

// Other is a finding that is in no row.
type Other struct {
	Path, Kind, Verdict string
	Line                int
}

func main() {
	modules := flag.String("modules", "", "node_modules folder with the external packages and typescript, for the type check")
	branches := flag.Bool("branches", false, "CHECKOUT is a clone with the table's commit: make branches of it and check those")
	flag.Usage = func() {
		fmt.Fprintln(os.Stderr, "usage: acceptance [--modules DIR] [--branches] TABLE CHECKOUT")
	}
	flag.Parse()
	if flag.NArg() != 2 {
		flag.Usage()
		os.Exit(2)
	}
	if err := accept(context.Background(), flag.Arg(0), flag.Arg(1), *modules, *branches); err != nil {
		fmt.Fprintln(os.Stderr, "acceptance: "+err.Error())
		os.Exit(1)
	}
}

func accept(ctx context.Context, tableFile, checkout, modules string, branches bool) error {
	data, err := os.ReadFile(tableFile)
	if err != nil {
		return err
	}
	var t Table
	d := yaml.NewDecoder(strings.NewReader(string(data)))
	d.KnownFields(true)
	if err := d.Decode(&t); err != nil {
		return fmt.Errorf("%s: %w", tableFile, err)
	}
	work, err := os.MkdirTemp("", "unleak-acceptance-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	c := &checker{ctx: ctx, table: t, dir: filepath.Join(work, "tree"), modules: modules}
	if branches {
		return c.all([]step{{"branches hold what the phases say", func() error { return c.branches(checkout) }}})
	}
	if err := c.copyTree(checkout); err != nil {
		return err
	}
	return c.all([]step{
		{"rows, and nothing else", c.rows},
		{"silent when mended by hand", c.mended},
		{"reported when the release is taken out", c.takenOut},
		{"the same when everything is renamed", c.renamed},
		{"fixes apply, settle and parse", c.fixed},
	})
}

// all runs steps and sums up.
func (c *checker) all(steps []step) error {
	for _, step := range steps {
		fmt.Printf("%s\n", step.name)
		if err := step.run(); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
	}
	if c.failures > 0 {
		return fmt.Errorf("%d checks failed", c.failures)
	}
	fmt.Printf("all %d checks passed\n", c.checks)
	return nil
}

type step struct {
	name string
	run  func() error
}

type checker struct {
	ctx              context.Context
	table            Table
	dir              string
	modules          string
	checks, failures int
}

func (c *checker) check(ok bool, format string, args ...any) {
	c.checks++
	mark := "ok  "
	if !ok {
		c.failures++
		mark = "FAIL"
	}
	fmt.Printf("  %s %s\n", mark, fmt.Sprintf(format, args...))
}

// rows: every row is found at its place, and what else is found was judged.
func (c *checker) rows() error {
	found, err := c.scan()
	if err != nil {
		return err
	}
	known := map[finding]bool{}
	for _, r := range c.table.Rows {
		for _, line := range r.Lines {
			i := slices.IndexFunc(found, func(f finding) bool {
				return f.path == r.Path && f.line == line && slices.Contains(r.Kinds, f.kind) && f.standing == r.Standing
			})
			c.check(i >= 0, "row %s: line %d", r.Name, line)
			if i >= 0 {
				known[found[i]] = true
			}
		}
	}
	for _, o := range c.table.Others {
		for _, f := range found {
			if f.path == o.Path && f.line == o.Line && f.kind == o.Kind {
				known[f] = true
			}
		}
	}
	for _, f := range found {
		if !known[f] {
			c.check(false, "nobody judged %s", f)
		}
	}
	for _, q := range c.table.Silent {
		c.check(!slices.ContainsFunc(found, q.is), "silent: %s %s", q.Path, q.Kind)
	}
	return nil
}

func (q Quiet) is(f finding) bool {
	return f.path == q.Path && (q.Kind == "" || f.kind == q.Kind) && (q.Line == 0 || f.line == q.Line)
}

// mended: each row is gone once its mend was made, and only that.
func (c *checker) mended() error {
	for _, r := range c.table.Rows {
		found, err := c.scanWith(r.Path, func(text string) string { return applyMends(text, r) })
		if err != nil {
			return err
		}
		left := slices.DeleteFunc(found, func(f finding) bool { return f.path != r.Path || !slices.Contains(r.Kinds, f.kind) })
		c.check(len(left) == 0, "row %s%s", r.Name, list(left))
	}
	return nil
}

func applyMends(text string, r Row) string {
	lines := strings.Split(text, "\n")
	mends := slices.Clone(r.Mend)
	slices.SortFunc(mends, func(a, b Replacement) int { return b.From - a.From })
	for _, m := range mends {
		to := m.To
		if to == 0 {
			to = m.From - 1
		}
		lines = slices.Replace(lines, m.From-1, to, m.Text)
	}
	return strings.Join(lines, "\n") + "\n" + r.Append + "\n"
}

// takenOut: each silent place that has a release is reported without it.
func (c *checker) takenOut() error {
	for _, q := range c.table.Silent {
		if q.Release == "" {
			continue
		}
		found, err := c.scanWith(q.Path, func(text string) string { return takeOut(c.ctx, q.Path, text, q.Release) })
		if err != nil {
			return err
		}
		n := 0
		for _, f := range found {
			if f.path == q.Path && f.kind == q.Kind {
				n++
			}
		}
		c.check(n == q.Findings, "%s without %s: %d of %d", q.Path, q.Release, n, q.Findings)
	}
	return nil
}

func list(fs []finding) string {
	var b strings.Builder
	for _, f := range fs {
		fmt.Fprintf(&b, "\n       still %s", f)
	}
	return b.String()
}
