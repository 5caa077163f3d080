package main

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/unleak-dev/unleak/internal/settings"
	"github.com/unleak-dev/unleak/patch"
)

func (c *cli) initCommand() *cobra.Command {
	var schema bool
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Write a commented " + settings.Name,
		Long: "Write a " + settings.Name + " into the root of the project in which every setting is\n" +
			"explained and commented out. One that is there is never replaced.\n\n" +
			"With --schema print a JSON schema of the settings instead, for editors.",
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if schema {
				_, err := c.out.Write(settings.Schema())
				return err
			}
			root := c.rootHere()
			err := patch.Change{Path: settings.Name, New: settings.Sample()}.Write(root)
			if errors.As(err, new(*patch.Moved)) || errors.Is(err, fs.ErrExist) {
				return fmt.Errorf("%s is there already and was not touched", filepath.Join(root, settings.Name))
			}
			if err == nil {
				c.warn("%s written", filepath.Join(root, settings.Name))
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&schema, "schema", false, "print the JSON schema of the settings")
	return cmd
}
