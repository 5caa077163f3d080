package main

import (
	"maps"
	"slices"
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// Diagnostics counts what compilers say: file, code and message, without the place,
// which a fix moves.
type Diagnostics map[Diagnostic]int

// Diagnostic is one error that a compiler reports.
type Diagnostic struct {
	File string // as the compiler names it, relative to where it ran; empty: none
	Code string // TS2322, NG8001
	Text string // the first line, the members of union types in alphabetical order
}

func (d Diagnostic) String() string { return d.File + ": " + d.Code + ": " + d.Text }

// Count is how many there are.
func (d Diagnostics) Count() (n int) {
	for _, c := range d {
		n += c
	}
	return n
}

// Without lists what is there more often than in other.
func (d Diagnostics) Without(other Diagnostics) (all []string) {
	for one, n := range d {
		for range n - other[one] {
			all = append(all, one.String())
		}
	}
	slices.Sort(all)
	return all
}

// read adds the diagnostics in the output of tsc, or of what is built on it, for
// the project in dir: "src/a.ts(1,2): error TS2322: Type ...", for people
// "src/a.ts:1:2 - error TS2322: Type ...".
func (d Diagnostics) read(dir string, output []byte) {
	text := strings.ReplaceAll(ansi.Strip(string(output)), dir+"/", "")
	for line := range strings.Lines(text) {
		for _, mark := range []string{"error TS", "error NG"} {
			where, what, found := strings.Cut(line, mark)
			if !found {
				continue
			}
			number, message, _ := strings.Cut(what, ":")
			d[Diagnostic{fileOf(where), mark[len("error "):] + number, unionsSorted(strings.TrimSpace(message))}]++
			break
		}
	}
}

// unionsSorted sorts the members of the union types that a message quotes: their
// order is the one in which the compiler came by them, and says nothing.
func unionsSorted(message string) string {
	parts := strings.Split(message, "'")
	for i := 1; i < len(parts); i += 2 {
		members := strings.Split(parts[i], " | ")
		slices.Sort(members)
		parts[i] = strings.Join(members, " | ")
	}
	return strings.Join(parts, "'")
}

// fileOf takes the file out of what stands before an error.
func fileOf(where string) string {
	where = strings.TrimPrefix(strings.TrimRight(where, " -:"), "Error: ")
	if before, after, found := cutLast(where, "("); found && isPlace(strings.TrimSuffix(after, ")"), ",") {
		return before
	}
	for range 2 {
		if before, after, found := cutLast(where, ":"); found && isPlace(after, "") {
			where = before
		}
	}
	return where
}

// isPlace reports whether s is a number, or two with sep between them.
func isPlace(s, sep string) bool {
	return s != "" && strings.Trim(s, "0123456789"+sep) == ""
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// probed returns those of the files in which the wrong type of withProbe was seen.
func (d Diagnostics) probed(files []string) (seen []string) {
	for one := range maps.Keys(d) {
		if one.Code != "TS2322" || one.Text != "Type 'string' is not assignable to type 'number'." {
			continue
		}
		for _, f := range files {
			at := strings.TrimPrefix(one.File, "./")
			if (f == at || strings.HasSuffix(f, "/"+at) || strings.HasSuffix(at, "/"+f)) && !slices.Contains(seen, f) {
				seen = append(seen, f)
			}
		}
	}
	slices.Sort(seen)
	return seen
}
