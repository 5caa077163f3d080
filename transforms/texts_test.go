package transforms

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/unleak-dev/unleak/internal/project"
	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
)

const threeClasses = twoClasses + `export class C {
  constructor() {
    this.poll = setInterval(() => {}, 30);
  }
  stop() {}
}
`

// TestTexts: one text for each fix, each the one before with that fix alone.
func TestTexts(t *testing.T) {
	d, f := parsed(t, threeClasses)
	m, err := d.Mend(t.Context(), f, func(*Fix) bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	texts, err := d.Texts(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	if len(texts) != 3 {
		t.Fatalf("%d texts, want 3", len(texts))
	}
	at := m.Old
	var edits []patch.Edit
	for i, text := range texts {
		if len(text.Fixes) != 1 {
			t.Fatalf("text %d is of %d fixes", i, len(text.Fixes))
		}
		edits = append(edits, text.Fixes[0].Edits...)
		want, err := patch.Apply(m.Old, edits)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(text.New, want) || bytes.Equal(text.New, at) {
			t.Errorf("text %d is not the one before with the edits of its fix:\n%s", i, text.New)
		}
		for _, c := range []string{"A", "B", "C"} {
			_, class, _ := strings.Cut(string(text.New), "class "+c)
			class, _, _ = strings.Cut(class, "export class")
			if made := strings.Contains(class, "clearInterval"); made != (c <= "ABC"[i:i+1]) {
				t.Errorf("text %d: class %s is mended: %v", i, c, made)
			}
		}
		at = text.New
	}
	if !bytes.Equal(at, m.New) {
		t.Errorf("the last text is not what Mend wrote:\n%s", at)
	}
}

// TestTextsOfExamples: whatever Mend makes of the examples can be taken apart.
func TestTextsOfExamples(t *testing.T) {
	kinds, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	several := 0
	for _, k := range kinds {
		for _, c := range k.Cases {
			p, err := project.Open(WriteCase(t, c))
			if err != nil {
				t.Fatal(err)
			}
			d := NewDetector(p, kinds, c.WantsOffers())
			for rel, src := range c.Files {
				if !isExample(rel) {
					continue
				}
				f, err := syntax.Parse(t.Context(), rel, []byte(src))
				if err != nil {
					t.Fatal(err)
				}
				m, err := d.Mend(t.Context(), f, func(*Fix) bool { return true })
				if err != nil {
					t.Fatal(err)
				}
				texts, err := d.Texts(t.Context(), m)
				if err != nil {
					t.Fatal(err)
				}
				var fixes []*Fix
				at := m.Old
				for _, text := range texts {
					if bytes.Equal(at, text.New) {
						t.Errorf("%s/%s/%s: a fix changes nothing", k.Name, c.Name, rel)
					}
					at = text.New
					fixes = append(fixes, text.Fixes...)
				}
				if len(texts) > 1 {
					several++
				}
				if !slices.Equal(fixes, m.Fixes) || m.New != nil && !bytes.Equal(at, m.New) || m.New == nil && len(texts) > 0 {
					t.Errorf("%s/%s/%s: the texts do not lead to what Mend wrote", k.Name, c.Name, rel)
				}
			}
		}
	}
	if several == 0 {
		t.Error("no example has several fixes")
	}
}

// TestTextsTogether: where the text with some of the fixes is not right, the next
// one joins them. The second round of a made-up pair stands for that.
func TestTextsTogether(t *testing.T) {
	d, f := parsed(t, twoClasses)
	m, err := d.Mend(t.Context(), f, func(*Fix) bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	first := *m.rounds[0].fixes[0]
	first.Edits = nil // alone, it leaves what it should settle
	m.rounds[0].fixes = []*Fix{&first, m.rounds[0].fixes[1]}
	texts, err := d.Texts(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	if len(texts) != 1 || len(texts[0].Fixes) != 2 || !bytes.Equal(texts[0].New, m.New) {
		t.Fatalf("got %d texts, want one of both fixes", len(texts))
	}
}

func TestTextsCancelled(t *testing.T) {
	d, f := parsed(t, twoClasses)
	m, err := d.Mend(t.Context(), f, func(*Fix) bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := d.Texts(ctx, m); err == nil {
		t.Fatal("a cancelled call must say so")
	}
}

// TestFixPhase: a fix belongs to the most urgent of what it settles.
func TestFixPhase(t *testing.T) {
	of := func(phases ...Phase) *Fix {
		p := &Plan{}
		for _, phase := range phases {
			p.Obligations = append(p.Obligations, &Obligation{Phase: phase})
		}
		return &Fix{Plan: p}
	}
	for _, c := range []struct {
		fix  *Fix
		want Phase
	}{{of(Medium), Medium}, {of(Medium, Critical, High), Critical}, {of(High, Medium), High}} {
		if got := c.fix.Phase(); got != c.want {
			t.Errorf("got %s, want %s", got, c.want)
		}
	}
}
