package transforms

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// phaseShift lowers the kind's weight for owners that are made seldom: the one
// table of which owner makes a leak how urgent.
var phaseShift = map[OwnerForm]int{
	OwnerClass: 0, OwnerPromise: 0, OwnerBlock: 0,
	OwnerEffect: 1, OwnerComponent: 1, OwnerPlugin: 1, OwnerSuite: 1,
	OwnerFunction: 2, OwnerModule: 2, // once per process, or nearly
}

// rate gives an unmet obligation its phase and its sentence.
func (s *scan) rate(o *Obligation) {
	later := Phases[slices.Index(Phases, o.Kind.Phase):]
	o.Phase = later[min(phaseShift[o.Owner.Form], len(later)-1)]
	if o.Form == (formShutdown{}) || o.Form == (formSignature{}) || s.unreferenced(o) || len(o.beside) > 0 {
		o.Phase = Medium // it holds nothing up, or runs seldom
	}
	o.Message = sentence(o)
}

// sentence says in one line what leaks.
func sentence(o *Obligation) string {
	what := strings.ReplaceAll(o.Kind.Name, "-", " ")
	owner := o.Owner.Name
	if o.Standing == Offer && o.Form != (formCompare{}) && !isGetter(o.Call.Function()) {
		if g, ok := o.gist.(*growth); ok {
			return g.of(o.Owner) + " " + g.how
		}
		switch o.Form.(type) {
		case formEffect:
			return fmt.Sprintf("%s in an effect of %s is still pending when that ends", what, owner)
		case formHoist:
			return fmt.Sprintf("each call of %s files another %s, which nothing finds again", owner, what)
		case formForget:
			return fmt.Sprintf("%s fails when it is ended twice: it releases its %s again", owner, what)
		case formUnref:
			return fmt.Sprintf("%s begins when the module is imported, and nothing can end it: it keeps the program running", what)
		case formSignature:
			return fmt.Sprintf("nothing can cancel the %s in %s before it fires", what, owner)
		case formChildren:
			return fmt.Sprintf("%s does not know the children that it makes, so its teardown leaves them", owner)
		case formRegistry:
			return fmt.Sprintf("what %s files in its registry has no way out", owner)
		case formRearm:
			return fmt.Sprintf("%s of %s is replaced when it is started twice: the first is never released", what, owner)
		case formShutdown:
			return fmt.Sprintf("%s releases its %s without waiting for it", owner, what)
		case formClass:
			if o.Handle.Place != InSet {
				return fmt.Sprintf("%s of %s is held as long as the program runs: nothing ends it in an orderly way", what, owner)
			}
		}
		return fmt.Sprintf("%s leaves its collection of %ss filled when it ends", owner, what)
	}
	switch o.Way {
	case MissingPath:
		if len(o.Exits) > 0 {
			line, _ := o.File.Position(o.Exits[0].Node.Start())
			return fmt.Sprintf("%s is not released on every way out of %s: line %d, %s", what, owner, line, o.Exits[0].How)
		}
		return fmt.Sprintf("%s is not released on every way out of %s", what, owner)
	case WrongRelease:
		if o.Form == (formSuper{}) || o.Form == (formHook{}) {
			return fmt.Sprintf("%s of %s is never released: %s", what, owner, o.Exits[0].How)
		}
		line, _ := o.File.Position(o.Exits[0].Node.Start())
		return fmt.Sprintf("%s of %s is not released by line %d: %s", what, owner, line, o.Exits[0].How)
	case Overwritten:
		if o.Owner.isInstance() && len(o.Exits) > 0 {
			line, _ := o.File.Position(o.Exits[0].Node.Start())
			return fmt.Sprintf("%s of %s is replaced before the one before was released: line %d, %s", what, owner, line, o.Exits[0].How)
		}
		return fmt.Sprintf("%s is replaced in %s before the one before was released", what, owner)
	}
	switch o.Owner.Form {
	case OwnerEffect:
		return fmt.Sprintf("%s in an effect of %s is never released: it outlives the component", what, owner)
	case OwnerPlugin:
		return fmt.Sprintf("%s of %s is never released: it outlives the application", what, owner)
	case OwnerSuite:
		return fmt.Sprintf("%s of the tests of %s is never released: it outlives them", what, owner)
	case OwnerComponent:
		return fmt.Sprintf("%s of %s is never released: it outlives the component", what, owner)
	}
	if o.Owner.isInstance() {
		return fmt.Sprintf("%s of %s is never released: it outlives the instance", what, owner)
	}
	return fmt.Sprintf("%s is never released in %s", what, owner)
}

// ordinals gives every obligation its fingerprint; those that are alike are told
// apart by their order.
func (s *scan) ordinals() {
	count := map[string]int{}
	for _, o := range s.found {
		key := o.identity(o.File.Path)
		o.ordinal = count[key]
		o.fingerprint = digest(8, key, o.ordinal)
		count[key]++
	}
}

func digest(size int, key string, ordinal int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%d", key, ordinal))
	return hex.EncodeToString(sum[:size])
}

// identity is what a finding is recognised by when lines move: kind, path, the
// names around it, and what is acquired.
func (o *Obligation) identity(path string) string {
	var names []string
	for n := o.At.Parent(); n.OK(); n = n.Parent() {
		if n.IsFunction() || n.IsClass() {
			names = append(names, nameOf(n))
			if n.HasToken("static") || n.Parent().HasToken("static") {
				names = append(names, "static")
			}
		}
	}
	callee := o.Call.Field("function")
	if !callee.OK() {
		callee = o.Call.Field("constructor")
	}
	kind := o.Kind.Name
	if o.At != o.Call { // about the release of what is acquired elsewhere
		kind += " release"
	}
	return strings.Join([]string{kind, path, strings.Join(names, "/"), squeeze(callee)}, "\x00")
}

// Fingerprint identifies a finding across runs, as 16 hexadecimal digits.
func (o *Obligation) Fingerprint() string { return o.fingerprint }

// Shape is the same without the path: what a finding keeps when its file gets
// another name.
func (o *Obligation) Shape() string { return digest(6, o.identity(""), o.ordinal) }

// Gist is of the acquisition's own text, its arguments included, and of the names
// around it, in whatever order such acquisitions stand.
func (o *Obligation) Gist() string { return digest(6, o.identity("")+"\x00"+squeeze(o.At), 0) }

func squeeze(n syntax.Node) string { return strings.Join(strings.Fields(n.Text()), " ") }
