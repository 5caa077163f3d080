// Package transforms knows what leaks and how it is mended.
//
// The stages are types: candidate files become obligations (Detect),
// obligations become plans by owner, a plan becomes a fix, and a fix is
// verified before anybody sees it (Run does all of that for one file). A kind
// says which release an acquisition owes and knows no owner; a form knows how
// one sort of owner releases things and knows no kind.
package transforms

import (
	"fmt"
	"slices"

	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
)

// Applicability says what may be done with a fix. The zero value is Display.
type Applicability int

// The applicabilities, ordered: the least of several caps holds.
const (
	Display Applicability = iota // shown, never applied
	Unsafe                       // needs a person's yes
	Safe                         // behaviour differs only in that the resource is released
)

func (a Applicability) String() string { return [...]string{"display", "unsafe", "safe"}[a] }

// MarshalText writes the name.
func (a Applicability) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText reads the name.
func (a *Applicability) UnmarshalText(text []byte) error {
	v, err := parseApplicability(string(text))
	*a = v
	return err
}

func parseApplicability(s string) (Applicability, error) {
	for _, a := range []Applicability{Display, Unsafe, Safe} {
		if a.String() == s {
			return a, nil
		}
	}
	return Display, fmt.Errorf("%q is not an applicability", s)
}

// Standing tells leaks from offers.
type Standing string

// The standings.
const (
	Leak  Standing = "leak"
	Offer Standing = "offer" // nothing leaks by the definition, yet a fix is worth proposing
)

// Way is how a leak shows.
type Way string

// The four ways.
const (
	NeverReleased Way = "never released"
	MissingPath   Way = "missing path"
	WrongRelease  Way = "wrong release"
	Overwritten   Way = "overwritten"
)

// OwnerForm names a sort of owner.
type OwnerForm string

// The owners that this version knows.
const (
	OwnerBlock     OwnerForm = "block"     // a call that ends
	OwnerPromise   OwnerForm = "promise"   // a Promise executor
	OwnerClass     OwnerForm = "class"     // an instance of a class or a constructor function
	OwnerObject    OwnerForm = "object"    // an object literal with a teardown
	OwnerClosure   OwnerForm = "closure"   // what a function returns, with a teardown that sees its variables
	OwnerEffect    OwnerForm = "effect"    // what a framework runs, and ends again
	OwnerComponent OwnerForm = "component" // a function component, or a hook of one, for what its handlers acquire
	OwnerPlugin    OwnerForm = "plugin"    // a function that makes a part of an application, and is told when that closes
	OwnerSuite     OwnerForm = "suite"     // tests, for what a function before each of them, or before all, acquires
	OwnerFunction  OwnerForm = "function"  // a call that what it acquired outlives
	OwnerModule    OwnerForm = "module"
)

// Owner is the construct whose end should pay.
type Owner struct {
	Form OwnerForm
	Name string      // "Class", "Class.method", "function"
	Node syntax.Node // class, function or executor
}

// ExitPlace is where an owner is left without the release.
type ExitPlace struct {
	Node syntax.Node
	How  string
}

// Status is what came of an obligation.
type Status string

// What can come of an obligation.
const (
	Met   Status = "met"   // released on every exit
	Moved Status = "moved" // somebody else's
	Unmet Status = "unmet"
)

// Obligation is one acquisition in one file.
type Obligation struct {
	Kind     *Kind
	Acquire  *Acquire
	File     *syntax.File
	Call     syntax.Node // the acquisition
	At       syntax.Node // where a finding points to: the acquisition, for some offers the release
	Bindings syntax.Bindings
	Handle   Handle
	Owner    Owner
	Status   Status
	Standing Standing
	Way      Way
	Exits    []ExitPlace
	Evidence []string
	Phase    Phase
	Message  string
	Steps    []Step // the history that `why` tells
	Form     form   // the form that can settle it; nil with Refusal set

	releases    []syntax.Node
	lent        []syntax.Node   // the calls that only borrow the handle
	kept        *Handle         // where the instance keeps what a call acquired
	keptBeside  bool            // and in something of it that cannot be seen
	gives       syntax.Node     // the function whose result the handle is
	part        string          // the property of that result that has it, where that is an object
	taken       string          // the property of the value of the call that the handle is
	source      syntax.Node     // where the function that returns it acquired it, if it is one of the file
	delays      syntax.Node     // the function whose result is a promise that only this one-shot settles
	racing      bool            // it is a helper's, and its promise runs in a race
	implied     bool            // what it is given is registered by the call, which does not name the event
	then        syntax.Node     // the function that a promise gives the handle to
	goesOn      bool            // it is released where something fails, and meant to stay otherwise
	endless     bool            // the class of its instance has no teardown of its own
	unsure      func() []string // asks other files for the evidence, once all else speaks for a leak; nil: there is evidence
	beside      []*Obligation   // what waits for the end of the gesture that it belongs to
	told        bool            // it ends by itself, and is told all the same
	again       bool            // acquired again before it was released, on some way
	fingerprint string
	ordinal     int // among those that are alike in their file
	gist        any // what detection found and the form needs
	Refusal     *Refusal
}

// Step is one event in the life of an obligation.
type Step struct {
	Node syntax.Node
	Text string
}

// step adds an event; what is seen twice, by two names of the handle, is one.
func (o *Obligation) step(n syntax.Node, format string, args ...any) {
	if s := (Step{n, fmt.Sprintf(format, args...)}); !slices.Contains(o.Steps, s) {
		o.Steps = append(o.Steps, s)
	}
}

// Place is where the value of an acquisition is kept.
type Place int

// The places.
const (
	Discarded  Place = iota
	InVariable       // a local variable
	InField          // a field of the instance
	InSet            // an element of a collection in a field of the instance
	InClosure        // a variable that the instance's teardown sees
)

// Handle is the value that the release needs.
type Handle struct {
	Place  Place
	Symbol *syntax.Symbol // InVariable, InClosure
	Field  string         // InField, InSet
	Of     syntax.Node    // InField, InSet, InClosure: the owner whose instance it is
	Value  syntax.Node    // the widest expression that has the value
	// Nameless: it was made on the spot, and nothing gives it back.
	Nameless bool
}

// Note is a doubt found while planning.
type Note struct {
	Cap  Applicability // the most that the fix can be with this doubt
	Text string        // a sentence for the reviewer
}

// Reason is why a leak was found and left alone.
type Reason string

// The closed list of reasons.
const (
	NoOwner        Reason = "no-owner"        // no construct around it has an end that could pay
	SyntaxError    Reason = "syntax-error"    // the owner holds text that does not parse
	DerivedEscapes Reason = "derived-escapes" // something made from the handle outlives the call
	NotAsync       Reason = "not-async"       // the release must be awaited and the owner cannot await
	SettledByName  Reason = "settled-by-name" // the settle function is handed on: no place to release before it
	TooEntangled   Reason = "too-entangled"   // the code cannot be moved without changing what it means
	NameTaken      Reason = "name-taken"      // the owner has something else under the name that is needed
	UnknownBase    Reason = "unknown-base"    // what the class extends cannot be seen
	ReleaseUnknown Reason = "release-unknown" // the type has none of the releases
	Borrowed       Reason = "borrowed"        // the place may also hold what belongs to somebody else
	EntriesMatter  Reason = "entries-matter"  // what a collection forgets would change what the program does
	FailedProof    Reason = "failed-proof"    // the fix did not pass verification: a bug of unleak
)

// Refusal is a leak found and left alone.
type Refusal struct {
	Reason Reason
	Text   string
}

func refuse(r Reason, format string, args ...any) *Refusal {
	return &Refusal{r, fmt.Sprintf(format, args...)}
}

// Plan is everything that one owner owes and one form can settle.
type Plan struct {
	Form        form
	Owner       Owner
	Obligations []*Obligation
}

// Fix is the edits that settle one plan, all or none.
type Fix struct {
	Plan          *Plan
	Edits         []patch.Edit
	Message       string // imperative, no period
	Teardown      string // the method in which an instance now releases, "" where the owner is no class
	Notes         []Note
	Applicability Applicability
}

// Phase is that of the most urgent of what it settles: a fix settles all that its
// owner owes, and is proposed once.
func (f *Fix) Phase() Phase {
	most := len(Phases) - 1
	for _, o := range f.Plan.Obligations {
		most = min(most, slices.Index(Phases, o.Phase))
	}
	return Phases[max(most, 0)]
}

// cap is the most that the notes and the kinds allow.
func (f *Fix) cap() Applicability {
	least := Safe
	for _, n := range f.Notes {
		least = min(least, n.Cap)
	}
	for _, o := range f.Plan.Obligations {
		least = min(least, o.Kind.Limit)
		if o.Standing == Offer {
			least = min(least, Unsafe)
		}
	}
	return least
}
