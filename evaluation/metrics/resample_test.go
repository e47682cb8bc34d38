package metrics

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The scores of any choice of texts are those of a corpus of them.
func TestScoredOver(t *testing.T) {
	hyps := []string{"the cat sat on a mat", "a dog runs in the park today", "", "light is refracted by glass"}
	refs := [][]string{{"the cat sat on the mat", "a cat sat on a mat"}, {"the dog runs in a park today"}, {"nothing at all"}, {"light is bent by glass"}}
	s, err := NewScored(hyps, refs, Tokenize13a)
	require.NoError(t, err)
	assert.Equal(t, 4, s.Len())
	for _, choice := range [][]int{{0, 1, 2, 3}, {1, 1, 3}, {2}, {3, 0, 0, 2}} {
		var h []string
		var r [][]string
		for _, i := range choice {
			h, r = append(h, hyps[i]), append(r, refs[i])
		}
		want, err := Evaluate(h, r, Tokenize13a)
		require.NoError(t, err)
		for i, name := range ScoreNames {
			v, ok := want.Get(name)
			require.True(t, ok)
			assert.InDelta(t, v, s.Over(choice)[i], 1e-9, "%s of %v", name, choice)
		}
	}
	_, err = NewScored(hyps, refs[:2], Tokenize13a)
	assert.Error(t, err)
}
