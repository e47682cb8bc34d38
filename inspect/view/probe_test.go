package view

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A label that one unit holds is found and named; the control task, which asks for the token, is not,
// because the rows do not hold the token.
func TestProbeFindsAUnit(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var e Examples
	for range 600 {
		row := make([]float64, 6)
		for j := range row {
			row[j] = rng.NormFloat64()
		}
		label := 0
		if row[4] > 0.3 {
			label = 1
		}
		e.Values, e.Labels, e.Types = append(e.Values, row), append(e.Labels, label), append(e.Types, rng.IntN(20))
	}
	r, err := Probe(e, ProbeOptions{})
	require.NoError(t, err)
	assert.Greater(t, r.Accuracy, 0.95)
	assert.Less(t, r.Control, 0.75)
	assert.Equal(t, 4, r.Units[0])
	assert.InDelta(t, r.Accuracy-r.Control, r.Selectivity, 1e-12)
	assert.Less(t, r.Majority, 0.7)
	assert.Equal(t, 450, r.Train)
	assert.Equal(t, 150, r.Test)
}

// Rows that hold the token and nothing else are as good on the control task.
func TestProbeOfTokensIsNotSelective(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	var e Examples
	for range 500 {
		row := make([]float64, 8)
		id := rng.IntN(8)
		row[id] = 1
		e.Values, e.Labels, e.Types = append(e.Values, row), append(e.Labels, id%2), append(e.Types, id)
	}
	r, err := Probe(e, ProbeOptions{Seed: 1})
	require.NoError(t, err)
	assert.Equal(t, 1.0, r.Accuracy)
	assert.Equal(t, 1.0, r.Control)
}

// The gradient that the probe descends is that of its loss, by finite differences.
func TestSoftmaxGradient(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	const c, d, l2 = 3, 4, 0.1
	var x [][]float64
	var y []int
	for range 9 {
		row := make([]float64, d)
		for j := range row {
			row[j] = rng.NormFloat64()
		}
		x, y = append(x, row), append(y, rng.IntN(c))
	}
	loss := func(w []float64) float64 {
		sum, scores := 0.0, make([]float64, c)
		for i, row := range x {
			score(scores, w, row)
			sum -= logSoftmax(scores)[y[i]] / float64(len(x))
		}
		for i, v := range w {
			if i%d < d-1 {
				sum += l2 / 2 * v * v
			}
		}
		return sum
	}
	w, g := make([]float64, c*d), make([]float64, c*d)
	for i := range w {
		w[i] = rng.NormFloat64()
	}
	softmaxGradient(g, w, x, y, c, l2)
	for i := range w {
		const h = 1e-5
		at := w[i]
		w[i] = at + h
		up := loss(w)
		w[i] = at - h
		down := loss(w)
		w[i] = at
		assert.InDelta(t, (up-down)/(2*h), g[i], 1e-8)
	}
}

func TestReadRows(t *testing.T) {
	x := textOf(t, "lstm")
	e, err := ReadRows(x.Model, x.Weights, "lstm1/cell", []Sequence{sample, {Tokens: []int{1, 2}}}, [][]int{{0, 1, -1, 0, 1, 1, 1, 0}, {1, -1}})
	require.NoError(t, err)
	assert.Equal(t, []int{3, 1, 2, 3, 1, 4, 2, 1}, e.Types)
	assert.Equal(t, []int{0, 1, 0, 1, 1, 1, 0, 1}, e.Labels)
	p, err := x.read("lstm1/cell")
	require.NoError(t, err)
	for j, v := range p.Float64s("lstm1/cell")[3*8 : 4*8] {
		assert.InDelta(t, v, e.Values[2][j], 1e-6)
	}
	_, err = ReadRows(x.Model, x.Weights, "lstm1/cel", []Sequence{sample}, [][]int{sample.Tokens})
	assert.ErrorContains(t, err, `no layer computes "lstm1/cel"; similar names: ["lstm1/cell"`)
	_, err = ReadRows(x.Model, x.Weights, "lstm1/cell", []Sequence{sample}, [][]int{{1}})
	assert.ErrorContains(t, err, "sequence 0 has 8 tokens and 1 labels")
	_, err = Probe(Examples{Values: [][]float64{{1}}, Labels: []int{0}, Types: []int{0}}, ProbeOptions{})
	assert.ErrorContains(t, err, "1 examples are too few")
}
