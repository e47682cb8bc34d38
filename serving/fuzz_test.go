package serving

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// No body of a request makes the server fail: it is answered with a text or refused, and the next request
// gets its text.
func FuzzRequests(f *testing.F) {
	for _, body := range []string{
		`{"prompt": "abc", "max_tokens": 3, "logprobs": 2, "echo": true}`, `{"prompt": [[1, 2], [3]], "best_of": 3, "stop": ["a", "b"]}`,
		`{"messages": [{"role": "user", "content": "ab"}, {"role": "assistant", "content": [{"type": "text", "text": "c"}]}], "logprobs": true}`,
		`{"prompt": "a", "regex": "a*b", "stream": true, "stream_options": {"include_usage": true}}`, `{"prompt": "a", "json_schema": {"type": "object"}, "top_k": 3}`,
		`{"prompt": "a", "force": {"0": 3, "-1": 2}, "length_decay": {"start": 1, "factor": 2}, "processors": ["force", "length-decay"]}`,
		`{"prompt": "a", "logit_bias": {"1": -100, "2": 1e300}, "min_tokens": 3}`, `{"tokens": [1, 2, 999]}`, `{"text": "a\ud800b"}`, `{"prompt": null, "seed": -1, "n": 4}`,
	} {
		for path := range 4 {
			f.Add(uint8(path), body)
		}
	}
	l := DefaultLimits()
	l.Tokens, l.Choices, l.Time, l.Body = 24, 4, 2*time.Second, 1<<14
	s, err := New(Options{Limits: l}, runOf(f, "small", "a", "b"))
	require.NoError(f, err)
	f.Cleanup(s.Close)
	send := func(path, body string) int {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequestWithContext(ctx, http.MethodPost, path, strings.NewReader(body)))
		return w.Code
	}
	f.Fuzz(func(t *testing.T, path uint8, body string) {
		status := send([]string{"/v1/completions", "/v1/chat/completions", "/tokenize", "/detokenize"}[path%4], body)
		require.True(t, status == http.StatusOK || status >= 400 && status < 500, "status %d", status)
		require.Equal(t, http.StatusOK, send("/v1/completions", `{"prompt": [2], "max_tokens": 1}`))
		require.NoError(t, s.runs[0].ready())
	})
}
