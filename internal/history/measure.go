package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/project"
	"github.com/unleak-dev/unleak/internal/report"
	"github.com/unleak-dev/unleak/internal/run"
	"github.com/unleak-dev/unleak/internal/snapshot"
	"github.com/unleak-dev/unleak/transforms"
)

// How far from its line a finding may lie: a call may begin above it, and where
// the acquisition is gone, the code that took its place may be anywhere near.
const (
	near   = 3
	around = 20
)

// kindsOf tells for each resource of the table which kinds are about it: by the
// last word of their names, or by all of it.
var kindsOf = map[string][]string{
	"timer":        {"timer", "timeout", "interval", "frame", "callback", "immediate", "job", "schedule", "debounced-function"},
	"listener":     {"listener", "listeners", "handler", "hook", "signal", "event"},
	"handler":      {"listener", "listeners", "handler", "hook"},
	"signal":       {"signal", "listener", "disposable", "subscription", "event"},
	"subscription": {"subscription", "observable", "unsubscribe", "consumer", "store"},
	"observer":     {"observer", "observe", "subscription", "cursor"},
	"socket":       {"socket", "websocket", "websocket-client", "connection", "channel"},
	"connection":   {"connection", "client", "pool", "session", "runner", "instance", "database"},
	"client":       {"client", "connection", "pool", "session", "instance"},
	"pool":         {"pool", "connection", "client", "instance"},
	"session":      {"session", "connection", "client", "disposable", "instance"},
	"cursor":       {"cursor", "iterator", "stream"},
	"request":      {"request", "response", "socket"},
	"response":     {"request", "response", "socket", "stream"},
	"server":       {"server"},
	"process":      {"process"},
	"watcher":      {"watcher", "watch"},
	"file":         {"handle", "file", "descriptor", "stream"},
	"stream":       {"stream", "pipe", "handle", "zlib"},
	"object URL":   {"url"},
	"view":         {"view", "disposable"},
}

func fits(resource, kind string) bool {
	last := kind[strings.LastIndex(kind, "-")+1:]
	return slices.Contains(kindsOf[resource], last) || slices.Contains(kindsOf[resource], kind)
}

// tree is a commit's tree on disk, with what was found in files of it.
type tree struct {
	dir      string
	detector *transforms.Detector
	found    map[string][]report.Finding // the leaks, by path
}

// measurer keeps the trees of the commit it measured last: its rows stand together.
type measurer struct {
	mirror        string
	key           string // repository and commit of the trees
	before, after *tree
	err           error // why there are none
}

func (m *measurer) close() {
	for _, s := range []*tree{m.before, m.after} {
		if s != nil {
			_ = os.RemoveAll(s.dir) // what stays lies among temporary files
		}
	}
	m.before, m.after, m.err = nil, nil, nil
}

func (m *measurer) open(ctx context.Context, r Row) error {
	key := r.Repository + " " + r.Commit
	if key == m.key {
		return m.err
	}
	m.close()
	m.key = key
	dir, err := snapshot.GitDir(m.mirror, r.Repository)
	if err == nil {
		m.before, err = take(ctx, dir, r.Commit+"^")
	}
	if err == nil {
		m.after, err = take(ctx, dir, r.Commit)
	}
	m.err = err
	return err
}

func take(ctx context.Context, gitDir, revision string) (*tree, error) {
	dir, err := os.MkdirTemp("", "unleak-history-")
	if err != nil {
		return nil, err
	}
	t := &tree{dir: dir, found: map[string][]report.Finding{}}
	if err := t.fill(ctx, gitDir, revision); err != nil {
		_ = os.RemoveAll(dir) // what stays lies among temporary files
		return nil, err
	}
	return t, nil
}

func (t *tree) fill(ctx context.Context, gitDir, revision string) error {
	if err := snapshot.Extract(ctx, gitDir, revision, t.dir); err != nil {
		return err
	}
	p, err := project.Open(t.dir)
	if err != nil {
		return err
	}
	kinds, err := transforms.Builtin()
	if err != nil {
		return err
	}
	t.detector = transforms.NewDetector(p, kinds, false)
	return nil
}

// leaks scans one file, with the rest of the tree to look things up in.
func (t *tree) leaks(ctx context.Context, rel string) ([]report.Finding, error) {
	if found, ok := t.found[rel]; ok {
		return found, nil
	}
	abs := t.detector.Project.Abs(rel)
	if _, err := os.Stat(abs); errors.Is(err, fs.ErrNotExist) {
		return nil, errors.New("the clone has no file " + rel)
	}
	all := &report.Collector{Project: t.detector.Project}
	result, err := run.Run(ctx, t.detector, run.Options{Paths: []string{abs}, Each: all.Add})
	if err != nil {
		return nil, err
	}
	if len(result.Problems) > 0 {
		return nil, result.Problems[0]
	}
	if result.Summary.Files == 0 {
		return nil, fmt.Errorf("%s is not looked at", rel)
	}
	leaks := []report.Finding{}
	for _, f := range all.Document(result).Findings {
		if f.Standing == transforms.Leak && f.Path == rel {
			leaks = append(leaks, f)
		}
	}
	t.found[rel] = leaks
	return leaks, nil
}

func (m *measurer) measure(ctx context.Context, r Row) Verdict {
	v := Verdict{Row: r}
	fail := func(err error) Verdict {
		v.Problem = err.Error()
		return v
	}
	if err := m.open(ctx, r); err != nil {
		return fail(err)
	}
	before, err := m.before.leaks(ctx, r.Path)
	if err != nil {
		return fail(err)
	}
	var after []report.Finding
	if _, err := os.Stat(m.after.detector.Project.Abs(r.FixedPath)); r.FixedLine > 0 || err == nil {
		if after, err = m.after.leaks(ctx, r.FixedPath); err != nil {
			return fail(err)
		}
	}
	v.judge(before, after)
	return v
}

// judge compares what was found before and after with the row. Of several
// findings the nearest is the row's, as each row is about one acquisition.
func (v *Verdict) judge(before, after []report.Finding) {
	var hit *report.Finding
	for i, f := range before {
		switch far := from(f, v.Line); {
		case far > near:
		case !fits(v.Resource, f.Kind):
			v.Others = append(v.Others, f.Kind)
		case hit == nil || far < from(*hit, v.Line):
			hit = &before[i]
		}
	}
	same := func(f report.Finding) bool { return fits(v.Resource, f.Kind) }
	if hit != nil {
		v.Reported = true
		same = func(f report.Finding) bool { return f.Kind == hit.Kind }
		switch {
		case hit.Fix != nil:
			v.Fix = hit.Fix.Applicability.String()
		case hit.Refusal != nil:
			v.Refusal = string(hit.Refusal.Reason)
		}
	}
	v.Silent = !slices.ContainsFunc(after, func(f report.Finding) bool {
		if v.FixedLine > 0 {
			return same(f) && from(f, v.FixedLine) <= near
		}
		return same(f) && from(f, v.Line) <= around && !known(before, f)
	})
}

// known reports whether a finding was there before, at whatever line.
func known(before []report.Finding, f report.Finding) bool {
	return slices.ContainsFunc(before, func(b report.Finding) bool { return b.Fingerprint == f.Fingerprint })
}

// from is how far a finding is from a line: what it is about, or where that was made, as
// it tells of both.
func from(f report.Finding, line int) int {
	if f.Made > 0 {
		return min(distance(f.Line, line), distance(f.Made, line))
	}
	return distance(f.Line, line)
}

func distance(a, b int) int { return max(a-b, b-a) }
