package main

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/unleak-dev/unleak/internal/lsp"
	"github.com/unleak-dev/unleak/internal/project"
)

func (c *cli) lspCommand() *cobra.Command {
	var stdio bool
	cmd := &cobra.Command{
		Use:   "lsp",
		Short: "Serve an editor by the Language Server Protocol",
		Long: `Serve an editor by the Language Server Protocol, on standard input and output:
what leaks while you type, why, and the fixes. docs/editors.md tells how to set up
VS Code, Neovim and Helix.

The settings are those of .unleak.yaml in the root of each project. The server writes
no file.

Exit status: 0 after an orderly shutdown, 1 without one, 2 if what comes in is no
message of the protocol.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			in, ok := c.in.(io.ReadCloser)
			if !ok {
				in = io.NopCloser(c.in)
			}
			orderly, err := lsp.Serve(cmd.Context(), in, c.out, lsp.Config{
				Version: versionText(), Setup: setupFor, Delay: 150 * time.Millisecond, Parent: 3 * time.Second,
			})
			if err != nil && cmd.Context().Err() == nil {
				return fmt.Errorf("lsp: %s", oneLine(err.Error()))
			}
			if err == nil && !orderly {
				return exitStatus(1)
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&stdio, "stdio", true, "serve standard input and output; there is no other way")
	cmd.PreRunE = func(*cobra.Command, []string) error {
		if !stdio {
			return errors.New("--stdio: there is no other way")
		}
		return nil
	}
	return cmd
}

// setupFor is what a project has chosen, as the other commands have it without flags.
func setupFor(root string) (*lsp.Setup, error) {
	set, all, err := loadKinds(root)
	if err != nil {
		return nil, err
	}
	p, err := project.Open(root)
	if err != nil {
		return nil, err
	}
	s, err := newSession(p, set, all, nil, &selection{})
	if err != nil {
		return nil, err
	}
	base, err := s.readBaseline(&selection{})
	if err != nil {
		return nil, err
	}
	return &lsp.Setup{Settings: set, Baseline: base, Detector: s.detectorOf}, nil
}
