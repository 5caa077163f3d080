package main

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

const (
	// heapBudget is what the heap grows to before garbage is collected, in bytes. A scan of
	// 58,000 files keeps two thirds of that.
	heapBudget = 24 << 20
	// What is kept may be too much for the budget, and then collecting must not take all
	// the time: as much garbage as these percents of it is waited for, at least and at most.
	leastPercent, mostPercent = 45, 400
)

// keepToBudget has garbage collected the less often the less is kept, and looks at that again
// after every collection. The runtime's own rule, a part of what is kept, either collects a
// small heap all the time or lets a large one grow; its limit (GOMEMLIMIT) would take half the
// time of a scan that has to keep more.
func keepToBudget() {
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	debug.SetGCPercent(percentFor(live[0].Value.Uint64()))
	type collected struct{ _ *collected }
	runtime.AddCleanup(&collected{}, func(struct{}) { keepToBudget() }, struct{}{})
}

// percentFor is how much garbage may gather beside so many bytes that are kept, in percent
// of them.
func percentFor(live uint64) int {
	if live >= heapBudget {
		return leastPercent
	}
	return int(min(max((heapBudget-live)*100/max(live, 1), leastPercent), mostPercent))
}
