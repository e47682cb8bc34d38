package generation

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"euryale/data/task"
	"euryale/data/tokenizer"
	"euryale/internal/kernel/parallel"
	"euryale/layers/graph"
	"euryale/models"
)

// Generator generates continuations of prompts. It keeps the steppers that it has built, and
// is for one goroutine at a time.
type Generator struct {
	Model     models.Model
	Weights   *graph.Weights // of Model's graph; a models.Predictor needs none
	Tokenizer tokenizer.Tokenizer
	Format    *task.Format // of the task the model was trained on; nil: plain text
	End       []int        // tokens that end a text

	steppers map[int]Stepper // by number of sequences
}

// String returns the model's type and the tokenizer in a line.
func (g *Generator) String() string {
	return fmt.Sprintf("generator of %T, %d values; tokenizer %s, %d ids", g.Model, g.Weights.Count(), g.Tokenizer.Kind(), g.Tokenizer.Vocab())
}

// Prompt is what a continuation continues.
type Prompt struct {
	Text   string // as the user wrote it
	Tokens []int  // as the model reads it; at least one
	Source []int  // what the encoder reads, if the model has one
}

// Result is one continuation.
type Result struct {
	Prompt       string    `json:"prompt"`
	Text         string    `json:"text"` // the continuation alone
	Tokens       []int     `json:"tokens"`
	Logprobs     []float64 `json:"logprobs,omitempty"` // of each token under the model, in nats
	FinishReason string    `json:"finish_reason"`      // see the constants
	Seed         uint64    `json:"seed"`
	Index        int       `json:"index"`
}

// Why a continuation ended.
const (
	ReasonLength      = "length"      // it has Settings.Tokens tokens
	ReasonStop        = "stop"        // a stop text followed
	ReasonEnd         = "end"         // the model ended it
	ReasonExhausted   = "exhausted"   // bans and Settings.NoRepeat left no token to choose
	ReasonInterrupted = "interrupted" // the context ended
	ReasonFailed      = "failed"      // an error, which is returned with the results
	ReasonRestored    = "restored"    // of Restore: it is a prompt with its hidden tokens restored
)

// Start is the token that a text begins with when nothing else does: the tokenizer's
// begin or end token, a line break, or the first id.
func Start(tk tokenizer.Tokenizer) int {
	if id, ok := tk.Begin(); ok {
		return id
	}
	for _, name := range []string{"<|begin|>", "<s>", "<|end|>", "<|endoftext|>"} {
		if id, ok := tk.Special(name); ok {
			return id
		}
	}
	if ids, err := tk.Encode("\n"); err == nil && len(ids) == 1 {
		return ids[0]
	}
	return 0
}

// Plain is the prompt of a language model: the text itself. An empty text starts from
// Start.
func Plain(tk tokenizer.Tokenizer, text string) (Prompt, error) {
	ids, err := tk.Encode(text)
	if err != nil {
		return Prompt{}, fmt.Errorf("prompt: %w", err)
	}
	if len(ids) == 0 {
		ids = []int{Start(tk)}
	}
	return Prompt{Text: text, Tokens: ids}, nil
}

// Prompt returns what the model reads of a text, in the form of the task it was trained on.
func (g *Generator) Prompt(text string) (Prompt, error) {
	if g.Format == nil || g.Format.End() < 0 && g.Format.Mask() < 0 {
		return Plain(g.Tokenizer, text)
	}
	ids, err := g.Format.Prompt(text)
	if err != nil {
		return Prompt{}, fmt.Errorf("prompt: %w", err)
	}
	source, err := g.Format.Source(text)
	if err != nil {
		return Prompt{}, fmt.Errorf("source: %w", err)
	}
	return Prompt{Text: text, Tokens: ids, Source: source}, nil
}

// PromptCut is Prompt, except that a text that is too long is cut, as the rows of a table
// are in training, and not refused.
func (g *Generator) PromptCut(text string) (Prompt, error) {
	if g.Format == nil {
		return g.Prompt(text)
	}
	whole, cut := g.Format, *g.Format
	cut.Cut = true
	g.Format = &cut
	defer func() { g.Format = whole }()
	return g.Prompt(text)
}

// Generate generates n continuations side by side. Stream, if it is not nil, gets each
// piece of text as it becomes certain. When ctx ends or the model fails, Generate returns
// what there is, with the error.
func (g *Generator) Generate(ctx context.Context, p Prompt, s Settings, n int, stream func(index int, piece string)) ([]Result, error) {
	if n < 1 {
		return nil, fmt.Errorf("%d continuations, want at least one", n)
	}
	if s.Beams > 1 {
		defer g.hold()()
		return g.search(ctx, p, s, n)
	}
	return g.Each(ctx, slices.Repeat([]Prompt{p}, n), s, stream)
}

// Each generates one continuation of each prompt, side by side.
func (g *Generator) Each(ctx context.Context, prompts []Prompt, s Settings, stream func(index int, piece string)) ([]Result, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	all := make([]*continuation, len(prompts))
	for i, p := range prompts {
		if len(p.Tokens) == 0 {
			return nil, fmt.Errorf("prompt %d has no tokens, want at least one", i)
		}
		all[i] = g.newContinuation(p, s, i, stream)
	}
	defer g.hold()()
	stepper, logits, err := g.start(prompts)
	if err != nil {
		return nil, err
	}
	err = decode(ctx, stepper, all, logits)
	results := make([]Result, len(all))
	for i, c := range all {
		if c.reason == "" {
			c.reason = reasonOf(ctx)
		}
		results[i] = c.finish()
	}
	return results, err
}

// reasonOf returns why a continuation ended before its time.
func reasonOf(ctx context.Context) string {
	if ctx.Err() != nil {
		return ReasonInterrupted
	}
	return ReasonFailed
}

// hold holds the weights until the caller calls release.
func (g *Generator) hold() (release func()) {
	if g.Weights == nil {
		return func() {}
	}
	g.Weights.Hold()
	return g.Weights.Release
}

// decode samples tokens until every continuation has ended.
func decode(ctx context.Context, s Stepper, all []*continuation, logits []float32) error {
	ids := make([]int, len(all))
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		choose(all, logits)
		busy := false
		for i, c := range all {
			ids[i] = -1
			if errors.Is(c.err, errNoToken) {
				c.reason = ReasonExhausted
			}
			if c.reason != "" {
				continue
			}
			if c.err != nil {
				return fmt.Errorf("continuation %d: %w", i, c.err)
			}
			if c.accept(); c.reason == "" {
				ids[i], busy = c.next, true
			}
		}
		if !busy {
			return nil
		}
		var err error
		if logits, err = s.Step(ids); err != nil {
			return err
		}
	}
}

// choose samples the next token of every continuation that has not ended, several at once
// where threads are idle.
func choose(all []*continuation, logits []float32) {
	v := len(logits) / len(all)
	parallel.Each(len(all), func(i int) {
		if c := all[i]; c.reason == "" {
			c.next, c.logprob, c.err = c.sampler.next(logits[i*v:(i+1)*v], c.seen, c.banned()...)
		}
	})
}

// continuation is a text while it is generated.
type continuation struct {
	*ending
	result  Result
	sampler *sampler
	seen    []int // prompt and continuation
	ids     []int
	stream  func(index int, piece string)
	out     strings.Builder

	next    int // the token chosen last
	logprob float64
	err     error
}

func (g *Generator) newContinuation(p Prompt, s Settings, index int, stream func(int, string)) *continuation {
	return &continuation{ending: g.newEnding(p, s), result: Result{Prompt: p.Text, Seed: s.Seed, Index: index}, sampler: newSampler(s, index),
		seen: append([]int(nil), p.Tokens...), stream: stream}
}

// accept makes the token chosen part of the text.
func (c *continuation) accept() {
	shown := c.push(c.next)
	if c.reason == ReasonEnd {
		return
	}
	c.ids, c.seen = append(c.ids, c.next), append(c.seen, c.next)
	c.result.Logprobs = append(c.result.Logprobs, c.logprob)
	c.emit(shown)
}

func (c *continuation) emit(text string) {
	c.out.WriteString(text)
	if text != "" && c.stream != nil {
		c.stream(c.result.Index, text)
	}
}

func (c *continuation) finish() Result {
	c.emit(c.flush())
	r := c.result
	r.Text, r.Tokens, r.FinishReason = c.out.String(), c.ids, c.reason
	if r.Tokens == nil {
		r.Tokens = []int{}
	}
	return r
}
