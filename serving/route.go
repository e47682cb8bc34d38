package serving

import (
	"fmt"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"time"
)

// endpoint is a function that answers a request, or returns the error to answer with.
type endpoint func(w http.ResponseWriter, r *http.Request) *apiError

// route sets which paths are answered by what.
func (s *Server) route() {
	s.mux = http.NewServeMux()
	add := func(path, method string, e endpoint) { s.mux.Handle(path, s.only(method, path, e)) }
	add("/v1/models", http.MethodGet, s.private(s.models))
	add("/v1/models/{model...}", http.MethodGet, s.private(s.model))
	add("/v1/completions", http.MethodPost, s.private(s.limited(s.completions)))
	add("/v1/chat/completions", http.MethodPost, s.private(s.limited(s.chat)))
	add("/tokenize", http.MethodPost, s.private(s.limited(s.tokenize)))
	add("/detokenize", http.MethodPost, s.private(s.limited(s.detokenize)))
	add("/healthz", http.MethodGet, s.health)
	add("/readyz", http.MethodGet, s.ready)
	add("/metrics", http.MethodGet, s.private(s.metrics.serve))
	s.mux.HandleFunc("/", s.page)
}

// ServeHTTP answers a request. One that fails in a way that was not foreseen ends alone.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	begun := time.Now()
	out := &recorder{ResponseWriter: w}
	defer func() {
		if v := recover(); v != nil {
			s.Log.Error("a request failed", "path", r.URL.Path, "error", fmt.Sprint(v), "stack", string(debug.Stack()))
			if out.status == 0 {
				newError(http.StatusInternalServerError, "", "", "the server failed: its log says why").write(out)
			}
		}
		s.Log.Info("request", "method", r.Method, "path", r.URL.Path, "status", out.status, "bytes", out.bytes, "seconds", time.Since(begun).Seconds(), "remote", r.RemoteAddr)
		s.metrics.answered(r, out.status, time.Since(begun))
	}()
	w = out
	if s.cors(w, r) {
		return
	}
	s.mux.ServeHTTP(w, r)
}

// recorder notes what was answered.
type recorder struct {
	http.ResponseWriter
	status int
	bytes  int64
}

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	n, err := r.ResponseWriter.Write(b)
	r.bytes += int64(n)
	return n, err
}

// Unwrap returns the writer for http.ResponseController.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// cors answers the requests of browsers about pages of other origins, and reports whether it did.
func (s *Server) cors(w http.ResponseWriter, r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" || !slices.Contains(s.Origins, origin) && !slices.Contains(s.Origins, "*") {
		return false
	}
	h := w.Header()
	h.Add("Vary", "Origin")
	h.Set("Access-Control-Allow-Origin", origin)
	if r.Method != http.MethodOptions {
		return false
	}
	h.Set("Access-Control-Allow-Methods", "GET, POST")
	h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type")
	h.Set("Access-Control-Max-Age", "600")
	w.WriteHeader(http.StatusNoContent)
	return true
}

// only answers requests of one method; HEAD is GET without a body.
func (s *Server) only(method, path string, e endpoint) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var err *apiError
		if r.Method == method || method == http.MethodGet && r.Method == http.MethodHead {
			err = e(w, r)
		} else {
			w.Header().Set("Allow", method)
			err = newError(http.StatusMethodNotAllowed, "", "", "%.20s %s: want %s", r.Method, path, method)
		}
		if err != nil {
			err.write(w)
		}
	})
}

// private refuses requests without a key, if the server has keys.
func (s *Server) private(e endpoint) endpoint {
	return func(w http.ResponseWriter, r *http.Request) *apiError {
		if _, err := s.client(r); err != nil {
			return err
		}
		return e(w, r)
	}
}

// limited refuses the requests of a client who has too many under way, and all when the server is about
// to end.
func (s *Server) limited(e endpoint) endpoint {
	return func(w http.ResponseWriter, r *http.Request) *apiError {
		if s.draining.Load() {
			err := newError(http.StatusServiceUnavailable, "", "", "the server is about to end")
			err.retryAfter = 5
			return err
		}
		name, err := s.client(r)
		if err != nil {
			return err
		}
		leave, ok := s.clients.enter(name)
		if !ok {
			return busy("you have %d requests under way, and may have no more at once: wait for one", s.clients.most)
		}
		defer leave()
		control := http.NewResponseController(w)
		_ = control.SetReadDeadline(time.Now().Add(s.limits.Read)) // a writer of a test has none
		return e(w, r)
	}
}

// page answers what no other path does.
func (s *Server) page(w http.ResponseWriter, r *http.Request) {
	if s.Page == nil || strings.HasPrefix(r.URL.Path, "/v1/") {
		newError(http.StatusNotFound, "", "", "there is nothing at %.200q: docs/serving.md lists the paths", r.URL.Path).write(w)
		return
	}
	s.Page.ServeHTTP(w, r)
}
