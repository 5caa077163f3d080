// Prune prints GitHub's description of its interface, without what unleak does not
// use: to be read by people. The tests prune for themselves.
package main

import (
	"fmt"
	"os"

	"github.com/unleak-dev/unleak/internal/githubtest"
)

func main() {
	data, err := githubtest.Description()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Fprintf(os.Stderr, "%d operations, %d kB\n", len(githubtest.Operations()), len(data)/1024)
	os.Stdout.Write(append(data, '\n'))
}
