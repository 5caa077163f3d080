package main

import (
	"github.com/spf13/cobra"

	"github.com/unleak-dev/unleak/internal/job"
)

// jobCommand is what campaigns and bots start for each repository.
func (c *cli) jobCommand() *cobra.Command {
	return &cobra.Command{
		Use: "job", Hidden: true, Args: cobra.NoArgs,
		Short: "Do one job of a campaign, which is told on standard input",
		RunE:  func(cmd *cobra.Command, _ []string) error { return job.Main(cmd.Context()) },
	}
}
