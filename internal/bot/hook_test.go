package bot

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.opentelemetry.io/otel/trace/noop"

	"github.com/unleak-dev/unleak/internal/githubtest"
	"github.com/unleak-dev/unleak/internal/queue"
)

const secret = "a secret of some length"

// running is a server with its own work.
type running struct {
	t     *testing.T
	url   string
	admin string
	queue *queue.Queue
	log   *safeBuffer
	stop  func()
	next  atomic.Int64
}

type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// doer is a function that does work.
type doer func(context.Context, Work) (Result, error)

func (d doer) Do(ctx context.Context, w Work) (Result, error) { return d(ctx, w) }

func start(t *testing.T, file string, settle time.Duration, do doer, change func(*Server)) *running {
	t.Helper()
	q, err := queue.Open(file, queue.Options{Settle: settle})
	if err != nil {
		t.Fatal(err)
	}
	r := &running{t: t, queue: q, log: &safeBuffer{}}
	log := slog.New(slog.NewJSONHandler(r.log, nil))
	metrics := NewMetrics(q)
	tracer := noop.NewTracerProvider().Tracer("")
	hook, err := NewHook(Hook{Secrets: [][]byte{[]byte("an older secret, still good"), []byte(secret)}, Queue: q, MaxBody: 1 << 20, Log: log, Metrics: metrics, Tracer: tracer})
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{Hook: hook, Connections: 64, Timeouts: UsualTimeouts, Log: log, Listen: listen(t), Admin: listen(t),
		Workers: &Workers{Queue: q, Doer: do, Jobs: 2, Grace: time.Second, Log: log, Metrics: metrics, Tracer: tracer, Backoff: func(int) time.Duration { return 20 * time.Millisecond }}}
	if change != nil {
		change(s)
	}
	r.url, r.admin = "http://"+s.Listen.Addr().String(), "http://"+s.Admin.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	r.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("it ended with %v", err)
		}
		if err := q.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(r.stop)
	return r
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func idle(context.Context, Work) (Result, error) { return Result{Word: "done"}, nil }

// send delivers an event and returns the status and the text.
func (r *running) send(event string, body []byte, change func(*http.Request)) (int, string) {
	r.t.Helper()
	req, err := githubtest.Delivery(r.url+"/webhook", secret, fmt.Sprintf("delivery-%d", r.next.Add(1)), event, body)
	if err != nil {
		r.t.Fatal(err)
	}
	if change != nil {
		change(req)
	}
	started := time.Now()
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Error(err)
		return 0, ""
	}
	defer res.Body.Close()
	text, _ := io.ReadAll(res.Body)
	if took := time.Since(started); took > 5*time.Second {
		r.t.Errorf("it took %s to be answered", took)
	}
	return res.StatusCode, string(text)
}

func push(commit string) []byte {
	return fmt.Appendf(nil, `{"ref":"refs/heads/main","after":%q,"installation":{"id":7},"repository":{"name":"town","full_name":"harbor/town","default_branch":"main"}}`, commit)
}

// TestRecordedEvents: whatever GitHub ever sent is taken, and what there is to do
// about it is found.
func TestRecordedEvents(t *testing.T) {
	var mu sync.Mutex
	done := map[string]int{}
	r := start(t, filepath.Join(t.TempDir(), "queue"), 0, func(_ context.Context, w Work) (Result, error) {
		mu.Lock()
		defer mu.Unlock()
		done[w.What]++
		if w.What != Sweep && (w.Owner == "" || w.Name == "") {
			t.Errorf("work without a repository: %+v", w)
		}
		return Result{Word: "done"}, nil
	}, nil)
	accepted := map[string]int{}
	events := githubtest.Events(t)
	if len(events) < 300 {
		t.Fatalf("there are %d events only", len(events))
	}
	for _, e := range events {
		status, text := r.send(e.Name, e.Body, nil)
		if status != http.StatusAccepted {
			t.Errorf("%s %s: %d %s", e.Name, e.Action, status, text)
		}
		if strings.Contains(text, "done later") {
			accepted[e.Name+" "+e.Action]++
		}
	}
	for _, want := range []string{"push ", "pull_request opened", "pull_request synchronize", "pull_request reopened", "pull_request ready_for_review", "installation created", "installation unsuspend", "installation_repositories added"} {
		if accepted[want] == 0 && want != "push " { // the recorded pushes are of tags and other branches
			t.Errorf("nothing is done about %s", want)
		}
	}
	for name := range accepted {
		if event, _, _ := strings.Cut(name, " "); known(event) == "other" {
			t.Errorf("something is done about %s", name)
		}
	}
	waitFor(t, func() bool { waiting, taken := r.queue.Count(); return waiting+taken == 0 })
	if done[Check] == 0 || done[Reconcile] == 0 || done[Sweep] == 0 {
		t.Errorf("done: %v", done)
	}
	t.Logf("%d events, accepted %v, done %v", len(events), accepted, done)
}

func waitFor(t *testing.T, what func() bool) {
	t.Helper()
	for range 1000 {
		if what() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("it did not come about")
}

// TestRefused: what is not GitHub's, or not whole, or not new.
func TestRefused(t *testing.T) {
	var works atomic.Int64
	r := start(t, filepath.Join(t.TempDir(), "queue"), 0, func(context.Context, Work) (Result, error) {
		works.Add(1)
		return Result{Word: "done"}, nil
	}, nil)
	body := push("1")
	other, err := githubtest.Delivery(r.url, "another secret of length", "x", "push", body)
	if err != nil {
		t.Fatal(err)
	}
	forged := other.Header.Get("X-Hub-Signature-256")
	for name, c := range map[string]struct {
		status int
		event  string
		body   []byte
		change func(*http.Request)
	}{
		"no signature":      {401, "push", body, func(q *http.Request) { q.Header.Del("X-Hub-Signature-256") }},
		"only the old one":  {401, "push", body, func(q *http.Request) { q.Header.Del("X-Hub-Signature-256"); q.Header.Set("X-Hub-Signature", "sha1=00") }},
		"two signatures":    {401, "push", body, func(q *http.Request) { q.Header.Add("X-Hub-Signature-256", forged) }},
		"another secret":    {401, "push", body, func(q *http.Request) { q.Header.Set("X-Hub-Signature-256", forged) }},
		"another algorithm": {401, "push", body, func(q *http.Request) { q.Header.Set("X-Hub-Signature-256", "sha1="+forged[7:]) }},
		"cut off":           {401, "push", body, func(q *http.Request) { q.Header.Set("X-Hub-Signature-256", q.Header.Get("X-Hub-Signature-256")[:40]) }},
		"no digits":         {401, "push", body, func(q *http.Request) { q.Header.Set("X-Hub-Signature-256", "sha256=zz") }},
		"empty":             {401, "push", body, func(q *http.Request) { q.Header.Set("X-Hub-Signature-256", "sha256=") }},
		"another body": {401, "push", body, func(q *http.Request) {
			q.Body, q.ContentLength = io.NopCloser(bytes.NewReader(push("2"))), int64(len(body))
		}},
		"a form":         {415, "push", body, func(q *http.Request) { q.Header.Set("Content-Type", "application/x-www-form-urlencoded") }},
		"no delivery":    {400, "push", body, func(q *http.Request) { q.Header.Del("X-GitHub-Delivery") }},
		"a bad delivery": {400, "push", body, func(q *http.Request) { q.Header.Set("X-GitHub-Delivery", "../../x y") }},
		"no event":       {400, "push", body, func(q *http.Request) { q.Header.Del("X-GitHub-Event") }},
		"a GET":          {405, "push", body, func(q *http.Request) { q.Method = http.MethodGet }},
		"no JSON":        {400, "push", []byte("{"), nil},
		"a list":         {400, "push", []byte("[]"), nil},
		"no repository":  {400, "push", []byte("{}"), nil},
		"wrong types":    {400, "pull_request", []byte(`{"pull_request": 1}`), nil},
		"a wicked name":  {400, "push", bytes.ReplaceAll(body, []byte("harbor/town"), []byte("../town")), nil},
		"a deep nest":    {400, "push", []byte(strings.Repeat("[", 100_000)), nil},
		"huge":           {413, "push", bytes.Repeat([]byte(" "), 1<<20+1), nil},
		"unknown length": {411, "push", body, func(q *http.Request) {
			q.Body, q.ContentLength = io.NopCloser(io.MultiReader(bytes.NewReader(body))), -1
		}},
		"an ended branch": {202, "push", bytes.ReplaceAll(body, []byte(`"ref"`), []byte(`"deleted":true,"ref"`)), nil},
	} {
		if status, text := r.send(c.event, c.body, c.change); status != c.status {
			t.Errorf("%s: %d %s, want %d", name, status, text, c.status)
		}
	}
	if n := works.Load(); n != 0 {
		t.Errorf("%d pieces of work came of it", n)
	}
	same := func(q *http.Request) { q.Header.Set("X-GitHub-Delivery", "the-same") }
	if status, text := r.send("push", body, same); status != 202 {
		t.Fatalf("%d %s", status, text)
	}
	waitFor(t, func() bool { return works.Load() == 1 })
	if status, _ := r.send("push", body, same); status != 409 {
		t.Errorf("a replay: %d", status)
	}
	old := func(q *http.Request) {
		o, err := githubtest.Delivery(r.url, "an older secret, still good", "x", "push", body)
		if err != nil {
			t.Fatal(err)
		}
		q.Header.Set("X-Hub-Signature-256", o.Header.Get("X-Hub-Signature-256"))
	}
	if status, _ := r.send("push", body, old); status != 202 {
		t.Errorf("the older secret: %d", status)
	}
	waitFor(t, func() bool { return works.Load() == 2 })
	r.stop()
	if log := r.log.String(); strings.Contains(log, secret) || strings.Contains(log, "sha256=") {
		t.Error("the log holds a secret or a signature")
	}
}

// TestReplayedAfterRestart: deliveries are known beyond the end of the process.
func TestReplayedAfterRestart(t *testing.T) {
	file := filepath.Join(t.TempDir(), "queue")
	same := func(q *http.Request) { q.Header.Set("X-GitHub-Delivery", "the-same") }
	r := start(t, file, 0, idle, nil)
	if status, _ := r.send("push", push("1"), same); status != 202 {
		t.Fatal(status)
	}
	r.stop()
	r = start(t, file, 0, idle, nil)
	if status, _ := r.send("push", push("1"), same); status != 409 {
		t.Errorf("a replay after the restart: %d", status)
	}
}

// TestFlood: a thousand events for one repository, many at once, are few pieces of
// work, none of which overlap, and the last one knows the last commit.
func TestFlood(t *testing.T) {
	var runs, busy atomic.Int64
	var last atomic.Value
	r := start(t, filepath.Join(t.TempDir(), "queue"), 100*time.Millisecond, func(_ context.Context, w Work) (Result, error) {
		if busy.Add(1) != 1 {
			t.Error("two at once")
		}
		defer busy.Add(-1)
		runs.Add(1)
		last.Store(w.Commit)
		time.Sleep(200 * time.Millisecond)
		return Result{Word: "done"}, nil
	}, nil)
	started := time.Now()
	var slowest atomic.Int64
	var senders sync.WaitGroup
	todo := make(chan int)
	for range 16 {
		senders.Go(func() {
			for n := range todo {
				at := time.Now()
				if status, text := r.send("push", push(fmt.Sprint(n)), nil); status != 202 {
					t.Errorf("%d: %d %s", n, status, text)
				}
				if d := int64(time.Since(at)); d > slowest.Load() {
					slowest.Store(d)
				}
			}
		})
	}
	for n := range 999 {
		todo <- n
	}
	close(todo)
	senders.Wait()
	if status, _ := r.send("push", push("newest"), nil); status != 202 {
		t.Fatal(status)
	}
	took := time.Since(started)
	waitFor(t, func() bool { waiting, taken := r.queue.Count(); return waiting+taken == 0 })
	if most := int64(took/(200*time.Millisecond)) + 2; runs.Load() > most || runs.Load() > 50 {
		t.Errorf("%d runs in %s", runs.Load(), took)
	}
	if last.Load() != "newest" {
		t.Errorf("the last run was for %v", last.Load())
	}
	if d := time.Duration(slowest.Load()); d > 2*time.Second {
		t.Errorf("the slowest answer took %s", d)
	}
	t.Logf("1,000 events in %s, slowest answer %s: %d runs", took, time.Duration(slowest.Load()), runs.Load())
}

// TestSlowClients: who is slow is cut off, keeps nobody out, and takes no room for
// what it only promises.
func TestSlowClients(t *testing.T) {
	r := start(t, filepath.Join(t.TempDir(), "queue"), 0, idle, func(s *Server) {
		s.Connections = 24
		s.Timeouts = Timeouts{Header: 300 * time.Millisecond, Read: 600 * time.Millisecond, Write: time.Second, Idle: 300 * time.Millisecond, Shutdown: time.Second}
	})
	at := strings.TrimPrefix(r.url, "http://")
	dial := func(text string) net.Conn {
		c, err := net.Dial("tcp", at)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(c, text); err != nil {
			t.Fatal(err)
		}
		return c
	}
	started := time.Now()
	var slow []net.Conn
	for n := range 40 { // more than are let in
		if n%2 == 0 {
			slow = append(slow, dial("POST /webhook HTTP/1.1\r\nHost: x\r\nX-Slow: "))
		} else {
			slow = append(slow, dial("POST /webhook HTTP/1.1\r\nHost: x\r\nX-Hub-Signature-256: sha256=00\r\nContent-Length: 1048576\r\n\r\n{"))
		}
	}
	if status, text := r.send("push", push("1"), nil); status != 202 {
		t.Errorf("behind slow ones: %d %s", status, text)
	}
	for _, c := range slow {
		_ = c.SetReadDeadline(time.Now().Add(5 * time.Second))
		_, err := io.Copy(io.Discard, c) // until the server closes
		if e, ok := err.(net.Error); ok && e.Timeout() {
			t.Error("a slow client was not cut off")
		}
		c.Close()
	}
	if took := time.Since(started); took > 5*time.Second {
		t.Errorf("it took %s", took)
	}
	c := dial("POST /webhook HTTP/1.1\r\nHost: x\r\nX-Long: " + strings.Repeat("x", 40<<10) + "\r\n\r\n")
	defer c.Close()
	_ = c.SetReadDeadline(time.Now().Add(5 * time.Second))
	if answer, _ := io.ReadAll(c); !strings.Contains(string(answer), "431") {
		t.Errorf("a header of 40 kB: %.80q", answer)
	}
}

// TestShutdown: what is under way ends, or goes back to the queue, and is done by the
// next process; nothing is accepted any more, and readiness says so.
func TestShutdown(t *testing.T) {
	file := filepath.Join(t.TempDir(), "queue")
	begun := make(chan string, 8)
	r := start(t, file, 0, func(ctx context.Context, w Work) (Result, error) {
		begun <- w.What
		<-ctx.Done()
		return Result{}, ctx.Err()
	}, func(s *Server) { s.Workers.Grace = 200 * time.Millisecond })
	if status := get(t, r.url+"/readyz"); status != 200 {
		t.Errorf("readyz: %d", status)
	}
	if status, _ := r.send("push", push("1"), nil); status != 202 {
		t.Fatal(status)
	}
	<-begun
	ended := make(chan bool)
	go func() { r.stop(); close(ended) }()
	waitFor(t, func() bool { return get(t, r.admin+"/readyz") == 503 })
	if status := get(t, r.admin+"/healthz"); status != 200 {
		t.Errorf("healthz while it ends: %d", status)
	}
	<-ended
	var works atomic.Int64
	r = start(t, file, 0, func(_ context.Context, w Work) (Result, error) {
		if w.Commit == "1" {
			works.Add(1)
		}
		return Result{Word: "done"}, nil
	}, nil)
	waitFor(t, func() bool { return works.Load() == 1 })
}

func get(t *testing.T, url string) int {
	res, err := http.Get(url)
	if err != nil {
		return 0
	}
	res.Body.Close()
	return res.StatusCode
}

// TestFailures: work that fails is tried again, a panic is a failure, and after too
// many of them it is dropped; other work goes on.
func TestFailures(t *testing.T) {
	var tries, others atomic.Int64
	r := start(t, filepath.Join(t.TempDir(), "queue"), 0, func(_ context.Context, w Work) (Result, error) {
		if w.What == Check {
			others.Add(1)
			return Result{Word: "done"}, nil
		}
		if tries.Add(1)%2 == 0 {
			panic("a mistake")
		}
		return Result{}, fmt.Errorf("it failed")
	}, nil)
	pull, err := json.Marshal(map[string]any{"action": "opened", "repository": map[string]any{"full_name": "a/b"}, "pull_request": map[string]any{"number": 1}})
	if err != nil {
		t.Fatal(err)
	}
	r.send("push", push("1"), nil)
	r.send("pull_request", pull, nil)
	waitFor(t, func() bool { waiting, taken := r.queue.Count(); return waiting+taken == 0 })
	if tries.Load() != maxTries || others.Load() != 1 {
		t.Errorf("%d tries, %d others", tries.Load(), others.Load())
	}
	res, err := http.Get(r.admin + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, _ := io.ReadAll(res.Body)
	for _, want := range []string{`unleak_work_total{result="dropped",what="reconcile"} 1`, `unleak_work_total{result="failed",what="reconcile"} 7`, `unleak_events_total{event="push",result="accepted"} 1`, "unleak_work_waiting 0"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the metrics lack %s", want)
		}
	}
	if get(t, r.url+"/metrics") != 404 {
		t.Error("metrics are shown to everybody")
	}
}

// TestSweep: all repositories are reconciled in time, counted from the last time also
// after a restart.
func TestSweep(t *testing.T) {
	file := filepath.Join(t.TempDir(), "queue")
	var sweeps, works atomic.Int64
	do := func(_ context.Context, w Work) (Result, error) {
		if w.What == Sweep {
			sweeps.Add(1)
			return Result{Word: "done", Further: []Work{{What: Reconcile, Owner: "a", Name: "b"}, {What: Reconcile, Owner: "a", Name: "c"}}}, nil
		}
		works.Add(1)
		return Result{Word: "done"}, nil
	}
	every := func(s *Server) { s.Every = time.Hour }
	r := start(t, file, 0, do, every)
	waitFor(t, func() bool { return sweeps.Load() == 1 && works.Load() == 2 })
	r.stop()
	r = start(t, file, 0, do, every)
	time.Sleep(100 * time.Millisecond)
	r.stop()
	if sweeps.Load() != 1 {
		t.Errorf("%d sweeps in an hour", sweeps.Load())
	}
}
