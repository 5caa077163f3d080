//go:build unix

package propose

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/unleak-dev/unleak/internal/run"
	"github.com/unleak-dev/unleak/vcs"
)

// BenchmarkBranches makes branches for three phases of a repository of 10,000 files,
// of which one in eight is a candidate, and tells how long each part of that takes:
// reading the base, a mere scan of it, and all that is done beyond.
func BenchmarkBranches(b *testing.B) {
	const n = 10000
	tree := map[string]string{}
	for i := range n {
		body := fmt.Sprintf("import { base } from './f%d.js';\n\n", (i+1)%n)
		for j := range 12 {
			body += fmt.Sprintf("export function work%d(items: number[]): number {\n  let sum = %d;\n  for (const x of items) {\n    if (x > sum) sum += base(x);\n  }\n  return sum;\n}\n\n", j, j)
		}
		body += "export const base = (x: number) => x * 2;\n"
		switch {
		case i%600 == 0:
			body += interval
		case i%600 == 8:
			body = strings.Replace(listener, "\n", "\n"+body, 1)
		case i%600 == 16:
			body += timeout
		case i%8 == 0:
			body += "export class Timer {\n  t?: ReturnType<typeof setInterval>;\n  start() {\n    this.t = setInterval(() => work0([1]), 10);\n  }\n  stop() {\n    clearInterval(this.t);\n  }\n}\n"
		}
		tree[fmt.Sprintf("d%d/f%d.ts", i%40, i)] = body
	}
	r := newRepo(b, tree)
	r.git("gc", "-q")
	v, err := vcs.Open(r.dir)
	if err != nil {
		b.Fatal(err)
	}
	cpu := func() time.Duration { // of this process: other work on the machine does not count
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			b.Fatal(err)
		}
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	var reading, scanning, beyond, reading2, scanning2, beyond2 time.Duration
	for i := 0; b.Loop(); i++ {
		o := usual()
		o.Scope = fmt.Sprintf("s%d", i)
		at, used := time.Now(), cpu()
		base, err := Read(b.Context(), &Place{Repository: v, Branch: "main", Commit: vcs.Hash(r.git("rev-parse", "main"))})
		if err != nil {
			b.Fatal(err)
		}
		reading, reading2 = reading+time.Since(at), reading2+cpu()-used
		at, used = time.Now(), cpu()
		l, err := look(base)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := run.Run(b.Context(), l.Detector, l.Run); err != nil {
			b.Fatal(err)
		}
		once, usedOnce := time.Since(at), cpu()-used
		scanning, scanning2 = scanning+once, scanning2+usedOnce
		at, used = time.Now(), cpu()
		if l, err = look(base); err != nil {
			b.Fatal(err)
		}
		plan, err := Make(b.Context(), base, l, o, nil)
		if err != nil {
			b.Fatal(err)
		}
		var all []result
		if err := plan.Hand(b.Context(), v, &Local{v}, collect(&all)); err != nil {
			b.Fatal(err)
		}
		beyond, beyond2 = beyond+time.Since(at)-once, beyond2+cpu()-used-usedOnce
		if len(all) != 3 || len(all[0].Work.Changes) != 17 || len(all[1].Work.Changes) != 17 || len(all[2].Work.Changes) != 17 {
			b.Fatalf("got %s", summary(all))
		}
	}
	b.ReportMetric(reading.Seconds()/float64(b.N), "s-reading/op")
	b.ReportMetric(scanning.Seconds()/float64(b.N), "s-scan/op")
	b.ReportMetric(beyond.Seconds()/float64(b.N), "s-beyond/op")
	b.ReportMetric(reading2.Seconds()/float64(b.N), "cpu-s-reading/op")
	b.ReportMetric(scanning2.Seconds()/float64(b.N), "cpu-s-scan/op")
	b.ReportMetric(beyond2.Seconds()/float64(b.N), "cpu-s-beyond/op")
}
