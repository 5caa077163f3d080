package transforms

import (
	"strings"
	"testing"

	"github.com/unleak-dev/unleak/internal/project"
	"github.com/unleak-dev/unleak/internal/syntax"
)

// TestSilence: wherever something is found a comment silences it, and nothing else,
// or cannot stand there.
func TestSilence(t *testing.T) {
	silenced, refused := 0, 0
	eachCase(t, func(t *testing.T, kinds []*Kind, c Case) {
		p, err := project.Open(WriteCase(t, c))
		if err != nil {
			t.Fatal(err)
		}
		for rel, text := range c.Files {
			if !isExample(rel) {
				continue
			}
			f, err := syntax.Parse(t.Context(), rel, []byte(text))
			if err != nil {
				t.Fatal(err)
			}
			d := NewDetector(p, kinds, true)
			for _, o := range ignoresOf(f).filter(d.Detect(t.Context(), f)) {
				src, err := d.Silence(t.Context(), f, []*Obligation{o}, "it is  meant\nso")
				if err != nil {
					refused++
					continue
				}
				silenced++
				comment := "// unleak-ignore-next-line " + o.Kind.Name + " -- it is meant so"
				var rest strings.Builder
				found := 0
				for line := range strings.Lines(string(src)) {
					if strings.TrimSpace(line) == comment {
						found++
						continue
					}
					rest.WriteString(line)
				}
				if found != 1 || rest.String() != text {
					t.Errorf("%s: for %s this was written:\n%s", rel, o.Message, src)
				}
			}
		}
	})
	if silenced < 100 || refused > silenced/20 {
		t.Errorf("%d were silenced, %d refused", silenced, refused)
	}
}

func TestSilencePlaces(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"CRLF", "export class A {\r\n\tgo() {\r\n\t\tsetInterval(f, 1);\r\n\t}\r\n}\r\n", "export class A {\r\n\tgo() {\r\n\t\t// unleak-ignore-next-line interval -- why not\r\n\t\tsetInterval(f, 1);\r\n\t}\r\n}\r\n"},
		{"BOM", "\ufeffexport class A { go() { setInterval(f, 1); } }\n", "\ufeff// unleak-ignore-next-line interval -- why not\nexport class A { go() { setInterval(f, 1); } }\n"},
		{
			"another comment", "export class A {\n  go() {\n    // unleak-ignore-next-line browser -- x\n    setInterval(f, 1);\n  }\n}\n",
			"export class A {\n  go() {\n    // unleak-ignore-next-line browser -- x\n    // unleak-ignore-next-line interval -- why not\n    setInterval(f, 1);\n  }\n}\n",
		},
		{"template", "export class A {\n  go() {\n    return `\n  ${list.map(() => { setInterval(f, 1); })}`;\n  }\n}\n", "line 4: what stands above it is no code"},
		{"element", "export class A {\n  go() {\n    return <p>\n      {list.map(() => { setInterval(f, 1); })}\n    </p>;\n  }\n}\n", "line 4: what stands above it is no code"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, f := parsed(t, c.text)
			var open []*Obligation
			for _, o := range d.Detect(t.Context(), f) {
				if o.Status == Unmet {
					open = append(open, o)
				}
			}
			if len(open) != 1 {
				t.Fatalf("%d findings", len(open))
			}
			src, err := d.Silence(t.Context(), f, open, "why not")
			if err != nil {
				src = []byte(err.Error())
			}
			if string(src) != c.want && !strings.HasPrefix(c.want, "line") || !strings.HasPrefix(string(src), c.want) {
				t.Errorf("got %q\nwant %q", src, c.want)
			}
			if _, err := d.Silence(t.Context(), f, open, " \n"); err == nil {
				t.Error("silenced without a reason")
			}
		})
	}
}

func TestJudge(t *testing.T) {
	d, f := parsed(t, twoClasses)
	var of []*Obligation
	for _, o := range d.Detect(t.Context(), f) {
		if o.Owner.Name == "A" {
			of = append(of, o)
		}
	}
	fixed := strings.Replace(twoClasses, "    setInterval(() => {}, 10);\n  }\n  stop() {}", "    this.t = setInterval(() => {}, 10);\n  }\n  stop() { clearInterval(this.t); }", 1)
	for _, c := range []struct{ name, text, broken, owes string }{
		{"fixed", fixed, "", ""},
		{"the same", twoClasses, "", "line 3 still leaks: "},
		{"broken", strings.Replace(fixed, "stop() {", "stop() {{", 1), "line ", ""},
		{"anew", fixed + "export class C {\n  go() { setInterval(() => {}, 9); }\n}\n", "", "line 13 leaks anew: "},
		{"ignored", strings.Replace(twoClasses, "    setInterval(() => {}, 10)", "    // unleak-ignore-next-line\n    setInterval(() => {}, 10)", 1), "", ""},
	} {
		j, err := d.Judge(t.Context(), f, []byte(c.text), of)
		if err != nil {
			t.Fatal(err)
		}
		if (j.Broken == "") != (c.broken == "") || !strings.HasPrefix(j.Broken, c.broken) {
			t.Errorf("%s: broken: %q", c.name, j.Broken)
		}
		if owes := strings.Join(j.Owes, "\n"); (owes == "") != (c.owes == "") || !strings.HasPrefix(owes, c.owes) {
			t.Errorf("%s: owes: %q", c.name, owes)
		}
	}
}

func TestOne(t *testing.T) {
	d, f := parsed(t, twoClasses)
	m, err := d.Mend(t.Context(), f, func(*Fix) bool { return false })
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range m.Findings {
		fix, after, bug, err := d.One(t.Context(), f, m.ByFinding[o.Fingerprint()].ID())
		if err != nil || bug != nil || fix == nil || fix.Plan.Owner.Name != o.Owner.Name {
			t.Fatalf("%v, %v, %v", fix, bug, err)
		}
		if n := strings.Count(string(after), "clearInterval("); n != 1 {
			t.Errorf("%d intervals are cleared in\n%s", n, after)
		}
	}
	if fix, after, _, err := d.One(t.Context(), f, "nothing"); fix != nil || after != nil || err != nil {
		t.Errorf("%v, %q, %v", fix, after, err)
	}
}
