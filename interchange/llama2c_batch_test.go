package interchange

import (
	"context"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/generation"
)

// Guessed by itself, by a model that is a little off, or by lookup, greedy decoding writes the golden text
// to the letter, in fewer passes.
func TestStoriesBySpeculation(t *testing.T) {
	m, golden := stories(t)
	other, _ := stories(t)
	rng := rand.New(rand.NewPCG(1, 2))
	for _, p := range other.Weights.All() {
		for i := range p.Float32() {
			p.Float32()[i] *= 1 + 0.1*float32(rng.NormFloat64())
		}
	}
	generator := func(m *Imported) *generation.Generator {
		return &generation.Generator{Model: m.Model, Weights: m.Weights, Tokenizer: m.Tokenizer}
	}
	for name, how := range map[string]generation.Speculation{"itself": {Draft: generator(m)}, "another": {Draft: generator(other)}, "lookup": {Tokens: 6}} {
		g := generator(m)
		g.Speculation = &how
		p, err := generation.Plain(m.Tokenizer, "")
		require.NoError(t, err)
		r, err := g.Generate(context.Background(), p, generation.Settings{Tokens: 256}, 1, nil)
		require.NoError(t, err)
		assert.Equal(t, golden, r[0].Text, name)
		s := r[0].Speculation
		t.Logf("%s: %d of %d guesses accepted in %d passes", name, s.Accepted, s.Guessed, s.Passes)
		assert.Equal(t, 255, s.Passes+s.Accepted, "the first token follows the prompt; each pass has its guesses and a token more")
		if name == "itself" {
			assert.Equal(t, s.Guessed, s.Accepted)
			assert.Equal(t, 51, s.Passes, "four guesses and one token each")
		}
	}
}

// Stories do not depend on the batch in which they are written.
func TestStoriesInBatches(t *testing.T) {
	m, _ := stories(t)
	g := &generation.Generator{Model: m.Model, Weights: m.Weights, Tokenizer: m.Tokenizer}
	texts := []string{"", "Once upon a time there was a little dog who", "The", "Lily and Ben", "One day", "A big tree stood on the hill. The sun", "Tom"}
	s := generation.Settings{Tokens: 40, Temperature: 0.8, TopP: 0.9, Seed: 3}
	want := map[string]string{}
	for _, text := range texts {
		p, err := generation.Plain(m.Tokenizer, text)
		require.NoError(t, err)
		r, err := g.Generate(context.Background(), p, s, 1, nil)
		require.NoError(t, err)
		want[text] = r[0].Text
	}
	rng := rand.New(rand.NewPCG(3, 4))
	for _, sequences := range []int{2, 5} {
		order, at := rng.Perm(len(texts)), 0
		next := func() (generation.Prompt, int, error) {
			if at == len(order) {
				return generation.Prompt{}, 0, io.EOF
			}
			at++
			p, err := generation.Plain(m.Tokenizer, texts[order[at-1]])
			return p, 0, err
		}
		require.NoError(t, g.Batch(context.Background(), sequences, s, next, func(r generation.Result) error {
			assert.Equal(t, want[r.Prompt], r.Text, "%q in a batch of %d", r.Prompt, sequences)
			return nil
		}))
		assert.Equal(t, len(texts), at)
	}
}
