package transforms

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/unleak-dev/unleak/internal/project"
	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
)

const twoClasses = `export class A {
  go() {
    setInterval(() => {}, 10);
  }
  stop() {}
}
export class B {
  go() {
    setInterval(() => {}, 20);
  }
}
`

func parsed(t *testing.T, text string) (*Detector, *syntax.File) {
	t.Helper()
	kinds, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	p, err := project.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	f, err := syntax.Parse(context.Background(), "t.js", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return NewDetector(p, kinds, false), f
}

// TestMendAccepts: what is not accepted is offered, as it is for the text as it
// was, and not written.
func TestMendAccepts(t *testing.T) {
	for _, accepted := range []string{"A", "B", "A B", ""} {
		d, f := parsed(t, twoClasses)
		m, err := d.Mend(context.Background(), f, func(fix *Fix) bool { return strings.Contains(accepted, fix.Plan.Owner.Name) })
		if err != nil {
			t.Fatal(err)
		}
		var made []string
		for _, fix := range m.Fixes {
			made = append(made, fix.Plan.Owner.Name)
		}
		if strings.Join(made, " ") != accepted || (m.New != nil) != (accepted != "") {
			t.Errorf("accepting %q: made %v, %s", accepted, made, m.New)
		}
		if len(m.Findings) != 2 || len(m.ByFinding) != 2 {
			t.Fatalf("accepting %q: %d findings, %d fixes", accepted, len(m.Findings), len(m.ByFinding))
		}
		for _, o := range m.Findings {
			fix := m.ByFinding[o.Fingerprint()]
			if fix.Plan.Owner.Name != o.Owner.Name || fix.Plan.Obligations[0].File != f {
				t.Errorf("accepting %q: the fix of %s is another's", accepted, o.Owner.Name)
			}
			if _, err := patch.Apply(f.Src(), fix.Edits); err != nil || fix.Plan.Obligations[0].Call != o.Call {
				t.Errorf("accepting %q: the fix of %s is for another text: %v", accepted, o.Owner.Name, err)
			}
		}
	}
}

// TestMendCancelled: nothing is returned then but the cause, whenever it comes.
func TestMendCancelled(t *testing.T) {
	why := errors.New("enough")
	for _, when := range []string{"before", "while fixes are made", "after a round"} {
		d, f := parsed(t, twoClasses)
		ctx, cancel := context.WithCancelCause(context.Background())
		if when == "before" {
			cancel(why)
		}
		asked := 0
		m, err := d.Mend(ctx, f, func(fix *Fix) bool {
			if asked++; when == "while fixes are made" || when == "after a round" && asked == 2 {
				cancel(why)
			}
			return asked == 1
		})
		if m != nil || err != why {
			t.Errorf("cancelled %s: got %v, %v", when, m, err)
		}
		cancel(nil)
	}
}

// countdown is a context that is cancelled when it has been asked a number of times.
type countdown struct {
	context.Context
	left, asked int
}

func (c *countdown) Err() error {
	c.asked++
	if c.left--; c.left < 0 {
		return context.Canceled
	}
	return nil
}

// TestMendStops: once cancelled, it does not go on to the end of the file.
func TestMendStops(t *testing.T) {
	var b strings.Builder
	for i := range 300 {
		fmt.Fprintf(&b, "export class A%d { go() { setInterval(() => {}, 1); } stop() {} }\n", i)
	}
	d, f := parsed(t, b.String())
	for _, after := range []int{1, 20, 350, 500} {
		ctx := &countdown{Context: context.Background(), left: after}
		if _, err := d.Mend(ctx, f, func(*Fix) bool { return true }); !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled after %d questions: %v", after, err)
		}
		if ctx.asked > after+10 {
			t.Errorf("cancelled after %d questions, it asked %d more", after, ctx.asked-after)
		}
	}
}

// TestRoundKeepsTheFirst: fixes that are right alone and not together are made
// one after the other.
func TestRoundKeepsTheFirst(t *testing.T) {
	d, f := parsed(t, twoClasses)
	s := newScan(context.Background(), d, f)
	s.found = d.Detect(context.Background(), f)
	for i, o := range s.found {
		first, at, last := o.Owner.Node.Parent().Start(), o.Call.Start(), o.Owner.Node.End()-1
		o.Form = formBroken{[]patch.Edit{
			{Start: first, End: first, New: fmt.Sprintf("const once = %d;\n", i+1)},
			{Start: at, End: at, New: "this.t = "},
			{Start: last, End: last, New: "  close() { clearInterval(this.t); }\n"},
		}}
	}
	m := &Mended{Path: f.Path, Findings: s.found, ByFinding: map[string]*Fix{}}
	next, err := d.round(s, m, s.found, func(*Fix) bool { return true }, map[string]bool{})
	if err != nil || next == nil {
		t.Fatal(next, err)
	}
	if len(m.Fixes) != 1 || len(m.Bugs) != 0 || m.Fixes[0].Plan.Owner.Name != "A" {
		t.Errorf("made %v, bugs %v", m.Fixes, m.Bugs)
	}
	if got := string(next.Src()); !strings.HasPrefix(got, "const once = 1;") || strings.Contains(got, "once = 2") || strings.Count(got, "clearInterval") != 1 {
		t.Errorf("got\n%s", got)
	}
}

// TestPlans: classes and calls are settled as a whole, by form; the offers one
// place at a time.
func TestPlans(t *testing.T) {
	_, f := parsed(t, "a(); b(); c(); d(); e();")
	var calls []syntax.Node
	for n := range f.Root().Descendants() {
		if n.Is("call_expression") {
			calls = append(calls, n)
		}
	}
	owner := Owner{Node: f.Root()}
	o := func(i int, form form) *Obligation {
		return &Obligation{Status: Unmet, Form: form, At: calls[i], Owner: owner}
	}
	class, again, shutdown, other := o(2, formClass{}), o(0, formClass{}), o(1, formShutdown{}), o(3, formShutdown{})
	met, refused, none := o(4, formClass{}), o(4, formClass{}), o(4, nil)
	met.Status, refused.Refusal = Met, refuse(NoOwner, "x")
	var got [][]*Obligation
	for _, p := range plans([]*Obligation{again, shutdown, class, other, met, refused, none}) {
		got = append(got, p.Obligations)
	}
	want := [][]*Obligation{{again, class}, {shutdown}, {other}}
	if !slices.EqualFunc(got, want, func(a, b []*Obligation) bool { return slices.Equal(a, b) }) {
		t.Errorf("got %v", got)
	}
	if got := plans([]*Obligation{class, shutdown}); got[0].Obligations[0] != shutdown {
		t.Error("plans come in the order of the text")
	}
}

// TestMendManyRounds: a call settles one debt after the other, however many there are.
func TestMendManyRounds(t *testing.T) {
	const n = 20
	var open, shut strings.Builder
	for i := range n {
		fmt.Fprintf(&open, "  const b%d = await puppeteer.launch();\n  await b%d.version();\n", i, i)
		fmt.Fprintf(&shut, "  await b%d.close();\n", n-1-i)
	}
	text := "import puppeteer from 'puppeteer';\nexport async function shots() {\n" + open.String() + shut.String() + "}\n"
	d, _ := parsed(t, text)
	m := MendText(t, d, "shots.js", text)
	if len(m.Findings) != n || len(m.Fixes) != n || strings.Count(string(m.New), "} finally {") != n {
		t.Errorf("%d findings, %d fixes:\n%s", len(m.Findings), len(m.Fixes), m.New)
	}
}
