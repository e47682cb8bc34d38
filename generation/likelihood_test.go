package generation

import (
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/internal/kernel/vec"
	"euryale/models"
)

// The likelihood of a text after a context is the sum of the losses of its tokens in a forward pass over
// both, whatever the other texts; without a context it follows the end of a line.
func TestLikelihoods(t *testing.T) {
	for name, g := range map[string]*Generator{"gpt": newGenerator(t, 12), "lstm": generatorOf(t, &models.LSTM{Recurrent: models.Recurrent{Layers: 1, Dim: 6}})} {
		t.Run(name, func(t *testing.T) {
			var texts []Continuation
			for range 6 {
				texts = append(texts, Continuation{"abc", "春夏"}, Continuation{"", "hgfe"}, Continuation{"fed冬abcdefgh", "abcd"})
			}
			done := 0
			all, err := g.Likelihoods(context.Background(), texts, func(n, total int) {
				done = n
				assert.Equal(t, 18, total)
			})
			require.NoError(t, err)
			assert.Equal(t, 18, done)
			for i, c := range texts {
				before := c.Context
				if before == "" {
					before = "\n"
				}
				ids, err := g.Tokenizer.Encode(before + c.Text)
				require.NoError(t, err)
				if name == "gpt" && len(ids) > 13 {
					ids = ids[len(ids)-13:]
				}
				n, nll := len([]rune(c.Text)), 0.0
				for at := len(ids) - n; at < len(ids); at++ {
					x := slices.Clone(g.whole(t, ids[:at]))
					wide := make([]float64, len(x))
					for j := range x {
						wide[j] = float64(x[j])
					}
					nll += vec.LogSumExp(wide) - wide[ids[at]]
				}
				assert.InDelta(t, nll, all[i].NLL, 1e-4, "%v", c)
				assert.Equal(t, []int{n, n, len(c.Text)}, []int{all[i].Tokens, all[i].Chars, all[i].Bytes})
			}
		})
	}
}

func TestLikelihoodErrors(t *testing.T) {
	g := newGenerator(t, 12)
	for want, c := range map[string]Continuation{
		"character \"x\"": {"abc", "ax"},
		"the text has 13 tokens, more than the model's context of 12": {"", "abcdabcdabcda"},
		"has 0 tokens: none can be predicted":                         {"abc", ""},
	} {
		_, err := g.Likelihoods(context.Background(), []Continuation{{"a", "b"}, c}, nil)
		var at *ContinuationError
		require.ErrorAs(t, err, &at)
		assert.Equal(t, 1, at.Index)
		assert.ErrorContains(t, err, want)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := g.Likelihoods(ctx, []Continuation{{"a", "b"}}, nil)
	assert.ErrorIs(t, err, context.Canceled)
}
