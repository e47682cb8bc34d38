package generation

import (
	"context"
	"errors"
	"fmt"
	"time"

	"euryale/internal/kernel/parallel"
)

// job is a request while an engine works on it.
type job struct {
	*Request
	ctx      context.Context
	c        *continuation
	response Response
	piece    Piece // that has not been emitted
	steps    int   // of the result, those that have been put into a piece

	slot   int       // of the intake, that reads the prompt
	unread []int     // tokens of the prompt
	logits []float32 // (V) after the prompt
	scorer *sampler  // nil: the prompt is not scored
	scores []Step
	failed error // of the scores
}

func newJob(ctx context.Context, g *Generator, r *Request) *job {
	s := r.Settings
	if _, greedy := s.strategy().(Greedy); greedy {
		s.Temperature = 0
	}
	j := &job{Request: r, ctx: ctx}
	j.c = g.newContinuation(r.Prompt, s, r.Index, func(_ int, text string) { j.piece.Text += text })
	if s.MaxTime > 0 {
		j.c.until = time.Now().Add(s.MaxTime)
	}
	if r.Scores >= 0 {
		j.scores = []Step{}
		j.scorer = newSampler(Settings{TopLogprobs: r.Scores}, r.Prompt, nil, 0)
	}
	return j
}

// over reports whether the request ends before its text does, and why.
func (j *job) over(now time.Time) bool {
	switch {
	case j.ctx.Err() != nil:
		j.c.reason = ReasonInterrupted
	case !j.c.until.IsZero() && now.After(j.c.until):
		j.c.reason = ReasonTime
	default:
		return false
	}
	return true
}

// emit emits the text that is certain, and the tokens that it completes. All says that the text ends.
func (j *job) emit(all bool) {
	steps, offsets, end := j.c.result.Steps, j.c.offsets, j.c.out.Len()
	for ; j.steps < len(steps) && (offsets[j.steps][1] <= end || all && offsets[j.steps][0] < end); j.steps++ {
		o := offsets[j.steps]
		j.piece.Steps = append(j.piece.Steps, steps[j.steps])
		j.piece.Offsets = append(j.piece.Offsets, [2]int{o[0], min(o[1], end)})
	}
	if j.Emit != nil && (j.piece.Text != "" || len(j.piece.Steps) > 0) {
		j.Emit(j.piece)
	}
	j.piece = Piece{}
}

// end gives the response: that the text is complete, or err.
func (j *job) end(err error) {
	if err == nil {
		err = j.ctx.Err()
	}
	if err != nil {
		j.Done(Response{}, err)
		return
	}
	j.response.Result = j.c.finish()
	j.emit(true)
	j.Done(j.response, nil)
}

// score makes n tokens of the prompt, from that at place at on, part of the scores. Logits (n, V) follow
// each of them.
func (j *job) score(g *Generator, at, n int, logits []float32) error {
	ids := j.Prompt.Tokens
	v := g.Model.Common().Vocab
	for i := range min(n, len(ids)-1-at) {
		l := logits[i*v : (i+1)*v]
		if err := j.scorer.process(l, nil); err != nil {
			return err
		}
		j.scores = append(j.scores, j.scorer.step(g.Tokenizer, l, ids[at+i+1], j.Scores))
	}
	return nil
}

// step reads a token of each text and chooses the next.
func (e *Engine) step() error {
	if e.busy == 0 {
		return nil
	}
	logits, err := e.stepper.Step(e.ids)
	if err != nil {
		return err
	}
	e.Counts.Steps.Add(1)
	e.choose(e.rows, logits)
	for i, j := range e.rows {
		if j != nil {
			e.settle(i)
		}
	}
	return nil
}

// choose samples the next token of every job, several at once where threads are idle. A processor that
// panics ends its own job.
func (e *Engine) choose(jobs []*job, logits []float32) {
	v := len(logits) / len(jobs)
	parallel.Each(len(jobs), func(i int) {
		if jobs[i] == nil {
			return
		}
		c := jobs[i].c
		defer func() {
			if r := recover(); r != nil {
				c.err = fmt.Errorf("a processor failed: %v", r)
			}
		}()
		c.logits = logits[i*v : (i+1)*v]
		c.next, c.logprob, c.err = c.sampler.next(c.logits, c.seen)
	})
}

// settle makes the token chosen for row i part of its text, which may end with it.
func (e *Engine) settle(i int) {
	j := e.rows[i]
	none := (*NoTokenError)(nil)
	switch {
	case errors.As(j.c.err, &none):
		j.c.reason, j.c.result.ExhaustedBy = ReasonExhausted, none.Processor
	case j.c.err != nil:
		e.free(i)
		j.end(j.c.err)
		return
	default:
		e.Counts.Generated.Add(1)
		j.c.accept()
	}
	e.ids[i] = j.c.next
	if j.c.reason != "" {
		e.leave(i)
		return
	}
	j.emit(false)
}

// leave ends the request in row i.
func (e *Engine) leave(i int) {
	j := e.rows[i]
	if j.Continues {
		e.intake.keep(i)
	}
	e.free(i)
	j.end(nil)
}

func (e *Engine) free(i int) {
	e.rows[i], e.ids[i], e.busy = nil, -1, e.busy-1
	e.Counts.Busy.Store(int64(e.busy))
}
