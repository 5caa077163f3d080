package run

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/unleak-dev/unleak/internal/project"
	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/transforms"
)

// synthetic writes a tree of n files, of which one in eight is a candidate and
// one in 80 leaks.
func synthetic(tb testing.TB, n int) string {
	tb.Helper()
	dir := tb.TempDir()
	for i := range n {
		body := fmt.Sprintf("import { base } from './f%d.js';\n\n", (i+1)%n)
		for j := range 12 {
			body += fmt.Sprintf("export function work%d(items: number[]): number {\n  let sum = %d;\n  for (const x of items) {\n    if (x > sum) sum += base(x);\n  }\n  return sum;\n}\n\n", j, j)
		}
		body += "export const base = (x: number) => x * 2;\n"
		switch {
		case i%80 == 0:
			body += "export class Timer {\n  start() {\n    setInterval(() => work0([1]), 10);\n  }\n  stop() {}\n}\n"
		case i%8 == 0:
			body += "export class Timer {\n  t?: ReturnType<typeof setInterval>;\n  start() {\n    this.t = setInterval(() => work0([1]), 10);\n  }\n  stop() {\n    clearInterval(this.t);\n  }\n}\n"
		}
		file := filepath.Join(dir, fmt.Sprintf("d%d", i%40), fmt.Sprintf("f%d.ts", i))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			tb.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(body), 0o644); err != nil {
			tb.Fatal(err)
		}
	}
	return dir
}

func detector(tb testing.TB, dir string) *transforms.Detector {
	tb.Helper()
	kinds, err := transforms.Builtin()
	if err != nil {
		tb.Fatal(err)
	}
	p, err := project.Open(dir)
	if err != nil {
		tb.Fatal(err)
	}
	return transforms.NewDetector(p, kinds, false)
}

func TestRunCounts(t *testing.T) {
	dir := synthetic(t, 160)
	for range 3 { // files run in parallel: the order must not show
		r, err := Run(context.Background(), detector(t, dir), Options{})
		if err != nil {
			t.Fatal(err)
		}
		s := r.Summary
		if s.Files != 160 || s.Candidates != 20 || s.Parsed != 20 || len(r.Files) != 2 || len(r.Problems) != 0 {
			t.Fatalf("got %+v, %d files with findings", s, len(r.Files))
		}
		if r.Files[0].Path != "d0/f0.ts" || r.Files[1].Path != "d0/f80.ts" {
			t.Fatalf("got %s, %s", r.Files[0].Path, r.Files[1].Path)
		}
	}
}

func TestRunCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Run(ctx, detector(t, synthetic(t, 20)), Options{}); err == nil {
		t.Fatal("a cancelled run must say so")
	}
}

// BenchmarkRun scans 2,000 files; BenchmarkParse parses all of them, for
// comparison: what the choice of candidates saves.
func BenchmarkRun(b *testing.B) {
	dir := synthetic(b, 2000)
	for b.Loop() {
		if _, err := Run(context.Background(), detector(b, dir), Options{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	dir := synthetic(b, 2000)
	files, err := filepath.Glob(filepath.Join(dir, "*", "*.ts"))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		for _, f := range files {
			src, err := os.ReadFile(f)
			if err != nil {
				b.Fatal(err)
			}
			if _, err := syntax.Parse(context.Background(), f, src); err != nil {
				b.Fatal(err)
			}
		}
	}
}
