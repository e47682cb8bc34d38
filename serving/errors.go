package serving

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"euryale/generation"
)

// apiError is an error in the form of OpenAI's: {"error": {"message", "type", "param", "code"}}.
type apiError struct {
	status     int
	retryAfter int // seconds; 0: no header

	Message string  `json:"message"`
	Type    string  `json:"type"`
	Param   *string `json:"param"`
	Code    *string `json:"code"`
}

func (e *apiError) Error() string { return e.Message }

// invalid returns the error of a request that has to be changed; param, which may be empty, names what is
// wrong in it.
func invalid(param, format string, args ...any) *apiError {
	return newError(http.StatusBadRequest, "", param, format, args...)
}

// newError returns an error; code and param may be empty.
func newError(status int, code, param, format string, args ...any) *apiError {
	kind := "invalid_request_error"
	switch {
	case status == http.StatusTooManyRequests:
		kind = "rate_limit_error"
	case status >= 500:
		kind = "server_error"
	}
	return &apiError{status: status, Message: fmt.Sprintf(format, args...), Type: kind, Param: orNil(param), Code: orNil(code)}
}

func orNil(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// busy returns the error of a request for which there is no room now.
func busy(format string, args ...any) *apiError {
	e := newError(http.StatusTooManyRequests, "rate_limit_exceeded", "", format, args...)
	e.retryAfter = 1
	return e
}

// asError returns the error of a response for an error of an engine.
func asError(err error) *apiError {
	api := (*apiError)(nil)
	switch {
	case errors.As(err, &api):
		return api
	case errors.Is(err, generation.ErrBusy):
		return busy("the model has as many requests as may wait: try again in a second")
	case errors.Is(err, generation.ErrClosed):
		e := newError(http.StatusServiceUnavailable, "model_unavailable", "", "the model is not available: %v", err)
		e.retryAfter = 5
		return e
	case errors.Is(err, generation.ErrNotNumbers):
		return invalid("", "%v: choose less extreme parameters", err)
	}
	return newError(http.StatusInternalServerError, "", "", "%v", err)
}

// write answers with the error.
func (e *apiError) write(w http.ResponseWriter) {
	h := w.Header()
	if e.retryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(e.retryAfter))
	}
	if e.status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", "Bearer")
	}
	writeJSON(w, e.status, map[string]*apiError{"error": e})
}

// writeJSON answers with v. An error of the connection is the client's.
func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = newEncoder(w).Encode(v)
}

func newEncoder(w http.ResponseWriter) *json.Encoder {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e
}
