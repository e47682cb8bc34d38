package serving

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/generation"
)

// endless is a request that no test waits for.
const endless = `{"prompt": "a", "max_tokens": 1000000000, "seed": 1, "stream": true}`

// patient are limits for endless requests.
func patient() Limits {
	l := DefaultLimits()
	l.Tokens, l.Time = 1<<40, time.Hour
	return l
}

// begin starts a stream and waits for its first bytes.
func begin(t *testing.T, ctx context.Context, url, body string) *http.Response {
	t.Helper()
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/v1/completions", strings.NewReader(body))
	require.NoError(t, err)
	r, err := http.DefaultClient.Do(q)
	require.NoError(t, err)
	t.Cleanup(func() { r.Body.Close() })
	require.Equal(t, 200, r.StatusCode)
	_, err = io.ReadFull(r.Body, make([]byte, 10))
	require.NoError(t, err)
	return r
}

// eventually waits until f is true.
func eventually(t *testing.T, f func() bool, message string) {
	t.Helper()
	require.Eventually(t, f, 10*time.Second, time.Millisecond, message)
}

// busyOf returns how many texts a run generates now, and how many wait.
func busyOf(r *Run) (busy, waiting int64) {
	l, release := r.use()
	defer release()
	return l.engine.Counts.Busy.Load(), l.engine.Counts.Waiting.Load()
}

// When the queue is full requests are refused with 429 and Retry-After; a client that goes away frees its
// sequence, and its place in the queue.
func TestQueueAndClientsThatLeave(t *testing.T) {
	run := runOf(t, "small")
	run.Sequences, run.Waiting = 1, 1
	_, url := serverOf(t, Options{Limits: patient()}, run)
	ctx, leave := context.WithCancel(context.Background())
	begin(t, ctx, url, endless)
	waiting, leaveQueue := context.WithCancel(context.Background())
	left := make(chan struct{})
	go func() {
		defer close(left)
		q, _ := http.NewRequestWithContext(waiting, http.MethodPost, url+"/v1/completions", strings.NewReader(endless))
		if r, err := http.DefaultClient.Do(q); err == nil {
			_, _ = io.Copy(io.Discard, r.Body)
			r.Body.Close()
		}
	}()
	eventually(t, func() bool { _, n := busyOf(run); return n == 1 }, "one waits")
	status, header, raw := post(t, url+"/v1/completions", `{"prompt": "a"}`)
	assert.Equal(t, 429, status)
	assert.Equal(t, "1", header.Get("Retry-After"))
	assert.Contains(t, string(raw), `"type":"rate_limit_error"`)
	leaveQueue()
	<-left
	eventually(t, func() bool { _, n := busyOf(run); return n == 0 }, "none waits")
	leave()
	eventually(t, func() bool { n, _ := busyOf(run); return n == 0 }, "the sequence is free")
	complete(t, url, `{"prompt": "a"}`)
}

// A client who reads nothing holds no sequence: others get theirs.
func TestSlowReadersHoldNoSequence(t *testing.T) {
	run := runOf(t, "small")
	run.Sequences = 1
	s, url := serverOf(t, Options{Limits: patient()}, run)
	s.limits.Write = 300 * time.Millisecond
	c, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	require.NoError(t, err)
	defer c.Close()
	require.NoError(t, c.(*net.TCPConn).SetReadBuffer(1<<12))
	body := `{"prompt": "a", "max_tokens": 4000, "seed": 1, "stream": true, "logprobs": 20}` // its events are megabytes
	_, err = fmt.Fprintf(c, "POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	require.NoError(t, err)
	eventually(t, func() bool { n, _ := busyOf(run); return n == 1 }, "it is generated")
	begun := time.Now()
	complete(t, url, `{"prompt": "a", "max_tokens": 1}`)
	t.Logf("the other client waited %v", time.Since(begun))
	eventually(t, func() bool { return s.clients.count() == 0 }, "the slow client is dropped")
}

// count returns how many requests are under way.
func (c *clients) count() (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, busy := range c.busy {
		n += busy
	}
	return n
}

// A client has so many requests at once, whatever others have; a body has so many bytes.
func TestClientLimits(t *testing.T) {
	l := patient()
	l.Clients, l.Body = 1, 100
	keys := filepath.Join(t.TempDir(), "keys")
	require.NoError(t, os.WriteFile(keys, []byte("# ours\n0123456789abcdef\n\nfedcba9876543210\n"), 0o600))
	k, err := ReadKeys(keys)
	require.NoError(t, err)
	s, _ := serverOf(t, Options{Limits: l, Keys: k})
	send := func(ctx context.Context, key, body string) int {
		q := httptest.NewRequestWithContext(ctx, http.MethodPost, "/v1/completions", strings.NewReader(body))
		q.Header.Set("Authorization", key)
		w := httptest.NewRecorder()
		s.ServeHTTP(w, q)
		return w.Code
	}
	for key, want := range map[string]int{"": 401, "Bearer": 401, "Bearer 0123456789abcdee": 401, "Basic 0123456789abcdef": 401,
		"Bearer # ours": 401, "bearer 0123456789abcdef": 200, "Bearer fedcba9876543210": 200} {
		assert.Equal(t, want, send(context.Background(), key, `{"prompt": "a"}`), key)
	}
	assert.Equal(t, 413, send(context.Background(), "Bearer fedcba9876543210", `{"prompt": "`+strings.Repeat("a", 100)+`"}`))
	announced := httptest.NewRequest(http.MethodPost, "/v1/completions", neverRead{t})
	announced.Header.Set("Authorization", "Bearer fedcba9876543210")
	announced.ContentLength = 1e15
	w := httptest.NewRecorder()
	s.ServeHTTP(w, announced)
	assert.Equal(t, 413, w.Code)
	ctx, cancel := context.WithCancel(context.Background())
	var ended sync.WaitGroup
	ended.Go(func() { send(ctx, "Bearer 0123456789abcdef", endless) })
	eventually(t, func() bool { return s.clients.count() == 1 }, "it is under way")
	assert.Equal(t, 429, send(context.Background(), "Bearer 0123456789abcdef", `{"prompt": "a"}`))
	assert.Equal(t, 200, send(context.Background(), "Bearer fedcba9876543210", `{"prompt": "a"}`))
	cancel()
	ended.Wait()
	for path, want := range map[string]int{"/v1/models": 401, "/metrics": 401, "/healthz": 200, "/readyz": 200} {
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		assert.Equal(t, want, w.Code, path)
	}
}

// A file of keys that others can read is refused, and so is one with none or short ones.
func TestReadKeys(t *testing.T) {
	for _, c := range []struct {
		text, want string
		mode       os.FileMode
	}{
		{"0123456789abcdef\n", "can be read by others (mode 0644): chmod 600", 0o644},
		{"# none\n\n", "has no keys", 0o600},
		{"0123456789abcdef\nshort\n", ":2: a key has 5 characters, want at least 16", 0o600},
	} {
		path := filepath.Join(t.TempDir(), "keys")
		require.NoError(t, os.WriteFile(path, []byte(c.text), c.mode))
		_, err := ReadKeys(path)
		assert.ErrorContains(t, err, c.want)
		assert.ErrorContains(t, err, path)
	}
	_, err := ReadKeys("nowhere")
	assert.ErrorIs(t, err, os.ErrNotExist)
}

// Without keys only this machine is served; a port in use is said in a line.
func TestListen(t *testing.T) {
	for _, address := range []string{"0.0.0.0:0", ":0", "192.0.2.1:0", "example.org:80", "[::]:0"} {
		_, err := Listen(address, nil)
		assert.ErrorContains(t, err, "give -key-file FILE", address)
	}
	_, err := Listen("8000", nil)
	assert.ErrorContains(t, err, "want HOST:PORT")
	l, err := Listen("127.0.0.1:0", nil)
	require.NoError(t, err)
	defer l.Close()
	_, err = Listen(l.Addr().String(), nil)
	assert.ErrorContains(t, err, "is in use: end the program that listens there")
}

// Requests under way end with the model that they began with; a model that cannot be read leaves the old
// one; one that fails makes the server not ready until it is read again.
func TestReload(t *testing.T) {
	var reads atomic.Int32
	var broken atomic.Bool
	run := runOf(t, "small")
	run.Load = func() (*generation.Generator, string, error) {
		if broken.Load() {
			return nil, "", errors.New("best.safetensors ends too early")
		}
		return generatorOf(t), fmt.Sprintf("fp_%d", reads.Add(1)), nil
	}
	s, url := serverOf(t, Options{Limits: patient()}, run)
	ctx, leave := context.WithCancel(context.Background())
	old := begin(t, ctx, url, endless)
	require.NoError(t, s.Reload())
	assert.Equal(t, "fp_2", complete(t, url, `{"prompt": "a"}`).Fingerprint)
	more := make([]byte, 5000)
	_, err := io.ReadFull(old.Body, more)
	require.NoError(t, err)
	assert.Contains(t, string(more), "fp_1")
	leave()
	broken.Store(true)
	assert.ErrorContains(t, s.Reload(), "small: best.safetensors ends too early")
	assert.Equal(t, "fp_2", complete(t, url, `{"prompt": "a"}`).Fingerprint)

	broken.Store(true)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	fail := generation.Request{Prompt: generation.Prompt{Tokens: []int{1}}, Settings: generation.Settings{Tokens: 9}, Scores: -1,
		Emit: func(generation.Piece) { panic("a fault that was not foreseen") }, Done: func(generation.Response, error) {}}
	require.NoError(t, run.current.engine.Add(ctx, &fail))
	eventually(t, func() bool { return run.ready() != nil }, "it has failed")
	status, header, raw := post(t, url+"/v1/completions", `{"prompt": "a"}`)
	assert.Equal(t, 503, status)
	assert.Equal(t, "5", header.Get("Retry-After"))
	assert.Contains(t, string(raw), "a fault that was not foreseen")
	r, err := http.Get(url + "/readyz")
	require.NoError(t, err)
	r.Body.Close()
	assert.Equal(t, 503, r.StatusCode)
	broken.Store(false)
	eventually(t, func() bool { return run.ready() == nil }, "it is read again")
	assert.Equal(t, "fp_3", complete(t, url, `{"prompt": "a"}`).Fingerprint)
}

// A server that ends completes what is under way, takes nothing new, and cuts what takes too long.
func TestGracefulEnd(t *testing.T) {
	for _, c := range []struct {
		body  string
		drain time.Duration
		want  string
	}{
		{`{"prompt": "a", "max_tokens": 400, "seed": 1, "stream": true}`, time.Minute, `"finish_reason":"length"`},
		{endless, 50 * time.Millisecond, `"error":`},
	} {
		s, err := New(Options{Limits: patient()}, runOf(t, "small"))
		require.NoError(t, err)
		l, err := Listen("127.0.0.1:0", nil)
		require.NoError(t, err)
		ctx, end := context.WithCancel(context.Background())
		ended := make(chan error, 1)
		go func() { ended <- s.Serve(ctx, l, c.drain) }()
		r := begin(t, context.Background(), "http://"+l.Addr().String(), c.body)
		end()
		rest, err := io.ReadAll(r.Body)
		require.NoError(t, err)
		assert.Contains(t, string(rest), c.want)
		assert.True(t, bytes.HasSuffix(rest, []byte("data: [DONE]\n\n")))
		assert.NoError(t, <-ended)
		s.Close()
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/v1/completions", strings.NewReader(`{"prompt": "a"}`)))
		assert.Equal(t, 503, w.Code)
	}
}

// The log has no prompts and texts unless it should.
func TestLogHasNoPrompts(t *testing.T) {
	for _, prompts := range []bool{false, true} {
		var out lockedBuffer
		s, err := New(Options{Limits: DefaultLimits(), Log: slog.New(slog.NewJSONHandler(&out, nil)), LogPrompts: prompts}, runOf(t, "small"))
		require.NoError(t, err)
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/v1/completions?key=hidden", strings.NewReader(`{"prompt": "abcabc春", "max_tokens": 9, "seed": 2}`)))
		s.Close()
		var c completion
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &c))
		text, err := json.Marshal(c.Choices[0].Text)
		require.NoError(t, err)
		assert.Equal(t, prompts, strings.Contains(out.String(), "abcabc春"))
		assert.Equal(t, prompts, strings.Contains(out.String(), strings.Trim(string(text), `"`)))
		assert.Contains(t, out.String(), `"completion_tokens":9`)
		assert.NotContains(t, out.String(), "hidden")
	}
}

type lockedBuffer struct {
	mu sync.Mutex
	bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(p)
}

// Pages of other origins may call the server only if they are named.
func TestCORS(t *testing.T) {
	for _, c := range []struct {
		origins []string
		want    string
	}{{nil, ""}, {[]string{"https://a.example"}, "https://a.example"}, {[]string{"https://b.example"}, ""}} {
		s, _ := serverOf(t, Options{Origins: c.origins})
		q := httptest.NewRequest(http.MethodOptions, "/v1/completions", nil)
		q.Header.Set("Origin", "https://a.example")
		w := httptest.NewRecorder()
		s.ServeHTTP(w, q)
		assert.Equal(t, c.want, w.Header().Get("Access-Control-Allow-Origin"))
		assert.Equal(t, c.want != "", w.Code == http.StatusNoContent)
	}
}

// Other paths and methods get errors in the same form; /metrics counts.
func TestPaths(t *testing.T) {
	_, url := serverOf(t, Options{})
	complete(t, url, `{"prompt": "abc", "max_tokens": 5}`)
	for path, want := range map[string]string{"GET /v1/completions": "want POST", "POST /v1/models": "want GET", "DELETE /v1/models/small": "want GET", "GET /nothing": "there is nothing",
		"GET /v1/../../etc/passwd": "there is nothing", "GET /v1/models/other": "there is no model"} {
		method, path, _ := strings.Cut(path, " ")
		q, err := http.NewRequest(method, url+path, nil)
		require.NoError(t, err)
		r, err := http.DefaultClient.Do(q)
		require.NoError(t, err)
		raw, err := io.ReadAll(r.Body)
		require.NoError(t, err)
		r.Body.Close()
		assert.Contains(t, []int{404, 405}, r.StatusCode)
		assert.Contains(t, string(raw), want, path)
		assert.Contains(t, string(raw), `{"error":{"message":`)
	}
	r, err := http.Get(url + "/metrics")
	require.NoError(t, err)
	defer r.Body.Close()
	raw, err := io.ReadAll(r.Body)
	require.NoError(t, err)
	for _, line := range []string{`euryale_generated_tokens_total{model="small"} 5`, `euryale_prompt_tokens_total{model="small"} 3`,
		`euryale_requests_total{path="/v1/completions",status="200"} 1`, `euryale_first_token_seconds_count{model="small"} 1`} {
		assert.Contains(t, string(raw), "\n"+line+"\n")
	}
}

// neverRead is the body of a request that is refused before it is read.
type neverRead struct{ t *testing.T }

func (n neverRead) Read([]byte) (int, error) {
	n.t.Error("the body was read")
	return 0, io.EOF
}
