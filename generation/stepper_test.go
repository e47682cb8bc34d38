package generation

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/data/tokenizer"
	"euryale/internal/kernel/vec"
	"euryale/models"
)

// newCounts returns an n-gram model of a random text.
func newCounts(t testing.TB) *Generator {
	t.Helper()
	tk := tokenizer.NewChar(alphabet)
	rng := rand.New(rand.NewPCG(3, 4))
	ids := make([]int, 400)
	for i := range ids {
		ids[i] = int(rng.ExpFloat64()*4) % tk.Vocab()
	}
	m := &models.NGram{Sizes: models.Sizes{Vocab: tk.Vocab(), Context: 12}, Order: 3}
	learned, err := m.Learn(func(add func(tokens, targets []int, fresh bool) error) error { return add(ids[:399], ids[1:], true) })
	require.NoError(t, err)
	return &Generator{Model: learned, Tokenizer: tk}
}

// A graph model and n-gram counts satisfy one contract.
func TestSteppers(t *testing.T) {
	lstm, err := models.New("lstm")
	require.NoError(t, err)
	lstm.(*models.LSTM).Layers, lstm.(*models.LSTM).Dim = 1, 6
	for name, c := range map[string]struct {
		g       *Generator
		rewinds bool // to any length
	}{
		"gpt":   {newGenerator(t, 32), true},
		"lstm":  {generatorOf(t, lstm), false},
		"ngram": {newCounts(t), true},
	} {
		t.Run(name, func(t *testing.T) { checkStepper(t, c.g, c.rewinds) })
	}
}

// after returns the log-probabilities of what follows ids, by a stepper of its own.
func after(t *testing.T, g *Generator, ids ...int) []float64 {
	t.Helper()
	s, err := NewStepper(g.Model, g.Weights, 1)
	require.NoError(t, err)
	logits, err := s.Begin(0, Prompt{Tokens: ids})
	require.NoError(t, err)
	return normal(logits)
}

// normal returns logits as log-probabilities.
func normal(logits []float32) []float64 {
	x := make([]float64, len(logits))
	for i, l := range logits {
		x[i] = float64(l)
	}
	whole := vec.LogSumExp(x)
	for i := range x {
		x[i] -= whole
	}
	return x
}

// checkStepper drives three sequences through every method, and compares what they predict
// with what follows the same tokens read at once.
func checkStepper(t *testing.T, g *Generator, rewinds bool) {
	s, err := NewStepper(g.Model, g.Weights, 3)
	require.NoError(t, err)
	held := [][]int{{1, 2, 3}, {4}, {5, 6, 7, 8, 9}}
	for i, ids := range held {
		logits, err := s.Begin(i, Prompt{Tokens: ids})
		require.NoError(t, err)
		assert.InDeltaSlice(t, after(t, g, ids...), normal(logits), 1e-4, "sequence %d begins", i)
	}
	step := func(ids ...int) {
		t.Helper()
		logits, err := s.Step(ids)
		require.NoError(t, err)
		v := len(logits) / 3
		for i, id := range ids {
			if id < 0 {
				continue
			}
			held[i] = append(append([]int(nil), held[i]...), id)
			assert.InDeltaSlice(t, after(t, g, held[i]...), normal(logits[i*v:(i+1)*v]), 1e-4, "sequence %d after %v", i, held[i])
			assert.Equal(t, len(held[i]), s.Len(i))
		}
	}
	step(2, 3, 4)
	step(7, -1, 1)
	step(5, 9, -1)

	for range 3 { // copies part ways, whatever their lengths
		require.NoError(t, s.Copy(1, 0))
		held[1] = held[0]
		step(-1, 6, -1)
		step(4, 5, 4)
		require.NoError(t, s.Reorder([]int{2, 0, 0}))
		held = [][]int{held[2], held[0], held[0]}
		step(1, 2, 3)
		step(3, 1, 2)
	}

	require.NoError(t, s.Truncate(0, 0))
	held[0] = nil
	step(3, -1, 6)
	if err := s.Truncate(1, 2); rewinds {
		require.NoError(t, err)
		held[1] = held[1][:2]
	} else {
		assert.ErrorContains(t, err, "is recurrent")
	}
	assert.Error(t, s.Truncate(2, len(held[2])+1))
	step(-1, 8, -1)
	assert.Equal(t, len(held[1]), s.Len(1))
	_, err = s.Begin(1, Prompt{Tokens: []int{3, 1}})
	require.NoError(t, err)
	held[1] = []int{3, 1}
	step(2, 2, 2)
	checkNLL(t, g, s, held)
}

// checkNLL scores four tokens in each sequence, of which some have no target, and continues
// from there: where there is no limit the tokens have been read, else nothing has changed.
func checkNLL(t *testing.T, g *Generator, s Stepper, held [][]int) {
	tokens := []int{1, 2, 3, 4, 5, 6, -1, -1, 7, 8, 9, 1}
	targets := []int{2, 3, 4, 5, 6, -1, -1, -1, 8, -1, -1, 2}
	want := 0.0
	for i := range held {
		ids := held[i]
		if s.Room() > 0 {
			ids = nil
		}
		for j, id := range tokens[4*i : 4*i+4] {
			if id < 0 {
				continue
			}
			ids = append(append([]int(nil), ids...), id)
			if target := targets[4*i+j]; target >= 0 {
				want -= after(t, g, ids...)[target]
			}
		}
		if s.Room() == 0 {
			held[i] = ids
		}
	}
	got, err := s.NLL(tokens, targets)
	require.NoError(t, err)
	assert.InDelta(t, want, got, 1e-4)
	logits, err := s.Step([]int{2, 3, 4})
	require.NoError(t, err)
	v := len(logits) / 3
	for i, id := range []int{2, 3, 4} {
		assert.InDeltaSlice(t, after(t, g, append(held[i], id)...), normal(logits[i*v:(i+1)*v]), 1e-4, "sequence %d after NLL", i)
	}
}

// A step through counts allocates nothing but what the counts themselves do.
func TestStepsAddNoAllocations(t *testing.T) {
	g := newCounts(t)
	s, err := NewStepper(g.Model, nil, 2)
	require.NoError(t, err)
	ids := []int{1, 2}
	for i := range ids {
		s.(*histories).tokens[i] = make([]int, 0, 1000) // nor do they grow
	}
	out := make([]float32, g.Tokenizer.Vocab())
	own := testing.AllocsPerRun(50, func() {
		for range ids {
			_ = g.Model.(models.Predictor).LogProbs(ids, out)
		}
	})
	assert.LessOrEqual(t, testing.AllocsPerRun(50, func() { _, _ = s.Step(ids) }), own)
}
