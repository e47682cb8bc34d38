package view

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/layers/ops"
)

func total(f *Figure) (sum float64) {
	for _, g := range f.Grids {
		for _, v := range g.Values {
			if !math.IsNaN(v) {
				sum += v
			}
		}
	}
	return sum
}

// All parts add up to the logit, or to the difference of two, in models with LayerNorm and RMSNorm, tied and untied heads,
// and with attention to a source.
func TestAttributionAddsUp(t *testing.T) {
	for _, name := range []string{"gpt", "llama", "transformer"} {
		x := textOf(t, name)
		p, err := x.read("logits")
		require.NoError(t, err)
		logits := p.Float64s("logits")[5*11 : 6*11]
		for _, o := range []Output{{At: 5, Token: 4, Against: -1}, {At: 5, Token: 4, Against: 7}} {
			f, err := Attribution(x, o)
			require.NoError(t, err, name)
			want := logits[4]
			if o.Against >= 0 {
				want -= logits[7]
			}
			assert.InDelta(t, want, total(f), 1e-4, name)
		}
	}
	_, err := Attribution(textOf(t, "encoder"), Output{At: 1, Token: 1, Against: -1})
	assert.ErrorContains(t, err, "normalises after each sub-layer")
	_, err = Attribution(textOf(t, "gru"), Output{At: 1, Token: 1, Against: -1})
	assert.ErrorContains(t, err, "no residual stream")
}

// What a head of the last block adds is what the logit loses without it, with the norm's scale frozen: the stream
// that the norm reads then differs by the head's part.
func TestAttributionOfAHead(t *testing.T) {
	x := textOf(t, "gpt")
	o := Output{At: 5, Token: 4, Against: -1}
	f, err := Attribution(x, o)
	require.NoError(t, err)
	a, err := newAttribution(x, o)
	require.NoError(t, err)
	c, err := newChanger(x.Model, x.Weights, []Sequence{x.Sequence}, []string{"h1/att/head1", "h1/mlp"}, "h1/resid")
	require.NoError(t, err)
	streamOf := func() []float64 {
		*c.changes[1] = ops.Change{Op: ops.Assign} // the MLP also reads the head
		require.NoError(t, c.run())
		return c.Float64s("h1/resid")[5*8 : 6*8]
	}
	with := streamOf()
	*c.changes[0] = ops.Change{Op: ops.Assign}
	without := streamOf()
	assert.InDelta(t, a.of(with)-a.of(without), f.Grid("layers").At(1, 1), 1e-4)
	assert.InDelta(t, a.of(a.row("h0/mlp")), f.Grid("layers").At(0, 3), 1e-6)
}
