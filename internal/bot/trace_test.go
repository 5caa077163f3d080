package bot

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// TestTracing: spans go to where the environment says, and nowhere unless wanted.
func TestTracing(t *testing.T) {
	var got atomic.Value
	collector := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || r.URL.Path != "/v1/traces" {
			t.Errorf("%s: %v", r.URL.Path, err)
		}
		got.Store(body)
	}))
	defer collector.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL)
	for _, wanted := range []bool{false, true} {
		tracer, flush, err := Tracing(t.Context(), wanted, "a version")
		if err != nil {
			t.Fatal(err)
		}
		ctx, span := tracer.Start(context.Background(), "event")
		parent := traceparent(ctx)
		back := propagation.TraceContext{}.Extract(context.Background(), propagation.MapCarrier{"traceparent": parent})
		if same := trace.SpanContextFromContext(back).TraceID() == span.SpanContext().TraceID(); (parent != "") != wanted || !same {
			t.Errorf("wanted %v: traceparent %q", wanted, parent)
		}
		span.End()
		if err := flush(); err != nil {
			t.Fatal(err)
		}
		body, _ := got.Load().([]byte)
		if bytes.Contains(body, []byte("unleak-bot")) != wanted || wanted && !strings.Contains(string(body), "a version") {
			t.Errorf("wanted %v: %d bytes were sent", wanted, len(body))
		}
	}
}
