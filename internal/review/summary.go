package review

import (
	"maps"
	"slices"

	"github.com/unleak-dev/unleak/transforms"
)

// Summary is what came of a session.
type Summary struct {
	Items []*Item // all that came up, in order
	// Refused counts what was found and cannot be mended, by reason; Shown what has a
	// fix that is only shown.
	Refused map[transforms.Reason]int
	Shown   int
	// Leaks is how many leaks remain, offers not counted.
	Leaks int
}

// Reasons are the reasons of Refused, the most frequent first.
func (s *Summary) Reasons() []transforms.Reason {
	return slices.SortedFunc(maps.Keys(s.Refused), func(a, b transforms.Reason) int {
		if n := s.Refused[b] - s.Refused[a]; n != 0 {
			return n
		}
		if a < b {
			return -1
		}
		return 1
	})
}

// Summary tells what came of the session so far.
func (s *Session) Summary() *Summary {
	sum := &Summary{Items: s.items, Refused: map[transforms.Reason]int{}}
	for _, found := range s.refused {
		for _, o := range found {
			if o.Refusal == nil {
				continue
			}
			sum.Refused[o.Refusal.Reason]++
			if o.Standing == transforms.Leak {
				sum.Leaks++
			}
		}
	}
	for _, n := range s.shown {
		sum.Shown += n
		sum.Leaks += n
	}
	for _, it := range s.items {
		if it.State == Failed {
			sum.Refused[transforms.FailedProof]++
		}
		if it.State == Applied {
			sum.Leaks += len(it.Judgement.Owes)
		}
		if it.State == Open || it.State == Skipped || it.State == Failed {
			for _, o := range it.Fix.Plan.Obligations {
				if o.Standing == transforms.Leak {
					sum.Leaks++
				}
			}
		}
	}
	return sum
}
