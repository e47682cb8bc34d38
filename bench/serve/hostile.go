package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// bodies are bodies of requests that no server should answer with a text.
var bodies = []string{
	``, `{`, `[]`, `null`, `nul`, `{"prompt": `, `{"prompt": "a",}`, `{"prompt": "a"} {"prompt": "b"}`, "{\"prompt\": \"\xc3\x28\"}", "\xff\xfe\x00", "\x00\x01\x02",
	strings.Repeat("[", 100_000), strings.Repeat(`{"a":`, 50_000), `{"prompt": ` + strings.Repeat("[", 60) + strings.Repeat("]", 60) + `}`,
	`{"prompt": "a", "max_tokens": 1e400}`, `{"prompt": "a", "max_tokens": 99999999999999999999}`, `{"prompt": "a", "max_tokens": -1}`, `{"prompt": "a", "temperature": -1e308}`,
	`{"prompt": "a", "temperature": "hot"}`, `{"prompt": "a", "top_p": 2}`, `{"prompt": "a", "n": 1000000}`, `{"prompt": "a", "best_of": -3}`, `{"prompt": [999999999]}`,
	`{"prompt": [-1]}`, `{"prompt": [[]]}`, `{"prompt": {"a": 1}}`, `{"prompt": "` + strings.Repeat("0", 5000) + `"}`, `{"prompt": "a", "logit_bias": {"a": 1}}`,
	`{"prompt": "a", "regex": "((a{900}){900}){900}"}`, `{"prompt": "a", "regex": "("}`, `{"prompt": "a", "json_schema": {"type": 3}}`, `{"prompt": "a", "stop": [1]}`,
	`{"prompt": "a", "processors": ["rm"]}`, `{"model": "../../etc/passwd", "prompt": "a"}`, `{"prompt": "a", "suffix": "b"}`, `{"prompt": "a", "logprobs": 1e9}`,
	`{"prompt": "a", "` + strings.Repeat("x", 10_000) + `": 1}`, `{"prompt": "\ud800"}`, `{"messages": []}`, `{"messages": [{"role": "user", "content": "a"}]}`,
}

// raws are requests that are not HTTP, or not what the server offers.
var raws = []string{
	"GET /v1/completions HTTP/1.1\r\nHost: a\r\n\r\n", "DELETE /v1/models HTTP/1.1\r\nHost: a\r\n\r\n", "TRACE / HTTP/1.1\r\nHost: a\r\n\r\n",
	"GET /../../../etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n", "GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n", "GET //etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n",
	"GET /v1/models/..%2f..%2fkeys HTTP/1.1\r\nHost: a\r\n\r\n", "GET /\x00 HTTP/1.1\r\nHost: a\r\n\r\n", "GET /v1/none HTTP/1.1\r\nHost: a\r\n\r\n",
	"POST /v1/completions HTTP/9.9\r\nHost: a\r\n\r\n", "hello\r\n\r\n", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
	"POST /v1/completions HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\n", "POST /v1/completions HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999\r\n\r\n{}",
	"POST /v1/completions HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "POST /v1/completions HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}",
	"GET / HTTP/1.1\r\nHost: a\r\nX: " + strings.Repeat("y", 1<<17) + "\r\n\r\n",
}

// requestOf returns the i-th hostile request.
func requestOf(i int) string {
	if i%4 == 3 {
		return raws[i/4%len(raws)]
	}
	path := []string{"/v1/completions", "/v1/chat/completions", "/detokenize"}[i/len(bodies)%3]
	body := bodies[i%len(bodies)]
	if strings.HasPrefix(path, "/v1/chat") && strings.HasPrefix(body, `{"prompt"`) {
		body = strings.Replace(body, `"prompt"`, `"message"`, 1)
	}
	return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", path, len(body), body)
}

// attack sends a request of its own connection, and returns what is wrong with the answer: it should be a
// refusal, or the end of the connection in time. A slow one sends a byte at a time and never ends.
func attack(ctx context.Context, address, request string, slow bool, patience time.Duration) error {
	c, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	defer c.Close()
	limit := time.Now().Add(2*patience + 5*time.Second)
	if err := c.SetDeadline(limit); err != nil {
		return err
	}
	for i := 0; slow; i++ {
		if _, err := c.Write([]byte{request[i%min(len(request), 20)]}); err != nil {
			return nil // closed
		}
		if time.Now().After(limit.Add(-time.Second / 2)) {
			return errors.New("a connection that sends a byte at a time is not closed")
		}
		time.Sleep(50 * time.Millisecond)
	}
	_, _ = io.WriteString(c, request) // the server may close before it has all
	answer, err := io.ReadAll(io.LimitReader(c, 15))
	if timeout := net.Error(nil); errors.As(err, &timeout) && timeout.Timeout() {
		return fmt.Errorf("no answer in time to %.80q", request)
	}
	if len(answer) >= 12 && answer[9] != '4' && answer[9] != '3' && string(answer[9:12]) != "505" {
		return fmt.Errorf("the answer to %.80q is %.15q", request, answer)
	}
	return nil
}

// hostile measures honest clients alone, and then beside hostile requests.
func hostile(ctx context.Context, o options, s *server, out io.Writer) error {
	before := honest(ctx, o, s, o.alone, nil)
	ended := make(chan struct{})
	var failures, next, sent atomic.Int64
	go func() {
		defer close(ended)
		var all sync.WaitGroup
		for worker := range 16 {
			all.Go(func() {
				rng := rand.New(rand.NewPCG(2, uint64(worker)))
				for i := int(next.Add(1) - 1); i < o.requests && ctx.Err() == nil; i = int(next.Add(1) - 1) {
					slow := rng.IntN(o.slow) == 0
					if slow {
						all.Go(func() { fail(attack(ctx, s.url[len("http://"):], requestOf(i), true, o.patience), &failures, out) })
					} else {
						fail(attack(ctx, s.url[len("http://"):], requestOf(i), false, o.patience), &failures, out)
					}
					sent.Add(1)
				}
			})
		}
		all.Wait()
	}()
	during := honest(ctx, o, s, 0, ended)
	fmt.Fprintf(out, "%d hostile requests, %d answered otherwise than they should be\n", sent.Load(), failures.Load())
	fmt.Fprintf(out, "honest clients: p95 %v before (%d texts), %v during (%d texts): %.2f times\n", quantile(before, 0.95).Round(time.Millisecond), len(before),
		quantile(during, 0.95).Round(time.Millisecond), len(during), float64(quantile(during, 0.95))/float64(quantile(before, 0.95)))
	if failures.Load() > 0 {
		return errors.New("some hostile requests were not refused: see above")
	}
	return ctx.Err()
}

// fail counts and prints the first failures.
func fail(err error, failures *atomic.Int64, out io.Writer) {
	if err != nil && failures.Add(1) <= 10 {
		fmt.Fprintln(out, err)
	}
}

// honest returns how long the texts of four clients took, for a time or until done is closed.
func honest(ctx context.Context, o options, s *server, duration time.Duration, done chan struct{}) (took []time.Duration) {
	if duration > 0 {
		limit, cancel := context.WithTimeout(ctx, duration)
		defer cancel()
		done = make(chan struct{})
		go func() { <-limit.Done(); close(done) }()
	}
	var mu sync.Mutex
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-done:
					return
				default:
				}
				got, err := stream(ctx, s.url, jobOf(i+4*n, o.tokens), manner{})
				mu.Lock()
				if err == nil {
					took = append(took, got.took)
				}
				mu.Unlock()
			}
		})
	}
	all.Wait()
	return took
}
