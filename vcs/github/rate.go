package github

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Clock is the time that waits are measured in.
type Clock interface {
	Now() time.Time
	// Sleep waits, and returns the context's error if that ends first.
	Sleep(ctx context.Context, d time.Duration) error
}

type systemClock struct{}

func (systemClock) Now() time.Time { return time.Now() }

func (systemClock) Sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Progress tells a person why nothing moves, and how many requests are left.
type Progress struct {
	Waiting time.Duration // for how long from now; 0: not waiting
	Why     string
	// Remaining requests of Limit until the service's hour is over; both 0 if it
	// does not say.
	Remaining, Limit int
}

// LimitError says that the service wants a wait that is longer than allowed.
type LimitError struct {
	Wait, Most time.Duration
	Why        string
}

func (e *LimitError) Error() string {
	return fmt.Sprintf("%s: it would take a wait of %s, and at most %s is waited: run again later", e.Why, e.Wait.Round(time.Second), e.Most)
}

// window allows n writes within a duration.
type window struct {
	n   int
	per time.Duration
}

// GitHub asks for a second between writes, and counts no more than 80 a minute
// and 500 an hour.
var windows = [...]window{{1, time.Second}, {40, time.Minute}, {300, time.Hour}}

// Budget is a limit on writes that several processes share. It takes the place of
// the limit that each has for itself.
type Budget interface {
	// Take waits until a write may be made and returns what is to be called when it
	// was. An error means that it must not be made.
	Take(ctx context.Context) (done func(), err error)
	// Cool says that the service asked for a pause.
	Cool(ctx context.Context, pause time.Duration) error
}

// Bounds of what is repeated: requests that were told to wait, and requests that
// failed on the way.
const (
	maxLimited = 8
	maxFailed  = 4
)

// transport stands before every request to the service. Writes go one at a time.
// Whoever is told to wait waits: as long as Retry-After says; until the reset if
// nothing remains; or else a minute and twice as long each time. Reads and changes
// that come to the same when repeated are repeated when they fail on the way; a
// POST is not, since it may have been done.
type transport struct {
	base  http.RoundTripper
	clock Clock
	tell  func(Progress)
	most  time.Duration // that one request waits in all

	budget Budget // nil: the limits are those of this process

	turn   chan struct{} // holds one: whose turn it is to write
	writes []time.Time   // within the last hour, oldest first; for who has the turn

	mu    sync.Mutex
	until map[string]time.Time // by resource: when something remains again
	last  Progress             // what the last answer said of requests left
}

func newTransport(base http.RoundTripper, clock Clock, tell func(Progress), most time.Duration) *transport {
	t := &transport{base: base, clock: clock, tell: tell, most: most, turn: make(chan struct{}, 1), until: map[string]time.Time{}}
	t.turn <- struct{}{}
	return t
}

func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx := req.Context()
	body, err := readBody(req)
	if err != nil {
		return nil, err
	}
	write := req.Method != http.MethodGet && req.Method != http.MethodHead
	if write {
		select {
		case <-t.turn:
			defer func() { t.turn <- struct{}{} }()
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	var waited time.Duration
	wait := func(d time.Duration, why string) error {
		if d <= 0 {
			return nil
		}
		if waited += d; waited > t.most {
			return &LimitError{waited, t.most, why}
		}
		return t.wait(ctx, d, why)
	}
	limited, failed := 0, 0
	for {
		if err := wait(t.exhausted(req), "GitHub allows no more requests for now"); err != nil {
			return nil, err
		}
		done := func() {}
		switch {
		case write && t.budget != nil:
			if done, err = t.budget.Take(ctx); err != nil {
				return nil, &finalError{err}
			}
		case write:
			if err := wait(t.full(), "writing slowly, as GitHub asks"); err != nil {
				return nil, err
			}
			t.writes = append(t.writes, t.clock.Now())
		}
		resp, err := t.once(req, body)
		done()
		switch d, is := t.told(req, resp, err, limited); {
		case is && limited < maxLimited:
			limited++
			resp.Body.Close()
			if t.budget != nil {
				if err := t.budget.Cool(ctx, d); err != nil {
					return nil, &finalError{err}
				}
			}
			if err := wait(d, "GitHub asks to wait"); err != nil {
				return nil, err
			}
			continue
		case repeatable(req.Method) && passing(resp, err) && failed < maxFailed && ctx.Err() == nil:
			d := backoff(time.Second, failed)
			if resp != nil {
				resp.Body.Close()
				if after, said := retryAfter(resp, t.clock.Now()); said {
					d = max(d, after)
				}
			}
			if err := wait(d, "GitHub does not answer"); err != nil {
				return nil, err
			}
			failed++
			continue
		}
		if err != nil {
			return nil, err
		}
		// go-github would refuse further requests by itself while these say so.
		for _, h := range []string{"X-RateLimit-Remaining", "X-RateLimit-Reset", "X-RateLimit-Limit", "Retry-After"} {
			resp.Header.Del(h)
		}
		return resp, nil
	}
}

// patience is how long one try may take, its answer included.
const patience = 2 * time.Minute

// once sends a request one time and reads the answer.
func (t *transport) once(req *http.Request, body []byte) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(req.Context(), patience)
	defer cancel()
	again := req.Clone(ctx)
	if body != nil {
		again.Body = io.NopCloser(bytes.NewReader(body))
	}
	resp, err := t.base.RoundTrip(again)
	if err != nil {
		return nil, err
	}
	if err := t.note(req, resp); err != nil {
		return nil, err
	}
	return resp, nil
}

// wait sleeps and tells about it.
func (t *transport) wait(ctx context.Context, d time.Duration, why string) error {
	p := t.progress()
	p.Waiting, p.Why = d, why
	t.say(p)
	err := t.clock.Sleep(ctx, d)
	t.say(t.progress())
	return err
}

func (t *transport) say(p Progress) {
	if t.tell != nil {
		t.tell(p)
	}
}

func (t *transport) progress() Progress {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.last
}

// readBody takes the body out of a request, so that it can be sent again.
func readBody(req *http.Request) ([]byte, error) {
	if req.Body == nil {
		return nil, nil
	}
	defer req.Body.Close()
	return io.ReadAll(req.Body)
}

// repeatable reports whether a request comes to the same when it is sent twice. A
// DELETE does not find what it deleted, which its caller takes for success.
func repeatable(method string) bool { return method != http.MethodPost }

// passing reports whether what went wrong may go right in a moment.
func passing(resp *http.Response, err error) bool {
	if err != nil {
		return !errors.As(err, new(*finalError))
	}
	return resp.StatusCode >= 500 && resp.StatusCode != http.StatusNotImplemented
}

// finalError is a failure that another try cannot mend.
type finalError struct{ error }

func (e *finalError) Unwrap() error { return e.error }

// maxAnswer bounds what is read of an answer, in bytes.
const maxAnswer = 64 << 20

// note remembers what an answer says of the requests left, and reads its body, so
// that what it says can be looked at and the connection used again.
func (t *transport) note(req *http.Request, resp *http.Response) error {
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	resp.Body.Close()
	if err != nil {
		return err
	}
	if len(data) > maxAnswer {
		return &finalError{fmt.Errorf("the answer to %s %s is longer than %d bytes", req.Method, req.URL.Path, maxAnswer)}
	}
	resp.Body = io.NopCloser(bytes.NewReader(data))
	remaining, err1 := strconv.Atoi(resp.Header.Get("X-RateLimit-Remaining"))
	limit, err2 := strconv.Atoi(resp.Header.Get("X-RateLimit-Limit"))
	if err1 != nil || err2 != nil {
		return nil
	}
	t.mu.Lock()
	t.last = Progress{Remaining: remaining, Limit: limit}
	if reset := resetTime(resp); remaining == 0 && !reset.IsZero() {
		t.until[resource(req)] = reset
	} else {
		delete(t.until, resource(req))
	}
	t.mu.Unlock()
	t.say(t.progress())
	return nil
}

// resource is what a request is counted for.
func resource(req *http.Request) string {
	if strings.HasSuffix(req.URL.Path, "/graphql") {
		return "graphql"
	}
	return "core"
}

func resetTime(resp *http.Response) time.Time {
	seconds, err := strconv.ParseInt(resp.Header.Get("X-RateLimit-Reset"), 10, 64)
	if err != nil || seconds <= 0 {
		return time.Time{}
	}
	return time.Unix(seconds, 0)
}

// exhausted is how long nothing remains for a request.
func (t *transport) exhausted(req *http.Request) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	until, ok := t.until[resource(req)]
	if !ok {
		return 0
	}
	delete(t.until, resource(req)) // waited for once; the next answer knows better
	if d := until.Sub(t.clock.Now()); d > 0 {
		return d + jitter(5*time.Second) + time.Second
	}
	return 0
}

// full is how long the windows have no room for another write.
func (t *transport) full() time.Duration {
	now := t.clock.Now()
	for len(t.writes) > 0 && now.Sub(t.writes[0]) >= time.Hour {
		t.writes = t.writes[1:]
	}
	var most time.Duration
	for _, w := range windows {
		if len(t.writes) >= w.n {
			most = max(most, w.per-now.Sub(t.writes[len(t.writes)-w.n]))
		}
	}
	return most
}

// told reports whether an answer asks to wait, and for how long.
func (t *transport) told(req *http.Request, resp *http.Response, err error, times int) (time.Duration, bool) {
	if err != nil || resp.StatusCode != http.StatusForbidden && resp.StatusCode != http.StatusTooManyRequests {
		return 0, false
	}
	nothing := resp.Header.Get("X-RateLimit-Remaining") == "0"
	after, said := retryAfter(resp, t.clock.Now())
	if resp.StatusCode == http.StatusForbidden && !nothing && !said && !speaksOfLimits(resp) {
		return 0, false // a missing permission
	}
	t.mu.Lock()
	delete(t.until, resource(req)) // waited for here
	t.mu.Unlock()
	switch reset := resetTime(resp); {
	case said:
		return max(after, time.Second) + jitter(time.Second), true
	case nothing && !reset.IsZero():
		return max(reset.Sub(t.clock.Now()), 0) + time.Second + jitter(5*time.Second), true
	}
	return backoff(time.Minute, times), true
}

// retryAfter reads the header of that name: seconds or a date.
func retryAfter(resp *http.Response, now time.Time) (time.Duration, bool) {
	v := resp.Header.Get("Retry-After")
	if seconds, err := strconv.Atoi(v); err == nil && seconds >= 0 {
		return time.Duration(seconds) * time.Second, true
	}
	if at, err := http.ParseTime(v); err == nil {
		return at.Sub(now), true
	}
	return 0, false
}

// speaksOfLimits reports whether a refusal without headers is about a limit.
func speaksOfLimits(resp *http.Response) bool {
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		return false
	}
	resp.Body = io.NopCloser(bytes.NewReader(data))
	text := strings.ToLower(string(data))
	return strings.Contains(text, "rate limit") || strings.Contains(text, "abuse detection")
}

// backoff is the least wait, doubled for each time before, and a fifth more at most.
func backoff(least time.Duration, times int) time.Duration {
	d := least << min(times, 6)
	return d + jitter(d/5)
}

func jitter(most time.Duration) time.Duration { return time.Duration(rand.Int64N(int64(most) + 1)) }
