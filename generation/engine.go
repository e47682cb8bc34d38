package generation

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"euryale/models"
)

// Engine generates texts for requests that arrive while it runs: continuous batching (Yu et al. 2022,
// https://www.usenix.org/conference/osdi22/presentation/yu). A request joins the batch as soon as a
// sequence is free and its prompt has been read, and leaves it with its last token. Prompts are read in
// pieces between the steps, so that texts under way do not wait for a long one; beginnings that prompts
// share are read once. What a request generates does not depend on the other requests.
type Engine struct {
	gen     *Generator
	stepper Stepper
	intake  intake
	rows    []*job // by sequence; nil: free
	ids     []int  // next token of each row, −1 in free ones
	busy    int    // rows that are not free

	mu      sync.Mutex
	waiting []*job
	most    int // of waiting
	closed  error
	wake    chan struct{}

	Counts EngineCounts
}

// EngineCounts count the work of an Engine. They can be read while it runs.
type EngineCounts struct {
	Steps     atomic.Int64 // of the batch
	Generated atomic.Int64 // tokens
	Read      atomic.Int64 // tokens of prompts that the model read
	Shared    atomic.Int64 // tokens of prompts whose state was known
	Busy      atomic.Int64 // sequences in use now
	Waiting   atomic.Int64 // requests that wait now
}

// Request is a text that an Engine is to generate: one sampled or greedy continuation of a prompt.
type Request struct {
	Prompt   Prompt
	Settings Settings
	Index    int // with the seed it determines the random numbers
	// Scores is the number of alternatives for each token of the prompt in Piece.Scores; −1: no scores.
	Scores int
	// Continues says that another prompt may begin with this one and the text: their state is kept.
	Continues bool
	// Emit gets each piece of text once it is certain; nil: the whole is in the response. It is called
	// between the steps of the batch and must not wait.
	Emit func(Piece)
	// Done gets the response. The error says why there is none; if the context ended it is that of the context.
	Done func(Response, error)
}

// Piece is a part of a text, with the tokens that it completes if Settings.TopLogprobs is set. The scores of
// a prompt are a piece before the first.
type Piece struct {
	Scores  []Step // of each token of the prompt but the first
	Text    string
	Steps   []Step
	Offsets [][2]int // of each of Steps, in bytes of the whole text
}

// Response is what an Engine generated.
type Response struct {
	Result
	Cached int // tokens of the prompt whose state was known
}

// MeanLogprob returns the mean log-probability of a token, the end token's included.
func (r Result) MeanLogprob() float64 { return r.mean }

// ErrBusy says that too many requests wait.
var ErrBusy = errors.New("too many requests wait")

// ErrClosed says that the engine takes no more requests.
var ErrClosed = errors.New("the engine has ended")

// NewEngine returns an engine that generates so many texts side by side, while at most so many requests
// wait. The generator is the engine's from now on.
func NewEngine(g *Generator, sequences, waiting int) (*Engine, error) {
	if sequences < 1 || waiting < 0 {
		return nil, fmt.Errorf("%d sequences and %d waiting, want at least 1 and 0", sequences, waiting)
	}
	if models.IsBidirectional(g.Model) {
		return nil, errors.New("the model restores hidden tokens, and does not continue texts")
	}
	stepper, err := g.stepper(sequences)
	if err != nil {
		return nil, err
	}
	e := &Engine{gen: g, stepper: stepper, rows: make([]*job, sequences), ids: padding(sequences), most: waiting, wake: make(chan struct{}, 1)}
	if e.intake, err = newIntake(g, stepper); err != nil {
		return nil, err
	}
	return e, nil
}

// Add queues requests, all or none of them; ctx ends them early. It returns ErrBusy if too many wait.
func (e *Engine) Add(ctx context.Context, requests ...*Request) error {
	jobs := make([]*job, len(requests))
	for i, r := range requests {
		if err := e.check(r); err != nil {
			return err
		}
		jobs[i] = newJob(ctx, e.gen, r)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case e.closed != nil:
		return e.closed
	case len(e.waiting) > 0 && len(e.waiting)+len(jobs) > e.most:
		return ErrBusy
	}
	e.waiting = append(e.waiting, jobs...)
	e.Counts.Waiting.Store(int64(len(e.waiting)))
	e.signal()
	return nil
}

// check returns what is wrong with a request.
func (e *Engine) check(r *Request) error {
	if err := r.Settings.Check(); err != nil {
		return err
	}
	room := e.stepper.Room()
	switch {
	case !r.Settings.SideBySide():
		return fmt.Errorf("%s does not generate each text by itself", r.Settings.strategy().Name())
	case r.Settings.guides():
		return errors.New("guidance takes two sequences for each text, and an engine has one: call Generate")
	case len(r.Prompt.Tokens) == 0:
		return errors.New("the prompt has no tokens, want at least one")
	case room > 0 && len(r.Prompt.Tokens) > room:
		return fmt.Errorf("the prompt has %d tokens, and the model reads %d: shorten it", len(r.Prompt.Tokens), room)
	}
	if one, ok := e.stepper.(*reader); ok {
		if err := one.checkSource(r.Prompt.Source); err != nil {
			return err
		}
	}
	for _, id := range r.Prompt.Tokens {
		if v := e.gen.Model.Common().Vocab; id < 0 || id >= v {
			return fmt.Errorf("the prompt has token %d: the vocabulary has %d, from 0", id, v)
		}
	}
	return nil
}

// signal wakes the engine if it waits.
func (e *Engine) signal() {
	select {
	case e.wake <- struct{}{}:
	default:
	}
}

// Run generates until ctx ends, or a failure of the model, which it returns. Requests that are not
// complete then get the error.
func (e *Engine) Run(ctx context.Context) (err error) {
	defer e.gen.hold()()
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the engine failed: %v", r)
		}
		e.close(err)
	}()
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		e.sweep()
		if err := e.admit(); err != nil {
			return err
		}
		if e.busy == 0 && e.intake.empty() {
			select {
			case <-e.wake:
			case <-ctx.Done():
			}
			continue
		}
		if err := e.read(); err != nil {
			return err
		}
		if err := e.step(); err != nil {
			return err
		}
	}
}

// close ends all requests with an error.
func (e *Engine) close(err error) {
	e.mu.Lock()
	e.closed = errors.Join(ErrClosed, err)
	left := e.waiting
	e.waiting = nil
	e.mu.Unlock()
	left = append(left, e.intake.all()...)
	for _, j := range append(left, e.rows...) {
		if j != nil {
			j.end(err)
		}
	}
	e.Counts.Waiting.Store(0)
	e.Counts.Busy.Store(0)
}

// sweep ends the requests whose context has ended or whose time is up, wherever they are.
func (e *Engine) sweep() {
	now := time.Now()
	e.mu.Lock()
	kept := e.waiting[:0]
	var gone []*job
	for _, j := range e.waiting {
		if j.over(now) {
			gone = append(gone, j)
		} else {
			kept = append(kept, j)
		}
	}
	clear(e.waiting[len(kept):])
	e.waiting = kept
	e.mu.Unlock()
	for _, j := range append(gone, e.intake.drop(now)...) {
		j.end(nil)
	}
	for i, j := range e.rows {
		if j != nil && j.over(now) {
			e.leave(i)
		}
	}
}

// admit begins to read the prompts of requests that wait, as long as there are sequences for them.
func (e *Engine) admit() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	for at := 0; at < len(e.waiting) && e.busy+len(e.intake.all()) < len(e.rows); {
		took, err := e.intake.take(e.waiting[at], len(e.waiting))
		if err != nil {
			return err
		}
		if !took {
			at++
			continue
		}
		e.Counts.Shared.Add(int64(e.waiting[at].response.Cached))
		e.waiting = append(e.waiting[:at], e.waiting[at+1:]...)
	}
	e.Counts.Waiting.Store(int64(len(e.waiting)))
	return nil
}

// read reads a piece of the prompts, and has those that are complete join the batch.
func (e *Engine) read() error {
	ready, read, err := e.intake.read()
	e.Counts.Read.Add(int64(read))
	if err != nil {
		return err
	}
	for _, j := range ready {
		if j.scorer != nil && j.failed == nil && j.Emit != nil {
			j.Emit(Piece{Scores: j.scores})
		}
		if j.c.reason != "" || j.failed != nil { // only its prompt is scored
			j.end(j.failed)
			continue
		}
		i := 0
		for e.rows[i] != nil {
			i++
		}
		if err := e.intake.move(j, i); err != nil {
			return err
		}
		e.rows[i], e.busy = j, e.busy+1
		e.Counts.Busy.Store(int64(e.busy))
		e.choose([]*job{j}, j.logits)
		e.settle(i)
	}
	return nil
}

// Context returns the most tokens of a prompt, or 0 if there is no limit.
func (e *Engine) Context() int { return e.stepper.Room() }
