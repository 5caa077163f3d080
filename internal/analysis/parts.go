package analysis

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/report"
	"github.com/unleak-dev/unleak/transforms"
)

// Family is a pattern of leaks, and where it was found.
type Family struct {
	Family transforms.Family `json:"family"`
	Title  string            `json:"title"`
	Leaks  int               `json:"leaks"`
	Offers int               `json:"offers"`
	Kinds  []Counted         `json:"kinds"`
}

// Counted is how often something was found.
type Counted struct {
	Name  string `json:"name"`
	Count int    `json:"count"`
	Path  string `json:"path"` // of the first
	Line  int    `json:"line"`
}

var titles = []struct {
	family transforms.Family
	title  string
}{
	{transforms.Timers, "Timers that go on"},
	{transforms.Resources, "Resources that are not given back"},
	{transforms.Listeners, "Listeners and subscriptions that accumulate"},
	{transforms.Registries, "Containers and registries that only grow"},
}

func familiesOf(d *report.Document, kinds map[string]*transforms.Kind) []Family {
	out := []Family{}
	for _, t := range titles {
		f := Family{Family: t.family, Title: t.title}
		byWay := map[string]*Counted{}
		for i := range d.Findings {
			found := &d.Findings[i]
			k := kinds[found.Kind]
			if k == nil || k.Family != t.family {
				continue
			}
			if found.Standing == transforms.Offer {
				f.Offers++
			} else {
				f.Leaks++
			}
			name := strings.ReplaceAll(found.Kind, "-", " ") + ", " + ways[found.Way]
			if byWay[name] == nil {
				byWay[name] = &Counted{Name: name, Path: found.Path, Line: found.Line}
			}
			byWay[name].Count++
		}
		for _, name := range slices.Sorted(maps.Keys(byWay)) {
			f.Kinds = append(f.Kinds, *byWay[name])
		}
		slices.SortStableFunc(f.Kinds, func(a, b Counted) int { return b.Count - a.Count })
		if len(f.Kinds) > 0 {
			out = append(out, f)
		}
	}
	return out
}

// ways say how a leak shows, behind a comma.
var ways = map[transforms.Way]string{
	transforms.NeverReleased: "never released",
	transforms.MissingPath:   "not released on every way out",
	transforms.WrongRelease:  "by a release that does not work",
	transforms.Overwritten:   "overwritten by the next one",
}

// Impact is what leaks may have cost, in bytes.
type Impact struct {
	LittleUse int      `json:"littleUse"` // how often each leak is assumed to have happened
	HeavyUse  int      `json:"heavyUse"`
	Packages  []Spent  `json:"packages"`
	Assumed   []Priced `json:"assumptions"`
}

// Spent is what the leaks of a package may have cost.
type Spent struct {
	Package string           `json:"package"`
	Leaks   int              `json:"leaks"`
	Offers  int              `json:"offers"`  // where something only grows
	Unknown int              `json:"unknown"` // leaks of unknown cost, which are in no sum
	Low     int64            `json:"low"`
	High    int64            `json:"high"`
	Risk    transforms.Phase `json:"risk"` // the most urgent
}

// Priced is what one leak of a kind is assumed to cost.
type Priced struct {
	Kind   string `json:"kind"`
	Low    int64  `json:"low"`
	High   int64  `json:"high"`
	Source string `json:"source"`
}

// impactOf sums what is found, times how often it is assumed to have happened. What
// is merely offered leaks nothing, but for what only grows.
func impactOf(in Input, kinds map[string]*transforms.Kind) Impact {
	out := Impact{LittleUse: in.Times[0], HeavyUse: in.Times[1], Packages: []Spent{}, Assumed: []Priced{}}
	byPackage := map[string]*Spent{}
	assumed := map[string]bool{}
	for i := range in.Document.Findings {
		f := &in.Document.Findings[i]
		k := kinds[f.Kind]
		if f.Standing == transforms.Offer && (k == nil || k.Family != transforms.Registries) {
			continue
		}
		name := packageOf(f)
		s := byPackage[name]
		if s == nil {
			s = &Spent{Package: name, Risk: f.Phase}
			byPackage[name] = s
		}
		if f.Standing == transforms.Offer {
			s.Offers++
		} else {
			s.Leaks++
		}
		if slices.Index(transforms.Phases, f.Phase) < slices.Index(transforms.Phases, s.Risk) {
			s.Risk = f.Phase
		}
		if f.Cost == nil {
			s.Unknown++
			continue
		}
		s.Low += f.Cost.Low * int64(in.Times[0])
		s.High += f.Cost.High * int64(in.Times[1])
		if k != nil && k.Cost != nil && !assumed[f.Kind] {
			assumed[f.Kind] = true
			out.Assumed = append(out.Assumed, Priced{f.Kind, k.Cost.Low, k.Cost.High, k.Cost.Source})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(byPackage)) {
		out.Packages = append(out.Packages, *byPackage[name])
	}
	slices.SortStableFunc(out.Packages, func(a, b Spent) int { return cmp.Compare(b.High, a.High) })
	slices.SortFunc(out.Assumed, func(a, b Priced) int { return strings.Compare(a.Kind, b.Kind) })
	return out
}

// Changes is what came, went and stayed since a baseline.
type Changes struct {
	Baseline string `json:"baseline"`
	Came     int    `json:"came"`
	Stayed   int    `json:"stayed"`
	Went     []Went `json:"went"`
}

func changesOf(in Input) *Changes {
	c := &Changes{Baseline: in.Since.Name, Came: len(in.Since.Came), Stayed: in.Since.Stayed, Went: append([]Went{}, in.Since.Went...)}
	slices.SortFunc(c.Went, func(a, b Went) int { return cmp.Or(strings.Compare(a.Path, b.Path), strings.Compare(a.Kind, b.Kind)) })
	return c
}

// Example is a fix of this code that shows how things are released here.
type Example struct {
	Path string `json:"path"`
	Fix  string `json:"fix"`
	Diff string `json:"diff"`
}

// exampleOf is the shortest safe fix of a class, else of anything.
func exampleOf(in Input) *Example {
	var best *Example
	score := 0
	for i := range in.Document.Findings {
		f := &in.Document.Findings[i]
		diff := in.Reviewed[f.Fingerprint]
		if f.Fix == nil || diff == "" {
			continue
		}
		s := 1
		if f.Fix.Applicability == transforms.Safe {
			s += 2
		}
		if f.Owner.Form == transforms.OwnerClass {
			s++
		}
		if best == nil || s > score || s == score && len(diff) < len(best.Diff) {
			best, score = &Example{f.Path, f.Fix.Message, diff}, s
		}
	}
	return best
}
