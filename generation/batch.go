package generation

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"euryale/internal/kernel/parallel"
)

// batch generates continuations in the sequences of a stepper. One that ends makes room for the
// next. What a continuation becomes does not depend on the others.
type batch struct {
	stepper Stepper
	spec    *speculator     // nil: tokens are not guessed
	rows    []*continuation // by sequence; nil: free
	busy    int             // rows that are not free
	begun   bool            // a prompt has been read
	ids     []int           // the next token of each row, −1 in free ones

	next func() (*continuation, error) // nil: none yet; io.EOF: there are no more
	done func(*continuation) error
}

// run generates until there are no more continuations. When it fails, the rows hold those that
// have not ended.
func (b *batch) run(ctx context.Context) error {
	b.ids = padding(len(b.rows))
	for {
		if err := b.join(ctx); err != nil || b.busy == 0 {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := b.expire(); err != nil {
			return err
		}
		advance := b.step
		if b.spec != nil {
			advance = b.speculate
		}
		if err := advance(); err != nil {
			return err
		}
	}
}

// expire ends the continuations whose time is up.
func (b *batch) expire() error {
	for i, c := range b.rows {
		if c == nil || c.until.IsZero() || time.Now().Before(c.until) {
			continue
		}
		c.reason = ReasonTime
		b.rows[i], b.busy, b.ids[i] = nil, b.busy-1, -1
		if err := b.done(c); err != nil {
			return err
		}
	}
	return nil
}

// step reads a token of each continuation and chooses the next.
func (b *batch) step() error {
	logits, err := b.stepper.Step(b.ids)
	if err != nil {
		return err
	}
	choose(b.rows, logits)
	for i, c := range b.rows {
		if c == nil {
			continue
		}
		if err := b.settle(i, c); err != nil {
			return err
		}
	}
	return nil
}

// join begins continuations in free rows, side by side: it waits until a quarter of the rows are
// free, since a few prompts take about as long as one.
func (b *batch) join(ctx context.Context) error {
	for b.next != nil && (b.busy == 0 || 4*(len(b.rows)-b.busy) >= len(b.rows)) {
		if err := ctx.Err(); err != nil {
			return err
		}
		joined, seqs, err := b.joining()
		if err != nil || len(joined) == 0 {
			return err
		}
		prompts := make([]Prompt, len(joined))
		for j, c := range joined {
			prompts[j] = c.prompt
		}
		logits, err := b.stepper.BeginAll(seqs, prompts)
		if err != nil {
			return err
		}
		if b.spec != nil {
			if err := b.spec.begin(seqs, prompts); err != nil {
				return err
			}
		}
		b.begun = true
		choose(joined, logits)
		for j, c := range joined {
			if err := b.settle(seqs[j], c); err != nil {
				return err
			}
			if b.spec != nil {
				b.spec.rows[seqs[j]].unread = []int{c.next}
			}
		}
	}
	return nil
}

// joining gives the next continuations free rows.
func (b *batch) joining() (joined []*continuation, seqs []int, err error) {
	for i := range b.rows {
		for b.rows[i] == nil && b.next != nil {
			c, err := b.next()
			switch {
			case errors.Is(err, io.EOF):
				b.next = nil
			case err != nil:
				return nil, nil, err
			case c == nil:
				return joined, seqs, nil
			case c.reason != "": // of no tokens
				if err := b.done(c); err != nil {
					return nil, nil, err
				}
			default:
				b.rows[i], b.busy = c, b.busy+1
				joined, seqs = append(joined, c), append(seqs, i)
			}
		}
	}
	return joined, seqs, nil
}

// settle makes the token chosen for row i part of its continuation, which may end with it.
func (b *batch) settle(i int, c *continuation) error {
	none := (*NoTokenError)(nil)
	switch {
	case errors.As(c.err, &none):
		c.reason, c.result.ExhaustedBy = ReasonExhausted, none.Processor
	case c.err != nil:
		return fmt.Errorf("continuation %d: %w", c.result.Index, c.err)
	default:
		c.accept()
	}
	b.ids[i] = c.next
	if c.reason == "" {
		return nil
	}
	b.rows[i], b.busy, b.ids[i] = nil, b.busy-1, -1
	return b.done(c)
}

// choose samples the next token of every continuation that has not ended, several at once
// where threads are idle.
func choose(all []*continuation, logits []float32) {
	v := len(logits) / len(all)
	parallel.Each(len(all), func(i int) {
		if c := all[i]; c != nil {
			c.logits = logits[i*v : (i+1)*v]
			c.next, c.logprob, c.err = c.sampler.next(c.logits, c.seen)
		}
	})
}

// SideBySide reports whether the strategy of the settings generates each text by itself, as Batch does.
func (s Settings) SideBySide() bool {
	switch s.strategy().(type) {
	case Greedy, Sampling:
		return true
	}
	return false
}

// waiting is how many results of Batch may wait for an earlier one, for each row.
const waiting = 8

// Batch generates a continuation of each prompt that next returns until io.EOF, so many side by
// side; one that ends makes room for the next. The index of a prompt and the seed determine its
// samples, whatever the other prompts are. Yield gets the results in the order of the prompts,
// all of them complete: when ctx ends, those that are not are dropped.
func (g *Generator) Batch(ctx context.Context, sequences int, s Settings, next func() (p Prompt, index int, err error), yield func(Result) error) error {
	if err := s.Check(); err != nil {
		return err
	}
	if !s.SideBySide() {
		return fmt.Errorf("%s does not generate each text by itself: call Generate for each prompt", s.strategy().Name())
	}
	if _, greedy := s.strategy().(Greedy); greedy {
		s.Temperature = 0
	}
	if sequences < 1 {
		return fmt.Errorf("a batch of %d sequences, want at least 1", sequences)
	}
	defer g.hold()()
	stepper, err := g.decoder(s, sequences)
	if err != nil {
		return err
	}
	spec, err := g.speculator(stepper, sequences)
	if err != nil {
		return err
	}
	number, first := map[*continuation]int{}, 0 // of each continuation, and of the first that is not complete
	begun, ended := 0, map[int]*continuation{}
	b := &batch{stepper: stepper, spec: spec, rows: make([]*continuation, sequences)}
	b.next = func() (*continuation, error) {
		if begun-first >= waiting*sequences {
			return nil, nil
		}
		p, index, err := next()
		if err != nil {
			return nil, err
		}
		if len(p.Tokens) == 0 {
			return nil, fmt.Errorf("prompt %d has no tokens, want at least one", begun)
		}
		c := g.newContinuation(p, s, index, nil)
		if s.MaxTime > 0 {
			c.until = time.Now().Add(s.MaxTime)
		}
		number[c] = begun
		begun++
		return c, nil
	}
	b.done = func(c *continuation) error {
		ended[number[c]] = c
		delete(number, c)
		for c := ended[first]; c != nil; c = ended[first] {
			delete(ended, first)
			first++
			if err := yield(c.finish()); err != nil {
				return err
			}
		}
		return nil
	}
	return b.run(ctx)
}
