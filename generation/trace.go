package generation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"

	"euryale/data/tokenizer"
)

// Step is what is known of a token of a continuation. Log-probabilities and entropies are in nats.
type Step struct {
	Token   int           `json:"id"`
	Piece   string        `json:"text"`         // of the token by itself, which may be a part of a character
	Logprob float64       `json:"logprob"`      // under the model
	Score   float64       `json:"score"`        // log-probability in the distribution that the processors leave; −Inf, in JSON null: they cut the token
	Rank    int           `json:"rank"`         // 1: the model's most likely token
	Entropy float64       `json:"entropy"`      // of the model's distribution
	Top     []Alternative `json:"top_logprobs"` // the model's most likely tokens, the most likely first
	Cuts    []Cut         `json:"processors"`   // what each processor took from the distribution, in their order
}

// Alternative is a token that could have been chosen, with logprob and score as those of Step.
type Alternative struct {
	Token   int     `json:"id"`
	Piece   string  `json:"text"`
	Logprob float64 `json:"logprob"`
	Score   float64 `json:"score"`
}

// MarshalJSON returns an object in which a score of −Inf is null.
func (s Step) MarshalJSON() ([]byte, error) {
	type plain Step // without this method
	return json.Marshal(struct {
		plain
		Score *float64 `json:"score"`
	}{plain(s), orNull(s.Score)})
}

// MarshalJSON returns an object in which a score of −Inf is null.
func (a Alternative) MarshalJSON() ([]byte, error) {
	type plain Alternative
	return json.Marshal(struct {
		plain
		Score *float64 `json:"score"`
	}{plain(a), orNull(a.Score)})
}

func orNull(x float64) *float64 {
	if math.IsInf(x, 0) {
		return nil
	}
	return &x
}

// step returns what is known of a token that follows logits, of which the processors left s.c, with the n
// most likely tokens.
func (s *sampler) step(tk tokenizer.Tokenizer, logits []float32, id, n int) Step {
	left := logSum(s.c.Logits)
	logprob := func(id int) float64 { return float64(logits[id]) - s.c.model }
	score := func(id int) float64 { return float64(s.c.Logits[id]) - left }
	st := Step{Token: id, Piece: string(tk.Piece(id)), Logprob: logprob(id), Score: score(id), Rank: 1, Top: []Alternative{}, Cuts: slices.Clone(s.cuts)}
	for i, l := range logits {
		if l > logits[id] || l == logits[id] && i < id {
			st.Rank++
		}
		if p := logprob(i); l != never {
			st.Entropy -= p * math.Exp(p)
		}
	}
	if n == 0 {
		return st
	}
	top := largest(nil, logits, n)
	slices.SortFunc(top, func(a, b choice) int {
		if a.before(b) {
			return -1
		}
		return 1
	})
	for _, t := range top {
		if id := int(t.id); t.p != never {
			st.Top = append(st.Top, Alternative{id, string(tk.Piece(id)), logprob(id), score(id)})
		}
	}
	return st
}

// logSum returns the logarithm of the softmax denominator of logits.
func logSum(logits []float32) float64 {
	top, sum := float64(logits[argmax(logits)]), 0.0
	for _, l := range logits {
		sum += math.Exp(float64(l) - top)
	}
	return top + math.Log(sum)
}

// Trace reads a continuation of a prompt token by token, whoever wrote it, and returns for each token what
// the model and the processors of the settings make of it, with the n most likely tokens.
func (g *Generator) Trace(ctx context.Context, p Prompt, tokens []int, s Settings, n int) ([]Step, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	if len(p.Tokens) == 0 {
		return nil, errors.New("the prompt has no tokens, want at least one")
	}
	s.TopLogprobs, s.Tokens = n, max(s.Tokens, len(tokens))
	defer g.hold()()
	stepper, logits, err := g.start([]Prompt{p}, s)
	if err != nil {
		return nil, err
	}
	sampler, seen := newSampler(s, p, g.End, 0), slices.Clone(p.Tokens)
	var steps []Step
	for i, id := range tokens {
		if err := ctx.Err(); err != nil {
			return steps, err
		}
		if id < 0 || id >= len(logits) {
			return steps, fmt.Errorf("token %d is %d, want an id of the vocabulary, from 0 to %d", i, id, len(logits)-1)
		}
		if i > 0 {
			if logits, err = stepper.Step(tokens[i-1 : i]); err != nil {
				return steps, err
			}
		}
		err := sampler.process(logits, seen)
		if none := (*NoTokenError)(nil); err != nil && !errors.As(err, &none) {
			return steps, err
		}
		steps = append(steps, sampler.step(g.Tokenizer, logits, id, n))
		sampler.chain.accept(id)
		seen = append(seen, id)
	}
	return steps, nil
}

// traceAll gives a trace to every result without one: those of a strategy that does not choose token by token.
func (g *Generator) traceAll(ctx context.Context, p Prompt, s Settings, rs []Result) (err error) {
	for i := range rs {
		if rs[i].Steps == nil && len(rs[i].Tokens) > 0 && err == nil {
			rs[i].Steps, err = g.Trace(ctx, p, rs[i].Tokens, s, s.TopLogprobs)
		}
	}
	return err
}
