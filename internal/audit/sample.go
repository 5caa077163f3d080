package main

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/report"
	"github.com/unleak-dev/unleak/internal/run"
	"github.com/unleak-dev/unleak/transforms"
)

// Scan is what a scan of a repository reports.
type Scan struct {
	Repository
	Files    int // that were looked at
	Leaks    []Leak
	Problems []string // files that could not be looked at, and why
}

// Leak is one of the findings to draw from.
type Leak struct {
	Repository
	report.Finding
}

// scan looks at a repository, extracted to dir, with the default options: tests and
// scripts are left out, and offers are not looked for. What was skipped on purpose,
// as minified files are, is no problem.
func scan(ctx context.Context, r Repository, dir string) (*Scan, error) {
	d, err := detector(dir)
	if err != nil {
		return nil, err
	}
	all := &report.Collector{Project: d.Project}
	result, err := run.Run(ctx, d, run.Options{Each: all.Add})
	if err != nil {
		return nil, err
	}
	s := &Scan{Repository: r, Files: result.Summary.Files}
	for _, f := range all.Document(result).Findings {
		if f.Standing == transforms.Leak {
			s.Leaks = append(s.Leaks, Leak{r, f})
		}
	}
	for _, p := range result.Problems {
		s.Problems = append(s.Problems, p.Error())
	}
	return s, nil
}

// pool returns the leaks of all scans, by repository, path, line and kind; what is
// alike in these, by column and message. What a repository still has at an earlier commit
// of it counts once, as it stands in the first scan that has it.
func pool(scans []*Scan) []Leak {
	var all []Leak
	of := map[string]string{} // the commit by repository and fingerprint
	for _, s := range scans {
		for _, l := range s.Leaks {
			key := l.Name + " " + l.Fingerprint
			if commit, known := of[key]; known && commit != l.Commit {
				continue
			}
			of[key] = l.Commit
			all = append(all, l)
		}
	}
	slices.SortStableFunc(all, func(a, b Leak) int {
		return cmp.Or(
			strings.Compare(a.Name, b.Name), strings.Compare(a.Path, b.Path), a.Line-b.Line, strings.Compare(a.Kind, b.Kind),
			a.Column-b.Column, strings.Compare(a.Message, b.Message), strings.Compare(a.Fingerprint, b.Fingerprint),
		)
	})
	return all
}

// draw returns n of the leaks, none twice, in the order in which they were drawn;
// all if there are no more. It is a shuffle by Fisher and Yates from the front, of
// which the first n places are taken: place i changes with one of the places from i
// to the last. Which is told by ChaCha8 of math/rand/v2, seeded with seed, whose
// numbers are the same in every release of Go: its next Uint64, modulo how many
// places there are, where one beyond the greatest multiple of that number is passed
// over. So the first leaks of a draw are those of a smaller draw.
func draw(from []Leak, seed [32]byte, n int) []Leak {
	all := slices.Clone(from)
	random := rand.NewChaCha8(seed)
	n = min(n, len(all))
	for i := range n {
		j := i + below(random, len(all)-i)
		all[i], all[j] = all[j], all[i]
	}
	return all[:n]
}

// below returns a number from 0 up to, not including, n, each as likely.
func below(random rand.Source, n int) int {
	count := uint64(n)
	beyond := math.MaxUint64 - math.MaxUint64%count
	for {
		if x := random.Uint64(); x < beyond {
			return int(x % count)
		}
	}
}

// sampleTable writes what was looked at, and the leaks that were drawn from all, to be judged.
func sampleTable(set string, scans []*Scan, all, drawn []Leak) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# A sample of what unleak reports: set %s\n\n"+
		"Written by `go run ./internal/audit -mirror DIR -set %s -n %d -out FILE`, with the default options: tests and\n"+
		"scripts are left out, and there are no offers. The leaks are in the order in which they were drawn, without\n"+
		"replacement, from all that are reported in the set; the seed is made of the commits, so every run draws the same.\n\n"+
		"| repository | commit | files looked at | findings |\n|---|---|--:|--:|\n", set, set, len(drawn))
	files, leaks := 0, 0
	for _, s := range scans {
		files, leaks = files+s.Files, leaks+len(s.Leaks)
		fmt.Fprintf(&b, "| %s | %.12s | %d | %d |\n", s.Name, s.Commit, s.Files, len(s.Leaks))
	}
	fmt.Fprintf(&b, "| **all** | | %d | %d |\n", files, leaks)
	var problems []string
	for _, s := range scans {
		for _, p := range s.Problems {
			problems = append(problems, s.Name+": "+p)
		}
	}
	writeList(&b, "What could not be looked at", problems)
	fmt.Fprintf(&b, "\n## %d of %d findings\n\n"+
		"| repository | commit | place | kind | message | verdict | reason |\n|---|---|---|---|---|---|---|\n", len(drawn), len(all))
	for _, l := range drawn {
		fmt.Fprintf(&b, "| %s | %.12s | %s | %s | %s | | |\n", l.Name, l.Commit, cell(fmt.Sprintf("%s:%d", l.Path, l.Line)), l.Kind, cell(l.Message))
	}
	return b.String()
}

// writeList writes a part with a line for each item, if there are any.
func writeList(b *strings.Builder, title string, items []string) {
	if len(items) == 0 {
		return
	}
	fmt.Fprintf(b, "\n## %s\n\n", title)
	for _, item := range items {
		fmt.Fprintf(b, "- %s\n", strings.ReplaceAll(item, "\n", " "))
	}
}
