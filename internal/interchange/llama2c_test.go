package interchange

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/generation"
	"euryale/layers"
	"euryale/models"
)

const shared = "../../../shared/models/"

// stories reads the trained model of 260 thousand parameters, and what llama2.c's own
// program writes with it at temperature 0 in 256 steps. The line break that the program
// ends with is not the model's.
func stories(t *testing.T) (m *Imported, golden string) {
	t.Helper()
	text, err := os.ReadFile(shared + "stories260K.greedy256.golden.txt")
	if err != nil {
		t.Skip(err)
	}
	m, err = Read(shared+"stories260K.bin", shared+"tok512.bin")
	require.NoError(t, err)
	golden, ended := strings.CutSuffix(string(text), "\n")
	require.True(t, ended)
	return m, golden
}

// Greedy decoding with cached keys and values writes the golden text to the letter.
func TestStoriesByCachedDecoding(t *testing.T) {
	m, golden := stories(t)
	g := generation.Generator{Model: m.Model, Weights: m.Weights, Tokenizer: m.Tokenizer}
	p, err := generation.Plain(m.Tokenizer, "")
	require.NoError(t, err)
	r, err := g.Generate(context.Background(), p, generation.Settings{Tokens: 256}, 1, nil)
	require.NoError(t, err)
	assert.Equal(t, golden, r[0].Text)
}

// The same text comes out when every token is drawn from a whole pass over all before it.
func TestStoriesByWholePasses(t *testing.T) {
	m, golden := stories(t)
	const n = 256
	p, err := models.Score(m.Model, m.Weights, layers.Frame{B: 1, T: n}, "logits")
	require.NoError(t, err)
	ids := make([]int, n+1)
	for i := range ids {
		ids[i] = -1
	}
	ids[0] = generation.Start(m.Tokenizer)
	v := m.Tokenizer.Vocab()
	for i := range n {
		require.NoError(t, p.Run(layers.Feed{Tokens: ids[:n]}))
		for id, l := range p.Value("logits")[i*v : (i+1)*v] {
			if ids[i+1] < 0 || l > p.Value("logits")[i*v+ids[i+1]] {
				ids[i+1] = id
			}
		}
	}
	text, err := m.Tokenizer.Decode(ids)
	require.NoError(t, err)
	assert.Equal(t, golden, text)
}

// write puts bytes into a new file.
func write(t *testing.T, name string, b []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, b, 0o666))
	return path
}
