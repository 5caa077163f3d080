package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/unleak-dev/unleak/internal/campaign"
	"github.com/unleak-dev/unleak/internal/job"
	"github.com/unleak-dev/unleak/vcs/github"
)

// folderKey names the variable with the trial's folder, tokenKey the one with the
// token of workers.
const (
	folderKey = "UNLEAK_TRIAL"
	tokenKey  = "UNLEAK_TRIAL_TOKEN"
)

// role does what a process of the trial is for; false if the process is the trial
// itself.
func role(args []string) (is bool, err error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	switch {
	case len(args) == 0:
	case args[0] == "job":
		return true, job.Main(ctx)
	case args[0] == "worker":
		return true, worker(ctx, args[1:])
	case args[0] == "nats":
		return true, natsServer(ctx, args[1:])
	}
	return false, nil
}

// worker works on the campaign trial until it is done: WHERE is a folder, or URLs.
func worker(ctx context.Context, args []string) error {
	w := campaign.Where{Folder: args[0]}
	if strings.Contains(args[0], "://") {
		w = campaign.Where{URL: args[0]}
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	identity := []string{"GIT_AUTHOR_NAME=Ann", "GIT_AUTHOR_EMAIL=a@example.org", "GIT_COMMITTER_NAME=Ann", "GIT_COMMITTER_EMAIL=a@example.org"}
	runner, err := job.NewRunner(filepath.Join(os.Getenv(folderKey), "work"), []string{self, "job"}, identity)
	if err != nil {
		return err
	}
	defer runner.Close()
	b, err := dialLong(ctx, w)
	if err != nil {
		return err
	}
	defer b.Close()
	c, err := b.Open(ctx, "trial")
	if err != nil {
		return err
	}
	token := os.Getenv(tokenKey)
	if err := os.Unsetenv(tokenKey); err != nil {
		return err
	}
	jobs, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	work := campaign.Worker{Name: fmt.Sprintf("%d-%s", os.Getpid(), rand.Text()[:4]), Runner: runner, Jobs: jobs, Finish: true,
		Credential: func(string) (job.Credential, error) { return job.Credential{Token: github.Token(token)}, nil },
		Tell:       func(e campaign.Entry) { fmt.Printf("%s %s %s\n", e.State, e.Repository.Name, e.Reason) }}
	return work.Work(ctx, b, c)
}

// dialLong connects also if the servers are away at first.
func dialLong(ctx context.Context, w campaign.Where) (*campaign.Bus, error) {
	for n := 0; ; n++ {
		b, err := campaign.Dial(ctx, w)
		if err == nil || n > 200 || ctx.Err() != nil {
			return b, err
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// natsServer is a NATS server: NAME PORT FOLDER [CLUSTERPORT ROUTE...].
func natsServer(ctx context.Context, args []string) error {
	port, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	o := &server.Options{ServerName: args[0], Host: "127.0.0.1", Port: port, JetStream: true, StoreDir: args[2], SyncAlways: true, NoSigs: true,
		LogFile: args[2] + ".log", JetStreamMaxMemory: 64 << 20, JetStreamMaxStore: 4 << 30}
	if len(args) > 3 {
		cluster, err := strconv.Atoi(args[3])
		if err != nil {
			return err
		}
		// Clients must not learn of ways around the proxy.
		o.Cluster = server.ClusterOpts{Name: "trial", Host: "127.0.0.1", Port: cluster, NoAdvertise: true}
		o.Routes = server.RoutesFromStr(strings.Join(args[4:], ","))
	}
	s, err := server.NewServer(o)
	if err != nil {
		return err
	}
	s.ConfigureLogger()
	s.Start()
	if !s.ReadyForConnections(20 * time.Second) {
		return errors.New("the server did not start")
	}
	<-ctx.Done()
	s.Shutdown()
	s.WaitForShutdown()
	return nil
}
