package campaign

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/unleak-dev/unleak/internal/ledger"
	"github.com/unleak-dev/unleak/internal/markdown"
)

// JSON writes the status for programs, one repository after the other: an object
// with repositories and, at the end, the summary. Fields are only ever added.
func (c *Campaign) JSON(ctx context.Context, out io.Writer) error {
	if _, err := io.WriteString(out, "{\"version\":1,\"repositories\":[\n"); err != nil {
		return err
	}
	first := true
	s, err := c.Summarize(ctx, func(e Entry) error {
		data, err := json.Marshal(e)
		if err != nil {
			return err
		}
		if !first {
			data = append([]byte(",\n"), data...)
		}
		first = false
		_, err = out.Write(data)
		return err
	})
	if err != nil {
		return err
	}
	data, err := json.Marshal(s)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "\n],\"summary\":%s}\n", data)
	return err
}

// Ledger calls each with the records of the campaign's ledger, oldest first.
func (c *Campaign) Ledger(ctx context.Context, each func(ledger.Record) error) error {
	s, err := c.bus.js.Stream(ctx, c.ledger)
	if err != nil {
		return fmt.Errorf("the ledger of %s cannot be read: %w", c.Name, err)
	}
	info, err := s.Info(ctx)
	if err != nil || info.State.Msgs == 0 {
		return err
	}
	cons, err := s.OrderedConsumer(ctx, jetstream.OrderedConsumerConfig{})
	if err != nil {
		return err
	}
	it, err := cons.Messages(jetstream.PullMaxMessages(256))
	if err != nil {
		return err
	}
	defer it.Stop()
	for {
		msg, err := it.Next(jetstream.NextContext(ctx))
		if err != nil {
			return errors.Join(ctx.Err(), err)
		}
		r, err := decode[ledger.Record](msg.Data(), "ledger")
		if err != nil {
			return err
		}
		if err := each(r); err != nil {
			return err
		}
		meta, err := msg.Metadata()
		if err != nil {
			return err
		}
		if meta.Sequence.Stream >= info.State.LastSeq {
			return nil
		}
	}
}

// Report writes what became of the campaign, and every write of it, as Markdown.
func (c *Campaign) Report(ctx context.Context, out io.Writer) error {
	s, err := c.Summarize(ctx, nil)
	if err != nil {
		return err
	}
	w := &markdownWriter{out: out}
	w.line("# Campaign %s", s.Name)
	w.line("\nCreated %s, %s.\n", s.Created.UTC().Format("2006-01-02 15:04 MST"), s.Status)
	w.line("| repositories | |\n|---|---|")
	for _, row := range []struct {
		what string
		n    int
	}{{"all", s.Repositories}, {"done", s.Done}, {"of them, a person has to look", s.Person}, {"skipped", s.Skipped}, {"aside", s.Aside}, {"in work", s.Working}, {"waiting", s.Waiting}} {
		w.line("| %s | %d |", row.what, row.n)
	}
	w.line("\nPull requests, as far as was looked: %d open, %d merged, %d closed. %d leaks were found, %d fixes proposed.", s.Pulls[standingOpen], s.Pulls[standingMerged], s.Pulls[standingClosed], s.Findings, s.Fixes)
	if len(s.Burndown) > 0 {
		w.line("\n## Burndown\n\n| hour (UTC) | ended | left |\n|---|---|---|")
		for _, h := range s.Burndown {
			w.line("| %s | %d | %d |", h.Hour.UTC().Format("2006-01-02 15:04"), h.Ended, h.Left)
		}
	}
	for _, section := range sections {
		n := 0
		err := c.Entries(ctx, func(e Entry) error {
			for _, l := range section.lines(e) {
				if n++; n == 1 {
					w.line("\n## %s\n", strings.ToUpper(section.title[:1])+section.title[1:])
				}
				w.line("- %s", markdown.Prose(l))
			}
			return w.err
		})
		if err != nil {
			return err
		}
	}
	if err := c.audit(ctx, w); err != nil {
		return err
	}
	return w.err
}

// audit writes a line for each write, and one for those whose end is not known.
func (c *Campaign) audit(ctx context.Context, w *markdownWriter) error {
	w.line("\n## Audit\n\nEvery write: when it was done, by whom, and what came of it.\n\n| time (UTC) | who | repository | what | was | is | outcome |\n|---|---|---|---|---|---|---|")
	open := map[string]ledger.Record{} // no more than are under way, and those that never ended
	row := func(r ledger.Record) {
		what := r.Operation
		if r.Branch != "" {
			what += " " + r.Branch
		}
		if r.Number != 0 {
			what += fmt.Sprintf(" #%d", r.Number)
		}
		w.line("| %s | %s | %s | %s | %s | %s | %s |", r.Time.UTC().Format("2006-01-02 15:04:05"), cell(r.Who), cell(r.Repository), cell(what), cell(brief(r.Was)), cell(brief(r.Is)), cell(r.Outcome))
	}
	err := c.Ledger(ctx, func(r ledger.Record) error {
		if r.Stage == ledger.Before {
			open[r.ID] = r
			return nil
		}
		delete(open, r.ID)
		row(r)
		return w.err
	})
	for _, r := range open {
		r.Outcome = "begun; its end is not known"
		row(r)
	}
	return err
}

// cell is a text in a table.
func cell(s string) string {
	if s == "" {
		return ""
	}
	return strings.ReplaceAll(markdown.Code(markdown.Clean(s)), "|", `\|`)
}

// brief shortens a hash.
func brief(s string) string {
	if len(s) == 40 && strings.Trim(s, "0123456789abcdef") == "" {
		return s[:10]
	}
	return s
}

type markdownWriter struct {
	out io.Writer
	err error
}

func (w *markdownWriter) line(format string, args ...any) {
	if w.err == nil {
		_, w.err = fmt.Fprintf(w.out, format+"\n", args...)
	}
}
