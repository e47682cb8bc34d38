package generation

import (
	"errors"
	"fmt"
	"slices"

	"euryale/layers/graph"
	"euryale/models"
)

// Restore puts the model's most likely token in place of each hidden one of the prompt, all
// at once, each as if the others stayed hidden. It is for models of data.task "mask", whose
// prompts hide tokens behind "<|mask|>". Text and Tokens of the result are the whole text,
// Logprobs those of the restored tokens.
func (g *Generator) Restore(p Prompt) (Result, error) {
	if g.Format == nil || g.Format.Mask() < 0 {
		return Result{}, errors.New("the model continues texts, and restores no hidden tokens: call Generate")
	}
	context := g.Model.Common().Context
	if len(p.Tokens) > context {
		return Result{}, fmt.Errorf("the text has %d tokens, and the model reads %d: shorten it", len(p.Tokens), context)
	}
	defer g.hold()()
	program, err := models.Score(g.Model, g.Weights, graph.Frame{B: 1, T: len(p.Tokens)}, "logits")
	if err != nil {
		return Result{}, err
	}
	if err := program.Run(graph.Feed{Tokens: p.Tokens}); err != nil {
		return Result{}, err
	}
	r := Result{Prompt: p.Text, Tokens: slices.Clone(p.Tokens), FinishReason: ReasonRestored}
	logits, v, s := program.Value("logits"), g.Model.Common().Vocab, newSampler(Settings{}, 0)
	for i, id := range p.Tokens {
		if id != g.Format.Mask() {
			continue
		}
		best, logprob, err := s.next(logits[i*v:(i+1)*v], nil, id)
		if err != nil {
			return Result{}, err
		}
		r.Tokens[i], r.Logprobs = best, append(r.Logprobs, logprob)
	}
	r.Text, err = g.Tokenizer.Decode(r.Tokens)
	return r, err
}
