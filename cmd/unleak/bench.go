package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/unleak-dev/unleak/internal/project"
	"github.com/unleak-dev/unleak/internal/run"
	"github.com/unleak-dev/unleak/internal/syntax"
)

// benchCommand times the stages on any folder. It is for those who work on
// unleak, so it is hidden.
func (c *cli) benchCommand() *cobra.Command {
	return &cobra.Command{
		Use: "bench PATH", Short: "Time the stages on a folder", Hidden: true, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			sel := selection{offers: true}
			s, err := c.open(cmd.Context(), args, &sel)
			if err != nil {
				return err
			}
			var files []string
			err = s.project.Discover(cmd.Context(), args, func(rel string) {
				if s.project.RoleOf(rel, nil) == project.Source {
					files = append(files, rel)
				}
			}, func(error) {})
			if err != nil {
				return err
			}
			var size, candidates atomic.Int64
			read := timed(files, func(rel string) {
				src, err := s.project.Read(rel)
				if err == nil {
					size.Add(int64(len(src)))
				}
			})
			readAndParse := timed(files, func(rel string) {
				src, err := s.project.Read(rel)
				if err != nil || !s.detector.IsCandidate(src) {
					return
				}
				candidates.Add(1)
				_, _ = syntax.Parse(cmd.Context(), rel, src)
			})
			debug.FreeOSMemory()
			began := time.Now()
			r, err := run.Run(cmd.Context(), s.detector, s.options)
			if err != nil {
				return err
			}
			total := time.Since(began)
			mb := float64(size.Load()) / (1 << 20)
			fmt.Fprintf(c.out, "files        %d (%.1f MB)\ncandidates   %d\nread         %s\nparse        %s\nanalyse      %s\ntotal        %s (discovery included)\nrate         %.0f files/s, %.1f MB/s\nratio        %.2f (total to reading all and parsing the candidates)\npeak memory  %s\n",
				r.Summary.Files, mb, candidates.Load(), round(read), round(max(0, readAndParse-read)), round(max(0, total-readAndParse)), round(total),
				float64(r.Summary.Files)/total.Seconds(), mb/total.Seconds(), total.Seconds()/readAndParse.Seconds(), peakMemory())
			return nil
		},
	}
}

func round(d time.Duration) time.Duration { return d.Round(100 * time.Microsecond) }

// timed runs work on all files in parallel and returns the wall time.
func timed(files []string, work func(string)) time.Duration {
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

// peakMemory is the most memory that the process ever held, as the system
// counts it; elsewhere what the Go runtime took from it.
func peakMemory() string {
	data, err := os.ReadFile("/proc/self/status")
	if err == nil {
		for line := range strings.Lines(string(data)) {
			if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
				return strings.TrimSpace(rest)
			}
		}
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return fmt.Sprintf("%d kB", m.Sys>>10)
}

func absolute(path string) string {
	abs, err := filepath.Abs(path)
	if err != nil {
		return path
	}
	return abs
}
