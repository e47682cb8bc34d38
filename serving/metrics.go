package serving

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"euryale/generation"
)

// metrics are what /metrics reports.
type metrics struct {
	handler  http.Handler
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	first    *prometheus.HistogramVec
}

// secondsBuckets are the limits of histograms of times.
var secondsBuckets = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300}

// newMetrics returns the metrics of a server of runs.
func newMetrics(runs []*Run) *metrics {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "euryale_requests_total", Help: "Requests answered."}, []string{"path", "status"}),
		seconds:  prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "euryale_request_seconds", Help: "Time to answer a request.", Buckets: secondsBuckets}, []string{"path"}),
		first:    prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "euryale_first_token_seconds", Help: "Time from a request to its first token.", Buckets: secondsBuckets}, []string{"model"}),
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(m.requests, m.seconds, m.first, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	for _, r := range runs {
		registry.MustRegister(engineMetrics(r)...)
	}
	m.handler = promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
	return m
}

// engineMetrics are those of the engine of a run. Counters begin again when the model is read again.
func engineMetrics(r *Run) (all []prometheus.Collector) {
	value := func(of func(*generation.EngineCounts) int64) func() float64 {
		return func() float64 {
			l, release := r.use()
			defer release()
			return float64(of(&l.engine.Counts))
		}
	}
	labels := prometheus.Labels{"model": r.Name}
	for _, c := range []struct {
		name, help string
		of         func(*generation.EngineCounts) int64
	}{
		{"euryale_generated_tokens_total", "Tokens generated.", func(c *generation.EngineCounts) int64 { return c.Generated.Load() }},
		{"euryale_prompt_tokens_total", "Tokens of prompts that the model read.", func(c *generation.EngineCounts) int64 { return c.Read.Load() }},
		{"euryale_shared_tokens_total", "Tokens of prompts whose state was known.", func(c *generation.EngineCounts) int64 { return c.Shared.Load() }},
		{"euryale_steps_total", "Steps of the batch.", func(c *generation.EngineCounts) int64 { return c.Steps.Load() }},
	} {
		all = append(all, prometheus.NewCounterFunc(prometheus.CounterOpts{Name: c.name, Help: c.help, ConstLabels: labels}, value(c.of)))
	}
	gauge := func(name, help string, of func(*generation.EngineCounts) int64) {
		all = append(all, prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help, ConstLabels: labels}, value(of)))
	}
	gauge("euryale_sequences_busy", "Texts that are generated now.", func(c *generation.EngineCounts) int64 { return c.Busy.Load() })
	gauge("euryale_requests_waiting", "Texts that wait for a sequence.", func(c *generation.EngineCounts) int64 { return c.Waiting.Load() })
	return all
}

// answered counts a request. Paths that the server does not have are one.
func (m *metrics) answered(r *http.Request, status int, took time.Duration) {
	path := r.Pattern
	if path == "" {
		path = "/"
	}
	m.requests.WithLabelValues(path, strconv.Itoa(status)).Inc()
	m.seconds.WithLabelValues(path).Observe(took.Seconds())
}

func (m *metrics) serve(w http.ResponseWriter, r *http.Request) *apiError {
	m.handler.ServeHTTP(w, r)
	return nil
}
