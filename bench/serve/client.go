package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// job is a text that a client asks for.
type job struct {
	prompt string
	seed   int
	tokens int
}

// jobOf returns the i-th of different texts.
func jobOf(i, tokens int) job {
	shared := strings.Repeat("0123456789ABCDEF", 3) // what half of the prompts begin with
	prompt := strings.Repeat(string(rune('!'+i%60)), 5+i*7%40)
	if i%2 == 0 {
		prompt = shared + prompt
	}
	return job{prompt: prompt, seed: i, tokens: tokens}
}

// streamed is what a client got.
type streamed struct {
	text   string
	tokens int
	first  time.Duration // until the first token
	took   time.Duration
}

// manner says how a client reads a stream.
type manner struct {
	pause time.Duration // between its events
	leave int           // events after which it disconnects; 0: never
}

// httpClient has a connection for each stream.
var httpClient = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 256}}

// stream asks for a text and reads it.
func stream(ctx context.Context, url string, j job, m manner) (s streamed, err error) {
	body, err := json.Marshal(map[string]any{"prompt": j.prompt, "seed": j.seed, "max_tokens": j.tokens, "stream": true})
	if err != nil {
		return s, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/v1/completions", bytes.NewReader(body))
	if err != nil {
		return s, err
	}
	begun := time.Now()
	r, err := httpClient.Do(q)
	if err != nil {
		return s, err
	}
	defer r.Body.Close()
	if r.StatusCode != http.StatusOK {
		return s, fmt.Errorf("status %d", r.StatusCode)
	}
	lines := bufio.NewScanner(r.Body)
	for lines.Scan() {
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		if !ok {
			continue
		}
		if data == "[DONE]" {
			s.took = time.Since(begun)
			return s, nil
		}
		if err := s.add(data, begun); err != nil {
			return s, err
		}
		if m.leave > 0 && s.tokens >= m.leave {
			return s, nil
		}
		time.Sleep(m.pause)
	}
	return s, fmt.Errorf("the stream of seed %d ends without [DONE]: %v", j.seed, lines.Err())
}

// add reads an event.
func (s *streamed) add(data string, begun time.Time) error {
	var c struct {
		Choices []struct{ Text string }
		Error   *struct{ Message string }
	}
	if err := json.Unmarshal([]byte(data), &c); err != nil {
		return err
	}
	if c.Error != nil {
		return fmt.Errorf("the server: %s", c.Error.Message)
	}
	for _, choice := range c.Choices {
		if choice.Text == "" {
			continue
		}
		if s.tokens++; s.tokens == 1 {
			s.first = time.Since(begun)
		}
		s.text += choice.Text
	}
	return nil
}

// quantile returns the value below which a fraction of the values are.
func quantile(v []time.Duration, fraction float64) time.Duration {
	if len(v) == 0 {
		return 0
	}
	v = slices.Sorted(slices.Values(v))
	return v[min(len(v)-1, int(fraction*float64(len(v))))]
}
