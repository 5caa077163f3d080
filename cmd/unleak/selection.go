package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/unleak-dev/unleak/internal/settings"
	"github.com/unleak-dev/unleak/transforms"
)

// selection holds the flags that say what to look at.
type selection struct {
	offers         bool
	noOffers       bool // whatever the settings say
	kinds          []string
	phases         []string
	changed        string
	staged         bool
	index          bool // with staged: what is staged is looked at, whatever the work tree holds
	includeTests   bool
	includeScripts bool
	stdinPath      string
	baseline       string
	baselineFlag   *pflag.Flag
	styles         []string // of commands that write
	stress         bool
}

func (s *selection) flags(c *cli, cmd *cobra.Command) {
	f := cmd.Flags()
	f.BoolVar(&s.offers, "offers", false, "look for offers, too: changes worth a thought where nothing leaks")
	f.StringSliceVar(&s.kinds, "kind", nil, "only these kinds of leak")
	f.StringSliceVar(&s.phases, "phase", nil, "only these phases: critical, high, medium")
	f.StringVar(&s.changed, "changed", "", "only files that differ from a revision")
	f.Lookup("changed").NoOptDefVal = "HEAD"
	f.BoolVar(&s.staged, "staged", false, "only files that are staged")
	f.BoolVar(&s.includeTests, "include-tests", false, "look at tests, too")
	f.BoolVar(&s.includeScripts, "include-scripts", false, "look at build scripts, configuration and examples, too")
	f.StringVar(&s.stdinPath, "stdin-filepath", "", "read one file from standard input, as if it stood at this path")
	f.StringVar(&s.baseline, "baseline", "", "only what a saved scan does not have (see `unleak baseline`); an empty name for all")
	s.baselineFlag = f.Lookup("baseline")
	_ = cmd.RegisterFlagCompletionFunc("phase", cobra.FixedCompletions([]string{"critical", "high", "medium"}, cobra.ShellCompDirectiveNoFileComp))
	_ = cmd.RegisterFlagCompletionFunc("kind", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return c.kindNames(), cobra.ShellCompDirectiveNoFileComp
	})
}

// styleFlag is for the commands that write code.
func (s *selection) styleFlag(cmd *cobra.Command) {
	cmd.Flags().StringSliceVar(&s.styles, "style", nil, "how to write; using: declare by `using` what a block releases, where the project can\nread that")
	_ = cmd.RegisterFlagCompletionFunc("style", cobra.FixedCompletions([]string{"using"}, cobra.ShellCompDirectiveNoFileComp))
}

// stressFlag is for the commands that write tests.
func (s *selection) stressFlag(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&s.stress, "stress", false, "with --with-tests: two more tests of each class, of many instances and of an error")
}

// under reports whether a file lies in one of the paths; no paths hold all.
func under(abs string, paths []string) bool {
	for _, p := range paths {
		if base, err := filepath.Abs(p); err == nil && (abs == base || strings.HasPrefix(abs, base+string(filepath.Separator))) {
			return true
		}
	}
	return len(paths) == 0
}

func chosenKinds(set *settings.Settings, all []*transforms.Kind, sel *selection) ([]*transforms.Kind, error) {
	names := namesOf(all)
	for _, k := range sel.kinds {
		if !slices.Contains(names, k) {
			return nil, fmt.Errorf("--kind: there is no kind %q; `unleak kinds` lists them", k)
		}
	}
	for _, p := range sel.phases {
		if !slices.Contains(transforms.Phases, transforms.Phase(p)) {
			return nil, fmt.Errorf("--phase: want critical, high or medium, got %q", p)
		}
	}
	return transforms.Chosen(all, set.Kinds.Only, set.Kinds.Off, set.Phases), nil
}

// keep filters findings by --kind and --phase. The kinds themselves all take
// part in the analysis: one may settle another. What can be mended belongs to the
// phase of its fix, so that a phase is what is mended together.
func (sel *selection) keep(m *transforms.Mended, o *transforms.Obligation) bool {
	phase := o.Phase
	if fix := m.ByFinding[o.Fingerprint()]; fix != nil {
		phase = fix.Phase()
	}
	return (len(sel.kinds) == 0 || slices.Contains(sel.kinds, o.Kind.Name)) &&
		(len(sel.phases) == 0 || slices.Contains(sel.phases, string(phase)))
}

// keepFix is the same for fixes: one belongs to the most urgent of what it settles,
// and is of several kinds if that is.
func (sel *selection) keepFix(f *transforms.Fix) bool {
	for _, o := range f.Plan.Obligations {
		if len(sel.kinds) > 0 && !slices.Contains(sel.kinds, o.Kind.Name) {
			return false
		}
	}
	return len(sel.phases) == 0 || slices.Contains(sel.phases, string(f.Phase()))
}
