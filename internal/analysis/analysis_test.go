package analysis

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/unleak-dev/unleak/internal/report"
	"github.com/unleak-dev/unleak/transforms"
)

func builtin(t testing.TB) []*transforms.Kind {
	t.Helper()
	kinds, err := transforms.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	return kinds
}

// finding is one of a kind, with what the kind says.
func finding(t testing.TB, kind, pkg, path string, line int, change ...func(*report.Finding)) report.Finding {
	t.Helper()
	i := slices.IndexFunc(builtin(t), func(k *transforms.Kind) bool { return k.Name == kind })
	if i < 0 {
		t.Fatalf("there is no kind %s", kind)
	}
	k := builtin(t)[i]
	f := report.Finding{
		Fingerprint: fmt.Sprintf("%s %s:%d", kind, path, line), Kind: kind, Phase: k.Phase, Standing: transforms.Leak, Way: transforms.NeverReleased, Cost: k.Cost,
		Message: kind + " is never released", Path: path, Line: line, Package: pkg, Owner: report.Owner{Form: transforms.OwnerClass, Name: "A"},
		Fix: &report.Fix{Applicability: transforms.Safe, Message: "Release it in dispose()", Notes: []string{}},
	}
	for _, c := range change {
		c(&f)
	}
	return f
}

func offered(f *report.Finding) { f.Standing = transforms.Offer }
func unsafe(f *report.Finding) {
	f.Fix.Applicability, f.Fix.Notes = transforms.Unsafe, []string{"is it legal?"}
}
func byHand(f *report.Finding) {
	f.Fix, f.Refusal = nil, &report.Refusal{Reason: transforms.TooEntangled, Text: "the code cannot be moved"}
}

func input(t testing.TB, findings ...report.Finding) Input {
	d := &report.Document{Findings: findings}
	d.Summary.Files, d.Summary.Candidates, d.Summary.Seconds = 40, 7, 0.25
	return Input{Name: "harbour", Commit: "0123456789abcdef", Made: time.Date(2026, 3, 4, 5, 6, 7, 8, time.UTC), Program: "unleak 1.2.3",
		Document: d, Kinds: builtin(t), Times: [2]int{1, 5}}
}

func TestGroups(t *testing.T) {
	a := New(input(t,
		finding(t, "interval", "zeta", "z/a.ts", 3), finding(t, "interval", "alpha", "a/a.ts", 1, unsafe), finding(t, "interval", "alpha", "a/b.ts", 9, byHand),
		finding(t, "browser", "pdf", "p/a.ts", 5), finding(t, "schema", "alpha", "a/s.ts", 2, offered), finding(t, "timeout", "", "loose/t.ts", 2), finding(t, "timeout", "", "t.ts", 2),
	))
	var got []string
	for _, p := range a.Phases {
		for _, i := range p.Issues {
			got = append(got, fmt.Sprintf("%d %s %s %s %d", i.Number, p.Phase, i.Package, i.Kind, len(i.Places)))
		}
	}
	// What costs most comes first, offers last, numbers go on.
	want := []string{"1 critical pdf browser 1", "2 critical alpha interval 2", "3 critical zeta interval 1", "4 medium . timeout 1", "5 medium loose timeout 1", "6 medium alpha schema 1"}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if want := (Overview{Leaks: 6, Offers: 1, Packages: 5, Files: 6, Safe: 4, Unsafe: 1, Refused: 1}); a.Overview != want {
		t.Errorf("got %+v, want %+v", a.Overview, want)
	}
	var families []string
	for _, f := range a.Families {
		families = append(families, fmt.Sprintf("%s %d %d", f.Family, f.Leaks, f.Offers))
	}
	if want := []string{"timer 5 0", "resource 1 0", "registry 0 1"}; !slices.Equal(families, want) {
		t.Errorf("got %q, want %q", families, want)
	}
}

func TestImpact(t *testing.T) {
	free := func(f *report.Finding) { f.Cost = nil }
	a := New(input(t, finding(t, "browser", "pdf", "p/a.ts", 5), finding(t, "interval", "pdf", "p/b.ts", 5), finding(t, "timeout", "pdf", "p/c.ts", 5, free),
		finding(t, "schema", "checks", "c/s.ts", 2, offered), finding(t, "http-server", "web", "w/s.ts", 2, offered)))
	const mb = 1 << 20
	want := []Spent{
		{Package: "pdf", Leaks: 3, Unknown: 1, Low: 50*mb + 1024, High: 5 * (100*mb + mb), Risk: transforms.Critical},
		{Package: "checks", Offers: 1, Low: 10 << 10, High: 5 * 500 << 10, Risk: transforms.Medium},
	}
	if !reflect.DeepEqual(a.Impact.Packages, want) {
		t.Errorf("got %+v\nwant %+v", a.Impact.Packages, want)
	}
	if len(a.Impact.Assumed) != 3 || a.Impact.Assumed[0].Kind != "browser" || a.Impact.Assumed[0].Source == "" {
		t.Errorf("the assumptions are %+v", a.Impact.Assumed)
	}
}

func TestStates(t *testing.T) {
	one, two, three := finding(t, "interval", "a", "a.ts", 1), finding(t, "interval", "a", "a.ts", 2), finding(t, "interval", "a", "a.ts", 3, byHand)
	in := input(t, one, two, three)
	in.States = map[string]State{two.Fingerprint: {"proposed", "unleak/critical"}}
	in.Since = &Since{Name: "old.json", Came: map[string]bool{two.Fingerprint: true}, Stayed: 2, Went: []Went{{"timeout", "b.ts"}, {"browser", "a.ts"}}}
	a := New(in)
	var got []string
	for _, p := range a.Phases[0].Issues[0].Places {
		got = append(got, fmt.Sprint(p.State.State, " ", p.State.Where, " ", p.New))
	}
	if want := []string{"open  false", "proposed unleak/critical true", "refused too-entangled false"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if want := map[string]int{"open": 1, "proposed": 1, "refused": 1}; !reflect.DeepEqual(a.Phases[0].States, want) {
		t.Errorf("got %v", a.Phases[0].States)
	}
	if a.Since.Came != 1 || a.Since.Stayed != 2 || a.Since.Went[0].Path != "a.ts" {
		t.Errorf("got %+v", a.Since)
	}
	text := markdownOf(t, a)
	for _, want := range []string{"1 leak came, 2 stayed, 2 went.", "- went: browser in `a.ts`", "`a.ts:2` (new)", "- [~] a: Release it in `dispose()` (safe), `a.ts:2`: proposed (`unleak/critical`)", "by hand: interval is never released, `a.ts:3`: refused (too-entangled)"} {
		if !strings.Contains(text, want) {
			t.Errorf("not in the text: %s\n%s", want, text)
		}
	}
}

func markdownOf(t *testing.T, a *Analysis) string {
	t.Helper()
	var b strings.Builder
	if err := a.Markdown(&b, "", ""); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestAdvice: what nothing asks for is not recommended.
func TestAdvice(t *testing.T) {
	missing := func(f *report.Finding) { f.Way, f.Owner.Form = transforms.MissingPath, transforms.OwnerBlock }
	titles := func(a *Analysis) (out []string) {
		for _, x := range a.Advice {
			out = append(out, fmt.Sprintf("%s %d", x.Title, x.Count))
		}
		return out
	}
	a := New(input(t, finding(t, "browser", "a", "a.ts", 1, missing), finding(t, "browser", "a", "a.ts", 2, missing), finding(t, "event-listener", "a", "a.ts", 3)))
	if got, want := titles(a), []string{"Give back in a finally 2", "Wait for releases that take time 2", "Take away what listens 1", "Let the teardown reach everything 1"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if a := New(input(t)); len(a.Advice) != 0 || !strings.Contains(markdownOf(t, a), "Nothing leaks in the 40 files that were looked at.") {
		t.Errorf("got %q for nothing", titles(a))
	}
	var questions []string
	for _, c := range a.Checks {
		questions = append(questions, c.Question)
	}
	if !slices.Contains(questions, "Is what `launch(…)` begins ended by `handle.close()` on every way out, errors included? What if that fails?") {
		t.Errorf("the checklist is %q", questions)
	}
}

// TestChecks: every kind can be asked about, without holes of patterns in it.
func TestChecks(t *testing.T) {
	var all []report.Finding
	for _, k := range builtin(t) {
		all = append(all, finding(t, k.Name, "p", "a.ts", 1))
	}
	a := New(input(t, all...))
	if len(a.Checks) != len(all) {
		t.Errorf("%d questions for %d kinds", len(a.Checks), len(all))
	}
	for _, c := range a.Checks {
		if strings.Contains(c.Question, "$") {
			t.Errorf("%s: %s", c.Kind, c.Question)
		}
	}
}

// TestHostile: what a repository names cannot break out of the document.
func TestHostile(t *testing.T) {
	bad := "x`</code></script><img src=x onerror=alert(1)>\n# Heading\n| @everyone"
	f := finding(t, "interval", bad, "a`|b.ts", 1, unsafe)
	f.Message, f.Fix.Message, f.Fix.Notes = bad, bad, []string{bad}
	in := input(t, f)
	in.Name, in.Merged = bad, []Merged{{Commit: "abc", Subject: bad}}
	in.Reviewed = map[string]string{f.Fingerprint: "+ ```` </pre>" + bad + "\n"}
	in.States = map[string]State{f.Fingerprint: {"proposed", bad}}
	a := New(in)
	var page strings.Builder
	if err := a.HTML(&page); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(page.String(), "<img") || strings.Contains(page.String(), "<script") {
		t.Error("markup of the source is markup of the page")
	}
	text := markdownOf(t, a)
	outside, _, _ := strings.Cut(text, "### How it looks here")
	if strings.Contains(outside, "\n# Heading") || strings.Contains(text, "\n````diff") {
		t.Errorf("the source breaks out:\n%s", text)
	}
}

func TestTemplate(t *testing.T) {
	a := New(input(t, finding(t, "interval", "p", "a.ts", 1)))
	var b strings.Builder
	if err := a.Markdown(&b, "house.md", "{{.Name}}: {{.Overview.Leaks}}{{range .Phases}} {{.Phase}}{{end}}"); err != nil || b.String() != "harbour: 1 critical high medium" {
		t.Errorf("got %q, %v", b.String(), err)
	}
	for text, want := range map[string]string{"a\n{{.Nope}}": "house.md:2", "{{range}}": "house.md:1"} {
		b.Reset()
		if err := a.Markdown(&b, "house.md", text); err == nil || !strings.Contains(err.Error(), want) || b.Len() > 0 {
			t.Errorf("%q: wrote %q, %v", text, b.String(), err)
		}
	}
}

func TestJSON(t *testing.T) {
	var b strings.Builder
	if err := New(input(t, finding(t, "interval", "p", "a.ts", 1))).JSON(&b); err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal([]byte(b.String()), &got); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"version", "name", "commit", "overview", "phases", "patterns", "impact", "merged", "recommendations", "trend", "checklist", "scanned"} {
		if got[key] == nil {
			t.Errorf("%s is missing", key)
		}
	}
}

func TestHistory(t *testing.T) {
	day := func(d, leaks int, commit string) Record {
		return Record{Made: time.Date(2026, 1, d, 0, 0, 0, 0, time.UTC), Commit: commit, Leaks: leaks, ByPhase: map[string]int{"high": leaks}, Packages: map[string]int{"p": leaks}}
	}
	all := trend([]Record{day(1, 9, "a"), day(2, 8, "b")}, day(3, 7, "b"))
	if len(all) != 2 || all[1].Leaks != 7 {
		t.Errorf("a commit has two records: %+v", all)
	}
	all = trend(all, day(4, 6, ""))
	all = trend(all, day(5, 6, ""))
	again, err := ReadHistory(WriteHistory(all))
	if err != nil || !reflect.DeepEqual(again, all) || len(all) != 4 {
		t.Errorf("read %+v, %v; wrote %+v", again, err, all)
	}
	for _, text := range []string{"{}\n", "\n{\"made\":\"2026-01-01T00:00:00Z\"}\nnonsense\n", "[]"} {
		if _, err := ReadHistory([]byte(text)); err == nil || !strings.Contains(err.Error(), "line ") {
			t.Errorf("%q: %v", text, err)
		}
	}
	in := input(t, finding(t, "interval", "p", "a.ts", 1))
	if c := courseOf(New(in)); len(c.Lines) > 0 {
		t.Error("one record is no trend")
	}
	in.History = all
	c := courseOf(New(in))
	if len(c.Points) != 5 || c.Most != 9 || c.Points[0].Y != 0 || c.Points[4].X != 640 {
		t.Errorf("got %+v", c)
	}
	if text := markdownOf(t, New(in)); !strings.Contains(text, "| 2026-01-03 | `b` | 7 | 0 | 7 | 0 | 0 B |") {
		t.Errorf("the trend is not in the text:\n%s", text)
	}
}

func TestBytes(t *testing.T) {
	for n, want := range map[int64]string{0: "0 B", 500: "500 B", 1024: "1 KB", 1536: "1.5 KB", 320_000: "312 KB", 5 << 20: "5 MB", 525 << 20: "525 MB", 3 << 30: "3 GB", 1 << 62: "4194304 TB"} {
		if got := byteText(n); got != want {
			t.Errorf("%d is %q, want %q", n, got, want)
		}
	}
}

// TestPlots: a plot of many packages stays readable, and nothing leaves its scale.
func TestPlots(t *testing.T) {
	var all []report.Finding
	for i := range 60 {
		for j := range 1 + i%3 {
			all = append(all, finding(t, []string{"interval", "timeout", "browser"}[i%3], fmt.Sprintf("p%02d", i), "a.ts", j))
		}
	}
	a := New(input(t, all...))
	bars := countsOf(a)
	total := 0
	for _, b := range bars {
		width := 0.0
		for _, p := range b.Parts {
			width += p.Width
		}
		if total += b.Leaks; width > 100.001 {
			t.Errorf("%s is %v %% wide", b.Name, width)
		}
	}
	if len(bars) != maxBars || total != len(all) || bars[maxBars-1].Name != "41 others" {
		t.Errorf("%d bars of %d leaks, the last is %s", len(bars), total, bars[len(bars)-1].Name)
	}
	r := rangesOf(a)
	for _, s := range r.Rows {
		if s.From < 0 || s.From+s.Width > 100.9 {
			t.Errorf("%s goes from %v by %v", s.Package, s.From, s.Width)
		}
	}
	if len(r.Rows) != maxBars || len(r.Ticks) < 3 || r.Ticks[0].At != 0 {
		t.Errorf("got %d rows, ticks %+v", len(r.Rows), r.Ticks)
	}
	if r := rangesOf(New(input(t))); len(r.Rows) > 0 {
		t.Errorf("nothing has a range: %+v", r)
	}
}
