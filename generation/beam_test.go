package generation

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/internal/kernel/vec"
)

// logProbs are the log-probabilities of what follows ids, by a forward pass.
func (g *Generator) logProbs(t testing.TB, ids []int) []float64 {
	l := g.whole(t, ids)
	x := make([]float64, len(l))
	for i := range l {
		x[i] = float64(l[i])
	}
	whole := vec.LogSumExp(x)
	for i := range x {
		x[i] -= whole
	}
	return x
}

// With as many beams as the vocabulary a search of two tokens meets every continuation:
// its best are the best there are, by an exhaustive search through forward passes.
func TestBeamSearchIsExhaustiveWhenWide(t *testing.T) {
	g := newGenerator(t, 12)
	v := g.Tokenizer.Vocab()
	end := 3
	g.End = []int{end}
	p := g.prompt(t, "ab")
	first := g.logProbs(t, p.Tokens)
	best, bestIDs := math.Inf(-1), []int(nil)
	consider := func(sum float64, ids ...int) {
		if sum > best {
			best, bestIDs = sum, ids
		}
	}
	for a := range v {
		if a == end {
			consider(first[a])
			continue
		}
		second := g.logProbs(t, append(append([]int(nil), p.Tokens...), a))
		for b := range v {
			if b == end {
				consider(first[a]+second[b], a)
			} else {
				consider(first[a]+second[b], a, b)
			}
		}
	}
	r, err := g.Generate(context.Background(), p, Settings{Tokens: 2, Beams: v}, 3, nil)
	require.NoError(t, err)
	require.Len(t, r, 3)
	assert.Equal(t, append([]int{}, bestIDs...), r[0].Tokens)
	assert.NotEqual(t, r[0].Tokens, r[1].Tokens)
}

// A beam of several sequences never does worse than the greedy choice, and a length penalty
// makes it prefer longer texts.
func TestBeamBeatsGreedy(t *testing.T) {
	g := newGenerator(t, 32)
	p := g.prompt(t, "春a")
	sum := func(s Settings) (total float64, length int) {
		r, err := g.Generate(context.Background(), p, s, 1, nil)
		require.NoError(t, err)
		for _, l := range r[0].Logprobs {
			total += l
		}
		return total, len(r[0].Tokens)
	}
	greedy, _ := sum(Settings{Tokens: 12})
	wide, _ := sum(Settings{Tokens: 12, Beams: 6})
	assert.GreaterOrEqual(t, wide, greedy-1e-5)
	g.End = []int{4}
	_, short := sum(Settings{Tokens: 20, Beams: 6})
	_, long := sum(Settings{Tokens: 20, Beams: 6, LengthPenalty: 3})
	assert.Less(t, short, long)
}

func TestBeamErrors(t *testing.T) {
	g := newGenerator(t, 12)
	_, err := g.Generate(context.Background(), g.prompt(t, "a"), Settings{Tokens: 2, Beams: 2}, 3, nil)
	assert.ErrorContains(t, err, "3 continuations of 2 beams")
	assert.ErrorContains(t, Settings{Beams: -1}.Check(), "beam = -1")
}
