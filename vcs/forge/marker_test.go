package forge

import (
	"errors"
	"reflect"
	"strings"
	"testing"
)

func TestMarkerRoundTrip(t *testing.T) {
	m := with(proposal, func(p *Proposal) { p.Branch = "unleak/--><script>" }).marker(c1, c0, "main")
	m.Left, m.Done = leftAll, true
	body, err := Compose("# Title\n\n<!-- unleak:1 {} -->\ntext `<!-- unleak:1` more  \n\n\n", m)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Count(body, markerStart) != 1 || strings.Count(body, "-->") != 2 {
		t.Errorf("what looked like a marker still does:\n%s", body)
	}
	for name, text := range map[string]string{
		"as written":         body,
		"as GitHub returns":  strings.ReplaceAll(body, "\n", "\r\n"),
		"trimmed":            strings.TrimSpace(body),
		"with text below it": body + "\nA person adds this.\n",
		"with spaces":        strings.TrimSuffix(body, "\n") + "  \t\n",
	} {
		got, err := ParseMarker(text)
		if err != nil || !reflect.DeepEqual(got, m) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	m.Done = false
	again, err := remark(strings.ReplaceAll(body, "\n", "\r\n")+"more\r\n", m)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := ParseMarker(again); err != nil || !reflect.DeepEqual(got, m) || !strings.Contains(again, "more") {
		t.Errorf("marked again: %+v, %v\n%s", got, err, again)
	}
}

func TestMarkerIsStrict(t *testing.T) {
	body, err := Compose("", proposal.marker(c1, c0, "main"))
	if err != nil {
		t.Fatal(err)
	}
	line := strings.TrimSpace(body)
	for name, row := range map[string]struct {
		text string
		want error
	}{
		"empty":                     {"", ErrNoMarker},
		"two":                       {line + "\n" + line, ErrNoMarker},
		"quoted":                    {"> " + line, ErrNoMarker},
		"indented":                  {"    " + line, ErrNoMarker},
		"within a line":             {"see " + line, ErrNoMarker},
		"cut off":                   {line[:len(line)-9] + " -->", ErrNoMarker},
		"without an end":            {strings.TrimSuffix(line, " -->"), ErrNoMarker},
		"an unknown field":          {strings.Replace(line, `{"`, `{"new":1,"`, 1), ErrNoMarker},
		"something behind":          {strings.Replace(line, "} -->", "} {} -->", 1), ErrNoMarker},
		"a hash too short":          {strings.Replace(line, string(c1), string(c1[:39]), 1), ErrNoMarker},
		"a hash in capitals":        {strings.Replace(line, string(c1), strings.Repeat("A", 40), 1), ErrNoMarker},
		"no scope":                  {strings.Replace(line, scope, "", 1), ErrNoMarker},
		"markup in a digest":        {strings.Replace(line, "patch-a", "a b", 1), ErrNoMarker},
		"something else is left":    {strings.Replace(line, `"title"`, `"left":"x","title"`, 1), ErrNoMarker},
		"a version of no number":    {strings.Replace(line, "unleak:1 ", "unleak:01 ", 1), ErrNoMarker},
		"a newer version":           {strings.Replace(line, "unleak:1 ", "unleak:2 ", 1), ErrNewerMarker},
		"a newer version, no JSON":  {"<!-- unleak:12 abc -->", ErrNewerMarker},
		"a version of many figures": {"<!-- unleak:123456789 abc -->", ErrNoMarker},
	} {
		if _, err := ParseMarker(row.text); !errors.Is(err, row.want) {
			t.Errorf("%s: %v, want %v", name, err, row.want)
		}
	}
	if _, err := ParseMarker(line); err != nil {
		t.Errorf("the line that all of these were made of is not read: %v", err)
	}
}

func TestComposeRefuses(t *testing.T) {
	m := proposal.marker(c1, c0, "main")
	if _, err := Compose(strings.Repeat("x", MaxBody-100), m); err == nil {
		t.Error("a text that is too long is written")
	}
	for range maxItems {
		m.Items = append(m.Items, "0123456789")
	}
	m.Items = m.Items[:maxItems]
	m.Scope = strings.Repeat("é", 100)
	m.Items = nil
	for range maxItems {
		m.Items = append(m.Items, "abcdef0123")
	}
	if _, err := Compose(strings.Repeat("x", BodyRoom), m); err != nil {
		t.Errorf("a body of BodyRoom bytes does not fit: %v", err)
	}
	m.Pushed = "HEAD"
	if _, err := Compose("", m); err == nil {
		t.Error("a marker that cannot be read again is written")
	}
}

func TestComments(t *testing.T) {
	body, err := composeComment("text", commentPart(3))
	if err != nil {
		t.Fatal(err)
	}
	if got := commentKind(strings.ReplaceAll(body, "\n", "\r\n")); got != "part 3" || !isPart(got) {
		t.Errorf("a comment is of kind %q", got)
	}
	for _, other := range []string{"", "text", body + "\nand more", "> " + strings.ReplaceAll(strings.TrimSpace(body), "\n", "\n> ")} {
		if got := commentKind(other); got != "" {
			t.Errorf("%q is of kind %q", other, got)
		}
	}
}

func TestItems(t *testing.T) {
	many := Proposal{}
	for i := range maxItems + 1 {
		many.Items = append(many.Items, strings.Repeat("x", i))
	}
	if many.items() != nil {
		t.Error("more items than fit are kept")
	}
	twice := Proposal{Items: []string{"b", "a", "b"}}
	if len(twice.items()) != 2 {
		t.Errorf("items %v", twice.items())
	}
}

func FuzzMarker(f *testing.F) {
	body, err := Compose("text", proposal.marker(c1, c0, "main"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(body)
	f.Add("<!-- unleak:2 x -->")
	f.Fuzz(func(t *testing.T, text string) {
		m, err := ParseMarker(text)
		if err != nil {
			return
		}
		again, err := Compose("", m)
		if err != nil {
			t.Fatalf("%+v is read and cannot be written: %v", m, err)
		}
		if got, err := ParseMarker(again); err != nil || !reflect.DeepEqual(got, m) {
			t.Fatalf("%+v is read again as %+v, %v", m, got, err)
		}
	})
}
