package generation

import (
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// With guidance, greedy decoding and beam search find what plain ones do with logits mixed as in the paper.
func TestGuidanceAgreesWithPlainOne(t *testing.T) {
	for name, sub := range subjects(t) {
		for _, sub.scale = range []float64{0.5, 1.5, 3} {
			checkPlain(t, name, sub)
		}
	}
}

// checkPlain compares greedy decoding, its log-probabilities and its trace, and beam search with plain ones.
func checkPlain(t *testing.T, name string, sub subject) {
	s := Settings{Tokens: 10, Guidance: sub.scale}
	want := []int{}
	var logprobs []float64
	for len(want) < s.Tokens {
		l := sub.follow(t, want)
		next := byProbability(l)[0]
		if slices.Contains(sub.g.End, next) {
			break
		}
		want, logprobs = append(want, next), append(logprobs, l[next])
	}
	rs, err := sub.g.Generate(context.Background(), sub.p, s, 2, nil)
	require.NoError(t, err)
	for _, r := range rs {
		assert.Equal(t, want, r.Tokens, "%s: scale %v", name, sub.scale)
		assert.InDeltaSlice(t, logprobs, r.Logprobs, 1e-4, "%s: scale %v", name, sub.scale)
	}
	steps, err := sub.g.Trace(context.Background(), sub.p, want, s, 1)
	require.NoError(t, err)
	for i, st := range steps {
		assert.Equal(t, 1, st.Rank, "%s: scale %v: token %d", name, sub.scale, i)
	}
	s.Beams, s.LengthPenalty = 3, 1
	beams, err := sub.g.Generate(context.Background(), sub.p, s, 3, nil)
	require.NoError(t, err)
	for i, h := range sub.plainBeams(t, 3, 10, 1, false)[:3] {
		assert.Equal(t, h.ids, beams[i].Tokens, "%s: scale %v: beam %d", name, sub.scale, i)
	}
}

// A scale of 1 is the model itself, and no other one is: also past the context, where the sequences with and
// without the prompt are full at different times.
func TestGuidanceOfOneIsNone(t *testing.T) {
	g := newGenerator(t, 12)
	p := g.prompt(t, "abc春abc")
	texts := map[float64][]int{}
	for _, scale := range []float64{0, 1, 2} {
		rs, err := g.Generate(context.Background(), p, Settings{Tokens: 30, Temperature: 1, Guidance: scale}, 1, nil)
		require.NoError(t, err)
		texts[scale] = rs[0].Tokens
		require.Len(t, rs[0].Tokens, 30)
	}
	assert.Equal(t, texts[0], texts[1])
	assert.NotEqual(t, texts[0], texts[2])
}

// Guessed tokens are those that guidance chooses without guesses, in a batch too.
func TestGuidanceWithGuesses(t *testing.T) {
	checkGuesses(t, newGenerator(t, 24), Settings{Tokens: 16, Guidance: 1.8})
}

// checkGuesses compares texts whose tokens are guessed with those of greedy decoding.
func checkGuesses(t *testing.T, g *Generator, s Settings) {
	p := g.prompt(t, "abc春abc")
	want, err := g.Generate(context.Background(), p, s, 1, nil)
	require.NoError(t, err)
	for name, how := range speculations(t, g) {
		g.Speculation = how
		rs, err := g.Generate(context.Background(), p, s, 2, nil)
		require.NoError(t, err)
		for _, r := range rs {
			assert.Equal(t, want[0].Tokens, r.Tokens, name)
		}
	}
}
