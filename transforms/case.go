package transforms

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/tools/txtar"

	"github.com/unleak-dev/unleak/internal/project"
	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
)

// ParseCases groups the files of a txtar archive: CASE/PATH is a source,
// CASE/PATH.safe (.unsafe, .display, .refused) what must come of it. file is for
// messages; every error is a *KindError.
func ParseCases(file string, data []byte) ([]Case, error) {
	index := map[string]int{}
	var cases []Case
	for _, f := range txtar.Parse(data).Files {
		name, rel, ok := strings.Cut(f.Name, "/")
		if !ok {
			return nil, &KindError{file, lineOf(data, f.Name), 4, fmt.Sprintf("want CASE/FILE, got %q", f.Name)}
		}
		i, seen := index[name]
		if !seen {
			i = len(cases)
			index[name] = i
			cases = append(cases, Case{Name: name, Files: map[string]string{}, Goldens: map[string]Golden{}})
		}
		ext := strings.TrimPrefix(path.Ext(rel), ".")
		switch ext {
		case "safe", "unsafe", "display", "refused":
			cases[i].Goldens[strings.TrimSuffix(rel, "."+ext)] = Golden{ext, string(f.Data)}
		default:
			cases[i].Files[rel] = string(f.Data)
		}
	}
	for _, c := range cases {
		for rel := range c.Goldens {
			if _, ok := c.Files[rel]; !ok {
				return nil, &KindError{file, lineOf(data, c.Name+"/"+rel), 4, fmt.Sprintf("case %s: a golden for %s, which is not there", c.Name, rel)}
			}
		}
	}
	return cases, nil
}

func lineOf(data []byte, name string) int {
	before, _, ok := bytes.Cut(data, []byte("-- "+name))
	if !ok {
		return 1
	}
	return bytes.Count(before, []byte{'\n'}) + 1
}

// Difference is something in a case that is other than it should be.
type Difference struct {
	Path string // of the file within the case
	Text string // one sentence or more
	Diff string // from what should be to what is, as a unified diff; may be empty
	// Stale: it is the golden that differs, so writing it anew would settle it.
	Stale bool
}

// Report is what came of a case.
type Report struct {
	Differences []Difference
	Goldens     map[string]Golden // what came of each file, the zero Golden for nothing
}

func (r *Report) add(path, diff, format string, args ...any) {
	r.Differences = append(r.Differences, Difference{Path: path, Text: fmt.Sprintf(format, args...), Diff: diff})
}

// Put writes the files of a case into a folder.
func (c Case) Put(dir string) error {
	for rel, text := range c.Files {
		if !filepath.IsLocal(filepath.FromSlash(rel)) {
			return fmt.Errorf("case %s: %q leads out of its folder", c.Name, rel)
		}
		abs := filepath.Join(dir, filepath.FromSlash(rel))
		if err := os.MkdirAll(filepath.Dir(abs), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(abs, []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// RunCase runs a case in dir, an empty folder, with the given kinds: what is found
// must be what the comments in its files want, what comes of it the goldens, and a
// second run must change nothing.
func RunCase(ctx context.Context, dir string, kinds []*Kind, c Case) (*Report, error) {
	return runCaseIn(ctx, dir, kinds, Style{}, c)
}

// runCaseIn is RunCase with a style asked for.
func runCaseIn(ctx context.Context, dir string, kinds []*Kind, style Style, c Case) (*Report, error) {
	if err := c.Put(dir); err != nil {
		return nil, err
	}
	p, err := project.Open(dir)
	if err != nil {
		return nil, err
	}
	d := NewDetector(p, kinds, c.WantsOffers())
	d.Style = style
	r := &Report{Goldens: map[string]Golden{}}
	for rel, text := range c.Files {
		if !isExample(rel) {
			continue
		}
		if !d.Offers {
			if err := r.noOffers(ctx, NewDetector(p, kinds, true), rel, text); err != nil {
				return nil, err
			}
		}
		m, bad, err := mendCase(ctx, d, rel, text)
		if err != nil {
			return nil, err
		}
		r.Differences = append(r.Differences, bad...)
		r.wants(rel, text, m)
		if len(m.Findings) > 0 && !d.IsCandidate([]byte(text)) {
			r.add(rel, "", "has findings, and would not have been looked at")
		}
		got := outcome(m)
		r.Goldens[rel] = got
		want, ok := c.Goldens[rel]
		before := len(r.Differences)
		switch {
		case !ok && got.Outcome != "":
			r.add(rel, unified(rel, text, got), "no golden, got %s", got.Outcome)
		case ok && got.Outcome != want.Outcome:
			r.add(rel, unified(rel, want.Text, got), "got %q, want %q%s", got.Outcome, want.Outcome, notesOf(m))
		case ok && got.Text != want.Text:
			r.add(rel, unified(rel, want.Text, got), "got other text than the golden")
		}
		for i := range r.Differences[before:] {
			r.Differences[before+i].Stale = true
		}
	}
	slices.SortStableFunc(r.Differences, func(a, b Difference) int { return strings.Compare(a.Path, b.Path) })
	return r, nil
}

func unified(rel, want string, got Golden) string {
	if got.Outcome == "" || got.Outcome == "refused" {
		return ""
	}
	return patch.Change{Path: rel, Old: []byte(want), New: []byte(got.Text)}.Unified()
}

// isExample: a file that is looked at, and no installed package or scenario.
func isExample(rel string) bool {
	return syntax.Supported(rel) && !strings.Contains(rel, "node_modules/") && rel != "drive.cjs"
}

// mendCase makes all fixes of one file; a fix that fails its proof, and a second
// run that changes anything, are differences.
func mendCase(ctx context.Context, d *Detector, rel, text string) (*Mended, []Difference, error) {
	all := func(*Fix) bool { return true }
	f, err := syntax.Parse(ctx, rel, []byte(text))
	if err != nil {
		return nil, nil, err
	}
	m, err := d.Mend(ctx, f, all)
	if err != nil {
		return nil, nil, err
	}
	var bad []Difference
	for _, b := range m.Bugs {
		bad = append(bad, Difference{Path: rel, Text: b.Error(), Diff: patch.Change{Path: rel, Old: b.Before, New: b.Mangled}.Unified()})
	}
	if m.New != nil {
		g, err := syntax.Parse(ctx, rel, m.New)
		if err != nil {
			return nil, nil, err
		}
		again, err := d.Mend(ctx, g, all)
		if err != nil {
			return nil, nil, err
		}
		if again.New != nil {
			bad = append(bad, Difference{Path: rel, Text: "a second run changes the file again", Diff: patch.Change{Path: rel, Old: m.New, New: again.New}.Unified()})
		}
	}
	return m, bad, nil
}

// wants compares the findings with the comments `// want WAY` and
// `// want offer WAY` on their lines.
func (r *Report) wants(rel, text string, m *Mended) {
	var want, got []string
	for i, line := range strings.Split(text, "\n") {
		if _, w, ok := strings.Cut(line, "// want "); ok {
			for _, one := range strings.Split(strings.TrimSpace(w), ", ") {
				want = append(want, fmt.Sprintf("line %d: %s", i+1, one))
			}
		}
	}
	for _, o := range m.Findings {
		line, _ := o.File.Position(o.At.Start())
		w := string(o.Way)
		if o.Standing == Offer {
			w = "offer " + w
		}
		got = append(got, fmt.Sprintf("line %d: %s", line, w))
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(want, got) {
		r.add(rel, "", "findings differ\n got: %s\nwant: %s%s", strings.Join(got, "\n      "), strings.Join(want, "\n      "), steps(m))
	}
}

func steps(m *Mended) string {
	var b strings.Builder
	for _, o := range m.Obligations {
		line, _ := o.File.Position(o.Call.Start())
		fmt.Fprintf(&b, "\n%s line %d: %s", o.Kind.Name, line, o.Status)
		for _, s := range o.Steps {
			fmt.Fprintf(&b, "; %s", s.Text)
		}
	}
	return b.String()
}

func outcome(m *Mended) Golden {
	if len(m.Fixes) > 0 {
		least := Safe
		for _, f := range m.Fixes {
			least = min(least, f.Applicability)
		}
		return Golden{least.String(), string(m.New)}
	}
	for _, o := range m.Findings {
		if o.Refusal != nil {
			return Golden{"refused", string(o.Refusal.Reason) + "\n"}
		}
	}
	return Golden{}
}

func notesOf(m *Mended) string {
	var b strings.Builder
	for _, f := range m.Fixes {
		for _, n := range f.Notes {
			fmt.Fprintf(&b, "\n- %s: %s", n.Cap, n.Text)
		}
	}
	for _, o := range m.Findings {
		if o.Refusal != nil {
			fmt.Fprintf(&b, "\nrefused: %s %s", o.Refusal.Reason, o.Refusal.Text)
		}
	}
	return b.String()
}

// WithGolden replaces the golden of one file, CASE/PATH, in a txtar archive.
func WithGolden(data []byte, name string, g Golden) []byte {
	ar := txtar.Parse(data)
	var files []txtar.File
	for _, f := range ar.Files {
		stem := strings.TrimSuffix(f.Name, path.Ext(f.Name))
		switch path.Ext(f.Name) {
		case ".safe", ".unsafe", ".display", ".refused":
			if stem == name {
				continue
			}
		}
		files = append(files, f)
		if f.Name == name && g.Outcome != "" {
			files = append(files, txtar.File{Name: name + "." + g.Outcome, Data: []byte(g.Text)})
		}
	}
	ar.Files = files
	return txtar.Format(ar)
}

// noOffers: none is made in what does not want any, but for methods that may be
// called twice.
func (r *Report) noOffers(ctx context.Context, d *Detector, rel, text string) error {
	f, err := syntax.Parse(ctx, rel, []byte(text))
	if err != nil {
		return err
	}
	for _, o := range d.Detect(ctx, f) {
		if o.Status == Unmet && o.Standing == Offer && o.Way != Overwritten {
			line, _ := f.Position(o.At.Start())
			r.add(rel, "", "line %d: an offer that the case does not want: %s", line, o.Message)
		}
	}
	return nil
}
