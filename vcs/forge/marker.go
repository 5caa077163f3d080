package forge

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/vcs"
)

// MaxBody is how many bytes the text of a pull request or of a comment may have,
// the marker included. BodyRoom is what is left for a Proposal's Body or for one of
// its More in any case.
const (
	MaxBody  = 65536
	BodyRoom = MaxBody - 5000
)

// maxItems is how many items a marker keeps. Of more it keeps none: a closed pull
// request is then known by its set alone.
const maxItems = 300

// Marker is what a pull request remembers of the proposal that made it, in an HTML
// comment, which GitHub does not show. Pushed is what its branch holds, or is
// about to: the text is written before the push, so Was, which the branch held
// before, is as good until the push went through.
type Marker struct {
	Scope  string   `json:"scope"` // Proposal.Branch
	Base   string   `json:"base"`  // that the pull request was given
	Set    string   `json:"set"`
	Items  []string `json:"items,omitempty"` // shortened digests, sorted
	Patch  string   `json:"patch"`
	Title  string   `json:"title"` // shortened digest, to tell a title that a person wrote
	Pushed vcs.Hash `json:"pushed"`
	Was    vcs.Hash `json:"was,omitempty"`
	Parts  int      `json:"parts,omitempty"` // comments that continue the text
	Left   string   `json:"left,omitempty"`  // what remains to be made: leftParts or leftAll
	Done   bool     `json:"done,omitempty"`  // it was closed because nothing was left of it
}

// What an interrupted run leaves to the next one.
const (
	leftParts = "parts" // the comments that continue the text
	leftAll   = "all"   // those, and labels, reviewers and the like
)

// The marker is a line of its own: <!-- unleak:1 {..} -->. JSON as encoding/json
// writes it has no < and >, so nothing in it can end the comment.
const (
	markerStart   = "<!-- unleak:"
	markerVersion = "1"
	markerEnd     = " -->"
)

// Errors of ParseMarker.
var (
	ErrNoMarker    = errors.New("the text has no marker")
	ErrNewerMarker = errors.New("the marker was written by a newer version")
)

// ParseMarker reads the marker of a pull request's text, with either kind of line
// ends. ErrNoMarker if there is none, more than one, or a damaged one.
func ParseMarker(body string) (Marker, error) {
	found := ""
	for line := range strings.Lines(body) {
		line = strings.TrimRight(line, "\r\n \t")
		if strings.HasPrefix(line, markerStart) && strings.HasSuffix(line, markerEnd) {
			if found != "" {
				return Marker{}, fmt.Errorf("%w: it has two", ErrNoMarker)
			}
			found = line
		}
	}
	if found == "" {
		return Marker{}, ErrNoMarker
	}
	version, text, _ := strings.Cut(found[len(markerStart):len(found)-len(markerEnd)], " ")
	if version != markerVersion {
		if newer(version) {
			return Marker{}, ErrNewerMarker
		}
		return Marker{}, fmt.Errorf("%w: a damaged one", ErrNoMarker)
	}
	var m Marker
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&m); err != nil {
		return Marker{}, fmt.Errorf("%w: a damaged one", ErrNoMarker)
	}
	if _, err := d.Token(); err != io.EOF || m.check() != nil {
		return Marker{}, fmt.Errorf("%w: a damaged one", ErrNoMarker)
	}
	if len(m.Items) == 0 {
		m.Items = nil
	}
	return m, nil
}

// newer reports whether a version is a number without leading zeros, but not ours.
func newer(version string) bool {
	digits := strings.Trim(version, "0123456789") == ""
	return digits && version != "" && version[0] != '0' && len(version) < 6
}

// check says what is wrong with a marker. Nothing that it accepts is wider than
// what a proposal can bring about.
func (m Marker) check() error {
	switch {
	case m.Scope == "" || m.Base == "":
		return errors.New("it names no branch")
	case !word(m.Set) || !word(m.Patch) || !word(m.Title):
		return errors.New("a digest is not a word of letters and digits")
	case !hash(m.Pushed) || m.Was != "" && !hash(m.Was):
		return errors.New("a commit is not a hash")
	case m.Left != "" && m.Left != leftParts && m.Left != leftAll || m.Parts < 0:
		return errors.New("what is left of it is not known")
	case len(m.Items) > maxItems || !slices.IsSorted(m.Items):
		return errors.New("its items are not in order")
	}
	for _, i := range m.Items {
		if !word(i) {
			return errors.New("an item is not a word of letters and digits")
		}
	}
	return nil
}

// word reports whether s can be a digest: letters, digits and a few signs.
func word(s string) bool {
	if s == "" || len(s) > 128 {
		return false
	}
	for _, c := range []byte(s) {
		ok := '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || strings.IndexByte("._:+/=-", c) >= 0
		if !ok {
			return false
		}
	}
	return true
}

func hash(h vcs.Hash) bool {
	return len(h) == 40 && strings.Trim(string(h), "0123456789abcdef") == ""
}

// Compose returns a text with the marker below it. Whatever looks like a marker in
// the text is made visible, so that there is one. It fails for a text that is too
// long, and for a marker that could not be read again.
func Compose(body string, m Marker) (string, error) {
	if err := m.check(); err != nil {
		return "", fmt.Errorf("the marker of %s cannot be written: %v", m.Scope, err)
	}
	text, err := json.Marshal(m)
	if err != nil {
		return "", err
	}
	return compose(body, markerVersion+" "+string(bytes.TrimSpace(text)))
}

func compose(body, inner string) (string, error) {
	body = strings.ReplaceAll(body, markerStart, "&lt;"+markerStart[1:])
	out := strings.TrimRight(body, "\r\n \t") + "\n\n" + markerStart + inner + markerEnd + "\n"
	if len(out) > MaxBody {
		return "", fmt.Errorf("a text of %d bytes is longer than the %d that fit", len(out), MaxBody)
	}
	return out, nil
}

// remark returns a text with another marker in place of its own.
func remark(body string, m Marker) (string, error) {
	var out strings.Builder
	for line := range strings.Lines(body) {
		if !strings.HasPrefix(line, markerStart) {
			out.WriteString(line)
		}
	}
	return Compose(out.String(), m)
}

// Comments carry a marker, too, by which the next run knows that they are there:
// <!-- unleak:1 held -->.
const (
	commentHeld = "held"
	commentDone = "done"
)

func commentPart(n int) string { return fmt.Sprintf("part %d", n) }

func composeComment(text, what string) (string, error) {
	return compose(text, markerVersion+" "+what)
}

// commentKind is what a comment is marked as, "" if it is no comment of ours.
func commentKind(body string) string {
	lines := strings.Split(strings.TrimSpace(body), "\n")
	last := strings.TrimSpace(lines[len(lines)-1])
	inner, ok := strings.CutPrefix(last, markerStart+markerVersion+" ")
	if !ok {
		return ""
	}
	inner, _ = strings.CutSuffix(inner, markerEnd)
	return inner
}

// short is a digest that is enough to tell a few thousand texts apart.
func short(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:5])
}

// Item is what a marker keeps of one of a proposal's items.
func Item(item string) string { return short(item) }

// items are the shortened digests of a proposal's items, nil if they are too many.
func (p Proposal) items() []string {
	var out []string
	for _, i := range p.Items {
		out = append(out, short(i))
	}
	slices.Sort(out)
	if out = slices.Compact(out); len(out) > maxItems {
		return nil
	}
	return out
}

func isPart(kind string) bool { return strings.HasPrefix(kind, "part ") }

// sameText compares texts of which one has been through the service, which may
// have changed the line ends.
func sameText(a, b string) bool {
	plain := func(s string) string { return strings.TrimSpace(strings.ReplaceAll(s, "\r\n", "\n")) }
	return plain(a) == plain(b)
}
