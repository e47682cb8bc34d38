package generation

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"euryale/data/task"
	"euryale/data/tokenizer"
	"euryale/layers/graph"
	"euryale/models"
	"euryale/models/ngram"
)

// Generator makes continuations of prompts. It keeps the programs and the memory that it
// has built, and is for one goroutine at a time.
type Generator struct {
	Model     models.Model
	Weights   *graph.Weights
	Tokenizer tokenizer.Tokenizer
	Format    *task.Format // of the task the model was trained on; nil: plain text
	End       []int        // tokens that end a text
	Counts    *ngram.Model // an n-gram model, in place of Model's graph and Weights

	readers map[int]*reader // by lanes
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
	FinishReason string    `json:"finish_reason"`      // "length", "stop" or "end"; "restored" of Restore
	Seed         uint64    `json:"seed"`
	Index        int       `json:"index"`
}

// Start is the token that a text begins with when nothing else does: the tokenizer's
// begin or end token, a line break, or the first id.
func Start(tk tokenizer.Tokenizer) int {
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

// Prompt is what the model reads of a text, in the form of the task it was trained on.
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

// Generate makes n continuations side by side. Stream, if it is not nil, gets each piece
// of text as it becomes certain. When ctx ends, what is there is returned with its error.
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

// Each makes one continuation of each prompt, side by side.
func (g *Generator) Each(ctx context.Context, prompts []Prompt, s Settings, stream func(index int, piece string)) ([]Result, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	lanes := make([]*lane, len(prompts))
	for i, p := range prompts {
		if len(p.Tokens) == 0 {
			return nil, fmt.Errorf("prompt %d has no tokens, want at least one", i)
		}
		lanes[i] = g.newLane(p, s, i, stream)
	}
	defer g.hold()()
	r, logits, err := g.start(prompts)
	if err != nil {
		return nil, err
	}
	err = g.decode(ctx, r, lanes, logits)
	results := make([]Result, len(lanes))
	for i, l := range lanes {
		results[i] = l.finish()
	}
	return results, err
}

// hold holds the weights until the function it returns is called.
func (g *Generator) hold() (release func()) {
	if g.Weights == nil {
		return func() {}
	}
	g.Weights.Hold()
	return g.Weights.Release
}

// reader is the reader of so many lanes, all of them empty.
func (g *Generator) reader(lanes int) (*reader, error) {
	if r := g.readers[lanes]; r != nil {
		r.reset()
		return r, nil
	}
	r, err := newReader(g.Model, g.Weights, lanes, models.SourceOf(g.Model))
	if err != nil {
		return nil, err
	}
	if g.readers == nil {
		g.readers = map[int]*reader{}
	}
	g.readers[lanes] = r
	return r, nil
}

// read gives each lane its prompt, and returns the logits of what follows. A prompt like
// the one before is not read again.
func (g *Generator) read(prompts []Prompt) (*reader, []float32, error) {
	one, err := g.reader(1)
	if err != nil {
		return nil, nil, err
	}
	r := one
	if len(prompts) > 1 {
		if r, err = g.reader(len(prompts)); err != nil {
			return nil, nil, err
		}
	}
	var logits, all []float32
	for i, p := range prompts {
		if i == 0 || !slices.Equal(p.Tokens, prompts[i-1].Tokens) || !slices.Equal(p.Source, prompts[i-1].Source) {
			if logits, err = one.begin(p); err != nil {
				return nil, nil, err
			}
		}
		if len(prompts) == 1 {
			return one, logits, nil
		}
		if err := r.mem.Copy(i, one.mem, 0); err != nil {
			return nil, nil, err
		}
		r.text[i] = append(r.text[i][:0], one.text[0]...)
		all = append(all, logits...)
	}
	return r, all, nil
}

// decode draws tokens until every lane has finished.
func (g *Generator) decode(ctx context.Context, r stepper, lanes []*lane, logits []float32) error {
	ids := make([]int, len(lanes))
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		v, busy := len(logits)/len(lanes), false
		for i, l := range lanes {
			ids[i] = -1
			if l.reason != "" {
				continue
			}
			if err := l.draw(logits[i*v : (i+1)*v]); err != nil {
				return fmt.Errorf("continuation %d: %w", i, err)
			}
			if l.reason == "" {
				ids[i], busy = l.ids[len(l.ids)-1], true
			}
		}
		if !busy {
			return nil
		}
		var err error
		if logits, err = r.step(ids); err != nil {
			return err
		}
	}
}

// lane is one continuation in the making.
type lane struct {
	result  Result
	sampler *sampler
	end     []int
	seen    []int // prompt and continuation
	ids     []int
	text    *tokenizer.Stream
	stop    *stopper
	stream  func(index int, piece string)
	out     strings.Builder
	reason  string
}

func (g *Generator) newLane(p Prompt, s Settings, index int, stream func(int, string)) *lane {
	l := &lane{result: Result{Prompt: p.Text, Seed: s.Seed, Index: index}, sampler: newSampler(s, index), end: g.End,
		seen: append([]int(nil), p.Tokens...), text: tokenizer.NewStream(g.Tokenizer), stop: &stopper{stops: s.Stop}, stream: stream}
	if text, err := g.Tokenizer.Decode(p.Tokens); err == nil && text == "" {
		l.text.Push(p.Tokens[0]) // the tokenizer's opening token: it shapes the text that follows it
	}
	if s.Tokens == 0 {
		l.reason = "length"
	}
	return l
}

func (l *lane) draw(logits []float32) error {
	s := l.sampler.Settings
	var banned []int
	if len(l.ids) < s.MinTokens {
		banned = l.end
	}
	id, logprob, err := l.sampler.next(logits, l.seen, banned...)
	if err != nil {
		return err
	}
	for _, end := range l.end {
		if id == end {
			l.reason = "end"
			return nil
		}
	}
	l.ids, l.seen = append(l.ids, id), append(l.seen, id)
	l.result.Logprobs = append(l.result.Logprobs, logprob)
	text, stopped := l.stop.push(l.text.Push(id), len(l.ids) < s.MinTokens)
	l.emit(text)
	switch {
	case stopped:
		l.reason = "stop"
	case len(l.ids) >= s.Tokens:
		l.reason = "length"
	}
	return nil
}

func (l *lane) emit(text string) {
	l.out.WriteString(text)
	if text != "" && l.stream != nil {
		l.stream(l.result.Index, text)
	}
}

func (l *lane) finish() Result {
	if l.reason != "stop" {
		text, stopped := l.stop.push(l.text.Flush(), false)
		l.emit(text)
		if !stopped {
			l.emit(l.stop.rest())
		}
	}
	r := l.result
	r.Text, r.Tokens, r.FinishReason = l.out.String(), l.ids, l.reason
	if r.Tokens == nil {
		r.Tokens = []int{}
	}
	return r
}
