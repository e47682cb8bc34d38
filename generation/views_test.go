package generation

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"

	"euryale/layers"
	"euryale/models"
)

// Pictures of attention show what an attention declared: not a gate made with Softmax, nor
// a tap that happens to be called weights. Attention composed of its parts is shown too.
func TestAttentionShowsWhatIsDeclared(t *testing.T) {
	m := models.Define(8, func(s *layers.Scope, tokens *G.Node, vocab int) *G.Node {
		x := layers.Embedding(s.Sub("tok"), tokens, vocab, 6)
		gate := s.Sub("gate")
		x = layers.Mul(gate, x, gate.Tap("weights", layers.Softmax(gate, x, 1)))
		x = layers.CausalSelfAttention(s.Sub("att"), x, 2, 0)
		own := s.Sub("own")
		scores := layers.Mask(own, layers.Scores(own, x, own.History("keys", x), 1), s.CausalLengths(), 1)
		x = layers.Mix(own, layers.Softmax(own, scores, 1), own.History("values", x), 1)
		return layers.Head(s.Sub("head"), x, vocab)
	})
	g := fresh(t, m)
	maps, err := g.Attention(g.prompt(t, "abc"), nil)
	require.NoError(t, err)
	var titles []string
	for _, m := range maps.Each {
		titles = append(titles, m.Title)
	}
	assert.Equal(t, []string{"att head 1", "att head 2", "own"}, titles)
	_, err = g.Attention(g.prompt(t, "abc"), nil, "gate")
	assert.ErrorContains(t, err, `no attention layer is called "gate"`)
}
