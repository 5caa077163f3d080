package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/unleak-dev/unleak/internal/bot"
	"github.com/unleak-dev/unleak/internal/job"
	"github.com/unleak-dev/unleak/internal/queue"
	"github.com/unleak-dev/unleak/internal/settings"
	"github.com/unleak-dev/unleak/vcs/github"
)

// botFlags say who the bot is, where it listens and what it may take.
type botFlags struct {
	app           appFlags
	server        string
	secrets       []string
	state         string
	listen, admin string
	every         time.Duration
	settle, grace time.Duration
	jobs          int
	connections   int
	maxBody       int64
	limits        job.Limits
	otel          bool
	given         *pflag.FlagSet
}

// botKeys are the flags that stand for a key of the settings with another name.
var botKeys = map[string]string{"phase": "phases", "max-open": "limits.open", "max-per-hour": "limits.per-hour"}

func (c *cli) botCommand() *cobra.Command {
	var f botFlags
	cmd := &cobra.Command{
		Use:   "bot",
		Short: "Answer GitHub's webhooks as a GitHub App",
		Long: `Answer GitHub's webhooks as a GitHub App: on a push to the default branch, and every
so often, the pull requests of a repository are brought up to date, as ` + "`unleak pr`" + ` does;
a pull request gets a comment about what it adds that leaks; people who may write to
the repository can say /unleak rebase, ignore KIND or explain KIND in a comment.

An event is answered when it is in the queue, below --state, and what it asks for is
done after that, by the next process if need be. A folder is for one process at a
time. GitHub sends events to /webhook of --listen; /healthz and /readyz are there and
on --admin, which has /metrics, too.

The secret of the webhook is read from files (--secret-file, several while one takes
the place of another) or from UNLEAK_WEBHOOK_SECRET. The log is JSON on standard
error, with a line before and after everything that is written to GitHub. SIGTERM ends
it: nothing more is accepted, work under way ends within --grace or is done by the
next process. See docs/bot.md for how to set it up.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			f.given = cmd.Flags()
			return c.bot(cmd.Context(), &f)
		},
	}
	fl := cmd.Flags()
	f.app.flags(fl)
	_ = fl.MarkHidden("app-installation") // events name theirs
	fl.StringVar(&f.server, "github", "https://github.com", "the GitHub: an Enterprise server has another one")
	fl.StringSliceVar(&f.secrets, "secret-file", nil, "a file with the secret of the webhook; may be repeated")
	fl.StringVar(&f.state, "state", "", "the folder of the queue and of what jobs need")
	fl.StringVar(&f.listen, "listen", ":8080", "where GitHub's events arrive")
	fl.StringVar(&f.admin, "admin", "localhost:8081", "where metrics are; \"\": nowhere")
	fl.DurationVar(&f.every, "every", 0, "reconcile all repositories that often; 0: only after events")
	fl.DurationVar(&f.settle, "settle", 2*time.Second, "how long work waits for more events of the same kind")
	fl.DurationVar(&f.grace, "grace", 25*time.Second, "how long work under way may take when it is to end")
	fl.IntVar(&f.jobs, "jobs", 2, "pieces of work at a time")
	fl.IntVar(&f.connections, "max-connections", 256, "connections at a time")
	fl.Int64Var(&f.maxBody, "max-body", 25<<20, "bytes of an event; GitHub sends no more than 25 MB")
	fl.Int64Var(&f.limits.Bytes, "max-clone", job.Bytes, "bytes of a clone; a larger repository is left alone")
	fl.IntVar(&f.limits.Files, "max-repository-files", job.Files, "files of a repository; one with more is left alone")
	fl.DurationVar(&f.limits.Time, "max-time", job.Time, "how long a job may take")
	fl.Int64Var(&f.limits.Memory, "max-memory", job.Memory, "bytes of memory of a job")
	fl.BoolVar(&f.otel, "otel", false, "send traces by OTLP over HTTP, to where OTEL_EXPORTER_OTLP_ENDPOINT says")
	fl.StringSlice("phase", nil, "only these phases, whatever repositories say: critical, high, medium")
	fl.Bool("draft", false, "open drafts, whatever repositories say")
	fl.Int("max-open", 0, "the most pull requests that are open in a repository at a time, whatever it says")
	fl.Int("max-per-hour", 0, "the most pull requests that are opened in a repository in an hour, whatever it says")
	return cmd
}

// check finds what is missing before anything is opened.
func (f *botFlags) check() error {
	switch {
	case f.app.id == 0 || f.app.key == "":
		return errors.New("a bot is a GitHub App: --app-id and --app-key are needed")
	case f.state == "":
		return errors.New("--state: a folder is needed that outlives the process")
	case f.jobs < 1 || f.connections < 1 || f.maxBody < 1:
		return errors.New("--jobs, --max-connections and --max-body have to be 1 at least")
	case f.every < 0 || f.every > 0 && f.every < time.Minute:
		return errors.New("--every: a minute is the least")
	}
	if _, err := github.Locate(f.server + "/any/any"); err != nil {
		return fmt.Errorf("--github: %w", err)
	}
	_, err := f.settings()
	return err
}

// settings are what the flags say of pull requests.
func (f *botFlags) settings() (map[string]any, error) {
	out := map[string]any{}
	var wrong error
	f.given.Visit(func(flag *pflag.Flag) {
		key := flag.Name
		if k, ok := botKeys[key]; ok {
			key = k
		}
		if !settings.IsPullRequestKey(key) || wrong != nil {
			return
		}
		var value any
		var err error
		switch flag.Value.Type() {
		case "bool":
			value, err = f.given.GetBool(flag.Name)
		case "int":
			value, err = f.given.GetInt(flag.Name)
		case "stringSlice":
			value, err = f.given.GetStringSlice(flag.Name)
		}
		if err == nil {
			err = new(settings.PullRequests).Set(key, value)
		}
		if err != nil {
			wrong = fmt.Errorf("--%s: %w", flag.Name, err)
		}
		out[key] = value
	})
	return out, wrong
}

// webhookSecrets reads the secrets of the webhook.
func (f *botFlags) webhookSecrets() ([][]byte, error) {
	var out [][]byte
	for _, file := range f.secrets {
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("--secret-file: %w", err)
		}
		out = append(out, bytes.TrimSpace(data))
	}
	if v := os.Getenv("UNLEAK_WEBHOOK_SECRET"); v != "" {
		out = append(out, bytes.TrimSpace([]byte(v)))
	}
	if len(out) == 0 {
		return nil, errors.New("there is no secret of the webhook: --secret-file FILE, or UNLEAK_WEBHOOK_SECRET")
	}
	return out, nil
}

func (c *cli) bot(ctx context.Context, f *botFlags) error {
	if err := f.check(); err != nil {
		return err
	}
	secrets, err := f.webhookSecrets()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(f.state, 0o700); err != nil {
		return err
	}
	q, err := queue.Open(filepath.Join(f.state, "queue"), queue.Options{Settle: f.settle})
	if err != nil {
		return err
	}
	defer c.closing(q.Close)
	program, err := os.Executable()
	if err != nil {
		return err
	}
	runner, err := job.NewRunner(filepath.Join(f.state, "jobs"), []string{program, "job"}, nil)
	if err != nil {
		return err
	}
	defer c.closing(runner.Close)
	log := slog.New(slog.NewJSONHandler(c.err, nil))
	tracer, flush, err := bot.Tracing(ctx, f.otel, versionText())
	if err != nil {
		return err
	}
	defer c.closing(flush)
	metrics := bot.NewMetrics(q)
	hook, err := bot.NewHook(bot.Hook{Secrets: secrets, Queue: q, MaxBody: f.maxBody, Log: log, Metrics: metrics, Tracer: tracer})
	if err != nil {
		return err
	}
	set, err := f.settings()
	if err != nil {
		return err
	}
	app := &bot.App{Server: f.server, App: github.App{ID: f.app.id, KeyFile: f.app.key}, Run: runner.Run, Limits: f.limits, Settings: set, Log: log, Metrics: metrics}
	if err := app.Check(); err != nil {
		return err
	}
	s := &bot.Server{Hook: hook, Connections: f.connections, Every: f.every, Timeouts: bot.UsualTimeouts, Log: log,
		Workers: &bot.Workers{Queue: q, Doer: app, Jobs: f.jobs, Grace: f.grace, Log: log, Metrics: metrics, Tracer: tracer}}
	if s.Listen, err = net.Listen("tcp", f.listen); err != nil {
		return err
	}
	addresses := []any{"events", s.Listen.Addr().String()}
	if f.admin != "" {
		if s.Admin, err = net.Listen("tcp", f.admin); err != nil {
			return errors.Join(err, s.Listen.Close())
		}
		addresses = append(addresses, "admin", s.Admin.Addr().String())
	}
	waiting, _ := q.Count()
	log.Info("it begins", append(addresses, "waiting", waiting, "version", versionText())...)
	return s.Run(ctx)
}
