package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/transforms"
)

// count is a line of the totals.
type count struct {
	name                                                string
	rows, unread, reported, silent, both, fixed, refuse int
}

func (c *count) add(v *Verdict) {
	c.rows++
	if v.Problem != "" {
		c.unread++
		return
	}
	if v.Reported {
		c.reported++
		if v.Silent {
			c.both++
		}
	}
	if v.Silent {
		c.silent++
	}
	if v.Fix != "" {
		c.fixed++
	}
	if v.Refusal != "" {
		c.refuse++
	}
}

// heldOut are tables that nobody who improves unleak had read before they were measured:
// what they gave then, and since when they are read.
var heldOut = map[string]string{
	"front-unread.tsv": "front-unread.tsv was held out until 26 November 2026: nobody who improves unleak had read its rows, and 12 of 38 (32 %)\n" +
		"were reported. They are read since then, and what is reported of them today was improved with them at hand. One commit,\n" +
		"sveltejs/svelte 7f087c4b0391, did not mend its leak: it removes another function from the document than was added, and\n" +
		"752f872a1d7b mended that. Its row cannot be silent after.\n",
}

// markdown writes the rows in the order of the tables, and the totals below.
func markdown(verdicts []Verdict) string {
	var b strings.Builder
	b.WriteString("# Leaks that people mended\n\n" +
		"Written by `go run ./internal/history -mirror DIR -rows TABLES -table FILE`. Each row is a leak that a commit mended, listed\n" +
		"before unleak was run on it. *Reported*: in the commit's parent, within three lines. Where a finding tells of two places,\n" +
		"of where an observer begins to observe and of where it was made, either counts: rows name the one or the other.\n" +
		"*Silent after*: nothing of the same kind is reported there any more. *Fix*: how far unleak's own fix in the parent may be\n" +
		"applied, or why there is none. *Reader*: what somebody called it who saw the parent's code and what the row says was left\n" +
		"alive, and nothing else, by the measure of docs/audit.md: not all that people mended outlives its owner.\n\n" +
		"| repository | commit | place | resource | way | reader | reported | silent after | fix |\n|---|---|---|---|---|---|---|---|---|\n")
	read := map[string]bool{}
	for i := range verdicts {
		v := &verdicts[i]
		read[v.Table] = true
		reported, silent, fix := yes(v.Reported), yes(v.Silent), v.Fix
		if !v.Reported && len(v.Others) > 0 {
			reported = "no; " + strings.Join(slices.Compact(slices.Sorted(slices.Values(v.Others))), ", ")
		}
		if v.Refusal != "" {
			fix = "refused: " + v.Refusal
		}
		if v.Problem != "" {
			reported, silent, fix = "not read", "", v.Problem
		}
		fmt.Fprintf(&b, "| %s | %.12s | %s | %s | %s | %s | %s | %s | %s |\n",
			v.Repository, v.Commit, cell(fmt.Sprintf("%s:%d", v.Path, v.Line)), v.Resource, v.Way, v.Read, reported, silent, cell(fix))
	}
	for _, table := range slices.Sorted(maps.Keys(heldOut)) {
		if read[table] {
			b.WriteString("\n" + heldOut[table])
		}
	}
	b.WriteString("\n## Totals\n\nOf the rows that were read. *Both*: reported, and silent after.\n\n" +
		"| | rows | not read | reported | silent after | both | with a fix | refused |\n|---|--:|--:|--:|--:|--:|--:|--:|\n")
	for _, c := range totals(verdicts) {
		fmt.Fprintf(&b, "| %s | %d | %d | %s | %s | %s | %d | %d |\n", c.name, c.rows, c.unread,
			part(c.reported, c.rows-c.unread), part(c.silent, c.rows-c.unread), part(c.both, c.rows-c.unread), c.fixed, c.refuse)
	}
	return b.String()
}

// totals counts all rows, then by table if there are several, by way, and by
// resource, the commonest first.
func totals(verdicts []Verdict) []*count {
	all := &count{name: "**all**"}
	leaks := &count{name: "a reader called it a leak"}
	var tables []*count
	ways := []*count{}
	for _, w := range []transforms.Way{transforms.NeverReleased, transforms.MissingPath, transforms.WrongRelease, transforms.Overwritten} {
		ways = append(ways, &count{name: string(w)})
	}
	var resources []*count
	for i := range verdicts {
		v := &verdicts[i]
		all.add(v)
		if v.Read == "real" {
			leaks.add(v)
		}
		if at := slices.IndexFunc(tables, func(c *count) bool { return c.name == v.Table }); at >= 0 {
			tables[at].add(v)
		} else {
			tables = append(tables, &count{name: v.Table})
			tables[len(tables)-1].add(v)
		}
		for _, c := range ways {
			if c.name == string(v.Way) {
				c.add(v)
			}
		}
		at := slices.IndexFunc(resources, func(c *count) bool { return c.name == v.Resource })
		if at < 0 {
			at = len(resources)
			resources = append(resources, &count{name: v.Resource})
		}
		resources[at].add(v)
	}
	ways = slices.DeleteFunc(ways, func(c *count) bool { return c.rows == 0 })
	slices.SortStableFunc(resources, func(a, b *count) int { return b.rows - a.rows })
	if len(tables) == 1 {
		tables = nil
	}
	first := []*count{all}
	if leaks.rows > 0 {
		first = append(first, leaks)
	}
	return slices.Concat(first, tables, ways, resources)
}

func part(n, of int) string {
	if of == 0 {
		return "0"
	}
	return fmt.Sprintf("%d (%d %%)", n, (200*n+of)/(2*of))
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// cell keeps a text from ending its cell.
func cell(s string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ").Replace(s)
}
