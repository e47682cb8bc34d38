package generation

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/data"
	"euryale/data/task"
	"euryale/data/tokenizer"
	"euryale/data/tokenizer/tokenizertest"
	"euryale/layers/graph"
	"euryale/models"
)

// A restored text is the prompt with its masks replaced: no begin token and no doubled space, whatever
// the tokenizer and the model's choice.
func TestRestoreKeepsThePrompt(t *testing.T) {
	const text = "the little dog ran to the big tree\n"
	for name, tok := range tokenizertest.All(t, text) {
		tok = tokenizer.WithSpecials(tok, task.MaskToken)
		m := &models.Encoder{Sizes: models.Sizes{Context: 64}, MaxLen: 64, Layers: 1, Heads: 2, Dim: 8, Hidden: 10, Activation: "relu"}
		m.Common().Vocab = tok.Vocab()
		w := graph.NewWeights(1)
		_, err := models.Score(m, w, graph.Frame{B: 1, T: 1}, "logits")
		require.NoError(t, err)
		format, err := data.NewFormat(data.Config{Task: "mask"}, tok)
		require.NoError(t, err)
		g := &Generator{Model: m, Weights: w, Tokenizer: tok, Format: format}
		for _, masked := range []string{"the little <|mask|> ran to", "<|mask|> dog", "the<|mask|>", "the\n<|mask|> <|mask|>g"} {
			p, err := g.Prompt(masked)
			require.NoError(t, err)
			r, err := g.Restore(p)
			require.NoError(t, err)
			rest, restored := r.Text, strings.Split(masked, task.MaskToken)
			for _, part := range restored {
				_, after, ok := strings.Cut(rest, part)
				require.True(t, ok, "%s: %q of %q is not in %q", name, part, masked, r.Text)
				rest = after
			}
			assert.NotContains(t, r.Text, "<s>", name)
			assert.Len(t, r.Logprobs, len(restored)-1)
		}
		if tokenizer.JoinsSpaces(tok) {
			dog, err := tok.EncodeNext(" dog")
			require.NoError(t, err)
			piece := string(tok.Piece(dog[0]))
			require.Equal(t, " ", piece[:1], name)
			assert.Equal(t, "the"+piece, g.fill("the<|mask|>", dog))
			assert.Equal(t, "the"+piece, g.fill("the <|mask|>", dog), "one space")
			assert.Equal(t, piece[1:]+"!", g.fill("<|mask|>!", dog), "no space at the start")
		}
	}
}
