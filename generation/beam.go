package generation

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"euryale/internal/kernel/parallel"
)

// hypothesis is a continuation that beam search has reached.
type hypothesis struct {
	ids      []int
	logprobs []float64 // of each token under the model
	sum      float64   // of the log-probabilities, the end token's included
	score    float64   // sum over length to the power of the length penalty
	reason   string    // why it ended; "" while it has not
	by       string    // the processor that left no token
	chain    Chain     // with the states of this hypothesis
	cost     float64   // of constraints, as Result.ConstraintCost
}

// step is a way to lengthen a hypothesis.
type step struct {
	from, id   int // the hypothesis, and the token added to it
	logprob    float64
	sum, score float64
	cost       float64 // of constraints at this step
}

// BeamSearch finds the most likely continuations with a beam search of width Settings.Beams (Sutskever,
// Vinyals and Le 2014, https://arxiv.org/abs/1409.3215, §3.2): at each token the best hypotheses are
// continued, and one that ends makes room for another.
type BeamSearch struct{}

// Name returns "beam".
func (BeamSearch) Name() string { return "beam" }

// Decode returns the n best hypotheses that ended, the best first. It does not stream.
func (BeamSearch) Decode(ctx context.Context, g *Generator, p Prompt, s Settings, n int, _ func(index int, piece string)) ([]Result, error) {
	if n > s.Beams {
		return nil, fmt.Errorf("%d continuations of %d beams, want at most as many", n, s.Beams)
	}
	defer g.hold()()
	b := &beam{Generator: g, Settings: s, prompt: p}
	for i := range s.Beams {
		b.scorers = append(b.scorers, newSampler(s, p, g.End, i))
	}
	err := b.run(ctx)
	for _, h := range b.alive { // those that an error ended, if any
		if err != nil {
			h.reason = reasonOf(ctx)
			b.done = append(b.done, h)
		}
	}
	return b.results(n), err
}

// beam is the state of a search.
type beam struct {
	*Generator
	Settings
	prompt  Prompt
	scorers []*sampler   // of each beam
	alive   []hypothesis // one for each sequence of the stepper, the best first; fewer at the beginning
	done    []hypothesis
}

func (b *beam) run(ctx context.Context) error {
	stepper, logits, err := b.start(slices.Repeat([]Prompt{b.prompt}, b.Beams))
	if err != nil {
		return err
	}
	b.alive = []hypothesis{{chain: b.scorers[0].chain}}
	if b.Tokens == 0 {
		b.done = []hypothesis{{reason: ReasonLength}}
		return nil
	}
	for length := 1; len(b.alive) > 0; length++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		steps, err := b.steps(logits, length)
		if err != nil {
			return err
		}
		parents, ids := b.advance(steps)
		if b.settled() {
			return nil
		}
		if err := stepper.Reorder(parents); err != nil {
			return err
		}
		if logits, err = stepper.Step(ids); err != nil {
			return err
		}
	}
	return nil
}

// steps returns the best ways to lengthen the hypotheses, the best first: twice as many as
// there are beams, since as many may end. A hypothesis that no token can follow has ended.
func (b *beam) steps(logits []float32, length int) ([]step, error) {
	v := len(logits) / b.Beams
	best := make([][]step, len(b.alive))
	errs := make([]error, len(b.alive))
	parallel.Each(len(b.alive), func(i int) {
		best[i], errs[i] = b.stepsFrom(i, logits[i*v:(i+1)*v], length)
	})
	for i, h := range b.alive {
		if none := (*NoTokenError)(nil); errors.As(errs[i], &none) {
			h.reason, h.by, errs[i] = ReasonExhausted, none.Processor, nil
			b.done = append(b.done, h)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	all := slices.Concat(best...)
	slices.SortFunc(all, func(x, y step) int {
		return cmp.Or(cmp.Compare(y.sum, x.sum), cmp.Compare(x.from, y.from), cmp.Compare(x.id, y.id))
	})
	return all[:min(len(all), 2*b.Beams)], nil
}

// stepsFrom returns the best ways to lengthen one hypothesis.
func (b *beam) stepsFrom(from int, logits []float32, length int) ([]step, error) {
	h, s := b.alive[from], b.scorers[from]
	s.chain = h.chain
	if err := s.process(logits, append(slices.Clone(b.prompt.Tokens), h.ids...)); err != nil {
		return nil, err
	}
	var all []step
	for _, c := range largest(nil, s.c.Logits, 2*b.Beams) {
		if c.p != never {
			sum := h.sum + float64(c.p) - s.c.model
			all = append(all, step{from, int(c.id), float64(logits[c.id]) - s.c.model, sum, b.score(sum, length), s.c.constraint})
		}
	}
	return all, nil
}

func (b *beam) score(sum float64, length int) float64 {
	return sum / math.Pow(float64(length), b.LengthPenalty)
}

// advance takes the best steps. It returns which hypothesis each one that continues comes
// from, and the token that it adds; −1 in sequences that are free.
func (b *beam) advance(steps []step) (parents, ids []int) {
	var next []hypothesis
	parents, ids = make([]int, b.Beams), padding(b.Beams)
	for _, st := range steps {
		if len(next) == b.Beams {
			break
		}
		from := b.alive[st.from]
		h := hypothesis{ids: from.ids, logprobs: from.logprobs, sum: st.sum, score: st.score, chain: from.chain, cost: from.cost - st.cost}
		if slices.Contains(b.End, st.id) {
			h.reason = ReasonEnd
			b.done = append(b.done, h)
			continue
		}
		h.ids, h.logprobs = append(slices.Clone(from.ids), st.id), append(slices.Clone(from.logprobs), st.logprob)
		_, h.reason = b.newEnding(b.prompt, b.Settings).read(h.ids)
		h.chain = from.chain.clone()
		if h.chain.accept(st.id) && h.reason == "" {
			h.reason = ReasonEnd
		}
		if h.reason != "" {
			b.done = append(b.done, h)
			continue
		}
		parents[len(next)], ids[len(next)] = st.from, st.id
		next = append(next, h)
	}
	b.alive = next
	return parents, ids
}

// settled reports whether no hypothesis that continues can beat the worst of the best that
// have ended. A longer one has a smaller sum, but a penalty may favour length.
func (b *beam) settled() bool {
	if len(b.alive) == 0 {
		return true
	}
	if len(b.done) < b.Beams {
		return false
	}
	b.sortDone()
	return b.score(b.alive[0].sum, b.Tokens) <= b.done[b.Beams-1].score
}

func (b *beam) sortDone() {
	slices.SortStableFunc(b.done, func(x, y hypothesis) int { return cmp.Compare(y.score, x.score) })
}

func (b *beam) results(n int) []Result {
	b.sortDone()
	var rs []Result
	for i, h := range b.done[:min(n, len(b.done))] {
		e := b.newEnding(b.prompt, b.Settings)
		text, _ := e.read(h.ids)
		text += e.flush()
		rs = append(rs, Result{Prompt: b.prompt.Text, Text: text, Tokens: append([]int{}, h.ids...), Logprobs: h.logprobs, FinishReason: h.reason, Seed: b.Seed, Index: i,
			ExhaustedBy: h.by, ConstraintCost: h.cost, Offsets: e.offsetsIn(len(text))})
	}
	return rs
}
