package generation

import (
	"context"
	"encoding/json"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/data/tokenizer"
)

// softmaxAt returns the probabilities of logits over a temperature, computed plainly.
func softmaxAt(logits []float32, temperature float64) []float64 {
	p, sum := make([]float64, len(logits)), 0.0
	for i, l := range logits {
		p[i] = math.Exp(float64(l) / temperature)
		sum += p[i]
	}
	for i := range p {
		p[i] /= sum
	}
	return p
}

// The steps of a continuation say of its tokens what forward passes over the whole text do: probability,
// rank, entropy, the most likely tokens, and what is left of them by the temperature and the 4 most likely.
func TestSteps(t *testing.T) {
	g := newGenerator(t, 40)
	p := g.prompt(t, "ab春")
	s := Settings{Tokens: 12, Temperature: 0.7, TopK: 4, TopLogprobs: 3, Seed: 3}
	rs, err := g.Generate(context.Background(), p, s, 2, nil)
	require.NoError(t, err)
	seen := slices.Clone(p.Tokens)
	require.Len(t, rs[1].Steps, 12)
	for i, st := range rs[1].Steps {
		logits := g.whole(t, seen)
		model, cold := softmaxAt(logits, 1), softmaxAt(logits, s.Temperature)
		order := make([]int, len(model))
		for id := range order {
			order[id] = id
		}
		slices.SortFunc(order, func(a, b int) int { return int(math.Copysign(1, model[b]-model[a])) })
		entropy, four, cut := 0.0, 0.0, 0.0
		for at, id := range order {
			entropy -= model[id] * math.Log(model[id])
			if at < 4 {
				four += cold[id]
			} else {
				cut += cold[id]
			}
		}
		assert.Equal(t, rs[1].Tokens[i], st.Token)
		assert.Equal(t, string(g.Tokenizer.Piece(st.Token)), st.Piece)
		assert.InDelta(t, math.Log(model[st.Token]), st.Logprob, 1e-4)
		assert.Equal(t, rs[1].Logprobs[i], st.Logprob)
		assert.InDelta(t, math.Log(cold[st.Token]/four), st.Score, 1e-4)
		assert.Equal(t, st.Token, order[st.Rank-1])
		assert.InDelta(t, entropy, st.Entropy, 1e-4)
		require.Len(t, st.Top, 3)
		for k, a := range st.Top {
			assert.Equal(t, order[k], a.Token)
			assert.InDelta(t, math.Log(model[a.Token]), a.Logprob, 1e-4)
			assert.InDelta(t, math.Log(cold[a.Token]/four), a.Score, 1e-4)
		}
		require.Len(t, st.Cuts, 2)
		assert.Equal(t, "temperature", st.Cuts[0].Processor)
		assert.Zero(t, st.Cuts[0].Tokens)
		assert.Equal(t, "top-k", st.Cuts[1].Processor)
		assert.Equal(t, len(model)-4, st.Cuts[1].Tokens)
		assert.InDelta(t, cut, st.Cuts[1].Probability, 1e-4)
		assert.Less(t, st.Cuts[1].Entropy, st.Cuts[0].Entropy)
		seen = append(seen, st.Token)
	}
	again, err := g.Trace(context.Background(), p, rs[1].Tokens, s, 3)
	require.NoError(t, err)
	assert.Equal(t, rs[1].Steps, again, "a text that is there already is traced as it was generated")
}

// Steps change no text, whatever the strategy.
func TestStepsChangeNoText(t *testing.T) {
	g := newGenerator(t, 40)
	p := g.prompt(t, "ab")
	for name, s := range map[string]Settings{
		"greedy":   {},
		"sampling": {Temperature: 1},
		"top-p":    {Temperature: 1, TopP: 0.7},
		"both":     {Temperature: 1.3, TopK: 6, TopP: 0.8, RepetitionPenalty: 1.3},
		"min-p":    {Temperature: 1, MinP: 0.2, TopP: 0.9, NoRepeat: 2},
		"typical":  {Temperature: 1, Typical: 0.5},
		"eta":      {Temperature: 1, Eta: 0.1, Epsilon: 0.02},
		"beams":    {Beams: 3, RepetitionPenalty: 1.2},
		"best":     {Temperature: 1, BestOf: 3},
	} {
		t.Run(name, func(t *testing.T) {
			s.Tokens, s.Seed = 20, 5
			plain, err := g.Generate(context.Background(), p, s, 2, nil)
			require.NoError(t, err)
			s.TopLogprobs = 2
			rs, err := g.Generate(context.Background(), p, s, 2, nil)
			require.NoError(t, err)
			for i, r := range rs {
				assert.Equal(t, plain[i].Tokens, r.Tokens)
				require.Len(t, r.Steps, len(r.Tokens))
				for k, st := range r.Steps {
					assert.InDelta(t, r.Logprobs[k], st.Logprob, 1e-5)
					assert.False(t, math.IsInf(st.Score, -1), "a token was cut, and chosen")
				}
			}
		})
	}
}

// Tokens that were guessed have the steps that they have without.
func TestStepsOfGuesses(t *testing.T) {
	g := newGenerator(t, 60)
	p := g.prompt(t, "abcabcab")
	s := Settings{Tokens: 40, TopLogprobs: 2, RepetitionPenalty: 1.1}
	plain, err := g.Generate(context.Background(), p, s, 1, nil)
	require.NoError(t, err)
	g.Speculation = &Speculation{Tokens: 3}
	guessed, err := g.Generate(context.Background(), p, s, 1, nil)
	require.NoError(t, err)
	require.Positive(t, guessed[0].Speculation.Guessed)
	require.Equal(t, plain[0].Tokens, guessed[0].Tokens)
	require.Len(t, guessed[0].Steps, 40)
	for i, st := range guessed[0].Steps {
		assert.InDelta(t, plain[0].Steps[i].Logprob, st.Logprob, 1e-4)
		assert.InDelta(t, plain[0].Steps[i].Score, st.Score, 1e-4)
	}
}

// Of a token that the processors cut the score is −Inf, and null in JSON.
func TestTraceOfAnotherText(t *testing.T) {
	g := newGenerator(t, 40)
	p := g.prompt(t, "ab")
	best, err := g.Generate(context.Background(), p, Settings{Tokens: 1}, 1, nil)
	require.NoError(t, err)
	other := (best[0].Tokens[0] + 1) % g.Tokenizer.Vocab()
	steps, err := g.Trace(context.Background(), p, []int{other}, Settings{Temperature: 1, TopK: 1}, 2)
	require.NoError(t, err)
	assert.True(t, math.IsInf(steps[0].Score, -1))
	assert.Zero(t, steps[0].Top[0].Score, "the only one that is left")
	out, err := json.Marshal(steps)
	require.NoError(t, err)
	assert.Equal(t, 2, strings.Count(string(out), `"score":null`), string(out))
	_, err = g.Trace(context.Background(), p, []int{99}, Settings{}, 2)
	assert.EqualError(t, err, "token 0 is 99, want an id of the vocabulary, from 0 to 12")
	_, err = g.Trace(context.Background(), Prompt{}, []int{0}, Settings{}, 2)
	assert.ErrorContains(t, err, "the prompt has no tokens")
}

// Offsets say where in the text the bytes of each token are, also of tokens that are parts of characters and
// of tokens of a stop text.
func TestOffsets(t *testing.T) {
	g := newGenerator(t, 40)
	tk := tokenizer.NewByte()
	ids, err := tk.Encode("a春\nb")
	require.NoError(t, err)
	g.Tokenizer = tk
	e := g.newEnding(Prompt{Tokens: ids[:1]}, Settings{Tokens: 9})
	text, _ := e.read(ids)
	text += e.flush()
	assert.Equal(t, [][2]int{{0, 1}, {1, 2}, {2, 3}, {3, 4}, {4, 5}, {5, 6}}, e.offsetsIn(len(text)))
	e = g.newEnding(Prompt{Tokens: ids[:1]}, Settings{Tokens: 9, Stop: []string{"春\n"}})
	text, _ = e.read(ids)
	assert.Equal(t, [][2]int{{0, 1}, {1, 1}, {1, 1}, {1, 1}, {1, 1}}, e.offsetsIn(len(text)))
	for _, beams := range []int{0, 2} {
		g := newGenerator(t, 40)
		rs, err := g.Generate(context.Background(), g.prompt(t, "a"), Settings{Tokens: 9, Beams: beams}, 1, nil)
		require.NoError(t, err)
		for i, o := range rs[0].Offsets {
			assert.Equal(t, string(g.Tokenizer.Piece(rs[0].Tokens[i])), rs[0].Text[o[0]:o[1]])
		}
		assert.Len(t, rs[0].Offsets, 9)
	}
}

// When the time is up there is the text up to then, and no error.
func TestMaxTime(t *testing.T) {
	g := newGenerator(t, 40)
	for _, s := range []Settings{{}, {Temperature: 1}, {Beams: 2}, {Temperature: 1, BestOf: 2}} {
		s.Tokens, s.MaxTime = 1<<30, 50*time.Millisecond
		if s.Beams > 0 {
			s.Tokens = 1 << 16
		}
		began := time.Now()
		rs, err := g.Generate(context.Background(), g.prompt(t, "ab"), s, 1, nil)
		require.NoError(t, err)
		assert.Less(t, time.Since(began), 20*time.Second)
		require.Len(t, rs, 1)
		assert.Equal(t, ReasonTime, rs[0].FinishReason)
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		s.MaxTime = time.Hour
		rs, err = g.Generate(ctx, g.prompt(t, "ab"), s, 1, nil)
		assert.ErrorIs(t, err, context.Canceled)
		for _, r := range rs {
			assert.Equal(t, ReasonInterrupted, r.FinishReason)
		}
		s.MaxTime = 1
		rs, err = g.Generate(context.Background(), g.prompt(t, "ab"), s, 1, nil)
		require.NoError(t, err)
		require.Len(t, rs, 1)
		assert.Equal(t, ReasonTime, rs[0].FinishReason)
	}
	left := 3
	next := func() (Prompt, int, error) {
		if left--; left < 0 {
			return Prompt{}, 0, io.EOF
		}
		return g.prompt(t, "ab"), 0, nil
	}
	err := g.Batch(context.Background(), 2, Settings{Tokens: 1 << 30, MaxTime: 50 * time.Millisecond}, next, func(r Result) error {
		assert.Equal(t, ReasonTime, r.FinishReason)
		return nil
	})
	require.NoError(t, err)
	_, err = g.Generate(context.Background(), g.prompt(t, "ab"), Settings{MaxTime: -1}, 1, nil)
	assert.EqualError(t, err, "max-time = -1ns and top-logprobs = 0, want none below 0")
}
