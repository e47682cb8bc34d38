package training

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"

	"euryale/internal/book"
	"euryale/layers"
	"euryale/models"
)

// attends is a model of one attention, with a causal mask or without.
func attends(masked bool) *models.Defined {
	return models.Define(16, func(s *layers.Scope, tokens *G.Node, vocab int) *G.Node {
		x := layers.Embedding(s.Sub("tok"), tokens, vocab, 8)
		q, k, v := layers.Linear(s.Sub("q"), x, 8), layers.Linear(s.Sub("k"), x, 8), layers.Linear(s.Sub("v"), x, 8)
		scores := layers.Scores(s, q, k, 2)
		if masked {
			scores = layers.Mask(s, scores, s.CausalLengths(), 2)
		}
		return layers.Head(s.Sub("head"), layers.Mix(s, layers.Softmax(s, scores, 2), v, 2), vocab)
	})
}

// A run of a model that attends to the token it should predict does not begin, unless its
// task is to restore masked tokens.
func TestForgottenMask(t *testing.T) {
	c := tiny(t)
	c.Data.Name = book.Excerpt(t, 30000)
	c.Model = attends(true)
	require.NoError(t, begin(t, c, "").Close())
	c.Model = attends(false)
	_, err := new(Start).Plan(c, nil)
	assert.ErrorContains(t, err, "changing token 3 changes the logits of token 0", "-describe says so too")
	_, err = New(c, "", nil)
	assert.EqualError(t, err, `changing token 3 changes the logits of token 0: the model attends to later tokens: mask the scores with layers.Mask(s, scores, s.CausalLengths(), heads), or use data.task = "mask" with a bidirectional model`)
	require.NoError(t, begin(t, masked(t), "").Close())
}
