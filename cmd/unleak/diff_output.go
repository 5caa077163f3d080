package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/unleak-dev/unleak/internal/leaktest"
	"github.com/unleak-dev/unleak/internal/page"
	"github.com/unleak-dev/unleak/internal/report"
	"github.com/unleak-dev/unleak/internal/run"
	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
	"github.com/unleak-dev/unleak/transforms"
)

const diffOutputHelp = `With --side-by-side old and new stand in two columns, as wide as the terminal, as
COLUMNS says, or 160. With --format html it is one page that loads nothing, with
filters and a search; with markdown a comment for a pull request; with json all there
is to know of each fix, and of what was left alone.

On a terminal the output goes through a pager: what UNLEAK_PAGER, GIT_PAGER or PAGER
names, else less; "cat" or nothing turns it off.`

// widest is more than a terminal has.
const widest = 1000

// pipedWidth is how wide two columns are where nothing says how wide they should be.
const pipedWidth = 160

func diffFormats() []string { return []string{"unified", "html", "markdown", "json"} }

// diffOutput holds the flags that say how fixes are shown, and where.
type diffOutput struct {
	format           string
	sideBySide, stat bool
	file             string
	noPager          bool
}

func (o *diffOutput) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.BoolVar(&o.stat, "stat", false, "only how much would change in which file")
	f.BoolVar(&o.sideBySide, "side-by-side", false, "old and new in two columns")
	f.StringVar(&o.format, "format", "unified", "output: unified, html, markdown or json")
	f.StringVarP(&o.file, "output", "o", "", "write to this file; one that is there is replaced")
	f.BoolVar(&o.noPager, "no-pager", false, "no pager on a terminal")
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(diffFormats(), cobra.ShellCompDirectiveNoFileComp))
}

// check refuses what does not go together, before anything is computed.
func (o *diffOutput) check() error {
	switch {
	case !slices.Contains(diffFormats(), o.format):
		return fmt.Errorf("--format: want unified, html, markdown or json, got %q", o.format)
	case o.sideBySide && o.stat:
		return errors.New("--side-by-side and --stat exclude each other")
	case o.format != "unified" && (o.sideBySide || o.stat):
		return fmt.Errorf("--side-by-side and --stat are for a terminal; leave them or --format %s out", o.format)
	case o.file != "":
		return mayReplace(o.file)
	}
	return nil
}

// mayReplace refuses to write a preview over anything but a file that may be one.
func mayReplace(file string) error {
	if syntax.Supported(file) {
		return fmt.Errorf("--output: %s has the name of a source file; give another one", file)
	}
	info, err := os.Lstat(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		dir := filepath.Dir(file)
		if info, err := os.Stat(dir); err != nil || !info.IsDir() {
			return fmt.Errorf("--output: %s: there is no folder %s", file, dir)
		}
		return nil
	case err != nil:
		var pe *fs.PathError
		if errors.As(err, &pe) {
			err = pe.Err
		}
		return fmt.Errorf("--output: %s: %w", file, err)
	case info.Mode()&fs.ModeSymlink != 0:
		return fmt.Errorf("--output: %s is a symbolic link; name the file itself", file)
	case !info.Mode().IsRegular():
		return fmt.Errorf("--output: %s is no file, so it is not replaced", file)
	}
	return nil
}

// preview is what a run would change.
type preview struct {
	run     *run.Result
	kinds   []*transforms.Kind
	changes []patch.Change
	tests   []leaktest.Test
}

// show writes a preview where it is wanted: a file, a pager, or the output.
func (c *cli) show(ctx context.Context, o *diffOutput, p preview, paint report.Paint) error {
	if o.file != "" && c.color == "auto" {
		paint = report.Paint{}
	}
	var b bytes.Buffer
	if err := o.write(&b, p, paint, c.width(o)); err != nil {
		return err
	}
	switch {
	case o.file != "":
		if err := mayReplace(o.file); err != nil { // it may have become something else meanwhile
			return err
		}
		if err := writeFile(o.file, b.Bytes()); err != nil {
			return fmt.Errorf("--output: %w", err)
		}
		c.warn("%s has the preview", o.file)
		return nil
	case b.Len() > 0 && !o.noPager && isTerminal(c.out):
		return c.page(ctx, b.Bytes())
	}
	_, err := c.out.Write(b.Bytes())
	return err
}

func (o *diffOutput) write(w io.Writer, p preview, paint report.Paint, width int) error {
	switch {
	case o.stat:
		return writeStat(w, p.changes, paint)
	case o.sideBySide:
		return report.SideBySide(w, p.changes, width, paint)
	case o.format == "unified":
		for _, ch := range p.changes {
			if _, err := io.WriteString(w, paint.Diff(ch.Unified())); err != nil {
				return err
			}
		}
		return nil
	}
	var tests []report.PreviewTest
	for i, ch := range changesOfTests(p.tests) {
		tests = append(tests, report.PreviewTest{Path: ch.Path, For: p.tests[i].For, Class: p.tests[i].Class, Diff: ch.Unified(), Change: ch})
	}
	view := report.NewPreview(p.run, p.kinds, tests)
	switch o.format {
	case "html":
		return page.Write(w, view)
	case "markdown":
		return report.Markdown(w, view)
	}
	return view.WriteJSON(w)
}

// width is how many columns there are for two sides.
func (c *cli) width(o *diffOutput) int {
	if f, ok := c.out.(*os.File); ok && o.file == "" {
		if w, _, err := term.GetSize(int(f.Fd())); err == nil && w > 0 {
			return w
		}
	}
	if w, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && w > 0 {
		return min(w, widest)
	}
	return pipedWidth
}
