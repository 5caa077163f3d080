package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/unleak-dev/unleak/internal/project"
	"github.com/unleak-dev/unleak/internal/run"
	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/transforms"
)

// timings are what `bench --format json` prints; durations are in seconds.
type timings struct {
	Files      int     `json:"files"`
	Bytes      int64   `json:"bytes"`
	Candidates int     `json:"candidates"`
	Read       float64 `json:"read"`
	Parse      float64 `json:"parse"`
	Analyse    float64 `json:"analyse"`
	Total      float64 `json:"total"`
	Ratio      float64 `json:"ratio"`      // of the total to reading all and parsing the candidates
	PeakMemory int64   `json:"peakMemory"` // in bytes
}

func (c *cli) benchCommand() *cobra.Command {
	var sel selection
	var format string
	cmd := &cobra.Command{
		Use:   "bench [PATH...]",
		Short: "Time the stages of a scan",
		Long: `Time the stages of a scan of the given paths (default: the current folder): finding and
reading all files and telling by their words which are candidates, parsing these, and
what the analysis takes beyond that. The total is that of a whole scan. Medians of five
rounds.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if format != "text" && format != "json" {
				return fmt.Errorf("--format: want text or json, got %q", format)
			}
			s, err := c.open(cmd.Context(), c.here(args, &sel), &sel)
			if err != nil {
				return err
			}
			t, err := s.time(cmd.Context())
			if err != nil {
				return err
			}
			if format == "json" {
				e := json.NewEncoder(c.out)
				e.SetIndent("", "  ")
				return e.Encode(t)
			}
			mb := float64(t.Bytes) / (1 << 20)
			fmt.Fprintf(c.out, "files        %d (%.1f MB)\ncandidates   %d\nread         %s\nparse        %s\nanalyse      %s\ntotal        %s\nrate         %.0f files/s, %.1f MB/s\nratio        %.2f (of the total to reading all and parsing the candidates)\npeak memory  %.0f MB\n",
				t.Files, mb, t.Candidates, seconds(t.Read), seconds(t.Parse), seconds(t.Analyse), seconds(t.Total),
				float64(t.Files)/t.Total, mb/t.Total, t.Ratio, float64(t.PeakMemory)/(1<<20))
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&format, "format", "text", "output: text or json")
	f.StringSliceVar(&sel.kinds, "kind", nil, "only these kinds of leak")
	f.BoolVar(&sel.offers, "offers", false, "look for offers, too")
	f.BoolVar(&sel.includeTests, "include-tests", false, "look at tests, too")
	f.BoolVar(&sel.includeScripts, "include-scripts", false, "look at build scripts, configuration and examples, too")
	return cmd
}

// benchRounds is how often everything is done; the medians are told.
const benchRounds = 5

// time runs the stages one by one and a scan, in turns. A scan comes first, so that the
// peak is its own, and the files are in the system's cache for all of them.
func (s *session) time(ctx context.Context) (*timings, error) {
	opts := s.options
	opts.Each = func(*transforms.Mended) {}
	if _, _, err := s.timeRun(ctx, opts); err != nil {
		return nil, err
	}
	t := &timings{PeakMemory: peakMemory()}
	var candidates []string
	opts.Look = func(rel string, src []byte) bool {
		t.Files++
		t.Bytes += int64(len(src))
		if s.detector.IsWanted(src) {
			candidates = append(candidates, rel)
		}
		return false
	}
	if _, err := run.Run(ctx, s.detector, opts); err != nil {
		return nil, err
	}
	opts.Look = nil
	var read, parse, total []time.Duration
	for range benchRounds {
		opts.Choose = true
		p, took, err := s.timeRun(ctx, opts)
		if err != nil {
			return nil, err
		}
		read = append(read, took)
		parse = append(parse, timed(candidates, func(rel string) {
			if src, err := p.Read(rel); err == nil {
				_, _ = syntax.Parse(ctx, rel, src)
			}
		}))
		opts.Choose = false
		if _, took, err = s.timeRun(ctx, opts); err != nil {
			return nil, err
		}
		total = append(total, took)
	}
	t.Candidates = len(candidates)
	t.Read, t.Parse, t.Total = median(read), median(parse), median(total)
	t.Analyse = max(0, t.Total-t.Read-t.Parse)
	t.Ratio = t.Total / max(t.Read+t.Parse, 1e-9)
	return t, nil
}

// timeRun runs over the project as if it were new: nothing of another run is remembered.
func (s *session) timeRun(ctx context.Context, opts run.Options) (*project.Project, time.Duration, error) {
	p, err := project.Open(s.project.Root)
	if err != nil {
		return nil, 0, err
	}
	d := s.detectorOf(p)
	runtime.GC() // what others left is not collected in its time
	began := time.Now()
	_, err = run.Run(ctx, d, opts)
	return p, time.Since(began), err
}

// median is in seconds.
func median(of []time.Duration) float64 {
	slices.Sort(of)
	return of[len(of)/2].Seconds()
}

func seconds(s float64) time.Duration { return round(time.Duration(s * float64(time.Second))) }

func round(d time.Duration) time.Duration { return d.Round(100 * time.Microsecond) }

// timed runs work on all files in parallel and returns the wall time.
func timed(files []string, work func(string)) time.Duration {
	runtime.GC()
	began := time.Now()
	var next atomic.Int64
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(files) {
					return
				}
				work(files[i])
			}
		})
	}
	wg.Wait()
	return time.Since(began)
}

// peakMemory is the most memory in bytes that the process ever held, as the system
// counts it; elsewhere what the Go runtime took from it.
func peakMemory() int64 {
	data, err := os.ReadFile("/proc/self/status")
	if err == nil {
		for line := range strings.Lines(string(data)) {
			if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
				if kb, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64); err == nil {
					return kb << 10
				}
			}
		}
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.Sys)
}

func absolute(path string) string {
	abs, err := filepath.Abs(path)
	if err != nil {
		return path
	}
	return abs
}
