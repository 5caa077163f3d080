package main

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
)

// version is set by releases: -ldflags "-X main.version=v1.2.3".
var version = ""

func (c *cli) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintf(c.out, "unleak %s\n", versionText())
			return err
		},
	}
}

func versionText() string {
	v := versionName()
	if v == "" {
		v = "development"
	}
	return fmt.Sprintf("%s (%s, %s/%s)", v, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

// versionName is as v1.2.3, "" for what was built from a folder.
func versionName() string {
	v := version
	if info, ok := debug.ReadBuildInfo(); ok && v == "" {
		v = info.Main.Version
	}
	if v == "(devel)" {
		return ""
	}
	return v
}

// versionNumber is as 1.2.3.
func versionNumber() string {
	return strings.TrimPrefix(cmp.Or(versionName(), "0.0.0-development"), "v")
}
