package analysis

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/transforms"
)

// maxBars is how many packages a plot shows; the rest is one bar.
const maxBars = 20

// bar is a package and what leaks in it, by phase. Widths are in percent of the plot.
type bar struct {
	Name  string
	Leaks int
	Parts []part
}

type part struct {
	Phase transforms.Phase
	Leaks int
	Width float64
}

// countsOf is how many leaks are in which package.
func countsOf(a *Analysis) []bar {
	counts := map[string]map[transforms.Phase]int{}
	total := map[string]int{}
	for _, p := range a.Phases {
		for _, i := range p.Issues {
			if i.Standing != transforms.Leak {
				continue
			}
			if counts[i.Package] == nil {
				counts[i.Package] = map[transforms.Phase]int{}
			}
			counts[i.Package][p.Phase] += len(i.Places)
			total[i.Package] += len(i.Places)
		}
	}
	names := sortedByCount(total)
	if len(names) > maxBars {
		rest := fmt.Sprintf("%d others", len(names)-maxBars+1)
		counts[rest] = map[transforms.Phase]int{}
		for _, n := range names[maxBars-1:] {
			for phase, leaks := range counts[n] {
				counts[rest][phase] += leaks
				total[rest] += leaks
			}
		}
		names = append(slices.Clone(names[:maxBars-1]), rest)
	}
	most := 1
	for _, n := range names {
		most = max(most, total[n])
	}
	var out []bar
	for _, n := range names {
		b := bar{Name: n, Leaks: total[n]}
		for _, phase := range transforms.Phases {
			if leaks := counts[n][phase]; leaks > 0 {
				b.Parts = append(b.Parts, part{phase, leaks, 100 * float64(leaks) / float64(most)})
			}
		}
		out = append(out, b)
	}
	return out
}

func sortedByCount(total map[string]int) []string {
	var names []string
	for n := range total {
		names = append(names, n)
	}
	slices.SortFunc(names, func(a, b string) int {
		if d := total[b] - total[a]; d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	return names
}

// ranges are what packages may cost, on a logarithmic scale. Places are in percent.
type ranges struct {
	Ticks []tick
	Rows  []spread
}

type tick struct {
	At   float64
	Text string
}

type spread struct {
	Spent
	From, Width float64
}

func rangesOf(a *Analysis) ranges {
	low, high := math.MaxFloat64, 1.0
	packages := a.Impact.Packages[:min(len(a.Impact.Packages), maxBars)]
	for _, s := range packages {
		if s.High > 0 {
			low, high = min(low, max(1, float64(s.Low))), max(high, float64(s.High))
		}
	}
	var out ranges
	if low > high {
		return out
	}
	// Whole powers of 1024 and their thirds keep the labels round.
	step := math.Log(1024) / 2
	start, end := math.Floor(math.Log(low)/step)*step, math.Ceil(math.Log(high)/step)*step
	if end <= start {
		end = start + step
	}
	at := func(n float64) float64 { return 100 * (math.Log(max(1, n)) - start) / (end - start) }
	for x := start; x <= end+step/2; x += step {
		out.Ticks = append(out.Ticks, tick{at(math.Exp(x)), byteText(int64(math.Round(math.Exp(x))))})
	}
	for _, s := range packages {
		if s.High > 0 {
			from := max(0, at(float64(s.Low)))
			out.Rows = append(out.Rows, spread{s, from, max(0.8, at(float64(s.High))-from)})
		}
	}
	return out
}

// course is the trend as a plot of 640 by 160 units.
type course struct {
	Lines  []line
	Points []point
	Most   int
	First  string
	Last   string
}

type line struct {
	Name string
	Path string
}

type point struct {
	X, Y  float64
	Title string
}

// courseOf is empty for fewer than two records.
func courseOf(a *Analysis) course {
	if len(a.Trend) < 2 {
		return course{}
	}
	c := course{Most: 1, First: a.Trend[0].Made.Format("2006-01-02"), Last: a.Trend[len(a.Trend)-1].Made.Format("2006-01-02")}
	for _, r := range a.Trend {
		c.Most = max(c.Most, r.Leaks)
	}
	begin := a.Trend[0].Made
	span := a.Trend[len(a.Trend)-1].Made.Sub(begin).Seconds()
	place := func(i, n int) (x, y float64) {
		x = 640 * float64(i) / float64(len(a.Trend)-1) // where all were made in one moment
		if span > 0 {
			x = 640 * a.Trend[i].Made.Sub(begin).Seconds() / span
		}
		return x, 160 - 160*float64(n)/float64(c.Most)
	}
	draw := func(name string, count func(Record) int) {
		var b strings.Builder
		for i, r := range a.Trend {
			x, y := place(i, count(r))
			if i > 0 {
				b.WriteByte(' ')
			}
			fmt.Fprintf(&b, "%.1f,%.1f", x, y)
		}
		c.Lines = append(c.Lines, line{name, b.String()})
	}
	for _, phase := range transforms.Phases {
		draw(string(phase), func(r Record) int { return r.ByPhase[string(phase)] })
	}
	draw("all", func(r Record) int { return r.Leaks })
	for i, r := range a.Trend {
		x, y := place(i, r.Leaks)
		c.Points = append(c.Points, point{x, y, fmt.Sprintf("%s %.10s: %s", r.Made.Format("2006-01-02"), r.Commit, plural(r.Leaks, "leak"))})
	}
	return c
}
