// Package campaign brings pull requests to many repositories. What is left to do is
// a queue, and what is known of each repository a table, both kept by NATS JetStream:
// in this process and a folder, or on servers, with the same code. A repository is
// one message, is done once, and is taken over when whoever worked on it is gone. It
// may be done twice at once then; that nothing comes twice of that is what the
// reconciler of vcs/forge is for.
package campaign

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/unleak-dev/unleak/internal/job"
)

// States of a campaign.
const (
	Running = "running"
	Paused  = "paused"
	Closed  = "closed"
)

// Config is what a campaign was created with, and whether it goes on.
type Config struct {
	Name    string    `json:"name"`
	Created time.Time `json:"created"`
	Status  string    `json:"status"`

	Settings      map[string]any `json:"settings,omitempty"` // of pull requests, before those of the repositories
	Limits        job.Limits     `json:"limits"`
	DryRun        bool           `json:"dryRun,omitempty"`
	Verify        string         `json:"verify,omitempty"`
	VerifyTime    time.Duration  `json:"verifyTime,omitempty"`
	VerifyNetwork bool           `json:"verifyNetwork,omitempty"`

	Tries    int           `json:"tries"`    // that a repository gets before it goes aside
	Takeover time.Duration `json:"takeover"` // of silence, before a job is another worker's
	PerHost  int           `json:"perHost"`  // jobs at once that one host gets
	Rates    Rates         `json:"rates"`
	Windows  []string      `json:"windows,omitempty"` // when it may write, as "mon-fri 09:00-17:00 Europe/Berlin"; none: always
	Open     int           `json:"open,omitempty"`    // the most pull requests that are open; 0: no limit
	Hour     int           `json:"hour,omitempty"`    // the most that are made in an hour; 0: no limit

	Hosts []string `json:"hosts"` // that have repositories, "local" for folders
}

// orUsual fills in what was left open.
func (c Config) orUsual() Config {
	if c.Tries == 0 {
		c.Tries = 4
	}
	if c.Takeover == 0 {
		c.Takeover = 30 * time.Second
	}
	if c.PerHost == 0 {
		c.PerHost = 8
	}
	c.Rates = c.Rates.orUsual()
	return c
}

func (c Config) check() error {
	if c.Name == "" || len(c.Name) > 40 || strings.Trim(c.Name, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		return fmt.Errorf("%q is not a name for a campaign: lower-case letters, digits and hyphens, at most 40", c.Name)
	}
	for _, w := range c.Windows {
		if _, err := parseWindow(w); err != nil {
			return err
		}
	}
	return nil
}

// Campaign is one that exists.
type Campaign struct {
	Name string

	bus    *Bus
	kv     jetstream.KeyValue
	jobs   jetstream.Stream
	ledger string // a stream
}

const (
	configKey = "config"
	slotsKey  = "slots"
	repoKey   = "repo."
)

func jobsStream(name string) string   { return "unleak-" + name + "-jobs" }
func ledgerStream(name string) string { return "unleak-" + name + "-ledger" }
func bucket(name string) string       { return "unleak-" + name }
func jobSubject(name, host, id string) string {
	return "unleak." + name + ".job." + hostToken(host) + "." + id
}
func ledgerSubject(name, id string) string { return "unleak." + name + ".ledger." + id }
func (b *Bus) streams(c Config) []jetstream.StreamConfig {
	r := b.replicas()
	return []jetstream.StreamConfig{
		{Name: jobsStream(c.Name), Subjects: []string{"unleak." + c.Name + ".job.>"}, Retention: jetstream.WorkQueuePolicy, Storage: jetstream.FileStorage,
			Discard: jetstream.DiscardNew, DiscardNewPerSubject: true, MaxMsgsPerSubject: 1, Replicas: r, Duplicates: 2 * time.Minute},
		{Name: ledgerStream(c.Name), Subjects: []string{"unleak." + c.Name + ".ledger.>"}, Storage: jetstream.FileStorage, Replicas: r, Duplicates: 2 * time.Minute},
	}
}

// Create makes a campaign without repositories. One that exists is an error, unless
// it is as it would be: filling it may have been interrupted.
func (b *Bus) Create(ctx context.Context, c Config) (*Campaign, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	c = c.orUsual()
	c.Status, c.Created = Running, time.Now().UTC()
	err := trying(ctx, func(ctx context.Context) error {
		_, err := b.js.CreateOrUpdateKeyValue(ctx, jetstream.KeyValueConfig{Bucket: bucket(c.Name), History: 1, Storage: jetstream.FileStorage, Replicas: b.replicas(), MaxValueSize: 900 << 10})
		return err
	})
	for _, s := range b.streams(c) {
		if err == nil {
			err = trying(ctx, func(ctx context.Context) error { _, err := b.js.CreateOrUpdateStream(ctx, s); return err })
		}
	}
	if err != nil {
		return nil, fmt.Errorf("the campaign %s cannot be made: %w", c.Name, err)
	}
	o, err := b.open(ctx, c.Name)
	if err != nil {
		return nil, err
	}
	_, err = change(ctx, o.kv, configKey, func(was *Config) (bool, error) {
		if was.Name == "" {
			*was = c
			return true, nil
		}
		if was.Status == Closed {
			return false, fmt.Errorf("there is a campaign %s, which is closed: choose another name, or `close --delete` it", c.Name)
		}
		return false, nil
	})
	return o, err
}

// Open finds a campaign; "" is the only one.
func (b *Bus) Open(ctx context.Context, name string) (*Campaign, error) {
	if name == "" {
		all, err := b.Names(ctx)
		if err != nil {
			return nil, err
		}
		if len(all) != 1 {
			return nil, fmt.Errorf("name one of the campaigns: %s", orNone(all))
		}
		name = all[0]
	}
	return b.open(ctx, name)
}

func orNone(names []string) string {
	if len(names) == 0 {
		return "there is none yet (`unleak campaign create`)"
	}
	return strings.Join(names, ", ")
}

func (b *Bus) open(ctx context.Context, name string) (*Campaign, error) {
	if err := (Config{Name: name}).check(); err != nil {
		return nil, err
	}
	c := &Campaign{Name: name, bus: b, ledger: ledgerStream(name)}
	err := trying(ctx, func(ctx context.Context) error {
		var err error
		if c.kv, err = b.js.KeyValue(ctx, bucket(name)); err == nil {
			c.jobs, err = b.js.Stream(ctx, jobsStream(name))
		}
		return err
	})
	if errors.Is(err, jetstream.ErrBucketNotFound) || errors.Is(err, jetstream.ErrStreamNotFound) {
		all, _ := b.Names(ctx) // the error says enough
		return nil, fmt.Errorf("there is no campaign %s here: there is %s", name, orNone(all))
	}
	return c, err
}

// Names are those of all campaigns, in order.
func (b *Bus) Names(ctx context.Context) ([]string, error) {
	var names []string
	err := trying(ctx, func(ctx context.Context) error {
		names = nil
		list := b.js.StreamNames(ctx)
		for s := range list.Name() {
			if name, ok := strings.CutPrefix(s, "unleak-"); ok {
				if name, ok = strings.CutSuffix(name, "-jobs"); ok {
					names = append(names, name)
				}
			}
		}
		return list.Err()
	})
	slices.Sort(names)
	return names, err
}

// Config reads what the campaign is like now.
func (c *Campaign) Config(ctx context.Context) (Config, error) {
	var v Config
	_, found, err := get(ctx, c.kv, configKey, &v)
	if err == nil && !found {
		err = fmt.Errorf("the campaign %s was not made completely: create it again", c.Name)
	}
	return v, err
}

// SetStatus pauses, resumes or closes the campaign.
func (c *Campaign) SetStatus(ctx context.Context, status string) error {
	_, err := change(ctx, c.kv, configKey, func(v *Config) (bool, error) {
		if v.Status == Closed && status != Closed {
			return false, fmt.Errorf("the campaign %s is closed", c.Name)
		}
		was := v.Status
		v.Status = status
		return was != status, nil
	})
	if err != nil || status != Closed {
		return err
	}
	return trying(ctx, func(ctx context.Context) error { return c.jobs.Purge(ctx) })
}

// Delete forgets the campaign, its ledger too.
func (c *Campaign) Delete(ctx context.Context) error {
	gone := func(err error) error {
		if errors.Is(err, jetstream.ErrStreamNotFound) || errors.Is(err, jetstream.ErrBucketNotFound) {
			return nil
		}
		return err
	}
	for _, s := range []string{ledgerStream(c.Name), jobsStream(c.Name)} {
		if err := trying(ctx, func(ctx context.Context) error { return gone(c.bus.js.DeleteStream(ctx, s)) }); err != nil {
			return err
		}
	}
	return trying(ctx, func(ctx context.Context) error { return gone(c.bus.js.DeleteKeyValue(ctx, bucket(c.Name))) })
}
