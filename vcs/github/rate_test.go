package github

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

// script answers requests one after the other, the last answer for ever.
type script struct {
	answers []answer
	bodies  []string
	at      []time.Time
	clock   *fakeClock
}

type answer struct {
	status int
	header map[string]string
	body   string
	err    error
}

func (s *script) RoundTrip(req *http.Request) (*http.Response, error) {
	body := ""
	if req.Body != nil {
		data, _ := io.ReadAll(req.Body)
		body = string(data)
	}
	s.bodies, s.at = append(s.bodies, body), append(s.at, s.clock.Now())
	a := s.answers[min(len(s.bodies), len(s.answers))-1]
	if a.err != nil {
		return nil, a.err
	}
	h := http.Header{}
	for k, v := range a.header {
		h.Set(k, v)
	}
	return &http.Response{StatusCode: a.status, Header: h, Body: io.NopCloser(strings.NewReader(a.body))}, nil
}

func request(t *testing.T, method string) *http.Request {
	t.Helper()
	var body io.Reader
	if method != http.MethodGet {
		body = bytes.NewReader([]byte(`{"a":1}`))
	}
	req, err := http.NewRequest(method, "https://api.github.com/repos/x/y", body)
	if err != nil {
		t.Fatal(err)
	}
	return req
}

func TestTransportWaits(t *testing.T) {
	start := time.Unix(1_700_000_000, 0)
	unix := func(d time.Duration) string { return strconv.FormatInt(start.Add(d).Unix(), 10) }
	ok := answer{status: 200}
	secondary := `{"message":"You have exceeded a secondary rate limit."}`
	for _, row := range []struct {
		name    string
		method  string
		answers []answer
		status  int // of what comes back; 0: an error
		tries   int
		wait    [2]time.Duration // least and most, in all
	}{
		{"nothing to wait for", "GET", []answer{ok}, 200, 1, [2]time.Duration{0, 0}},
		{"403, Retry-After", "POST", []answer{{status: 403, header: map[string]string{"Retry-After": "30"}}, ok}, 200, 2, [2]time.Duration{30 * time.Second, 33 * time.Second}},
		{"429, Retry-After", "POST", []answer{{status: 429, header: map[string]string{"Retry-After": "30"}}, ok}, 200, 2, [2]time.Duration{30 * time.Second, 33 * time.Second}},
		{"429, Retry-After as a date", "GET", []answer{{status: 429, header: map[string]string{"Retry-After": start.Add(time.Minute).UTC().Format(http.TimeFormat)}}, ok}, 200, 2, [2]time.Duration{time.Minute, 62 * time.Second}},
		{"Retry-After goes before the reset", "GET", []answer{{status: 403, header: map[string]string{"Retry-After": "5", "X-RateLimit-Limit": "5000", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": unix(10 * time.Minute)}},
			{status: 200, header: map[string]string{"X-RateLimit-Limit": "5000", "X-RateLimit-Remaining": "10"}}}, 200, 2, [2]time.Duration{5 * time.Second, 7 * time.Second}},
		{"403, nothing remains", "POST", []answer{{status: 403, header: map[string]string{"X-RateLimit-Limit": "5000", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": unix(7 * time.Minute)}}, ok}, 200, 2, [2]time.Duration{7 * time.Minute, 7*time.Minute + 10*time.Second}},
		{"403, a reset but something remains", "POST", []answer{{status: 403, body: secondary, header: map[string]string{"X-RateLimit-Limit": "5000", "X-RateLimit-Remaining": "4000", "X-RateLimit-Reset": unix(50 * time.Minute)}}, ok}, 200, 2, [2]time.Duration{time.Minute, 73 * time.Second}},
		{"403 without headers", "POST", []answer{{status: 403, body: secondary}, ok}, 200, 2, [2]time.Duration{time.Minute, 73 * time.Second}},
		{"403 by its old name", "POST", []answer{{status: 403, body: `{"message":"You have triggered an abuse detection mechanism."}`}, ok}, 200, 2, [2]time.Duration{time.Minute, 73 * time.Second}},
		{"429 without headers or words", "GET", []answer{{status: 429}, ok}, 200, 2, [2]time.Duration{time.Minute, 73 * time.Second}},
		{"three times, twice as long each time", "GET", []answer{{status: 429}, {status: 429}, {status: 429}, ok}, 200, 4, [2]time.Duration{7 * time.Minute, 8*time.Minute + 30*time.Second}},
		{"a missing permission", "POST", []answer{{status: 403, body: `{"message":"Resource not accessible by integration"}`}}, 403, 1, [2]time.Duration{0, 0}},
		{"longer than allowed", "GET", []answer{{status: 429, header: map[string]string{"Retry-After": "3600"}}}, 0, 1, [2]time.Duration{0, 0}},
		{"for ever", "GET", []answer{{status: 429}}, 0, 5, [2]time.Duration{15 * time.Minute, 19 * time.Minute}},
		{"502 on reading", "GET", []answer{{status: 502}, {status: 503}, ok}, 200, 3, [2]time.Duration{3 * time.Second, 4 * time.Second}},
		{"503 with Retry-After", "GET", []answer{{status: 503, header: map[string]string{"Retry-After": "20"}}, ok}, 200, 2, [2]time.Duration{20 * time.Second, 20 * time.Second}},
		{"502 on changing", "PATCH", []answer{{status: 502}, ok}, 200, 2, [2]time.Duration{time.Second, 3 * time.Second}},
		{"502 on making", "POST", []answer{{status: 502}, ok}, 502, 1, [2]time.Duration{0, 0}},
		{"no connection on reading", "GET", []answer{{err: errors.New("reset")}, ok}, 200, 2, [2]time.Duration{time.Second, 2 * time.Second}},
		{"no connection on making", "POST", []answer{{err: errors.New("reset")}, ok}, 0, 1, [2]time.Duration{0, 0}},
		{"never any connection", "GET", []answer{{err: errors.New("reset")}}, 0, maxFailed + 1, [2]time.Duration{15 * time.Second, 18 * time.Second}},
		{"not implemented", "GET", []answer{{status: 501}}, 501, 1, [2]time.Duration{0, 0}},
		{"no token", "GET", []answer{{err: &finalError{errors.New("no token")}}}, 0, 1, [2]time.Duration{0, 0}},
	} {
		t.Run(row.name, func(t *testing.T) {
			clock := &fakeClock{now: start}
			s := &script{answers: row.answers, clock: clock}
			var told []Progress
			tr := newTransport(s, clock, func(p Progress) { told = append(told, p) }, 20*time.Minute)
			resp, err := tr.RoundTrip(request(t, row.method))
			if status := 0; err == nil {
				if status = resp.StatusCode; status != row.status {
					t.Errorf("status %d, want %d", status, row.status)
				}
			} else if row.status != 0 {
				t.Fatal(err)
			}
			if len(s.bodies) != row.tries {
				t.Errorf("%d tries, want %d", len(s.bodies), row.tries)
			}
			if row.method != "GET" {
				for i, b := range s.bodies {
					if b != `{"a":1}` {
						t.Errorf("body %d is %q", i, b)
					}
				}
			}
			if w := clock.total(); w < row.wait[0] || w > row.wait[1] {
				t.Errorf("waited %s, want %v", w, row.wait)
			}
			waits := 0
			for _, p := range told {
				if p.Waiting > 0 {
					waits++
					if p.Why == "" {
						t.Error("a wait without a reason")
					}
				}
			}
			if waits != len(clock.slept) {
				t.Errorf("%d waits were told, %d were made", waits, len(clock.slept))
			}
		})
	}
}

func TestTransportErrorIsClear(t *testing.T) {
	clock := &fakeClock{now: time.Unix(1_700_000_000, 0)}
	tr := newTransport(&script{answers: []answer{{status: 429, header: map[string]string{"Retry-After": "3600"}}}, clock: clock}, clock, nil, time.Minute)
	_, err := tr.RoundTrip(request(t, "GET"))
	if e := (*LimitError)(nil); !errors.As(err, &e) || !strings.Contains(err.Error(), "run again later") {
		t.Errorf("error: %v", err)
	}
}

// TestTransportBudget: nothing remains after an answer that went well. The next
// request waits, and go-github is not shown why, which would refuse it for an hour.
func TestTransportBudget(t *testing.T) {
	start := time.Unix(1_700_000_000, 0)
	clock := &fakeClock{now: start}
	s := &script{clock: clock, answers: []answer{
		{status: 200, header: map[string]string{"X-RateLimit-Limit": "5000", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": strconv.FormatInt(start.Add(5*time.Minute).Unix(), 10)}},
		{status: 200, header: map[string]string{"X-RateLimit-Limit": "5000", "X-RateLimit-Remaining": "4999"}}}}
	var last Progress
	tr := newTransport(s, clock, func(p Progress) { last = p }, 20*time.Minute)
	for i := range 3 {
		resp, err := tr.RoundTrip(request(t, "GET"))
		if err != nil {
			t.Fatal(err)
		}
		if h := resp.Header.Get("X-RateLimit-Remaining") + resp.Header.Get("X-RateLimit-Reset"); h != "" {
			t.Errorf("answer %d shows %q", i, h)
		}
	}
	if w := clock.total(); len(clock.slept) != 1 || w < 5*time.Minute || w > 5*time.Minute+10*time.Second {
		t.Errorf("waited %v", clock.slept)
	}
	if last.Remaining != 4999 || last.Limit != 5000 || last.Waiting != 0 {
		t.Errorf("told %+v", last)
	}
}

// TestTransportBucket: a thousand writes, and never more within a window than are
// allowed, well under the 80 a minute and 500 an hour of GitHub.
func TestTransportBucket(t *testing.T) {
	clock := &fakeClock{now: time.Unix(1_700_000_000, 0)}
	s := &script{answers: []answer{{status: 201}}, clock: clock}
	tr := newTransport(s, clock, nil, 2*time.Hour)
	for range 1000 {
		if _, err := tr.RoundTrip(request(t, "POST")); err != nil {
			t.Fatal(err)
		}
	}
	for _, w := range []window{{1, time.Second}, {40, time.Minute}, {300, time.Hour}} {
		for i := range s.at {
			n := 0
			for j := i; j < len(s.at) && s.at[j].Sub(s.at[i]) < w.per; j++ {
				n++
			}
			if n > w.n {
				t.Fatalf("%d writes within %s", n, w.per)
			}
		}
	}
	if all := s.at[len(s.at)-1].Sub(s.at[0]); all > 4*time.Hour {
		t.Errorf("a thousand writes take %s", all)
	}
	slept := len(clock.slept)
	if _, err := tr.RoundTrip(request(t, "GET")); err != nil || len(clock.slept) != slept {
		t.Errorf("reading waits for writing: %v", err)
	}
}

// TestTransportSerial: writes of several goroutines go one at a time.
func TestTransportSerial(t *testing.T) {
	clock := &fakeClock{now: time.Unix(1_700_000_000, 0)}
	busy := make(chan struct{}, 1)
	tr := newTransport(roundTripper(func(*http.Request) (*http.Response, error) {
		select {
		case busy <- struct{}{}:
			defer func() { <-busy }()
		default:
			return nil, &finalError{errors.New("two at once")}
		}
		time.Sleep(time.Millisecond)
		return &http.Response{StatusCode: 201, Header: http.Header{}, Body: http.NoBody}, nil
	}), clock, nil, time.Hour)
	errs := make(chan error, 8)
	for range cap(errs) {
		req := request(t, "POST")
		go func() { _, err := tr.RoundTrip(req); errs <- err }()
	}
	for range cap(errs) {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestTransportCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	s := &script{answers: []answer{{status: 429}}, clock: &fakeClock{}}
	tr := newTransport(s, systemClock{}, func(p Progress) {
		if p.Waiting > 0 {
			cancel() // while it waits for a minute
		}
	}, 20*time.Minute)
	began := time.Now()
	_, err := tr.RoundTrip(request(t, "GET").WithContext(ctx))
	if !errors.Is(err, context.Canceled) || time.Since(began) > 10*time.Second {
		t.Errorf("after %s: %v", time.Since(began), err)
	}
	<-tr.turn // somebody else writes
	_, err = tr.RoundTrip(request(t, "POST").WithContext(ctx))
	if !errors.Is(err, context.Canceled) {
		t.Errorf("waiting for the turn: %v", err)
	}
}

func TestTransportLongAnswer(t *testing.T) {
	clock := &fakeClock{}
	tr := newTransport(roundTripper(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(io.LimitReader(zeros{}, maxAnswer+10))}, nil
	}), clock, nil, time.Hour)
	if _, err := tr.RoundTrip(request(t, "GET")); err == nil || !strings.Contains(err.Error(), "longer") {
		t.Errorf("error: %v", err)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

func ExampleLimitError() {
	fmt.Println(&LimitError{Wait: time.Hour, Most: 20 * time.Minute, Why: "GitHub asks to wait"})
	// Output: GitHub asks to wait: it would take a wait of 1h0m0s, and at most 20m0s is waited: run again later
}
