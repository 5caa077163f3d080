package campaign

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/unleak-dev/unleak/internal/job"
	"github.com/unleak-dev/unleak/internal/markdown"
	"github.com/unleak-dev/unleak/vcs/forge"
)

// Summary counts what became of a campaign's repositories.
type Summary struct {
	Name         string         `json:"name"`
	Status       string         `json:"status"`
	DryRun       bool           `json:"dryRun,omitempty"`
	Created      time.Time      `json:"created"`
	Repositories int            `json:"repositories"`
	Waiting      int            `json:"waiting"`
	Working      int            `json:"working"`
	Done         int            `json:"done"`
	Skipped      int            `json:"skipped"`
	Aside        int            `json:"aside"`
	Person       int            `json:"person"` // done, and a person has to look
	Pulls        map[string]int `json:"pullRequests"`
	Branches     int            `json:"branches"` // of folders
	Findings     int            `json:"findings"`
	Fixes        int            `json:"fixes"`
	Burndown     []Hour         `json:"burndown"`
	LastHour     int            `json:"lastHour"` // repositories that ended within it
	Figures      Means          `json:"means"`
}

// Hour is how many repositories ended in an hour, and how many were left then.
type Hour struct {
	Hour  time.Time `json:"hour"`
	Ended int       `json:"ended"`
	Left  int       `json:"left"`
}

// Means are seconds, on average over what was done.
type Means struct {
	Clone float64 `json:"clone"`
	Scan  float64 `json:"scan"`
	Wait  float64 `json:"wait"`
	Rest  float64 `json:"rest"` // everything else, from taking the job to its end
	Peak  int64   `json:"peak"` // the most memory of a job, in bytes
}

// maxHours bounds the burndown that is kept.
const maxHours = 24 * 60

// Summarize goes through the repositories and calls each, which may be nil.
func (c *Campaign) Summarize(ctx context.Context, each func(Entry) error) (Summary, error) {
	conf, err := c.Config(ctx)
	if err != nil {
		return Summary{}, err
	}
	s := Summary{Name: c.Name, Status: conf.Status, DryRun: conf.DryRun, Created: conf.Created, Pulls: map[string]int{}}
	hours := map[time.Time]int{}
	now := time.Now()
	measured := 0
	err = c.Entries(ctx, func(e Entry) error {
		switch e.State {
		case Working:
			s.Working++
		case Done:
			s.Done++
		case Skipped:
			s.Skipped++
		case Aside:
			s.Aside++
		}
		person := false
		for _, p := range e.Parts {
			person = person || p.Person()
			if p.Standing != "" {
				s.Pulls[p.Standing]++
			} else if e.Host == localHost && !conf.DryRun && p.Branch != "" && p.Action != forge.Close && p.Commit != "" {
				s.Branches++
			}
		}
		if e.State == Done && person {
			s.Person++
		}
		s.Findings += e.Figures.Findings
		s.Fixes += e.Figures.Fixes
		if e.final() {
			hour := e.Ended.Truncate(time.Hour)
			if _, ok := hours[hour]; ok || len(hours) < maxHours {
				hours[hour]++
			}
			if now.Sub(e.Ended) < time.Hour {
				s.LastHour++
			}
		}
		if e.State == Done {
			measured++
			s.Figures.add(e)
		}
		if each != nil {
			return each(e)
		}
		return nil
	})
	if err != nil {
		return s, err
	}
	left, err := c.left(ctx)
	if err != nil {
		return s, err
	}
	ended := s.Done + s.Skipped + s.Aside
	s.Repositories = ended + max(int(left), s.Working)
	if conf.Status == Closed {
		s.Repositories = ended
	}
	s.Waiting = max(s.Repositories-ended-s.Working, 0)
	at := s.Repositories
	for _, h := range slices.SortedFunc(maps.Keys(hours), time.Time.Compare) {
		at -= hours[h]
		s.Burndown = append(s.Burndown, Hour{h, hours[h], at})
	}
	s.Figures.divide(measured)
	return s, nil
}

func (m *Means) add(e Entry) {
	f := e.Figures
	m.Clone += f.Clone.Seconds()
	m.Scan += f.Scan.Seconds()
	m.Wait += f.Waiting.Seconds()
	m.Rest += (e.Ended.Sub(e.Begun) - f.Clone - f.Scan - f.Waiting).Seconds()
	m.Peak = max(m.Peak, f.Peak)
}

func (m *Means) divide(n int) {
	if n > 0 {
		m.Clone, m.Scan, m.Wait, m.Rest = m.Clone/float64(n), m.Scan/float64(n), m.Wait/float64(n), m.Rest/float64(n)
	}
}

// Refresh asks where the pull requests stand that were open when somebody looked
// last.
func (c *Campaign) Refresh(ctx context.Context, credential func(string) (job.Credential, error)) error {
	return c.Entries(ctx, func(e Entry) error {
		for _, p := range e.Parts {
			if p.Standing != standingOpen {
				continue
			}
			is, err := Standing(ctx, &e, p.Number, credential)
			if err != nil {
				return err
			}
			if is == p.Standing {
				continue
			}
			if _, err := c.changeEntry(ctx, e.ID, func(e *Entry) (bool, error) { return e.stand(p.Number, is), nil }); err != nil {
				return err
			}
		}
		return nil
	})
}

// Text writes the status for people: the counts, then lists of at most so many
// lines each; 0: all.
func (c *Campaign) Text(ctx context.Context, out io.Writer, most int) error {
	s, err := c.Summarize(ctx, nil)
	if err != nil {
		return err
	}
	var b strings.Builder
	status := s.Status
	if s.DryRun {
		status += ", a dry run"
	}
	fmt.Fprintf(&b, "%s: %s, %s since %s\n", s.Name, status, counted(s.Repositories, "repository", "repositories"), s.Created.Local().Format("2006-01-02 15:04"))
	ended := s.Done + s.Skipped + s.Aside
	fmt.Fprintf(&b, "%s %d done, %d skipped, %d aside, %d in work, %d waiting\n", bar(ended, s.Repositories), s.Done, s.Skipped, s.Aside, s.Working, s.Waiting)
	fmt.Fprintf(&b, "pull requests: %d open, %d merged, %d closed", s.Pulls[standingOpen], s.Pulls[standingMerged], s.Pulls[standingClosed])
	if s.Branches > 0 {
		fmt.Fprintf(&b, "; branches on this machine: %d", s.Branches)
	}
	fmt.Fprintf(&b, "; %s, %s\n", counted(s.Findings, "leak", "leaks"), counted(s.Fixes, "fix", "fixes"))
	if s.Done > 0 {
		f := s.Figures
		fmt.Fprintf(&b, "a repository took %.2f s to clone, %.2f s to scan, %.2f s of waiting for leave to write, and %.2f s for the rest\n", f.Clone, f.Scan, f.Wait, f.Rest)
	}
	if left := s.Repositories - ended; left > 0 && s.LastHour > 0 {
		hour := min(time.Since(s.Created), time.Hour)
		fmt.Fprintf(&b, "at the pace of the last hour the rest takes %s\n", (time.Duration(float64(left)/float64(s.LastHour)*float64(hour)) + time.Minute).Truncate(time.Minute))
	}
	for i, h := range s.Burndown {
		if i == 0 {
			b.WriteString("\nburndown\n")
		}
		fmt.Fprintf(&b, "  %s  %5d ended  %6d left\n", h.Hour.Local().Format("2006-01-02 15:04"), h.Ended, h.Left)
	}
	if _, err := io.WriteString(out, b.String()); err != nil {
		return err
	}
	for _, section := range sections {
		if err := c.section(ctx, out, section, most); err != nil {
			return err
		}
	}
	return nil
}

// sections are the lists of a status.
var sections = []section{
	{"aside: these failed too often (`unleak campaign retry`)", func(e Entry) []string {
		if e.State != Aside {
			return nil
		}
		return []string{fmt.Sprintf("%s: %s (%s)", e.Repository.Name, e.Reason, counted(e.Failed+e.Lost, "try", "tries"))}
	}},
	{"skipped", func(e Entry) []string {
		if e.State != Skipped {
			return nil
		}
		return []string{e.Repository.Name + ": " + e.Reason}
	}},
	{"tried, and to be tried again", func(e Entry) []string {
		if e.State != Waiting || e.Reason == "" {
			return nil
		}
		return []string{e.Repository.Name + ": " + e.Reason}
	}},
	{"a person has to look", func(e Entry) (out []string) {
		for _, p := range e.Parts {
			if p.Person() && e.State == Done {
				reason := p.Reason
				if p.Dropped > 0 {
					reason = fmt.Sprintf("%s did not pass; %s", counted(p.Dropped, "fix", "fixes"), reason)
				}
				out = append(out, strings.TrimSpace(fmt.Sprintf("%s: %s %s %s: %s", e.Repository.Name, p.Action, p.Branch, p.URL, reason)))
			}
		}
		return out
	}},
	{"pull requests", func(e Entry) (out []string) {
		for _, p := range e.Parts {
			if p.Standing != "" {
				out = append(out, fmt.Sprintf("%s %s %s (%s)", p.Standing, e.Repository.Name, p.URL, p.Branch))
			}
		}
		return out
	}},
}

type section struct {
	title string
	lines func(Entry) []string
}

// section writes one list.
func (c *Campaign) section(ctx context.Context, out io.Writer, s section, most int) error {
	n := 0
	err := c.Entries(ctx, func(e Entry) error {
		for _, line := range s.lines(e) {
			if n++; most > 0 && n > most {
				continue
			}
			if n == 1 {
				if _, err := fmt.Fprintf(out, "\n%s\n", s.title); err != nil {
					return err
				}
			}
			if _, err := fmt.Fprintln(out, "  "+markdown.Clean(line)); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil && most > 0 && n > most {
		_, err = fmt.Fprintf(out, "  and %d more (--all)\n", n-most)
	}
	return err
}

func bar(n, of int) string {
	const width = 20
	full, percent := 0, 100
	if of > 0 {
		full, percent = n*width/of, n*100/of
	} else {
		full = width
	}
	return fmt.Sprintf("[%s%s] %d%%", strings.Repeat("#", full), strings.Repeat(".", width-full), percent)
}

func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
