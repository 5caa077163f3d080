// Command mutate breaks the project's own code on purpose, one place at a time,
// and counts how often the package's own tests notice. Nothing in the work tree
// is changed: the broken code reaches the compiler as an overlay.
//
//	go run ./internal/mutate -sample 400 ./transforms ./patch
//	go run ./internal/mutate -breakages
package main

import (
	"flag"
	"fmt"
	"math/rand"
	"os"
	"slices"
	"strings"
	"time"
)

func main() {
	sample := flag.Int("sample", 0, "how many mutants to try, drawn evenly (0: all)")
	seed := flag.Int64("seed", 1, "of the draw")
	only := flag.String("only", "", "only mutants of files whose name contains this")
	limit := flag.Duration("timeout", 30*time.Second, "for the tests of one mutant")
	table := flag.String("table", "", "a Markdown file to write the result to")
	named := flag.Bool("breakages", false, "try the named breakages instead, against all that proves the fixes; -only takes a part of a name")
	flag.Parse()
	if *named {
		if err := runBreakages(*table, *only); err != nil {
			fmt.Fprintln(os.Stderr, "mutate: "+err.Error())
			os.Exit(1)
		}
		return
	}
	if flag.NArg() == 0 {
		fmt.Fprintln(os.Stderr, "usage: mutate [-sample N] PACKAGE_FOLDER...")
		os.Exit(2)
	}
	if err := run(flag.Args(), *only, *sample, *seed, *limit, *table); err != nil {
		fmt.Fprintln(os.Stderr, "mutate: "+err.Error())
		os.Exit(1)
	}
}

func run(folders []string, only string, sample int, seed int64, limit time.Duration, table string) error {
	scratch, err := os.MkdirTemp("", "mutate-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	var all []mutant
	tests := map[string]*testBinary{}
	next := 1
	for _, folder := range folders {
		p, err := instrument(folder, next)
		if err != nil {
			return err
		}
		b, err := buildTests(scratch, p)
		if err != nil {
			return err
		}
		for _, m := range p.mutants {
			tests[m.file] = b
			next = m.id + 1
			if strings.Contains(m.file, only) {
				all = append(all, m)
			}
		}
	}
	possible := len(all)
	if sample > 0 && sample < len(all) {
		rand.New(rand.NewSource(seed)).Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		all = all[:sample]
	}
	killed, tried := map[string]int{}, map[string]int{}
	var survivors []mutant
	for i, m := range all {
		outcome := tests[m.file].try(m, limit)
		tried[m.file]++
		if strings.HasPrefix(outcome, "noticed") {
			killed[m.file]++
		} else {
			survivors = append(survivors, m)
		}
		fmt.Printf("%d/%d %-11s %s:%d %s\n", i+1, len(all), outcome, m.file, m.line, m.what)
	}
	return report(table, possible, killed, tried, survivors)
}

func report(table string, possible int, killed, tried map[string]int, survivors []mutant) error {
	var b strings.Builder
	var files []string
	total, dead := 0, 0
	for f, n := range tried {
		files = append(files, f)
		total += n
		dead += killed[f]
	}
	slices.Sort(files)
	fmt.Fprintf(&b, "# Mutation testing\n\nWritten by `go run ./internal/mutate -sample N -table docs/mutation.md ./transforms ./patch`. Of %d ways to break these\n"+
		"packages, %d were tried, drawn at random; the packages' own tests noticed %d (%d %%). The executions and compilations of\n"+
		"`internal/proof` were not asked.\n\n| file | tried | noticed |\n|---|--:|--:|\n", possible, total, dead, 100*dead/max(total, 1))
	for _, f := range files {
		fmt.Fprintf(&b, "| %s | %d | %d |\n", f, tried[f], killed[f])
	}
	b.WriteString("\nNot noticed:\n\n")
	slices.SortFunc(survivors, func(a, b mutant) int { return a.id - b.id })
	for _, m := range survivors {
		fmt.Fprintf(&b, "- %s line %d: %s\n", m.file, m.line, m.what)
	}
	fmt.Printf("%d of %d noticed (%d %%)\n", dead, total, 100*dead/max(total, 1))
	if table == "" {
		return nil
	}
	return os.WriteFile(table, []byte(b.String()), 0o644)
}
