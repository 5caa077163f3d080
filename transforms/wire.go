package transforms

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
)

// MonitorModule is the name, without extension, of the module that counts what
// instances hold. Its functions keep nothing alive that they are given, and never
// throw.
const MonitorModule = "unleak-monitor"

// monitorName is what that module exports.
const monitorName = "monitor"

// Wiring is what tells a monitor of what the classes of a file hold.
type Wiring struct {
	Edits   []patch.Edit
	Text    []byte // with the edits; nil without any
	Wired   []Wired
	Unwired []Unwired
}

// Wired is a class of which the monitor is told, or was told already.
type Wired struct {
	Class string
	Line  int
	Holds []string // "interval in intervals", in source order
	New   bool     // there is an edit for it
}

// Unwired is a class, or something that a class holds, that the monitor is not
// told of.
type Unwired struct {
	Class string
	Line  int
	Text  string // why
}

// MonitorImport is how a file gets at the monitor.
type MonitorImport struct {
	Specifier string
	CommonJS  bool
}

// isMonitor reports whether a call tells the monitor something.
func isMonitor(call syntax.Node) bool {
	fn := call.Field("function").Inner(false)
	switch fn.Field("property").Text() {
	case "count", "failed", "disposed":
	default:
		return false
	}
	o, ok := fn.Field("object").Origin()
	base := path.Base(o.Module)
	return ok && strings.TrimSuffix(base, path.Ext(base)) == MonitorModule && o.Last() == monitorName
}

// Wire writes the calls by which the classes of a file tell the monitor what they
// hold: after whatever changes the field or collection that holds it, and around
// the teardown. Only what a class releases itself is told, where every place that
// changes it is seen. What is written has been read back: it parses, everything
// that was owed, met or moved is so still, and a second run adds nothing.
func (d *Detector) Wire(ctx context.Context, f *syntax.File, im MonitorImport) *Wiring {
	out := &Wiring{}
	s := d.scan(ctx, f, maxHops)
	var edits []patch.Edit
	refused := map[int32]bool{}
	for {
		w, no := newWirer(s, im)
		out.Wired, out.Unwired = nil, nil
		classes := s.held()
		if len(classes) == 0 {
			return out
		}
		if no != nil {
			for _, h := range classes {
				out.unwired(s, h.class, "%s", no.Text)
			}
			return out
		}
		var begun []*held
		for _, h := range classes {
			if refused[h.class.ID()] {
				out.unwired(s, h.class, "what would be written does not stand up to being read again: this is a bug of unleak")
				continue
			}
			if w.class(h, out) {
				begun = append(begun, h)
			}
		}
		edits = w.finish()
		if len(edits) == 0 {
			return out
		}
		text, why := d.verifyWiring(ctx, s, edits, im)
		if why == "" {
			out.Edits, out.Text = edits, text
			return out
		}
		bad := slices.IndexFunc(begun, func(h *held) bool {
			alone, _ := newWirer(s, im)
			alone.class(h, &Wiring{})
			_, why := d.verifyWiring(ctx, s, alone.finish(), im)
			return why != ""
		})
		refused[begun[max(bad, 0)].class.ID()] = true
	}
}

func (out *Wiring) unwired(s *scan, at syntax.Node, format string, args ...any) {
	class := at
	if !class.IsClass() && !class.IsConstructor() {
		class, _ = at.ThisClass()
	}
	line, _ := s.f.Position(at.Start())
	out.Unwired = append(out.Unwired, Unwired{nameOf(class), line, fmt.Sprintf(format, args...)})
}

// verifyWiring reads a file back: it must parse no worse, by two parsers, owe and
// settle exactly what it did, and have nothing left to be told.
func (d *Detector) verifyWiring(ctx context.Context, s *scan, edits []patch.Edit, im MonitorImport) ([]byte, string) {
	if len(edits) == 0 {
		return s.f.Src(), ""
	}
	src, err := patch.Apply(s.f.Src(), edits)
	if err != nil {
		return nil, err.Error()
	}
	after, err := syntax.Parse(ctx, s.f.Path, src)
	if err != nil {
		return nil, err.Error()
	}
	if after.Errors() > s.f.Errors() {
		return nil, "the result does not parse"
	}
	if msg := secondOpinion(s.f.Path, s.f.Src(), src); msg != "" {
		return nil, "the result does not parse for esbuild: " + msg
	}
	again := d.scan(ctx, after, maxHops)
	if old, now := standings(s.found), standings(again.found); !slices.Equal(old, now) {
		return nil, "other things are owed than before"
	}
	w, no := newWirer(again, im)
	if no != nil {
		return nil, no.Text
	}
	for _, h := range again.held() {
		w.class(h, &Wiring{})
	}
	if len(w.finish()) > 0 {
		return nil, "a second run would add more"
	}
	return src, ""
}

func standings(found []*Obligation) []string {
	var out []string
	for _, o := range found {
		out = append(out, o.Fingerprint()+" "+string(o.Status)+" "+string(o.Way))
	}
	slices.Sort(out)
	return out
}

// held is a class and what it holds and releases, by the place where it is.
type held struct {
	class  syntax.Node
	places []*heldPlace
}

// heldPlace is a field, a collection, or what a registration is made of.
type heldPlace struct {
	name  string
	found []*Obligation
}

// held groups what the classes of the file acquire and settle themselves.
func (s *scan) held() []*held {
	var out []*held
	for _, o := range s.found {
		if k := s.keptInSet(o); k != nil {
			o = k
		}
		class := o.Owner.Node
		kept := o.Handle.Place == InField || o.Handle.Place == InSet
		if o.Status != Met || o.Standing != Leak || len(o.releases) == 0 || o.Owner.Form != OwnerClass || !kept && !o.Kind.Registers() {
			continue
		}
		if !class.IsClass() && !class.IsConstructor() {
			continue
		}
		i := slices.IndexFunc(out, func(h *held) bool { return h.class == class })
		if i < 0 {
			i = len(out)
			out = append(out, &held{class: class})
		}
		name := o.Handle.Field
		if o.Kind.Registers() {
			name = s.registrationName(o)
		}
		h := out[i]
		j := slices.IndexFunc(h.places, func(p *heldPlace) bool { return p.name == name && p.found[0].Kind.Registers() == o.Kind.Registers() })
		if j < 0 {
			j = len(h.places)
			h.places = append(h.places, &heldPlace{name: name})
		}
		h.places[j].found = append(h.places[j].found, o)
	}
	return out
}

// keptInSet is what became of a handle that a call acquires into a variable and puts
// into a collection of the instance, whose elements the instance releases: the way
// in which one-shots are kept, which leave it when they fire. Nil for any other.
func (s *scan) keptInSet(o *Obligation) *Obligation {
	if o.Status != Moved || o.Handle.Place != InVariable || o.Kind.Registers() {
		return nil
	}
	for _, ref := range o.Handle.Symbol.Mentions() {
		args := ref.Outer().Parent()
		field, class, ok := collectionOf(args.Parent())
		if !args.Is("arguments") || !ok || !s.ends(class) {
			continue
		}
		k := *o
		k.Handle = Handle{Place: InSet, Field: field, Of: class, Value: o.Handle.Value}
		for _, u := range s.elementUses(&k, s.instance(class)) {
			if u.whole && u.effect == released {
				k.Owner, k.Status, k.releases = ownerOf(class, k.Handle), Met, []syntax.Node{u.at}
				return &k
			}
		}
	}
	return nil
}

// registrationName says what is registered with what: "gauges level".
func (s *scan) registrationName(o *Obligation) string {
	event, ok := o.event().Inner(false).StringValue()
	if !ok {
		event = squeeze(o.event())
	}
	return strings.TrimSpace(strings.TrimPrefix(squeeze(o.target()), "this.") + " " + event)
}
