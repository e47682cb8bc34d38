package models_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"

	"euryale/layers"
	"euryale/layers/graph"
	"euryale/layers/ops"
	"euryale/models"
)

// stocked is a model with Gorgonia's own ops: a product, broadcasts, a constant, sums.
func stocked() *models.Defined {
	m := models.Define(testRoom, func(s *layers.Scope, tokens *G.Node, vocab int) *G.Node {
		x := layers.Embedding(s.Sub("tok"), tokens, vocab, 4)
		mix := s.Sub("mix")
		y := mix.Binary(G.Mul, x, mix.Param("W", layers.Normal(0.5), 4, 4))
		b := mix.Param("b", layers.Normal(0.5), 1, 4)
		y = mix.Binary(func(y, b *G.Node) (*G.Node, error) { return G.BroadcastAdd(y, b, nil, []byte{0}) }, y, b)
		two := G.NewConstant(2.0)
		if x.Dtype() == G.Float32 {
			two = G.NewConstant(float32(2))
		}
		y = s.Must(G.Add(x, s.Must(G.HadamardProd(s.Unary(G.Tanh, y), two))))
		return layers.Head(s.Sub("head"), y, vocab)
	})
	m.Vocab = testVocab
	return m
}

// timedModels are the registered models, and two with what they lack.
func timedModels(t *testing.T) map[string]models.Model {
	all := map[string]models.Model{"a loop": captures(), "stock ops": stocked()}
	for _, name := range models.Names() {
		m, err := models.New(name)
		require.NoError(t, err)
		if _, isPredictor := m.(models.Predictor); !isPredictor {
			m.Common().Vocab = testVocab
			all[name] = m
		}
	}
	return all
}

// A timed program computes the same bits in the same memory, in the third run too, and each
// op's time is measured. A program that is not timed has Gorgonia's nodes as they were declared.
func TestTimedProgramsComputeTheSame(t *testing.T) {
	for name, m := range timedModels(t) {
		w := graph.NewWeights(1)
		f := graph.Frame{B: 2, T: 6, S: models.SourceOf(m), Noise: &graph.Noise{Seed: 1}}
		feed := graph.Feed{Tokens: []int{1, 2, 3, 1, 0, 2, 2, 1, 0, -1, -1, -1}, Targets: []int{2, 3, 1, 0, 2, 1, 1, 0, 3, -1, -1, -1}, Source: make([]int, 2*f.S)}
		plain, err := models.Train(m, w, f, models.Options{})
		require.NoError(t, err, name)
		timed, err := models.Train(m, w, f, models.Options{Timed: true})
		require.NoError(t, err, name)
		for range 3 {
			require.NoError(t, plain.Run(feed), name)
			require.NoError(t, timed.Run(feed), name)
			assert.Equal(t, plain.Loss(), timed.Loss(), name)
			for i, g := range plain.Gradients() {
				assert.Equal(t, g.Data(), timed.Gradients()[i].Data(), name)
			}
		}
		assert.Equal(t, plain.Tape().PlannedBytes(), timed.Tape().PlannedBytes(), name)
		assert.Nil(t, plain.Timings())
		assert.Nil(t, plain.Live())
		flops := 0.0
		for _, timing := range timed.Timings() {
			assert.True(t, timed.Expr().Has(timing.Node.ID()), "the nodes are those of the model's graph")
			if !timed.Origin(timing.Node).Backward {
				flops += ops.FlopsOf(timing.Node)
			}
		}
		if name == "stock ops" { // the tape counts its own
			assert.Less(t, timed.Tape().Flops(), flops)
		} else {
			assert.Equal(t, timed.Tape().Flops(), flops, name)
		}
	}
}

// The operations of Gorgonia's products: 2·12·4·4 of a linear layer, and twice that in its
// derivative.
func TestOperationsOfStockProducts(t *testing.T) {
	p, err := models.Train(stocked(), graph.NewWeights(1), graph.Frame{B: 2, T: 6}, models.Options{Timed: true})
	require.NoError(t, err)
	flops := map[bool]float64{}
	for _, timing := range p.Timings() {
		if o := p.Origin(timing.Node); o.Path == "mix" {
			flops[o.Backward] += ops.FlopsOf(timing.Node)
		}
	}
	assert.Equal(t, map[bool]float64{false: 2 * 12 * 4 * 4, true: 2 * 2 * 12 * 4 * 4}, flops)
}
