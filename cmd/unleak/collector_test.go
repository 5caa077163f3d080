package main

import (
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"testing"
	"time"
)

func TestPercentFor(t *testing.T) {
	for live, want := range map[uint64]int{0: 400, 1 << 20: 400, 6 << 20: 300, 12 << 20: 100, 15 << 20: 60, 24 << 20: 45, 1 << 30: 45} {
		if got := percentFor(live); got != want {
			t.Errorf("%d MB are kept: %d %%, want %d", live>>20, got, want)
		}
	}
}

// TestKeepToBudget: what is kept grows, and the next collection is made to come sooner. It
// runs in a process of its own, whose collector is like that until it ends.
func TestKeepToBudget(t *testing.T) {
	const mark = "UNLEAK_TEST_BUDGET"
	if os.Getenv(mark) == "" {
		cmd := exec.Command(os.Args[0], "-test.run=^TestKeepToBudget$")
		cmd.Env = append(os.Environ(), mark+"=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	keepToBudget()
	kept := make([]byte, 2*heapBudget)
	for range 500 {
		runtime.GC()
		time.Sleep(10 * time.Millisecond) // what follows a collection runs beside the program
		percent := debug.SetGCPercent(mostPercent)
		debug.SetGCPercent(percent)
		if percent == leastPercent {
			return
		}
	}
	t.Errorf("%d MB are kept, and it was never asked for %d %%", len(kept)>>20, leastPercent)
	runtime.KeepAlive(kept)
}
