package serving

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"sync/atomic"
	"time"
)

// Limits are what a server accepts.
type Limits struct {
	Body    int64         // bytes of a request
	Tokens  int           // of a text
	Choices int           // texts of a request, those that best_of drops included
	Time    time.Duration // of a request
	Read    time.Duration // in which the body must arrive
	Write   time.Duration // in which the client must take a piece of the response
	Clients int           // requests of a client at once
}

// DefaultLimits returns the limits of a server that are not set.
func DefaultLimits() Limits {
	return Limits{Body: 1 << 20, Tokens: 4096, Choices: 128, Time: 5 * time.Minute, Read: 15 * time.Second, Write: 30 * time.Second, Clients: 64}
}

// Options say how a server answers.
type Options struct {
	Limits     Limits
	Keys       *Keys        // nil: requests need none
	Origins    []string     // of pages elsewhere that may call the server (CORS)
	Log        *slog.Logger // of requests
	LogPrompts bool         // log prompts and texts too
	Page       http.Handler // of / ; nil: none
}

// Server answers requests for texts of several runs.
type Server struct {
	Options
	limits   Limits
	runs     []*Run
	clients  clients
	metrics  *metrics
	draining atomic.Bool
	mux      *http.ServeMux
}

// New reads the models of runs, starts their engines and returns a server of them. The first is the one of
// requests that name no model.
func New(o Options, runs ...*Run) (*Server, error) {
	if len(runs) == 0 {
		return nil, errors.New("there are no runs to serve")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &Server{Options: o, limits: o.Limits, runs: runs}
	for i, r := range runs {
		if slices.ContainsFunc(runs[:i], func(other *Run) bool { return other.Name == r.Name }) {
			return nil, fmt.Errorf("two runs are named %s: give one of them another name, as NAME=DIR", r.Name)
		}
		r.log = o.Log
		if err := r.Reload(); err != nil {
			s.Close()
			return nil, err
		}
	}
	s.clients.most = o.Limits.Clients
	s.metrics = newMetrics(runs)
	s.route()
	return s, nil
}

// Close ends the engines. Requests that are not complete get an error.
func (s *Server) Close() {
	for _, r := range s.runs {
		r.close()
	}
}

// Drain says that the server is about to end: it is not ready, and takes no more requests.
func (s *Server) Drain() { s.draining.Store(true) }

// Reload reads all models again. Those that cannot be read stay as they are, with an error.
func (s *Server) Reload() error {
	var errs []error
	for _, r := range s.runs {
		err := r.Reload()
		if err != nil {
			errs = append(errs, err)
			s.Log.Error("the model is not read again", "model", r.Name, "error", err)
			continue
		}
		s.Log.Info("read again", "model", r.Name)
	}
	return errors.Join(errs...)
}

// run returns the run that a request names.
func (s *Server) run(name string) (*Run, *apiError) {
	if name == "" {
		return s.runs[0], nil
	}
	for _, r := range s.runs {
		if r.Name == name {
			return r, nil
		}
	}
	return nil, newError(http.StatusNotFound, "model_not_found", "model", "there is no model %.80q: /v1/models lists those of this server", name)
}

// newID returns an id with a prefix.
func newID(prefix string) string {
	var b [12]byte
	_, _ = rand.Read(b[:]) // it never fails
	return prefix + hex.EncodeToString(b[:])
}
