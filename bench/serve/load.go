package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// speed measures a single stream, and then as many as there are clients.
func speed(ctx context.Context, o options, s *server, out io.Writer) error {
	if _, _, err := together(ctx, o, s, o.clients); err != nil { // programs are compiled
		return err
	}
	one, first, err := together(ctx, o, s, 1)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "streams  1: %.0f tokens/s, first token after %v\n", one, first[0].Round(time.Millisecond))
	many, all, err := together(ctx, o, s, o.clients)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "streams %2d: %.0f tokens/s, first token after %v (median), %v (p95)\n", o.clients, many,
		quantile(all, 0.5).Round(time.Millisecond), quantile(all, 0.95).Round(time.Millisecond))
	fmt.Fprintf(out, "ratio: %.1f\n", many/one)
	return nil
}

// together generates texts in so many streams at once, two in each, and returns the tokens a second of
// all, and the times to the first token.
func together(ctx context.Context, o options, s *server, streams int) (perSecond float64, first []time.Duration, err error) {
	var mu sync.Mutex
	var all sync.WaitGroup
	tokens := 0
	begun := time.Now()
	for i := range streams {
		all.Go(func() {
			for n := range 2 {
				got, failed := stream(ctx, s.url, jobOf(i+n*streams, o.tokens), manner{})
				mu.Lock()
				tokens, first, err = tokens+got.tokens, append(first, got.first), errors.Join(err, failed)
				mu.Unlock()
			}
		})
	}
	all.Wait()
	return float64(tokens) / time.Since(begun).Seconds(), first, err
}

// texts is how many different texts the clients of mixed ask for.
const texts = 40

// mixed loads the server with clients of which a tenth is slow and a tenth disconnects.
func mixed(ctx context.Context, o options, s *server, out io.Writer) error {
	alone := make([]string, texts)
	for i := range alone {
		got, err := stream(ctx, s.url, jobOf(i, o.tokens), manner{})
		if err != nil {
			return err
		}
		alone[i] = got.text
	}
	var c counts
	limit, cancel := context.WithTimeout(ctx, o.duration)
	defer cancel()
	var all sync.WaitGroup
	for i := range o.clients {
		all.Go(func() { c.client(limit, o, s, alone, i, out) })
	}
	report(limit, o.duration, &c, out)
	all.Wait()
	fmt.Fprintf(out, "finished %d texts, %d differ from those of their seeds alone; %d clients disconnected, %d errors; first token after %v (p95)\n",
		c.finished.Load(), c.different.Load(), c.left.Load(), c.failed.Load(), quantile(c.first, 0.95).Round(time.Millisecond))
	if c.different.Load() > 0 || c.failed.Load() > 0 {
		return errors.New("some texts differ or failed: see above")
	}
	return ctx.Err()
}

// counts are what clients of mixed saw.
type counts struct {
	finished, different, left, failed atomic.Int64
	mu                                sync.Mutex
	first                             []time.Duration
}

// client asks for one text after another until ctx ends.
func (c *counts) client(ctx context.Context, o options, s *server, alone []string, number int, out io.Writer) {
	rng := rand.New(rand.NewPCG(1, uint64(number)))
	for ctx.Err() == nil {
		i, m := rng.IntN(texts), manner{}
		switch rng.IntN(10) {
		case 0:
			m.pause = time.Duration(20+rng.IntN(60)) * time.Millisecond
		case 1:
			m.leave = 1 + rng.IntN(o.tokens/2)
		}
		got, err := stream(ctx, s.url, jobOf(i, o.tokens), m)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			fail(err, &c.failed, out)
			continue
		case m.leave > 0:
			c.left.Add(1)
			continue
		case got.text != alone[i]:
			c.different.Add(1)
		}
		c.finished.Add(1)
		c.mu.Lock()
		c.first = append(c.first, got.first)
		c.mu.Unlock()
	}
}

// report prints heap and goroutines at ten moments.
func report(ctx context.Context, duration time.Duration, c *counts, out io.Writer) {
	tick := time.NewTicker(duration / 10)
	defer tick.Stop()
	begun := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			runtime.GC()
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			fmt.Fprintf(out, "after %v: heap %d MB, %d goroutines, %d texts\n", time.Since(begun).Round(time.Second), m.HeapAlloc>>20, runtime.NumGoroutine(), c.finished.Load())
		}
	}
}
