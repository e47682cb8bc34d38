package view

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Weights of every query add up to 1, and the causal ones end at the diagonal; source and text have
// their own axes.
func TestAttention(t *testing.T) {
	for name, grids := range map[string]int{"gpt": 4, "llama": 8, "encoder": 4, "transformer": 12, "seq2seq": 1} {
		x := textOf(t, name)
		f, err := Attention(x)
		require.NoError(t, err)
		require.Len(t, f.Grids, grids, name)
		for _, g := range f.Grids {
			for i := range g.Rows.Labels {
				sum := 0.0
				for j := range g.Cols.Labels {
					sum += g.At(i, j)
				}
				assert.InDelta(t, 1, sum, 1e-5, "%s %s", name, g.Title)
			}
		}
		assert.Contains(t, f.SVG(), "<svg")
	}
	f, err := Attention(textOf(t, "transformer"))
	require.NoError(t, err)
	cross := f.Grid("dec/h1/cross/head1")
	require.NotNil(t, cross)
	assert.Equal(t, Tokens, cross.Rows.Kind)
	assert.Equal(t, Source, cross.Cols.Kind)
	assert.Equal(t, []string{"f", "g", "h"}, cross.Cols.Labels)
	_, err = Attention(textOf(t, "gru"))
	var u *Unfit
	require.ErrorAs(t, err, &u)
	assert.Equal(t, "the model has no attention layers", u.English)
}

// Two layers roll out to the product of (A+I)/2, computed here by hand for one entry.
func TestRollout(t *testing.T) {
	x := textOf(t, "gpt")
	att, err := Attention(x)
	require.NoError(t, err)
	f, err := Rollout(x)
	require.NoError(t, err)
	mixed := func(layer string, i, j int) float64 {
		v := (att.Grid(layer+"/head0").At(i, j) + att.Grid(layer+"/head1").At(i, j)) / 4
		if i == j {
			v += 0.5
		}
		return v
	}
	want := 0.0
	for k := range x.Tokens {
		want += mixed("h1/att", 6, k) * mixed("h0/att", k, 2)
	}
	assert.InDelta(t, want, f.Grid("text").At(6, 2), 1e-9)
	both, err := Rollout(textOf(t, "transformer"))
	require.NoError(t, err)
	assert.Len(t, both.Grids, 2, "source and text")
	_, err = Rollout(textOf(t, "seq2seq"))
	assert.ErrorContains(t, err, "no self-attention to roll out")
}
