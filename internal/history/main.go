// Command history measures unleak on leaks that people mended. In go tables of
// commits (commits.tsv), each with the place where a leaking resource was acquired
// before and after it, and a folder with clones of the repositories. Out comes a
// Markdown table: for every leak whether unleak reports it in the commit's parent,
// what it would do about it, and whether it is silent once people had mended it.
//
// Nothing of a repository is executed or checked out: sources and settings are
// read from its objects into a temporary folder, and looked at there.
package main

import (
	"context"
	"encoding/csv"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/unleak-dev/unleak/internal/snapshot"
	"github.com/unleak-dev/unleak/transforms"
)

// Row is one leak and the commit that mended it.
type Row struct {
	Repository, Commit string
	Path               string // in the parent of Commit
	Line               int    // of the acquisition
	FixedPath          string // in Commit
	FixedLine          int    // 0: the acquisition is gone
	Resource           string
	Way                transforms.Way
	What               string // for people: what was left alive, and when
	Table              string // the file that it stands in
	Read               string // what a reader of the parent's code alone called it: real, not, or "" if nobody read it
}

// Verdict is what came of a row. If Problem is set, nothing did.
type Verdict struct {
	Row
	Problem  string
	Reported bool
	Others   []string // kinds of other resources, reported at the same place
	Silent   bool     // after the commit
	Fix      string   // how far it may be applied; "": none
	Refusal  string   // why there is none
}

var columns = []string{"repository", "commit", "path", "line", "fixed_path", "fixed_line", "resource", "way", "what"}

func main() {
	mirror := flag.String("mirror", "", "folder with the clones: OWNER/NAME, OWNER/NAME.git, OWNER+NAME or OWNER+NAME/repo")
	only := flag.String("only", "", "only repositories whose OWNER/NAME contains this")
	rows := flag.String("rows", "internal/history/commits.tsv", "the tables of commits, with commas between them")
	read := flag.String("read", "internal/history/read.tsv", "a table of what readers of the parents' code called the rows")
	table := flag.String("table", "", "a Markdown file to write the result to (default: standard output)")
	flag.Usage = func() {
		fmt.Fprintln(os.Stderr, "usage: history -mirror DIR [-only REPO] [-rows FILE,...] [-read FILE] [-table FILE]")
		flag.PrintDefaults()
	}
	flag.Parse()
	if *mirror == "" || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := measureAll(ctx, *mirror, *only, strings.Split(*rows, ","), *read, *table); err != nil {
		fmt.Fprintln(os.Stderr, "history: "+err.Error())
		os.Exit(1)
	}
}

func measureAll(ctx context.Context, mirror, only string, tables []string, read, table string) error {
	verdictOf, err := readVerdicts(read)
	if err != nil {
		return err
	}
	var rows []Row
	for _, name := range tables {
		of, err := readRows(name)
		if err != nil {
			return err
		}
		rows = append(rows, of...)
	}
	for i, r := range rows {
		rows[i].Read = verdictOf[r.place()]
	}
	var verdicts []Verdict
	m := &measurer{mirror: mirror}
	defer m.close()
	for _, r := range rows {
		if !strings.Contains(r.Repository, only) {
			continue
		}
		v := m.measure(ctx, r)
		if err := ctx.Err(); err != nil {
			return err
		}
		if v.Problem != "" {
			fmt.Fprintf(os.Stderr, "%s %.12s %s:%d: %s\n", r.Repository, r.Commit, r.Path, r.Line, v.Problem)
		}
		verdicts = append(verdicts, v)
	}
	if len(verdicts) == 0 {
		return errors.New("no row is about such a repository")
	}
	text := markdown(verdicts)
	if table == "" {
		_, err := os.Stdout.WriteString(text)
		return err
	}
	return os.WriteFile(table, []byte(text), 0o644)
}

// readRows reads the table. A row that cannot be right is an error: a
// measurement over half a table would look like one over all of it.
func readRows(name string) ([]Row, error) {
	records, err := readTable(name, columns)
	if err != nil {
		return nil, err
	}
	var rows []Row
	for i, rec := range records {
		r, err := newRow(rec)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, i+2, err)
		}
		r.Table = filepath.Base(name)
		rows = append(rows, r)
	}
	return rows, nil
}

// readTable reads a table of texts with tabs between them, and returns its rows without the first,
// which has to name the columns.
func readTable(name string, columns []string) ([][]string, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	in := csv.NewReader(f)
	in.Comma, in.LazyQuotes, in.FieldsPerRecord = '\t', true, len(columns)
	records, err := in.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(records) == 0 || strings.Join(records[0], " ") != strings.Join(columns, " ") {
		return nil, fmt.Errorf("%s: want the columns %s", name, strings.Join(columns, ", "))
	}
	return records[1:], nil
}

func newRow(rec []string) (Row, error) {
	r := Row{
		Repository: rec[0], Commit: rec[1], Path: rec[2], FixedPath: rec[4],
		Resource: rec[6], Way: transforms.Way(rec[7]), What: rec[8],
	}
	var err, fixedErr error
	r.Line, err = strconv.Atoi(rec[3])
	r.FixedLine, fixedErr = strconv.Atoi(rec[5])
	switch {
	case !snapshot.IsRepository(r.Repository):
		return r, fmt.Errorf("%q is not OWNER/NAME", r.Repository)
	case !snapshot.IsCommit(r.Commit):
		return r, fmt.Errorf("%q is not the full hash of a commit", r.Commit)
	case err != nil || r.Line < 1:
		return r, fmt.Errorf("%q is not a line", rec[3])
	case fixedErr != nil || r.FixedLine < 0:
		return r, fmt.Errorf("%q is not a line", rec[5])
	case !clean(r.Path) || !clean(r.FixedPath):
		return r, fmt.Errorf("%q or %q is not a path in a repository", r.Path, r.FixedPath)
	case kindsOf[r.Resource] == nil:
		return r, fmt.Errorf("no kind of leak is known to be about a resource %q", r.Resource)
	case r.What == "":
		return r, errors.New("says not what was left alive")
	}
	switch r.Way {
	case transforms.NeverReleased, transforms.MissingPath, transforms.WrongRelease, transforms.Overwritten:
		return r, nil
	}
	return r, fmt.Errorf("%q is not a way to leak", r.Way)
}

func clean(p string) bool {
	return p != "." && path.Clean(p) == p && !path.IsAbs(p) && p != ".." && !strings.HasPrefix(p, "../")
}
