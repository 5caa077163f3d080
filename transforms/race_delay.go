package transforms

import (
	"fmt"
	"slices"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// A delay that runs against others goes on until it fires, however long the race has
// been decided: Promise.race([work, delay(60000)]). The timer is that of a helper, and
// the race has no handle of it.

// racersOf adds an obligation for every call, in a race of this file, of the function
// that makes a promise which only the one-shot o settles. One that is unreferenced keeps nothing up.
func (s *scan) racersOf(o *Obligation) {
	if !o.delays.OK() || len(s.found) > maxObligations || s.unreferenced(o) {
		return
	}
	line, _ := s.f.Position(o.Call.Start())
	for _, call := range s.callsOf(o.delays) {
		if raceOf(settledLike(call)).OK() {
			s.found = append(s.found, s.racer(o.Kind, o.Acquire, call, fmt.Sprintf("made by %s, line %d", nameOf(o.delays), line)))
		}
	}
}

func (s *scan) racer(k *Kind, a *Acquire, call syntax.Node, text string) *Obligation {
	o := &Obligation{
		Kind: k, Acquire: a, File: s.f, Call: call, At: call, Bindings: syntax.Bindings{},
		Evidence: []string{text}, Status: Moved, Standing: Leak, racing: true,
	}
	o.step(call, "acquired: %s", text)
	return o
}

// judgeRacing judges the one-shot of a helper that may lose a race.
func (s *scan) judgeRacing(o *Obligation) {
	call := raceOf(settledLike(o.Call))
	home := call.Function()
	last := o.Call.Field("arguments").Child(o.Call.Field("arguments").Len() - 1)
	switch {
	case !home.OK() || s.runsOnce(home):
		o.step(o.Call, "moved: a script's own, which ends with the process")
		return
	case slices.ContainsFunc(slices.Collect(o.Call.Field("arguments").Children()), isSoon):
		o.Status = Met
		o.step(o.Call, "met: ends by itself, and soon")
		return
	case slices.ContainsFunc(slices.Collect(o.Call.Field("arguments").Children()), isShortTime), s.isMobile():
		o.Status = Met
		o.step(o.Call, "met: ends by itself, before long, and can only settle what has settled")
		return
	case last.Is("object") || lastName(last) == "signal":
		o.step(o.Call, "moved: it is told when to end")
		return
	}
	o.Owner = Owner{OwnerBlock, nameOf(home), home}
	s.unmet(o, NeverReleased, []ExitPlace{{call, "another wins the race"}})
	o.Refusal = refuse(NoOwner, "%s gives no handle of its timer; let it take a signal, and abort that when the race is over", calleeText(o.Call))
}

// isShortTime reports whether a time is written down that a one-shot may be pending which can
// only settle what has settled.
func isShortTime(n syntax.Node) bool {
	time, known := millis(n, 3)
	return known && time > 0 && time <= spentGrace
}
