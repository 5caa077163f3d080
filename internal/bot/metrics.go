package bot

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/unleak-dev/unleak/internal/queue"
)

// Metrics are what is counted.
type Metrics struct {
	registry *prometheus.Registry
	events   *prometheus.CounterVec
	answered prometheus.Histogram
	work     *prometheus.CounterVec
	took     *prometheus.HistogramVec
	late     prometheus.Histogram
	writes   *prometheus.CounterVec
	running  prometheus.Gauge
}

// NewMetrics counts anew.
func NewMetrics(q *queue.Queue) *Metrics {
	seconds := []float64{.1, .5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1200}
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		events: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "unleak_events_total",
			Help: "Events by name and by what came of them."}, []string{"event", "result"}),
		answered: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "unleak_event_seconds",
			Help: "How long events took to be answered.", Buckets: []float64{.001, .005, .01, .05, .1, .5, 1, 5}}),
		work: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "unleak_work_total",
			Help: "Pieces of work by what they were and how they ended."}, []string{"what", "result"}),
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "unleak_work_seconds",
			Help: "How long work took.", Buckets: seconds}, []string{"what"}),
		late: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "unleak_work_waited_seconds",
			Help: "How long work waited in the queue.", Buckets: append(seconds, 3600, 4*3600)}),
		writes: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "unleak_writes_total",
			Help: "Writes to GitHub by operation and how they ended."}, []string{"operation", "outcome"}),
		running: prometheus.NewGauge(prometheus.GaugeOpts{Name: "unleak_work_running", Help: "Pieces of work under way."}),
	}
	waiting := prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "unleak_work_waiting", Help: "Pieces of work in the queue."}, func() float64 {
		n, _ := q.Count()
		return float64(n)
	})
	m.registry.MustRegister(m.events, m.answered, m.work, m.took, m.late, m.writes, m.running, waiting,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Handler serves them in Prometheus' form.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4})
}
