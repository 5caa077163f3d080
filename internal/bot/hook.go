package bot

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
	"golang.org/x/sync/semaphore"

	"github.com/unleak-dev/unleak/internal/queue"
)

// Hook takes GitHub's events: who sent one is proved before anything of it is read,
// and it is on the disk before it is answered.
type Hook struct {
	Secrets [][]byte // any of them; several while one is replaced by another
	Queue   *queue.Queue
	MaxBody int64 // bytes
	Log     *slog.Logger
	Metrics *Metrics
	Tracer  trace.Tracer

	room *semaphore.Weighted // bytes of bodies that are being read
}

// bodies is how many bodies of the greatest size are in memory at a time, and chunk
// how many bytes of one are read at once.
const (
	bodies = 8
	chunk  = 64 << 10
)

// NewHook checks the secrets.
func NewHook(h Hook) (*Hook, error) {
	if len(h.Secrets) == 0 {
		return nil, errors.New("a webhook needs a secret")
	}
	for _, s := range h.Secrets {
		if len(s) < 16 {
			return nil, errors.New("the secret of a webhook needs 16 characters at least: make one with `openssl rand -hex 32`")
		}
	}
	h.room = semaphore.NewWeighted(bodies * h.MaxBody)
	return &h, nil
}

// signed reports whether one of the secrets made the signature. How long it takes
// says nothing about them.
func (h *Hook) signed(header string, body []byte) bool {
	digits, ok := strings.CutPrefix(header, "sha256=")
	if !ok {
		return false
	}
	given, err := hex.DecodeString(digits)
	if err != nil {
		return false
	}
	good := false
	for _, secret := range h.Secrets {
		mac := hmac.New(sha256.New, secret)
		mac.Write(body)
		if hmac.Equal(mac.Sum(nil), given) {
			good = true
		}
	}
	return good
}

// answer is what a request gets.
type answer struct {
	status int
	result string // for the metrics
	text   string
}

func (h *Hook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	started := time.Now()
	event := known(r.Header.Get("X-GitHub-Event"))
	ctx, span := h.Tracer.Start(r.Context(), "event", trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(attribute.String("github.event", event)))
	defer span.End()
	a := h.take(ctx, w, r.WithContext(ctx))
	span.SetAttributes(attribute.Int("http.response.status_code", a.status), attribute.String("unleak.result", a.result))
	h.Metrics.events.WithLabelValues(event, a.result).Inc()
	h.Metrics.answered.Observe(time.Since(started).Seconds())
	level := slog.LevelInfo
	if a.status >= 400 {
		level = slog.LevelWarn
	}
	delivery := r.Header.Get("X-GitHub-Delivery")
	if !identifier(delivery) {
		delivery = ""
	}
	h.Log.Log(ctx, level, "event", "event", event, "delivery", delivery, "status", a.status, "result", a.result, "why", a.text)
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if a.status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "60")
	}
	w.WriteHeader(a.status)
	_, _ = io.WriteString(w, a.text+"\n") // whoever sent it may be gone
}

// take checks a request and keeps what it asks for.
func (h *Hook) take(ctx context.Context, w http.ResponseWriter, r *http.Request) answer {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		return answer{http.StatusMethodNotAllowed, "refused", "events are posted"}
	}
	signature := r.Header.Values("X-Hub-Signature-256")
	if len(signature) != 1 {
		return answer{http.StatusUnauthorized, "unsigned", "there is no signature: set a secret for the webhook"}
	}
	body, bad := h.read(w, r)
	if bad.status != 0 {
		return bad
	}
	defer h.room.Release(r.ContentLength)
	if !h.signed(signature[0], body) {
		return answer{http.StatusUnauthorized, "forged", "the signature is not of this secret"}
	}
	delivery, event := r.Header.Get("X-GitHub-Delivery"), r.Header.Get("X-GitHub-Event")
	if !identifier(delivery) || event == "" {
		return answer{http.StatusBadRequest, "malformed", "X-GitHub-Delivery and X-GitHub-Event are needed"}
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return answer{http.StatusUnsupportedMediaType, "malformed", "set the content type of the webhook to application/json"}
	}
	d, err := Decide(event, body)
	if err != nil {
		text := "the payload is not what GitHub sends"
		if errors.Is(err, errIncomplete) {
			text = errIncomplete.Error()
		}
		return answer{http.StatusBadRequest, "malformed", text}
	}
	var items []queue.Item
	parent := traceparent(ctx)
	for _, work := range d.Work {
		work.Trace = parent
		items = append(items, work.item())
	}
	switch err := h.Queue.Accept(delivery, items...); {
	case errors.Is(err, queue.ErrSeen):
		return answer{http.StatusConflict, "replayed", err.Error()}
	case errors.Is(err, queue.ErrFull):
		return answer{http.StatusServiceUnavailable, "full", err.Error()}
	case err != nil:
		h.Log.Error("an event cannot be kept", "error", err.Error())
		return answer{http.StatusServiceUnavailable, "failed", "it cannot be kept"}
	case len(items) == 0:
		return answer{http.StatusAccepted, "ignored", d.Reason}
	}
	return answer{http.StatusAccepted, "accepted", "it is done later"}
}

// read reads the body, if it is not too large and others do not take the room.
func (h *Hook) read(w http.ResponseWriter, r *http.Request) ([]byte, answer) {
	switch {
	case r.ContentLength < 0:
		return nil, answer{http.StatusLengthRequired, "refused", "how long it is has to be said"}
	case r.ContentLength > h.MaxBody:
		w.Header().Set("Connection", "close")
		return nil, answer{http.StatusRequestEntityTooLarge, "large", "it is too large"}
	}
	// Room is taken for what has come, not for what is promised: who promises much and
	// sends nothing keeps nobody out.
	var body []byte
	for int64(len(body)) < r.ContentLength {
		n := min(chunk, r.ContentLength-int64(len(body)))
		if !h.room.TryAcquire(n) {
			h.room.Release(int64(len(body)))
			w.Header().Set("Connection", "close")
			return nil, answer{http.StatusServiceUnavailable, "full", "too much is being sent at once"}
		}
		body = append(body, make([]byte, n)...)
		if _, err := io.ReadFull(r.Body, body[int64(len(body))-n:]); err != nil {
			h.room.Release(int64(len(body)))
			w.Header().Set("Connection", "close")
			return nil, answer{http.StatusBadRequest, "cut", "it ends too early"}
		}
	}
	return body, answer{}
}

// traceparent names the span of a context in W3C's form, "" without one.
func traceparent(ctx context.Context) string {
	c := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, c)
	return c["traceparent"]
}

// identifier reports whether s can be the number of a delivery.
func identifier(s string) bool {
	if s == "" || len(s) > 64 {
		return false
	}
	for _, c := range []byte(s) {
		ok := '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '-'
		if !ok {
			return false
		}
	}
	return true
}

// known keeps what strangers write out of the metrics.
func known(event string) string {
	switch event {
	case "push", "pull_request", "issue_comment", "installation", "installation_repositories", "ping":
		return event
	}
	return "other"
}

// decodeWork reads an item of the queue.
func decodeWork(it queue.Item) (Work, error) {
	var w Work
	err := json.Unmarshal(it.Body, &w)
	return w, err
}
