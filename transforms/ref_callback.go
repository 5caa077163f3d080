package transforms

import "github.com/unleak-dev/unleak/internal/syntax"

// endedByNothing reports whether a function that acquires something when it is given an
// element releases it when it is given none: React calls the function that an element has
// as its ref so, also when the component goes.
//
//	const ref = useCallback((node) => {
//	  observer.current?.disconnect();
//	  if (node) observer.current = observe(node);
//	}, []);
func (s *scan) endedByNothing(acquire, release syntax.Node) bool {
	fn := acquire.Function()
	params := parametersOf(fn)
	if len(params) == 0 {
		return false
	}
	graph := s.graph(fn)
	given := Handle{Symbol: params[0], Place: InVariable}
	reaches := func(n syntax.Node) bool {
		for _, at := range graph.Around(n) {
			if graph.Reaches([]int{syntax.Entry}, at, func(int) bool { return false }, func(e syntax.Edge) bool { return !e.Throw && fitsNothing(e, given) }) {
				return true
			}
		}
		return false
	}
	if reaches(acquire) {
		return false
	}
	for _, l := range s.lift(use{effect: released, at: release}, fn, maxHops) { // by a helper, too
		if l.effect == released && l.at.Function() == fn && reaches(l.at) {
			return true
		}
	}
	return false
}

// fitsNothing reports whether an edge may be taken where there is no such thing as h.
func fitsNothing(e syntax.Edge, h Handle) bool {
	c := e.Cond.Inner(false)
	if isHandle(c, h) {
		return !e.When
	}
	if !c.Is("binary_expression") {
		return true
	}
	left, right := c.Field("left").Inner(false), c.Field("right").Inner(false)
	if isNothing(left) {
		left, right = right, left
	}
	if !isHandle(left, h) || !isNothing(right) {
		return true
	}
	switch c.Field("operator").Text() {
	case "!=", "!==":
		return !e.When
	case "==", "===":
		return e.When
	}
	return true
}
