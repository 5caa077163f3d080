package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/unleak-dev/unleak/internal/project"
	"github.com/unleak-dev/unleak/internal/settings"
	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/transforms"
)

func (c *cli) whyCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "why FILE:LINE[:COLUMN]",
		Short: "Tell the history of what is acquired in a line",
		Long: `Tell what is acquired in a line, where the handle goes, and why something, or
nothing, is reported. The line of a release or of an exit that scan names does, too.
The file is looked for from the current folder, then from the project's root.`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return errors.New("want FILE:LINE")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			file, line, err := place(args[0])
			if err != nil {
				return err
			}
			if _, err := os.Stat(file); err != nil {
				if below := filepath.Join(project.RootFor(nil), file); fileExists(below) {
					file = below
				}
			}
			sel := selection{offers: true}
			s, err := c.open(cmd.Context(), []string{file}, &sel)
			if err != nil {
				return err
			}
			rel, err := s.project.Rel(absolute(file))
			if err != nil {
				return fmt.Errorf("%s: %w", file, err)
			}
			if !syntax.Supported(rel) {
				return fmt.Errorf("%s: is not a TypeScript or JavaScript file", file)
			}
			src, err := s.project.Read(rel)
			if err != nil {
				return err
			}
			f, err := syntax.Parse(cmd.Context(), rel, src)
			if err != nil {
				return err
			}
			if f.Line(line) == "" && line > strings.Count(string(src), "\n")+1 {
				return fmt.Errorf("%s: has no line %d", file, line)
			}
			// With those kinds that are turned off, too.
			m, err := transforms.NewDetector(s.project, s.kinds, true).Mend(cmd.Context(), f, func(*transforms.Fix) bool { return false })
			if err != nil {
				return err
			}
			return c.tell(s, f, m, line)
		},
	}
}

// place reads FILE:LINE or FILE:LINE:COLUMN.
func place(arg string) (file string, line int, err error) {
	parts := strings.Split(arg, ":")
	for n := 1; n <= 2 && len(parts) > n; n++ {
		at := len(parts) - n
		number, err := strconv.Atoi(parts[at])
		if err != nil || number < 1 {
			break
		}
		file, line = strings.Join(parts[:at], ":"), number
	}
	if line == 0 || file == "" {
		return "", 0, fmt.Errorf("want FILE:LINE, got %q", arg)
	}
	return file, line, nil
}

func fileExists(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// speaksOf reports whether an obligation has to do with a line.
func speaksOf(f *syntax.File, o *transforms.Obligation, line int) bool {
	covers := func(n syntax.Node, whole bool) bool {
		first, _ := f.Position(n.Start())
		last := first
		if whole {
			last, _ = f.Position(n.End())
		}
		return n.File() == f && line >= first && line <= last
	}
	if covers(o.Call, false) || covers(o.At, false) {
		return true
	}
	for _, x := range o.Exits {
		if covers(x.Node, true) {
			return true
		}
	}
	for _, st := range o.Steps {
		if covers(st.Node, false) {
			return true
		}
	}
	return false
}

func (c *cli) tell(s *session, f *syntax.File, m *transforms.Mended, line int) error {
	told := false
	for _, o := range m.Obligations {
		if !speaksOf(f, o, line) {
			continue
		}
		told = true
		first, _ := f.Position(o.At.Start())
		fmt.Fprintf(c.out, "%s:%d %s: %s\n", f.Path, first, o.Kind.Name, o.Status)
		for _, st := range o.Steps {
			l, _ := st.Node.File().Position(st.Node.Start())
			if st.Node.File() != f {
				fmt.Fprintf(c.out, "  %s:%d  %s\n", st.Node.File().Path, l, st.Text)
				continue
			}
			fmt.Fprintf(c.out, "  line %d  %s\n", l, st.Text)
		}
		for _, x := range o.Exits {
			l, _ := f.Position(x.Node.Start())
			fmt.Fprintf(c.out, "  line %d  left without the release: %s\n", l, x.How)
		}
		fmt.Fprintf(c.out, "  %s\n", verdict(s, m, o))
		if o.Refusal != nil {
			fmt.Fprintf(c.out, "  not mended (%s): %s\n", o.Refusal.Reason, o.Refusal.Text)
		}
	}
	if !told {
		fmt.Fprintf(c.out, "%s:%d: nothing that a kind knows is acquired here\n", f.Path, line)
	}
	return nil
}

// verdict says what scan makes of an obligation, and why.
func verdict(s *session, m *transforms.Mended, o *transforms.Obligation) string {
	role := s.project.RoleOf(m.Path, m.Old)
	switch {
	case o.Status != transforms.Unmet:
		return "so nothing is reported"
	case !slices.Contains(m.Findings, o):
		return "a comment silences it, so nothing is reported"
	case !slices.ContainsFunc(s.detector.Kinds, func(k *transforms.Kind) bool { return k.Name == o.Kind.Name }):
		return "the kind is off in " + settings.Name + ", so nothing is reported"
	case s.settings.Excluded(m.Path):
		return "the path is excluded in " + settings.Name + ", so nothing is reported"
	case o.Standing == transforms.Offer:
		return fmt.Sprintf("so with --offers an offer is reported (%s): %s", o.Phase, o.Message)
	case role == project.Test && !s.options.IncludeTests:
		return "it is a test, so it is reported with --include-tests, or if the file is named: " + o.Message
	case role == project.Script && !s.options.IncludeScripts:
		return "it is a script, so it is reported with --include-scripts, or if the file is named: " + o.Message
	}
	return fmt.Sprintf("so a leak is reported (%s, %s): %s", o.Phase, o.Way, o.Message)
}

func (c *cli) explainCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "explain [KIND]",
		Short: "Tell why something leaks and how it is mended",
		Long:  "Tell why a kind of resource leaks, what releases it, and what one costs. Without KIND\nall kinds are listed, with their phase.",
		Args:  cobra.MaximumNArgs(1),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return c.kindNames(), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error {
			_, kinds, err := loadKinds(c.rootHere())
			if err != nil {
				return err
			}
			for _, k := range kinds {
				if len(args) == 0 {
					fmt.Fprintf(c.out, "%-20s %-9s %s\n", k.Name, k.Phase, firstParagraph(k))
				} else if k.Name == args[0] {
					return c.explain(k)
				}
			}
			if len(args) > 0 {
				return fmt.Errorf("there is no kind %q; `unleak kinds` lists them", args[0])
			}
			return nil
		},
	}
}

func firstSentence(s string) string {
	s = oneLine(s)
	if i := strings.Index(s, ". "); i >= 0 {
		s = s[:i+1]
	}
	return s
}

func (c *cli) explain(k *transforms.Kind) error {
	fmt.Fprintf(c.out, "%s (%s)\n\n", k.Name, k.Phase)
	for _, a := range k.Acquire {
		from := ""
		if len(a.From) > 0 {
			from = "   from " + strings.Join(a.From, ", ")
		}
		fmt.Fprintf(c.out, "  acquire  %s%s\n", a.Pattern.Text, from)
	}
	for _, r := range k.Release {
		fmt.Fprintf(c.out, "  release  %s\n", r.Pattern.Text)
	}
	if k.Cost != nil {
		fmt.Fprintf(c.out, "  cost     %s to %s for each (%s)\n", bytesText(k.Cost.Low), bytesText(k.Cost.High), k.Cost.Source)
	}
	if k.Prose == "" {
		return errors.New("this kind has no explanation")
	}
	_, err := fmt.Fprintf(c.out, "\n%s\n", k.Prose)
	return err
}

func bytesText(n int64) string {
	switch {
	case n >= 1<<20:
		return fmt.Sprintf("%d MB", n>>20)
	case n >= 1<<10:
		return fmt.Sprintf("%d KB", n>>10)
	}
	return fmt.Sprintf("%d B", n)
}
