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
	steps    int       // tokens chosen: ids, and an end token
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
	order      float64 // by which the best ones are chosen: sum, or a random key if beams are sampled
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
	var err error
	if s.CoveragePenalty > 0 {
		if b.cover, err = g.newCoverage(p); err != nil {
			return nil, err
		}
	}
	err = b.run(ctx)
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
	cover   *coverage // nil: no penalty
}

func (b *beam) run(ctx context.Context) error {
	stepper, logits, err := b.start(slices.Repeat([]Prompt{b.prompt}, b.Beams), b.Settings)
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
		parents, ids, err := b.advance(steps)
		if err != nil {
			return err
		}
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
			h.reason, h.by = ReasonExhausted, none.Processor
			errs[i] = b.end(h)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return firstSteps(slices.Concat(best...), 2*b.Beams), nil
}

// firstSteps returns the n steps that come first, those of the highest sum first.
func firstSteps(all []step, n int) []step {
	by := func(of func(step) float64) {
		slices.SortFunc(all, func(x, y step) int {
			return cmp.Or(cmp.Compare(of(y), of(x)), cmp.Compare(x.from, y.from), cmp.Compare(x.id, y.id))
		})
	}
	by(func(s step) float64 { return s.order })
	all = all[:min(len(all), n)]
	by(func(s step) float64 { return s.sum })
	return all
}

// stepsFrom returns the best ways to lengthen one hypothesis.
func (b *beam) stepsFrom(from int, logits []float32, length int) ([]step, error) {
	h, s := b.alive[from], b.scorers[from]
	s.chain = h.chain
	if err := s.process(logits, append(slices.Clone(b.prompt.Tokens), h.ids...)); err != nil {
		return nil, err
	}
	if b.BeamSample {
		return b.sampleFrom(from, logits, length)
	}
	var all []step
	for _, c := range largest(nil, s.c.Logits, 2*b.Beams) {
		if c.p != never {
			sum := h.sum + float64(c.p) - s.c.model
			all = append(all, step{from, int(c.id), float64(logits[c.id]) - s.c.model, sum, b.score(sum, length), sum, s.c.constraint})
		}
	}
	return all, nil
}

// sampleFrom samples ways to lengthen one hypothesis without replacement: those with the largest sums plus
// Gumbel noise (Kool, van Hoof and Welling 2019, https://arxiv.org/abs/1903.06059, §2.3). Sums add up the
// log-probabilities that the processors leave, normalised. Among all hypotheses, the steps of the largest
// keys are then a sample too: that of Hugging Face's beam sampling with renormalize_logits.
func (b *beam) sampleFrom(from int, logits []float32, length int) ([]step, error) {
	h, s := b.alive[from], b.scorers[from]
	total := s.c.total()
	if !finite(total) || total <= 0 {
		return nil, ErrNotNumbers
	}
	var all []step
	s.c.each(func(id int32, _ float32) {
		sum := h.sum + float64(s.c.Logits[id]-s.c.top) - math.Log(total)
		key := sum - math.Log(s.rng.ExpFloat64())
		all = append(all, step{from, int(id), float64(logits[id]) - s.c.model, sum, b.score(sum, length), key, s.c.constraint})
	})
	return firstSteps(all, 2*b.Beams), nil
}

func (b *beam) score(sum float64, length int) float64 {
	return sum / math.Pow(float64(length), b.LengthPenalty)
}

// advance takes the best steps. It returns which hypothesis each one that continues comes
// from, and the token that it adds; −1 in sequences that are free.
func (b *beam) advance(steps []step) (parents, ids []int, err error) {
	var next []hypothesis
	parents, ids = make([]int, b.Beams), padding(b.Beams)
	for _, st := range steps {
		if len(next) == b.Beams {
			break
		}
		from := b.alive[st.from]
		h := hypothesis{ids: from.ids, steps: from.steps + 1, logprobs: from.logprobs, sum: st.sum, score: st.score, chain: from.chain, cost: from.cost - st.cost}
		if slices.Contains(b.End, st.id) {
			h.reason = ReasonEnd
			if err := b.end(h); err != nil {
				return nil, nil, err
			}
			continue
		}
		h.ids, h.logprobs = append(slices.Clone(from.ids), st.id), append(slices.Clone(from.logprobs), st.logprob)
		_, h.reason = b.newEnding(b.prompt, b.Settings).read(h.ids)
		h.chain = from.chain.clone()
		if h.chain.accept(st.id) && h.reason == "" {
			h.reason = ReasonEnd
		}
		if h.reason != "" {
			if err := b.end(h); err != nil {
				return nil, nil, err
			}
			continue
		}
		parents[len(next)], ids[len(next)] = st.from, st.id
		next = append(next, h)
	}
	b.alive = next
	return parents, ids, nil
}

// end adds a hypothesis to those that have ended, with the coverage penalty in its score.
func (b *beam) end(h hypothesis) error {
	if b.cover != nil {
		penalty, err := b.cover.penalty(b.prompt, h)
		if err != nil {
			return err
		}
		h.score += b.CoveragePenalty * penalty
	}
	b.done = append(b.done, h)
	return nil
}

// settled reports whether the search is over: with EarlyStop once as many hypotheses as beams have ended;
// else when no hypothesis that continues can beat the worst of the best that
// have ended. A longer one has a smaller sum, but a penalty may favour length.
func (b *beam) settled() bool {
	if len(b.alive) == 0 {
		return true
	}
	if len(b.done) < b.Beams || b.EarlyStop {
		return len(b.done) >= b.Beams
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
