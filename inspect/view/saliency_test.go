package view

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/layers/graph"
	"euryale/layers/ops"
	"euryale/models"
)

// untied returns models whose table is read by the tokens only, so that a row of it that occurs once is
// the embedding of one position.
func untied() map[string]models.Model {
	gpt, transformer := *tiny["gpt"].(*models.GPT), *tiny["transformer"].(*models.Transformer)
	gpt.Tied, transformer.Tied = false, false
	return map[string]models.Model{"gpt": &gpt, "llama": tiny["llama"], "transformer": &transformer, "seq2seq": tiny["seq2seq"], "lstm": tiny["lstm"], "gru": tiny["gru"]}
}

// Gradient × input is the output's derivative along the embedding of a token, by finite differences of the
// table's row in float64.
func TestGradientInputFiniteDifferences(t *testing.T) {
	for name, m := range untied() {
		w := graph.NewWeights64(2)
		x := textWith(t, m, w)
		x.Tokens, x.Targets = []int{3, 1, 4, 2, 5}, []int{1, 4, 2, 5, -1}
		outputs := []Output{{At: 3, Token: 5, Against: -1}, {At: 2, Token: 2, Against: 7}}
		f, err := GradientInput(x, outputs...)
		require.NoError(t, err, name)
		value := func(o Output) float64 {
			p, err := x.read("logits")
			require.NoError(t, err)
			return o.value(p.Float64s("logits"), 11)
		}
		for _, g := range f.Grids {
			ids, table := x.Tokens, "tok/W"
			switch {
			case g.Title == "source":
				ids, table = x.Source, "enc/tok/W"
			case models.SourceOf(m) > 0:
				table = "dec/tok/W"
			}
			if name == "transformer" && g.Title == "text" {
				require.NotNil(t, w.Get("dec/tok/W"))
			}
			for _, i := range []int{0, 2} {
				for k, o := range outputs {
					scaled := func(factor float64) float64 {
						row := w.Get(table).Float64()[ids[i]*8 : (ids[i]+1)*8]
						old := slices.Clone(row)
						defer copy(row, old)
						for j := range row {
							row[j] *= factor
						}
						return value(o)
					}
					const h = 1e-5
					assert.InDelta(t, (scaled(1+h)-scaled(1-h))/(2*h), g.At(k, i), 1e-5, "%s, %s, position %d, output %d", name, g.Title, i, k)
				}
			}
		}
	}
}

// Many outputs are the same as one at a time.
func TestGradientInputOfManyOutputs(t *testing.T) {
	x := textOf(t, "gpt")
	var all []Output
	for i := range 7 {
		o, err := x.Next(i)
		require.NoError(t, err)
		all = append(all, o, Output{At: i, Token: 1, Against: 2})
	}
	f, err := GradientInput(x, all...)
	require.NoError(t, err)
	one, err := GradientInput(x, all[11])
	require.NoError(t, err)
	for i := range x.Tokens {
		assert.InDelta(t, one.Grids[0].At(0, i), f.Grids[0].At(11, i), 1e-5)
		if i > all[11].At {
			assert.Zero(t, f.Grids[0].At(11, i), "later tokens do not matter")
		}
	}
	_, err = GradientInput(x, Output{At: 8})
	assert.ErrorContains(t, err, "there is no position 8: the text has 8 tokens, from 0")
	_, err = GradientInput(x, Output{At: 1, Token: 11})
	assert.ErrorContains(t, err, "want ids from 0 to 10")
	_, err = x.Next(7)
	assert.ErrorContains(t, err, "position 7 predicts no token of the text")
}

// Integrated gradients add up to the difference of the output, for one token and for a pair, in every
// kind of layer, and are zero for later tokens.
func TestIntegratedGradientsAreComplete(t *testing.T) {
	for _, name := range []string{"gpt", "llama", "transformer", "lstm"} {
		x := textOf(t, name)
		for _, o := range []Output{{At: 5, Token: 4, Against: -1}, {At: 6, Token: 2, Against: 9}}[len(name)%2:] {
			f, err := IntegratedGradients(x, o)
			require.NoError(t, err, name)
			sum := 0.0
			for _, g := range f.Grids {
				for i, v := range g.Values {
					sum += v
					if g.Title == "text" && i > o.At {
						assert.Zero(t, v, "later tokens do not matter")
					}
				}
			}
			want := outputAt(t, x, o, 1) - outputAt(t, x, o, 0)
			assert.InEpsilon(t, want, sum, Completeness+1e-4, "%s %v", name, f.Grids[0].Notes)
		}
	}
}

// outputAt returns an output with all embeddings multiplied by share.
func outputAt(t *testing.T, x *Text, o Output, share float64) float64 {
	t.Helper()
	all, err := x.embeddings()
	require.NoError(t, err)
	var paths []string
	for _, e := range all {
		paths = append(paths, e.path)
	}
	c, err := newChanger(x.Model, x.Weights, []Sequence{x.Sequence}, paths, "logits")
	require.NoError(t, err)
	for _, change := range c.changes {
		*change = ops.Change{Op: ops.Multiply, Value: ops.Operand{Scale: share}}
	}
	require.NoError(t, c.run())
	return o.value(c.Float64s("logits"), 11)
}

// Occlusion is the difference to a text whose token has a row of zeros in the table.
func TestOcclusion(t *testing.T) {
	for _, name := range []string{"gru", "lstm", "transformer"} {
		m := untied()[name]
		w := graph.NewWeights(2)
		x := textWith(t, m, w)
		x.Tokens, x.Targets = []int{3, 1, 4, 2, 5}, []int{1, 4, 2, 5, -1}
		outputs := []Output{{At: 3, Token: 5, Against: -1}, {At: 2, Token: 2, Against: 7}}
		f, err := Occlusion(t.Context(), x, outputs...)
		require.NoError(t, err)
		table, ids, g := "tok/W", x.Tokens, f.Grid("text")
		if name == "transformer" {
			table, ids, g = "enc/tok/W", x.Source, f.Grid("source")
		}
		before := []float64{outputAt(t, x, outputs[0], 1), outputAt(t, x, outputs[1], 1)}
		clear(w.Get(table).Float32()[ids[1]*8 : ids[1]*8+8])
		for k, o := range outputs {
			assert.InDelta(t, before[k]-outputAt(t, x, o, 1), g.At(k, 1), 1e-5, name)
		}
	}
	_, err := Occlusion(t.Context(), textOf(t, "gpt"))
	assert.ErrorContains(t, err, "the text predicts no token")
}
