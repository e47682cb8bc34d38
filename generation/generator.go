package generation

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"euryale/data/task"
	"euryale/data/tokenizer"
	"euryale/internal/ranks"
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

	Ensemble    []*Generator // models whose probabilities are averaged with this one's; their tokenizers and tasks are the same
	Speculation *Speculation // how tokens are guessed; nil: not at all
	Ranks       ranks.Group  // that share the work of Score; nil: this process alone

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
	Note   string // what was left out of the source or the dialogue; empty: nothing

	Unknown []string // words that the tokens of unknown words stand for in a continuation: see tokenizer.WithUnknowns
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

	Offsets [][2]int `json:"offsets,omitempty"` // of each token: its first byte in Text, and the one after its last
	Steps   []Step   `json:"steps,omitempty"`   // of each token, with Settings.TopLogprobs

	ExhaustedBy    string  `json:"exhausted_by,omitempty"`    // the processor that left no token, if FinishReason is ReasonExhausted
	ConstraintCost float64 `json:"constraint_cost,omitempty"` // −log of the probability of the tokens that constraints left, summed over the steps

	Speculation *Speculated `json:"speculation,omitempty"` // nil: tokens were not guessed

	mean float64 // log-probability of a token, the end token's included
}

// Why a continuation ended.
const (
	ReasonLength      = "length"      // it has Settings.Tokens tokens
	ReasonStop        = "stop"        // a stop text followed
	ReasonEnd         = "end"         // the model ended it
	ReasonExhausted   = "exhausted"   // bans and Settings.NoRepeat left no token to choose
	ReasonTime        = "time"        // Settings.MaxTime is over
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

// Prompt returns what the model reads of a text, in the form of the task it was trained on. Of a dialogue these are
// the last turns that fit; the prompt's note says so.
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
	unknown, err := g.Format.UnknownWords(text)
	if err != nil {
		return Prompt{}, fmt.Errorf("source: %w", err)
	}
	return Prompt{Text: text, Tokens: ids, Source: source, Unknown: unknown, Note: g.Format.CutNote(text)}, nil
}

// PromptCut is Prompt, except that a text that is too long is cut, as the rows of a table
// are in training, and not refused. The prompt's note says so.
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

// Generate generates n continuations of a prompt by the strategy of the settings. Stream, if it is not nil,
// gets each piece of text as it becomes certain, unless the strategy chooses among finished texts.
// When ctx ends or the model fails, Generate returns what there is, with the error.
func (g *Generator) Generate(ctx context.Context, p Prompt, s Settings, n int, stream func(index int, piece string)) ([]Result, error) {
	if n < 1 {
		return nil, fmt.Errorf("%d continuations, want at least one", n)
	}
	if err := s.Check(); err != nil {
		return nil, err
	}
	limited, inTime := s.within(ctx)
	rs, err := s.strategy().Decode(limited, g, p, s, n, stream)
	if err = inTime(err); err == nil && s.TopLogprobs > 0 {
		err = g.traceAll(ctx, p, s, rs)
	}
	return rs, err
}

// errTimeUp is the cause with which a context ends after Settings.MaxTime.
var errTimeUp = errors.New("the time is up")

// within returns a context that ends after MaxTime, and a function that releases it, and returns the error of
// what was done in it: none if the time was up, which is a way for a text to end.
func (s Settings) within(ctx context.Context) (limited context.Context, inTime func(error) error) {
	if s.MaxTime == 0 {
		return ctx, func(err error) error { return err }
	}
	limited, release := context.WithTimeoutCause(ctx, s.MaxTime, errTimeUp)
	return limited, func(err error) error {
		defer release()
		if errors.Is(err, context.DeadlineExceeded) && context.Cause(limited) == errTimeUp {
			return nil
		}
		return err
	}
}

// Each generates one continuation of each prompt, side by side: greedy or sampled.
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
	ctx, inTime := s.within(ctx)
	begun, err := g.decode(ctx, all, s)
	if !begun && reasonOf(ctx) != ReasonTime {
		return nil, inTime(err)
	}
	results := make([]Result, len(all))
	for i, c := range all {
		if c.reason == "" {
			c.reason = reasonOf(ctx)
		}
		results[i] = c.finish()
	}
	return results, inTime(err)
}

// decode generates continuations side by side. It reports whether their prompts were read.
func (g *Generator) decode(ctx context.Context, all []*continuation, s Settings) (begun bool, err error) {
	stepper, err := g.decoder(s, len(all))
	if err != nil {
		return false, err
	}
	spec, err := g.speculator(stepper, len(all))
	if err != nil {
		return false, err
	}
	left := all
	b := &batch{stepper: stepper, spec: spec, rows: make([]*continuation, len(all)), done: func(*continuation) error { return nil }}
	b.next = func() (c *continuation, err error) {
		if len(left) == 0 {
			return nil, io.EOF
		}
		c, left = left[0], left[1:]
		return c, nil
	}
	err = b.run(ctx)
	return err == nil || b.begun, err
}

// reasonOf returns why a continuation ended before its time.
func reasonOf(ctx context.Context) string {
	switch {
	case context.Cause(ctx) == errTimeUp:
		return ReasonTime
	case ctx.Err() != nil:
		return ReasonInterrupted
	}
	return ReasonFailed
}

// hold holds the weights of all models until the caller calls release.
func (g *Generator) hold() (release func()) {
	var held []func()
	if g.Weights != nil {
		g.Weights.Hold()
		held = append(held, g.Weights.Release)
	}
	for _, other := range g.Ensemble {
		held = append(held, other.hold())
	}
	if g.Speculation != nil && g.Speculation.Draft != nil {
		held = append(held, g.Speculation.Draft.hold())
	}
	return func() {
		for _, release := range held {
			release()
		}
	}
}

// continuation is a text while it is generated.
type continuation struct {
	*ending
	prompt  Prompt
	result  Result
	sampler *sampler
	seen    []int // prompt and continuation
	ids     []int
	stream  func(index int, piece string)
	out     strings.Builder

	tokenizer tokenizer.Tokenizer
	until     time.Time // when it ends at the latest; zero: whenever it does

	next    int // the token chosen last
	logprob float64
	sum     float64   // of the log-probabilities, the end token's included
	logits  []float32 // (V) that the token was chosen from
	err     error
}

func (g *Generator) newContinuation(p Prompt, s Settings, index int, stream func(int, string)) *continuation {
	c := &continuation{ending: g.newEnding(p, s), prompt: p, result: Result{Prompt: p.Text, Seed: s.Seed, Index: index}, sampler: newSampler(s, p, g.End, index),
		seen: append([]int(nil), p.Tokens...), stream: stream, tokenizer: g.Tokenizer}
	if g.Speculation != nil {
		c.result.Speculation = &Speculated{}
	}
	return c
}

// accept makes the token chosen part of the text.
func (c *continuation) accept() {
	if s := c.sampler; s.Observe != nil {
		s.Observe(Observation{Index: c.result.Index, Token: c.next, Logits: c.logits, LogSum: s.c.model, Cuts: s.cuts})
	}
	c.sum += c.logprob
	c.result.ConstraintCost -= c.sampler.c.constraint
	shown := c.push(c.next)
	if c.reason == ReasonEnd {
		return
	}
	if c.sampler.chain.accept(c.next) && c.reason == "" {
		c.reason = ReasonEnd
	}
	if n := c.settings.TopLogprobs; n > 0 {
		c.result.Steps = append(c.result.Steps, c.sampler.step(c.tokenizer, c.logits, c.next, n))
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
	r.Offsets = c.offsetsIn(len(r.Text))
	if n := len(c.ids); c.sum != 0 {
		if c.reason == ReasonEnd && len(r.Logprobs) == n {
			n++
		}
		r.mean = c.sum / float64(n)
	}
	if r.Tokens == nil {
		r.Tokens = []int{}
	}
	return r
}
