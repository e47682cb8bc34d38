package generation

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"euryale/data/task"
	"euryale/data/tokenizer"
	"euryale/layers/graph"
	"euryale/models"
)

// Restore puts the model's most likely token in place of each hidden one of the prompt, all
// at once, each as if the others stayed hidden. It is for models of data.task "mask", whose
// prompts hide tokens behind "<|mask|>". Text and Tokens of the result are the whole text,
// Logprobs those of the restored tokens. Text is that of the prompt with the masks replaced.
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
	var restored []int
	logits, v, s := program.Value("logits"), g.Model.Common().Vocab, newSampler(Settings{Ban: []int{g.Format.Mask()}}, p, nil, 0)
	for i, id := range p.Tokens {
		if id != g.Format.Mask() {
			continue
		}
		best, logprob, err := s.next(logits[i*v:(i+1)*v], nil)
		if err != nil {
			return Result{}, err
		}
		r.Tokens[i], r.Logprobs = best, append(r.Logprobs, logprob)
		restored = append(restored, best)
	}
	if p.Text != "" {
		r.Text = g.fill(p.Text, restored)
		return r, nil
	}
	r.Text, err = g.Tokenizer.Decode(r.Tokens)
	return r, err
}

// fill puts the pieces of tokens in place of the masks of a text. If words are encoded with the space
// before them, that space is omitted at the start of the text and after white space.
func (g *Generator) fill(text string, tokens []int) string {
	joined := tokenizer.JoinsSpaces(g.Tokenizer)
	var b strings.Builder
	for i, plain := range strings.Split(text, task.MaskToken) {
		if i > 0 {
			piece := string(g.Tokenizer.Piece(tokens[i-1]))
			before := b.String()
			if joined && (before == "" || strings.ContainsAny(before[len(before)-1:], " \t\n")) {
				piece = strings.TrimPrefix(piece, " ")
			}
			b.WriteString(piece)
		}
		b.WriteString(plain)
	}
	return b.String()
}
