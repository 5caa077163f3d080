package report

import (
	"encoding/json"
	"io"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/transforms"
)

// GitHub takes a log with at most so many results, and drops all of one with more.
const maxResults = 25000

// Origin says where what is reported was read, for the formats that other programs
// read.
type Origin struct {
	Version string // of this program, a number first
	Top     string // the folder that URIs are relative to: absolute, with slashes
	Below   string // the project's root, relative to Top, with slashes; "" if it is Top
	Kinds   []*transforms.Kind
	Failed  []string // what could not be looked at, a line each
}

// uri is a path of the project as a reference relative to Top.
func (o Origin) uri(rel string) string {
	return (&url.URL{Path: path.Join(o.Below, rel)}).String() // ./ before a name with a colon
}

// SARIF writes a log of version 2.1.0 in the form that GitHub's code scanning takes:
// see docs.oasis-open.org/sarif/sarif/v2.1.0. It has one run; what is most urgent
// comes first, since what is shown of a long log is its beginning; of more than
// 25,000 findings the rest is left out, and told of in the log.
func SARIF(w io.Writer, d *Document, o Origin) error {
	run := sarifRun{
		Tool:       sarifTool{Driver: sarifDriver{Name: "unleak", Version: o.Version, URI: "https://github.com/unleak-dev/unleak", Rules: []sarifRule{}}},
		ColumnKind: "utf16CodeUnits",
		Bases:      map[string]sarifArtifact{"%SRCROOT%": {URI: (&url.URL{Scheme: "file", Path: strings.TrimSuffix(o.Top, "/") + "/"}).String()}},
		Results:    []sarifResult{},
		Invocations: []sarifInvocation{{
			Successful: len(o.Failed) == 0, Notifications: []sarifNotification{},
		}},
	}
	for _, text := range o.Failed {
		run.Invocations[0].Notifications = append(run.Invocations[0].Notifications, sarifNotification{"error", sarifText{Text: text}})
	}
	rules := map[string]int{}
	findings := byUrgency(d.Findings)
	if len(findings) > maxResults {
		run.Invocations[0].Notifications = append(run.Invocations[0].Notifications,
			sarifNotification{"warning", sarifText{Text: "only the most urgent findings are listed: GitHub takes no more"}})
		findings = findings[:maxResults]
	}
	for _, f := range findings {
		if _, ok := rules[f.Kind]; !ok {
			rules[f.Kind] = len(run.Tool.Driver.Rules)
			run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, sarifRuleOf(o.Kinds, f))
		}
		run.Results = append(run.Results, o.result(f, rules[f.Kind]))
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(sarifLog{Schema: "https://json.schemastore.org/sarif-2.1.0.json", Version: "2.1.0", Runs: []sarifRun{run}})
}

// byUrgency sorts leaks before offers, and both by phase.
func byUrgency(findings []Finding) []*Finding {
	var out []*Finding
	for i := range findings {
		out = append(out, &findings[i])
	}
	rank := func(f *Finding) int {
		r := slices.Index(transforms.Phases, f.Phase)
		if f.Standing == transforms.Offer {
			r += len(transforms.Phases)
		}
		return r
	}
	slices.SortStableFunc(out, func(a, b *Finding) int { return rank(a) - rank(b) })
	return out
}

// levels are what other formats call how urgent something is.
var levels = map[transforms.Phase]string{transforms.Critical: "error", transforms.High: "warning", transforms.Medium: "note"}

func (f *Finding) level() string {
	if f.Standing == transforms.Offer {
		return "note"
	}
	return levels[f.Phase]
}

func sarifRuleOf(kinds []*transforms.Kind, f *Finding) sarifRule {
	prose := f.Kind
	if i := slices.IndexFunc(kinds, func(k *transforms.Kind) bool { return k.Name == f.Kind }); i >= 0 {
		prose = strings.TrimSpace(kinds[i].Prose)
	}
	first, _, _ := strings.Cut(prose, "\n\n")
	return sarifRule{
		ID:     f.Kind,
		Short:  sarifText{Text: "A resource is not released: " + f.Kind},
		Full:   sarifText{Text: strings.Join(strings.Fields(first), " ")},
		Help:   sarifHelp{Text: prose, Markdown: prose},
		Config: sarifConfig{Level: levels[f.Phase]},
		Properties: map[string]any{
			"tags": []string{"memory-leak", "reliability", string(f.Phase)}, "precision": "high", "problem.severity": problem(f.Phase),
		},
	}
}

// problem is what GitHub calls how severe a finding is that is not about security.
func problem(p transforms.Phase) string {
	switch p {
	case transforms.Critical:
		return "error"
	case transforms.High:
		return "warning"
	}
	return "recommendation"
}

func (o Origin) result(f *Finding, rule int) sarifResult {
	r := sarifResult{
		RuleID: f.Kind, RuleIndex: rule, Level: f.level(), Message: sarifText{Text: f.Message},
		Locations:    []sarifLocation{{Physical: o.place(f.Path, Place{f.Line, f.Column, f.EndLine, f.EndColumn})}},
		Fingerprints: map[string]string{"unleak/v1": f.Fingerprint},
		Properties: map[string]any{
			"phase": f.Phase, "standing": f.Standing, "way": f.Way, "package": f.Package, "owner": f.Owner.Name, "evidence": f.Evidence,
		},
	}
	for i, x := range f.Exits {
		text := "left here without the release: " + x.How
		r.Related = append(r.Related, sarifLocation{ID: i + 1, Physical: o.place(f.Path, Place{Line: x.Line}), Message: &sarifText{Text: text}})
	}
	if f.Made > 0 {
		r.Related = append(r.Related, sarifLocation{ID: len(f.Exits) + 1, Physical: o.place(f.Path, Place{Line: f.Made}), Message: &sarifText{Text: madeHere}})
	}
	switch {
	case f.Fix != nil:
		r.Properties["applicability"] = f.Fix.Applicability.String()
		r.Properties["notes"] = f.Fix.Notes
		change := sarifChange{Artifact: sarifArtifact{URI: o.uri(f.Path), Base: "%SRCROOT%"}}
		for _, e := range f.replaced {
			change.Replacements = append(change.Replacements, sarifReplacement{e.at, sarifContent{e.text}})
		}
		if len(change.Replacements) > 0 {
			r.Fixes = []sarifFix{{sarifText{Text: f.Fix.Message}, []sarifChange{change}}}
		}
	case f.Refusal != nil:
		r.Properties["refusal"] = f.Refusal
	}
	return r
}

func (o Origin) place(rel string, at Place) sarifPlace {
	return sarifPlace{Artifact: sarifArtifact{URI: o.uri(rel), Base: "%SRCROOT%"}, Region: at}
}

// replaced is one edit of a fix, by lines and columns.
type replaced struct {
	at   Place
	text string
}

func replacedBy(file *syntax.File, fix *transforms.Fix) []replaced {
	var out []replaced
	for _, e := range fix.Edits {
		var r Place
		r.Line, r.Column = file.Position(e.Start)
		r.EndLine, r.EndColumn = file.Position(e.End)
		out = append(out, replaced{r, e.New})
	}
	return out
}
