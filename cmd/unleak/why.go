package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/unleak-dev/unleak/transforms"

	"github.com/unleak-dev/unleak/internal/syntax"
)

func (c *cli) whyCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "why FILE:LINE",
		Short: "Tell the history of what is acquired in a line",
		Long: `Tell what is acquired in a line, where the handle goes, and why something, or
nothing, is reported.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			at := strings.LastIndexByte(args[0], ':')
			if at < 0 {
				return fmt.Errorf("want FILE:LINE, got %q", args[0])
			}
			file := args[0][:at]
			line, err := strconv.Atoi(args[0][at+1:])
			if err != nil || line < 1 {
				return fmt.Errorf("want FILE:LINE, got %q", args[0])
			}
			sel := selection{offers: true}
			s, err := c.open(cmd.Context(), []string{file}, &sel)
			if err != nil {
				return err
			}
			abs := absolute(file)
			rel, err := s.project.Rel(abs)
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
			m, err := s.detector.Mend(cmd.Context(), f, func(*transforms.Fix) bool { return false })
			if err != nil {
				return err
			}
			return c.tell(f, m, line)
		},
	}
}

func (c *cli) tell(f *syntax.File, m *transforms.Mended, line int) error {
	told := false
	for _, o := range m.Obligations {
		first, _ := f.Position(o.At.Start())
		call, _ := f.Position(o.Call.Start())
		if line != first && line != call {
			continue
		}
		told = true
		fmt.Fprintf(c.out, "%s:%d %s: %s\n", f.Path, first, o.Kind.Name, o.Status)
		for _, st := range o.Steps {
			l, _ := f.Position(st.Node.Start())
			if st.Node.File() != f {
				l, _ = st.Node.File().Position(st.Node.Start())
				fmt.Fprintf(c.out, "  %s:%d  %s\n", st.Node.File().Path, l, st.Text)
				continue
			}
			fmt.Fprintf(c.out, "  line %d  %s\n", l, st.Text)
		}
		for _, x := range o.Exits {
			l, _ := f.Position(x.Node.Start())
			fmt.Fprintf(c.out, "  line %d  left without the release: %s\n", l, x.How)
		}
		switch {
		case o.Status != transforms.Unmet:
			fmt.Fprintln(c.out, "  so nothing is reported")
		case !slices.Contains(m.Findings, o):
			fmt.Fprintln(c.out, "  a comment silences it, so nothing is reported")
		case o.Standing == transforms.Offer:
			fmt.Fprintf(c.out, "  so with --offers an offer is reported (%s): %s\n", o.Phase, o.Message)
		default:
			fmt.Fprintf(c.out, "  so a leak is reported (%s, %s): %s\n", o.Phase, o.Way, o.Message)
		}
		if o.Refusal != nil {
			fmt.Fprintf(c.out, "  not mended (%s): %s\n", o.Refusal.Reason, o.Refusal.Text)
		}
	}
	if !told {
		fmt.Fprintf(c.out, "%s:%d: nothing that a kind knows is acquired here\n", f.Path, line)
	}
	return nil
}

func (c *cli) explainCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "explain [KIND]",
		Short: "Tell why something leaks and how it is mended",
		Args:  cobra.MaximumNArgs(1),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return kindNames(), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error {
			kinds, err := transforms.Builtin()
			if err != nil {
				return err
			}
			for _, k := range kinds {
				if len(args) == 0 {
					first, _, _ := strings.Cut(k.Prose, "\n\n")
					fmt.Fprintf(c.out, "%-20s %-9s %s\n", k.Name, k.Phase, firstSentence(first))
				} else if k.Name == args[0] {
					return c.explain(k)
				}
			}
			if len(args) > 0 {
				return fmt.Errorf("there is no kind %q; `unleak explain` lists them", args[0])
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
