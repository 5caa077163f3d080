package report

import (
	"bytes"
	"hash/fnv"
	"slices"

	"github.com/unleak-dev/unleak/internal/baseline"
	"github.com/unleak-dev/unleak/transforms"
)

// marks are what a baseline recognises a file and its findings by.
type marks struct {
	findings []baseline.Finding
	shapes   map[string]bool // of everything that the file acquires, owed or not
	sketch   baseline.Sketch
}

func marksOf(m *transforms.Mended) *marks {
	k := &marks{shapes: map[string]bool{}, sketch: sketchOf(m.Old)}
	for _, o := range m.Findings {
		k.findings = append(k.findings, baseline.Finding{Fingerprint: o.Fingerprint(), Kind: o.Kind.Name, Shape: o.Shape(), Gist: o.Gist()})
	}
	for _, o := range m.Obligations {
		k.shapes[o.Shape()] = true
	}
	return k
}

// sketchOf keeps the smallest hashes of a text's lines: of two texts with many
// lines in common, many of them are the same.
func sketchOf(src []byte) baseline.Sketch {
	var all []uint32
	for line := range bytes.Lines(src) {
		if line = bytes.TrimSpace(line); len(line) > 2 {
			h := fnv.New32a()
			h.Write(line)
			all = append(all, h.Sum32())
		}
	}
	slices.Sort(all)
	all = slices.Compact(all)
	return baseline.Sketch(all[:min(len(all), baseline.SketchSize)])
}

// Baseline is what d found, to be known from now on.
func (d *Document) Baseline() *baseline.Baseline {
	b := &baseline.Baseline{}
	for path, k := range d.marks {
		b.Files = append(b.Files, baseline.File{Path: path, Sketch: k.sketch, Findings: k.findings})
	}
	b.Sort()
	return b
}

// Known are the fingerprints of the findings of d that b has. gone tells whether
// a path is no more.
func (d *Document) Known(b *baseline.Baseline, gone func(path string) bool) map[string]bool {
	var now []baseline.Now
	for path, k := range d.marks {
		now = append(now, baseline.Now{File: baseline.File{Path: path, Sketch: k.sketch, Findings: k.findings}, Shapes: k.shapes})
	}
	return b.Known(now, gone)
}
