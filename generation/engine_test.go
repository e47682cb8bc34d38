package generation

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/models"
)

// engineOf returns an engine that runs until the test ends.
func engineOf(t testing.TB, g *Generator, sequences, waiting int) *Engine {
	t.Helper()
	e, err := NewEngine(g, sequences, waiting)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); _ = e.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-ended })
	return e
}

// answered is what a request of a test got.
type answered struct {
	Response
	err    error
	pieces []Piece
}

// ask queues a request and returns what waits for its answer.
func ask(t testing.TB, ctx context.Context, e *Engine, r Request) (wait func() answered) {
	var a answered
	done := make(chan struct{})
	r.Emit = func(p Piece) { a.pieces = append(a.pieces, p) }
	r.Done = func(got Response, err error) { a.Response, a.err = got, err; close(done) }
	require.NoError(t, e.Add(ctx, &r))
	return func() answered { <-done; return a }
}

// fitting are prompts that fit into the context.
func fitting(prompts []Prompt, room int) []Prompt {
	for i, p := range prompts {
		if room > 0 && len(p.Tokens) > room {
			prompts[i].Tokens = p.Tokens[:room]
		}
	}
	return prompts
}

// Requests that arrive at any time, in any order, with others, get the text that their seed gives alone.
func TestEngineDoesNotChangeTexts(t *testing.T) {
	for name, m := range batchModels(t) {
		t.Run(name, func(t *testing.T) {
			g := generatorOf(t, m)
			g.End = []int{3}
			rng := rand.New(rand.NewPCG(7, 8))
			prompts := fitting(randomPrompts(g, rng, 24), m.Common().Context)
			s := Settings{Tokens: 30, Temperature: 1, TopP: 0.9, Seed: 5, TopLogprobs: 2}
			var want []Result
			for _, p := range prompts {
				r, err := g.Generate(context.Background(), p, s, 1, nil)
				require.NoError(t, err)
				want = append(want, r[0])
			}
			for _, sequences := range []int{1, 3, 8} {
				e := engineOf(t, generatorOf(t, m), sequences, 100)
				e.gen.End = g.End
				var waits []func() answered
				order := rng.Perm(len(prompts))
				for at, i := range order {
					waits = append(waits, ask(t, context.Background(), e, Request{Prompt: prompts[i], Settings: s, Scores: -1, Continues: i%2 == 0}))
					if at%5 == 4 {
						waits[at-2]()
					}
				}
				for at, i := range order {
					a := waits[at]()
					require.NoError(t, a.err)
					require.Equal(t, want[i].Tokens, a.Tokens, "prompt %d of %d sequences", i, sequences)
					assert.Equal(t, want[i].Text, a.Text)
					assert.Equal(t, want[i].FinishReason, a.FinishReason)
					checkPieces(t, a)
				}
			}
		})
	}
}

// checkPieces checks that the pieces are the text, and that they have its tokens where the text has them.
func checkPieces(t *testing.T, a answered) {
	var text strings.Builder
	var ids []int
	var offsets [][2]int
	for _, p := range a.pieces {
		text.WriteString(p.Text)
		offsets = append(offsets, p.Offsets...)
		for _, s := range p.Steps {
			ids = append(ids, s.Token)
		}
	}
	assert.Equal(t, a.Text, text.String())
	n := len(ids)
	assert.Equal(t, a.Tokens[:n], append([]int{}, ids...))
	assert.Equal(t, append([][2]int(nil), a.Offsets[:n]...), offsets)
	if n < len(a.Tokens) {
		assert.Equal(t, a.Offsets[n][0], len(a.Text), "token %d has text", n)
	}
}

// The scores of a prompt are those of Score, and what follows is what follows without them.
func TestEngineScoresPrompts(t *testing.T) {
	ms := batchModels(t)
	ms["long"] = &models.GPT{Sizes: models.Sizes{Context: 200}, Layers: 1, Heads: 2, Dim: 8, Activation: "gelu"}
	for _, name := range []string{"gpt", "lstm", "long"} {
		t.Run(name, func(t *testing.T) {
			g := generatorOf(t, ms[name])
			text := strings.Repeat("abc春bca\ndea秋fcb冬", 8)
			ids, err := g.Tokenizer.Encode(text)
			require.NoError(t, err)
			if room := ms[name].Common().Context; room > 0 {
				ids = ids[:min(len(ids), room)]
			}
			nll, _, err := g.nll(context.Background(), ids, 0, func(int, int) {})
			require.NoError(t, err)
			s := Settings{Tokens: 3, Seed: 1}
			plain, err := g.Generate(context.Background(), Prompt{Tokens: ids}, s, 1, nil)
			require.NoError(t, err)
			e := engineOf(t, generatorOf(t, ms[name]), 2, 10)
			for _, tokens := range []int{0, 3} {
				s.Tokens = tokens
				a := ask(t, context.Background(), e, Request{Prompt: Prompt{Tokens: ids}, Settings: s, Scores: 2})()
				require.NoError(t, a.err)
				scores := a.pieces[0].Scores
				require.Len(t, scores, len(ids)-1)
				sum := 0.0
				for i, st := range scores {
					sum -= st.Logprob
					assert.Equal(t, ids[i+1], st.Token)
					assert.Len(t, st.Top, 2)
				}
				assert.InDelta(t, nll, sum, 1e-4)
				assert.Equal(t, plain[0].Tokens[:tokens], a.Tokens)
			}
		})
	}
}

// A prompt that begins like an earlier one is read from where they differ, and so is one that continues
// an earlier text.
func TestEngineSharesBeginnings(t *testing.T) {
	g := generatorOf(t, &models.GPT{Sizes: models.Sizes{Context: 200}, Layers: 1, Heads: 2, Dim: 8, Activation: "gelu"})
	e := engineOf(t, g, 4, 10)
	ids := func(text string) []int {
		ids, err := g.Tokenizer.Encode(text)
		require.NoError(t, err)
		return ids
	}
	system := strings.Repeat("abc夏dea春bcf", 6)
	request := func(ids []int) Request {
		return Request{Prompt: Prompt{Tokens: ids}, Settings: Settings{Tokens: 20, Seed: 2}, Scores: -1, Continues: true}
	}
	first := ask(t, context.Background(), e, request(ids(system+"bad秋cab")))
	second := ask(t, context.Background(), e, request(ids(system+"cab")))
	a, b := first(), second()
	assert.Zero(t, a.Cached)
	assert.Equal(t, len(ids(system)), b.Cached)
	next := slices.Concat(ids(system+"bad秋cab"), a.Tokens, ids("fed"))
	c := ask(t, context.Background(), e, request(next))()
	assert.Equal(t, len(next)-len(ids("fed"))-1, c.Cached, "the last token generated was not read")
	alone, err := generatorOf(t, g.Model).Generate(context.Background(), Prompt{Tokens: next}, Settings{Tokens: 20, Seed: 2}, 1, nil)
	require.NoError(t, err)
	assert.Equal(t, alone[0].Tokens, c.Tokens)
}

// A request whose context ends frees its sequence at the next step, in the queue as in the batch; others
// do not notice. More requests than may wait are refused.
func TestEngineRequestsLeave(t *testing.T) {
	g := generatorOf(t, batchModels(t)["lstm"])
	e := engineOf(t, g, 1, 1)
	endless := Request{Prompt: Prompt{Tokens: []int{1}}, Settings: Settings{Tokens: 1 << 40, Temperature: 1, Seed: 3}, Scores: -1}
	ctx, cancel := context.WithCancel(context.Background())
	begun := make(chan struct{})
	var once sync.Once
	running := make(chan error, 1)
	r := endless
	r.Emit = func(Piece) { once.Do(func() { close(begun) }) }
	r.Done = func(_ Response, err error) { running <- err }
	require.NoError(t, e.Add(ctx, &r))
	<-begun
	waits, leave := context.WithCancel(context.Background())
	waiting := ask(t, waits, e, endless)
	assert.ErrorIs(t, e.Add(context.Background(), &Request{Prompt: endless.Prompt, Settings: endless.Settings, Scores: -1}), ErrBusy)
	leave()
	assert.ErrorIs(t, waiting().err, context.Canceled)
	short := endless
	short.Settings.Tokens = 4
	next := ask(t, context.Background(), e, short)
	cancel()
	assert.ErrorIs(t, <-running, context.Canceled)
	a := next()
	require.NoError(t, a.err)
	assert.Len(t, a.Tokens, 4)
	timed := endless
	timed.Settings.MaxTime = 20 * time.Millisecond
	assert.Equal(t, ReasonTime, ask(t, context.Background(), e, timed)().FinishReason)
}

// A processor that panics ends its own request.
func TestEngineSurvivesProcessors(t *testing.T) {
	g := generatorOf(t, batchModels(t)["gpt"])
	e := engineOf(t, g, 2, 4)
	s := Settings{Tokens: 10, Temperature: 1, Seed: 1, Processors: []Processor{panicking{}}}
	bad := ask(t, context.Background(), e, Request{Prompt: Prompt{Tokens: []int{1}}, Settings: s, Scores: -1})
	s.Processors = nil
	good := ask(t, context.Background(), e, Request{Prompt: Prompt{Tokens: []int{1}}, Settings: s, Scores: -1})
	assert.ErrorContains(t, bad().err, "a processor failed: runtime error: index")
	assert.NoError(t, good().err)
	for want, r := range map[string]Request{
		"no tokens":                       {Settings: s},
		"has token 99999: the vocabulary": {Prompt: Prompt{Tokens: []int{99999}}, Settings: s},
		"the model reads 24":              {Prompt: Prompt{Tokens: make([]int, 25)}, Settings: s},
		"temperature = -1":                {Prompt: Prompt{Tokens: []int{1}}, Settings: Settings{Temperature: -1}},
		"beam":                            {Prompt: Prompt{Tokens: []int{1}}, Settings: Settings{Beams: 3}},
	} {
		assert.ErrorContains(t, e.Add(context.Background(), &r), want)
	}
}

type panicking struct{}

func (panicking) Name() string { return "panicking" }
func (panicking) Process(c *Candidates) {
	c.Logits[len(c.Logits)] = 0
}
