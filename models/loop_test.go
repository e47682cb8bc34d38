package models_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	G "gorgonia.org/gorgonia"

	"euryale/layers"
	"euryale/layers/graph"
	"euryale/models"
	"euryale/models/modeltest"
)

// captures is a model whose loop reads all kinds of nodes from outside: parameters, one of
// them used outside the loop too, a stock op's result, which lies elsewhere in every run,
// and a constant; with dropout in the cell.
func captures() *models.Defined {
	m := models.Define(testRoom, func(s *layers.Scope, tokens *G.Node, vocab int) *G.Node {
		x := layers.Embedding(s.Sub("tok"), tokens, vocab, 5)
		w := s.Param("W", layers.Normal(0.5), 5, 5)
		bounded := s.Unary(G.Tanh, w)
		two := G.NewConstant(2.0)
		if x.Dtype() == G.Float32 {
			two = G.NewConstant(float32(2))
		}
		h := layers.Recur(s.Sub("rnn"), x, 5, func(x, h *G.Node) *G.Node {
			z := layers.Sigmoid(s, layers.Linear(s.Sub("z"), layers.Concat(s, x, h), 5))
			v := layers.Add(s, layers.MatMul(s, h, bounded), layers.Linear(s.Sub("v"), layers.Dropout(s.Sub("v"), x, 0.2), 5))
			return s.Must(G.Sub(layers.Mul(s, z, layers.Tanh(s, v)), s.Must(G.HadamardDiv(layers.Mul(s, z, h), two))))
		})
		return layers.Head(s.Sub("head"), layers.MatMul(s, h, w), vocab)
	})
	m.Vocab = testVocab
	return m
}

func TestLoopCapturesWhatItReads(t *testing.T) { modeltest.All(t, captures()) }

// The state of a sequence that has ended stands in its rows of padding, and a gradient that
// enters there goes to its last token.
func TestGradientOfStatesAfterTheEnd(t *testing.T) {
	m := models.Define(testRoom, func(s *layers.Scope, tokens *G.Node, vocab int) *G.Node {
		x := layers.Embedding(s.Sub("tok"), tokens, vocab, 4)
		h := layers.Recur(s.Sub("rnn"), x, 4, func(x, h *G.Node) *G.Node {
			return layers.Tanh(s, layers.Add(s, x, layers.Linear(s.Sub("h"), h, 4)))
		})
		s.AddLoss("last", layers.SumColumns(s, layers.SumRows(s, layers.Square(s, h))), 1) // of all rows, padding too
		return layers.Head(s.Sub("head"), h, vocab)
	})
	m.Vocab = testVocab
	assert.NoError(t, modeltest.Gradients(m, modeltest.Options{}))
}

// A derivative that Gorgonia makes wrongly is refused where the forward pass is right: here
// its constant 2 becomes that of another type, which it finds by its printed value.
func TestWrongDerivativeIsRefused(t *testing.T) {
	m := models.Define(testRoom, func(s *layers.Scope, tokens *G.Node, vocab int) *G.Node {
		s.Must(G.Add(G.NewConstant(2.0), G.NewScalar(s.Expr(), G.Float64, G.WithName("other"), G.WithValue(1.0))))
		x := layers.Embedding(s.Sub("tok"), tokens, vocab, 4)
		return layers.Head(s.Sub("head"), s.Sub("square").Unary(G.Square, x), vocab)
	})
	m.Vocab = testVocab
	_, err := models.Score(m, graph.NewWeights(1), graph.Frame{B: 1, T: 2})
	assert.NoError(t, err)
	_, err = models.Train(m, graph.NewWeights(1), graph.Frame{B: 1, T: 2}, models.Options{})
	assert.ErrorContains(t, err, "its derivative: NewConstant of")
}

// The operations of a loop's products count once for each token.
func TestLoopCountsItsProducts(t *testing.T) {
	flops := func(tokens int) float64 {
		p, err := models.Score(captures(), graph.NewWeights(1), graph.Frame{B: 2, T: tokens})
		assert.NoError(t, err)
		return p.Tape().Flops()
	}
	assert.Equal(t, 6*flops(2), flops(12))
}
