package job

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/unleak-dev/unleak/internal/ledger"
	"github.com/unleak-dev/unleak/vcs/github"
)

// A job's process and the one that started it talk in lines of JSON over its
// standard input and output: first the order, then questions and answers, one at a
// time, and at the end the outcome.

// order is the first line that a job's process gets. The token is in nothing but
// this pipe.
type order struct {
	Spec   Spec   `json:"spec"`
	Token  string `json:"token,omitempty"`
	Folder string `json:"folder"`
}

// said is a line of the job's process.
type said struct {
	Ask     string         `json:"ask,omitempty"` // take, took, cool, open, record
	Text    string         `json:"text,omitempty"`
	Pause   time.Duration  `json:"pause,omitempty"`
	Record  *ledger.Record `json:"record,omitempty"`
	Outcome *Outcome       `json:"outcome,omitempty"`
	Failed  string         `json:"failed,omitempty"`
}

// answer is a line of the one that started it.
type answer struct {
	Text   string `json:"text,omitempty"`
	Failed string `json:"failed,omitempty"`
}

// Serve is the job's process: it reads the order and does the job. When the other
// side is gone it calls gone, which ends the process and what it has started: what
// it does is no longer wanted.
func Serve(ctx context.Context, in io.Reader, out io.Writer, gone func()) error {
	lines := bufio.NewReader(in)
	var o order
	if err := readLine(lines, &o); err != nil {
		return fmt.Errorf("a job takes its order from standard input: %w", err)
	}
	o.Spec.Credential.Token = github.Token(o.Token)
	a := &asking{out: json.NewEncoder(out), answers: make(chan answer)}
	go func() {
		for {
			var got answer
			if err := readLine(lines, &got); err != nil {
				gone()
				return
			}
			a.answers <- got
		}
	}()
	outcome, err := Do(ctx, o.Spec, o.Folder, a)
	last := said{Outcome: &outcome}
	if err != nil {
		last.Failed = oneLine(err.Error())
	}
	return a.out.Encode(last)
}

func readLine(in *bufio.Reader, v any) error {
	line, err := in.ReadBytes('\n')
	if err != nil {
		return err
	}
	return json.Unmarshal(line, v)
}

// asking is the gate as a job's process sees it.
type asking struct {
	mu      sync.Mutex
	out     *json.Encoder
	answers chan answer
}

func (a *asking) ask(ctx context.Context, q said) (string, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := a.out.Encode(q); err != nil {
		return "", err
	}
	select {
	case got := <-a.answers:
		if got.Failed != "" {
			return got.Text, errors.New(got.Failed)
		}
		return got.Text, nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

func (a *asking) Take(ctx context.Context) (func(), error) {
	if _, err := a.ask(ctx, said{Ask: "take"}); err != nil {
		return nil, err
	}
	return func() { _, _ = a.ask(context.WithoutCancel(ctx), said{Ask: "took"}) }, nil // if it is not heard, the write counts as a later one
}

func (a *asking) Cool(ctx context.Context, pause time.Duration) error {
	_, err := a.ask(ctx, said{Ask: "cool", Pause: pause})
	return err
}

func (a *asking) Open(ctx context.Context, branch string) (string, error) {
	return a.ask(ctx, said{Ask: "open", Text: branch})
}

func (a *asking) Record(ctx context.Context, r ledger.Record) error {
	_, err := a.ask(ctx, said{Ask: "record", Record: &r})
	return err
}

// answering is the other side: it asks the real gate until the outcome comes.
func answering(ctx context.Context, in io.Reader, out io.Writer, gate Gate, waits func(bool)) (Outcome, error) {
	lines, answers := bufio.NewReader(in), json.NewEncoder(out)
	done := func() {}
	for {
		var q said
		if err := readLine(lines, &q); err != nil {
			return Outcome{}, errEnded
		}
		var a answer
		var err error
		switch q.Ask {
		case "take":
			waits(true)
			var taken func()
			taken, err = gate.Take(ctx)
			waits(false)
			if err == nil {
				done = taken
			}
		case "took":
			done()
			done = func() {}
		case "cool":
			err = gate.Cool(ctx, q.Pause)
		case "open":
			a.Text, err = gate.Open(ctx, q.Text)
		case "record":
			if q.Record != nil {
				err = gate.Record(ctx, *q.Record)
			}
		default:
			if q.Outcome == nil {
				return Outcome{}, fmt.Errorf("the job's process said what nobody understands")
			}
			if q.Failed != "" {
				return *q.Outcome, errors.New(q.Failed)
			}
			return *q.Outcome, nil
		}
		if err != nil {
			a.Failed = err.Error()
		}
		if err := answers.Encode(a); err != nil {
			return Outcome{}, errEnded
		}
	}
}

// errEnded says that the job's process ended without an outcome.
var errEnded = errors.New("the job's process ended")

// Main is what the hidden command does.
func Main(ctx context.Context) error {
	return Serve(ctx, os.Stdin, os.Stdout, endGroup)
}
