package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/unleak-dev/unleak/internal/campaign"
	"github.com/unleak-dev/unleak/internal/githubtest"
	"github.com/unleak-dev/unleak/internal/job"
)

// trial is one stage under way.
type trial struct {
	options
	folder  string
	hub     *githubtest.Server
	token   string
	made    []made
	started time.Time
	making  time.Duration

	servers []*process
	proxies []*proxy
	workers []*process
	where   campaign.Where // of the trial itself, which the network is never cut for

	mu   sync.Mutex
	peak int64 // the most memory of a worker, in bytes
	did  map[string]int
}

// process is one that is started again when it was killed.
type process struct {
	args []string
	env  []string
	log  string
	cmd  *exec.Cmd
	done chan struct{}
	err  error
}

func (p *process) start() error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(self, p.args...)
	cmd.Env = append(os.Environ(), p.env...)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return err
	}
	done := make(chan struct{})
	p.cmd, p.done = cmd, done
	go func() { p.err = cmd.Wait(); close(done) }()
	return nil
}

func (p *process) running() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// end ends a process and waits for it.
func (p *process) end(s os.Signal) {
	if p.cmd == nil {
		return
	}
	_ = p.cmd.Process.Signal(s) // it may be gone
	<-p.done
}

// freePort finds a port that is free now.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// run prepares servers and workers, lets things go wrong, and judges.
func (t *trial) run(ctx context.Context) (*result, error) {
	defer func() {
		for _, p := range append(t.workers, t.servers...) {
			p.end(syscall.SIGKILL)
		}
		for _, p := range t.proxies {
			p.close()
		}
	}()
	t.did = map[string]int{}
	workersWhere, err := t.serve()
	if err != nil {
		return nil, err
	}
	if err := t.create(ctx); err != nil {
		return nil, err
	}
	workers := t.options.workers
	if t.stage == "embedded" {
		workers = 1
	}
	for n := range workers {
		w := &process{args: []string{"worker", workersWhere, strconv.Itoa(t.jobs)}, env: []string{tokenKey + "=" + t.token}, log: filepath.Join(t.folder, fmt.Sprintf("worker-%d.log", n))}
		if err := w.start(); err != nil {
			return nil, err
		}
		t.workers = append(t.workers, w)
	}
	begun := time.Now()
	stop := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() { t.measure(stop) })
	err = t.disturb(ctx)
	close(stop)
	watching.Wait()
	if err != nil {
		return nil, err
	}
	took := time.Since(begun)
	return t.judge(ctx, took)
}

// serve starts what campaigns are kept on, and says where workers find it.
func (t *trial) serve() (string, error) {
	n := map[string]int{"embedded": 0, "server": 1, "cluster": 3}[t.stage]
	if n == 0 && t.stage != "embedded" {
		return "", fmt.Errorf("there is no stage %q: embedded, server, cluster", t.stage)
	}
	if n == 0 {
		t.where = campaign.Where{Folder: filepath.Join(t.folder, "store")}
		return t.where.Folder, nil
	}
	var ports, routes []int
	for range 2 * n {
		port, err := freePort()
		if err != nil {
			return "", err
		}
		ports = append(ports, port)
	}
	ports, routes = ports[:n], ports[n:]
	var urls, own []string
	for i := range n {
		name := fmt.Sprintf("n%d", i)
		p := &process{args: []string{"nats", name, strconv.Itoa(ports[i]), filepath.Join(t.folder, name)}, log: filepath.Join(t.folder, name+"-process.log")}
		if n > 1 {
			p.args = append(p.args, strconv.Itoa(routes[i]))
			for j, r := range routes {
				if j != i {
					p.args = append(p.args, fmt.Sprintf("nats://127.0.0.1:%d", r))
				}
			}
		}
		if err := p.start(); err != nil {
			return "", err
		}
		t.servers = append(t.servers, p)
		through, err := newProxy(fmt.Sprintf("127.0.0.1:%d", ports[i]))
		if err != nil {
			return "", err
		}
		t.proxies = append(t.proxies, through)
		urls, own = append(urls, through.url()), append(own, fmt.Sprintf("nats://127.0.0.1:%d", ports[i]))
	}
	t.where = campaign.Where{URL: strings.Join(own, ",")}
	return strings.Join(urls, ","), nil
}

// create makes the campaign.
func (t *trial) create(ctx context.Context) error {
	b, err := dialLong(ctx, t.where)
	if err != nil {
		return err
	}
	defer b.Close()
	c, err := b.Create(ctx, campaign.Config{Name: "trial", Tries: t.tries, Takeover: t.takeover, PerHost: 2 * t.options.workers * t.jobs,
		Rates: campaign.Rates{Spacing: t.spacing, Minute: t.minute, Hour: 100 * t.minute, Lease: t.takeover / 2}, Limits: job.Limits{Bytes: sizeLimit}})
	if err != nil {
		return err
	}
	n, err := c.Fill(ctx, func(_ context.Context, each func(job.Repository) error) error {
		for _, m := range t.made {
			name := m.repo.Owner + "/" + m.repo.Name
			if err := each(job.Repository{Name: name, URL: t.hub.URL + "/" + name + ".git"}); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil && n.New != len(t.made) {
		err = fmt.Errorf("%d of %d repositories are in the queue", n.New, len(t.made))
	}
	return err
}

// disturb lets things go wrong, until all workers have ended because nothing is left.
func (t *trial) disturb(ctx context.Context) error {
	random := rand.New(rand.NewPCG(t.seed, 1))
	var actions []string
	add := func(n int, what string) {
		for range n {
			actions = append(actions, what)
		}
	}
	add(t.kills, "kill")
	if t.stage != "embedded" {
		add(t.restarts, "restart")
		add(t.cuts, "cut")
	}
	random.Shuffle(len(actions), func(i, j int) { actions[i], actions[j] = actions[j], actions[i] })
	next := time.Now().Add(t.pause)
	for {
		select {
		case <-ctx.Done():
			return fmt.Errorf("the stage did not come to its end: %w\n%s", ctx.Err(), t.logs())
		case <-time.After(20 * time.Millisecond):
		}
		alive := 0
		for i, w := range t.workers {
			if w.running() {
				alive++
				continue
			}
			if w.err != nil && !killed(w.err) {
				return fmt.Errorf("worker %d ended by itself: %w\n%s", i, w.err, t.logs())
			}
		}
		if alive == 0 {
			return nil
		}
		if len(actions) == 0 || time.Now().Before(next) {
			continue
		}
		if err := t.act(actions[0], random); err != nil {
			return err
		}
		actions = actions[1:]
		next = time.Now().Add(t.pause/2 + rand.N(t.pause))
	}
}

// act lets one thing go wrong.
func (t *trial) act(what string, random *rand.Rand) error {
	switch what {
	case "kill": // one of the first half
		w := t.workers[random.IntN((len(t.workers)+1)/2)]
		if !w.running() {
			return nil
		}
		w.end(syscall.SIGKILL)
		if err := w.start(); err != nil {
			return err
		}
	case "restart":
		s := t.servers[random.IntN(len(t.servers))]
		s.end(syscall.SIGKILL)
		time.Sleep(500*time.Millisecond + rand.N(t.takeover))
		if err := s.start(); err != nil {
			return err
		}
	case "cut":
		p := t.proxies[random.IntN(len(t.proxies))]
		p.cut(t.takeover/2+rand.N(t.takeover), random.IntN(2) == 0)
	}
	t.did[what]++
	return nil
}

// killed reports whether a process was killed.
func killed(err error) bool {
	exit, ok := errors.AsType[*exec.ExitError](err)
	return ok && exit.Sys().(syscall.WaitStatus).Signaled()
}

// measure watches the memory of the workers' own processes.
func (t *trial) measure(stop <-chan struct{}) {
	for {
		select {
		case <-stop:
			return
		case <-time.After(100 * time.Millisecond):
		}
		for _, w := range t.workers {
			data, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", w.cmd.Process.Pid))
			if err != nil {
				continue
			}
			if fields := strings.Fields(string(data)); len(fields) > 1 {
				pages, _ := strconv.ParseInt(fields[1], 10, 64)
				t.mu.Lock()
				t.peak = max(t.peak, pages*int64(os.Getpagesize()))
				t.mu.Unlock()
			}
		}
	}
}

// logs are the ends of what the processes said.
func (t *trial) logs() string {
	var b strings.Builder
	files, _ := filepath.Glob(filepath.Join(t.folder, "*.log")) // the pattern is right
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err == nil {
			fmt.Fprintf(&b, "-- %s\n%s", filepath.Base(f), data[max(0, len(data)-1500):])
		}
	}
	return b.String()
}
