package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/unleak-dev/unleak/internal/project"
	"github.com/unleak-dev/unleak/internal/settings"
	"github.com/unleak-dev/unleak/transforms"
)

// loadKinds reads the settings of a project, and all kinds that it knows: those
// of the program, and its own.
func loadKinds(root string) (*settings.Settings, []*transforms.Kind, error) {
	builtin, err := transforms.Builtin()
	if err != nil {
		return nil, nil, err
	}
	all := builtin
	set, err := settings.Load(root, func(files []string) ([]string, error) {
		own, err := ownKinds(root, files)
		if err != nil {
			return nil, err
		}
		all = slices.Concat(builtin, own)
		return namesOf(all), transforms.CheckKinds(all)
	})
	return set, all, err
}

// ownKinds reads kind files below a folder; nothing outside of it is read, be it
// through a link.
func ownKinds(root string, files []string) ([]*transforms.Kind, error) {
	if len(files) == 0 {
		return nil, nil
	}
	r, err := os.OpenRoot(root)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return transforms.ReadKinds(r.FS(), files)
}

func namesOf(kinds []*transforms.Kind) []string {
	var names []string
	for _, k := range kinds {
		names = append(names, k.Name)
	}
	return names
}

// rootHere is the project's folder for commands that take no paths.
func (c *cli) rootHere() string {
	root := c.root
	if root == "" {
		root = project.RootFor(nil)
	}
	return absolute(root)
}

// kindNames are for completion: errors give fewer.
func (c *cli) kindNames() []string {
	_, kinds, err := loadKinds(c.rootHere())
	if err != nil {
		kinds, _ = transforms.Builtin()
	}
	return namesOf(kinds)
}

func (c *cli) kindsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "kinds",
		Short: "List the kinds of resources, the project's own among them",
		Long: "List the kinds of resources: name, phase, where it is from (a dash: the program),\n" +
			"and what it is about. `unleak explain KIND` tells more.",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return fmt.Errorf("there is no command %q below kinds; there is test", args[0])
			}
			return nil
		},
		RunE: func(*cobra.Command, []string) error {
			_, kinds, err := loadKinds(c.rootHere())
			if err != nil {
				return err
			}
			kinds = slices.Clone(kinds)
			slices.SortFunc(kinds, func(a, b *transforms.Kind) int { return strings.Compare(a.Name, b.Name) })
			for _, k := range kinds {
				from := "-"
				if k.Own {
					from = k.File
				}
				fmt.Fprintf(c.out, "%-20s %-9s %-28s %s\n", k.Name, k.Phase, from, firstParagraph(k))
			}
			return nil
		},
	}
	var update bool
	test := &cobra.Command{
		Use:   "test [PATH...]",
		Short: "Run the examples of kind files",
		Long: `Run the examples of kind files, or of those in folders (default: those that the
settings name): what is found must be what the ` + "`// want`" + ` comments say, and what comes of
each file what its golden says. With --update the goldens are written anew.

Exit status: 0 all as wanted, 1 something differs, 2 something could not be done.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.testKinds(cmd.Context(), args, update)
		},
	}
	test.Flags().BoolVar(&update, "update", false, "write the goldens anew; read every one before you commit it")
	cmd.AddCommand(test)
	return cmd
}

func firstParagraph(k *transforms.Kind) string {
	first, _, _ := strings.Cut(k.Prose, "\n\n")
	return firstSentence(first)
}

func (c *cli) testKinds(ctx context.Context, args []string, update bool) error {
	root := c.rootHere()
	var all, tested []*transforms.Kind
	var err error
	if len(args) > 0 {
		all, tested, err = c.namedKinds(root, args)
	} else {
		_, all, err = loadKinds(root)
		tested = slices.DeleteFunc(slices.Clone(all), func(k *transforms.Kind) bool { return !k.Own })
		if err == nil && len(tested) == 0 {
			err = errors.New("no kinds of your own: name their files under `kinds:` in " + settings.Name + ", or give a PATH")
		}
	}
	if err != nil {
		return err
	}
	paint, err := c.paint()
	if err != nil {
		return err
	}
	cases, failed := 0, 0
	for _, k := range tested {
		if len(k.Cases) == 0 {
			failed++
			fmt.Fprintf(c.out, "%s: has no examples, so nothing shows that it works\n", k.File)
		}
		file := filepath.Join(root, filepath.FromSlash(k.File))
		before, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		data := bytes.ReplaceAll(before, []byte("\r\n"), []byte("\n"))
		for _, example := range k.Cases {
			cases++
			r, err := runExample(ctx, all, example)
			if err != nil {
				return fmt.Errorf("%s: %s: %w", k.File, example.Name, err)
			}
			bad := false
			for _, d := range r.Differences {
				if d.Stale && update {
					data = transforms.WithGolden(data, example.Name+"/"+d.Path, r.Goldens[d.Path])
					continue
				}
				bad = true
				fmt.Fprintf(c.out, "%s: %s/%s: %s\n%s", k.File, example.Name, d.Path, d.Text, paint.Diff(d.Diff))
			}
			if bad {
				failed++
			}
		}
		if update && !bytes.Equal(data, bytes.ReplaceAll(before, []byte("\r\n"), []byte("\n"))) {
			if err := writeFile(file, data); err != nil {
				return err
			}
		}
	}
	fmt.Fprintf(c.out, "%d of %d examples of %d kinds are as wanted.\n", cases-min(cases, failed), cases, len(tested))
	if failed > 0 {
		return exitStatus(1)
	}
	return nil
}

func runExample(ctx context.Context, kinds []*transforms.Kind, example transforms.Case) (*transforms.Report, error) {
	dir, err := os.MkdirTemp("", "unleak-example-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	return transforms.RunCase(ctx, dir, kinds, example)
}

// namedKinds reads the kinds of files that are named on the command line, which
// need not be in the settings, and all that they are tested with.
func (c *cli) namedKinds(root string, args []string) (all, tested []*transforms.Kind, err error) {
	var paths []string
	for _, a := range args {
		rel, err := filepath.Rel(root, absolute(a))
		if err != nil || !filepath.IsLocal(rel) {
			return nil, nil, fmt.Errorf("%s: lies outside of %s", a, root)
		}
		paths = append(paths, filepath.ToSlash(rel))
	}
	if tested, err = ownKinds(root, paths); err != nil {
		return nil, nil, err
	}
	if _, all, err = loadKinds(root); err != nil {
		return nil, nil, err
	}
	for _, k := range tested {
		if !slices.ContainsFunc(all, func(o *transforms.Kind) bool { return o.Own && o.File == k.File }) {
			all = append(all[:len(all):len(all)], k)
		}
	}
	return all, tested, transforms.CheckKinds(all)
}
