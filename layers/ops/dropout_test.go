package ops

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// ones is a reference's input of n rows of 50 ones.
func ones(n int) array {
	a := array{Shape: []int{n, 50}, Data: make([]float64, n*50)}
	for i := range a.Data {
		a.Data[i] = 1
	}
	return a
}

func dropped(t *testing.T, d Drop, rows int, residual bool) (out []float64, grads map[string][]float64) {
	t.Helper()
	r := reference{Floats: map[string]array{"x": ones(rows)}, Gout: ones(rows)}
	if residual {
		r.Floats["a"] = ones(rows)
	}
	k := newRig(t, tensor.Float64, r, func(p Place, in map[string]*G.Node) (*G.Node, error) {
		if residual {
			return AddDropped(p, d, in["a"], in["x"])
		}
		return Dropout(p, d, in["x"])
	})
	k.run()
	grads = map[string][]float64{}
	for i, name := range k.names {
		grads[name] = numbers(k.grads[i].Value())
	}
	return numbers(k.out), grads
}

// Dropout keeps 1−p of the values, scales them by 1/(1−p), and has the same mask in both
// directions.
func TestDropout(t *testing.T) {
	d := Drop{P: 0.3, Noise: &Noise{Seed: 1, Step: 2}, Layer: 3}
	out, grads := dropped(t, d, 200, false)
	kept := 0.0
	for _, v := range out {
		if v != 0 {
			require.InDelta(t, 1/0.7, v, 1e-12)
			kept++
		}
	}
	assert.InDelta(t, 0.7, kept/10000, 0.015) // over 3 standard deviations
	assert.Equal(t, out, grads["x"], "the derivative at ones is the mask")
	sum, grads := dropped(t, d, 200, true)
	for i := range sum {
		require.InDelta(t, 1+out[i], sum[i], 1e-12)
		require.Equal(t, 1.0, grads["a"][i])
		require.Equal(t, out[i], grads["x"][i])
	}
}

// A mask follows from seed, step, layer and row alone: a shard has the rows of the batch
// that it takes, and everything else that changes gives another mask.
func TestDropoutIsAFunctionOfItsPlace(t *testing.T) {
	d := Drop{P: 0.5, Noise: &Noise{Seed: 1, Step: 2}, Layer: 3}
	whole, _ := dropped(t, d, 20, false)
	shard := d
	shard.First = 12
	part, _ := dropped(t, shard, 8, false)
	assert.Equal(t, whole[12*50:], part)
	for _, other := range []Drop{
		{P: 0.5, Noise: &Noise{Seed: 2, Step: 2}, Layer: 3},
		{P: 0.5, Noise: &Noise{Seed: 1, Step: 3}, Layer: 3},
		{P: 0.5, Noise: &Noise{Seed: 1, Step: 2}, Layer: 4},
	} {
		mask, _ := dropped(t, other, 20, false)
		same := 0
		for i := range mask {
			if mask[i] == whole[i] {
				same++
			}
		}
		assert.InDelta(t, 500, same, 65, "two masks of 1,000 values agree by chance: 4 standard deviations")
	}
}
